//! Test hosts for Breakwater: what acceptance tests, fault tests, benchmarks and the demo share.
#![expect(clippy::missing_panics_doc, reason = "a helper of tests panics to fail the test")]

pub mod client;
pub mod demo;
pub mod evidence;
pub mod fixtures;
pub mod interruption;
pub mod outcomes;
pub mod pair;
pub mod provider_log;
pub mod rig;
pub mod soak;
pub mod story;
pub mod terraform;
pub mod writers;
