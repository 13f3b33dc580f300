//! The primary: its cluster, the roles that replicate, the slot.

use std::time::Duration;

use super::super::case::{Case, Side};
use super::super::describe::role;
use super::super::facts::Role;
use super::super::names::REWINDER;
use super::super::scripts::Scripts;
use super::super::settings::Member;
use crate::diag::Diag;
use crate::resource::Plan;
use crate::scram;
use crate::secret::Secret;
use crate::step::{Action, Step};

/// Stands for the password in a text whose password the host makes.
const PLACE: &str = "@PASSWORD@";

/// The cluster on the primary's host, and its password file.
pub fn plan(case: &Case, plan: &mut Plan) {
    let side = case.primary();
    case.file(plan, side.member, Ok(side.files.marker()));
    if !side.host.dir.has_data() || side.host.making {
        make(&side, plan);
    }
    around(case, plan, side.member);
    passfile(case, plan);
    let wanted = "primary";
    plan.status(format!("{}: role", side.member.word()), &role(case, side.host), wanted);
}

fn make(side: &Side, plan: &mut Plan) {
    let host = side.member.word();
    if side.host.making {
        let what = "move aside a cluster whose making was cut off";
        plan.step(Step::run(host, what, side.scripts.move_aside()));
    }
    let what = format!("make the cluster in {}", side.paths.data);
    plan.step(Step::run(host, what, side.scripts.make_cluster()));
}

/// What surrounds a cluster on either host: mounts, archive, start at boot.
pub fn around(case: &Case, plan: &mut Plan, member: Member) {
    let (side, host) = (case.side(member), member.word());
    if case.file(plan, member, side.files.dropin()) || side.host.needs_daemon_reload {
        plan.step(Step::run(host, "have systemd read its units", Scripts::daemon_reload()));
    }
    if let Some(script) = side.files.archive_script() {
        case.file(plan, member, script);
    }
    if let Some(dir) = &case.settings.archive_dir {
        let label = format!("{host}: archive {dir}");
        let actual = match side.host.archive.as_str() {
            "" => String::new(),
            owner => format!("directory of {owner}"),
        };
        if plan.status(label, &actual, "directory of postgres") {
            let what = format!("make {dir}");
            plan.step(Step::run(host, what, Scripts::archive_dir(dir)));
        }
    }
    permissions(plan, &side);
    service(plan, &side);
}

/// PostgreSQL does not start in a directory that others may read.
fn permissions(plan: &mut Plan, side: &Side) {
    let found = side.host.dir_mode.as_str();
    if !["", "700 postgres", "750 postgres"].contains(&found) {
        let host = side.member.word();
        plan.status(format!("{host}: mode and owner of {}", side.paths.data), found, "");
        let what = format!("give {} to postgres alone", side.paths.data);
        plan.step(Step::run(host, what, side.scripts.data_dir_mode()));
    }
}

/// The unit. Whether it starts is decided where the configuration is written; whether it starts at
/// boot is decided here.
fn service(plan: &mut Plan, side: &Side) {
    let host = side.member.word();
    let start = match side.host.start.as_str() {
        "auto" => "enabled",
        other => other,
    };
    let actual = if side.host.cluster {
        let runs = side.host.sql.is_some() || side.host.pid.is_some();
        let active = if runs { "active" } else { "inactive" };
        format!("{active}, {start}")
    } else {
        String::new()
    };
    let unit = side.paths.unit.trim_end_matches(".service");
    plan.status(format!("{host}: service {unit}"), &actual, "active, enabled");
    // What is half rewound stays disabled: it may have no fence.
    if side.host.cluster && side.host.start != "auto" && !side.host.rewinding {
        let what = "have the cluster start at boot";
        plan.step(Step::run(host, what, side.scripts.start_conf("auto")));
    }
}

/// The password file: written where the password is known, else made on the host.
fn passfile(case: &Case, plan: &mut Plan) {
    let (side, host) = (case.primary(), case.primary().member.word());
    if let Some(password) = case.password() {
        if !case.rotates() {
            case.file(plan, side.member, side.files.passfile(&password));
        }
        return;
    }
    unknown_passfile(case, plan, side.member);
    if let Ok(file) = side.files.passfile(&Secret::from(PLACE)) {
        let script = side.scripts.make_password(file.content.expose());
        plan.step(Step::run(host, "make the replication password", script));
    }
}

/// Show the password file that will be, without a step: its password is not known yet.
pub fn unknown_passfile(case: &Case, plan: &mut Plan, member: Member) {
    let side = case.side(member);
    let before = plan.steps.len();
    case.file(plan, member, side.files.passfile(&Secret::from(PLACE)));
    plan.steps.truncate(before);
}

/// Roles and slot, once the primary runs and the password is known.
pub fn access(case: &Case, plan: &mut Plan) {
    let user = case.settings.replication_user.clone();
    access_role(case, plan, &user, "login, replication, password of the password file");
    access_role(case, plan, REWINDER, "login, rewind, password of the password file");
    let side = case.primary();
    let host = side.member.word();
    if case.rotates() {
        rotation(case, plan);
    }
    let slot = &case.settings.slot_name;
    let found = side.host.sql.iter().flat_map(|s| &s.slots).find(|s| s.name == *slot);
    let actual = found.map_or("", |s| s.r#type.as_str());
    let differs = plan.status(format!("{host}: slot {slot}"), actual, "physical");
    if differs && side.host.sql.is_some() {
        plan.step(Step::run(host, format!("make the slot {slot}"), side.scripts.slot()));
    }
}

/// The role first: the open stream outlives that, and until the standby has the new password too, only
/// a broken stream would have to wait.
fn rotation(case: &Case, plan: &mut Plan) {
    let (primary, standby) = (case.primary(), case.standby());
    if let Some(password) = case.password() {
        case.file(plan, primary.member, primary.files.passfile(&password));
    }
    if case.context.reading {
        return;
    }
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
    plan.warnings.push(Diag::warning("The replication password changes", detail));
}

fn access_role(case: &Case, plan: &mut Plan, name: &str, wanted: &str) {
    let side = case.primary();
    let roles = side.host.sql.iter().flat_map(|s| &s.roles);
    let role = roles.clone().find(|r| r.name == name);
    let password = case.password();
    let actual = role.map(|r| describe(r, &side, password.as_ref())).unwrap_or_default();
    let label = format!("{}: role {name}", side.member.word());
    let differs = plan.status(label, &actual, wanted);
    if let (true, true, Some(password)) = (differs, side.host.sql.is_some(), password) {
        let verifier = role
            .and_then(|r| r.verifier.as_ref())
            .filter(|v| scram::is_of(v, &password))
            .map_or_else(|| scram::verifier(&password), Clone::clone);
        let action = Action::Run {
            script: side.scripts.sql_from_stdin(),
            stdin: Some(role_sql(name, &verifier)),
            limit: Duration::from_secs(120),
        };
        plan.step(Step::new(side.member.word(), format!("set up the role {name}"), action));
    }
}

fn describe(role: &Role, side: &Side, password: Option<&Secret>) -> String {
    let grants = side.host.sql.as_ref().map_or(0, |s| s.rewind_grants);
    let rewinds = role.name == REWINDER && grants == REWIND_FUNCTIONS_COUNT;
    let good = role.verifier.as_ref().zip(password).is_some_and(|(v, p)| scram::is_of(v, p));
    let mut words = Vec::new();
    words.extend(role.login.then_some("login"));
    words.extend((role.replication && role.name != REWINDER).then_some("replication"));
    words.extend(rewinds.then_some("rewind"));
    words.push(match (&role.verifier, good) {
        (None, _) => "no password",
        (Some(_), true) => "password of the password file",
        (Some(_), false) => "another password",
    });
    words.join(", ")
}

/// How many functions [`REWIND_FUNCTIONS`] names.
const REWIND_FUNCTIONS_COUNT: i64 = 4;

/// The functions that `pg_rewind` calls on its source.
const REWIND_FUNCTIONS: &str = "\
pg_catalog.pg_ls_dir(text, boolean, boolean), pg_catalog.pg_stat_file(text, boolean), \
pg_catalog.pg_read_binary_file(text), pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean)";

/// The statements; nothing of them is logged by the server, and no standby is waited for.
pub fn role_sql(name: &str, verifier: &Secret) -> Secret {
    let attributes = if name == REWINDER { "LOGIN" } else { "LOGIN REPLICATION" };
    let mut sql = format!(
        "SET log_statement = 'none'; SET log_min_duration_statement = -1; \
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
