//! `harbor_external_db`: Harbor's role and databases in a PostgreSQL server.

mod database;
mod destroy;
pub mod facts;
mod import;
mod labels;
mod observe;
mod plan;
mod questions;
mod role;
mod settings;
pub mod sql;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::Rule;
use crate::value::Object;

pub use settings::{ExternalDb, OnDestroy, Outputs, SslMode, TcpServer};

/// The resource.
pub struct ExternalDatabase;

impl Resource for ExternalDatabase {
    const NAME: &'static str = "harbor_external_db";
    const DESCRIPTION: &'static str = "Harbor's role and databases in a PostgreSQL server.\n\nThe server is the primary of a \
         pair, any cluster on a host, or one that a host can reach, such as RDS. A role or database \
         that exists already is adopted. Nothing is dropped or renamed by a change.";
    type Settings = ExternalDb;
    type Outputs = Outputs;
    type Facts = facts::Facts;

    fn rules() -> &'static [Rule<ExternalDb>] {
        validate::RULES
    }

    fn id(settings: &ExternalDb) -> String {
        settings.user.clone()
    }

    fn targets(settings: &ExternalDb) -> Vec<(String, Ssh)> {
        vec![(facts::NODE.to_owned(), settings.ssh.clone())]
    }

    fn questions(settings: &ExternalDb) -> Vec<Question> {
        questions::questions(settings)
    }

    fn facts(settings: &ExternalDb, answers: &Answers) -> Result<facts::Facts, Diags> {
        Ok(facts::facts(settings, answers))
    }

    fn observe(
        settings: &ExternalDb,
        facts: &facts::Facts,
        _missing: &BTreeMap<String, String>,
    ) -> Observation {
        observe::observe(settings, facts)
    }

    fn plan(settings: &ExternalDb, facts: &facts::Facts, known: Known<'_>) -> Plan {
        plan::plan(settings, facts, known)
    }

    fn destroy(settings: &ExternalDb, facts: &facts::Facts, _known: Known<'_>) -> Plan {
        destroy::destroy(settings, facts)
    }

    fn import_request(id: &str) -> Result<ImportRequest, Diag> {
        import::request(id)
    }

    fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
        import::import(id, answers)
    }
}
