//! All hosts of this process: one connection for each, however many work on it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use crate::host::connection::{Access, Host};
use crate::host::error::HostError;
use crate::host::settings::{Credential, HostKeyPolicy, Patience, Settings, Target};

/// All hosts of this process. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    settings: Arc<Settings>,
    hosts: Arc<StdMutex<HashMap<String, Host>>>,
}

impl Pool {
    /// A pool without connections.
    pub fn new(settings: Settings) -> Self {
        Self { settings: Arc::new(settings), hosts: Arc::default() }
    }

    /// Reaches a host and proves who it is. `pinned` is the host key kept in state; a key in the
    /// target itself comes before it.
    pub async fn host(
        &self,
        target: &Target,
        pinned: Option<&str>,
        patience: Patience,
    ) -> Result<Host, HostError> {
        let credential = self.credential(target)?.clone();
        let mut via: Option<Host> = None;
        for hop in &credential.bastions {
            let auth = self.credential(hop)?.auth.clone();
            let credential = Credential { auth, ..Credential::default() };
            // No state keeps a bastion's key, so accepting any would be no check at all.
            let policy = HostKeyPolicy::Strict;
            via = Some(self.entry(hop, Access { pinned: None, policy, credential, via })?);
        }
        let policy = self.settings.host_key_policy;
        let pinned_key = pinned.map(str::to_owned);
        let host = self.entry(target, Access { pinned: pinned_key, policy, credential, via })?;
        host.reach(patience).await?;
        // The connection may be older than this target: what it proved must suit it too.
        host.check_again(target, pinned)?;
        Ok(host)
    }

    fn credential(&self, target: &Target) -> Result<&Credential, HostError> {
        let Some(name) = &target.credential else { return Ok(&self.settings.default_credential) };
        self.settings.credentials.get(name).ok_or_else(|| HostError::BadKey {
            what: format!("the credential {name:?} of {}", target.name()),
            reason: "no credential of this name is configured".to_owned(),
        })
    }

    fn entry(&self, target: &Target, access: Access) -> Result<Host, HostError> {
        let way = access.via.as_ref().map(|hop| format!(" via {}", hop.way())).unwrap_or_default();
        let key = format!("{}{way}", target.name());
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(&key)
            && host.is_known()
        {
            return Ok(host.clone());
        }
        let made = Host::new(target, access, Arc::clone(&self.settings))?;
        Ok(hosts.entry(key).or_insert(made).clone())
    }
}
