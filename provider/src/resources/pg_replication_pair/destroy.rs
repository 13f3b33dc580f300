//! The steps of a destroy.

use super::case::{Case, Side};
use super::facts::Facts;
use super::names::Paths;
use super::settings::{Member, OnDestroy, Pair};
use crate::facts::file::FileFact;
use crate::resource::{Context, Plan};
use crate::step::{Action, Risk, Step};

/// Keep, stop or purge.
pub fn destroy(settings: &Pair, facts: &Facts, context: &Context) -> Plan {
    let paths = [Paths::new(settings, Member::A), Paths::new(settings, Member::B)];
    let case = Case::new(settings, facts, context, &paths);
    let mut plan = Plan::default();
    // The standby first: it has nothing to miss when its primary stops.
    let sides = [case.standby(), case.primary()];
    match settings.on_destroy {
        OnDestroy::Keep => {}
        OnDestroy::Stop => {
            for side in &sides {
                stop(&case, &mut plan, side);
            }
        }
        OnDestroy::Purge => {
            foreign(&case, &mut plan);
            if !plan.refusals.is_empty() {
                return plan;
            }
            for side in &sides {
                purge(&case, &mut plan, side);
            }
        }
    }
    for side in &sides {
        remove(&mut plan, side, &[side.paths.marker.as_str()]);
    }
    plan
}

fn stop(case: &Case, plan: &mut Plan, side: &Side) {
    let host = side.member.word();
    if side.host.cluster && side.host.start != "disabled" {
        let what = "keep the cluster from starting at boot";
        plan.step(Step::run(host, what, side.scripts.start_conf("disabled")));
    }
    if side.host.pid.is_some() {
        let place = case.settings.place(side.member);
        let sentence = format!("PostgreSQL on {place} stops and stays stopped");
        let mut step = Step::run(host, "stop PostgreSQL", side.scripts.stop()).disruptive(sentence);
        if let Action::Run { limit, .. } = &mut step.action {
            // A stop waits for the archive and for a standby that does not answer.
            *limit = std::time::Duration::from_secs(600);
        }
        plan.step(step);
    }
}

/// What is removed must be what was made.
fn foreign(case: &Case, plan: &mut Plan) {
    let Some(before) = case.prior_text("system_identifier") else { return };
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
            plan.refuse(&at, "The data is of another cluster", detail);
        }
    }
}

fn purge(case: &Case, plan: &mut Plan, side: &Side) {
    stop(case, plan, side);
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
    remove(plan, side, &files.map(String::as_str));
    if side.host.etc {
        let place = case.settings.place(side.member);
        let mut step = Step::run(
            host,
            format!("remove the cluster in {}", paths.data),
            side.scripts.drop_cluster(),
        );
        step.risk = Risk::Destructive {
            what: format!("all databases in {} on {place}", side.host.data),
            consent: "on_destroy = \"purge\"".to_owned(),
        };
        plan.step(step);
    }
}

fn remove(plan: &mut Plan, side: &Side, files: &[&str]) {
    for path in files {
        if side.host.files.get(*path).is_some_and(FileFact::is_present) {
            let action = Action::Remove((*path).to_owned());
            plan.step(Step::new(side.member.word(), format!("remove {path}"), action));
        }
    }
}
