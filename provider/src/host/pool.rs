//! All hosts of this process: one connection for each, however many work on it.
//!
//! Those who say the same of a host that was not reached yet share the attempt, and its error. Who says
//! something else, as another host key, has an attempt and an error of his own. Once one of them has
//! reached it, all have that connection, and what it has proven is held against what each of them says.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use crate::host::connection::{Access, Host};
use crate::host::error::HostError;
use crate::host::settings::{Credential, HostKeyPolicy, Patience, Settings, Target};

/// All hosts of this process. Cheap to clone.
#[derive(Clone)]
pub struct Pool {
    settings: Arc<Settings>,
    hosts: Arc<StdMutex<HashMap<String, Vec<Host>>>>,
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
            let hop_access = Access { pinned: None, policy, credential, via };
            let (_, reached) = self.entry(hop, hop_access)?;
            if reached.is_known() {
                reached.check_again(hop, None)?;
            }
            via = Some(reached);
        }
        let policy = self.settings.host_key_policy;
        let pinned_key = pinned.map(str::to_owned);
        let access = Access { pinned: pinned_key, policy, credential, via };
        let (way, host) = self.entry(target, access)?;
        host.reach(patience).await?;
        let host = self.shared(&way, host);
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

    /// The host and the way to it: as it was reached, or as somebody else tries it who says the same of
    /// it, or a new one.
    fn entry(&self, target: &Target, access: Access) -> Result<(String, Host), HostError> {
        let via = access.via.as_ref().map(|hop| format!(" via {}", hop.way())).unwrap_or_default();
        let way = format!("{}{via}", target.name());
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let known = hosts.entry(way.clone()).or_default();
        let reached = known.iter().find(|host| host.is_known());
        if let Some(host) = reached.or_else(|| known.iter().find(|h| h.is_as(target, &access))) {
            return Ok((way, host.clone()));
        }
        let made = Host::new(target, access, Arc::clone(&self.settings))?;
        known.push(made.clone());
        Ok((way, made))
    }

    /// Of several attempts that reached a host at the same time, the one that all go on with: who
    /// changes the host waits for the others there.
    fn shared(&self, way: &str, host: Host) -> Host {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = hosts.get_mut(way) else { return host };
        let Some(first) = known.iter().find(|host| host.is_known()).cloned() else { return host };
        *known = vec![first.clone()];
        first
    }
}
