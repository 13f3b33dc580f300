//! What things are called in `status` and in memory, and the step that changes them.

use super::facts::NODE;
use super::settings::ExternalDb;
use super::sql;
use crate::resource::Plan;
use crate::step::{Action, Sql, Step};

/// Of a password that is the wanted one.
pub(super) const AS_WANTED: &str = "password as wanted";

/// The role in `status`.
pub(super) fn role_label(settings: &ExternalDb) -> String {
    format!("role {}", settings.user)
}

/// The name under which the verifier's digest is remembered. The key of digests is the host's, so
/// that after a switchover, on another host, the password counts as not remembered, and not as
/// changed.
pub(super) fn memory_label(settings: &ExternalDb) -> String {
    format!("role {} ({}:{})", settings.user, settings.ssh.host, settings.ssh.port)
}

/// One more step that runs SQL.
pub(super) fn step(
    settings: &ExternalDb,
    plan: &mut Plan,
    what: String,
    database: &str,
    statements: Vec<String>,
) {
    let Some(server) = sql::server(settings) else {
        plan.refuse(
            "server.admin_password_wo",
            "Missing password",
            format!(
                "{} cannot be changed without the password of its administrator.",
                settings.place()
            ),
        );
        return;
    };
    let sql = Sql { server, database: database.to_owned(), statements };
    plan.step(Step::new(NODE, what, Action::Sql(sql)));
}
