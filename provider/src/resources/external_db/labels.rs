//! What things are called in `status` and in memory, and the step that changes them.

use super::facts::NODE;
use super::settings::ExternalDb;
use super::sql;
use crate::resource::Plan;
use crate::step::{Action, Risk, Sql, Step};

/// Of a password that is the wanted one.
pub(super) const AS_WANTED: &str = "password as wanted";

/// The role in `status`.
pub(super) fn role_label(settings: &ExternalDb) -> String {
    format!("role {}", settings.user)
}

/// A database in `status`.
pub(super) fn database_label(name: &str) -> String {
    format!("database {name}")
}

/// The name under which the verifier's digest is remembered. The key of digests is the host's, so
/// that after a switchover, on another host, the password counts as not remembered, and not as
/// changed.
pub(super) fn memory_label(settings: &ExternalDb) -> String {
    format!("role {} ({}:{})", settings.user, settings.ssh.host, settings.ssh.port)
}

/// A step that runs SQL, or why there can be none.
pub(super) fn step(
    settings: &ExternalDb,
    what: String,
    database: &str,
    statements: Vec<String>,
) -> Plan {
    risky(settings, Risk::Quiet, what, database, statements)
}

/// The same, of one that users may notice.
pub(super) fn risky(
    settings: &ExternalDb,
    risk: Risk,
    what: String,
    database: &str,
    statements: Vec<String>,
) -> Plan {
    let mut plan = Plan::default();
    if let Some(server) = sql::server(settings) {
        let sql = Sql { server, database: database.to_owned(), statements };
        plan.step(Step { risk, ..Step::new(NODE, what, Action::Sql(sql)) });
    } else {
        plan.refuse(
            "server.admin_password_wo",
            "Missing password",
            format!(
                "{} cannot be changed without the password of its administrator.",
                settings.place()
            ),
        );
    }
    plan
}
