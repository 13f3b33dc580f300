//! The provider block.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use crate::diag::{Diags, Path, has_error};
use crate::host;
use crate::rule::{Findings, Rule, judge_all};
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::value::{Object, Value};

crate::choice! {
    /// What to do with a host key that nobody gave.
    pub enum HostKeyPolicy {
        /// Accept the key seen at first contact, keep it in the state, refuse any other later.
        Pin = "pin",
        /// Accept only keys that are given or stand in `known_hosts`.
        Strict = "strict",
    }
}

crate::choice! {
    /// What a refresh does when a host does not answer.
    pub enum Unreachable {
        /// Stop with an error.
        Error = "error",
        /// Keep the state as it is, with a warning.
        Keep = "keep",
        /// As `keep`; and a destroy of a resource whose hosts are gone forgets it.
        Forget = "forget",
    }
}

crate::settings! {
    /// A host on the way to the others.
    pub struct Bastion {
        /// Name or address, as seen from the hop before.
        host: String = attr().check(crate::checks::host),
        /// TCP port of its SSH server.
        port: u16 = attr().default(22).check(crate::checks::port),
        /// User to log in as.
        user: String = attr().default("root"),
        /// Public host key, as `ssh-ed25519 AAAA...`. If not set, a `known_hosts` file must have it: a
        /// bastion's key is never pinned.
        host_key: Option<String> = attr().check(crate::checks::host_key),
        /// Name of an entry of `credentials`; the default access if not set.
        credential: Option<String> = attr(),
    }

    /// How to log in, and by which way.
    pub struct Access {
        /// User to log in as where a resource names none: root, or one who may use sudo; `root` if
        /// not set.
        user: Option<String> = attr(),
        /// Private key, PEM or OpenSSH format. May be ephemeral.
        private_key: Option<Secret> = attr().sensitive(),
        /// Path of a private key on the machine that runs Terraform; `~/` is the home directory.
        private_key_path: Option<String> = attr(),
        /// Passphrase of the key.
        private_key_passphrase: Option<Secret> = attr().sensitive(),
        /// Certificate of the key, in OpenSSH format (`ssh-ed25519-cert-v01@openssh.com AAAA...`).
        certificate: Option<String> = attr(),
        /// Use the SSH agent at `SSH_AUTH_SOCK` too. Without a key and a password it is used anyway.
        agent: bool = attr().default(false),
        /// Password of the user.
        password: Option<Secret> = attr().sensitive(),
        /// Password for sudo, where the user is not root and sudo asks.
        sudo_password: Option<Secret> = attr().sensitive(),
        /// Hosts to go through, in order, the nearest first.
        bastions: Option<Vec<Bastion>> = attr(),
    }

    /// The provider block.
    pub struct Configuration {
        /// The default access. If not set: user `root` with the keys of the SSH agent.
        ssh: Option<Access> = attr(),
        /// Further accesses by name, for `ssh.credential` of a resource.
        credentials: Option<BTreeMap<String, Access>> = attr(),
        /// Paths of `known_hosts` files to check host keys against, `~/` being the home directory. A
        /// file that does not exist counts as empty. None is read if not set.
        known_hosts: Option<Vec<String>> = attr(),
        /// What to do with a host key that nobody gave. `pin`: keep the one seen at first contact,
        /// and refuse any other later. `strict`: refuse it.
        host_key_policy: HostKeyPolicy = attr().default("pin"),
        /// Limit for one attempt to connect, such as `10s`.
        connect_timeout: String = attr().default("10s").check(is_duration),
        /// How long an apply tries to reach a machine that still boots, such as `5m`. A plan and a
        /// refresh try once.
        boot_timeout: String = attr().default("5m").check(is_duration),
        /// What to do when a host does not answer. `error`: stop. `keep`: a refresh keeps the state,
        /// with a warning. `forget`: as `keep`, and a destroy drops the resource from the state
        /// without touching a host.
        unreachable: Unreachable = attr().default("error"),
        /// Name of this configuration, written on each host that it manages. A host that carries
        /// another name is refused; an import takes it over. Give each configuration its own.
        owner: String = attr().default("breakwater").check(is_owner),
    }
}

/// The longest duration, in seconds: a year. Whatever is reckoned with one stays within bounds.
const LONGEST: u64 = 365 * 86_400;

/// A duration such as `90s`, `10m` or `1h`, of at most a year.
pub fn duration(text: &str) -> Option<Duration> {
    let mut units = [("s", 1), ("m", 60), ("h", 3600)].into_iter();
    let (number, unit) = units.find_map(|(u, s)| Some((text.strip_suffix(u)?, s)))?;
    let number: u64 = number.parse().ok()?;
    number.checked_mul(unit).filter(|seconds| *seconds <= LONGEST).map(Duration::from_secs)
}

/// The check of a duration's text.
pub fn is_duration(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    duration(text).map(|_| ()).ok_or_else(|| {
        format!(
            "\"{text}\" is not a duration of at most a year; write for example \"90s\", \"10m\", \
             \"1h\"."
        )
    })
}

fn is_owner(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if !text.is_empty() && text.len() <= 100 && text.chars().all(fits) {
        return Ok(());
    }
    Err("It must be 1 to 100 of the characters A-Z a-z 0-9 - _ . /".into())
}

/// Rules of the provider block.
pub const RULES: &[Rule<Configuration>] = &[
    Rule {
        reads: &["ssh.bastions", "credentials{}"],
        check: |c, found| {
            if let Some(access) = &c.ssh {
                credentials_exist(c, &Path::of("ssh"), access, found);
            }
        },
    },
    Rule {
        reads: &["credentials"],
        check: |c, found| {
            for (path, access) in c.named() {
                credentials_exist(c, &path, access, found);
            }
        },
    },
    Rule {
        reads: &["ssh.private_key", "ssh.private_key_passphrase", "ssh.certificate"],
        check: |c, found| c.ssh.iter().for_each(|a| keys(&Path::of("ssh"), a, found)),
    },
    Rule {
        reads: &["credentials"],
        check: |c, found| c.named().for_each(|(path, access)| keys(&path, access, found)),
    },
];

fn credentials_exist(c: &Configuration, path: &Path, access: &Access, found: &mut Findings) {
    for (i, bastion) in access.bastions.iter().flatten().enumerate() {
        if let Some(name) = &bastion.credential
            && !c.has_credential(name)
        {
            let at = path.attribute("bastions").index(i).attribute("credential");
            let detail = format!("The provider has no entry \"{name}\" in credentials.");
            found.error(at, "Unknown credential", detail);
        }
    }
}

/// A key that can be read, and a certificate of it.
fn keys(path: &Path, access: &Access, found: &mut Findings) {
    let passphrase = access.private_key_passphrase.as_ref();
    let pem = access.private_key.as_ref();
    if let Some(why) = pem.and_then(|pem| host::key_fault(pem, passphrase)) {
        let detail = format!("The key cannot be used: {why}.");
        found.error(path.attribute("private_key"), "Invalid private key", detail);
        return;
    }
    let key = pem.map(|pem| (pem, passphrase));
    let certificate = access.certificate.as_deref();
    if let Some(why) = certificate.and_then(|text| host::certificate_fault(text, key)) {
        let detail = format!("The certificate cannot be used: {why}.");
        found.error(path.attribute("certificate"), "Invalid certificate", detail);
    }
}

impl Configuration {
    /// Read a wholly known provider block.
    pub fn read(config: &Object) -> Result<Self, Diags> {
        let configuration = Self::from_object(config, &Path::root())?;
        let diags = judge_all(RULES, &configuration);
        if has_error(&diags) { Err(diags) } else { Ok(configuration) }
    }

    /// The further accesses, with their places.
    fn named(&self) -> impl Iterator<Item = (Path, &Access)> {
        let named = self.credentials.iter().flatten();
        named.map(|(name, access)| (Path::of("credentials").key(name), access))
    }

    /// Whether `credentials` has this entry.
    pub fn has_credential(&self, name: &str) -> bool {
        self.credentials.as_ref().is_some_and(|c| c.contains_key(name))
    }

    /// The user for a resource's host.
    pub fn user(&self, credential: Option<&str>) -> String {
        let named = credential.and_then(|c| self.credentials.as_ref()?.get(c)?.user.clone());
        let default = || self.ssh.as_ref().and_then(|a| a.user.clone());
        named.or_else(default).unwrap_or_else(|| "root".to_owned())
    }

    /// What the SSH layer needs to know.
    pub fn ssh_settings(&self) -> host::Settings {
        let default = self.ssh.as_ref().map_or_else(agent_only, credential);
        let named = self.credentials.iter().flatten();
        host::Settings {
            default_credential: default,
            credentials: named.map(|(name, access)| (name.clone(), credential(access))).collect(),
            known_hosts: self.known_hosts.iter().flatten().map(PathBuf::from).collect(),
            host_key_policy: match self.host_key_policy {
                HostKeyPolicy::Pin => host::HostKeyPolicy::Pin,
                HostKeyPolicy::Strict => host::HostKeyPolicy::Strict,
            },
            connect_timeout: duration(&self.connect_timeout).unwrap_or(Duration::from_secs(10)),
            ..host::Settings::default()
        }
    }
}

/// Without an `ssh` block: the agent, as the ssh command would.
fn agent_only() -> host::Credential {
    let auth = vec![host::Auth::Agent { socket: None }];
    host::Credential { auth, ..host::Credential::default() }
}

fn credential(access: &Access) -> host::Credential {
    let passphrase = access.private_key_passphrase.clone();
    let certificate = access.certificate.clone();
    let mut auth = Vec::new();
    if let Some(pem) = access.private_key.clone() {
        let (passphrase, certificate) = (passphrase.clone(), certificate.clone());
        auth.push(host::Auth::Key { pem, passphrase, certificate });
    }
    if let Some(path) = &access.private_key_path {
        auth.push(host::Auth::KeyPath { path: PathBuf::from(path), passphrase, certificate });
    }
    if access.agent || (auth.is_empty() && access.password.is_none()) {
        auth.push(host::Auth::Agent { socket: None });
    }
    if let Some(password) = &access.password {
        auth.push(host::Auth::Password(password.clone()));
    }
    let hops = access.bastions.iter().flatten().map(|b| host::Target {
        host: b.host.clone(),
        port: b.port,
        user: b.user.clone(),
        host_key: b.host_key.clone(),
        credential: b.credential.clone(),
    });
    host::Credential { auth, sudo_password: access.sudo_password.clone(), bastions: hops.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(duration("90s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Some(Duration::from_secs(7200)));
        for wrong in [
            "",
            "s",
            "5",
            "5d",
            "-5s",
            "5 m",
            "99999999999999999999h",
            "8761h",
            "18446744073709551615s",
        ] {
            assert!(is_duration(&wrong.into()).is_err(), "{wrong}");
        }
        assert!(is_duration(&"5µ".into()).is_err());
    }

    #[test]
    fn a_bastion_with_an_unknown_credential_is_refused_at_its_place() {
        let bastion =
            Object::from([("host".into(), "b".into()), ("credential".into(), "x".into())]);
        let ssh = Object::from([("bastions".into(), Value::List(vec![bastion.into()]))]);
        let config = Object::from([("ssh".into(), ssh.into())]);
        let diags = Configuration::read(&config).expect_err("no such credential");
        assert_eq!(diags[0].path.to_string(), "ssh.bastions[0].credential");
    }
}
