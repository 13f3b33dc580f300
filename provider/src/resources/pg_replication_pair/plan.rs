//! The decision, in the order of an apply.

mod adopt;
mod config;
mod install;
pub(super) mod primary;
mod refuse;
mod standby;
mod tls;
mod upgrade;
mod warn;

use super::case::{Case, Side};
use super::facts::Facts;
use super::names::Paths;
use super::settings::{Member, Outputs, Pair, Sync};
use super::{describe, roles};
use crate::diag::{Diag, Severity};
use crate::resource::{Context, Plan};
use crate::settings::Settings;
use crate::value::Object;

/// The decision.
pub fn plan(settings: &Pair, facts: &Facts, context: &Context) -> Plan {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let case = Case::new(settings, facts, context, &paths);
    let mut plan = Plan { outputs: outputs(&case), ..Plan::default() };
    if !context.reading {
        refuse::check(&case, &mut plan);
        warn::warn(&case, &mut plan);
        adopt::warn(&case, &mut plan);
    }
    tend(&case, &mut plan);
    let change = !context.reading && roles::plan(&case, &mut plan);
    if !context.reading && !change {
        upgrade::refuse(&case, &mut plan);
    }
    if !plan.refusals.is_empty() {
        plan.steps.clear();
    }
    if settings.frozen && !context.reading {
        freeze(&mut plan);
    }
    plan.outputs_after = outputs_after(&case, &plan.outputs, change);
    // It moves with every write: only a refresh takes note of it, or each plan would show a change.
    if let (false, Some(prior)) = (context.reading, &context.prior) {
        let before = prior.get("lag_bytes").cloned().unwrap_or_default();
        plan.outputs.insert("lag_bytes".to_owned(), before);
    }
    plan
}

/// What every apply does: packages, cluster, access, configuration, copy.
fn tend(case: &Case, plan: &mut Plan) {
    for member in [case.settings.primary, case.settings.standby()] {
        if case.missing(member).is_none() {
            install::install(case, plan, member);
        }
    }
    primary::plan(case, plan);
    // Before any restart: without the slot, a primary that restarts may drop WAL that the standby of
    // an adopted pair still needs.
    primary::access(case, plan);
    if case.missing(case.settings.standby()).is_some() {
        config::alone(case, plan);
        return;
    }
    standby::login(case, plan);
    config::plan(case, plan);
    upgrade::plan(case, plan);
    standby::plan(case, plan);
}

/// What would be done is told, and nothing is done.
fn freeze(plan: &mut Plan) {
    let steps: Vec<String> = plan.steps.drain(..).map(|step| format!("- {}", step.key())).collect();
    let mut told: Vec<Diag> = Vec::new();
    for mut refusal in plan.refusals.drain(..) {
        refusal.severity = Severity::Warning;
        told.push(refusal);
    }
    if !steps.is_empty() {
        let detail = format!("Without frozen = true an apply would:\n{}", steps.join("\n"));
        told.push(Diag::warning("Frozen: nothing is done", detail));
    }
    plan.warnings.extend(told);
}

/// The server that takes writes; the wanted one where both do, none where neither does.
fn acting<'a>(case: &Case<'a>) -> Option<Side<'a>> {
    [case.primary(), case.standby()].into_iter().find(|side| side.host.takes_writes())
}

fn outputs(case: &Case) -> Object {
    let acting = acting(case);
    let primary = acting.unwrap_or_else(|| case.primary());
    let standby = case.side(primary.member.peer());
    let sql = primary.host.sql.as_ref();
    let running = acting.is_some();
    let position = |side: Side| side.host.sql.as_ref().and_then(|s| s.lsn);
    let lag = position(primary).zip(position(standby)).map(|(p, s)| (p - s).max(0));
    let identifier = &primary.host.control.system_identifier;
    let kept = Member::BOTH.into_iter().flat_map(|member| {
        let diverged = &case.facts.of(member).diverged;
        diverged.iter().map(move |path| format!("{}:{path}", member.word()))
    });
    let state = match case.missing(standby.member) {
        Some(_) => "unreachable".to_owned(),
        None => describe::state(standby.host),
    };
    let mut replicas = sql.into_iter().flat_map(|s| &s.replication);
    let replica = replicas.find(|r| r.name.as_deref() == Some(standby.member.word()));
    Outputs {
        // A cluster whose making was cut off never becomes the pair's.
        system_identifier: (!identifier.is_empty() && !primary.host.making)
            .then(|| identifier.clone()),
        timeline: sql.map(|s| s.wal_timeline.max(s.timeline)),
        current_primary: running.then(|| primary.member.word().to_owned()),
        primary_host: running.then(|| case.settings.address(primary.member).to_owned()),
        primary_ssh: running.then(|| case.settings.node(primary.member).ssh.clone()),
        standby_host: Some(case.settings.address(standby.member).to_owned()),
        standby_state: Some(state),
        lag_bytes: lag,
        sync_state: replica.and_then(|r| r.sync.clone()),
        split_brain: Some(primary.host.takes_writes() && standby.host.takes_writes()),
        diverged_dirs: Some(kept.collect()),
        slot: sql
            .filter(|s| s.slots.iter().any(|slot| slot.name == case.settings.slot_name))
            .map(|_| case.settings.slot_name.clone()),
        server_version: sql.map(|s| s.version.clone()),
    }
    .to_object()
}

/// What is certain after an apply that succeeds: the roles, and what an apply never changes.
fn outputs_after(case: &Case, now: &Object, change: bool) -> Object {
    let (primary, standby) = (case.settings.primary, case.settings.standby());
    let certain = Outputs {
        system_identifier: None,
        timeline: None,
        current_primary: Some(primary.word().to_owned()),
        primary_host: Some(case.settings.address(primary).to_owned()),
        primary_ssh: Some(case.settings.node(primary).ssh.clone()),
        standby_host: Some(case.settings.address(standby).to_owned()),
        standby_state: Some(match case.missing(standby) {
            Some(_) => "unreachable".to_owned(),
            None => "streaming".to_owned(),
        }),
        lag_bytes: None,
        sync_state: case.missing(standby).is_none().then(|| match case.settings.sync {
            Sync::On => "sync".to_owned(),
            Sync::Off => "async".to_owned(),
        }),
        split_brain: Some(false),
        diverged_dirs: None,
        slot: Some(case.settings.slot_name.clone()),
        server_version: None,
    };
    let mut after: Object = certain.to_object();
    for name in ["system_identifier", "timeline", "server_version"] {
        after.insert(name.to_owned(), now.get(name).cloned().unwrap_or_default());
    }
    if [case.primary(), case.standby()].iter().any(|side| upgrade::is_due(case, side)) {
        after.remove("server_version");
    }
    if change {
        // The new timeline, and what is kept aside, are seen afterwards.
        after.remove("timeline");
    } else {
        let kept = now.get("diverged_dirs").cloned().unwrap_or_default();
        after.insert("diverged_dirs".to_owned(), kept);
    }
    after.retain(|_, value| !value.is_null());
    after
}
