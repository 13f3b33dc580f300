//! Steps that several decisions make.

use std::time::Duration;

use super::case::{Case, Side};
use crate::resource::Plan;
use crate::step::{Action, Step};

/// For steps that wait for PostgreSQL itself.
pub const PATIENT: Duration = Duration::from_secs(720);

/// Steps that prove that what the primary writes now is replayed by the standby.
pub fn attached(case: &Case, plan: &mut Plan, why: &str) {
    attached_to(plan, &case.primary(), &case.standby(), why, 60);
}

/// The same for a primary and a standby that are not yet the wanted ones.
pub fn attached_to(plan: &mut Plan, primary: &Side, standby: &Side, why: &str, seconds: u32) {
    let what = format!("write a WAL position {why}");
    plan.step(Step::run(primary.member.word(), what, primary.scripts.write_position()));
    let what = format!("wait until it is replayed {why}");
    plan.step(Step::run(standby.member.word(), what, standby.scripts.wait_attached(seconds)));
}

/// Start the server of one member.
pub fn start(side: &Side) -> Step {
    patient(Step::run(side.member.word(), "start PostgreSQL", side.scripts.start()))
}

/// Announce what a restart of this server means.
pub fn restart(case: &Case, side: &Side, why: &str) -> Step {
    let place = case.settings.place(side.member);
    let sentence = if side.member == case.settings.primary {
        format!("PostgreSQL on {place} restarts: connections are cut for about 3 s")
    } else {
        format!("PostgreSQL on {place}, the standby, restarts: reads there are cut for about 3 s")
    };
    let what = format!("check the configuration and restart PostgreSQL {why}");
    patient(Step::run(side.member.word(), what, side.scripts.restart())).disruptive(sentence)
}

/// Recovery after a crash takes as long as the WAL since the last checkpoint.
pub fn patient(mut step: Step) -> Step {
    if let Action::Run { limit, .. } | Action::Relay { limit, .. } = &mut step.action {
        *limit = PATIENT;
    }
    step
}
