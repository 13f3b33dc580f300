//! `harbor_ha_node`: one Harbor node on one host.

mod checks;
mod compose;
mod configuration;
mod destroy;
mod facts;
mod harbor_yml;
mod import;
mod input_digest;
mod layout;
mod logins;
mod observe;
mod plan;
mod questions;
mod scripts;
mod semantic_equality;
mod settings;
#[cfg(test)]
mod tests;
mod texts;
mod validate;
mod version;

pub use facts::Facts;
pub use settings::{HaNode, Outputs};

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::Rule;
use crate::value::Object;

/// The resource.
pub struct Node;

impl Resource for Node {
    const NAME: &'static str = "harbor_ha_node";
    const DESCRIPTION: &'static str = "One Harbor node on one host.\n\n\
        Installs Docker and Compose, brings Harbor's installer, writes `harbor.yml`, runs Harbor's \
        own `prepare`, and keeps the node as configured. PostgreSQL, Redis and storage are shared \
        with the other nodes; `hostname` is the name of the load balancer before them. Nodes of one \
        `hostname` change one at a time, the next only when the last is healthy. A configuration \
        that `prepare` refuses leaves the node running with the one before, and so does a database \
        or a Redis that does not let the node in: both are tried from its host first. Where a node \
        does not become healthy with a new configuration of the same release, the one before is put \
        back. What others have written into `docker-compose.override.yml` stays.";
    type Settings = HaNode;
    type Outputs = Outputs;
    type Facts = Facts;

    fn rules() -> &'static [Rule<HaNode>] {
        validate::RULES
    }

    fn id(settings: &HaNode) -> String {
        let ssh = &settings.ssh;
        let user = ssh.user.as_deref().unwrap_or("root");
        format!("{user}@{}:{}{}", ssh.host, ssh.port, settings.directory)
    }

    fn targets(settings: &HaNode) -> Vec<(String, Ssh)> {
        vec![(facts::HOST.to_owned(), settings.ssh.clone())]
    }

    fn exclusive(settings: &HaNode) -> Vec<String> {
        vec![format!("harbor {}", settings.hostname)]
    }

    fn questions(settings: &HaNode) -> Vec<Question> {
        questions::questions(settings)
    }

    fn follow_up(settings: &HaNode, answers: &Answers) -> Vec<Question> {
        logins::questions(settings, &facts::read(settings, answers))
    }

    fn facts(settings: &HaNode, answers: &Answers) -> Result<Facts, Diags> {
        Ok(facts::read(settings, answers))
    }

    fn observe(
        settings: &HaNode,
        facts: &Facts,
        _missing: &BTreeMap<String, String>,
    ) -> Observation {
        observe::observe(settings, facts)
    }

    fn plan(settings: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
        plan::plan(settings, facts, known)
    }

    fn destroy(settings: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
        destroy::destroy(settings, facts, known)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
