//! The host module against a real sshd.

mod access;
mod effects;
mod loss;
mod questions;
mod sshd;
mod sudo;
mod tunnels;
