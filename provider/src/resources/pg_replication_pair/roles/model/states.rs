//! The table on the model, from every state that can be seen; and the same with each row away.

use std::collections::BTreeSet;

use super::super::super::wal::lineage::Lineage;
use super::super::conditions;
use super::super::decision::{Consents, Refusal};
use super::super::observed::{Follower, Observed, Server, Stopped, Who};
use super::super::rows::ROWS;
use super::super::table::row_without;
use super::applies::{End, Run};
use super::sim::{Data, Sim};
use super::world::World;
use Server::{Absent, Down, Foreign, HalfRewound, Primary, Standby, Starting, Unreachable};

const BOOLS: [bool; 2] = [false, true];
/// A write that only lost data had.
const LOST: u64 = 1000;

/// Everything that one server can be.
fn servers() -> Vec<Sim> {
    let mut all = vec![Sim::running(true)];
    // Whoever promoted it made no slot.
    all.push(Sim { slot: false, ..Sim::running(true) });
    // That its promotion was asked for still stands there.
    all.push(Sim { promoting: true, ..Sim::running(true) });
    for data in [Data::None, Data::Foreign, Data::Damaged, Data::HalfRewound] {
        all.push(Sim { data, up: false, ..Sim::running(true) });
    }
    all.extend(BOOLS.map(|primary| Sim { starting: true, ..Sim::running(primary) }));
    for promoting in BOOLS {
        all.extend(BOOLS.map(|paused| Sim {
            promoting,
            asked: promoting,
            paused,
            ..Sim::running(false)
        }));
        for was_primary in BOOLS {
            let down = Sim { up: false, promoting, was_primary, ..Sim::running(false) };
            all.extend(BOOLS.map(|signal| Sim { signal, ..down.clone() }));
        }
    }
    let away = |sim: Sim| Sim { reachable: false, ..sim };
    all.extend(BOOLS.map(|primary| away(Sim::running(primary))));
    all.extend(BOOLS.map(|primary| away(Sim { up: false, ..Sim::running(primary) })));
    all
}

/// How the WAL of the two really stands: records that each has more, and whether it was promoted
/// before those.
const TRUTHS: [(u64, u64, bool, bool); 10] = [
    (0, 0, false, false),
    (1, 0, false, false),
    (1, 0, true, false),
    (0, 1, false, false),
    (0, 1, false, true),
    (2, 1, false, false),
    (1, 2, false, false),
    (1, 1, true, false),
    (1, 1, false, true),
    (2, 1, true, true),
];

/// What else may be so: the bytes can be compared, the link holds, the lag is small, the slot is lost,
/// the wanted one does not let the other in.
const ELSE: [(bool, bool, bool, bool, Option<usize>); 6] = [
    (true, true, true, false, None),
    (false, true, true, false, None),
    (true, false, true, false, None),
    (true, true, false, false, None),
    (true, true, true, true, None),
    (true, true, true, false, Some(0)),
];

fn all_consents() -> Vec<Consents> {
    let with = |change: fn(&mut Consents)| {
        let mut consents = Consents::default();
        change(&mut consents);
        consents
    };
    vec![
        Consents::default(),
        with(|w| w.data_loss = true),
        with(|w| w.synchronous = true),
        with(|w| w.reclone = true),
        with(|w| (w.rewind, w.rewindable) = (true, true)),
        with(|w| (w.data_loss, w.reclone) = (true, true)),
        with(|w| (w.data_loss, w.rewind, w.rewindable) = (true, true, true)),
    ]
}

/// The wanted one is the first.
pub fn every(mut check: impl FnMut(&World, &Consents)) {
    let (servers, all_consents) = (servers(), all_consents());
    for wanted in &servers {
        for other in &servers {
            let blind = [wanted, other].iter().any(|s| !s.reachable || s.data != Data::Ours);
            let recorded: &[_] = if blind { &[(0, 1), (1, 1), (1, 0)] } else { &[(0, 1)] };
            for truth in TRUTHS {
                for other_facts in ELSE {
                    for &recorded in recorded {
                        let Some(world) = world(wanted, other, truth, other_facts) else {
                            continue;
                        };
                        let world = World { recorded, ..world };
                        for consents in &all_consents {
                            check(&with(&world, consents), consents);
                        }
                    }
                }
            }
        }
    }
}

/// None where it cannot be so.
fn world(
    wanted: &Sim,
    other: &Sim,
    (w_more, o_more, w_promoted, o_promoted): (u64, u64, bool, bool),
    (comparable, link, within_lag, slot_lost, closed): (bool, bool, bool, bool, Option<usize>),
) -> Option<World> {
    // A promotion is asked for when nothing is missing.
    let asked = |s: &Sim| s.promoting && !s.was_primary;
    if (asked(wanted) && o_more > 0) || (asked(other) && w_more > 0) {
        return None;
    }
    // Two wrote on the same timeline, the shorter one has only followed since, and the bytes are
    // gone: nothing that can be read shows it. It takes two edits by hand.
    let forked = w_more > 0 && o_more > 0;
    if !comparable && forked && w_promoted == o_promoted && !(other.was_primary || other.starting) {
        return None;
    }
    let mut world = World { link, closed, comparable, within_lag, slot_lost, ..World::new(false) };
    world.servers = [wanted.clone(), other.clone()];
    for (who, more, promoted) in [(0, w_more, w_promoted), (1, o_more, o_promoted)] {
        let server = &mut world.servers[who];
        if promoted {
            server.ancestors.push((server.timeline, server.wal.len() as u64));
            server.timeline += 1;
            server.checkpointed = false;
        }
        for _ in 0..more {
            world.record(who);
        }
    }
    Some(world)
}

/// With what clients were told, and what the user has agreed to.
fn with(world: &World, consents: &Consents) -> World {
    let mut world = world.clone();
    let [wanted, other] = &world.servers;
    let ours = |s: &&Sim| s.data == Data::Ours;
    let synchronous = consents.synchronous && !other.reachable;
    let theirs = [wanted, other].into_iter().filter(ours).take(if synchronous { 1 } else { 2 });
    let mut acknowledged: Vec<u64> = theirs.flat_map(|s| s.wal.clone()).collect();
    // Whoever the state names, and whoever ran as a primary without it, had all writes.
    let runs = wanted.writable() && wanted.data == Data::Ours;
    let had_all = runs || (wanted.was_primary && !wanted.signal && world.recorded.0 == 0);
    let lost = |s: &Sim| matches!(s.data, Data::None | Data::Damaged | Data::HalfRewound);
    if lost(other) && !lost(wanted) && !had_all {
        acknowledged.push(LOST);
    }
    world.acknowledged = acknowledged;
    (world.agreed, world.sync) = (consents.data_loss, consents.synchronous);
    // Without the other, a promotion is only asked for when that is agreed to.
    world.asked = (world.servers[0].promoting && !world.servers[1].reachable).then_some(0);
    // That the other has more than one that runs as a primary is of somebody's making.
    world.manual_change = wanted.writable();
    world
}

/// What goes wrong.
pub fn wrong(world: &World, consents: &Consents, run: Run) -> Vec<String> {
    let (mut world, before) = (world.clone(), world.observe(0));
    let mut end = world.apply(0, consents, run);
    let starts = [before.wanted, before.other].iter().any(|s| matches!(s, Starting { .. }));
    if end == End::Failed && starts {
        // What it has is only seen when it runs.
        end = world.apply(0, consents, run);
    }
    let (seen, consents) = (world.observe(0), world.consents(0, consents));
    let found = match end {
        End::Done => {
            world.agreed |= consents.rewind || consents.reclone;
            world.check(0);
            None
        }
        End::Refused(why) if !explains(why, &seen, &consents) => {
            Some("gives a reason that is not so")
        }
        _ if world.servers[1].data == Data::HalfRewound && before.other != HalfRewound => {
            Some("leaves data half rewound")
        }
        End::Refused(why) if agreed(why, &seen, &consents) => Some("refuses what was agreed to"),
        End::NeedsBoth if !nothing_to_say(&seen, &consents) => {
            Some("shows neither facts nor a way out")
        }
        End::Failed if world.link && world.comparable && world.closed.is_none() => {
            Some("begins what can only fail")
        }
        End::Refused(_) | End::NeedsBoth | End::Failed | End::Cut => None,
    };
    world.violations.extend(found.map(|text| format!("{text}: {end:?}")));
    world.violations
}

/// Whether the user has already given what a refusal asks for.
fn agreed(why: Refusal, seen: &Observed, consents: &Consents) -> bool {
    match why {
        Refusal::Gone => consents.data_loss || consents.synchronous,
        Refusal::SplitBrain | Refusal::NoPrimary | Refusal::Unproven => consents.data_loss,
        Refusal::OtherEmpty | Refusal::OtherUnreadable => {
            consents.data_loss && matches!(seen.wanted, Standby(_))
        }
        Refusal::Diverged(Who::Other) => consents.reclone || conditions::can_rewind(seen, consents),
        Refusal::Unusable | Refusal::SlotLost => consents.reclone,
        _ => false,
    }
}

fn nothing_to_say(seen: &Observed, consents: &Consents) -> bool {
    let has_more_to_say = match seen.wanted {
        Primary => consents.new_primary,
        Standby(_) | Starting { standby: true } | Down(Stopped { was_primary: false, .. }) => true,
        _ => false,
    };
    seen.wanted == Unreachable || (seen.other == Unreachable && !has_more_to_say)
}

/// Whether a reason is true of a state.
fn explains(why: Refusal, seen: &Observed, consents: &Consents) -> bool {
    let (w, o) = (seen.wanted, seen.other);
    let both = [w, o];
    let complete = conditions::complete(seen);
    let standby = matches!(w, Standby(_));
    let promoting = matches!(w, Standby(Follower { promoting: true, .. }));
    let primary_of_record = w == Primary
        || w == Starting { standby: false }
        || (conditions::down_primary(seen) && !consents.other_recorded);
    match why {
        Refusal::Foreign => both.contains(&Foreign),
        Refusal::WantedEmpty => w == Absent && o != Absent,
        Refusal::WantedUnreadable => conditions::unreadable(w),
        Refusal::Gone => o == Unreachable && standby && !promoting,
        Refusal::GoneAndDown => o == Unreachable && !standby,
        Refusal::OtherEmpty => o == Absent && !primary_of_record,
        Refusal::OtherUnreadable => conditions::unreadable(o) && !primary_of_record,
        Refusal::Unusable => conditions::unreadable(o) && w == Primary,
        Refusal::SplitBrain => {
            both == [Primary; 2] || (!both.contains(&Primary) && is_forked(seen))
        }
        Refusal::Diverged(Who::Other) => w == Primary && !complete,
        Refusal::Diverged(Who::Wanted) => {
            (o == Primary && !conditions::wanted_follows(seen))
                || (standby && matches!(o, Down(_)) && is_forked(seen))
        }
        Refusal::SlotLost => seen.slot_lost,
        Refusal::Paused => matches!(w, Standby(Follower { paused: true, .. })),
        Refusal::Detached => {
            o == Primary
                && match w {
                    Standby(follower) => !follower.attached,
                    Down(_) | Starting { standby: true } => seen.slot_lost,
                    _ => false,
                }
        }
        Refusal::Behind => o == Primary && standby && !seen.within_lag,
        Refusal::NoPrimary => {
            let starts = both.iter().any(|s| matches!(s, Starting { .. }));
            !both.contains(&Primary) && !starts && conditions::unproven(seen)
        }
        Refusal::OtherAhead => !both.contains(&Primary) && seen.lineage == Lineage::OtherAhead,
        Refusal::Unproven => standby && matches!(o, Down(_)) && conditions::unproven(seen),
        Refusal::Wait => both.iter().any(|s| {
            matches!(
                s,
                Starting { .. }
                    | Standby(Follower { promoting: true, .. })
                    | Down(Stopped { promoting: true, .. })
            )
        }),
    }
}

fn is_forked(seen: &Observed) -> bool {
    seen.lineage == Lineage::Forked
}

#[test]
fn from_every_state_the_wanted_one_is_reached_or_a_true_reason_given() {
    every(|world, consents| {
        let found = wrong(world, consents, Run::default());
        assert!(found.is_empty(), "{found:?}: {:?} {consents:?} {world:#?}", world.observe(0));
    });
}

/// Rows without which nothing goes wrong, and why they are there.
const CLEARER: [(&str, &str); 2] = [
    ("both take writes; token given; rewind", "one plan announces the stop and the rewind"),
    ("both take writes; token given; reclone", "one plan announces the stop and the copy"),
];

#[test]
fn every_row_is_needed() {
    let mut idle: BTreeSet<&str> = ROWS.iter().map(|row| row.when).collect();
    every(|world, consents| {
        let row = row_without(None, &world.observe(0), &world.consents(0, consents));
        let Some(row) = row else { return };
        if idle.contains(row.when)
            && !wrong(world, consents, Run { without: Some(row.when), ..Run::default() }).is_empty()
        {
            idle.remove(row.when);
        }
    });
    let listed: BTreeSet<&str> = CLEARER.iter().map(|(when, _)| *when).collect();
    assert_eq!(idle, listed, "rows that can be taken away without notice");
}
