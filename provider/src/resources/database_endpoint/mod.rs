//! `harbor_database_endpoint`: one address on a host that always leads to the primary.
//!
//! # Invariants
//! - A change of roles changes no file here and needs no command: HAProxy asks the servers' hosts.
//! - The distribution's own instance of HAProxy is left alone, and is not started where we bring the
//!   package.
//! - An endpoint that leads nowhere is an error of the apply that made it so, and what was there is put
//!   back.

mod destroy;
mod facts;
mod files;
mod import;
mod observe;
mod plan;
mod questions;
mod scripts;
mod settings;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::Rule;
use crate::value::Object;

pub use settings::{DatabaseEndpoint, Outputs, Server};

/// The resource.
pub struct Endpoint;

impl Resource for Endpoint {
    const NAME: &'static str = "harbor_database_endpoint";
    const DESCRIPTION: &'static str = "\
One address on a host that always leads to the primary of a PostgreSQL pair.

An HAProxy on the host asks each server's host whether it is the primary (`role_check_port` of the \
pair, or Patroni's own API), leads to that one, cuts what is connected to one that no longer is, and \
lets new connections wait while there is none. A Harbor that has this address as its database needs \
neither a restart nor a changed file when the roles change.

The address stands on the host's `lo`, where every container of that host reaches it and no other host \
does. A firewall on the host must let containers in to it. `client_rules` of the pair must let in the \
host's own address, as HAProxy connects from there.

Give it `create_before_destroy`: without it, Terraform removes an endpoint that is no longer wanted \
before it has changed the nodes that still use it.";
    type Settings = DatabaseEndpoint;
    type Outputs = Outputs;
    type Facts = facts::Facts;

    fn rules() -> &'static [Rule<DatabaseEndpoint>] {
        validate::RULES
    }

    fn id(settings: &DatabaseEndpoint) -> String {
        format!("{}:{}", settings.ssh.host, settings.ssh.port)
    }

    fn targets(settings: &DatabaseEndpoint) -> Vec<(String, Ssh)> {
        vec![(facts::NODE.to_owned(), settings.ssh.clone())]
    }

    /// One after the other: while one restarts, the nodes behind the others serve.
    fn exclusive(_settings: &DatabaseEndpoint) -> Vec<String> {
        vec!["database endpoint".to_owned()]
    }

    fn questions(settings: &DatabaseEndpoint) -> Vec<Question> {
        questions::questions(settings)
    }

    fn facts(_settings: &DatabaseEndpoint, answers: &Answers) -> Result<facts::Facts, Diags> {
        Ok(facts::facts(answers))
    }

    fn observe(
        settings: &DatabaseEndpoint,
        facts: &facts::Facts,
        _missing: &BTreeMap<String, String>,
    ) -> Observation {
        observe::observe(settings, facts)
    }

    fn plan(settings: &DatabaseEndpoint, facts: &facts::Facts, known: Known<'_>) -> Plan {
        plan::plan(settings, facts, known)
    }

    fn destroy(settings: &DatabaseEndpoint, facts: &facts::Facts, _known: Known<'_>) -> Plan {
        destroy::destroy(settings, facts)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
