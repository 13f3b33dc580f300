//! The host module and the lifecycle against SSH servers that mean no good: whatever they do, every
//! wait ends, and memory stays within bounds.

#[path = "../host/toy.rs"]
mod toy;

mod floods;
mod interrupted;
mod raw;
mod server;
mod shown;
mod waits;
