//! Test hosts for Breakwater: what acceptance tests, fault tests, benchmarks and the demo share.

pub mod rig;
