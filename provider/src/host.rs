//! Hosts over SSH: one connection per host in the process, shared by all who work on it.
//!
//! This is the only code that knows SSH. Upwards it offers [`Host`]: questions ([`Host::ask`]),
//! effects ([`Host::run`], [`Host::job`], [`Host::write`], [`Host::upload`], and between two hosts
//! [`Host::relay`], [`Host::copy_from`]), connections through the host ([`Host::tcp`], [`Host::unix`],
//! [`http`], [`sql`], [`login`]) and [`Host::lock`].
//!
//! Its rooms, each of which knows those before it: `connect` (logging in, whom to trust, one
//! session), `channel` (what runs on a session: data both ways, framed output), `run` (questions,
//! scripts, jobs, files, transfers, the lock) and `tunnel` (SQL, HTTP, logins). `pool` holds the hosts,
//! `connection` is one of them.
//!
//! What holds everywhere here:
//! - no script and no secret is in an argument or in the environment of a process on the host;
//! - nothing that may have had an effect is done again by itself;
//! - whoever waits for the host also waits for the loss of its connection;
//! - whatever the host sends is taken at once and bounded.

mod channel;
mod connect;
mod connection;
mod error;
mod pool;
mod run;
mod script;
mod settings;
mod through;
mod tunnel;
#[cfg(any(test, fuzzing))]
pub mod untrusted;

pub(crate) use channel::frame::nonce;
pub use channel::stream::Stream;
pub use connect::auth::{certificate_fault, key_fault};
pub use connection::Host;
pub use error::{HostError, NulByte};
pub use pool::Pool;
pub use run::file::{Upload, sha256_of};
pub use run::lock::Lock;
pub use run::output::Output;
pub use run::transfer::Transfer;
pub use settings::{Auth, Credential, HostKeyPolicy, Keepalive, Patience, Settings, Target};
pub use tunnel::{http, login, sql};
