//! What each effect does to the model, and what must be true of it.

use super::super::observed::Who;
use super::effects::Effect;
use super::sim::Data;
use super::world::World;

impl World {
    /// False if it fails.
    pub fn act(&mut self, effect: Effect, wanted: usize) -> bool {
        let who = match effect.whose() {
            Who::Wanted => wanted,
            Who::Other => 1 - wanted,
        };
        if !self.servers[who].reachable {
            return false;
        }
        let done = self.act_on(effect, who);
        self.stay_fenced();
        done
    }

    fn act_on(&mut self, effect: Effect, who: usize) -> bool {
        match effect {
            Effect::LogIn(_) => self.lets_in(1 - who),
            Effect::MakeSlot(_) => self.make_slot(who),
            Effect::DropLostSlot(_) => self.drop_lost_slot(who),
            Effect::WritePosition(_) => self.write_position(who),
            Effect::AwaitPosition(_) => self.replays_position(who),
            Effect::Checkpoint(_) => self.checkpoint(who),
            Effect::Stop(_) => self.then(|world| world.stop(who)),
            Effect::Start(_) => self.made_writable(who, |world| world.start(who)),
            Effect::Idle(_) => !self.servers[who].up,
            Effect::Fence(_) => self.fence(who),
            Effect::Unfence(_) => self.then(|world| {
                (world.servers[who].signal, world.fenced[who]) = (false, false);
            }),
            // The model's WAL has whole records alone.
            Effect::TrimWal(_) => self.then(|world| world.touched(who)),
            Effect::ReadEnd(_) => self.read_end(who),
            Effect::AwaitEnd(_) => self.replays_end(who),
            Effect::Mark(_) => self.mark(who),
            Effect::AskPromotion(_) => {
                self.then(|world| world.servers[who].asked |= world.servers[who].signal)
            }
            Effect::AwaitPromotion(_) => self.becomes_primary(who),
            Effect::Unmark(_) => self.then(|world| world.servers[who].promoting = false),
            Effect::NotAsked(_) => self.not_asked(who),
            Effect::TransferWal(_) => self.transfer_wal(who),
            Effect::KeepWal(_) => self.keep_wal(who),
            Effect::BeginRewind(_) => {
                self.then(|world| world.servers[who].data = Data::HalfRewound)
            }
            Effect::Recover(_) => self.then(|world| {
                (world.servers[who].signal, world.servers[who].clean) = (false, true);
            }),
            Effect::Rewind(_) => self.rewind(who),
            Effect::EndRewind(_) => self.end_rewind(who),
            Effect::MoveAside(_) => {
                self.then(|world| world.servers[who] = world.servers[who].emptied())
            }
        }
    }

    fn then(&mut self, what: impl FnOnce(&mut Self)) -> bool {
        what(self);
        true
    }

    fn answers(&self, who: usize) -> bool {
        let server = &self.servers[who];
        server.up && !server.starting
    }

    fn lets_in(&self, who: usize) -> bool {
        self.link && self.closed != Some(who) && self.answers(who)
    }

    fn make_slot(&mut self, who: usize) -> bool {
        let able = self.answers(who) && (self.servers[who].slot || !self.servers[who].full);
        self.servers[who].slot |= able;
        able
    }

    fn drop_lost_slot(&mut self, who: usize) -> bool {
        let answers = self.answers(who);
        if answers && self.slot_lost {
            (self.servers[who].slot, self.slot_lost) = (false, false);
        }
        answers
    }

    fn write_position(&mut self, who: usize) -> bool {
        let able = self.is_primary(who) && !self.servers[who].full;
        if able {
            self.record(who);
        }
        able
    }

    fn replays_position(&mut self, who: usize) -> bool {
        self.replicate();
        let [standby, primary] = [&self.servers[who], &self.servers[1 - who]];
        self.streams(who) && !standby.paused && standby.wal.len() >= primary.wal.len()
    }

    fn checkpoint(&mut self, who: usize) -> bool {
        let able = self.answers(who) && !self.servers[who].full;
        self.servers[who].checkpointed |= able;
        able
    }

    /// A file in the data directory.
    fn fence(&mut self, who: usize) -> bool {
        self.touched(who);
        let server = &mut self.servers[who];
        let fences = server.signal || !server.full;
        server.signal |= fences;
        self.fenced[who] |= fences;
        fences
    }

    fn read_end(&mut self, who: usize) -> bool {
        let server = &self.servers[who];
        self.end = (server.data == Data::Ours).then_some(server.wal.len());
        self.end.is_some()
    }

    /// By the position alone, as the server has no more.
    fn replays_end(&mut self, who: usize) -> bool {
        let server = &self.servers[who];
        let replayed = self.end.take().is_some_and(|end| server.wal.len() >= end);
        self.answers(who) && (!server.signal || (replayed && !server.paused))
    }

    fn mark(&mut self, who: usize) -> bool {
        let answers = self.answers(who);
        let server = &mut self.servers[who];
        server.promoting |= answers && server.signal;
        answers
    }

    fn becomes_primary(&mut self, who: usize) -> bool {
        if !self.servers[who].asked {
            return self.is_primary(who);
        }
        let able = self.promotable(who);
        let other = &self.servers[1 - who];
        if able && other.comes_up_writable() && other.reachable {
            self.violations.push("a reboot of the other makes two".to_owned());
        }
        if able && !other.reachable {
            self.give_up(who);
        }
        able && self.made_writable(who, |world| world.then(|world| world.promote(who)))
    }

    fn not_asked(&mut self, who: usize) -> bool {
        let server = &self.servers[who];
        !server.promoting && server.signal
    }

    fn transfer_wal(&mut self, who: usize) -> bool {
        let able = !self.servers[who].full && !self.servers[who].up;
        if able && self.servers[1 - who].reachable {
            self.copy_wal(who);
        }
        able && self.servers[1 - who].reachable
    }

    /// A source whose control file does not know its timeline yet seems to have the same one: nothing
    /// is done, and no error said.
    fn rewind(&mut self, who: usize) -> bool {
        self.servers[who].signal = false;
        if !self.lets_in(1 - who) || !self.is_primary(1 - who) || !self.servers[who].clean {
            return false;
        }
        let peer = self.servers[1 - who].clone();
        if peer.checkpointed {
            let server = &mut self.servers[who];
            let same = server.wal.iter().zip(&peer.wal).take_while(|(a, b)| a == b).count();
            if server.wal[same..].iter().any(|id| !self.kept.contains(id)) {
                self.violations.push("what is taken back is not kept".to_owned());
            }
            server.copy_wal(&peer);
            server.wal.truncate(same);
            (server.was_primary, server.slot) = (false, false);
        }
        true
    }

    fn keep_wal(&mut self, who: usize) -> bool {
        let kept = !self.servers[who].full;
        if kept {
            self.kept.clone_from(&self.servers[who].wal);
        }
        kept
    }

    fn end_rewind(&mut self, who: usize) -> bool {
        if !self.servers[who].signal {
            self.violations.push("what was rewound comes up writable".to_owned());
        }
        self.servers[who].data = Data::Ours;
        true
    }

    /// Only the data of a server that is down is anybody's to change.
    fn touched(&mut self, who: usize) {
        if self.servers[who].up {
            self.violations.push("the data of one that runs is touched".to_owned());
        }
        self.not_foreign(who);
    }

    fn not_foreign(&mut self, who: usize) {
        if self.servers[who].data == Data::Foreign {
            self.violations.push("foreign data is touched".to_owned());
        }
    }

    /// Beside a primary, one that was fenced stays so at every moment.
    fn stay_fenced(&mut self) {
        for who in 0..2 {
            let comes_up = self.fenced[who] && self.servers[who].comes_up_writable();
            if comes_up && self.servers[1 - who].writable() {
                self.violations.push("a reboot makes two, and it was fenced before".to_owned());
            }
        }
    }

    /// Nobody is made to take writes beside another, or who has not all that were acknowledged.
    fn made_writable(&mut self, who: usize, how: impl FnOnce(&mut Self) -> bool) -> bool {
        let before = self.servers[who].writable();
        let done = how(self);
        if before || !self.servers[who].writable() {
            return done;
        }
        self.not_foreign(who);
        let other = &self.servers[1 - who];
        if other.reachable && other.writable() {
            self.violations.push(format!("{who} is made a second primary"));
        }
        if other.reachable && other.asked {
            self.violations.push(format!("{who} is made one, and the other still may become one"));
        }
        let has = |id| self.servers[who].wal.contains(id);
        let excused = self.agreed || self.manual_change;
        if !excused && !self.acknowledged.iter().all(has) {
            self.violations
                .push(format!("{who} takes writes and lacks some that were acknowledged"));
        }
        done
    }
}
