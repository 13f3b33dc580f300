//! The data sources: one folder each. They read and say, and never change anything.

pub mod health;
pub mod installation;
pub mod pg_status;
