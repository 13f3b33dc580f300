//! What all resources of one Terraform run share: the connections, the locks, the stop signal.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedMutexGuard, watch};

use super::configuration::Configuration;
use super::interruption::Interruption;
use super::private::Private;
use crate::diag::{Diag, Diags, Path};
use crate::host::{Host, HostError, Patience, Pool, Target};
use crate::resource::{Answers, Question, Ssh};
use crate::value::Object;

/// A provider block whose values are all known, and the connections made with it.
pub struct Configured {
    /// The block.
    pub configuration: Configuration,
    pool: Pool,
}

/// Shared by all operations of a process.
#[derive(Default)]
pub struct Session {
    configured: RwLock<Option<Arc<Configured>>>,
    stopping: watch::Sender<bool>,
    exclusive: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Option<String>>>>>,
    recent: Mutex<Vec<Refreshed>>,
}

/// What one refresh was answered.
struct Refreshed {
    at: Instant,
    hosts: Vec<String>,
    questions: Vec<Question>,
    answers: Answers,
}

/// Terraform plans right after it refreshed; an answer older than this is asked for again.
const FRESH: Duration = Duration::from_secs(30);

/// One of the things that only one resource may change at a time; holds who failed under it.
pub type Turn = OwnedMutexGuard<Option<String>>;

impl Session {
    /// Take the provider block. With anything unknown in it, hosts cannot be asked yet.
    pub fn configure(&self, config: &Object) -> Diags {
        let configured = if config.values().all(crate::value::Value::is_known) {
            match Configuration::read(config) {
                Ok(configuration) => {
                    let pool = Pool::new(configuration.ssh_settings());
                    Some(Arc::new(Configured { configuration, pool }))
                }
                Err(diags) => return diags,
            }
        } else {
            None
        };
        *self.configured.write().unwrap_or_else(PoisonError::into_inner) = configured;
        Vec::new()
    }

    /// The provider block and the connections; none while the block is not known.
    pub fn configured(&self) -> Option<Arc<Configured>> {
        self.configured.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ask all work to stop at the next safe point.
    pub fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// What ends an operation: the wish to stop, and this deadline.
    pub fn interruption(&self, deadline: Option<Instant>) -> Interruption {
        Interruption::new(self.stopping.subscribe(), deadline)
    }

    /// Do what changes nothing, unless the user wishes to stop.
    pub async fn unless_stopped<T>(
        &self,
        what: &str,
        work: impl Future<Output = T>,
    ) -> Result<T, Diag> {
        self.interruption(None).race(work).await.map_err(|reason| {
            Diag::error(format!("{what}: {reason}"), "Nothing was changed. Run it again.")
        })
    }

    /// Keep what a refresh was answered, for the plan that follows it.
    pub fn remember(
        &self,
        hosts: &BTreeMap<String, Host>,
        questions: Vec<Question>,
        answers: &Answers,
    ) {
        let (at, hosts) = (Instant::now(), names(hosts));
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|r| r.at.elapsed() < FRESH);
        recent.push(Refreshed { at, hosts, questions, answers: answers.clone() });
    }

    /// What the refresh just before was answered to the very same questions; once.
    pub fn recall(
        &self,
        hosts: &BTreeMap<String, Host>,
        questions: &[Question],
    ) -> Option<Answers> {
        let hosts = names(hosts);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|r| r.at.elapsed() < FRESH);
        let same = recent.iter().position(|r| r.hosts == hosts && r.questions == questions)?;
        Some(recent.swap_remove(same).answers)
    }

    /// Wait for the turn at each name, in an order that cannot deadlock.
    pub async fn turns(&self, mut names: Vec<String>) -> Vec<Turn> {
        names.sort();
        names.dedup();
        let mut turns = Vec::new();
        for name in names {
            let mutex = {
                let mut all = self.exclusive.lock().unwrap_or_else(PoisonError::into_inner);
                all.entry(name).or_default().clone()
            };
            turns.push(mutex.lock_owned().await);
        }
        turns
    }
}

/// The hosts' own names: two resources may call different hosts `node`.
fn names(hosts: &BTreeMap<String, Host>) -> Vec<String> {
    hosts.values().map(|h| h.name().to_owned()).collect()
}

impl Configured {
    /// The connection to one host. A key seen for the first time is pinned.
    pub async fn host(
        &self,
        ssh: &Ssh,
        private: &mut Private,
        patience: Patience,
    ) -> Result<Host, HostError> {
        let place = format!("{}:{}", ssh.host, ssh.port);
        let pinned = private.pins.get(&place).map(String::as_str);
        let host = self.pool.host(&self.target(ssh), pinned, patience).await?;
        private.pins.insert(place, host.host_key().to_owned());
        Ok(host)
    }

    fn target(&self, ssh: &Ssh) -> Target {
        let user = ssh.user.clone();
        Target {
            host: ssh.host.clone(),
            port: ssh.port,
            user: user.unwrap_or_else(|| self.configuration.user(ssh.credential.as_deref())),
            host_key: ssh.host_key.clone(),
            credential: ssh.credential.clone(),
        }
    }

    /// An error where a resource names a credential that the provider does not have; `at` is the
    /// attribute that names that of a host.
    pub fn check_credentials(&self, targets: &[(String, Ssh)], at: impl Fn(&str) -> Path) -> Diags {
        let unknown = targets.iter().filter_map(|(name, ssh)| {
            let credential = ssh.credential.as_ref()?;
            let missing = !self.configuration.has_credential(credential);
            missing.then(|| {
                let detail = format!(
                    "The host {name} ({}) names the credential \"{credential}\"; the provider has \
                     no entry of that name in credentials.",
                    ssh.host
                );
                Diag::error("Unknown credential", detail).at(at(name))
            })
        });
        unknown.collect()
    }
}
