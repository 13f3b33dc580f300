//! From an address to a session: logging in, whom to trust, and how its end is told.

pub(super) mod auth;
pub(super) mod client;
pub(super) mod key;
pub(super) mod known_hosts;
pub(super) mod lost;
pub(super) mod session;
pub(super) mod socket;
pub(super) mod trust;
