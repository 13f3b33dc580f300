//! Facts that several resources ask for: a script and a parser taking `&str`.

pub mod file;
pub mod os;
pub mod package;
pub mod service;
