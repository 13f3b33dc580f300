//! An apply by the table, step by step, and what must be true of it.

use super::super::super::wal::lineage::Kin;
use super::super::observed::{Observed, Server};
use super::super::table::row_without;
use super::super::transition::{Decision, Move, Who, Why, Wish};
use super::sim::{Data, Sim};
use super::world::World;

/// How an apply ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Refused(Why),
    /// A host does not answer, and without it nothing can be said.
    NotBorne,
    /// A step failed, or it was cut off.
    Failed,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(usize),
    /// Until it answers.
    Wait(usize),
    Resume(usize),
    /// What is written now is replayed there.
    Follows(usize),
    Stop(usize),
    Fence(usize),
    FenceIfDown(usize),
    Unfence(usize),
    /// Only a standby that follows is worth that.
    StopFor(usize),
    StopAndFence(usize),
    Prove(usize),
    Mark(usize),
    Promote(usize),
    Carry(usize),
    Make(usize),
    Copy(usize),
    BeginRewind(usize),
    Rewind(usize),
    SetAside(usize),
}

impl World {
    /// What the user wishes, with what the state says.
    pub fn wish(&self, wanted: usize, wish: &Wish) -> Wish {
        let (before, timeline) = self.recorded;
        let new_primary = before != wanted && self.servers[wanted].timeline > timeline;
        Wish { new_primary, other_recorded: before != wanted, ..wish.clone() }
    }

    /// Rounds until nothing is left, cut off before the nth step, by the table without one row.
    pub fn apply(
        &mut self,
        wanted: usize,
        wish: &Wish,
        mut cut: usize,
        without: Option<&str>,
    ) -> End {
        self.asked = self.asked.filter(|who| self.servers[*who].promoting);
        for _ in 0..12 {
            let wish = self.wish(wanted, wish);
            let seen = self.observe(wanted);
            let Some(row) = row_without(without, &seen, &wish) else {
                self.violations.push("nobody thought of this".to_owned());
                return End::Failed;
            };
            let writes =
                matches!(seen.other, Server::Primary | Server::Starting { standby: false });
            if row.then == Decision::Tend && writes && seen.wanted != Server::Primary {
                self.violations.push("who takes writes is tended as a standby".to_owned());
            }
            let steps = match row.then {
                Decision::Refuse(why) => return End::Refused(why),
                Decision::NotBorne => return End::NotBorne,
                Decision::Tend => self.tend(wanted),
                Decision::Do(change) => Self::steps(change, wanted, &seen),
            };
            if steps.is_empty() {
                self.recorded = (wanted, self.servers[wanted].timeline);
                return End::Done;
            }
            for step in steps {
                if cut == 0 {
                    return End::Failed;
                }
                cut -= 1;
                if !self.step(step) {
                    return End::Failed;
                }
            }
        }
        self.violations.push("an apply goes round in circles".to_owned());
        End::Failed
    }

    fn tend(&self, wanted: usize) -> Vec<Step> {
        let other = 1 - wanted;
        match (&self.servers[wanted], &self.servers[other]) {
            (Sim { data: Data::None, .. }, _) => vec![Step::Make(wanted)],
            (Sim { starting: true, .. }, _) => vec![Step::Wait(wanted)],
            (Sim { up: false, .. }, _) => vec![Step::Start(wanted)],
            (_, Sim { reachable: false, .. }) => vec![],
            (_, Sim { data: Data::None, .. }) => vec![Step::Copy(other)],
            (_, Sim { starting: true, .. }) => vec![Step::Wait(other)],
            (_, Sim { up: false, .. }) => vec![Step::Fence(other), Step::Start(other)],
            (_, Sim { paused: true, .. }) => vec![Step::Resume(other)],
            _ if !self.attached(other) => vec![Step::Follows(other)],
            _ => vec![],
        }
    }

    fn steps(change: Move, wanted: usize, seen: &Observed) -> Vec<Step> {
        let other = 1 - wanted;
        let of = |who| if who == Who::Wanted { wanted } else { other };
        let promote = [Step::Mark(wanted), Step::Promote(wanted)];
        match change {
            Move::Switchover => {
                [&[Step::StopFor(wanted), Step::Prove(wanted)][..], &promote].concat()
            }
            Move::Failover => {
                let mut steps = vec![Step::Fence(other)];
                if seen.kin == Kin::OtherAhead {
                    steps.extend([Step::Stop(wanted), Step::Carry(wanted), Step::Start(wanted)]);
                }
                steps.push(Step::Prove(wanted));
                steps.extend(promote);
                steps
            }
            Move::Promote if seen.other == Server::Unreachable => promote.to_vec(),
            Move::Promote => [&[Step::FenceIfDown(other)][..], &promote].concat(),
            Move::Unfence => vec![Step::Unfence(wanted), Step::Start(wanted)],
            Move::Follow(who) => {
                vec![Step::Fence(of(who)), Step::Start(of(who)), Step::Wait(of(who))]
            }
            Move::Fence(who) => vec![Step::Fence(of(who))],
            Move::Depose => vec![Step::StopAndFence(other)],
            Move::Rewind => {
                vec![Step::StopAndFence(other), Step::BeginRewind(other), Step::Rewind(other)]
            }
            Move::SetAside => vec![Step::Stop(other), Step::SetAside(other)],
        }
    }

    /// False if it fails. A proof that fails is undone, as by the steps.
    fn step(&mut self, step: Step) -> bool {
        match step {
            Step::Start(who) => return self.made_writable(who, |world| world.start(who)),
            Step::Wait(who) => self.servers[who].starting = false,
            Step::Resume(who) => self.servers[who].paused = false,
            Step::Follows(who) => return self.attached(who),
            Step::Stop(who) => self.stop(who),
            Step::FenceIfDown(who) if self.servers[who].up => {}
            Step::Fence(who) | Step::FenceIfDown(who) => return self.fence(who),
            Step::Unfence(who) => self.servers[who].signal = false,
            Step::StopFor(wanted) => {
                let ready = self.attached(wanted) && !self.servers[wanted].paused;
                if !ready || !self.within_lag {
                    self.violations.push("a primary is stopped for nothing".to_owned());
                }
                self.stop(1 - wanted);
                return self.fence(1 - wanted);
            }
            Step::StopAndFence(who) => {
                self.stop(who);
                return self.fence(who);
            }
            Step::Prove(who) if !self.is_prefix(1 - who, who) || self.servers[who].paused => {
                self.servers[1 - who].signal = false;
                self.start(1 - who);
                return false;
            }
            Step::Prove(_) => {}
            Step::Mark(who) => self.servers[who].promoting = true,
            Step::Promote(who) => {
                let able = self.servers[who].up && !self.servers[who].full;
                let other = &self.servers[1 - who];
                let comes_up = !other.up && !other.signal && other.data == Data::Ours;
                if able && comes_up && other.reachable {
                    self.violations.push("a reboot of the other makes two".to_owned());
                }
                if able && !other.reachable {
                    self.give_up(who);
                }
                return able
                    && self.made_writable(who, |world| {
                        world.promote(who);
                        true
                    });
            }
            Step::Carry(who) if self.servers[who].full => {
                self.start(who);
                return false;
            }
            Step::Carry(who) => self.copy_wal(who),
            Step::Make(who) => {
                let Sim { reachable, full, .. } = self.servers[who];
                if full {
                    return false;
                }
                self.servers[who] = Sim { reachable, full, ..Sim::running(true) };
            }
            Step::Copy(who) => {
                let Sim { reachable, full, .. } = self.servers[who];
                if full || !self.link {
                    return false;
                }
                self.servers[who] = Sim { reachable, full, ..Sim::running(false) };
                self.copy_wal(who);
            }
            Step::BeginRewind(who) if self.servers[who].full => return false,
            Step::BeginRewind(who) => self.servers[who].data = Data::HalfRewound,
            Step::Rewind(who) => {
                if !self.link {
                    return false;
                }
                let peer = self.servers[1 - who].clone();
                let server = &mut self.servers[who];
                let same = server.wal.iter().zip(&peer.wal).take_while(|(a, b)| a == b).count();
                server.copy_wal(&peer);
                server.wal.truncate(same);
                (server.data, server.signal, server.was_primary) = (Data::Ours, true, false);
            }
            Step::SetAside(who) => {
                let Sim { reachable, full, .. } = self.servers[who];
                self.servers[who] = Sim { reachable, full, ..Sim::default() };
                self.slot_lost = false;
            }
        }
        true
    }

    /// A file in the data directory.
    fn fence(&mut self, who: usize) -> bool {
        if self.servers[who].data == Data::Foreign {
            self.violations.push("foreign data is touched".to_owned());
        }
        let fences = self.servers[who].signal || !self.servers[who].full;
        self.servers[who].signal |= fences;
        fences
    }

    /// Nobody is made to take writes beside another, or who has not all that were acknowledged.
    fn made_writable(&mut self, who: usize, how: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.servers[who].writable();
        let done = how(self);
        if before || !self.servers[who].writable() {
            return done;
        }
        if self.servers[who].data == Data::Foreign {
            self.violations.push("foreign data is touched".to_owned());
        }
        let other = &self.servers[1 - who];
        if other.reachable && other.writable() {
            self.violations.push(format!("{who} is made a second primary"));
        }
        if other.reachable && other.up && other.promoting {
            self.violations.push(format!("{who} is made one, and the other still may become one"));
        }
        let has = |id| self.servers[who].wal.contains(id);
        let excused = self.agreed || self.by_hand;
        if !excused && !self.acknowledged.iter().all(has) {
            self.violations
                .push(format!("{who} takes writes and lacks some that were acknowledged"));
        }
        done
    }

    /// After an apply that succeeded: one primary, which has everything, and a standby that can follow.
    pub fn check(&mut self, wanted: usize) {
        let other = 1 - wanted;
        let mut found = Vec::new();
        if !self.is_primary(wanted) {
            found.push("the wanted one does not take writes");
        }
        let excused = self.agreed || (self.by_hand && !self.servers[other].reachable);
        if !excused && self.acknowledged.iter().any(|id| !self.servers[wanted].wal.contains(id)) {
            found.push("acknowledged writes are gone");
        }
        let second = &self.servers[other];
        if second.reachable && second.writable() {
            found.push("two take writes");
        }
        if second.reachable && !self.attached(other) {
            found.push("the standby does not follow");
        }
        self.violations.extend(found.into_iter().map(str::to_owned));
    }
}
