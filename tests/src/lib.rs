//! Test hosts for Breakwater: what acceptance tests, fault tests, benchmarks and the demo share.

pub mod demo;
pub mod provider_log;
pub mod rig;
pub mod story;
pub mod terraform;
