//! STUB
#![allow(missing_docs, clippy::all, clippy::pedantic, unused)]
use crate::secret::Secret;
use std::collections::BTreeMap;
use std::path::*;
use std::time::Duration;
#[derive(Clone, Debug)]
pub struct Target {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub host_key: Option<String>,
    pub credential: Option<String>,
}
#[derive(Clone, Debug)]
pub enum Auth {
    Key { pem: Secret, passphrase: Option<Secret>, certificate: Option<String> },
    KeyPath { path: PathBuf, passphrase: Option<Secret>, certificate: Option<String> },
    Agent { socket: Option<PathBuf> },
    Password(Secret),
}
#[derive(Clone, Debug, Default)]
pub struct Credential {
    pub auth: Vec<Auth>,
    pub sudo_password: Option<Secret>,
    pub bastions: Vec<Target>,
}
#[derive(Clone, Copy, Debug)]
pub enum HostKeyPolicy {
    Pin,
    Strict,
}
#[derive(Clone, Debug)]
pub struct Settings {
    pub default_credential: Credential,
    pub credentials: BTreeMap<String, Credential>,
    pub known_hosts: Vec<PathBuf>,
    pub host_key_policy: HostKeyPolicy,
    pub connect_timeout: Duration,
}
impl Default for Settings {
    fn default() -> Self {
        todo!()
    }
}
#[derive(Clone, Copy)]
pub enum Patience {
    Once,
    Boot(Duration),
}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct HostError;
impl HostError {
    pub fn help(&self) -> String {
        String::new()
    }
    pub fn is_unreachable(&self) -> bool {
        true
    }
}
pub struct Pool;
impl Pool {
    pub fn new(_: Settings) -> Self {
        Pool
    }
    pub async fn host(&self, t: &Target, p: Option<&str>, q: Patience) -> Result<Host, HostError> {
        todo!()
    }
}
#[derive(Clone)]
pub struct Host;
pub struct Lock;
pub struct Output {
    pub status: i32,
}
impl Output {
    pub fn stdout(&self) -> String {
        todo!()
    }
    pub fn stderr(&self) -> String {
        todo!()
    }
    pub fn success(&self) -> bool {
        true
    }
}
pub struct File {
    pub path: String,
    pub content: Secret,
    pub owner: String,
    pub group: String,
    pub mode: u32,
    pub parents: bool,
}
impl Host {
    pub fn name(&self) -> &str {
        ""
    }
    pub fn host_key(&self) -> &str {
        ""
    }
    pub async fn ask(&self, s: &str, l: Duration) -> Result<Output, HostError> {
        todo!()
    }
    pub async fn run(&self, s: &str, i: Option<&Secret>, l: Duration) -> Result<Output, HostError> {
        todo!()
    }
    pub async fn job(&self, n: &str, s: &str, l: Duration) -> Result<Output, HostError> {
        todo!()
    }
    pub async fn write(&self, f: &File) -> Result<(), HostError> {
        todo!()
    }
    pub async fn upload(&self, l: &Path, r: &str, m: u32, s: &str) -> Result<(), HostError> {
        todo!()
    }
    pub async fn lock(&self, h: &str) -> Result<Lock, HostError> {
        todo!()
    }
}
pub mod sql {
    use super::*;
    pub struct Endpoint;
    impl Endpoint {
        pub fn socket(p: &str, d: &str) -> Self {
            Endpoint
        }
        pub fn tcp(h: &str, p: u16, u: &str, w: &Secret, d: &str, s: &str) -> Self {
            Endpoint
        }
    }
    pub async fn query(
        h: &Host,
        e: &Endpoint,
        s: &[String],
    ) -> Result<Vec<BTreeMap<String, Option<String>>>, HostError> {
        todo!()
    }
}
pub mod http {
    use super::*;
    pub async fn send(
        h: &Host,
        r: &crate::step::Http,
        l: Duration,
    ) -> Result<(u16, String), HostError> {
        todo!()
    }
}
