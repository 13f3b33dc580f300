//! `harbor_shared_secrets`: the secrets that must be equal on every node of one Harbor.

mod choose;
mod destroy;
pub mod facts;
mod import;
mod observe;
mod plan;
mod questions;
mod scripts;
mod settings;
#[cfg(test)]
mod tests;
pub mod units;
mod validate;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::Rule;
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
        validate::RULES
    }

    fn id(settings: &Secrets) -> String {
        settings.directory.clone()
    }

    fn targets(settings: &Secrets) -> Vec<(String, Ssh)> {
        settings.hosts.iter().map(|(name, host)| (name.clone(), host.ssh.clone())).collect()
    }

    fn questions(settings: &Secrets) -> Vec<Question> {
        questions::questions(settings)
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
        destroy::destroy(settings, facts)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
