//! Configuration files, and how the servers take them: by a reload or a restart, in the order that
//! replication allows.
//!
//! A standby must not have some settings lower than its primary has, or had in the WAL that is
//! still to be replayed. So what rises, rises on the standby first; what falls, falls on the
//! primary first, and on the standby when it has replayed that.

use std::collections::{BTreeMap, BTreeSet};

use super::super::case::{Case, Side};
use super::super::facts::Host;
use super::super::files::parse_conf;
use super::super::names::{NOT_LOWER, OWNED};
use super::super::scripts::Scripts;
use super::super::steps::{attached, restart, start};
use super::tls;
use crate::resource::Plan;
use crate::step::{Action, Step};

/// Settings that need a restart, for a server that is down and cannot say so itself.
const RESTART: [&str; 16] = [
    "archive_mode",
    "cluster_name",
    "hot_standby",
    "huge_pages",
    "listen_addresses",
    "max_connections",
    "max_files_per_process",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "port",
    "shared_buffers",
    "shared_preload_libraries",
    "wal_level",
];

/// Values by name.
type Values = BTreeMap<String, String>;

/// Write and load the configuration of both servers.
pub fn plan(case: &Case, plan: &mut Plan) {
    let (primary, standby) = (case.primary(), case.standby());
    let floor = floor(case);
    let lift = needs_lift(case, &floor);
    if lift {
        lifted(case, plan, &floor);
    }
    let falls = falls(case);
    let down = standby.host.sql.is_none();
    // The primary must show its certificate before the standby asks for it.
    if !(lift || falls || down || tls::changes(case, &primary)) {
        settle_standby(case, plan, &standby, false);
        settle(case, plan, &primary);
        return;
    }
    settle(case, plan, &primary);
    if lift || (falls && !down) {
        attached(case, plan, "before the standby takes lower settings");
    }
    settle_standby(case, plan, &standby, lift);
}

/// The same for the primary while the standby's host does not answer.
pub fn alone(case: &Case, plan: &mut Plan) {
    settle(case, plan, &case.primary());
}

/// One server takes its final configuration; one that is down is started with it.
fn settle(case: &Case, plan: &mut Plan, side: &Side) {
    let change = Change::of(case, plan, side);
    if side.host.sql.is_some() {
        change.load(case, plan, side);
    } else if side.member == case.settings.primary {
        plan.step(start(side));
    }
}

fn settle_standby(case: &Case, plan: &mut Plan, side: &Side, lifted: bool) {
    let at = plan.steps.len();
    let change = Change::of(case, plan, side);
    if !lifted {
        if side.host.sql.is_some() {
            change.load(case, plan, side);
        }
        return;
    }
    // The file on the host is the lifted one by now, whatever was seen before.
    plan.steps.truncate(at);
    let Ok(file) = side.files.shared_conf(&Values::new()) else { return };
    let host = side.member.word();
    plan.step(Step::new(host, format!("write {}", file.path), Action::Write(file)));
    plan.step(restart(case, side, "with the final settings"));
}

/// The standby takes values that are not lower than any that it may meet in the WAL.
fn lifted(case: &Case, plan: &mut Plan, floor: &Values) {
    let side = case.standby();
    let Ok(file) = side.files.shared_conf(floor) else { return };
    let host = side.member.word();
    let up = side.host.sql.is_some();
    if up {
        let files = [&file.path, &side.paths.own_conf, &side.paths.hba].map(Clone::clone);
        let what = "keep the previous configuration before settings rise";
        plan.step(Step::run(host, what, Scripts::keep_previous(&files)));
    }
    let what = format!("write {} with the higher of old and new settings", file.path);
    plan.step(Step::new(host, what, Action::Write(file)));
    tls::files(case, plan, &side);
    // Other files of the standby are written before it starts with the new settings.
    case.file(plan, side.member, side.files.own_conf());
    case.file(plan, side.member, side.files.hba(side.host));
    if up {
        plan.step(restart(case, &side, "before the primary"));
    } else {
        plan.step(start(&side));
    }
}

/// For the settings that a standby must not have lower: what it needs until it has replayed what
/// the primary has written. Empty where the wanted value is enough.
fn floor(case: &Case) -> Values {
    let (primary, standby) = (case.primary().host, case.standby().host);
    let wanted = case.standby().files.shared_values().unwrap_or_default();
    let mut floor = Values::new();
    if !standby.dir.has_data() {
        return floor;
    }
    for (name, default) in NOT_LOWER {
        let target = number(&wanted, name).unwrap_or(default);
        let seen = [running(primary, name), standby.control.not_lower.get(name).copied()];
        let highest = seen.into_iter().flatten().max().unwrap_or(target);
        if highest > target {
            floor.insert(name.to_owned(), highest.to_string());
        }
    }
    floor
}

/// Whether the standby must rise before the primary changes: it is up and lower than wanted, while
/// something else falls; or it is down and the WAL asks for more than is wanted.
fn needs_lift(case: &Case, floor: &Values) -> bool {
    let side = case.standby();
    if floor.is_empty() || case.context.reading {
        return false;
    }
    if side.host.sql.is_none() {
        return side.host.dir.has_data() && side.host.cluster;
    }
    let wanted = side.files.shared_values().unwrap_or_default();
    NOT_LOWER.iter().any(|(name, default)| {
        let target = number(&wanted, name).unwrap_or(*default);
        running(side.host, name).is_some_and(|now| now < target)
    })
}

/// Whether one of those settings falls on the primary.
fn falls(case: &Case) -> bool {
    let wanted = case.primary().files.shared_values().unwrap_or_default();
    let primary = case.primary();
    NOT_LOWER.iter().any(|(name, default)| {
        let target = number(&wanted, name).unwrap_or(*default);
        let kept = !wanted.contains_key(*name) && of_others(&primary, name);
        !kept && running(primary.host, name).is_some_and(|now| now > target)
    })
}

/// Whether a server has a value that is not from our files, and so stays as it is.
fn of_others(side: &Side, name: &str) -> bool {
    let setting = side.host.sql.iter().flat_map(|s| &s.settings).find(|s| s.name == name);
    let ours = [&side.paths.shared_conf, &side.paths.own_conf];
    setting.is_some_and(|s| !s.file.is_empty() && !ours.contains(&&s.file))
}

/// A setting that others gave the primary, and that the standby has lower or would have lower once
/// our file no longer says it: from 14 on its replay pauses, before it stops.
pub fn foreign_rise(case: &Case) -> Option<(&'static str, i64, String)> {
    let (primary, standby) = (case.primary(), case.standby());
    let wanted = standby.files.shared_values().unwrap_or_default();
    let file = |name: &str| {
        let settings = primary.host.sql.iter().flat_map(|s| &s.settings);
        settings.filter(|s| s.name == name).map(|s| s.file.clone()).next().unwrap_or_default()
    };
    NOT_LOWER.iter().find_map(|(name, _)| {
        let (has, lower) = (running(primary.host, name)?, running(standby.host, name)?);
        let foreign = !wanted.contains_key(*name) && of_others(&primary, name);
        let falls_back = lower < has || !of_others(&standby, name);
        (foreign && falls_back).then(|| (*name, has, file(name)))
    })
}

fn number(values: &Values, name: &str) -> Option<i64> {
    values.get(name)?.parse().ok()
}

fn running(host: &Host, name: &str) -> Option<i64> {
    let setting = host.sql.as_ref()?.settings.iter().find(|s| s.name == name)?;
    setting.value.as_ref()?.parse().ok()
}

/// What differs on one host.
struct Change {
    /// Paths that are written.
    written: Vec<String>,
    /// Names of `ALTER SYSTEM` that hide ours.
    hidden: Vec<String>,
    /// Settings for which the server must restart.
    restart: BTreeSet<String>,
    /// The files are right, and the server has not loaded them.
    stale: bool,
}

impl Change {
    /// Write what differs, and say what that needs.
    fn of(case: &Case, plan: &mut Plan, side: &Side) -> Self {
        let at = plan.steps.len();
        let (files, member) = (&side.files, side.member);
        let wanted = [files.shared_conf(&Values::new()), files.own_conf(), files.hba(side.host)];
        let mut written = tls::files(case, plan, side);
        tls::prove(case, plan, side);
        let mut names = BTreeSet::new();
        for file in wanted {
            let (path, new) = file.as_ref().map_or_else(
                |_| (String::new(), Values::new()),
                |f| (f.path.clone(), parse_conf(f.content.expose())),
            );
            if case.file(plan, member, file) {
                let old = side.host.files.get(&path).and_then(|f| f.text()).unwrap_or_default();
                if path != side.paths.hba {
                    names.extend(different(&parse_conf(old), &new));
                }
                written.push(path);
            }
        }
        let later = later(plan, side);
        if !later.is_empty() {
            let what = format!("take {} out of {}", later.join(", "), side.paths.main_conf);
            plan.step(Step::run(member.word(), what, side.scripts.comment_out(&later)));
            written.push(side.paths.main_conf.clone());
            names.extend(later);
        }
        if !written.is_empty() && side.host.sql.is_some() {
            let script = Scripts::keep_previous(&written);
            plan.steps
                .insert(at, Step::run(member.word(), "keep the previous configuration", script));
        }
        let hidden = hidden(plan, side);
        let mut restart: BTreeSet<String> =
            names.iter().chain(&hidden).filter(|name| needs_restart(side, name)).cloned().collect();
        restart.extend(pending(side.host));
        let stale = loaded(plan, side, written.is_empty());
        Self { written, hidden, restart, stale }
    }

    /// Have the running server take it.
    fn load(self, case: &Case, plan: &mut Plan, side: &Side) {
        let host = side.member.word();
        if !self.hidden.is_empty() {
            let what = format!("take back ALTER SYSTEM of {}", self.hidden.join(", "));
            plan.step(Step::run(host, what, side.scripts.reset(&self.hidden)));
        }
        if !self.restart.is_empty() {
            let names: Vec<_> = self.restart.into_iter().collect();
            plan.step(restart(case, side, &format!("for {}", names.join(", "))));
        } else if !self.written.is_empty() || !self.hidden.is_empty() || self.stale {
            let what = "check the configuration and reload PostgreSQL";
            plan.step(Step::run(host, what, side.scripts.reload()));
        }
    }
}

fn different(old: &Values, new: &Values) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    names.into_iter().filter(|n| old.get(*n) != new.get(*n)).cloned().collect()
}

/// Whether the server must restart to take the wanted value; not if it runs with it, as after an
/// edit by hand that was never loaded.
fn needs_restart(side: &Side, name: &str) -> bool {
    let said = side.host.sql.iter().flat_map(|s| &s.settings).find(|s| s.name == name);
    let Some(said) = said else { return RESTART.contains(&name) };
    if said.context != "postmaster" {
        return false;
    }
    let mut wanted = side.files.shared_values().unwrap_or_default();
    let own = side.files.own_conf();
    wanted.extend(own.iter().flat_map(|f| parse_conf(f.content.expose())));
    match wanted.get(name) {
        Some(wanted) => said.value.as_ref() != Some(wanted),
        None => [&side.paths.shared_conf, &side.paths.own_conf].contains(&&said.file),
    }
}

fn pending(host: &Host) -> Vec<String> {
    let settings = host.sql.iter().flat_map(|s| &s.settings);
    settings.filter(|s| s.pending).map(|s| s.name.clone()).collect()
}

/// Values of `ALTER SYSTEM` that hide a setting of ours; each is shown.
fn hidden(plan: &mut Plan, side: &Side) -> Vec<String> {
    let ours = side.files.shared_values().unwrap_or_default();
    let lines = side.host.sql.iter().flat_map(|s| &s.file_settings);
    let auto =
        lines.filter(|l| l.file.as_ref().is_some_and(|f| f.ends_with("/postgresql.auto.conf")));
    let mut names = Vec::new();
    for line in auto {
        let Some(name) = &line.name else { continue };
        let owned = OWNED.iter().any(|(owned, _)| owned == name);
        if !owned && !ours.contains_key(name) {
            continue;
        }
        let label = format!("{}: setting {name} (ALTER SYSTEM)", side.member.word());
        let value = shown(name, line.value.as_deref().unwrap_or_default());
        plan.status(label, &format!("'{value}'"), "");
        names.push(name.clone());
    }
    names
}

/// Settings of ours that `postgresql.conf` sets again after it has read our files: they would win.
fn later(plan: &mut Plan, side: &Side) -> Vec<String> {
    let text = side.host.files.get(&side.paths.main_conf).and_then(|f| f.text());
    let after = text.and_then(|t| t.split_once("\ninclude_dir")).map_or("", |(_, after)| after);
    let own = side.files.own_conf();
    let mut ours = side.files.shared_values().unwrap_or_default();
    ours.extend(own.iter().flat_map(|f| parse_conf(f.content.expose())));
    let mut names = Vec::new();
    for (name, value) in parse_conf(after).into_iter().filter(|(n, _)| ours.contains_key(n)) {
        let label = format!("{}: setting {name} (postgresql.conf)", side.member.word());
        plan.status(label, &format!("'{}'", shown(&name, &value)), "");
        names.push(name);
    }
    names
}

/// Connection strings may hold a password.
fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if name == "primary_conninfo" { "(set)" } else { value }
}

/// Show whether the server has loaded its files; true if it has not. Where a file differs, that is
/// what a plan shows, and the reload follows from it.
fn loaded(plan: &mut Plan, side: &Side, files_are_right: bool) -> bool {
    let label = format!("{}: configuration", side.member.word());
    let Some(sql) = &side.host.sql else {
        plan.status(label, "", "loaded");
        return false;
    };
    let pending = pending(side.host);
    let stale = side.host.conf_time > sql.load_time;
    let actual = match (&pending[..], stale) {
        ([_, ..], _) => format!("waits for a restart: {}", pending.join(", ")),
        (_, true) if files_are_right => "changed since it was loaded".to_owned(),
        _ => "loaded".to_owned(),
    };
    plan.status(label, &actual, "loaded");
    stale
}
