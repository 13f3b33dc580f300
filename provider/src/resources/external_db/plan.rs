//! The decision: which statements make the server as wanted.

use render::harbor::Release;

use super::facts::{Facts, NODE, Reach, Stored};
use super::labels::{AS_WANTED, memory_label, role_label, step};
use super::settings::{ExternalDb, Outputs};
use super::{database, role, sql};
use crate::diag::Diag;
use crate::resource::{Context, Plan};
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::value::Value;

/// What is there, what should be there, and the steps between.
pub fn plan(settings: &ExternalDb, facts: &Facts, context: &Context) -> Plan {
    let mut plan = Plan::default();
    outputs(settings, facts, context, &mut plan);
    if let Some(text) = verifier(facts) {
        plan.secret_texts.insert(memory_label(settings), (NODE.to_owned(), text));
    }
    if context.reading {
        read(settings, facts, context, &mut plan);
        return plan;
    }
    if refused(settings, facts, context, &mut plan) {
        return plan;
    }
    if let Reach::Silent(_) = facts.reach {
        // The server is made by the same apply; by then it must answer.
        let what = format!("reach {}", settings.place());
        step(settings, &mut plan, what, sql::MAINTENANCE, vec!["SELECT 1".to_owned()]);
    }
    if facts.cluster.in_recovery {
        // The roles of its pair change in the same apply; by then it must be the primary.
        let what = format!("find the primary at {}", settings.place());
        step(settings, &mut plan, what, sql::MAINTENANCE, vec![sql::PRIMARY.to_owned()]);
    }
    role::plan(settings, facts, context, &mut plan);
    for name in settings.database_names() {
        database::plan(settings, facts, &name, &mut plan);
    }
    warn(settings, facts, context, &mut plan);
    if !plan.refusals.is_empty() {
        plan.steps.clear();
    }
    plan
}

fn verifier(facts: &Facts) -> Option<Secret> {
    match &facts.role.as_ref()?.password {
        Stored::Verifier(text) => Some(text.clone()),
        _ => None,
    }
}

fn outputs(settings: &ExternalDb, facts: &Facts, context: &Context, plan: &mut Plan) {
    let (host, port) = match &settings.server {
        Some(server) => (server.host.clone(), server.port),
        None => (settings.ssh.host.clone(), settings.port),
    };
    let seen = (facts.cluster.version > 0).then(|| version_text(facts.cluster.version));
    // Where nobody answered, the version that was seen before still stands.
    let before = context.prior.as_ref().and_then(|p| p.get("server_version")?.as_str());
    let outputs = Outputs {
        host: Some(host),
        host_port: Some(i64::from(port)),
        database_names: Some(settings.database_names()),
        server_version: seen.or_else(|| before.map(str::to_owned)),
    };
    plan.outputs = outputs.to_object();
    plan.outputs_after = plan.outputs.clone();
    plan.outputs_after.remove("server_version");
}

/// `150008` as `15.8`; before 10, which Harbor does not take, the text is not exact.
fn version_text(number: u32) -> String {
    format!("{}.{}", number / 10_000, number % 10_000)
}

/// In a read only what is there counts. Where nobody answered, unreachable is not gone.
fn read(settings: &ExternalDb, facts: &Facts, context: &Context, plan: &mut Plan) {
    let before = context.prior.as_ref().and_then(|p| p.get("status")?.as_map());
    if facts.reach != Reach::Answers {
        if let Reach::Silent(why) = &facts.reach {
            plan.warnings.push(Diag::warning(
                "PostgreSQL does not answer",
                format!(
                    "{} does not answer, so the state stays as it was. The reason: {why}",
                    settings.place()
                ),
            ));
        }
        for (name, value) in before.into_iter().flatten() {
            plan.status(name.clone(), value.as_str().unwrap_or_default(), "");
        }
        return;
    }
    let label = role_label(settings);
    if let Some(found) = &facts.role {
        let word = match (
            context.as_written.get(&memory_label(settings)),
            before.map(|b| b.get(&label)),
        ) {
            (Some(true), _) => AS_WANTED,
            (Some(false), _) => "password changed on the server",
            (None, Some(Some(Value::String(text)))) if text.contains(AS_WANTED) => AS_WANTED,
            (None, _) => "password not checked",
        };
        plan.status(label, &role::text(settings, found, word), "");
    }
    for (name, found) in &facts.databases {
        plan.status(format!("database {name}"), &database::text(settings, found), "");
    }
}

/// What stops everything.
fn refused(settings: &ExternalDb, facts: &Facts, context: &Context, plan: &mut Plan) -> bool {
    let place = settings.place();
    let at = if settings.server.is_some() { "server.host" } else { "ssh.host" };
    if let (Reach::Silent(why), true) = (&facts.reach, context.prior.is_some()) {
        plan.refuse(
            at,
            "PostgreSQL does not answer",
            format!("{place} does not answer, and nothing was changed. The reason: {why}"),
        );
    }
    if facts.cluster.in_recovery && !is_another_host(settings, context) {
        plan.refuse(at, "PostgreSQL is a standby", format!(
            "{place} is in recovery: it takes no changes, and Harbor cannot work with it. Point \
             ssh at the primary, with a pair: ssh = harbor_pg_replication_pair.<name>.primary_ssh."
        ));
    }
    let need = settings.release().and_then(Release::postgres);
    if let Some((major, since)) = need
        && (1..major.saturating_mul(10_000)).contains(&facts.cluster.version)
    {
        plan.refuse(
            "harbor_version",
            "PostgreSQL is too old",
            format!(
                "{place} is version {}; Harbor {since} and later need PostgreSQL {major} or later.",
                version_text(facts.cluster.version)
            ),
        );
    }
    !plan.refusals.is_empty()
}

/// Whether the host was another one before: that of the pair's former primary.
fn is_another_host(settings: &ExternalDb, context: &Context) -> bool {
    let before = context.prior.as_ref().and_then(|prior| prior.get("ssh"));
    before.is_some_and(|ssh| {
        let port = i64::from(settings.ssh.port);
        (ssh.get("host"), ssh.get("port")) != (&settings.ssh.host.as_str().into(), &port.into())
    })
}

fn warn(settings: &ExternalDb, facts: &Facts, context: &Context, plan: &mut Plan) {
    let place = settings.place();
    let mut warn = |summary: &str, detail: String| {
        plan.warnings.push(Diag::warning(summary, detail));
    };
    if facts.role.as_ref().is_some_and(|role| role.superuser) {
        warn(
            "Harbor's role is a superuser",
            format!(
                "Role {} of {place} is a superuser. Harbor needs to own its databases and no more; the \
             role is left as it is. To change it: ALTER ROLE \"{0}\" NOSUPERUSER.",
                settings.user
            ),
        );
    }
    for (name, database) in &facts.databases {
        if !matches!(database.encoding.as_str(), "UTF8" | "") {
            warn(
                "Database is not in UTF-8",
                format!(
                    "Database {name} of {place} has the encoding {}; names that it cannot hold will \
                 fail. Only a dump and restore changes it.",
                    database.encoding
                ),
            );
        }
    }
    let names = settings.database_names();
    let before = context.prior.as_ref().and_then(|p| p.get("database_names"));
    if let Some(Value::List(before)) = before {
        for name in
            before.iter().filter_map(Value::as_str).filter(|n| !names.iter().any(|m| m == n))
        {
            warn(
                "Database is left",
                format!(
                    "Database {name} is no longer on the list. It stays on {place} as it is, and is no \
                 longer managed."
                ),
            );
        }
    }
}
