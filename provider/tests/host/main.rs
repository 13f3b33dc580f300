//! The host module against a real sshd.

mod access;
mod between;
mod effects;
mod engine;
mod loss;
mod questions;
mod sql;
mod sshd;
mod sudo;
mod toy;
mod tunnels;
