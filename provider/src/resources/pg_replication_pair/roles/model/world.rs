//! Both servers, a link between them, writers, and what they were told is safe.

use super::super::super::wal::lineage::{Lineage, compare, lineage_of};
use super::super::observed::Observed;
use super::sim::{Data, Sim};

/// Both.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is so or not")]
pub struct World {
    pub servers: [Sim; 2],
    pub link: bool,
    /// Who does not let the other log in.
    pub closed: Option<usize>,
    pub sync: bool,
    pub acknowledged: Vec<u64>,
    pub next: u64,
    /// Whom the state names, and its timeline.
    pub recorded: (usize, i64),
    /// The bytes up to where the histories may differ can be read on both.
    pub comparable: bool,
    pub within_lag: bool,
    pub slot_lost: bool,
    /// Somebody made a second primary: what is lost by that is not the table's to know.
    pub manual_change: bool,
    /// The user has agreed to lose what the wanted one lacks.
    pub agreed: bool,
    /// Whose promotion without the other, and with what that goes on to write, the user has agreed
    /// to; it was asked for and may still happen.
    pub asked: Option<usize>,
    /// The stream stands still, and nobody has noticed.
    pub stuck: bool,
    /// Who was fenced, and must stay so.
    pub fenced: [bool; 2],
    /// WAL that was kept beside the data.
    pub kept: Vec<u64>,
    /// The end of WAL that one host has printed for the other.
    pub end: Option<usize>,
    /// What must not happen, and did.
    pub violations: Vec<String>,
}

impl World {
    pub fn new(sync: bool) -> Self {
        Self {
            servers: [Sim::running(true), Sim::running(false)],
            link: true,
            closed: None,
            sync,
            acknowledged: vec![],
            next: 1,
            recorded: (0, 1),
            comparable: true,
            within_lag: true,
            slot_lost: false,
            manual_change: false,
            agreed: false,
            asked: None,
            stuck: false,
            fenced: [false; 2],
            kept: vec![],
            end: None,
            violations: vec![],
        }
    }

    pub fn record(&mut self, who: usize) -> u64 {
        let id = self.next;
        self.next += 1;
        self.servers[who].wal.push(id);
        id
    }

    pub fn is_primary(&self, who: usize) -> bool {
        self.servers[who].writable() && !self.servers[who].starting
    }

    pub fn is_prefix(&self, short: usize, long: usize) -> bool {
        self.servers[long].wal.starts_with(&self.servers[short].wal)
    }

    pub fn attached(&self, standby: usize) -> bool {
        self.link && !self.stuck && self.streams(standby)
    }

    /// It receives, or did until the link was cut, which it does not notice.
    pub fn streams(&self, standby: usize) -> bool {
        let (server, peer) = (&self.servers[standby], 1 - standby);
        server.up
            && server.signal
            && !server.starting
            && server.data == Data::Ours
            && self.closed != Some(peer)
            && self.servers[peer].slot
            && !self.slot_lost
            && self.is_primary(peer)
            && self.servers[peer].data == Data::Ours
            && self.is_prefix(standby, peer)
    }

    /// WAL flows. A standby whose disk is full goes down.
    pub fn replicate(&mut self) {
        for standby in 0..2 {
            if self.attached(standby) && !self.is_prefix(1 - standby, standby) {
                if self.servers[standby].full {
                    self.servers[standby].stop();
                } else {
                    self.copy_wal(standby);
                }
            }
        }
    }

    pub fn copy_wal(&mut self, to: usize) {
        let from = self.servers[1 - to].clone();
        self.servers[to].copy_wal(&from);
    }

    /// Every server that takes writes gets one; a client is told so when it may be. One whose disk is
    /// full goes down.
    pub fn write(&mut self) {
        for who in 0..2 {
            if !self.is_primary(who) {
                continue;
            }
            if self.servers[who].full {
                self.servers[who].stop();
                continue;
            }
            let id = self.record(who);
            if !self.sync {
                self.acknowledged.push(id);
            } else if self.attached(1 - who) && !self.servers[1 - who].full {
                self.replicate();
                self.acknowledged.push(id);
            }
        }
    }

    /// Whoever started it.
    pub fn start(&mut self, who: usize) -> bool {
        let was_down = !self.servers[who].up;
        let starts = self.servers[who].start();
        if starts && was_down && self.servers[who].writable() {
            self.record(who);
        }
        starts
    }

    pub fn stop(&mut self, who: usize) {
        let up = self.servers[who].up;
        if self.is_primary(who) && !self.servers[who].full {
            // The shutdown checkpoint, sent to a standby that listens.
            self.record(who);
            self.replicate();
            self.servers[who].checkpointed = true;
        }
        self.servers[who].stop();
        self.servers[who].clean |= up;
    }

    /// Whoever promoted it. Its slot, if it has one, is a new one.
    pub fn promote(&mut self, who: usize) {
        self.servers[who].promote();
        self.record(who);
        self.slot_lost = false;
        self.asked = None;
    }

    /// It is running and in recovery, and has room.
    pub fn promotable(&self, who: usize) -> bool {
        let server = &self.servers[who];
        server.up && server.signal && !server.full
    }

    /// What this one lacks is given up, if the user has agreed to its promotion.
    pub fn give_up(&mut self, who: usize) {
        if self.asked == Some(who) {
            let wal = &self.servers[who].wal;
            self.acknowledged.retain(|id| wal.contains(id));
        }
    }

    fn lineage(&self, wanted: usize) -> Lineage {
        let (w, o) = (&self.servers[wanted], &self.servers[1 - wanted]);
        let (Some(at_w), Some(at_o)) = (w.position(), o.position()) else {
            return Lineage::Unproven;
        };
        let common = compare(&at_w, &at_o).common(&at_w, &at_o);
        let settled = self.attached(wanted) || self.attached(1 - wanted);
        let equal = common.filter(|_| self.comparable && !settled).map(|(_, at)| {
            let at = usize::try_from(at).unwrap_or(usize::MAX);
            w.wal.get(..at) == o.wal.get(..at)
        });
        lineage_of(&at_w, &at_o, equal)
    }

    pub fn observe(&self, wanted: usize) -> Observed {
        let seen = |who: usize| self.servers[who].seen(self.attached(who));
        Observed {
            wanted: seen(wanted),
            other: seen(1 - wanted),
            lineage: self.lineage(wanted),
            within_lag: self.within_lag,
            slot_lost: self.slot_lost && (0..2).any(|who| self.is_primary(who)),
        }
    }
}
