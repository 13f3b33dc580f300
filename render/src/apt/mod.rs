//! APT.

pub mod source;
