//! A model of two servers, their writers and their accidents, on which the table is tried.

use proptest::prelude::*;

use super::lineage::Kin;
use super::observed::{Follower, Observed, Server, Stopped};
use super::table::{Decision, Move, Who, Wish, decide};

/// One server. WAL is a list of records; each has a number of its own, so that a prefix is proof.
#[derive(Clone, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is so or not")]
struct Sim {
    wal: Vec<u64>,
    timeline: u32,
    data: bool,
    up: bool,
    signal: bool,
    promoting: bool,
    rewinding: bool,
    was_primary: bool,
    reachable: bool,
}

/// Two servers, a link between them, writers, and what they were told is safe.
#[derive(Clone, Debug)]
struct World {
    servers: [Sim; 2],
    link: bool,
    sync: bool,
    acknowledged: Vec<u64>,
    next: u64,
    /// Whom the state names, and its timeline.
    recorded: (usize, u32),
    /// Somebody made a second primary: what an unreachable one has is not the table's to know.
    by_hand: bool,
}

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A client writes to whoever takes writes.
    Write,
    /// WAL flows.
    Replicate,
    Crash(usize),
    Boot(usize),
    Unreachable(usize),
    Reachable(usize),
    CutLink,
    MendLink,
    /// Somebody promotes a standby that runs, without looking at the other.
    PromoteByHand(usize),
    /// Somebody removes the signal file of one that is down.
    UnfenceByHand(usize),
    /// An apply with the token that the refusal printed.
    Token(usize),
    /// An apply with this primary, cut off before its nth step.
    Apply {
        wanted: usize,
        cut: usize,
    },
}

impl World {
    fn new(sync: bool) -> Self {
        let server = |primary: bool| Sim {
            wal: vec![0],
            data: true,
            up: true,
            signal: !primary,
            was_primary: primary,
            reachable: true,
            ..Sim::default()
        };
        let servers = [server(true), server(false)];
        Self {
            servers,
            link: true,
            sync,
            acknowledged: vec![],
            next: 1,
            recorded: (0, 0),
            by_hand: false,
        }
    }

    fn record(&mut self, who: usize) -> u64 {
        let id = self.next;
        self.next += 1;
        self.servers[who].wal.push(id);
        id
    }

    fn is_primary(&self, who: usize) -> bool {
        let server = &self.servers[who];
        server.up && !server.signal
    }

    fn is_prefix(&self, short: usize, long: usize) -> bool {
        self.servers[long].wal.starts_with(&self.servers[short].wal)
    }

    fn attached(&self, standby: usize) -> bool {
        let (server, peer) = (&self.servers[standby], 1 - standby);
        server.up
            && server.signal
            && self.link
            && self.is_primary(peer)
            && self.is_prefix(standby, peer)
    }

    fn replicate(&mut self) {
        for standby in 0..2 {
            if self.attached(standby) {
                self.copy_wal(standby);
            }
        }
    }

    /// From the other one, with all its timelines.
    fn copy_wal(&mut self, to: usize) {
        self.servers[to].wal = self.servers[1 - to].wal.clone();
        self.servers[to].timeline = self.servers[1 - to].timeline;
    }

    /// Every server that takes writes gets one; a client is told so when it may be.
    fn write(&mut self) {
        for who in 0..2 {
            if !self.is_primary(who) {
                continue;
            }
            let id = self.record(who);
            if !self.sync {
                self.acknowledged.push(id);
            } else if self.attached(1 - who) {
                self.replicate();
                self.acknowledged.push(id);
            }
        }
    }

    fn start(&mut self, who: usize) {
        let server = &mut self.servers[who];
        if !server.data || server.rewinding || server.up {
            return;
        }
        server.up = true;
        server.was_primary = !server.signal;
        if !server.signal {
            self.record(who);
        }
    }

    fn stop(&mut self, who: usize) {
        if self.is_primary(who) {
            // The shutdown checkpoint, sent to a standby that listens.
            self.record(who);
            self.replicate();
        }
        self.servers[who].up = false;
    }

    fn promote(&mut self, who: usize) {
        let server = &mut self.servers[who];
        (server.signal, server.was_primary, server.promoting) = (false, true, false);
        server.timeline += 1;
        self.record(who);
    }

    fn kin(&self, wanted: usize) -> Kin {
        let other = 1 - wanted;
        match (self.is_prefix(wanted, other), self.is_prefix(other, wanted)) {
            (true, true) => Kin::Level,
            (true, false) => Kin::OtherAhead,
            (false, true) => Kin::WantedAhead,
            (false, false) => Kin::Forked,
        }
    }

    fn see(&self, who: usize) -> Server {
        let server = &self.servers[who];
        if !server.reachable {
            Server::Unreachable
        } else if !server.data {
            Server::Absent
        } else if server.rewinding {
            Server::Unreadable
        } else if self.is_primary(who) {
            Server::Primary
        } else if server.up {
            let (attached, promoting) = (self.attached(who), server.promoting);
            Server::Standby(Follower { attached, paused: false, promoting })
        } else {
            let (was_primary, fenced) = (server.was_primary, server.signal);
            Server::Down(Stopped { was_primary, fenced, promoting: server.promoting })
        }
    }

    fn observe(&self, wanted: usize) -> Observed {
        Observed {
            wanted: self.see(wanted),
            other: self.see(1 - wanted),
            kin: self.kin(wanted),
            within_lag: true,
            slot_lost: false,
        }
    }

    /// Rounds until nothing is left; true if the apply succeeded.
    fn apply(&mut self, wanted: usize, wish: &Wish, mut cut: usize) -> bool {
        for _ in 0..12 {
            let (before, timeline) = self.recorded;
            let new_primary = before != wanted && self.servers[wanted].timeline > timeline;
            let wish = Wish { new_primary, ..wish.clone() };
            let seen = self.observe(wanted);
            let decision = decide(&seen, &wish);
            let steps: Vec<Step> = match decision {
                Decision::Refuse(_) | Decision::NotBorne => return false,
                Decision::Tend => self.tend(wanted),
                Decision::Do(change) => Self::steps(change, wanted, &seen),
            };
            if steps.is_empty() {
                self.recorded = (wanted, self.servers[wanted].timeline);
                return true;
            }
            for step in steps {
                if cut == 0 {
                    return false;
                }
                cut -= 1;
                if !self.step(step) {
                    return false;
                }
            }
        }
        panic!("an apply that goes round in circles: {self:?}");
    }

    fn tend(&self, wanted: usize) -> Vec<Step> {
        let other = 1 - wanted;
        let (w, o) = (&self.servers[wanted], &self.servers[other]);
        if !w.up {
            return vec![Step::Start(wanted)];
        }
        match o {
            Sim { reachable: false, .. } => vec![],
            Sim { data: false, .. } => vec![Step::Copy(other)],
            Sim { up: false, .. } => vec![Step::Fence(other), Step::Start(other)],
            _ => vec![],
        }
    }

    fn steps(change: Move, wanted: usize, seen: &Observed) -> Vec<Step> {
        let other = 1 - wanted;
        let of = |who| if who == Who::Wanted { wanted } else { other };
        let promote = [Step::Mark(wanted), Step::Promote(wanted)];
        match change {
            Move::Switchover => {
                let mut steps = vec![Step::StopAndFence(other), Step::Prove(wanted)];
                steps.extend(promote);
                steps
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
            Move::Follow(who) => vec![Step::Fence(of(who)), Step::Start(of(who))],
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
            Step::Start(who) => {
                self.start(who);
                self.nothing_forgotten(who);
            }
            Step::Stop(who) => self.stop(who),
            Step::Fence(who) => self.servers[who].signal = true,
            Step::FenceIfDown(who) if !self.servers[who].up => self.servers[who].signal = true,
            Step::Unfence(who) => self.servers[who].signal = false,
            Step::StopAndFence(who) => {
                self.stop(who);
                self.servers[who].signal = true;
            }
            Step::Prove(who) if !self.is_prefix(1 - who, who) => {
                self.servers[1 - who].signal = false;
                self.start(1 - who);
                return false;
            }
            Step::FenceIfDown(_) | Step::Prove(_) => {}
            Step::Mark(who) => self.servers[who].promoting = true,
            Step::Promote(who) => {
                if !self.servers[who].up {
                    return false;
                }
                self.promote(who);
                self.nothing_forgotten(who);
            }
            Step::Carry(who) => self.copy_wal(who),
            Step::Copy(who) => {
                let reachable = self.servers[who].reachable;
                self.servers[who] = Sim { data: true, signal: true, reachable, ..Sim::default() };
                self.copy_wal(who);
                self.start(who);
            }
            Step::BeginRewind(who) => self.servers[who].rewinding = true,
            Step::Rewind(who) => {
                let Sim { wal: peer, timeline, .. } = self.servers[1 - who].clone();
                let server = &mut self.servers[who];
                let same = server.wal.iter().zip(&peer).take_while(|(a, b)| a == b).count();
                server.wal.truncate(same);
                (server.rewinding, server.signal, server.was_primary) = (false, true, false);
                server.timeline = timeline;
            }
            Step::SetAside(who) => {
                let server = &mut self.servers[who];
                (server.data, server.rewinding) = (false, false);
                server.wal.clear();
            }
        }
        true
    }

    /// Nobody is made to take writes who has not all that were acknowledged.
    fn nothing_forgotten(&self, who: usize) {
        if self.is_primary(who) && !self.by_hand && self.servers[1 - who].reachable {
            let has = |id| self.servers[who].wal.contains(id);
            assert!(self.acknowledged.iter().all(has), "{who} lacks writes: {self:?}");
        }
    }

    fn happen(&mut self, event: Event, wish: &Wish) {
        match event {
            Event::Write => self.write(),
            Event::Replicate => self.replicate(),
            Event::Crash(who) => self.servers[who].up = false,
            Event::Boot(who) => self.start(who),
            Event::Unreachable(who) => self.servers[who].reachable = false,
            Event::Reachable(who) => self.servers[who].reachable = true,
            Event::CutLink => self.link = false,
            Event::MendLink => self.link = true,
            Event::PromoteByHand(who) => {
                self.by_hand = true;
                if self.servers[who].up && self.servers[who].signal {
                    self.promote(who);
                }
            }
            Event::UnfenceByHand(who) => {
                self.by_hand = true;
                let server = &mut self.servers[who];
                server.signal &= server.up;
            }
            Event::Token(wanted) => {
                let seen = self.observe(wanted);
                let wish = Wish { consent: true, ..wish.clone() };
                let spends = decide(&seen, &wish) != decide(&seen, &Wish::default());
                if self.servers[wanted].up && spends {
                    // What only the other has is what the user has agreed to lose.
                    let wal = self.servers[wanted].wal.clone();
                    self.acknowledged.retain(|id| wal.contains(id));
                    self.apply(wanted, &wish, usize::MAX);
                }
            }
            Event::Apply { wanted, cut } => {
                if self.apply(wanted, wish, cut) {
                    self.check(wanted);
                }
            }
        }
    }

    /// After an apply that succeeded.
    fn check(&self, wanted: usize) {
        assert!(self.is_primary(wanted), "the wanted one takes writes: {self:?}");
        let other = 1 - wanted;
        if self.servers[other].reachable || !self.by_hand {
            let lost = self.acknowledged.iter().filter(|id| !self.servers[wanted].wal.contains(id));
            assert_eq!(lost.count(), 0, "acknowledged writes are gone: {self:?}");
        }
        let second = self.servers[other].reachable && self.is_primary(other);
        assert!(!second, "two take writes: {self:?}");
    }
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Start(usize),
    Stop(usize),
    Fence(usize),
    FenceIfDown(usize),
    Unfence(usize),
    StopAndFence(usize),
    Prove(usize),
    Mark(usize),
    Promote(usize),
    Carry(usize),
    Copy(usize),
    BeginRewind(usize),
    Rewind(usize),
    SetAside(usize),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let who = || 0_usize..2;
    let event = prop_oneof![
        4 => Just(Event::Write),
        3 => Just(Event::Replicate),
        1 => who().prop_map(Event::Crash),
        1 => who().prop_map(Event::Boot),
        1 => who().prop_map(Event::Unreachable),
        2 => who().prop_map(Event::Reachable),
        1 => who().prop_map(Event::PromoteByHand),
        1 => who().prop_map(Event::UnfenceByHand),
        1 => who().prop_map(Event::Token),
        1 => Just(Event::CutLink),
        2 => Just(Event::MendLink),
        3 => (who(), 0_usize..12).prop_map(|(wanted, cut)| Event::Apply { wanted, cut }),
        2 => who().prop_map(|wanted| Event::Apply { wanted, cut: usize::MAX }),
    ];
    prop::collection::vec(event, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever happens, and wherever an apply is cut off: one that succeeds leaves one primary,
    /// with every write that was acknowledged. Nobody has agreed to lose anything.
    #[test]
    fn nothing_acknowledged_is_lost(events in events(), sync in any::<bool>()) {
        let mut world = World::new(sync);
        let wish = Wish { synchronous: sync, ..Wish::default() };
        for event in events {
            world.happen(event, &wish);
        }
    }

    /// With every consent but that to lose writes, an apply that succeeds leaves one primary, and
    /// the next one has nothing to do.
    #[test]
    fn consent_to_repair_ends_in_a_whole_pair(
        events in events(), wanted in 0_usize..2, rewind in any::<bool>()
    ) {
        let mut world = World::new(false);
        let wish = Wish { rewind, reclone: !rewind, rewindable: true, ..Wish::default() };
        for event in events {
            world.happen(event, &Wish::default());
        }
        world.link = true;
        world.servers.iter_mut().for_each(|s| s.reachable = true);
        // What only a diverged server had is what the user has agreed to take back.
        if world.apply(wanted, &wish, usize::MAX) {
            prop_assert!(world.is_primary(wanted), "{world:?}");
            prop_assert!(world.servers[1 - wanted].up, "the standby runs: {world:?}");
            world.replicate();
            prop_assert!(world.attached(1 - wanted), "and follows: {world:?}");
        }
    }

    /// When everything answers again, one apply makes the pair whole, or says why it cannot.
    #[test]
    fn afterwards_one_apply_makes_it_whole_or_refuses(events in events(), wanted in 0_usize..2) {
        let mut world = World::new(false);
        for event in events {
            world.happen(event, &Wish::default());
        }
        world.link = true;
        world.servers.iter_mut().for_each(|s| s.reachable = true);
        if world.apply(wanted, &Wish::default(), usize::MAX) {
            world.check(wanted);
            prop_assert!(world.servers[1 - wanted].up, "the standby runs: {world:?}");
        }
    }
}
