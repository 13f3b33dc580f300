//! The conditions of the table's rows.

use super::super::wal::lineage::Lineage;
use super::decision::Consents;
use super::observed::{Follower, Observed, Server, Stopped, Who};
use Server::{Down, Primary, Standby, Starting};

/// The wanted one has all that the other has.
pub fn complete(seen: &Observed) -> bool {
    matches!(seen.lineage, Lineage::Level | Lineage::WantedAhead)
}

/// One's WAL is a part of the other's, whichever.
pub fn related(seen: &Observed) -> bool {
    matches!(seen.lineage, Lineage::Level | Lineage::WantedAhead | Lineage::OtherAhead)
}

/// Its data cannot be read, or is half rewound.
pub fn unreadable(server: Server) -> bool {
    matches!(server, Server::Unreadable | Server::HalfRewound)
}

/// Nothing proves how their WAL stands to each other.
pub fn unproven(seen: &Observed) -> bool {
    matches!(seen.lineage, Lineage::Unproven | Lineage::SeemsBehind)
}

/// The other can follow the wanted one.
pub fn other_follows(seen: &Observed) -> bool {
    complete(seen)
        || (unproven(seen) && matches!(seen.other, Down(Stopped { was_primary: false, .. })))
}

/// The wanted one can follow the other.
pub fn wanted_follows(seen: &Observed) -> bool {
    matches!(seen.lineage, Lineage::Level | Lineage::OtherAhead)
        || (unproven(seen) && matches!(seen.wanted, Down(Stopped { was_primary: false, .. })))
}

/// The wanted one would be a standby of the other, once it runs.
pub fn may_follow(seen: &Observed) -> bool {
    match seen.wanted {
        Down(_) => wanted_follows(seen),
        Starting { standby } => standby,
        _ => false,
    }
}

/// Both take writes.
pub fn both_write(seen: &Observed) -> bool {
    seen.wanted == Primary && seen.other == Primary
}

/// `pg_rewind` would work, and is agreed to.
pub fn can_rewind(seen: &Observed, consents: &Consents) -> bool {
    consents.rewind && consents.rewindable && seen.lineage == Lineage::Forked
}

/// A standby of the wanted primary that runs and has parted from it.
pub fn diverged_standby(seen: &Observed) -> bool {
    seen.wanted == Primary
        && matches!(seen.other, Standby(Follower { attached: false, .. }))
        && matches!(seen.lineage, Lineage::Forked | Lineage::OtherAhead)
}

/// Down beside a running primary, and cannot follow it.
pub fn diverged(seen: &Observed, who: Who) -> Option<Stopped> {
    match (who, seen.wanted, seen.other) {
        (Who::Other, Primary, Down(stopped)) if !other_follows(seen) => Some(stopped),
        (Who::Wanted, Down(stopped), Primary) if !wanted_follows(seen) => Some(stopped),
        _ => None,
    }
}

/// Such a one, and it would come up as a standby.
pub fn fenced(seen: &Observed, who: Who) -> bool {
    diverged(seen, who).is_some_and(|stopped| stopped.fenced)
}

/// The primary has removed WAL that its standby needs.
pub fn lost_slot(seen: &Observed) -> bool {
    seen.slot_lost
        && seen.wanted == Primary
        && matches!(
            seen.other,
            Down(_) | Starting { standby: true } | Standby(Follower { attached: false, .. })
        )
}

/// The wanted one is down, took writes last, and would again.
pub fn down_primary(seen: &Observed) -> bool {
    matches!(seen.wanted, Down(Stopped { was_primary: true, fenced: false, .. }))
}

/// The wanted one is down and took writes last; whether it would come up as a standby.
pub fn down_former_primary(seen: &Observed) -> bool {
    matches!(seen.wanted, Down(Stopped { was_primary: true, .. }))
}

/// The wanted one may take writes again without a proof from the other, whose data is gone or cannot
/// be read: it is the one that the state names, or the user has agreed.
pub fn of_record(consents: &Consents) -> bool {
    !consents.other_recorded || consents.data_loss
}

/// The wanted one, started, goes on from all that the other has. Where the bytes cannot be compared, a
/// server that only followed when it ran last, and is not ahead, has nothing of its own.
pub fn may_start(seen: &Observed, consents: &Consents) -> bool {
    let only_followed = matches!(seen.other, Standby(_) | Down(Stopped { was_primary: false, .. }));
    complete(seen) || consents.data_loss || (seen.lineage == Lineage::SeemsBehind && only_followed)
}

/// The other was asked to become the primary.
pub fn other_promoting(seen: &Observed) -> bool {
    matches!(
        seen.other,
        Standby(Follower { promoting: true, .. }) | Down(Stopped { promoting: true, .. })
    )
}

/// The wanted one was asked to become the primary, and the state knows of no promotion since.
pub fn wanted_promoting(seen: &Observed, consents: &Consents) -> bool {
    !consents.superseded && matches!(seen.wanted, Standby(Follower { promoting: true, .. }))
}
