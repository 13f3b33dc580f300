//! The data sources: one folder each. They read and say, and never change anything.

// Numbers here come from hosts and users: none of them may overflow.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod health;
pub mod installation;
pub mod pg_status;
