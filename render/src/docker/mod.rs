//! Docker.

pub mod daemon_json;
