//! What a user says about hosts: where they are, how to log in, whom to trust.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::secret::Secret;

/// A host to manage, or a hop on the way to one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Name or address. Behind a bastion it is resolved there.
    pub host: String,
    /// TCP port of sshd.
    pub port: u16,
    /// Login name. Anything but `root` needs sudo, except on a bastion.
    pub user: String,
    /// The host key that must be presented: `ssh-ed25519 AAAA...`, a comment is ignored.
    pub host_key: Option<String>,
    /// Name in [`Settings::credentials`]; the default credential where absent.
    pub credential: Option<String>,
}

impl Target {
    /// `user@host:port`, the name used in every message.
    pub fn name(&self) -> String {
        if self.host.contains(':') {
            format!("{}@[{}]:{}", self.user, self.host, self.port)
        } else {
            format!("{}@{}:{}", self.user, self.host, self.port)
        }
    }
}

/// One way to log in.
#[derive(Clone, Debug)]
pub enum Auth {
    /// A private key given as text (OpenSSH, PKCS#1, PKCS#8 or `PuTTY`).
    Key {
        /// The key file's text.
        pem: Secret,
        /// Its passphrase, when it is encrypted.
        passphrase: Option<Secret>,
        /// An OpenSSH user certificate for it (the text of `id-cert.pub`).
        certificate: Option<String>,
    },
    /// A private key in a file of the machine that runs Terraform.
    /// `PATH-cert.pub` beside it is used as its certificate, as OpenSSH does.
    KeyPath {
        /// Where it is; a leading `~/` is the home directory.
        path: PathBuf,
        /// Its passphrase, when it is encrypted.
        passphrase: Option<Secret>,
        /// An OpenSSH user certificate for it (text); instead of the file beside it.
        certificate: Option<String>,
    },
    /// A running agent: this socket, or `SSH_AUTH_SOCK` where absent.
    Agent {
        /// The agent's socket.
        socket: Option<PathBuf>,
    },
    /// A password (also answers a single keyboard-interactive prompt).
    Password(Secret),
}

/// How to log in, become root, and get there.
#[derive(Clone, Debug, Default)]
pub struct Credential {
    /// Tried in order until the server is content.
    pub auth: Vec<Auth>,
    /// The login's own password, where its sudo asks for one.
    pub sudo_password: Option<Secret>,
    /// Hops, first one first. Their host keys must be given or be in a `known_hosts` file.
    pub bastions: Vec<Target>,
}

/// What to do about a host whose key is neither given, nor in state, nor in `known_hosts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyPolicy {
    /// Accept it at first contact; the caller records [`super::Host::host_key`].
    Pin,
    /// Refuse.
    Strict,
}

/// How a silent connection is told from a dead one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence after which the server is asked for a sign of life.
    pub interval: Duration,
    /// Unanswered questions after which the connection counts as lost.
    pub count: usize,
}

impl Keepalive {
    /// Silence after which the connection counts as lost.
    pub(super) fn patience(self) -> Duration {
        let count = u32::try_from(self.count).unwrap_or(u32::MAX).saturating_add(1);
        self.interval.saturating_mul(count)
    }
}

/// Settings of the whole process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// For targets that name no credential.
    pub default_credential: Credential,
    /// By name.
    pub credentials: BTreeMap<String, Credential>,
    /// Files to look for host keys in; one that does not exist is skipped.
    pub known_hosts: Vec<PathBuf>,
    /// For hosts that nobody vouches for.
    pub host_key_policy: HostKeyPolicy,
    /// For the TCP handshake, and again for each of key exchange, login, and the opening of a channel.
    pub connect_timeout: Duration,
    /// When a silent connection is given up.
    pub keepalive: Keepalive,
    /// Directory on the hosts for jobs, in memory and root's alone; the lock is `RUN_DIR.lock`.
    pub run_dir: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            default_credential: Credential::default(),
            credentials: BTreeMap::new(),
            known_hosts: Vec::new(),
            host_key_policy: HostKeyPolicy::Pin,
            connect_timeout: Duration::from_secs(15),
            // Loss is seen after a minute: longer than a switch's failover, shorter than a user's.
            keepalive: Keepalive { interval: Duration::from_secs(15), count: 3 },
            run_dir: "/run/breakwater".to_owned(),
        }
    }
}

/// How hard to try to reach a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Once.
    Once,
    /// For so long, while the machine boots; then wait for cloud-init where the host has it.
    Boot(Duration),
}

/// What the login user of a host can do.
#[derive(Clone, Debug)]
pub(super) struct Login {
    /// It is root.
    pub root: bool,
    /// What its sudo may ask for.
    pub sudo_password: Option<Secret>,
}

/// A path of this machine, where a leading `~/` is the home directory.
pub(super) fn expand_home(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::var_os("HOME")) {
        (Ok(rest), Some(home)) => PathBuf::from(home).join(rest),
        _ => path.to_owned(),
    }
}
