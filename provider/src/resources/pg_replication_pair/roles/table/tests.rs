//! The table: complete, every row reached, and safe.

use std::collections::BTreeSet;

use super::super::super::wal::lineage::Lineage;
use super::super::decision::Decision::{Do, Maintain};
use super::super::decision::{Consents, Transition};
use super::super::observed::{Follower, Observed, Server, Stopped};
use super::*;
use Server::{
    Absent, Down, Foreign, HalfRewound, Primary, Standby, Starting, Unreachable, Unreadable,
};

const BOOLS: [bool; 2] = [false, true];
const LINEAGES: [Lineage; 6] = [
    Lineage::Unproven,
    Lineage::SeemsBehind,
    Lineage::Level,
    Lineage::WantedAhead,
    Lineage::OtherAhead,
    Lineage::Forked,
];

fn servers() -> Vec<Server> {
    let mut all = vec![Unreachable, Absent, Foreign, Unreadable, HalfRewound, Primary];
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

fn all_consents() -> Vec<Consents> {
    (0_u8..=255)
        .map(|bits| {
            let bit = |n: u8| bits & (1 << n) != 0;
            Consents {
                rewind: bit(0),
                reclone: bit(1),
                data_loss: bit(2),
                synchronous: bit(3),
                new_primary: bit(4),
                rewindable: bit(5),
                other_recorded: bit(6),
                superseded: bit(7),
            }
        })
        .collect()
}

/// Everything that can be seen, with everything that can be wished.
fn every(mut check: impl FnMut(&Observed, &Consents)) {
    let (servers, all_consents) = (servers(), all_consents());
    for &wanted in &servers {
        for &other in &servers {
            for lineage in LINEAGES {
                for within_lag in BOOLS {
                    for slot_lost in BOOLS {
                        let seen = Observed { wanted, other, lineage, within_lag, slot_lost };
                        for consents in &all_consents {
                            check(&seen, consents);
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
    every(|seen, consents| {
        let row = row(seen, consents);
        assert_ne!(row.when, LAST.when, "nobody thought of {seen:?} with {consents:?}");
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
    let complete = |seen: &Observed| matches!(seen.lineage, Lineage::Level | Lineage::WantedAhead);
    every(|seen, consents| match decide(seen, consents) {
        Do(Transition::Promote) => {
            let asked = matches!(seen.wanted, Standby(Follower { promoting: true, .. }));
            let proven = complete(seen) && matches!(seen.other, Standby(_));
            let gone = seen.other == Unreachable;
            assert!(
                proven || consents.data_loss || (gone && (consents.synchronous || asked)),
                "{seen:?} {consents:?}"
            );
        }
        // Both prove it when they run, before they promote.
        Do(Transition::Failover) => assert!(
            matches!(seen.lineage, Lineage::Level | Lineage::WantedAhead | Lineage::OtherAhead),
            "{seen:?} {consents:?}"
        ),
        Do(Transition::Switchover) => assert_eq!(seen.other, Primary, "{seen:?} {consents:?}"),
        _ => {}
    });
}

#[test]
fn nobody_becomes_a_second_primary() {
    every(|seen, consents| {
        let starts_writable = match decide(seen, consents) {
            Do(Transition::Promote | Transition::Failover | Transition::Unfence) => true,
            Maintain => matches!(seen.wanted, Down(_) | Absent),
            _ => false,
        };
        if starts_writable {
            let other_writes = matches!(seen.other, Primary | Starting { standby: false });
            let other_may = matches!(
                seen.other,
                Standby(Follower { promoting: true, .. }) | Down(Stopped { promoting: true, .. })
            );
            assert!(!other_writes, "{seen:?} {consents:?}");
            assert!(!other_may || consents.data_loss, "{seen:?} {consents:?}");
        }
    });
}

#[test]
fn data_is_only_taken_back_or_set_aside_by_consent() {
    every(|seen, consents| match decide(seen, consents) {
        Do(Transition::Rewind) => {
            assert!(consents.rewind && consents.rewindable && seen.lineage == Lineage::Forked);
        }
        Do(Transition::MoveAside) => assert!(consents.reclone && seen.wanted == Primary),
        Do(Transition::StopAndFence) => assert!(consents.data_loss),
        _ => {}
    });
}

#[test]
fn a_running_primary_is_only_stopped_for_a_standby_that_follows() {
    every(|seen, consents| {
        if decide(seen, consents) == Do(Transition::Switchover) {
            let ready =
                matches!(seen.wanted, Standby(Follower { attached: true, paused: false, .. }));
            assert!(ready && seen.within_lag, "{seen:?} {consents:?}");
        }
    });
}
