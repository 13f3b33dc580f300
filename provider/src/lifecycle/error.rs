//! Why nothing could be seen of a resource.

use std::collections::{BTreeMap, BTreeSet};

use super::run;
use crate::diag::{Diag, Diags, Path};
use crate::host::HostError;

/// Hosts that did not answer, by their names among the targets.
pub(super) type UnreachableHosts = BTreeMap<String, UnreachableHost>;

/// A host that did not answer.
#[derive(Clone, Debug)]
pub(super) struct UnreachableHost {
    /// Its name.
    pub host: String,
    /// Why not.
    pub reason: String,
}

impl UnreachableHost {
    /// The error again.
    pub fn error(&self) -> HostError {
        let Self { host, reason } = self.clone();
        HostError::Unreachable { host, reason }
    }
}

/// Why nothing could be seen.
pub(super) enum ObserveError {
    /// The provider block is not known yet.
    Unconfigured,
    /// A host did not answer; and the attribute that says how to reach it.
    Host(String, HostError, Path),
    /// Some hosts did not answer, as this resource may bear, and others did.
    Unreachable(UnreachableHosts),
    /// The answers made no sense.
    Diags(Diags),
}

impl ObserveError {
    /// As diagnostics.
    pub fn diags(self, resource: &str) -> Diags {
        match self {
            Self::Unconfigured => vec![Diag::error(
                "The provider is not configured yet",
                format!("{resource}: the provider block holds values that are not known yet."),
            )],
            Self::Host(name, error, path) => {
                vec![unreached(&name, resource, error).at(path)]
            }
            Self::Unreachable(absent) => {
                let diag = |(name, absent): (&String, &UnreachableHost)| {
                    unreached(name, resource, absent.error())
                };
                absent.iter().map(diag).collect()
            }
            Self::Diags(diags) => diags,
        }
    }

    /// In words, for a warning about the resource.
    pub fn why(self, resource: &str) -> String {
        match self {
            Self::Unreachable(absent) => {
                let line = |(name, absent): (&String, &UnreachableHost)| {
                    format!("Host {name}: {}", run::say(absent.error()))
                };
                absent.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            other => other.diags(resource).into_iter().map(|d| d.detail).collect(),
        }
    }

    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Host(_, error, _) if error.is_unreachable())
    }

    /// Whether one of these hosts did not answer.
    pub fn is_one_of(&self, hosts: &BTreeSet<String>) -> bool {
        matches!(self, Self::Host(name, error, _) if error.is_unreachable() && hosts.contains(name))
    }
}

fn unreached(name: &str, resource: &str, error: HostError) -> Diag {
    Diag::error(format!("Failed to reach host {name} of {resource}"), run::say(error))
}
