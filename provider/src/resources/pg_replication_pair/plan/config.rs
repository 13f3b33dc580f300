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
use super::super::steps::{Work, attached, restart, start};
use super::tls;
use crate::plan;
use crate::step::{Action, File, Step};

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
pub fn steps(case: &Case) -> Work {
    let (primary, standby) = (case.primary(), case.standby());
    let minimums = minimums(case);
    let raise = needs_raise(case, &minimums);
    let mut work = Work::default();
    if raise {
        work.then(raised(case, &minimums));
    }
    let falls = falls(case);
    let down = standby.host.sql.is_none();
    // The primary must show its certificate before the standby asks for it.
    if !(raise || falls || down || tls::changes(case, &primary)) {
        work.then(settle(case, &standby));
        work.then(settle(case, &primary));
        return work;
    }
    work.then(settle(case, &primary));
    if raise || (falls && !down) {
        work.add(attached(case, "before the standby takes lower settings"));
    }
    work.then(if raise { lowered(case, &standby) } else { settle(case, &standby) });
    work
}

/// One server takes its final configuration; a primary that is down is started with it.
pub fn settle(case: &Case, side: &Side) -> Work {
    let change = Change::of(case, side);
    let mut work = change.write(case, side);
    if side.host.sql.is_some() {
        work.then(change.load(case, side));
    } else if side.member == case.settings.primary {
        work.cutting([start(side)]);
    }
    work
}

/// The standby's final settings, after it had the raised ones: whatever was seen before, those are in
/// its file by now.
fn lowered(case: &Case, side: &Side) -> Work {
    let mut work = Work::default();
    if let Ok(file) = side.files.shared_conf(&Values::new()) {
        work.add([plan::write(side.member.word(), file)]);
        work.cutting([restart(case, side, "with the final settings")]);
    }
    work
}

/// The standby takes values that are not lower than any that it may meet in the WAL.
fn raised(case: &Case, minimums: &Values) -> Work {
    let side = case.standby();
    let mut work = Work::default();
    let Ok(file) = side.files.shared_conf(minimums) else { return work };
    let host = side.member.word();
    let up = side.host.sql.is_some();
    if up {
        let files = [&file.path, &side.paths.own_conf, &side.paths.hba].map(Clone::clone);
        let what = "keep the previous configuration before settings rise";
        work.add([Step::run(host, what, Scripts::keep_previous(&files))]);
    }
    let what = format!("write {} with the higher of old and new settings", file.path);
    work.add([Step::new(host, what, Action::Write(file))]);
    work.then(write_tls(&side, tls::files(case, &side)));
    // Other files of the standby are written before it starts with the new settings.
    work.cutting(case.write(side.member, side.files.own_conf()));
    work.add(case.write(side.member, side.files.hba(side.host)));
    if up {
        work.cutting([restart(case, &side, "before the primary")]);
    } else {
        work.add([start(&side)]);
    }
    work
}

/// A certificate that another one takes the place of may cut the stream.
fn write_tls(side: &Side, steps: Vec<(String, Step)>) -> Work {
    let mut work = Work::default();
    for (path, step) in steps {
        if path == side.paths.tls_certificate && matches!(step.action, Action::Write(_)) {
            work.cutting([step]);
        } else {
            work.add([step]);
        }
    }
    work
}

/// Whether a standby that is down is started with its configuration.
pub fn starts_standby(case: &Case) -> bool {
    case.standby().host.sql.is_none() && needs_raise(case, &minimums(case))
}

/// For the settings that a standby must not have lower: what it needs until it has replayed what
/// the primary has written. Empty where the wanted value is enough.
fn minimums(case: &Case) -> Values {
    let (primary, standby) = (case.primary().host, case.standby().host);
    let wanted = case.standby().files.shared_values().unwrap_or_default();
    let mut minimums = Values::new();
    if !standby.dir.has_data() {
        return minimums;
    }
    for (name, default) in NOT_LOWER {
        let target = number(&wanted, name).unwrap_or(default);
        let seen = [running(primary, name), standby.control.not_lower.get(name).copied()];
        let highest = seen.into_iter().flatten().max().unwrap_or(target);
        if highest > target {
            minimums.insert(name.to_owned(), highest.to_string());
        }
    }
    minimums
}

/// Whether the standby must rise before the primary changes: it is up and lower than wanted, while
/// something else falls; or it is down and the WAL asks for more than is wanted.
fn needs_raise(case: &Case, minimums: &Values) -> bool {
    let side = case.standby();
    if minimums.is_empty() {
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

/// What differs on one host, and what that needs.
struct Change {
    /// Steps for certificate, key and authorities, each with its path.
    tls: Vec<(String, Step)>,
    /// Files that are written.
    files: Vec<File>,
    /// Settings that `postgresql.conf` hides.
    later: Vec<String>,
    /// Names of `ALTER SYSTEM` that hide ours.
    hidden: Vec<String>,
    /// Settings for which the server must restart.
    restart: BTreeSet<String>,
}

impl Change {
    fn of(case: &Case, side: &Side) -> Self {
        let files = &side.files;
        let wanted = [files.shared_conf(&Values::new()), files.own_conf(), files.hba(side.host)];
        let wanted = wanted.into_iter().flatten();
        let files: Vec<File> = wanted.filter(|file| case.differs(side.member, file)).collect();
        let mut names = BTreeSet::new();
        for file in files.iter().filter(|file| file.path != side.paths.hba) {
            let old = case.fact(side.member, &file.path).text().unwrap_or_default();
            names.extend(different(&parse_conf(old), &parse_conf(file.content.expose())));
        }
        let later: Vec<String> = later(side).into_iter().map(|(name, _)| name).collect();
        names.extend(later.iter().cloned());
        let hidden: Vec<String> = hidden(side).into_iter().map(|(name, _)| name).collect();
        let mut restart: BTreeSet<String> =
            names.iter().chain(&hidden).filter(|name| needs_restart(side, name)).cloned().collect();
        restart.extend(pending(side.host));
        Self { tls: tls::files(case, side), files, later, hidden, restart }
    }

    /// Paths that are written or removed.
    fn paths(&self, side: &Side) -> Vec<String> {
        let tls = self.tls.iter().map(|(path, _)| path);
        let files = self.files.iter().map(|file| &file.path);
        let main = Some(&side.paths.main_conf).filter(|_| !self.later.is_empty());
        tls.chain(files).chain(main).cloned().collect()
    }

    /// The steps that write it.
    fn write(&self, case: &Case, side: &Side) -> Work {
        let host = side.member.word();
        let mut work = Work::default();
        let paths = self.paths(side);
        if !paths.is_empty() && side.host.sql.is_some() {
            let script = Scripts::keep_previous(&paths);
            work.add([Step::run(host, "keep the previous configuration", script)]);
        }
        work.then(write_tls(side, self.tls.clone()));
        work.add(tls::prove(case, side));
        for file in &self.files {
            let step = plan::write(host, file.clone());
            if side.member != case.settings.primary && file.path == side.paths.own_conf {
                work.cutting([step]);
            } else {
                work.add([step]);
            }
        }
        if !self.later.is_empty() {
            let names = self.later.join(", ");
            let what = format!("take {names} out of {}", side.paths.main_conf);
            work.add([Step::run(host, what, side.scripts.comment_out(&self.later))]);
        }
        work
    }

    /// Have the running server take it.
    fn load(&self, case: &Case, side: &Side) -> Work {
        let host = side.member.word();
        let mut work = Work::default();
        if !self.hidden.is_empty() {
            let what = format!("take back ALTER SYSTEM of {}", self.hidden.join(", "));
            work.add([Step::run(host, what, side.scripts.reset(&self.hidden))]);
        }
        if !self.restart.is_empty() {
            let names: Vec<&str> = self.restart.iter().map(String::as_str).collect();
            work.cutting([restart(case, side, &format!("for {}", names.join(", ")))]);
        } else if !self.paths(side).is_empty() || !self.hidden.is_empty() || is_stale(side.host) {
            let what = "check the configuration and reload PostgreSQL";
            work.add([Step::run(host, what, side.scripts.reload())]);
        }
        work
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

/// Values of `ALTER SYSTEM` that hide a setting of ours, as they are shown.
pub fn hidden(side: &Side) -> Vec<(String, String)> {
    let ours = side.files.shared_values().unwrap_or_default();
    let lines = side.host.sql.iter().flat_map(|s| &s.file_settings);
    let auto =
        lines.filter(|l| l.file.as_ref().is_some_and(|f| f.ends_with("/postgresql.auto.conf")));
    let of_ours = auto.filter_map(|line| {
        let name = line.name.as_ref()?;
        let owned = OWNED.iter().any(|(owned, _)| owned == name);
        let value = shown(name, line.value.as_deref().unwrap_or_default());
        (owned || ours.contains_key(name)).then(|| (name.clone(), value.to_owned()))
    });
    of_ours.collect()
}

/// Settings of ours that `postgresql.conf` sets again after it has read our files: they would win.
/// With their values, as they are shown.
pub fn later(side: &Side) -> Vec<(String, String)> {
    let text = side.host.files.get(&side.paths.main_conf).and_then(|f| f.text());
    let after = text.and_then(|t| t.split_once("\ninclude_dir")).map_or("", |(_, after)| after);
    let own = side.files.own_conf();
    let mut ours = side.files.shared_values().unwrap_or_default();
    ours.extend(own.iter().flat_map(|f| parse_conf(f.content.expose())));
    let again = parse_conf(after).into_iter().filter(|(name, _)| ours.contains_key(name));
    again.map(|(name, value)| (name.clone(), shown(&name, &value).to_owned())).collect()
}

/// Connection strings may hold a password.
fn shown<'a>(name: &str, value: &'a str) -> &'a str {
    if name == "primary_conninfo" { "(set)" } else { value }
}

/// The files are right, and the server has not loaded them.
fn is_stale(host: &Host) -> bool {
    host.sql.as_ref().is_some_and(|sql| host.conf_time > sql.load_time)
}

/// Whether the server has loaded its files, in the words of `status`. Where a file differs, that is
/// what a plan shows, and the reload follows from it.
pub fn loaded(case: &Case, side: &Side) -> String {
    if side.host.sql.is_none() {
        return String::new();
    }
    match &pending(side.host)[..] {
        names @ [_, ..] => format!("waits for a restart: {}", names.join(", ")),
        [] if is_stale(side.host) && Change::of(case, side).paths(side).is_empty() => {
            "changed since it was loaded".to_owned()
        }
        [] => "loaded".to_owned(),
    }
}
