//! Reaching a resource's hosts, of which some may be missing.

use std::collections::{BTreeMap, BTreeSet};

use super::error::{ObserveError, UnreachableHost, UnreachableHosts};
use super::private::Private;
use super::session::Configured;
use super::{Managed, values};
use crate::diag::{Diag, Path};
use crate::host::{Host, HostError, Patience};
use crate::resource::{Resource, Ssh};
use crate::schema::{Attribute, Kind};
use crate::value::Object;

/// The hosts of a resource.
pub(super) struct Reached {
    /// Those that answered; at least one.
    pub hosts: BTreeMap<String, Host>,
    /// The others.
    pub missing: UnreachableHosts,
}

/// Which hosts may be missing.
pub(super) enum Tolerance {
    /// Any but all of them, and but these.
    AnyExcept(BTreeSet<String>),
    /// These alone, and they must be; each is tried once.
    Only(BTreeSet<String>),
}

impl Reached {
    /// All of them answered.
    fn whole(hosts: BTreeMap<String, Host>) -> Self {
        Self { hosts, missing: UnreachableHosts::new() }
    }

    /// Go on without a host that answered and does not any more, if that is what went wrong and
    /// it may be missing.
    #[expect(clippy::result_large_err, reason = "the error is handed on as it came")]
    pub fn tolerate(
        &mut self,
        error: ObserveError,
        tolerance: &Tolerance,
    ) -> Result<(), ObserveError> {
        match error {
            ObserveError::Host(name, HostError::Unreachable { host, reason }, _)
                if tolerance.allows(&name)
                    && self.hosts.contains_key(&name)
                    && self.hosts.len() > 1 =>
            {
                self.lose(name, host, reason);
                Ok(())
            }
            other => Err(other),
        }
    }

    fn lose(&mut self, name: String, host: String, reason: String) {
        self.hosts.remove(&name);
        self.missing.insert(name, UnreachableHost { host, reason });
    }

    /// Why each of the others did not answer, in words.
    pub fn reasons(&self) -> BTreeMap<String, String> {
        let words = |(name, absent): (&String, &UnreachableHost)| {
            (name.clone(), absent.error().to_string())
        };
        self.missing.iter().map(words).collect()
    }
}

impl Tolerance {
    /// None may be missing.
    pub fn none() -> Self {
        Self::Only(BTreeSet::new())
    }

    fn allows(&self, name: &str) -> bool {
        match self {
            Self::AnyExcept(names) => !names.contains(name),
            Self::Only(names) => names.contains(name),
        }
    }

    fn expects(&self, name: &str) -> bool {
        !matches!(self, Self::Only(names) if names.contains(name))
    }
}

impl<R: Resource> Managed<R> {
    /// Who may be missing when the resource is looked at: never one that may still boot.
    pub(super) fn tolerance(new: BTreeSet<String>) -> Tolerance {
        if R::TOLERATES_MISSING { Tolerance::AnyExcept(new) } else { Tolerance::none() }
    }

    /// Hosts that the prior state does not have. None of them was ever reached, and they may have
    /// been made a moment ago, in the same apply.
    pub(super) fn new_hosts(config: &Object, prior: Option<&Object>) -> BTreeSet<String> {
        let targets = |object: &Object| {
            let settings = Self::settings(&values::with_defaults(&Self::attributes(), object));
            settings.map(|settings| R::targets(&settings)).unwrap_or_default()
        };
        let before = prior.map(targets).unwrap_or_default();
        let same = |a: &Ssh, b: &Ssh| (&a.host, a.port) == (&b.host, b.port);
        let is_new = |(_, ssh): &(String, Ssh)| before.iter().all(|(_, old)| !same(old, ssh));
        targets(config).into_iter().filter(is_new).map(|(name, _)| name).collect()
    }

    /// Connect to the hosts of the resource: to all but those that may be missing.
    pub(super) async fn hosts(
        configured: &Configured,
        settings: &R::Settings,
        private: &mut Private,
        patience: Patience,
        tolerance: &Tolerance,
    ) -> Result<Reached, ObserveError> {
        let targets = R::targets(settings);
        let diags = configured.check_credentials(&targets);
        if !diags.is_empty() {
            return Err(ObserveError::Diags(diags));
        }
        let patience = |name: &str| if tolerance.expects(name) { patience } else { Patience::Once };
        let mut reached = Reached::whole(BTreeMap::new());
        for (name, result) in attempt(configured, &targets, private, patience).await {
            match result {
                Ok(host) => {
                    reached.hosts.insert(name, host);
                }
                Err(HostError::Unreachable { host, reason }) if tolerance.allows(&name) => {
                    reached.lose(name, host, reason);
                }
                Err(error) => return Err(Self::unreached(name, error)),
            }
        }
        if reached.hosts.is_empty()
            && let Some((name, absent)) = reached.missing.pop_first()
        {
            return Err(Self::unreached(name, absent.error()));
        }
        let back = reached.hosts.iter().filter(|(name, _)| !tolerance.expects(name));
        let back: Vec<Diag> = back.map(|(name, host)| back_again(R::NAME, name, host)).collect();
        if back.is_empty() { Ok(reached) } else { Err(ObserveError::Diags(back)) }
    }

    /// A host's error at the attribute that says how to reach it.
    pub(super) fn unreached(name: String, error: HostError) -> ObserveError {
        let path = place(&Self::attributes(), &name, &error);
        ObserveError::Host(name, error, path)
    }
}

/// What was decided without a host does not hold when it is there.
fn back_again(resource: &str, name: &str, host: &Host) -> Diag {
    let detail = format!(
        "{} did not answer when this was planned. It answers now: plan again. Nothing was touched.",
        host.name()
    );
    Diag::error(format!("{resource}: host {name} is back"), detail)
}

/// The attribute that says how to reach a host: `ssh`, `nodes.NAME.ssh` or `hosts["NAME"].ssh`.
fn place(attributes: &[Attribute], host: &str, error: &HostError) -> Path {
    let has_ssh =
        |kind: &Kind| matches!(kind, Kind::Object(inner) if inner.iter().any(|a| a.name == "ssh"));
    let of = |attribute: &Attribute| match &attribute.kind {
        Kind::Object(_) if attribute.name == "ssh" => Some(Path::of("ssh")),
        Kind::Object(inner) if inner.iter().any(|a| a.name == host && has_ssh(&a.kind)) => {
            Some(Path::of(&attribute.name).attribute(host).attribute("ssh"))
        }
        Kind::Map(item) if has_ssh(item) => {
            Some(Path::of(&attribute.name).key(host).attribute("ssh"))
        }
        _ => None,
    };
    let Some(ssh) = attributes.iter().find_map(of) else { return Path::root() };
    match error {
        HostError::HostKeyChanged { .. } => ssh.attribute("host_key"),
        _ => ssh,
    }
}

/// Connect to all of these.
pub(super) async fn connect(
    configured: &Configured,
    targets: &[(String, Ssh)],
    private: &mut Private,
) -> Result<BTreeMap<String, Host>, ObserveError> {
    let mut hosts = BTreeMap::new();
    for (name, result) in attempt(configured, targets, private, |_| Patience::Once).await {
        let host = result.map_err(|error| ObserveError::Host(name.clone(), error, Path::root()))?;
        hosts.insert(name, host);
    }
    Ok(hosts)
}

/// Connect to those of these that answer; of the others, why not.
pub(super) async fn connect_to_some(
    configured: &Configured,
    targets: &[(String, Ssh)],
) -> Result<(BTreeMap<String, Host>, BTreeMap<String, String>), ObserveError> {
    let (mut hosts, mut missing) = (BTreeMap::new(), BTreeMap::new());
    let mut private = Private::default();
    for (name, result) in attempt(configured, targets, &mut private, |_| Patience::Once).await {
        match result {
            Ok(host) => drop(hosts.insert(name, host)),
            Err(error @ HostError::Unreachable { .. }) => {
                missing.insert(name, error.to_string());
            }
            Err(error) => return Err(ObserveError::Host(name, error, Path::root())),
        }
    }
    Ok((hosts, missing))
}

/// Try all at once. Keys seen for the first time are pinned.
async fn attempt(
    configured: &Configured,
    targets: &[(String, Ssh)],
    private: &mut Private,
    patience: impl Fn(&str) -> Patience,
) -> Vec<(String, Result<Host, HostError>)> {
    let attempts = targets.iter().map(|(name, ssh)| {
        let (mut pins, patience) = (private.clone(), patience(name));
        async move {
            let host = configured.host(ssh, &mut pins, patience).await;
            (name.clone(), host.map(|host| (host, pins.pins)))
        }
    });
    let mut results = Vec::new();
    for (name, result) in futures::future::join_all(attempts).await {
        let host = result.map(|(host, pins)| {
            private.pins.extend(pins);
            host
        });
        results.push((name, host));
    }
    results
}
