//! The role: made, adopted, its password kept.

use super::facts::{Cluster, Facts, Reachability, Role, StoredPassword};
use super::labels::{AS_WANTED, memory_label, risky, role_label, step};
use super::settings::ExternalDb;
use super::sql;
use crate::diag::{Diag, Path};
use crate::resource::{Context, Plan};
use crate::scram;
use crate::step::Risk;

/// What the role needs.
pub(super) fn plan(settings: &ExternalDb, facts: &Facts, context: &Context) -> Plan {
    match &facts.role {
        None => made(settings, facts),
        Some(role) => kept(settings, role, &facts.cluster, context),
    }
}

fn made(settings: &ExternalDb, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    plan.status(role_label(settings), "", &wanted_text(settings, None));
    let Some(password) = &settings.password_wo else {
        plan.refusals.push(missing_password(settings));
        return plan;
    };
    let statements = sql::create_role(&settings.user, password, settings.connection_limit);
    let what = format!("create role {}", settings.user);
    plan.add(step(settings, what, sql::MAINTENANCE, statements));
    if facts.reach == Reachability::Answers {
        plan.add(join(settings, &facts.cluster));
    } else if settings.server.is_some() {
        plan.add(join(settings, &Cluster::default()));
    }
    plan
}

fn kept(settings: &ExternalDb, role: &Role, cluster: &Cluster, context: &Context) -> Plan {
    let mut plan = Plan::default();
    let fit = password_match(settings, role, context);
    if let (PasswordMatch::Unproven, StoredPassword::Unknown(why)) = (fit, &role.password) {
        plan.refusals.push(unproven(settings, why));
    }
    let wanted = wanted_text(settings, Some(role));
    plan.status(role_label(settings), &text(settings, role, fit.word()), &wanted);
    if !role.login || differs(settings.connection_limit, role.connections) {
        let statement = sql::set_role(&settings.user, settings.connection_limit);
        let what = match settings.connection_limit {
            Some(limit) => format!("let role {} log in, with {limit} connections", settings.user),
            None => format!("let role {} log in", settings.user),
        };
        plan.add(step(settings, what, sql::MAINTENANCE, vec![statement]));
    }
    match fit {
        PasswordMatch::Differs => {
            plan.add(set_password(settings, Risk::Disruptive(refused(settings))));
        }
        PasswordMatch::Md5 => plan.add(set_password(settings, Risk::Quiet)),
        PasswordMatch::Same | PasswordMatch::Unknown | PasswordMatch::Unproven => {}
    }
    if !role.usable {
        plan.add(join(settings, cluster));
    }
    plan
}

fn join(settings: &ExternalDb, cluster: &Cluster) -> Plan {
    if cluster.superuser {
        return Plan::default();
    }
    let what = format!("become a member of role {}", settings.user);
    step(settings, what, sql::MAINTENANCE, vec![sql::join_role(&settings.user)])
}

fn missing_password(settings: &ExternalDb) -> Diag {
    let detail = format!("password_wo must be set: the password of role {}.", settings.user);
    Diag::error("Missing password", detail).at(Path::of("password_wo"))
}

fn set_password(settings: &ExternalDb, risk: Risk) -> Plan {
    let Some(password) = &settings.password_wo else {
        return Plan { refusals: vec![missing_password(settings)], ..Plan::default() };
    };
    let what = format!("set the password of role {}", settings.user);
    let statements = sql::set_password(&settings.user, password);
    risky(settings, risk, what, sql::MAINTENANCE, statements)
}

fn refused(settings: &ExternalDb) -> String {
    format!(
        "role {} of {} gets another password: whoever logs in with the one before is refused until \
         it has the new one; open connections stay",
        settings.user,
        settings.place()
    )
}

fn differs(limit: Option<i64>, connections: i64) -> bool {
    limit.is_some_and(|limit| limit != connections)
}

/// How the stored password stands to the wanted one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PasswordMatch {
    /// The same, or the one that we wrote.
    Same,
    /// The same, stored as an MD5 hash: SCRAM replaces it, and nobody is refused.
    Md5,
    /// Another.
    Differs,
    /// Nobody was asked.
    Unknown,
    /// Nobody can say.
    Unproven,
}

impl PasswordMatch {
    fn word(self) -> &'static str {
        match self {
            Self::Same => AS_WANTED,
            Self::Md5 => "password as wanted, with an MD5 hash",
            Self::Differs => "another password",
            Self::Unknown | Self::Unproven => "password not checked",
        }
    }
}

fn password_match(settings: &ExternalDb, role: &Role, context: &Context) -> PasswordMatch {
    let kept = context.secrets_unchanged && context.prior.is_some();
    let memory = context.as_written.get(&memory_label(settings)).copied();
    // An ephemeral password is another one in each run; without memory of what was written, a
    // version that did not change says that the server's is to stay.
    if kept && memory != Some(false) {
        return PasswordMatch::Same;
    }
    match (&role.password, &settings.password_wo) {
        (StoredPassword::Verifier(text), Some(password)) if scram::is_of(text, password) => {
            PasswordMatch::Same
        }
        (StoredPassword::Verifier(text), Some(password))
            if scram::is_md5_of(text, &settings.user, password) =>
        {
            PasswordMatch::Md5
        }
        (StoredPassword::Accepted, _) => PasswordMatch::Same,
        (StoredPassword::Verifier(_) | StoredPassword::Rejected, _) => PasswordMatch::Differs,
        (StoredPassword::Unknown(_), _) => PasswordMatch::Unproven,
        (StoredPassword::NotAsked, _) => PasswordMatch::Unknown,
    }
}

/// Nobody can say whether the password is right.
fn unproven(settings: &ExternalDb, why: &str) -> Diag {
    let detail = format!(
        "{}: {} may not read stored passwords, and a login as {} from {} fails for another reason \
         than the password, so it cannot be said whether the password is right. Allow that login, \
         for example in pg_hba.conf or the server's allow list. The reason: {why}",
        settings.place(),
        settings.server.as_ref().map_or("postgres", |s| &s.admin_user),
        settings.user,
        settings.ssh.host
    );
    Diag::error("Cannot prove the password", detail).at(Path::of("password_wo"))
}

/// The role as it is, in `status`.
pub(super) fn text(settings: &ExternalDb, role: &Role, password: &str) -> String {
    let login = if role.login { "login" } else { "no login" };
    format!("{login}, {password}{}", limit_text(settings, role.connections))
}

fn wanted_text(settings: &ExternalDb, role: Option<&Role>) -> String {
    let connections = settings.connection_limit.or(role.map(|r| r.connections)).unwrap_or(-1);
    format!("login, {AS_WANTED}{}", limit_text(settings, connections))
}

/// Shown where it is managed; -1 is no limit.
fn limit_text(settings: &ExternalDb, connections: i64) -> String {
    match (settings.connection_limit, connections) {
        (None, _) => String::new(),
        (Some(_), -1) => ", any number of connections".to_owned(),
        (Some(_), n) => format!(", at most {n} connections"),
    }
}
