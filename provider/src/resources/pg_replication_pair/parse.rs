//! The answers of the hosts, read.

use super::facts::{Control, Dir, Facts, History, Host, Sql};
use super::names::Paths;
use super::questions;
use super::role_check;
use super::settings::{Member, Pair};
use crate::diag::{Diag, Diags};
use crate::facts::{apt_sources, file, os, package, service};
use crate::resource::{Answer, Answers};
use crate::wal::{Lsn, segment_size};

/// Read all answers.
pub fn read(settings: &Pair, answers: &Answers) -> Result<Facts, Diags> {
    match (read_host(settings, answers, Member::A), read_host(settings, answers, Member::B)) {
        (Ok(a), Ok(b)) => Ok(Facts { a, b }),
        (a, b) => Err([a.err(), b.err()].into_iter().flatten().collect()),
    }
}

fn read_host(settings: &Pair, answers: &Answers, member: Member) -> Result<Host, Diag> {
    let name = member.word();
    let stdout = match answers.get(name, questions::KEY) {
        Some(Answer::Output { status: 0, stdout, .. }) => stdout,
        // Its host did not answer at all.
        None => return Ok(Host::default()),
        other => return Err(unreadable(settings, member, other)),
    };
    let mut host = parse(stdout).map_err(|why| {
        Diag::error(format!("failed to read PostgreSQL's state on {}", settings.place(member)), why)
    })?;
    host.os = os::fact(answers, name);
    host.packages = package::facts(answers, name);
    host.apt_sources = apt_sources::facts(answers, name);
    let paths = Paths::new(settings, member);
    let unit = role_check::unit(&paths);
    host.role_check = service::facts(answers, name).remove(unit).unwrap_or_default();
    host.files = questions::files(&paths)
        .map(|path| (path.to_owned(), file::fact(answers, name, path)))
        .into();
    Ok(host)
}

fn unreadable(settings: &Pair, member: Member, answer: Option<&Answer>) -> Diag {
    let why = match answer {
        Some(Answer::Output { status, stderr, .. }) => format!("exit status {status}: {stderr}"),
        Some(Answer::Failed(why)) => why.clone(),
        _ => "no answer".to_owned(),
    };
    Diag::error(format!("failed to read PostgreSQL's state on {}", settings.place(member)), why)
}

/// Read the script's output.
pub fn parse(output: &str) -> Result<Host, String> {
    let mut host = Host::default();
    let mut lines = output.lines();
    while let Some(line) = lines.next() {
        match line {
            "@@control" => host.control = control(&mut lines),
            "@@history" => host.history = history(&section(&mut lines)),
            "@@sql" => host.sql = Some(sql(&section(&mut lines))?),
            "@@sql_error" => host.sql_error = section(&mut lines),
            _ => {
                if let Some((key, value)) = line.split_once('=') {
                    line_of_host(&mut host, key, value.trim());
                }
            }
        }
    }
    Ok(host)
}

fn section<'a>(lines: &mut impl Iterator<Item = &'a str>) -> String {
    lines.take_while(|line| *line != "@@end").collect::<Vec<_>>().join("\n")
}

/// The error names a place in the answer, never the answer: it holds verifiers.
fn sql(text: &str) -> Result<Sql, String> {
    serde_json::from_str(text).map_err(|e| {
        format!("the server's answer cannot be read (line {}, column {})", e.line(), e.column())
    })
}

fn line_of_host(host: &mut Host, key: &str, value: &str) {
    let yes = value == "yes";
    match key {
        "server" => host.server = yes,
        "lists" => host.lists = yes,
        "newer" => host.newer = yes,
        "etc" => host.etc = yes,
        "cluster" => host.cluster = yes,
        "making" => host.making = yes,
        "clone" => host.clone = yes,
        "signal_text" => host.signal_text = yes,
        "unit_edited" => host.unit_edited = yes,
        "promoting" => host.promoting = yes,
        "rewinding" => host.rewinding = yes,
        "diverged" => host.diverged.push(value.to_owned()),
        "end" => host.end = value.parse().ok().map(|end| (0, end)),
        "end_timeline" => {
            host.end = host.end.zip(timeline(value)).map(|((_, end), timeline)| (timeline, end));
        }
        "there" => host.there = value.parse().ok(),
        "mountpoint" => host.mountpoint = yes,
        "needs_daemon_reload" => host.needs_daemon_reload = yes,
        "start" => value.clone_into(&mut host.start),
        "data" => value.clone_into(&mut host.data),
        "signal" => value.clone_into(&mut host.signal),
        "fs" => value.clone_into(&mut host.fs),
        "archive" => value.clone_into(&mut host.archive),
        "listener" => value.clone_into(&mut host.listener),
        "active" => value.clone_into(&mut host.active),
        "clock" => host.clock = value.parse().ok(),
        "free" => host.free = value.parse().unwrap_or_default(),
        "pid" => host.pid = value.parse().ok(),
        "pid_port" => host.pid_port = value.parse().ok(),
        "dir" => host.dir = dir(value),
        "dir_mode" => value.clone_into(&mut host.dir_mode),
        "dir_version" => host.dir = Dir::Data(value.to_owned()),
        "entries" => host.dir = Dir::Other(value.to_owned()),
        "mtime" => {
            let time = value.split(' ').next().and_then(|t| t.parse().ok()).unwrap_or(0.0);
            host.conf_time = host.conf_time.max(time);
        }
        _ => {
            host.others.take(key, value);
        }
    }
}

fn dir(word: &str) -> Dir {
    match word {
        "data" => Dir::Data(String::new()),
        "empty" => Dir::Empty,
        "other" => Dir::Other(String::new()),
        _ => Dir::Absent,
    }
}

/// Lines of `pg_controldata`: `name:  value`, the last five names as `max_connections setting`.
fn control<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Control {
    let mut control = Control::default();
    for line in lines.take_while(|line| *line != "@@end") {
        let Some((name, value)) = line.split_once(':') else { continue };
        let value = value.trim();
        match name {
            "Database system identifier" => control.system_identifier = identifier(value),
            "Database cluster state" => value.clone_into(&mut control.state),
            "Latest checkpoint's TimeLineID" => control.timeline = timeline(value).unwrap_or(0),
            "Bytes per WAL segment" => control.segment = segment_size(value).unwrap_or(0),
            "wal_log_hints setting" => control.rewindable |= value == "on",
            "Data page checksum version" => control.rewindable |= value != "0",
            _ => {
                if let (Some(setting), Ok(number)) = (setting_of(name), value.parse()) {
                    control.not_lower.insert(setting.to_owned(), number);
                }
            }
        }
    }
    control
}

/// A number of 64 bits, as it is printed; empty where it is none.
fn identifier(text: &str) -> String {
    text.parse::<u64>().map(|number| number.to_string()).unwrap_or_default()
}

/// A number of 32 bits.
fn timeline(text: &str) -> Option<i64> {
    text.trim().parse::<u32>().ok().map(i64::from)
}

/// The timeline on the first line, then `TIMELINE<tab>LSN<tab>reason` for each ancestor.
fn history(text: &str) -> History {
    let mut lines = text.lines();
    let of = lines.next().and_then(timeline).unwrap_or_default();
    let ancestor = |line: &str| {
        let mut words = line.split_whitespace();
        let timeline = timeline(words.next()?)?;
        let Lsn(switch_point) = words.next()?.parse().ok()?;
        Some((timeline, switch_point))
    };
    History { timeline: of, ancestors: lines.filter_map(ancestor).collect() }
}

/// `pg_controldata` shortens two of the names.
fn setting_of(label: &str) -> Option<&str> {
    match label.strip_suffix(" setting")? {
        "max_prepared_xacts" => Some("max_prepared_transactions"),
        "max_locks_per_xact" => Some("max_locks_per_transaction"),
        other => Some(other),
    }
}
