//! What should be there of both servers, beside what is; and what keeps it from being so.

use super::super::case::{Case, Side, label, named};
use super::super::describe;
use super::super::names::{REWINDER, packages};
use super::super::observe::{KEY, MISSING, fetches_key, has_stale_slot, is_open, slot_label, unit};
use super::super::role_check;
use super::{access, adopt, config, refuse, warn};
use crate::facts::package::Package;
use crate::plan::{Pair, Plan};

/// Files and `status` as they should be after an apply; refusals and warnings that hold whoever is
/// the primary. No step.
pub fn goal(case: &Case) -> Plan {
    let mut goal = Plan { refusals: refuse::refusals(case), ..Plan::default() };
    goal.warnings.extend(warn::warnings(case));
    goal.warnings.extend(adopt::warnings(case));
    for side in [case.primary(), case.standby()] {
        if case.missing(side.member).is_some() {
            goal.status(named(side.member, "role"), MISSING, MISSING);
            continue;
        }
        goal.add(files(case, &side));
        goal.add(status(case, &side));
    }
    if case.missing(case.settings.primary).is_none() {
        goal.add(rights(case));
        goal.add(access::rotation(case));
    }
    let standby = case.standby();
    if case.missing(standby.member).is_none() && has_stale_slot(case, case.password().is_some()) {
        goal.status(slot_label(case, standby.member), "left from before", "");
    }
    goal
}

fn files(case: &Case, side: &Side) -> Plan {
    let mut goal = Plan::default();
    for wanted in side.files.all(side.host, case.password().as_ref()) {
        match wanted {
            Ok(file) => {
                let pair = case.pair(side.member, &file);
                goal.files.insert(label(side.member, &file.path), pair);
            }
            Err(why) => {
                let summary = format!("Cannot make {}", named(side.member, "a managed file"));
                goal.refuse("", summary, why);
            }
        }
    }
    for path in side.files.unwanted(side.host) {
        let label = label(side.member, path);
        let actual = case.observed.files.get(&label).cloned();
        goal.files.insert(label, Pair { actual, wanted: None });
    }
    goal
}

fn status(case: &Case, side: &Side) -> Plan {
    let mut goal = Plan::default();
    let mut want = |thing: String, wanted: &str| {
        let name = named(side.member, &thing);
        let actual = case.observed.says(&name);
        goal.status(name, actual, wanted);
    };
    for name in packages(case.settings) {
        let release = case.settings.package_version.as_deref();
        let (_, wanted) = Package::status(side.host.packages.get(&name), release);
        want(format!("package {name}"), wanted);
    }
    if fetches_key(case, side) {
        want(KEY.to_owned(), "present");
    }
    if let Some(dir) = &case.settings.archive_dir {
        want(format!("archive {dir}"), "directory of postgres");
    }
    if is_open(side) {
        want(format!("mode and owner of {}", side.paths.data), "");
    }
    want(unit(side), "active, enabled");
    if case.settings.role_check_port.is_some() {
        want(role_check::thing(side.paths), role_check::RUNNING);
    } else if !side.host.role_check.status().is_empty() {
        want(role_check::thing(side.paths), "");
    }
    want("role".to_owned(), &role(case, side));
    for (name, _) in config::hidden(side) {
        want(format!("setting {name} (ALTER SYSTEM)"), "");
    }
    for (name, _) in config::later(side) {
        want(format!("setting {name} (postgresql.conf)"), "");
    }
    let loaded = config::loaded(case, side);
    goal.status(named(side.member, "configuration"), &loaded, "loaded");
    goal
}

/// The role that a server should have.
pub fn role(case: &Case, side: &Side) -> String {
    if side.member == case.settings.primary {
        return "primary".to_owned();
    }
    format!("standby of {}, streaming", case.settings.primary.word())
}

/// The roles that replicate, and the slot.
fn rights(case: &Case) -> Plan {
    let mut goal = Plan::default();
    let (side, password) = (case.primary(), case.password());
    for name in [case.settings.replication_user.as_str(), REWINDER] {
        let role = access::role(case, name);
        let text = role.map(|r| describe::access(side.host, r, password.as_ref()));
        let thing = named(side.member, &format!("role {name}"));
        goal.status(thing, &text.unwrap_or_default(), access::wanted(name));
    }
    let slot = slot_label(case, side.member);
    goal.status(slot.clone(), case.observed.says(&slot), "physical");
    goal
}
