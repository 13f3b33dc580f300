//! The table on the model, from every state that can be seen; and the same with each row away.

use std::collections::BTreeSet;

use super::super::super::wal::lineage::Kin;
use super::super::conditions;
use super::super::observed::{Follower, Observed, Server, Stopped};
use super::super::rows::ROWS;
use super::super::table::row_without;
use super::super::transition::{Who, Why, Wish};
use super::applies::End;
use super::sim::{Data, Sim};
use super::world::World;
use Server::{Absent, Down, Foreign, Primary, Standby, Starting, Unreachable, Unreadable};

const BOOLS: [bool; 2] = [false, true];
/// A write that only lost data had.
const LOST: u64 = 1000;

/// Everything that one server can be.
fn servers() -> Vec<Sim> {
    let mut all = vec![Sim::running(true)];
    for data in [Data::None, Data::Foreign, Data::HalfRewound] {
        all.push(Sim { data, up: false, ..Sim::running(true) });
    }
    all.extend(BOOLS.map(|primary| Sim { starting: true, ..Sim::running(primary) }));
    for promoting in BOOLS {
        all.extend(BOOLS.map(|paused| Sim { promoting, paused, ..Sim::running(false) }));
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

/// What else may be so: the bytes can be compared, the link holds, the lag is small, the slot is lost.
const ELSE: [(bool, bool, bool, bool); 5] = [
    (true, true, true, false),
    (false, true, true, false),
    (true, false, true, false),
    (true, true, false, false),
    (true, true, true, true),
];

fn wishes() -> Vec<Wish> {
    let with = |change: fn(&mut Wish)| {
        let mut wish = Wish::default();
        change(&mut wish);
        wish
    };
    vec![
        Wish::default(),
        with(|w| w.consent = true),
        with(|w| w.synchronous = true),
        with(|w| w.reclone = true),
        with(|w| (w.rewind, w.rewindable) = (true, true)),
        with(|w| (w.consent, w.reclone) = (true, true)),
        with(|w| (w.consent, w.rewind, w.rewindable) = (true, true, true)),
    ]
}

/// The wanted one is the first.
fn every(mut check: impl FnMut(&World, &Wish)) {
    let (servers, wishes) = (servers(), wishes());
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
                        for wish in &wishes {
                            check(&with(&world, wish), wish);
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
    (comparable, link, within_lag, slot_lost): (bool, bool, bool, bool),
) -> Option<World> {
    // A promotion is asked for when nothing is missing.
    if (wanted.promoting && o_more > 0) || (other.promoting && w_more > 0) {
        return None;
    }
    // Two wrote on the same timeline, the shorter one has only followed since, and the bytes are
    // gone: nothing that can be read shows it. It takes two edits by hand.
    let forked = w_more > 0 && o_more > 0;
    if !comparable && forked && w_promoted == o_promoted && !(other.was_primary || other.starting) {
        return None;
    }
    let mut world = World { link, comparable, within_lag, slot_lost, ..World::new(false) };
    world.servers = [wanted.clone(), other.clone()];
    for (who, more, promoted) in [(0, w_more, w_promoted), (1, o_more, o_promoted)] {
        let server = &mut world.servers[who];
        if promoted {
            server.ancestors.push((server.timeline, server.wal.len() as u64));
            server.timeline += 1;
        }
        for _ in 0..more {
            world.record(who);
        }
    }
    Some(world)
}

/// With what clients were told, and what the user has agreed to.
fn with(world: &World, wish: &Wish) -> World {
    let mut world = world.clone();
    let [wanted, other] = &world.servers;
    let ours = |s: &&Sim| s.data == Data::Ours;
    let synchronous = wish.synchronous && !other.reachable;
    let theirs = [wanted, other].into_iter().filter(ours).take(if synchronous { 1 } else { 2 });
    let mut acknowledged: Vec<u64> = theirs.flat_map(|s| s.wal.clone()).collect();
    // Whoever the state names, and whoever ran as a primary without it, had all writes.
    let runs = wanted.writable() && wanted.data == Data::Ours;
    let had_all = runs || (wanted.was_primary && !wanted.signal && world.recorded.0 == 0);
    let lost = |s: &Sim| matches!(s.data, Data::None | Data::HalfRewound);
    if lost(other) && !lost(wanted) && !had_all {
        acknowledged.push(LOST);
    }
    world.acknowledged = acknowledged;
    world.agreed = wish.consent;
    // That the other has more than one that runs as a primary is of somebody's making.
    world.by_hand = wanted.writable();
    world
}

/// What goes wrong.
fn wrong(world: &World, wish: &Wish, without: Option<&str>) -> Vec<String> {
    let mut world = world.clone();
    let end = world.apply(0, wish, usize::MAX, without);
    let (seen, wish) = (world.observe(0), world.wish(0, wish));
    let found = match end {
        End::Done => {
            world.agreed |= wish.rewind || wish.reclone;
            world.check(0);
            None
        }
        End::Refused(why) if !explains(why, &seen, &wish) => Some("gives a reason that is not so"),
        End::Refused(why) if agreed(why, &seen, &wish) => Some("refuses what was agreed to"),
        End::NotBorne if !nothing_to_say(&seen, &wish) => Some("shows neither facts nor a way out"),
        End::Failed if world.link && world.comparable => Some("begins what can only fail"),
        End::Refused(_) | End::NotBorne | End::Failed => None,
    };
    world.violations.extend(found.map(|text| format!("{text}: {end:?}")));
    world.violations
}

/// Whether the user has already given what a refusal asks for.
fn agreed(why: Why, seen: &Observed, wish: &Wish) -> bool {
    match why {
        Why::Gone => wish.consent || wish.synchronous,
        Why::SplitBrain | Why::NoPrimary | Why::Unproven => wish.consent,
        Why::OtherEmpty | Why::OtherUnreadable => wish.consent && matches!(seen.wanted, Standby(_)),
        Why::Diverged(Who::Other) => wish.reclone || conditions::can_rewind(seen, wish),
        Why::Unusable | Why::SlotLost => wish.reclone,
        _ => false,
    }
}

fn nothing_to_say(seen: &Observed, wish: &Wish) -> bool {
    let has_more_to_say = match seen.wanted {
        Primary => wish.new_primary,
        Standby(_) | Starting { standby: true } | Down(Stopped { was_primary: false, .. }) => true,
        _ => false,
    };
    seen.wanted == Unreachable || (seen.other == Unreachable && !has_more_to_say)
}

/// Whether a reason is true of a state.
fn explains(why: Why, seen: &Observed, wish: &Wish) -> bool {
    let (w, o) = (seen.wanted, seen.other);
    let both = [w, o];
    let complete = conditions::complete(seen);
    let standby = matches!(w, Standby(_));
    let promoting = matches!(w, Standby(Follower { promoting: true, .. }));
    let primary_of_record = w == Primary
        || w == Starting { standby: false }
        || (conditions::down_primary(seen) && !wish.other_recorded);
    match why {
        Why::Foreign => both.contains(&Foreign),
        Why::WantedEmpty => w == Absent && o != Absent,
        Why::WantedUnreadable => w == Unreadable,
        Why::Gone => o == Unreachable && standby && !promoting,
        Why::GoneAndDown => o == Unreachable && !standby,
        Why::OtherEmpty => o == Absent && !primary_of_record,
        Why::OtherUnreadable => o == Unreadable && !primary_of_record,
        Why::Unusable => o == Unreadable && w == Primary,
        Why::SplitBrain => both == [Primary; 2] || (!both.contains(&Primary) && is_forked(seen)),
        Why::Diverged(Who::Other) => w == Primary && !complete,
        Why::Diverged(Who::Wanted) => {
            (o == Primary && !conditions::wanted_follows(seen))
                || (standby && matches!(o, Down(_)) && is_forked(seen))
        }
        Why::SlotLost => seen.slot_lost,
        Why::Paused => matches!(w, Standby(Follower { paused: true, .. })),
        Why::Detached => o == Primary && matches!(w, Standby(Follower { attached: false, .. })),
        Why::Behind => o == Primary && standby && !seen.within_lag,
        Why::NoPrimary => {
            let starts = both.iter().any(|s| matches!(s, Starting { .. }));
            !both.contains(&Primary) && !starts && conditions::unproven(seen)
        }
        Why::OtherAhead => !both.contains(&Primary) && seen.kin == Kin::OtherAhead,
        Why::Unproven => standby && matches!(o, Down(_)) && conditions::unproven(seen),
        Why::Wait => both.iter().any(|s| {
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
    seen.kin == Kin::Forked
}

#[test]
fn from_every_state_the_wanted_one_is_reached_or_a_true_reason_given() {
    every(|world, wish| {
        let found = wrong(world, wish, None);
        assert!(found.is_empty(), "{found:?}: {:?} {wish:?} {world:#?}", world.observe(0));
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
    every(|world, wish| {
        let row = row_without(None, &world.observe(0), &world.wish(0, wish));
        let Some(row) = row else { return };
        if idle.contains(row.when) && !wrong(world, wish, Some(row.when)).is_empty() {
            idle.remove(row.when);
        }
    });
    let listed: BTreeSet<&str> = CLEARER.iter().map(|(when, _)| *when).collect();
    assert_eq!(idle, listed, "rows that can be taken away without notice");
}
