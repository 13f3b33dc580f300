//! What a rig is, for those who use it: `rig.json` in its folder.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::{At, Result, RigError};
use super::{Distro, files, paths};

/// A rig that is up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RigState {
    /// Its name.
    pub name: String,
    /// Its folder.
    pub folder: PathBuf,
    /// Name of its network namespace.
    pub namespace: String,
    /// Its hosts.
    pub hosts: Vec<HostState>,
    /// How to log in.
    pub ssh: SshState,
    /// Address of the TCP load balancer (port 443 to each host's 443); none without one.
    pub load_balancer: Option<String>,
    /// The name that the load balancer has in the rig.
    pub service_name: String,
    /// Redis.
    pub redis: RedisState,
    /// The folder that every host has at /srv/nas.
    pub nas: PathBuf,
    /// HTTP addresses of the package repositories, and of `files`.
    pub urls: Urls,
    /// Files put here are served at `urls.files`.
    pub files: PathBuf,
}

/// One host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// Host name.
    pub name: String,
    /// IPv4 address.
    pub address: String,
    /// What it runs.
    pub distro: Distro,
    /// Its ed25519 host key, `ssh-ed25519 BASE64`.
    pub host_key: String,
    /// `SHA256:...` of that key.
    pub fingerprint: String,
    /// Folder with its disk (`upper`), Docker's data (`docker`), keys and console log.
    pub folder: PathBuf,
    /// What its disk begins with beside the image: the layer of a [snapshot](super::Snapshot).
    #[serde(default)]
    pub layer: Option<PathBuf>,
    /// Set for a host that was [added](super::NewHost) later.
    #[serde(default)]
    pub added: Option<Added>,
}

/// What a host of a cloud has that the others have not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Added {
    /// A public address beside the private one.
    pub public: Option<String>,
    /// Public keys that root accepts, beside the rig's.
    pub root_keys: Vec<String>,
    /// What [`cloud_init`](super::cloud_init) is given.
    pub user_data: Option<String>,
}

/// Files and users for SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SshState {
    /// Private key that all users accept.
    pub key: PathBuf,
    /// The same key, encrypted.
    pub encrypted_key: PathBuf,
    /// File with the passphrase of that.
    pub passphrase_file: PathBuf,
    /// All host keys of all hosts.
    pub known_hosts: PathBuf,
    /// File with the password of `opspw`, for login and sudo.
    pub password_file: PathBuf,
    /// `root`, `ops` (sudo without password), `opspw` (with), `nosudo`.
    pub users: Vec<String>,
}

/// Redis.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedisState {
    /// `ADDRESS:PORT`.
    pub address: String,
    /// File with its password.
    pub password_file: PathBuf,
}

/// What is served over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Urls {
    /// The distribution's mirror; hosts use it already.
    pub debian: String,
    /// Docker's repository: `URL/gpg`, suite CODENAME, component `stable`.
    pub docker: String,
    /// PGDG: `URL/ACCC4CF8.asc`, suite CODENAME-pgdg, component `main`.
    pub pgdg: String,
    /// What tests put into the `files` folder.
    pub files: String,
}

impl RigState {
    /// Reads the state of a rig that is up.
    pub fn load(name: &str) -> Result<Self> {
        let path = paths::state(name);
        if !path.is_file() {
            return Err(RigError::NoRig(name.to_owned()));
        }
        let text = files::read(&path)?;
        serde_json::from_str(&text).map_err(|source| RigError::Json { path, source })
    }

    /// Writes it.
    pub fn store(&self) -> Result<()> {
        let path = paths::state(&self.name);
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| RigError::Json { path: path.clone(), source })?;
        files::write(path, text + "\n", 0o644)
    }

    /// Changes the state of a rig that others may be changing too.
    pub fn change<T>(name: &str, change: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let path = paths::rig(name).join("lock");
        let lock = std::fs::File::create(&path).at("create", &path)?;
        lock.lock().at("lock", &path)?;
        let mut state = Self::load(name)?;
        let result = change(&mut state)?;
        state.store()?;
        Ok(result)
    }

    /// A host by name.
    pub fn host(&self, name: &str) -> Result<&HostState> {
        let found = self.hosts.iter().find(|host| host.name == name);
        found.ok_or_else(|| RigError::NoHost { rig: self.name.clone(), host: name.to_owned() })
    }

    /// Name and address of each host.
    pub fn names(&self) -> Vec<(String, String)> {
        self.hosts.iter().map(|host| (host.name.clone(), host.address.clone())).collect()
    }
}
