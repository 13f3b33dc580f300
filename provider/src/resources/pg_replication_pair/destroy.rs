//! The steps of a destroy.

use super::case::{Case, Side};
use super::facts::Facts;
use super::names::Paths;
use super::plan::role_check;
use super::settings::{Member, OnDestroy, Pair};
use crate::diag::{Diag, Diags, Path};
use crate::facts::file::FileFact;
use crate::plan::{Known, Plan};
use crate::step::{Action, Risk, Step, Steps};

/// Keep, stop or purge.
pub fn destroy(settings: &Pair, facts: &Facts, known: Known<'_>) -> Plan {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let case = Case::new(settings, facts, known, &paths);
    let purges = settings.on_destroy == OnDestroy::Purge;
    let refusals = if purges { foreign(&case) } else { Diags::new() };
    let mut plan = Plan { refusals, ..Plan::default() };
    // The standby first: it has nothing to miss when its primary stops.
    let sides = [case.standby(), case.primary()];
    for side in &sides {
        match settings.on_destroy {
            OnDestroy::Keep => {}
            OnDestroy::Stop => plan.steps.extend(stop(&case, side)),
            OnDestroy::Purge => plan.steps.extend(purge(&case, side)),
        }
    }
    for side in &sides {
        plan.steps.extend(remove(side, &[side.paths.marker.as_str()]));
    }
    plan.all_or_nothing()
}

fn stop(case: &Case, side: &Side) -> Steps {
    let host = side.member.word();
    let mut steps = Steps::none();
    if side.host.cluster && side.host.start != "disabled" {
        let what = "keep the cluster from starting at boot";
        steps.push(Step::run(host, what, side.scripts.start_conf("disabled")));
    }
    if side.host.pid.is_some() {
        let place = case.settings.place(side.member);
        let sentence = format!("PostgreSQL on {place} stops and stays stopped");
        let mut step = Step::run(host, "stop PostgreSQL", side.scripts.stop()).disruptive(sentence);
        if let Action::Run { limit, .. } = &mut step.action {
            // A stop waits for the archive and for a standby that does not answer.
            *limit = std::time::Duration::from_secs(600);
        }
        steps.push(step);
    }
    steps
}

/// What is removed must be what was made.
fn foreign(case: &Case) -> Diags {
    let mut refusals = Diags::new();
    let Some(before) = case.prior_text("system_identifier") else { return refusals };
    for member in Member::BOTH {
        let side = case.side(member);
        let found = &side.host.control.system_identifier;
        if !found.is_empty() && found != before {
            let detail = format!(
                "{} on {} has the system identifier {found}; the pair's is {before}. It is not \
                 removed. Move it away, or set on_destroy = \"keep\".",
                side.host.data,
                case.settings.place(member)
            );
            let at = format!("nodes.{}.data_dir", member.word());
            refusals.push(Diag::error("The data is of another cluster", detail).at(Path::of(&at)));
        }
    }
    refusals
}

fn purge(case: &Case, side: &Side) -> Steps {
    let mut steps = stop(case, side);
    let (host, paths) = (side.member.word(), side.paths);
    let files = [
        &paths.shared_conf,
        &paths.own_conf,
        &paths.dropin,
        &paths.passfile,
        &paths.archive_script,
        &paths.createcluster,
        &paths.tls_certificate,
        &paths.tls_key,
        &paths.tls_ca,
    ];
    if let Some((first, rest)) = role_check::remove(side) {
        steps.push(first);
        steps.extend(rest);
    }
    steps.extend(remove(side, &files.map(String::as_str)));
    if side.host.etc {
        let place = case.settings.place(side.member);
        let what = format!("remove the cluster in {}", paths.data);
        let risk = Risk::Destructive {
            what: format!("all databases in {} on {place}", side.host.data),
            consent: "on_destroy = \"purge\"".to_owned(),
        };
        steps.push(Step { risk, ..Step::run(host, what, side.scripts.drop_cluster()) });
    }
    steps
}

fn remove(side: &Side, files: &[&str]) -> Steps {
    let there = |path: &&&str| side.host.files.get(**path).is_some_and(FileFact::is_present);
    let step = |path: &&str| {
        let action = Action::Remove((*path).to_owned());
        Step::new(side.member.word(), format!("remove {path}"), action)
    };
    files.iter().filter(there).map(step).collect()
}
