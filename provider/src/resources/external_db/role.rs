//! The role: made, adopted, its password kept.

use super::facts::{Cluster, Facts, Reach, Role, Stored};
use super::labels::{AS_WANTED, memory_label, role_label, step};
use super::settings::ExternalDb;
use super::sql;
use crate::resource::{Context, Plan};
use crate::scram;
use crate::secret::Secret;
use crate::step::Risk;

/// What the role needs.
pub(super) fn plan(settings: &ExternalDb, facts: &Facts, context: &Context, plan: &mut Plan) {
    let label = role_label(settings);
    let wanted = wanted_text(settings, facts.role.as_ref());
    let Some(role) = &facts.role else {
        plan.status(label, "", &wanted);
        let Some(password) = required_password(settings, plan) else { return };
        let statement = sql::create_role(&settings.user, &password, settings.connection_limit);
        let what = format!("create role {}", settings.user);
        step(settings, plan, what, sql::MAINTENANCE, vec![statement]);
        if facts.reach == Reach::Answers {
            join(settings, &facts.cluster, plan);
        } else if settings.server.is_some() {
            join(settings, &Cluster::default(), plan);
        }
        return;
    };
    let fit = password_fit(settings, role, context, plan);
    plan.status(label, &text(settings, role, fit.word()), &wanted);
    if !role.login || differs(settings.connection_limit, role.connections) {
        let statement = sql::set_role(&settings.user, settings.connection_limit);
        let what = match settings.connection_limit {
            Some(limit) => format!("let role {} log in, with {limit} connections", settings.user),
            None => format!("let role {} log in", settings.user),
        };
        step(settings, plan, what, sql::MAINTENANCE, vec![statement]);
    }
    match fit {
        Fit::Differs => set_password(settings, plan, Risk::Disruptive(refused(settings))),
        Fit::Md5 => set_password(settings, plan, Risk::Quiet),
        Fit::Same | Fit::Unknown => {}
    }
    if !role.usable {
        join(settings, &facts.cluster, plan);
    }
}

fn join(settings: &ExternalDb, cluster: &Cluster, plan: &mut Plan) {
    if !cluster.superuser {
        let what = format!("become a member of role {}", settings.user);
        let statement = sql::join_role(&settings.user);
        step(settings, plan, what, sql::MAINTENANCE, vec![statement]);
    }
}

fn required_password(settings: &ExternalDb, plan: &mut Plan) -> Option<Secret> {
    if settings.password_wo.is_none() {
        let detail = format!("password_wo must be set: the password of role {}.", settings.user);
        plan.refuse("password_wo", "Missing password", detail);
    }
    settings.password_wo.clone()
}

fn set_password(settings: &ExternalDb, plan: &mut Plan, risk: Risk) {
    let Some(password) = required_password(settings, plan) else { return };
    let what = format!("set the password of role {}", settings.user);
    let statement = sql::set_password(&settings.user, &password);
    step(settings, plan, what, sql::MAINTENANCE, vec![statement]);
    if let Some(last) = plan.steps.last_mut() {
        last.risk = risk;
    }
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
enum Fit {
    /// The same, or the one that we wrote.
    Same,
    /// The same, stored as an MD5 hash: SCRAM replaces it, and nobody is refused.
    Md5,
    /// Another.
    Differs,
    /// Nobody can say.
    Unknown,
}

impl Fit {
    fn word(self) -> &'static str {
        match self {
            Self::Same => AS_WANTED,
            Self::Md5 => "password as wanted, with an MD5 hash",
            Self::Differs => "another password",
            Self::Unknown => "password not checked",
        }
    }
}

fn password_fit(settings: &ExternalDb, role: &Role, context: &Context, plan: &mut Plan) -> Fit {
    let kept = context.secrets_unchanged && context.prior.is_some();
    let memory = context.as_written.get(&memory_label(settings)).copied();
    if kept && memory == Some(true) {
        return Fit::Same;
    }
    let fit = match (&role.password, &settings.password_wo) {
        (Stored::Verifier(text), Some(password)) if scram::is_of(text, password) => Fit::Same,
        (Stored::Verifier(text), Some(password))
            if scram::is_md5_of(text, &settings.user, password) =>
        {
            Fit::Md5
        }
        (Stored::Accepted, _) => Fit::Same,
        (Stored::Verifier(_) | Stored::Rejected, _) => Fit::Differs,
        (Stored::Unknown(_) | Stored::NotAsked, _) => Fit::Unknown,
    };
    // An ephemeral password is another one in each run; without memory of what was written, a
    // version that did not change says that the server's is to stay.
    if kept && memory.is_none() && fit != Fit::Same {
        return Fit::Same;
    }
    if let (Fit::Unknown, Stored::Unknown(why)) = (fit, &role.password) {
        plan.refuse(
            "password_wo",
            "Cannot prove the password",
            format!(
                "{}: {} may not read stored passwords, and a login as {} from {} fails for another \
             reason than the password, so it cannot be said whether the password is right. Allow \
             that login, for example in pg_hba.conf or the server's allow list. The reason: {why}",
                settings.place(),
                settings.server.as_ref().map_or("postgres", |s| &s.admin_user),
                settings.user,
                settings.ssh.host
            ),
        );
    }
    fit
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
