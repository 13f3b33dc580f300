//! Everything that can go wrong between us and a host, told apart by what a user can do about it.

use std::path::PathBuf;
use std::time::Duration;

/// A text that no shell can take, because it holds a NUL byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text holds a NUL byte, which no shell command can carry")]
pub struct NulByte;

/// A failure on the way to a host or on it: what was attempted where, and why it failed.
/// [`HostError::help`] says what to do.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "each message names its fields")]
pub enum HostError {
    /// No TCP connection, no SSH greeting, or silence during the handshake.
    #[error("failed to reach {host}: {reason}")]
    Unreachable { host: String, reason: String },
    /// The key is another one than the one given, kept in state, or in `known_hosts`.
    #[error(
        "failed to verify {host}: it presented the host key {presented}, but {given_by} says {given}"
    )]
    HostKeyChanged { host: String, given_by: String, given: String, presented: String },
    /// Nobody vouches for the key. `presented` is the whole key, `fingerprint` its SHA-256.
    #[error(
        "failed to verify {host}: nothing vouches for its host key {fingerprint} ({presented})"
    )]
    HostKeyUnknown { host: String, fingerprint: String, presented: String },
    /// The key (or its authority) is marked `@revoked`.
    #[error("failed to verify {host}: its host key {fingerprint} is revoked by {revoked_by}")]
    HostKeyRevoked { host: String, fingerprint: String, revoked_by: String },
    /// A host key, certificate or `known_hosts` file that cannot be read or understood.
    #[error("failed to use {what}: {reason}")]
    BadKey { what: String, reason: String },
    /// The server refused every way to log in.
    #[error("failed to log in to {host}: the server refused {}", .tried.join("; "))]
    AuthRefused { host: String, tried: Vec<String> },
    /// Key exchange failed for another reason than the key.
    #[error("failed to negotiate SSH with {host}: {reason}")]
    Protocol { host: String, reason: String },
    /// The login works but runs no shell of ours.
    #[error("failed to start a shell on {host}: {said}")]
    NoShell { host: String, said: String },
    /// The account may not become root.
    #[error("failed to become root on {host}: {said}")]
    NoSudo { host: String, said: String },
    /// sudo asked again.
    #[error("failed to become root on {host}: sudo did not take the password")]
    SudoPassword { host: String },
    /// The connection or the remote shell ended in the middle. It may have had its effect.
    #[error("failed to {doing} on {host}: {reason}")]
    Lost { host: String, doing: String, reason: String },
    /// The time given to it is over.
    #[error("failed to {doing} on {host}: it did not end within {limit:?}")]
    Timeout { host: String, doing: String, limit: Duration },
    /// Another process manages this host now.
    #[error("failed to lock {host}: it is held by {holder}")]
    LockHeld { host: String, holder: String },
    /// A job of this name with another script is running.
    #[error("failed to start the job {name} on {host}: another one of that name still runs")]
    JobBusy { host: String, name: String },
    /// More output than the bound.
    #[error("failed to {doing} on {host}: it printed more than {limit} bytes")]
    TooLong { host: String, doing: String, limit: usize },
    /// A command of ours ended with an error.
    #[error("failed to {doing} on {host}: exit status {status}: {stderr}")]
    Failed { host: String, doing: String, status: i32, stderr: String },
    /// What should have come from another host cannot be what it is taken for.
    #[error("failed to carry {path} from {from} to {host}: {reason}")]
    Transfer { from: String, host: String, path: String, reason: String },
    /// What a script printed is not what it prints.
    #[error("failed to {doing} on {host}: {reason}")]
    UnexpectedOutput { host: String, doing: String, reason: String },
    /// sshd refused a channel.
    #[error("failed to {doing} on {host}: the SSH server refused the channel ({reason})")]
    Refused { host: String, doing: String, reason: String },
    /// A script that no shell could receive.
    #[error("failed to {doing} on {host}")]
    Script { host: String, doing: String, source: NulByte },
    /// A file of the machine that runs Terraform.
    #[error("failed to read {path}")]
    Local { path: PathBuf, source: std::io::Error },
    /// An HTTP request through the host.
    #[error("failed to {doing} through {host}: {reason}")]
    Http { host: String, doing: String, reason: String },
    /// A statement or login in `PostgreSQL`; `code` is its `SQLSTATE` where the server gave one.
    #[error("failed to {doing} through {host}: {reason}")]
    Sql { host: String, doing: String, code: Option<String>, reason: String },
}

impl HostError {
    /// Whether the host could not be reached at all, so that nothing is known about it.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }

    /// Whether it failed midway: it may or may not have had its effect.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost { .. })
    }

    /// What the user can do about it.
    pub fn help(&self) -> String {
        let text = match self {
            Self::Unreachable { .. } => {
                "Check that the host runs, that its address and port are right, and that security \
                 groups and any bastion let this machine reach it. Nothing was changed."
            }
            Self::HostKeyChanged { .. } => {
                "If the machine was reinstalled or replaced on purpose, compare the presented \
                 fingerprint with `ssh-keygen -lf /etc/ssh/ssh_host_*_key.pub` on its console and \
                 set ssh.host_key (or the known_hosts line) to the new key. If not, somebody may \
                 be between you and the host: do not go on."
            }
            Self::HostKeyUnknown { .. } => {
                "Compare the fingerprint with the machine's console, then set host_key to the \
                 presented key, or add it to a known_hosts file that the provider reads."
            }
            Self::HostKeyRevoked { .. } => {
                "The key is known to be compromised. Give the host new keys (ssh-keygen -A)."
            }
            Self::BadKey { .. } => "Correct the key, its passphrase, or the file that holds it.",
            Self::AuthRefused { .. } => {
                "Check the user name, and that the public key is in its authorized_keys on the \
                 host; `journalctl -u ssh` there says why the server refused."
            }
            Self::Protocol { .. } => {
                "Client and server share no algorithm, or something other than an SSH server \
                 listens there."
            }
            Self::NoShell { .. } => {
                "The account must be able to run /bin/sh: check its login shell, a forced command \
                 in authorized_keys, and MaxSessions in sshd_config."
            }
            Self::NoSudo { .. } => {
                "Log in as root, or let the account use sudo: without a password (NOPASSWD), or \
                 with sudo_password in its credential."
            }
            Self::SudoPassword { .. } => "Correct sudo_password in the credential.",
            Self::Lost { .. } => {
                "It may or may not have had its effect. Apply again: it goes on from what is there."
            }
            Self::Timeout { .. } => {
                "See on the host what it waits for, or raise the resource's timeouts."
            }
            Self::LockHeld { .. } => {
                "Wait until that run has ended. The lock falls with its connection; there is no \
                 file to remove."
            }
            Self::JobBusy { .. } => "Wait until it has ended, then apply again.",
            Self::TooLong { .. } => {
                "See what prints there: a login script, sudo's lecture, or a program that is not \
                 what it was. If it is none of them, this is a defect of the provider."
            }
            Self::Script { .. } => "This is a defect of the provider.",
            Self::Failed { .. } => "The text above is what the command printed. Apply again after.",
            Self::Transfer { .. } => "Apply again: what has arrived is not carried once more.",
            Self::UnexpectedOutput { .. } => {
                "Nothing of it was used. See what else prints on that host, such as a login script."
            }
            Self::Refused { .. } => {
                "Check AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen and MaxSessions \
                 in the host's sshd_config, and that the destination listens."
            }
            Self::Local { .. } => "Check that the file exists and may be read.",
            Self::Http { .. } => "Check that the service answers on the host itself.",
            Self::Sql { .. } => "Check the server's log, pg_hba.conf, and the role's rights.",
        };
        text.to_owned()
    }
}
