//! A Terraform provider that turns two bare hosts into a highly available Harbor registry with a
//! replicated PostgreSQL, over SSH.
//!
//! # Map
//! From Terraform down to a host; each layer calls the ones below it:
//!
//! - [`protocol`]: Terraform's plugin protocol: gRPC, msgpack, TLS, stdout. Above it stands only
//!   `main`; below it there are only [`value`], [`schema`] and [`diag`], through the trait
//!   [`backend::Backend`].
//! - [`lifecycle`]: read, plan, apply, import, destroy: once, for all resources. It asks, observes,
//!   decides, takes locks, runs steps, and asks again.
//! - [`resources`] and [`data_sources`]: what Harbor and PostgreSQL need. A resource is settings
//!   ([`mod@settings`], each value with its [`checks`], and [`rule`]s across them), questions, facts,
//!   and two pure functions: `observe`, what is there ([`observation`]), and `plan`, what is to be
//!   done ([`mod@plan`]): see [`resource`].
//! - [`facts`]: what several resources ask of a host: a script and a parser of its output.
//!   [`mod@question`]: what is asked, as data. [`step`]: what is done to a host, as data.
//! - [`host`]: SSH: connections, commands, files, jobs, locks, SQL and HTTP through a tunnel.
//! - [`functions`]: the renderers of the crate `render` as provider functions.
//!
//! Three ways through a resource, each of four files at most:
//! - A password from the configuration to the file: `settings` (its attribute), `harbor_yml` (the key
//!   that it becomes), `write/stores` in `render` (how the file carries it), `plan/files` (the step
//!   that writes it).
//! - A changed `primary` to the promotion: `roles/rows` (the transition, and why), `roles/operations`
//!   (its steps as data, which the model executes too), `roles/steps` (their words), `roles/scripts`
//!   (what runs).
//! - A fact from a host to the plan: `questions`, or `facts` itself (what asks), `facts`, or `parse` into
//!   it (what reads the answer), `observe` (how it reads in `files`, `status` and outputs, which is all
//!   that a refresh does), and `plan`, or the file in `plan/` for this part of an apply (the steps).
//!
//! # What is not here
//! - No resource does I/O: none is async, opens a file, or starts a process. What it wants to know
//!   is a question; what it wants done is a step.
//! - Outside `host` nothing knows SSH; outside `protocol` nothing knows gRPC or msgpack.
//! - No memory of what was done: a plan is made from what is on the hosts. State holds what the
//!   user wrote, what was seen, and digests that cannot be guessed offline.
//! - No secret in state, plan, logs, arguments, environments or `Debug`: [`secret::Secret`] has no
//!   way to print itself, and goes back to Terraform as null.
//! - No destructive step that the plan did not announce and a setting did not allow.
//! - No quoting by hand: a value enters a shell script through [`shell::word`], a file through
//!   `render`. No SQL but in sessions that begin with [`sql::STARTUP`], and nothing of root's in a
//!   directory of others but by [`shell::WAYS`].
//!
//! `tests/tidy.rs` holds the first two, and more.
//!
//! # To add a resource
//! 1. A folder in `resources/`, as each of the others: `settings`, `validate`, `questions`, `facts`,
//!    `observe`, `plan`, `scripts` (or `sql`), `destroy`, `import`; the trait is
//!    [`resource::Resource`]. One line in `resources.rs`.
//! 2. Plan cases in `tests/plans/<name>/`, one of them with no steps; one line in `tests/plans.rs`.
//! 3. `examples/resources/<type>/` with `resource.tf` and `import.sh`; then `make docs`.
//!
//! `tests/tidy.rs` names what is missing.

pub mod apt;
pub mod backend;
pub mod certificates;
pub mod checks;
pub mod data_sources;
pub mod diag;
pub mod facts;
pub mod functions;
pub mod host;
pub mod json;
pub mod lifecycle;
pub mod observation;
pub mod plan;
pub mod protocol;
pub mod question;
#[cfg(test)]
mod real_postgres;
pub mod resource;
pub mod resources;
pub mod rule;
pub mod schema;
pub mod scram;
pub mod scratch;
pub mod secret;
pub mod settings;
pub mod shell;
pub mod sql;
pub mod step;
#[cfg(any(test, fuzzing))]
pub mod untrusted;
pub mod value;
pub mod wal;
