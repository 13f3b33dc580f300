//! What can go wrong with a rig.

use std::path::{Path, PathBuf};

/// Result of everything that touches a rig.
pub type Result<T, E = RigError> = std::result::Result<T, E>;

/// A failure says what was attempted; its source, where there is one, says why.
#[derive(Debug, thiserror::Error)]
pub enum RigError {
    /// Namespaces, mounts and control groups need root.
    #[error("a rig needs root: run this as root")]
    NotRoot,
    /// A name that cannot be a host name, or is taken by the rig itself.
    #[error("invalid {what} name {name:?}: use a-z, 0-9 and '-', at most {longest} characters")]
    Name {
        /// "rig" or "host".
        what: &'static str,
        /// What was given.
        name: String,
        /// Longest name that is accepted.
        longest: usize,
    },
    /// No such distribution.
    #[error("unknown distribution {0:?}: use bullseye, bookworm or trixie")]
    UnknownDistro(String),
    /// No such rig.
    #[error("no rig {0:?} is up (rig list shows those that are)")]
    NoRig(String),
    /// No such host in the rig.
    #[error("rig {rig:?} has no host {host:?}")]
    NoHost {
        /// Name of the rig.
        rig: String,
        /// Name that was asked for.
        host: String,
    },
    /// User data that no host here could act on.
    #[error("failed to understand the user data: {0}")]
    UserData(String),
    /// The host is not running, and what was asked for needs it to.
    #[error("host {0:?} is not running")]
    HostDown(String),
    /// A rig of that name exists with other hosts.
    #[error("rig {0:?} is up with other hosts: take it down first")]
    OtherHosts(String),
    /// A program could not be started.
    #[error("failed to start {program}")]
    Spawn {
        /// The program.
        program: String,
        /// Why.
        source: std::io::Error,
    },
    /// A program failed.
    #[error("failed to run {command}: {status}\n{tail}")]
    Command {
        /// Program and arguments, shortened.
        command: String,
        /// How it ended.
        status: std::process::ExitStatus,
        /// The end of what it wrote to standard error (or output, where that is empty).
        tail: String,
    },
    /// A file operation failed.
    #[error("failed to {action} {}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of the rig could not be understood.
    #[error("failed to read {}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
    /// Something did not happen in time.
    #[error("timed out after {seconds} s waiting for {what}\n{tail}")]
    Timeout {
        /// What was waited for.
        what: String,
        /// How long.
        seconds: u64,
        /// What is known about the reason.
        tail: String,
    },
    /// Files are not removed while something is mounted among them.
    #[error("not removing {}: {mount} is still mounted", path.display())]
    StillMounted {
        /// What was to be removed.
        path: PathBuf,
        /// What is in the way.
        mount: String,
    },
}

/// Gives an I/O error its place.
pub trait At<T> {
    /// Says what was attempted, and on which file.
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T>;
}

impl<T> At<T> for std::io::Result<T> {
    fn at(self, action: &'static str, path: impl AsRef<Path>) -> Result<T> {
        self.map_err(|source| RigError::Io { action, path: path.as_ref().to_owned(), source })
    }
}
