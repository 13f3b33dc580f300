//! The decision, in the order of an apply.

mod access;
mod adopt;
pub(super) mod config;
mod goal;
mod install;
mod primary;
mod refuse;
mod standby;
mod tls;
mod upgrade;
mod warn;

use super::case::Case;
use super::facts::Facts;
use super::names::Paths;
use super::roles;
use super::roles::transition::Decision;
use super::settings::{Member, Outputs, Pair, Sync};
use super::steps::Work;
use crate::diag::{Diag, Severity};
use crate::plan::{Known, Plan};
use crate::settings::Settings;
use crate::step::Steps;
use crate::value::Object;

/// What should be there, and the steps to it: first who is the primary, then what that needs.
pub fn plan(settings: &Pair, facts: &Facts, known: Known<'_>) -> Plan {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let case = Case::new(settings, facts, known, &paths);
    let roles = roles::decide(&case);
    let mut plan = goal::goal(&case);
    match roles.row.then {
        Decision::Tend => plan.steps.extend(tend(&case)),
        Decision::Do(change) => plan.add(roles.change(&case, change)),
        Decision::Refuse(why) if plan.refusals.is_empty() => {
            plan.refusals.push(roles.refusal(&case, why));
        }
        Decision::Refuse(_) | Decision::NotBorne => {}
    }
    let change = matches!(roles.row.then, Decision::Do(_));
    if !change {
        plan.refusals.extend(upgrade::refusals(&case));
    }
    plan.bears_missing = roles.row.then != Decision::NotBorne && !case.context.missing.is_empty();
    plan.outputs = outputs(&case);
    plan.outputs_after = outputs_after(&case, change);
    let plan = plan.all_or_nothing();
    if settings.frozen { told(plan) } else { plan }
}

/// What every apply does: packages, cluster, access, configuration, copy.
fn tend(case: &Case) -> Steps {
    let (primary, standby) = (case.primary(), case.standby());
    let alone = case.missing(standby.member).is_some();
    let mut work = Work::default();
    work.add(install::steps(case, &primary));
    if !alone {
        work.add(install::steps(case, &standby));
    }
    work.add(primary::steps(case));
    // Before any restart: without the slot, a primary that restarts may drop WAL that the standby of
    // an adopted pair still needs.
    work.then(access::steps(case));
    if alone {
        work.then(config::settle(case, &primary));
        return work.steps;
    }
    work.cutting(standby::login(case));
    work.then(config::steps(case));
    work.add(upgrade::steps(case));
    work.add(standby::steps(case, work.cuts));
    work.steps
}

/// What would be done is told, and nothing is done.
fn told(plan: Plan) -> Plan {
    let steps: Vec<String> = plan.steps.iter().map(|step| format!("- {}", step.key())).collect();
    let as_warning = |refusal| Diag { severity: Severity::Warning, ..refusal };
    let mut warnings = plan.warnings;
    warnings.extend(plan.refusals.into_iter().map(as_warning));
    if !steps.is_empty() {
        let detail = format!("Without frozen = true an apply would:\n{}", steps.join("\n"));
        warnings.push(Diag::warning("Frozen: nothing is done", detail));
    }
    Plan { steps: Steps::none(), refusals: Vec::new(), warnings, ..plan }
}

/// As seen now, but for the lag: it moves with every write. Only a refresh takes note of it, or each
/// plan would show a change.
fn outputs(case: &Case) -> Object {
    let mut outputs = case.observed.outputs.clone();
    if let Some(prior) = &case.context.prior {
        let before = prior.get("lag_bytes").cloned().unwrap_or_default();
        outputs.insert("lag_bytes".to_owned(), before);
    }
    outputs
}

/// What is certain after an apply that succeeds: the roles, and what an apply never changes.
fn outputs_after(case: &Case, change: bool) -> Object {
    let now = &case.observed.outputs;
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
