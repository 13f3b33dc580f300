//! Steps that several decisions make.

use std::time::Duration;

use super::case::{Case, Side};
use crate::step::{Action, Step, Steps};

/// For steps that wait for PostgreSQL itself.
pub const PATIENT: Duration = Duration::from_secs(720);

/// Steps, and whether one of them may cut the stream to the standby.
#[derive(Default)]
pub struct Work {
    /// In order.
    pub steps: Steps,
    /// Whether the stream may be cut.
    pub cuts: bool,
}

impl Work {
    /// Add steps that leave the stream alone.
    pub fn add(&mut self, steps: impl IntoIterator<Item = Step>) {
        self.steps.extend(steps);
    }

    /// Add steps that may cut it.
    pub fn cutting(&mut self, steps: impl IntoIterator<Item = Step>) {
        let steps: Steps = steps.into_iter().collect();
        self.cuts |= !steps.is_empty();
        self.steps.extend(steps);
    }

    /// Add more of both.
    pub fn then(&mut self, more: Self) {
        self.cuts |= more.cuts;
        self.steps.extend(more.steps);
    }
}

/// Steps that prove that what the primary writes now is replayed by the standby.
pub fn attached(case: &Case, why: &str) -> [Step; 2] {
    [write_position(&case.primary(), why), wait_replayed(&case.standby(), why, 60)]
}

/// Write what no standby can have yet.
pub fn write_position(primary: &Side, why: &str) -> Step {
    let what = format!("write a WAL position {why}");
    Step::run(primary.member.word(), what, primary.scripts.write_position())
}

/// Wait until the standby has replayed what the primary has written by then.
pub fn wait_replayed(standby: &Side, why: &str, seconds: u32) -> Step {
    let what = format!("wait until it is replayed {why}");
    Step::run(standby.member.word(), what, standby.scripts.wait_attached(seconds))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_cut_the_stream_is_known_by_what_was_added() {
        let step = || Step::run("a", "restart PostgreSQL", "");
        let mut work = Work::default();
        work.add([step()]);
        work.cutting(None);
        assert!(!work.cuts);
        let mut more = Work::default();
        more.cutting(Some(step()));
        work.then(more);
        work.then(Work::default());
        assert!(work.cuts);
        assert_eq!(work.steps.len(), 2);
    }
}
