//! Facts that several resources ask for: a script and a parser taking `&str`.

// Numbers here come from hosts and users: none of them may overflow.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod apt_sources;
pub mod file;
pub mod os;
pub mod package;
pub mod service;
