//! What was seen on both hosts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::names::Paths;
use super::probe;
use super::settings::{Member, Pair};
use crate::diag::{Diag, Diags};
use crate::facts::file::{self, FileFact};
use crate::facts::os::{self, Os};
use crate::facts::package::{self, Package};
use crate::resource::{Answer, Answers};
use crate::secret::Secret;

/// What was seen on both hosts.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// On the first.
    pub a: Host,
    /// On the second.
    pub b: Host,
}

impl Facts {
    /// A primary and a standby that receives from it: nothing more needs to be asked.
    pub fn settled(&self) -> bool {
        let writes = |host: &Host| host.sql.as_ref().is_some_and(|s| !s.recovery);
        let receives = |host: &Host| {
            let receiver = host.sql.as_ref().and_then(|s| s.receiver.as_ref());
            receiver.is_some_and(|r| r.status.as_deref() == Some("streaming"))
        };
        (writes(&self.a) && receives(&self.b)) || (writes(&self.b) && receives(&self.a))
    }

    /// Of one host.
    pub fn of(&self, member: Member) -> &Host {
        match member {
            Member::A => &self.a,
            Member::B => &self.b,
        }
    }
}

/// What stands at the data directory's path.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Dir {
    /// Nothing.
    #[default]
    Absent,
    /// An empty directory.
    Empty,
    /// Data of a PostgreSQL of this major version.
    Data(String),
    /// Something else: the first names in it.
    Other(String),
}

impl Dir {
    /// Whether a cluster's data stands there.
    pub fn has_data(&self) -> bool {
        matches!(self, Self::Data(_))
    }
}

/// What was seen on one host.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is there or not")]
pub struct Host {
    /// Operating system.
    pub os: Os,
    /// Packages by name.
    pub packages: BTreeMap<String, Package>,
    /// Managed files by path.
    pub files: BTreeMap<String, FileFact>,
    /// The server's program is there.
    pub server: bool,
    /// apt has package lists.
    pub lists: bool,
    /// The cluster's configuration directory is there.
    pub etc: bool,
    /// The cluster is known to postgresql-common.
    pub cluster: bool,
    /// First word of `start.conf`.
    pub start: String,
    /// Data directory that the cluster has, or should have.
    pub data: String,
    /// What is in it.
    pub dir: Dir,
    /// Mode and owner of a directory with data: `700 postgres`.
    pub dir_mode: String,
    /// It is the top of a file system.
    pub mountpoint: bool,
    /// A cluster was being made when something stopped.
    pub making: bool,
    /// A clone was being made when something stopped.
    pub clone: bool,
    /// A promotion was asked for and not seen done.
    pub promoting: bool,
    /// A rewind was begun and not finished.
    pub rewinding: bool,
    /// Data and WAL of other histories, kept beside the data directory.
    pub diverged: Vec<String>,
    /// `standby`, `recovery`, or empty.
    pub signal: String,
    /// Something is written into `standby.signal`.
    pub signal_text: bool,
    /// The packages' unit file was edited.
    pub unit_edited: bool,
    /// Bytes free where the data is or will be.
    pub free: u64,
    /// Type and source of that file system.
    pub fs: String,
    /// Owner of the archive directory; empty where there is none.
    pub archive: String,
    /// Process of the running server.
    pub pid: Option<u32>,
    /// Port on which it runs.
    pub pid_port: Option<u16>,
    /// Name and process of who listens on the wanted port.
    pub listener: String,
    /// State of the unit.
    pub active: String,
    /// systemd has not read a changed unit file.
    pub needs_daemon_reload: bool,
    /// Time of the youngest configuration file, seconds since 1970.
    pub conf_time: f64,
    /// `pg_controldata`.
    pub control: Control,
    /// The newest timeline that the data knows of, with where its ancestors end.
    pub history: History,
    /// Of a server that is down: timeline and end of its WAL, in bytes.
    pub end: Option<(i64, u64)>,
    /// SHA-256 of the WAL up to where the other host's may differ.
    pub prefix: Option<String>,
    /// What was written after the histories part.
    pub after_fork: Option<AfterFork>,
    /// What the server says; none where it does not answer.
    pub sql: Option<Sql>,
    /// Why it does not answer.
    pub sql_error: String,
}

/// The control file: true whether the server runs or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Control {
    /// Identity of the data; empty where there is no control file.
    pub system_identifier: String,
    /// `in production`, `in archive recovery`, `shut down`, ...
    pub state: String,
    /// Timeline of the latest checkpoint.
    pub timeline: i64,
    /// Bytes per WAL segment.
    pub segment: u64,
    /// It has data checksums or WAL hints: `pg_rewind` can work on it.
    pub rewindable: bool,
    /// The settings that a standby must not have lower, as last replayed.
    pub not_lower: BTreeMap<String, i64>,
}

/// A timeline's history file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The timeline that it tells of.
    pub timeline: i64,
    /// Each ancestor and where, in bytes, the next timeline parted from it.
    pub ancestors: Vec<(i64, u64)>,
}

/// What one server wrote after the histories of the two parted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AfterFork {
    /// Committed transactions.
    pub commits: u64,
    /// Time of the first.
    pub first: String,
    /// Time of the last.
    pub last: String,
}

/// What the server says.
#[derive(Clone, Debug, Deserialize)]
pub struct Sql {
    /// Full version.
    pub version: String,
    /// It is a standby.
    pub recovery: bool,
    /// Its replay is paused.
    pub paused: bool,
    /// Identity of the data.
    pub system_identifier: String,
    /// Timeline of the latest checkpoint.
    pub timeline: i64,
    /// WAL position, written or replayed, in bytes.
    pub lsn: Option<i64>,
    /// Of a standby: WAL received, in bytes; none where nothing was since its start.
    #[serde(default)]
    pub received: Option<i64>,
    /// Timeline that is written or followed; `timeline` lags behind it after a promotion.
    #[serde(default)]
    pub wal_timeline: i64,
    /// When it was started.
    #[serde(default)]
    pub started: String,
    /// Of a standby: when the last transaction that it replayed was committed.
    #[serde(default)]
    pub last_commit: Option<String>,
    /// Base backups under way.
    #[serde(default)]
    pub backups: i64,
    /// Prepared transactions.
    #[serde(default)]
    pub prepared: i64,
    /// The last attempt to archive a segment failed.
    #[serde(default)]
    pub archiver_fails: bool,
    /// When the configuration was last loaded, seconds since 1970.
    pub load_time: f64,
    /// Bytes of all databases.
    pub size: Option<u64>,
    /// Bytes of WAL.
    pub wal_size: u64,
    /// Settings that were asked for, or that stand in a file.
    pub settings: Vec<Setting>,
    /// Lines of `postgresql.auto.conf`, of our files, and those with errors.
    pub file_settings: Vec<FileSetting>,
    /// Lines of `pg_hba.conf` that it cannot read.
    pub hba_errors: Vec<String>,
    /// Of a standby: the process that receives WAL.
    pub receiver: Option<Receiver>,
    /// Replication slots.
    pub slots: Vec<Slot>,
    /// Who receives WAL from here.
    pub replication: Vec<Replication>,
    /// The roles that we manage.
    pub roles: Vec<Role>,
    /// How many of the functions that `pg_rewind` needs our role may call.
    pub rewind_grants: i64,
    /// Tablespaces beside the two that always are.
    pub tablespaces: Vec<String>,
}

/// One row of `pg_settings`.
#[derive(Clone, Debug, Deserialize)]
pub struct Setting {
    /// Name.
    pub name: String,
    /// Value in its base unit.
    pub value: Option<String>,
    /// When it can change: `postmaster`: at a restart.
    pub context: String,
    /// A changed value waits for a restart.
    pub pending: bool,
    /// The file that it comes from, or empty.
    pub file: String,
}

/// One row of `pg_file_settings`.
#[derive(Clone, Debug, Deserialize)]
pub struct FileSetting {
    /// Name; none for a line that cannot be read.
    pub name: Option<String>,
    /// Value as written.
    pub value: Option<String>,
    /// File.
    pub file: Option<String>,
    /// Line.
    pub line: Option<i64>,
    /// It is the one that counts.
    pub applied: bool,
    /// What is wrong.
    pub error: Option<String>,
}

/// `pg_stat_wal_receiver`.
#[derive(Clone, Debug, Deserialize)]
pub struct Receiver {
    /// `streaming`, ...
    pub status: Option<String>,
    /// Slot in use.
    pub slot: Option<String>,
    /// Host it receives from.
    pub host: Option<String>,
}

/// One row of `pg_replication_slots`.
#[derive(Clone, Debug, Deserialize)]
pub struct Slot {
    /// Name.
    pub name: String,
    /// `physical` or `logical`.
    pub r#type: String,
    /// In use.
    pub active: bool,
    /// `reserved`, `lost`, ...; none where it never was used.
    pub wal_status: Option<String>,
    /// WAL that the server keeps for it, in bytes.
    #[serde(default)]
    pub held: Option<i64>,
    /// How many transactions ago the oldest row version began that is kept for it.
    #[serde(default)]
    pub xmin_age: Option<i64>,
    /// The same for rows of the catalogs.
    #[serde(default)]
    pub catalog_xmin_age: Option<i64>,
}

/// One row of `pg_stat_replication`.
#[derive(Clone, Debug, Deserialize)]
pub struct Replication {
    /// `application_name`
    pub name: Option<String>,
    /// Role.
    pub user: Option<String>,
    /// Address.
    pub host: Option<String>,
    /// `streaming`, ...
    pub state: Option<String>,
    /// `async` or `sync`.
    #[serde(default)]
    pub sync: Option<String>,
}

/// One row of `pg_authid`.
#[derive(Clone, Debug, Deserialize)]
pub struct Role {
    /// Name.
    pub name: String,
    /// May log in.
    pub login: bool,
    /// May replicate.
    pub replication: bool,
    /// May do everything.
    pub superuser: bool,
    /// Password verifier.
    #[serde(deserialize_with = "secret")]
    pub verifier: Option<Secret>,
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Secret::from))
}

/// Read all answers.
pub fn read(settings: &Pair, answers: &Answers) -> Result<Facts, Diags> {
    match (read_host(settings, answers, Member::A), read_host(settings, answers, Member::B)) {
        (Ok(a), Ok(b)) => Ok(Facts { a, b }),
        (a, b) => Err([a.err(), b.err()].into_iter().flatten().collect()),
    }
}

fn read_host(settings: &Pair, answers: &Answers, member: Member) -> Result<Host, Diag> {
    let name = member.word();
    let stdout = match answers.get(name, probe::KEY) {
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
    let paths = Paths::new(settings, member);
    host.files =
        probe::files(&paths).map(|path| (path.to_owned(), file::fact(answers, name, path))).into();
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
            host.end = host.end.zip(value.parse().ok()).map(|((_, end), timeline)| (timeline, end));
        }
        "mountpoint" => host.mountpoint = yes,
        "needs_daemon_reload" => host.needs_daemon_reload = yes,
        "start" => value.clone_into(&mut host.start),
        "data" => value.clone_into(&mut host.data),
        "signal" => value.clone_into(&mut host.signal),
        "fs" => value.clone_into(&mut host.fs),
        "archive" => value.clone_into(&mut host.archive),
        "listener" => value.clone_into(&mut host.listener),
        "active" => value.clone_into(&mut host.active),
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
        _ => {}
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
            "Database system identifier" => value.clone_into(&mut control.system_identifier),
            "Database cluster state" => value.clone_into(&mut control.state),
            "Latest checkpoint's TimeLineID" => control.timeline = value.parse().unwrap_or(0),
            "Bytes per WAL segment" => control.segment = value.parse().unwrap_or(0),
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

/// The timeline on the first line, then `TIMELINE<tab>LSN<tab>reason` for each ancestor.
fn history(text: &str) -> History {
    let mut lines = text.lines();
    let timeline = lines.next().and_then(|l| l.trim().parse().ok()).unwrap_or_default();
    let ancestor = |line: &str| {
        let mut words = line.split_whitespace();
        Some((words.next()?.parse().ok()?, lsn(words.next()?)?))
    };
    History { timeline, ancestors: lines.filter_map(ancestor).collect() }
}

/// `0/3842930` in bytes.
pub fn lsn(text: &str) -> Option<u64> {
    let (high, low) = text.split_once('/')?;
    let part = |hex| u64::from_str_radix(hex, 16).ok();
    Some((part(high)? << 32) | part(low)?)
}

/// `pg_controldata` shortens two of the names.
fn setting_of(label: &str) -> Option<&str> {
    match label.strip_suffix(" setting")? {
        "max_prepared_xacts" => Some("max_prepared_transactions"),
        "max_locks_per_xact" => Some("max_locks_per_transaction"),
        other => Some(other),
    }
}
