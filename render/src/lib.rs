//! Typed settings in, configuration files out. No I/O, no async, no clock, no randomness: the
//! same settings give the same bytes.
//!
//! # Map
//! - One module per software, one file per configuration file: [`harbor`], [`postgres`],
//!   [`docker`], [`apt`], [`haproxy`], [`systemd`]. Each has `Settings` and `render(&Settings)`; where others
//!   also write to the file (`daemon.json`, `pg_hba.conf`) it has `merge(existing, ..)`.
//! - [`quote`]: one escape per syntax. A value enters a line format through it and no other way.
//! - YAML and JSON come from serde, never from a template; [`yaml::Bare`] says what another program
//!   makes of a text that it writes into YAML without quotes. Files that are mostly fixed text
//!   (`templates/`) are Handlebars in strict mode, with the file's own escape for every value.
//! - [`mod@mask`]: the same text with its secret values replaced, for plans and drift.
//! - [`Secret`]: the type of every setting that must not be shown. An [`Error`] never holds a
//!   secret value.
//!
//! To add a file: one module with `Settings` and `render`, one folder in `tests/goldens`, one line
//! in `tests/goldens.rs`, and its secrets in [`mod@mask`].

pub mod address;
pub mod apt;
pub mod docker;
mod error;
pub mod haproxy;
pub mod harbor;
pub mod mask;
pub mod postgres;
pub mod quote;
mod secret;
pub mod systemd;
mod template;
pub mod yaml;

pub use error::Error;
pub use mask::mask;
pub use secret::Secret;
