//! `harbor_shared_secrets`: the secrets that must be equal on every node of one Harbor.

mod choose;
pub mod facts;
mod import;
mod observe;
mod plan;
mod scripts;
mod settings;
#[cfg(test)]
mod tests;
pub mod units;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags, Path};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::{Findings, Rule};
use crate::value::Object;

pub use settings::{AdoptFrom, HostPlace, OnDestroy, Outputs, Secrets};

/// The resource.
pub struct SharedSecrets;

impl Resource for SharedSecrets {
    const NAME: &'static str = "harbor_shared_secrets";
    const DESCRIPTION: &'static str = "The secrets that must be equal on every node of one Harbor.\n\nThey are made on a host, \
         carried to the others, and kept equal there: a copy that is lost or changed is repaired \
         from another host. Neither plan nor state holds them.";
    type Settings = Secrets;
    type Outputs = Outputs;
    type Facts = facts::Facts;

    fn rules() -> &'static [Rule<Secrets>] {
        RULES
    }

    fn id(settings: &Secrets) -> String {
        settings.directory.clone()
    }

    fn targets(settings: &Secrets) -> Vec<(String, Ssh)> {
        settings.hosts.iter().map(|(name, host)| (name.clone(), host.ssh.clone())).collect()
    }

    fn questions(settings: &Secrets) -> Vec<Question> {
        facts::questions(settings)
    }

    fn facts(settings: &Secrets, answers: &Answers) -> Result<facts::Facts, Diags> {
        Ok(facts::facts(settings, answers))
    }

    fn observe(
        settings: &Secrets,
        facts: &facts::Facts,
        _missing: &BTreeMap<String, String>,
    ) -> Observation {
        observe::observe(settings, facts)
    }

    fn plan(settings: &Secrets, facts: &facts::Facts, known: Known<'_>) -> Plan {
        plan::plan(settings, facts, known)
    }

    fn destroy(settings: &Secrets, facts: &facts::Facts, _known: Known<'_>) -> Plan {
        plan::destroy(settings, facts)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}

const RULES: &[Rule<Secrets>] =
    &[Rule { reads: &["hosts{}", "authority", "adopt_from.host"], check: hosts }];

/// Hosts are named where there are some.
fn hosts(settings: &Secrets, found: &mut Findings) {
    if settings.hosts.is_empty() {
        found.error(Path::of("hosts"), "No hosts", "hosts must name at least one host.");
    }
    let adopted = settings.adopt_from.as_ref().and_then(|a| a.host.as_ref());
    for (path, name) in [("authority", settings.authority.as_ref()), ("adopt_from.host", adopted)] {
        let names: Vec<&str> = settings.hosts.keys().map(String::as_str).collect();
        if let Some(name) = name.filter(|n| !settings.hosts.contains_key(*n)) {
            let detail =
                format!("\"{name}\" is not a key of hosts, which are: {}.", names.join(", "));
            found.error(Path::of(path), "Unknown host", detail);
        }
    }
}
