//! What the user writes, and what the provider gives.

use std::collections::BTreeMap;

use render::harbor::Release;
use render::harbor::releases::Component;

use super::units::{self, Unit};
use crate::resource::Ssh;
use crate::resources::common::version;
use crate::value::Value;

crate::choice! {
    /// What a destroy does.
    pub enum OnDestroy {
        /// Leaves the files.
        Keep = "keep",
        /// Removes them.
        Purge = "purge",
    }
}

crate::settings! {
    /// One host.
    pub struct HostPlace {
        /// How to reach it.
        ssh: Ssh = attr().on_change(OnChange::Provider),
    }

    /// A Harbor that was set up by hand, whose secrets are taken over.
    pub struct AdoptFrom {
        /// Its host, a key of `hosts`. If not set: `authority`, or the first host.
        host: Option<String> = attr().on_change(OnChange::Provider),
        /// Its `data_volume`, where `secret/` stands.
        data_volume: String = attr().check(absolute).on_change(OnChange::Provider),
        /// The directory of its installer, where `common/config/core/env` stands. If not set: the
        /// secrets between Harbor's parts are made anew.
        directory: Option<String> = attr().check(absolute).on_change(OnChange::Provider),
    }

    /// What the user writes.
    pub struct Secrets {
        /// The hosts, each with a name of its own.
        hosts: BTreeMap<String, HostPlace> = attr(),
        /// The directory of the secrets on each host.
        directory: String = attr()
            .default("/etc/breakwater/secrets/harbor")
            .check(absolute)
            .on_change(OnChange::Refused),
        /// The release of Harbor, such as `2.3.2`. Releases before 2.9 have one secret more,
        /// Notary's.
        harbor_version: Option<String> = attr().check(version),
        /// Raise it to make the secrets between Harbor's parts anew: core, job service, CSRF,
        /// scanner prefix, registry uploads. The nodes that use them restart.
        rotation: i64 = attr().default(1).on_change(OnChange::Restart),
        /// Raise it to make the key pair of tokens anew. Every token in use becomes invalid, and
        /// the nodes restart. The key that encrypts the database is never made anew.
        rotate_token_key: i64 = attr().default(1).on_change(OnChange::Restart),
        /// Take the secrets of a Harbor that exists, where they are not in `directory` yet.
        adopt_from: Option<AdoptFrom> = attr().on_change(OnChange::Provider),
        /// The host, a key of `hosts`, whose secrets stand where two hosts hold different ones. It
        /// also makes the new ones. If not set: hosts that differ are refused, and the first host
        /// makes the new ones.
        authority: Option<String> = attr().on_change(OnChange::Provider),
        /// `keep` leaves the files on the hosts. `purge` removes them: without `secretkey`, what
        /// Harbor encrypted in its database can never be read again.
        on_destroy: OnDestroy = attr().default("keep").on_change(OnChange::Provider),
    }

    /// What the provider gives.
    pub struct Outputs {
        /// Names of the files.
        names: Option<Vec<String>> = attr(),
        /// Whether every host holds all of them, and the same.
        in_step: Option<bool> = attr(),
    }
}

/// A path that needs no quotes anywhere and is not one of the system's own directories.
pub fn absolute(value: &Value) -> Result<(), String> {
    let path = value.as_str().unwrap_or_default();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/_-.".contains(c);
    let ends = path.ends_with('/') || path.contains("//") || path.contains("/..");
    if path.starts_with('/') && path.len() > 1 && path.chars().all(plain) && !ends {
        return Ok(());
    }
    Err(format!(
        "\"{path}\" must be an absolute path of letters, digits, \"_\", \"-\" and \".\", without \
         \"/\" at its end."
    ))
}

impl Secrets {
    /// The secrets of this release.
    pub fn units(&self) -> Vec<&'static Unit> {
        let mut units: Vec<&'static Unit> = units::ALWAYS.iter().collect();
        let release = self.harbor_version.as_deref().and_then(Release::nearest);
        if release.is_some_and(|release| release.ships(Component::Notary)) {
            units.push(&units::NOTARY);
        }
        units
    }

    /// Their names.
    pub fn names(&self) -> Vec<&'static str> {
        self.units().iter().flat_map(|unit| unit.files).copied().collect()
    }

    /// Path of a file in the directory.
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.directory)
    }

    /// The host that makes what is missing everywhere.
    pub fn lead(&self) -> &str {
        let adopted = self.adopt_from.as_ref().and_then(|a| a.host.as_deref());
        let first = self.hosts.keys().next().map(String::as_str);
        adopted.or(self.authority.as_deref()).or(first).unwrap_or_default()
    }

    /// A host, for people: `a (198.51.100.11)`.
    pub fn place(&self, host: &str) -> String {
        let address = self.hosts.get(host).map_or("", |h| &h.ssh.host);
        format!("{host} ({address})")
    }
}
