//! Random sequences of what can happen to a pair, with applies between.

use proptest::prelude::*;

use super::super::decision::Consents;
use super::super::table::row_without;
use super::applies::{End, Interruption, Run};
use super::world::World;

/// What happens.
#[derive(Clone, Copy, Debug)]
enum Event {
    /// A client writes to whoever takes writes.
    Write,
    /// WAL flows.
    Replicate,
    Crash(usize),
    Boot(usize),
    Reboot(usize),
    Unreachable(usize),
    Reachable(usize),
    CutLink,
    MendLink,
    DiskFull(usize),
    DiskFree(usize),
    Pause(usize),
    /// The bytes up to where histories may differ are removed, or can be read.
    Comparable(bool),
    /// A promotion that was asked for happens after all.
    LatePromotion(usize),
    /// Somebody promotes a standby that runs, without looking at the other.
    PromoteByHand(usize),
    /// Somebody removes the signal file of one that is down.
    UnfenceByHand(usize),
    /// An apply with the token that the refusal printed.
    Token(usize),
    /// An apply with this primary, which is cut off or fails before its nth effect.
    Apply {
        wanted: usize,
        interrupted: Option<(usize, Interruption)>,
    },
}

impl World {
    fn happen(&mut self, event: Event, consents: &Consents) {
        match event {
            Event::Write => self.write(),
            Event::Replicate => self.replicate(),
            Event::Crash(who) => self.servers[who].stop(),
            Event::Boot(who) => {
                self.start(who);
            }
            Event::Reboot(who) => {
                self.servers[who].stop();
                self.start(who);
            }
            Event::Unreachable(who) => self.servers[who].reachable = false,
            Event::Reachable(who) => self.servers[who].reachable = true,
            Event::CutLink => self.link = false,
            Event::MendLink => self.link = true,
            Event::DiskFull(who) => self.servers[who].full = true,
            Event::DiskFree(who) => self.servers[who].full = false,
            Event::Pause(who) => {
                let server = &mut self.servers[who];
                server.paused = server.up && server.signal;
            }
            Event::Comparable(comparable) => self.comparable = comparable,
            Event::LatePromotion(who) => {
                if self.servers[who].asked && self.promotable(who) {
                    self.give_up(who);
                    self.promote(who);
                }
            }
            Event::PromoteByHand(who) => {
                self.manual_change = true;
                if self.promotable(who) {
                    self.promote(who);
                }
            }
            Event::UnfenceByHand(who) => {
                self.manual_change = true;
                let server = &mut self.servers[who];
                server.signal &= server.up;
            }
            Event::Token(wanted) => self.token(wanted, consents),
            Event::Apply { wanted, interrupted } => {
                let run = Run { interrupted, ..Run::default() };
                if self.apply(wanted, consents, run) == End::Done {
                    self.check(wanted);
                }
            }
        }
        assert!(self.violations.is_empty(), "after {event:?}: {self:#?}");
    }

    fn token(&mut self, wanted: usize, consents: &Consents) {
        let seen = self.observe(wanted);
        let consent = Consents { data_loss: true, ..consents.clone() };
        let decide = |consents: &Consents| {
            row_without(None, &seen, &self.consents(wanted, consents)).map(|r| r.then)
        };
        let spends = decide(&consent) != decide(consents);
        if self.servers[wanted].up && spends {
            // What only the other has is what the user has agreed to lose.
            let wal = self.servers[wanted].wal.clone();
            self.acknowledged.retain(|id| wal.contains(id));
            self.apply(wanted, &consent, Run::default());
            self.asked = self.servers[wanted].promoting.then_some(wanted);
        }
    }

    /// All that was broken is repaired, but for the data.
    fn mend(&mut self) {
        (self.link, self.comparable) = (true, true);
        for server in &mut self.servers {
            (server.reachable, server.full, server.paused) = (true, false, false);
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let who = || 0_usize..2;
    let stops = prop_oneof![Just(Interruption::Cut), Just(Interruption::Fail)];
    let event = prop_oneof![
        6 => Just(Event::Write),
        4 => Just(Event::Replicate),
        1 => who().prop_map(Event::Crash),
        1 => who().prop_map(Event::Boot),
        1 => who().prop_map(Event::Reboot),
        1 => who().prop_map(Event::Unreachable),
        2 => who().prop_map(Event::Reachable),
        1 => who().prop_map(Event::DiskFull),
        2 => who().prop_map(Event::DiskFree),
        1 => who().prop_map(Event::Pause),
        2 => any::<bool>().prop_map(Event::Comparable),
        1 => who().prop_map(Event::LatePromotion),
        1 => who().prop_map(Event::PromoteByHand),
        1 => who().prop_map(Event::UnfenceByHand),
        1 => who().prop_map(Event::Token),
        1 => Just(Event::CutLink),
        2 => Just(Event::MendLink),
        4 => (who(), 0_usize..30, stops).prop_map(|(wanted, at, how)| {
            Event::Apply { wanted, interrupted: Some((at, how)) }
        }),
        3 => who().prop_map(|wanted| Event::Apply { wanted, interrupted: None }),
    ];
    prop::collection::vec(event, 1..60)
}

/// The disk of the standby is full when it is promoted by a token; the lost primary still writes.
#[test]
fn a_promotion_that_was_agreed_to_is_finished_without_a_second_token() {
    let mut world = World::new(false);
    let apply = |wanted| Event::Apply { wanted, interrupted: None };
    for event in [Event::Unreachable(0), Event::DiskFull(1), Event::Token(1), Event::DiskFree(1)] {
        world.happen(event, &Consents::default());
    }
    assert!(!world.is_primary(1));
    for event in [Event::Write, apply(1)] {
        world.happen(event, &Consents::default());
    }
    assert!(world.is_primary(1));
}

/// A switchover is cut off when the promotion was to come, and the old primary is promoted by a token;
/// it is then away, and the other still has the mark of the promotion that never was.
#[test]
fn a_promotion_that_another_one_overtook_is_not_finished() {
    let whole = World::new(false);
    let cut = |at| Event::Apply { wanted: 1, interrupted: Some((at, Interruption::Cut)) };
    let away = [Event::Unreachable(1), Event::Reboot(0), Event::Token(0), Event::Reachable(1)];
    let last = [Event::Write, Event::Unreachable(0)];
    for at in 0..20 {
        let mut world = whole.clone();
        for event in [cut(at)].iter().chain(&away).chain(&last).chain(&[cut(30)]) {
            world.happen(*event, &Consents::default());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    /// Whatever happens, and wherever an apply is cut off: one that succeeds leaves one primary,
    /// with every write that was acknowledged. Nobody has agreed to lose anything.
    #[test]
    fn nothing_acknowledged_is_lost(events in events(), sync in any::<bool>()) {
        let mut world = World::new(sync);
        let consents = Consents { synchronous: sync, ..Consents::default() };
        for event in events {
            world.happen(event, &consents);
        }
    }

    /// With every consent but that to lose writes, an apply that succeeds leaves one primary, and
    /// the next one has nothing to do.
    #[test]
    fn consent_to_repair_ends_in_a_whole_pair(
        events in events(), wanted in 0_usize..2, rewind in any::<bool>()
    ) {
        let mut world = World::new(false);
        let consents = Consents { rewind, reclone: !rewind, rewindable: true, ..Consents::default() };
        for event in events {
            world.happen(event, &Consents::default());
        }
        world.mend();
        // What only a diverged server had is what the user has agreed to take back.
        world.agreed = true;
        if world.apply(wanted, &consents, Run::default()) == End::Done {
            world.check(wanted);
        }
        prop_assert!(world.violations.is_empty(), "{world:#?}");
    }

    /// When everything answers again, one apply makes the pair whole, or says why it cannot.
    #[test]
    fn afterwards_one_apply_makes_it_whole_or_refuses(events in events(), wanted in 0_usize..2) {
        let mut world = World::new(false);
        for event in events {
            world.happen(event, &Consents::default());
        }
        world.mend();
        let end = world.apply(wanted, &Consents::default(), Run::default());
        if end == End::Done {
            world.check(wanted);
        }
        prop_assert!(matches!(end, End::Done | End::Refused(_)), "{end:?}: {world:#?}");
        prop_assert!(world.violations.is_empty(), "{world:#?}");
    }
}
