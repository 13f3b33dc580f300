//! The host module against a real sshd.

mod access;
mod effects;
mod loss;
mod questions;
mod sql;
mod sshd;
mod sudo;
mod tunnels;
