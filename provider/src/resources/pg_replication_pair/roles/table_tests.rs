//! The table: complete, every row reached, and safe.

use std::collections::BTreeSet;

use super::super::super::wal::lineage::Kin;
use super::super::observed::{Follower, Observed, Server, Stopped};
use super::super::transition::Decision::{Do, Tend};
use super::super::transition::{Move, Wish};
use super::*;
use Server::{Absent, Down, Foreign, Primary, Standby, Starting, Unreachable, Unreadable};

const BOOLS: [bool; 2] = [false, true];
const KINS: [Kin; 6] =
    [Kin::Unproven, Kin::SeemsBehind, Kin::Level, Kin::WantedAhead, Kin::OtherAhead, Kin::Forked];

fn servers() -> Vec<Server> {
    let mut all = vec![Unreachable, Absent, Foreign, Unreadable, Primary];
    all.extend(BOOLS.map(|standby| Starting { standby }));
    for a in BOOLS {
        for b in BOOLS {
            for promoting in BOOLS {
                all.push(Standby(Follower { attached: a, paused: b, promoting }));
                all.push(Down(Stopped { was_primary: a, fenced: b, promoting }));
            }
        }
    }
    all
}

fn wishes() -> Vec<Wish> {
    (0_u8..128)
        .map(|bits| {
            let bit = |n: u8| bits & (1 << n) != 0;
            Wish {
                rewind: bit(0),
                reclone: bit(1),
                consent: bit(2),
                synchronous: bit(3),
                new_primary: bit(4),
                rewindable: bit(5),
                other_recorded: bit(6),
            }
        })
        .collect()
}

/// Everything that can be seen, with everything that can be wished.
fn every(mut check: impl FnMut(&Observed, &Wish)) {
    let (servers, wishes) = (servers(), wishes());
    for &wanted in &servers {
        for &other in &servers {
            for kin in KINS {
                for within_lag in BOOLS {
                    for slot_lost in BOOLS {
                        let seen = Observed { wanted, other, kin, within_lag, slot_lost };
                        for wish in &wishes {
                            check(&seen, wish);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn every_state_is_decided_and_every_row_is_reached() {
    let mut reached = BTreeSet::new();
    every(|seen, wish| {
        let row = row(seen, wish);
        assert_ne!(row.when, LAST.when, "nobody thought of {seen:?} with {wish:?}");
        reached.insert(row.when);
    });
    let unreached: Vec<_> = ROWS.iter().map(|r| r.when).filter(|w| !reached.contains(w)).collect();
    assert!(unreached.is_empty(), "no state leads to {unreached:?}");
    let names: BTreeSet<_> = ROWS.iter().map(|r| r.when).collect();
    assert_eq!(names.len(), ROWS.len(), "two rows have one name");
}

/// A promotion needs the proof that nothing is missing, or an agreement to that.
#[test]
fn nobody_is_promoted_without_proof_or_agreement() {
    let complete = |seen: &Observed| matches!(seen.kin, Kin::Level | Kin::WantedAhead);
    every(|seen, wish| match decide(seen, wish) {
        Do(Move::Promote) => {
            let asked = matches!(seen.wanted, Standby(Follower { promoting: true, .. }));
            let proven = complete(seen) && matches!(seen.other, Standby(_));
            let gone = seen.other == Unreachable;
            assert!(
                proven || wish.consent || (gone && (wish.synchronous || asked)),
                "{seen:?} {wish:?}"
            );
        }
        // Both prove it when they run, before they promote.
        Do(Move::Failover) => assert!(
            matches!(seen.kin, Kin::Level | Kin::WantedAhead | Kin::OtherAhead),
            "{seen:?} {wish:?}"
        ),
        Do(Move::Switchover) => assert_eq!(seen.other, Primary, "{seen:?} {wish:?}"),
        _ => {}
    });
}

#[test]
fn nobody_becomes_a_second_primary() {
    every(|seen, wish| {
        let starts_writable = match decide(seen, wish) {
            Do(Move::Promote | Move::Failover | Move::Unfence) => true,
            Tend => matches!(seen.wanted, Down(_) | Absent),
            _ => false,
        };
        if starts_writable {
            let other_writes = matches!(seen.other, Primary | Starting { standby: false });
            let other_may = matches!(
                seen.other,
                Standby(Follower { promoting: true, .. }) | Down(Stopped { promoting: true, .. })
            );
            assert!(!other_writes, "{seen:?} {wish:?}");
            assert!(!other_may || wish.consent, "{seen:?} {wish:?}");
        }
    });
}

#[test]
fn data_is_only_taken_back_or_set_aside_by_consent() {
    every(|seen, wish| match decide(seen, wish) {
        Do(Move::Rewind) => assert!(wish.rewind && wish.rewindable && seen.kin == Kin::Forked),
        Do(Move::SetAside) => assert!(wish.reclone && seen.wanted == Primary),
        Do(Move::Depose) => assert!(wish.consent),
        _ => {}
    });
}

#[test]
fn a_running_primary_is_only_stopped_for_a_standby_that_follows() {
    every(|seen, wish| {
        if decide(seen, wish) == Do(Move::Switchover) {
            let ready =
                matches!(seen.wanted, Standby(Follower { attached: true, paused: false, .. }));
            assert!(ready && seen.within_lag, "{seen:?} {wish:?}");
        }
    });
}
