//! One server.

use super::super::super::wal::lineage::Position;
use super::super::observed::{Follower, Server, Stopped};

/// What stands in the data directory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Data {
    #[default]
    None,
    Ours,
    Foreign,
    /// It cannot be read, and somebody may repair it.
    Damaged,
    /// A rewind of it was cut off; its start is disabled.
    HalfRewound,
}

/// One server. WAL is a list of records; each has a number of its own, so that a prefix is proof.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is so or not")]
pub struct Sim {
    pub wal: Vec<u64>,
    pub timeline: i64,
    /// Earlier timelines, and how many records there were when the next began.
    pub ancestors: Vec<(i64, u64)>,
    pub data: Data,
    pub up: bool,
    /// Up, and does not answer yet.
    pub starting: bool,
    pub signal: bool,
    /// It stands on the host that its promotion was asked for.
    pub promoting: bool,
    /// Its promotion was asked for, and may happen at any moment.
    pub asked: bool,
    /// It keeps WAL for the other.
    pub slot: bool,
    /// Its control file knows its timeline.
    pub checkpointed: bool,
    /// It was stopped in good order, or has recovered.
    pub clean: bool,
    pub paused: bool,
    pub was_primary: bool,
    pub reachable: bool,
    /// Its disk has no room for anything.
    pub full: bool,
}

impl Sim {
    /// A server that runs, of a pair that is whole.
    pub fn running(primary: bool) -> Self {
        Self {
            wal: vec![0],
            timeline: 1,
            data: Data::Ours,
            up: true,
            signal: !primary,
            was_primary: primary,
            slot: primary,
            checkpointed: true,
            reachable: true,
            ..Self::default()
        }
    }

    /// What is left of its host when its data is gone.
    pub fn emptied(&self) -> Self {
        let Self { promoting, reachable, full, .. } = *self;
        Self { promoting, reachable, full, ..Self::default() }
    }

    /// The same with new data, of which nothing was asked yet.
    pub fn replaced(&self, primary: bool) -> Self {
        let Self { reachable, full, .. } = *self;
        Self { reachable, full, slot: false, ..Self::running(primary) }
    }

    /// It takes writes, or will in a moment.
    pub fn writable(&self) -> bool {
        self.up && !self.signal
    }

    /// Whoever starts the host makes it take writes.
    pub fn comes_up_writable(&self) -> bool {
        !self.up && !self.signal && matches!(self.data, Data::Ours | Data::Damaged)
    }

    /// Whether the start succeeds, and it answers; one that runs has started.
    pub fn start(&mut self) -> bool {
        if self.up {
            self.starting = false;
            return true;
        }
        let able = self.data == Data::Ours && !self.full;
        if able {
            (self.up, self.was_primary, self.clean) = (true, !self.signal, false);
            // Recovery after a crash ends with a checkpoint.
            self.checkpointed |= !self.signal;
        }
        able
    }

    pub fn stop(&mut self) {
        (self.up, self.starting, self.paused, self.asked) = (false, false, false, false);
    }

    pub fn promote(&mut self) {
        self.ancestors.push((self.timeline, self.wal.len() as u64));
        self.timeline += 1;
        (self.signal, self.was_primary) = (false, true);
        (self.asked, self.paused, self.checkpointed) = (false, false, false);
    }

    /// All WAL of another one, with its timelines.
    pub fn copy_wal(&mut self, from: &Self) {
        self.wal.clone_from(&from.wal);
        self.ancestors.clone_from(&from.ancestors);
        self.timeline = from.timeline;
    }

    /// Where its WAL ends; none where that cannot be read.
    pub fn position(&self) -> Option<Position> {
        let readable = self.reachable && self.data == Data::Ours && !self.starting;
        readable.then(|| Position {
            timeline: self.timeline,
            end: self.wal.len() as u64,
            there: self.wal.len() as u64,
            ancestors: self.ancestors.clone(),
        })
    }

    /// As a probe sees it.
    pub fn seen(&self, attached: bool) -> Server {
        match self.data {
            _ if !self.reachable => Server::Unreachable,
            Data::None => Server::Absent,
            Data::Foreign => Server::Foreign,
            Data::Damaged => Server::Unreadable,
            Data::HalfRewound => Server::HalfRewound,
            Data::Ours if self.starting => Server::Starting { standby: self.signal },
            Data::Ours if self.writable() => Server::Primary,
            Data::Ours if self.up => {
                let (paused, promoting) = (self.paused, self.promoting);
                Server::Standby(Follower { attached, paused, promoting })
            }
            Data::Ours => {
                let (was_primary, fenced) = (self.was_primary, self.signal);
                let promoting = self.promoting && !was_primary;
                Server::Down(Stopped { was_primary, fenced, promoting })
            }
        }
    }
}
