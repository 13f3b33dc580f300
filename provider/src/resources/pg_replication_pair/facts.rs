//! What was seen on both hosts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::others::Others;
use super::settings::Member;
use crate::facts::apt_sources::AptSource;
use crate::facts::file::FileFact;
use crate::facts::os::Os;
use crate::facts::package::Package;
use crate::facts::service::Service;
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
        let follows = |primary: &Host, standby: &Host| primary.takes_writes() && standby.receives();
        follows(&self.a, &self.b) || follows(&self.b, &self.a)
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
    /// Where apt gets packages, where the pair adds a source.
    pub apt_sources: Vec<AptSource>,
    /// Managed files by path.
    pub files: BTreeMap<String, FileFact>,
    /// What is not ours and decides whether an apply can succeed.
    pub others: Others,
    /// The server's program is there.
    pub server: bool,
    /// apt has package lists.
    pub lists: bool,
    /// The server's package is newer than the wanted release.
    pub newer: bool,
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
    /// The socket unit that says whether the server is the primary.
    pub role_check: Service,
    /// systemd has not read a changed unit file.
    pub needs_daemon_reload: bool,
    /// What its clock showed, seconds since 1970. Nothing is decided by it.
    pub clock: Option<i64>,
    /// Time of the youngest configuration file, seconds since 1970.
    pub conf_time: f64,
    /// `pg_controldata`.
    pub control: Control,
    /// The newest timeline that the data knows of, with where its ancestors end.
    pub history: History,
    /// Of a server that is down: timeline and end of its WAL, in bytes.
    pub end: Option<(i64, u64)>,
    /// Of a server that is down: how far its WAL is there. Data that was copied from a server that
    /// went on, as by a rewind, needs more.
    pub there: Option<u64>,
    /// SHA-256 of the WAL up to where the other host's may differ.
    pub prefix: Option<String>,
    /// What was written after the histories part.
    pub after_fork: Option<AfterFork>,
    /// What the server says; none where it does not answer.
    pub sql: Option<Sql>,
    /// Why it does not answer.
    pub sql_error: String,
}

impl Host {
    /// Its server runs and is no standby.
    pub fn takes_writes(&self) -> bool {
        self.sql.as_ref().is_some_and(|sql| !sql.recovery)
    }

    /// Its server takes writes, or did when it ran last.
    pub fn wrote(&self) -> bool {
        self.takes_writes() || (self.sql.is_none() && self.control.was_primary())
    }

    /// Its server receives WAL.
    pub fn receives(&self) -> bool {
        let receiver = self.sql.as_ref().and_then(|sql| sql.receiver.as_ref());
        receiver.is_some_and(|r| r.status.as_deref() == Some("streaming"))
    }

    /// Its server sends WAL to one of this name; a synchronous standby that is only `potential` has to
    /// catch up first.
    pub fn serves(&self, name: &str) -> bool {
        let mut replicas = self.sql.iter().flat_map(|sql| &sql.replication);
        replicas.any(|replica| {
            replica.name.as_deref() == Some(name) && replica.sync.as_deref() != Some("potential")
        })
    }
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

impl Control {
    /// The server took writes when it wrote this.
    pub fn was_primary(&self) -> bool {
        !self.state.contains("recovery") || self.state.contains("crash")
    }
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
    #[serde(deserialize_with = "timeline")]
    pub timeline: i64,
    /// WAL position, written or replayed, in bytes.
    pub lsn: Option<i64>,
    /// Of a primary beside a server that does not follow: end of the WAL that it had made when the
    /// other had been seen, in bytes; the last of it may not be written yet.
    #[serde(skip)]
    pub made: Option<i64>,
    /// Of a standby: WAL received, in bytes; none where nothing was since its start.
    #[serde(default)]
    pub received: Option<i64>,
    /// Timeline that is written or followed; `timeline` lags behind it after a promotion.
    #[serde(default, deserialize_with = "timeline")]
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

/// A number of 32 bits.
fn timeline<'de, D: serde::Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    u32::deserialize(from).map(i64::from)
}

fn secret<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Secret>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(Secret::from))
}
