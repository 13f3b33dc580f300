//! The standby: its copy of the data, and the proof that it follows.

use super::super::case::{Case, Side};
use super::super::describe::role;
use super::super::steps::{attached, start};
use super::primary::{around, unknown_passfile};
use crate::resource::Plan;
use crate::secret::Secret;
use crate::step::{Action, Step};

use std::time::Duration;

/// How the standby logs in to the primary.
pub fn login(case: &Case, plan: &mut Plan) {
    let side = case.standby();
    match case.password() {
        Some(password) => {
            case.file(plan, side.member, side.files.passfile(&password));
        }
        None => unknown_passfile(case, plan, side.member),
    }
}

/// The copy, its start, and the proof.
pub fn plan(case: &Case, plan: &mut Plan) {
    let side = case.standby();
    case.file(plan, side.member, Ok(side.files.marker()));
    around(case, plan, side.member);
    let differs = show_role(case, plan);
    // A copy needs the primary as it is, so it is planned when the primary has been seen running.
    if case.password().is_none() || case.primary().host.sql.is_none() {
        return;
    }
    let down = side.host.sql.is_none();
    if down {
        bring_up(case, plan, &side);
    }
    if side.host.sql.as_ref().is_some_and(|s| s.paused) {
        plan.step(Step::run(side.member.word(), "resume the replay", side.scripts.resume()));
    }
    stale_slot(case, plan, &side);
    // The hosts are not asked at the same moment: a primary that was just started may have been asked
    // before the standby, which says that it streams, had found it.
    let unseen = !case.primary().host.serves(side.member.word());
    if down || differs || unseen || touched(plan, case) {
        attached(case, plan, "to prove that the standby follows");
    }
}

/// Whether a step before may have cut the stream.
fn touched(plan: &Plan, case: &Case) -> bool {
    let (primary, standby) = (case.primary(), case.standby());
    let name = &case.settings.replication_user;
    plan.steps.iter().any(|s| {
        s.what.contains("restart PostgreSQL")
            || s.what == format!("set up the role {name}")
            || s.what.starts_with("make the slot")
            || (s.host == standby.member.word()
                && (s.what.contains(&standby.paths.own_conf)
                    || s.what.contains(&standby.paths.passfile)))
            || (s.host == primary.member.word() && s.what == "start PostgreSQL")
            || s.what == format!("write {}", primary.paths.tls_certificate)
    })
}

/// A slot that a former primary keeps for its former standby would hold WAL for ever.
fn stale_slot(case: &Case, plan: &mut Plan, side: &Side) {
    let name = &case.settings.slot_name;
    let slots = side.host.sql.iter().flat_map(|s| &s.slots);
    let found = slots.clone().any(|s| s.name == *name && s.r#type == "physical");
    let host = side.member.word();
    if found && plan.status(format!("{host}: slot {name}"), "left from before", "") {
        let what = format!("drop the slot {name}, which nobody uses any more");
        plan.step(Step::run(host, what, side.scripts.drop_stale_slot()));
    }
}

fn show_role(case: &Case, plan: &mut Plan) -> bool {
    let side = case.standby();
    let wanted = format!("standby of {}, streaming", case.settings.primary.word());
    let label = format!("{}: role", side.member.word());
    plan.status(label, &role(case, side.host), &wanted)
}

fn bring_up(case: &Case, plan: &mut Plan, side: &Side) {
    let host = side.member.word();
    if !side.host.dir.has_data() {
        let what = format!("log in to {} as the replication role", case.settings.primary.word());
        plan.step(Step::run(host, what, side.scripts.try_login()));
        plan.step(clone(case, side));
    } else if side.host.signal != "standby" || side.host.promoting {
        let what = "say that its data is a standby's";
        plan.step(Step::run(host, what, side.scripts.fence()));
    }
    if !side.host.cluster {
        plan.step(register(case, side));
    }
    let started = plan.steps.iter().any(|s| s.host == host && s.what == "start PostgreSQL");
    if !started {
        plan.step(start(side));
    }
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
