//! The rows of the table.

use super::super::wal::lineage::Lineage;
use super::conditions::{
    both_write, can_rewind, complete, diverged, diverged_standby, down_former_primary,
    down_primary, fenced, lost_slot, may_follow, may_start, of_record, other_follows,
    other_promoting, related, unproven, unreadable, wanted_follows, wanted_promoting,
};
use super::decision::Decision::{Do, Maintain, NeedsBoth, Refuse};
use super::decision::{Refusal, Row, Transition, row_of};
use super::observed::{Follower, Server, Stopped, Who};
use Server::{Absent, Down, Foreign, Primary, Standby, Starting, Unreachable};

/// The table.
pub const ROWS: &[Row] = &[
    row_of(
        "wanted unreachable",
        |s, _| s.wanted == Unreachable,
        NeedsBoth,
        "a host that does not answer may be well",
    ),
    row_of(
        "other unreachable; wanted is primary, newly",
        |s, w| s.other == Unreachable && s.wanted == Primary && w.new_primary,
        Maintain,
        "the pair goes on with one server; the state takes note of who that is",
    ),
    row_of(
        "other unreachable; wanted is a standby, being promoted",
        |s, w| s.other == Unreachable && wanted_promoting(s, w),
        Do(Transition::Promote),
        "a promotion that was asked for may still happen, so it is finished, unless the other was \
         promoted since",
    ),
    row_of(
        "other unreachable; wanted is a standby; token given",
        |s, w| s.other == Unreachable && matches!(s.wanted, Standby(_)) && w.data_loss,
        Do(Transition::Promote),
        "the user has agreed to lose what only the other has",
    ),
    row_of(
        "other unreachable; wanted is a standby; synchronous",
        |s, w| s.other == Unreachable && matches!(s.wanted, Standby(_)) && w.synchronous,
        Do(Transition::Promote),
        "every acknowledged write was confirmed by the standby",
    ),
    row_of(
        "other unreachable; wanted is a standby",
        |s, _| s.other == Unreachable && matches!(s.wanted, Standby(_)),
        Refuse(Refusal::Gone),
        "the other may hold writes that nobody else has, and may still take more",
    ),
    row_of(
        "other unreachable; wanted is a standby that is down",
        |s, _| {
            s.other == Unreachable
                && matches!(
                    s.wanted,
                    Down(Stopped { was_primary: false, .. }) | Starting { standby: true }
                )
        },
        Refuse(Refusal::GoneAndDown),
        "what it has cannot be seen before it runs",
    ),
    row_of(
        "other unreachable",
        |s, _| s.other == Unreachable,
        NeedsBoth,
        "a host that does not answer may be well",
    ),
    row_of(
        "data of another system",
        |s, _| s.wanted == Foreign || s.other == Foreign,
        Refuse(Refusal::Foreign),
        "it is no copy of the pair's data",
    ),
    row_of(
        "neither has data",
        |s, _| s.wanted == Absent && s.other == Absent,
        Maintain,
        "the pair is made",
    ),
    row_of(
        "wanted has no data",
        |s, _| s.wanted == Absent,
        Refuse(Refusal::WantedEmpty),
        "a new cluster would take the place of a lost one",
    ),
    row_of(
        "wanted unreadable",
        |s, _| unreadable(s.wanted),
        Refuse(Refusal::WantedUnreadable),
        "nothing can be said of data that cannot be read",
    ),
    row_of(
        "other has no data; wanted is primary, and its slot is lost",
        |s, _| s.other == Absent && s.wanted == Primary && s.slot_lost,
        Do(Transition::DropLostSlot),
        "a copy needs a slot that holds WAL",
    ),
    row_of(
        "other has no data; wanted is or was the primary",
        |s, w| {
            s.other == Absent
                && (s.wanted == Primary
                    || (down_primary(s) && of_record(w))
                    || s.wanted == Starting { standby: false })
        },
        Maintain,
        "the standby is copied",
    ),
    row_of(
        "other has no data; wanted is a standby; token given",
        |s, w| s.other == Absent && matches!(s.wanted, Standby(_)) && w.data_loss,
        Do(Transition::Promote),
        "the user has agreed to lose what only the other had",
    ),
    row_of(
        "other has no data",
        |s, _| s.other == Absent,
        Refuse(Refusal::OtherEmpty),
        "the primary's data is gone: what the standby lacks cannot be known",
    ),
    row_of(
        "other unreadable; wanted is primary; reclone",
        |s, w| unreadable(s.other) && s.wanted == Primary && w.reclone,
        Do(Transition::MoveAside),
        "data that was half rewound is of no use, and is kept",
    ),
    row_of(
        "other unreadable; wanted is primary",
        |s, _| unreadable(s.other) && s.wanted == Primary,
        Refuse(Refusal::Unusable),
        "it can only be copied again",
    ),
    row_of(
        "other unreadable; wanted was the primary",
        |s, w| {
            unreadable(s.other)
                && ((down_primary(s) && of_record(w)) || s.wanted == Starting { standby: false })
        },
        Maintain,
        "the configured primary is started first",
    ),
    row_of(
        "other unreadable; wanted is a standby; token given",
        |s, w| unreadable(s.other) && matches!(s.wanted, Standby(_)) && w.data_loss,
        Do(Transition::Promote),
        "the user has agreed to lose what only the other had",
    ),
    row_of(
        "other unreadable",
        |s, _| unreadable(s.other),
        Refuse(Refusal::OtherUnreadable),
        "what the standby lacks cannot be known",
    ),
    // The wanted one takes writes.
    row_of(
        "both take writes; token given; rewind",
        |s, w| both_write(s) && w.data_loss && can_rewind(s, w),
        Do(Transition::Rewind),
        "the user has named the winner, and agreed; what the other has more is kept",
    ),
    row_of(
        "both take writes; token given; reclone",
        |s, w| both_write(s) && w.data_loss && w.reclone,
        Do(Transition::MoveAside),
        "the user has named the winner, and agreed; the other's data is kept",
    ),
    row_of(
        "both take writes; token given",
        |s, w| both_write(s) && w.data_loss,
        Do(Transition::StopAndFence),
        "the user has named the winner",
    ),
    row_of(
        "both take writes",
        |s, _| both_write(s),
        Refuse(Refusal::SplitBrain),
        "only the user can say whose writes count",
    ),
    row_of(
        "wanted is primary; other is a standby being promoted",
        |s, _| s.wanted == Primary && matches!(s.other, Standby(Follower { promoting: true, .. })),
        Do(Transition::CallOff),
        "a promotion that was asked for may still happen, and a stop ends that",
    ),
    row_of(
        "wanted is primary; its slot is lost; reclone",
        |s, w| lost_slot(s) && w.reclone,
        Do(Transition::MoveAside),
        "the standby can only be copied again; what it has is kept",
    ),
    row_of(
        "wanted is primary; its slot is lost",
        |s, _| lost_slot(s),
        Refuse(Refusal::SlotLost),
        "the standby can only be copied again",
    ),
    row_of(
        "wanted is primary; other is a standby that parted; rewind",
        |s, w| diverged_standby(s) && can_rewind(s, w),
        Do(Transition::Rewind),
        "the user has agreed; what it has more is kept",
    ),
    row_of(
        "wanted is primary; other is a standby that parted; reclone",
        |s, w| diverged_standby(s) && w.reclone,
        Do(Transition::MoveAside),
        "the user has agreed; its data is kept",
    ),
    row_of(
        "wanted is primary; other is a standby that parted",
        |s, _| diverged_standby(s),
        Refuse(Refusal::Diverged(Who::Other)),
        "it starts, and never follows",
    ),
    row_of(
        "wanted is primary; other is a standby",
        |s, _| s.wanted == Primary && matches!(s.other, Standby(_)),
        Maintain,
        "as wanted; what keeps it from following is repaired",
    ),
    row_of(
        "wanted is primary; other starts as a standby",
        |s, _| s.wanted == Primary && s.other == Starting { standby: true },
        Maintain,
        "it is waited for",
    ),
    row_of(
        "wanted is primary; other is down and can follow",
        |s, _| s.wanted == Primary && matches!(s.other, Down(_)) && other_follows(s),
        Maintain,
        "it becomes a standby without a copy",
    ),
    row_of(
        "wanted is primary; other is down, parted; rewind",
        |s, w| diverged(s, Who::Other).is_some() && can_rewind(s, w),
        Do(Transition::Rewind),
        "the user has agreed; what it has more is kept",
    ),
    row_of(
        "wanted is primary; other is down, parted; reclone",
        |s, w| diverged(s, Who::Other).is_some() && w.reclone,
        Do(Transition::MoveAside),
        "the user has agreed; its data is kept",
    ),
    row_of(
        "wanted is primary; other is down, parted, not fenced",
        |s, _| diverged(s, Who::Other).is_some() && !fenced(s, Who::Other),
        Do(Transition::Fence(Who::Other)),
        "from now on it cannot come up writable",
    ),
    row_of(
        "wanted is primary; other is down, parted",
        |s, _| fenced(s, Who::Other),
        Refuse(Refusal::Diverged(Who::Other)),
        "it has writes that the primary has not",
    ),
    // The wanted one is in recovery.
    row_of(
        "wanted is a standby, paused; other is primary or down",
        |s, _| matches!(s.wanted, Standby(Follower { paused: true, .. })),
        Refuse(Refusal::Paused),
        "it would not replay what it needs",
    ),
    row_of(
        "wanted is a standby that does not receive; other is primary",
        |s, _| s.other == Primary && matches!(s.wanted, Standby(Follower { attached: false, .. })),
        Refuse(Refusal::Detached),
        "the primary is not stopped for a standby that does not follow",
    ),
    row_of(
        "wanted is a standby, far behind; other is primary",
        |s, _| s.other == Primary && matches!(s.wanted, Standby(_)) && !s.within_lag,
        Refuse(Refusal::Behind),
        "the primary would be stopped for as long as that takes",
    ),
    row_of(
        "wanted is a standby; other is primary",
        |s, _| s.other == Primary && matches!(s.wanted, Standby(_)),
        Do(Transition::Switchover),
        "the configuration names the standby",
    ),
    row_of(
        "wanted is a standby; other is starting or being promoted",
        |s, _| {
            matches!(s.wanted, Standby(_))
                && (matches!(s.other, Starting { .. }) || other_promoting(s))
        },
        Refuse(Refusal::Wait),
        "it may take writes in a moment",
    ),
    row_of(
        "both are standbys, wanted is complete",
        |s, _| matches!((s.wanted, s.other), (Standby(_), Standby(_))) && complete(s),
        Do(Transition::Promote),
        "nobody takes writes, and it has all that the other has",
    ),
    row_of(
        "both are standbys, not comparable; token given",
        |s, w| {
            matches!((s.wanted, s.other), (Standby(_), Standby(_)))
                && (unproven(s) || s.lineage == Lineage::Forked)
                && w.data_loss
        },
        Do(Transition::Promote),
        "the user has agreed to lose what only the other has",
    ),
    row_of(
        "both are standbys, parted",
        |s, _| {
            matches!((s.wanted, s.other), (Standby(_), Standby(_))) && s.lineage == Lineage::Forked
        },
        Refuse(Refusal::SplitBrain),
        "only the user can say whose writes count",
    ),
    row_of(
        "both are standbys; other has more",
        |s, _| {
            matches!((s.wanted, s.other), (Standby(_), Standby(_)))
                && s.lineage == Lineage::OtherAhead
        },
        Refuse(Refusal::OtherAhead),
        "promoted, it would write another history than the one the other has",
    ),
    row_of(
        "both are standbys",
        |s, _| matches!((s.wanted, s.other), (Standby(_), Standby(_))),
        Refuse(Refusal::NoPrimary),
        "it is not proven that the wanted one has everything",
    ),
    row_of(
        "wanted is a standby; other is down, of the same history",
        |s, _| matches!((s.wanted, s.other), (Standby(_), Down(_))) && related(s),
        Do(Transition::Failover),
        "what the other has more is brought over before the promotion",
    ),
    row_of(
        "wanted is a standby; other is down, unproven; token given",
        |s, w| matches!((s.wanted, s.other), (Standby(_), Down(_))) && unproven(s) && w.data_loss,
        Do(Transition::Promote),
        "the user has agreed to lose what only the other has",
    ),
    row_of(
        "wanted is a standby; other is down, unproven",
        |s, _| matches!((s.wanted, s.other), (Standby(_), Down(_))) && unproven(s),
        Refuse(Refusal::Unproven),
        "what the other has more cannot be brought over",
    ),
    row_of(
        "wanted is a standby; other is down, parted",
        |s, _| matches!((s.wanted, s.other), (Standby(_), Down(_))),
        Refuse(Refusal::Diverged(Who::Wanted)),
        "each has writes that the other has not",
    ),
    // The wanted one is down; the other takes writes.
    row_of(
        "wanted starts writable; other is primary",
        |s, _| s.other == Primary && s.wanted == Starting { standby: false },
        Refuse(Refusal::Wait),
        "it is about to take writes",
    ),
    row_of(
        "wanted is down or starts as a standby; other is primary, and its slot is lost",
        |s, _| s.other == Primary && s.slot_lost && may_follow(s),
        Refuse(Refusal::Detached),
        "the primary has removed WAL that it needs",
    ),
    row_of(
        "wanted starts as a standby",
        |s, _| s.wanted == Starting { standby: true },
        Do(Transition::Follow(Who::Wanted)),
        "it is waited for",
    ),
    row_of(
        "wanted is down and can follow; other is primary",
        |s, _| s.other == Primary && matches!(s.wanted, Down(_)) && wanted_follows(s),
        Do(Transition::Follow(Who::Wanted)),
        "it must follow before it can take over",
    ),
    row_of(
        "wanted is down, parted, not fenced; other is primary",
        |s, _| diverged(s, Who::Wanted).is_some() && !fenced(s, Who::Wanted),
        Do(Transition::Fence(Who::Wanted)),
        "from now on it cannot come up writable",
    ),
    row_of(
        "wanted is down, parted; other is primary",
        |s, _| fenced(s, Who::Wanted),
        Refuse(Refusal::Diverged(Who::Wanted)),
        "it has writes that the primary has not",
    ),
    // Nobody takes writes, or the other is about to.
    row_of(
        "other is being promoted or starts writable",
        |s, _| other_promoting(s) || s.other == Starting { standby: false },
        Refuse(Refusal::Wait),
        "it may take writes in a moment",
    ),
    row_of(
        "wanted starts writable",
        |s, _| s.wanted == Starting { standby: false },
        Maintain,
        "it is waited for",
    ),
    row_of(
        "wanted was the primary; other starts as a standby",
        |s, _| down_former_primary(s) && s.other == Starting { standby: true },
        Refuse(Refusal::Wait),
        "what it has is seen when it answers or is down",
    ),
    row_of(
        "wanted was the primary; other has parted",
        |s, w| down_former_primary(s) && s.lineage == Lineage::Forked && !w.data_loss,
        Refuse(Refusal::SplitBrain),
        "only the user can say whose writes count",
    ),
    row_of(
        "wanted was the primary; other has more",
        |s, _| down_former_primary(s) && s.lineage == Lineage::OtherAhead,
        Refuse(Refusal::OtherAhead),
        "started, it would write another history than the one the other has",
    ),
    row_of(
        "wanted was the primary, and has all",
        |s, w| down_primary(s) && may_start(s, w),
        Maintain,
        "the configured primary is started",
    ),
    row_of(
        "wanted was the primary, fenced, and has all",
        |s, w| down_former_primary(s) && !down_primary(s) && (complete(s) || w.data_loss),
        Do(Transition::Unfence),
        "nobody was promoted",
    ),
    row_of(
        "wanted was the primary; other may have more",
        |s, _| down_former_primary(s),
        Refuse(Refusal::NoPrimary),
        "it is not proven that the other was not promoted",
    ),
    row_of(
        "wanted is a standby that is down",
        |s, _| matches!(s.wanted, Down(Stopped { was_primary: false, .. })),
        Do(Transition::Follow(Who::Wanted)),
        "what it has is seen when it runs",
    ),
];
