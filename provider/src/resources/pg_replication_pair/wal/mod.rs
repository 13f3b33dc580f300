//! Write-ahead log: where it ends, and whether two servers wrote the same.

pub mod commits;
pub mod end;
pub mod lineage;
pub mod questions;
