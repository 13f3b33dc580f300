//! What was seen of both servers, in the words of the table.

use super::super::case::{Case, Side};
use super::super::facts::{Dir, Host};
use super::super::wal::lineage::{Lineage, lineage};

/// Of whom something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// The one that the configuration wants as the primary.
    Wanted,
    /// The other.
    Other,
}

impl Who {
    /// The one that is not this one.
    pub fn peer(self) -> Self {
        match self {
            Self::Wanted => Self::Other,
            Self::Other => Self::Wanted,
        }
    }
}

/// One server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Server {
    /// Its host does not answer.
    Unreachable,
    /// It has no data.
    Absent,
    /// Its data is of another system.
    Foreign,
    /// Its data cannot be read.
    Unreadable,
    /// A rewind of it was cut off, or still runs: its start is disabled.
    HalfRewound,
    /// A process runs and does not answer; whether it would come up as a standby.
    Starting {
        /// It would come up as a standby.
        standby: bool,
    },
    /// It takes writes.
    Primary,
    /// It is in recovery.
    Standby(Follower),
    /// It is down.
    Down(Stopped),
}

/// A server in recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Follower {
    /// It receives WAL.
    pub attached: bool,
    /// Its replay is paused.
    pub paused: bool,
    /// It was asked to become the primary.
    pub promoting: bool,
}

/// A server that is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stopped {
    /// It took writes when it ran last.
    pub was_primary: bool,
    /// It would come up as a standby.
    pub fenced: bool,
    /// It was asked to become the primary.
    pub promoting: bool,
}

/// Both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Observed {
    /// The one that the configuration wants as the primary.
    pub wanted: Server,
    /// The other.
    pub other: Server,
    /// How their WAL stands to each other.
    pub lineage: Lineage,
    /// The wanted primary is as far behind as the limit allows, or less.
    pub within_lag: bool,
    /// The primary no longer has WAL that its standby needs.
    pub slot_lost: bool,
}

impl Observed {
    /// One of the two.
    pub fn of_one(&self, who: Who) -> Server {
        match who {
            Who::Wanted => self.wanted,
            Who::Other => self.other,
        }
    }

    /// From the facts.
    pub fn of(case: &Case) -> Self {
        let (wanted, other) = (case.primary(), case.standby());
        let id = |side: &Side| side.host.control.system_identifier.clone();
        let known = case.prior_text("system_identifier").map(str::to_owned);
        let system =
            known.unwrap_or_else(|| if id(&wanted).is_empty() { id(&other) } else { id(&wanted) });
        Self {
            wanted: server(case, &wanted, &system),
            other: server(case, &other, &system),
            lineage: lineage(wanted.host, other.host),
            within_lag: lag(case).is_some_and(|lag| lag <= case.settings.max_lag_bytes),
            slot_lost: slot_lost(case, &wanted) || slot_lost(case, &other),
        }
    }
}

/// WAL that the standby has not replayed, in bytes; none where not both are seen running.
pub fn lag(case: &Case) -> Option<i64> {
    let lsn = |host: &Host| host.sql.as_ref().and_then(|s| s.lsn);
    Some(lsn(case.primary().host)?.saturating_sub(lsn(case.standby().host)?).saturating_abs())
}

fn slot_lost(case: &Case, side: &Side) -> bool {
    let sql = side.host.sql.as_ref().filter(|s| !s.recovery);
    sql.is_some_and(|s| {
        let slot = s.slots.iter().find(|slot| slot.name == case.settings.slot_name);
        slot.is_some_and(|slot| slot.wal_status.as_deref() == Some("lost"))
    })
}

fn server(case: &Case, side: &Side, system: &str) -> Server {
    let host = side.host;
    if case.missing(side.member).is_some() {
        return Server::Unreachable;
    }
    if host.making || matches!(host.dir, Dir::Absent | Dir::Empty) {
        return Server::Absent;
    }
    let control = &host.control;
    if matches!(host.dir, Dir::Other(_))
        || (!control.system_identifier.is_empty() && control.system_identifier != system)
    {
        return Server::Foreign;
    }
    if host.rewinding {
        return Server::HalfRewound;
    }
    if control.system_identifier.is_empty() {
        return Server::Unreadable;
    }
    let fenced = host.signal == "standby";
    match &host.sql {
        Some(sql) if !sql.recovery => Server::Primary,
        Some(sql) => {
            let attached = host.receives();
            Server::Standby(Follower { attached, paused: sql.paused, promoting: host.promoting })
        }
        None if host.pid.is_some() => Server::Starting { standby: fenced },
        None => {
            let was_primary = control.was_primary();
            // One that took writes since has become what it was asked to.
            let promoting = host.promoting && !was_primary;
            Server::Down(Stopped { was_primary, fenced, promoting })
        }
    }
}
