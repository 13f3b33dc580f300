//! The standby: its copy of the data, and the proof that it follows.

use super::super::case::{Case, Side};
use super::super::describe::role;
use super::super::observe::has_stale_slot;
use super::super::steps::{attached, start};
use super::primary::around;
use super::{config, goal};
use crate::secret::Secret;
use crate::step::{Action, Step, Steps};

use std::time::Duration;

/// How the standby logs in to the primary.
pub fn login(case: &Case) -> Option<Step> {
    let side = case.standby();
    let password = case.password()?;
    case.write(side.member, side.files.passfile(&password))
}

/// The copy, its start, and the proof. `cut`: a step before may have cut the stream.
pub fn steps(case: &Case, cut: bool) -> Steps {
    let side = case.standby();
    let mut steps = Steps::none();
    steps.extend(case.write(side.member, Ok(side.files.marker())));
    steps.extend(around(case, &side));
    // A copy needs the primary as it is, so it is planned when the primary has been seen running.
    if case.password().is_none() || case.primary().host.sql.is_none() {
        return steps;
    }
    let down = side.host.sql.is_none();
    if down {
        steps.extend(bring_up(case, &side));
    }
    if side.host.sql.as_ref().is_some_and(|s| s.paused) {
        steps.push(Step::run(side.member.word(), "resume the replay", side.scripts.resume()));
    }
    if has_stale_slot(case, true) {
        let name = &case.settings.slot_name;
        let what = format!("drop the slot {name}, which nobody uses any more");
        steps.push(Step::run(side.member.word(), what, side.scripts.drop_stale_slot()));
    }
    let differs = role(case, side.host) != goal::role(case, &side);
    // The hosts are not asked at the same moment: a primary that was just started may have been asked
    // before the standby, which says that it streams, had found it.
    let unseen = !case.primary().host.serves(side.member.word());
    if down || differs || unseen || cut {
        steps.extend(attached(case, "to prove that the standby follows"));
    }
    steps
}

fn bring_up(case: &Case, side: &Side) -> Steps {
    let host = side.member.word();
    let mut steps = Steps::none();
    if !side.host.dir.has_data() {
        let what = format!("log in to {} as the replication role", case.settings.primary.word());
        steps.push(Step::run(host, what, side.scripts.try_login()));
        steps.push(clone(case, side));
    } else if side.host.signal != "standby" || side.host.promoting {
        let what = "say that its data is a standby's";
        steps.push(Step::run(host, what, side.scripts.fence()));
    }
    if !side.host.cluster {
        steps.push(register(case, side));
    }
    if !config::starts_standby(case) {
        steps.push(start(side));
    }
    steps
}

/// Six hours: a terabyte at 50 MB/s.
fn clone(case: &Case, side: &Side) -> Step {
    let action = Action::Job {
        name: format!("pg-clone-{}-{}", case.settings.version, case.settings.cluster),
        script: side.scripts.clone(),
        limit: Duration::from_secs(21600),
    };
    let what = format!("copy the data of {}", case.settings.primary.word());
    Step::new(side.member.word(), what, action)
}

fn register(case: &Case, side: &Side) -> Step {
    let primary = case.primary();
    let text = primary.host.files.get(&primary.paths.main_conf).and_then(|f| f.text());
    let text = with_data_directory(text.unwrap_or_default(), &side.paths.data);
    let action = Action::Run {
        script: side.scripts.register(),
        stdin: Some(Secret::from(text)),
        limit: Duration::from_secs(120),
    };
    Step::new(side.member.word(), "make the cluster known to postgresql-common", action)
}

/// The primary's `postgresql.conf` with another data directory.
fn with_data_directory(text: &str, dir: &str) -> String {
    let value = render::quote::postgresql_conf(dir).unwrap_or_default();
    let line = format!("data_directory = {value}");
    let is_ours = |l: &str| l.split(['=', ' ', '\t']).next() == Some("data_directory");
    let mut lines: Vec<String> = text.lines().filter(|l| !is_ours(l)).map(str::to_owned).collect();
    lines.push(line);
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_has_its_own_data_directory() {
        let text = "data_directory = '/srv/a'\t# use data in another directory\nport = 5432\n";
        assert_eq!(
            with_data_directory(text, "/srv/it's"),
            "port = 5432\ndata_directory = '/srv/it''s'\n"
        );
    }
}
