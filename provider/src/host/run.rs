//! What is run on a host as root: questions, scripts, jobs, files, transfers, and the lock.

pub(super) mod batch;
pub(super) mod collect;
pub(super) mod exec;
pub(super) mod file;
pub(super) mod job;
pub(super) mod keeper;
pub(super) mod lock;
pub(super) mod output;
pub(super) mod shell;
pub(super) mod sudo;
pub(super) mod transfer;
