//! The decision: which statements make the server as wanted.

use render::harbor::Release;

use super::facts::{Facts, Reachability};
use super::labels::step;
use super::observe::version_text;
use super::settings::ExternalDb;
use super::{database, role, sql};
use crate::diag::{Diag, Diags};
use crate::resource::{Context, Known, Plan};
use crate::value::Value;

/// Name of the output that only the server knows.
const VERSION: &str = "server_version";

/// What should be there, and the steps to it.
pub fn plan(settings: &ExternalDb, facts: &Facts, known: Known<'_>) -> Plan {
    let context = known.context;
    let mut plan = Plan { outputs: known.observed.outputs.clone(), ..Plan::default() };
    plan.outputs_after = plan.outputs.clone();
    plan.outputs_after.remove(VERSION);
    // Where nobody answered, the version that was seen before still stands.
    let before = context.prior.as_ref().and_then(|p| p.get(VERSION)).cloned().unwrap_or_default();
    plan.outputs.entry(VERSION.to_owned()).or_insert(before);
    plan.refusals = refused(settings, facts, context);
    if !plan.refusals.is_empty() {
        return plan;
    }
    if let Reachability::Silent(_) = facts.reach {
        // The server is made by the same apply; by then it must answer.
        let what = format!("reach {}", settings.place());
        plan.add(step(settings, what, sql::MAINTENANCE, vec!["SELECT 1".to_owned()]));
    }
    if facts.cluster.in_recovery {
        // The roles of its pair change in the same apply; by then it must be the primary.
        let what = format!("find the primary at {}", settings.place());
        plan.add(step(settings, what, sql::MAINTENANCE, vec![sql::PRIMARY.to_owned()]));
    }
    plan.add(role::plan(settings, facts, context));
    for name in settings.database_names() {
        plan.add(database::plan(settings, facts, &name));
    }
    plan.warnings.extend(warnings(settings, facts, context));
    plan.all_or_nothing()
}

/// What stops everything.
fn refused(settings: &ExternalDb, facts: &Facts, context: &Context) -> Diags {
    let mut plan = Plan::default();
    let place = settings.place();
    let at = if settings.server.is_some() { "server.host" } else { "ssh.host" };
    if let (Reachability::Silent(why), true) = (&facts.reach, context.prior.is_some()) {
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
    plan.refusals
}

/// Whether the host was another one before: that of the pair's former primary.
fn is_another_host(settings: &ExternalDb, context: &Context) -> bool {
    let before = context.prior.as_ref().and_then(|prior| prior.get("ssh"));
    before.is_some_and(|ssh| {
        let port = i64::from(settings.ssh.port);
        (ssh.get("host"), ssh.get("port")) != (&settings.ssh.host.as_str().into(), &port.into())
    })
}

fn warnings(settings: &ExternalDb, facts: &Facts, context: &Context) -> Diags {
    let place = settings.place();
    let mut warnings = Diags::new();
    let mut warn = |summary: &str, detail: String| {
        warnings.push(Diag::warning(summary, detail));
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
    warnings
}
