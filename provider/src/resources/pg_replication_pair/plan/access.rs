//! Who may replicate: the roles, their password, the slot.

use std::time::Duration;

use super::super::case::Case;
use super::super::describe;
use super::super::facts::Role;
use super::super::names::REWINDER;
use super::super::observe::slot;
use super::super::steps::Work;
use crate::plan::Plan;
use crate::scram;
use crate::secret::Secret;
use crate::step::{Action, Step};

/// Roles and slot, once the primary runs and the password is known.
pub fn steps(case: &Case) -> Work {
    let mut work = Work::default();
    work.cutting(set_up(case, &case.settings.replication_user));
    work.add(set_up(case, REWINDER));
    let side = case.primary();
    // The role first: the open stream outlives that, and until the standby has the new password too,
    // only a broken stream would have to wait.
    if let Some(password) = case.password().filter(|_| case.rotates()) {
        work.add(case.write(side.member, side.files.passfile(&password)));
    }
    if slot(case) != "physical" && side.host.sql.is_some() {
        let what = format!("make the slot {}", case.settings.slot_name);
        work.cutting([Step::run(side.member.word(), what, side.scripts.slot())]);
    }
    work
}

/// What there is to say of a new password.
pub fn rotation(case: &Case) -> Plan {
    let mut plan = Plan::default();
    if !case.rotates() {
        return plan;
    }
    let (primary, standby) = (case.primary(), case.standby());
    if case.missing(standby.member).is_some() {
        let detail = format!(
            "{} does not answer, and with a new password of the role its standby could not log in \
             again. Change the password when it answers.",
            case.settings.place(standby.member)
        );
        plan.refuse(
            "replication_password_wo_version",
            "The password cannot be changed now",
            detail,
        );
    }
    let detail = format!(
        "The roles on {0} get it first, then the password files of both hosts. The stream stays open; \
         that {1} can log in with the new password is proven by a new connection to {0}.",
        primary.member.word(),
        standby.member.word()
    );
    plan.warn("The replication password changes", detail);
    plan
}

/// A role of the primary.
pub fn role<'a>(case: &Case<'a>, name: &str) -> Option<&'a Role> {
    let mut roles = case.primary().host.sql.iter().flat_map(|s| &s.roles);
    roles.find(|r| r.name == name)
}

/// How a role should be.
pub fn wanted(name: &str) -> &'static str {
    match name {
        REWINDER => "login, rewind, password of the password file",
        _ => "login, replication, password of the password file",
    }
}

fn set_up(case: &Case, name: &str) -> Option<Step> {
    let side = case.primary();
    let password = case.password().filter(|_| side.host.sql.is_some())?;
    let role = role(case, name);
    let actual = role.map(|r| describe::access(side.host, r, Some(&password)));
    if actual.as_deref() == Some(wanted(name)) {
        return None;
    }
    let verifier = role
        .and_then(|r| r.verifier.as_ref())
        .filter(|v| scram::is_of(v, &password))
        .map_or_else(|| scram::verifier(&password), Clone::clone);
    let action = Action::Run {
        script: side.scripts.sql_from_stdin(),
        stdin: Some(role_sql(name, &verifier)),
        limit: Duration::from_secs(120),
    };
    Some(Step::new(side.member.word(), format!("set up the role {name}"), action))
}

/// The functions that `pg_rewind` calls on its source.
const REWIND_FUNCTIONS: &str = "\
pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean), \
pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)";

/// The statements; nothing of them is logged by the server, and no standby is waited for.
pub fn role_sql(name: &str, verifier: &Secret) -> Secret {
    let attributes = if name == REWINDER { "LOGIN" } else { "LOGIN REPLICATION" };
    let mut sql = format!(
        "SET log_statement = 'none'; SET log_min_duration_statement = -1; \
         SET log_min_duration_sample = -1; SET log_transaction_sample_rate = 0; \
         SET log_min_error_statement = 'panic'; SET synchronous_commit = local;\n\
         SELECT 'CREATE ROLE \"{name}\"' WHERE NOT EXISTS \
         (SELECT FROM pg_roles WHERE rolname = '{name}') \\gexec\n\
         ALTER ROLE \"{name}\" {attributes} PASSWORD {};\n",
        render::quote::sql_literal(verifier.expose()).unwrap_or_else(|_| "NULL".to_owned())
    );
    if name == REWINDER {
        sql.extend(["GRANT EXECUTE ON FUNCTION ", REWIND_FUNCTIONS, " TO ", REWINDER, ";\n"]);
    }
    Secret::from(sql)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;
    use crate::real_postgres::{LOG_WAYS, Postgres, programs};

    /// As the step does it.
    fn psql(postgres: &Postgres, text: &str) -> bool {
        let mut command = Command::new(programs().expect("it runs").join("psql"));
        command.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", "postgres"]);
        command.arg("-h").arg(postgres.sockets()).args(["-p", &postgres.port.to_string()]);
        let mut child = command.stdin(Stdio::piped()).spawn().expect("psql starts");
        child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("written");
        child.wait().expect("it ends").success()
    }

    #[tokio::test]
    async fn no_verifier_stands_in_the_servers_log() {
        let Some(postgres) = Postgres::start() else { return };
        let verifier = Secret::from("SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy");
        for way in LOG_WAYS {
            postgres.log_by(way).await;
            let text = role_sql("replicator", &verifier);
            assert!(psql(&postgres, text.expose()), "{}", postgres.log());
            // It fails, and that is logged with the statement.
            let broken = text.expose().replace("LOGIN REPLICATION", "LOGIN REPLICATED");
            assert!(!psql(&postgres, &broken));
            assert!(!postgres.log().contains("SCRAM-SHA-256$"), "{}", postgres.log());
        }
    }
}
