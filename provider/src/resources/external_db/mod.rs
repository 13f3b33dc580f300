//! `harbor_external_db`: Harbor's role and databases in a PostgreSQL server.

mod database;
mod destroy;
pub mod facts;
mod import;
mod labels;
mod observe;
mod plan;
mod role;
mod settings;
pub mod sql;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags, Path};
use crate::resource::{Answers, ImportRequest, Known, Observation, Plan, Question, Resource, Ssh};
use crate::rule::{Findings, Rule};
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
        RULES
    }

    fn id(settings: &ExternalDb) -> String {
        settings.user.clone()
    }

    fn targets(settings: &ExternalDb) -> Vec<(String, Ssh)> {
        vec![(facts::NODE.to_owned(), settings.ssh.clone())]
    }

    fn questions(settings: &ExternalDb) -> Vec<Question> {
        facts::questions(settings)
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

const RULES: &[Rule<ExternalDb>] = &[
    Rule { reads: &["user", "password_wo"], check: password },
    Rule { reads: &["server", "on_destroy"], check: elsewhere },
];

fn missing(found: &mut Findings, path: &str, whose: &str) {
    let detail = format!("{path} must be set: the password of {whose}.");
    found.error(Path::of(path), "Missing password", detail);
}

fn password(settings: &ExternalDb, found: &mut Findings) {
    if settings.password_wo.is_none() {
        missing(found, "password_wo", &format!("the role {}", settings.user));
    }
}

fn elsewhere(settings: &ExternalDb, found: &mut Findings) {
    let Some(server) = &settings.server else { return };
    if server.admin_password_wo.is_none() {
        missing(found, "server.admin_password_wo", &server.admin_user);
    }
    if settings.on_destroy != OnDestroy::Keep {
        let detail = "A destroy has no configuration, and so no password for this server: \
                      on_destroy must be \"keep\" with server. Drop the databases by hand when \
                      they are no longer needed.";
        found.error(Path::of("on_destroy"), "Destroy cannot log in", detail);
    }
}
