//! Hosts over SSH: one connection per host in the process, shared by all who work on it.
//!
//! This is the only code that knows SSH. Upwards it offers [`Host`]: questions ([`Host::ask`]),
//! effects ([`Host::run`], [`Host::job`], [`Host::write`], [`Host::upload`], and between two hosts
//! [`Host::relay`], [`Host::carry`]), connections through the host ([`Host::tcp`], [`Host::unix`], [`http`], [`sql`]) and [`Host::lock`].
//!
//! What holds everywhere here:
//! - no script and no secret is in an argument or in the environment of a process on the host;
//! - nothing that may have had an effect is done again by itself;
//! - whoever waits for the host also waits for the loss of its connection;
//! - whatever the host sends is taken at once and bounded.

mod auth;
mod carry;
mod command;
mod error;
mod file;
mod frame;
pub mod http;
mod job;
mod known_hosts;
mod lock;
mod output;
mod pool;
mod root;
mod run;
mod session;
mod settings;
mod shell;
mod socket;
pub mod sql;
mod stream;
mod tls;
mod trust;
mod wire;

pub use carry::Carry;
pub use command::{Argv, NulByte, apt_prelude, shell_quote};
pub use error::HostError;
pub use file::{File, Upload, sha256_of};
pub use lock::Lock;
pub use output::Output;
pub use pool::{Host, Pool};
pub use settings::{Auth, Credential, HostKeyPolicy, Keepalive, Patience, Settings, Target};
pub use stream::Stream;
