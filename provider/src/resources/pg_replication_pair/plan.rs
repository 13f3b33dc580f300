//! The decision, in the order of an apply.

pub(super) mod access;
mod adopt;
pub(super) mod config;
mod goal;
mod install;
mod others;
mod outputs;
mod primary;
mod refuse;
pub(super) mod role_check;
mod standby;
mod tls;
mod upgrade;
mod warn;

use super::case::Case;
use super::facts::Facts;
use super::names::Paths;
use super::roles;
use super::roles::decision::Decision;
use super::settings::{Member, Pair};
use super::steps::Work;
use crate::diag::{Diag, Severity};
use crate::plan::{Known, Plan};
use crate::step::Steps;

/// What should be there, and the steps to it: first who is the primary, then what that needs.
pub fn plan(settings: &Pair, facts: &Facts, known: Known<'_>) -> Plan {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let case = Case::new(settings, facts, known, &paths);
    let roles = roles::decide(&case);
    let mut plan = goal::goal(&case);
    match roles.row.then {
        Decision::Maintain => plan.steps.extend(maintain(&case)),
        Decision::Do(change) => plan.add(roles.change(&case, change)),
        Decision::Refuse(why) if plan.refusals.is_empty() => {
            plan.refusals.push(roles.refusal(&case, why));
        }
        Decision::Refuse(_) | Decision::NeedsBoth => {}
    }
    let change = matches!(roles.row.then, Decision::Do(_));
    if !change {
        plan.refusals.extend(upgrade::refusals(&case));
    }
    plan.tolerates_missing =
        roles.row.then != Decision::NeedsBoth && !case.context.missing.is_empty();
    plan.outputs = outputs::now(&case);
    plan.outputs_after = outputs::after(&case, change);
    let plan = plan.all_or_nothing();
    if settings.frozen { only_reported(plan) } else { plan }
}

/// What every apply does: packages, cluster, access, configuration, copy.
fn maintain(case: &Case) -> Steps {
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
        work.add(role_check::steps(case, &primary));
        return work.steps;
    }
    work.cutting(standby::login(case));
    work.then(config::steps(case));
    work.add(upgrade::steps(case));
    work.add(standby::steps(case, work.cuts));
    work.add(role_check::steps(case, &primary));
    work.add(role_check::steps(case, &standby));
    work.steps
}

/// What would be done is told, and nothing is done.
fn only_reported(plan: Plan) -> Plan {
    let steps: Vec<String> =
        plan.steps.iter().map(|step| format!("- {}", step.describe())).collect();
    let as_warning = |refusal| Diag { severity: Severity::Warning, ..refusal };
    let mut warnings = plan.warnings;
    warnings.extend(plan.refusals.into_iter().map(as_warning));
    if !steps.is_empty() {
        let detail = format!("Without frozen = true an apply would:\n{}", steps.join("\n"));
        warnings.push(Diag::warning("Frozen: nothing is done", detail));
    }
    Plan { steps: Steps::none(), refusals: Vec::new(), warnings, ..plan }
}
