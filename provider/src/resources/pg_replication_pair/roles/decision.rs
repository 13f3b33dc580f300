//! What can be decided of the roles, and what it is decided from.

use super::observed::{Observed, Who};

/// What the user has agreed to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is agreed to or not")]
pub struct Consents {
    /// Diverged data may be rewound.
    pub rewind: bool,
    /// Diverged data may be copied anew.
    pub reclone: bool,
    /// The token of just this state was given.
    pub data_loss: bool,
    /// Every acknowledged write was on the standby, and that may be relied on.
    pub synchronous: bool,
    /// The state knows an earlier timeline than the wanted one's.
    pub new_primary: bool,
    /// The state knows a later timeline than the wanted one's: another server was promoted since.
    pub superseded: bool,
    /// The state says that the other is the primary.
    pub other_recorded: bool,
    /// `pg_rewind` can work on diverged data.
    pub rewindable: bool,
}

/// A change of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Transition {
    /// Stop the other, prove that the wanted one has everything, promote it.
    Switchover,
    /// The other is down: fence it, bring over what the wanted one lacks, promote.
    Failover,
    /// Promote the wanted one with what it has.
    Promote,
    /// Take back the fence of the wanted one and start it: nobody was promoted.
    Unfence,
    /// Start one as a standby.
    Follow(Who),
    /// Keep one that is down from coming up writable.
    Fence(Who),
    /// Stop the other, a standby that was asked to become the primary, and start it as one that was not.
    CallOff,
    /// Stop one that takes writes beside the chosen primary, and fence it.
    StopAndFence,
    /// Take the other back to where the histories parted.
    Rewind,
    /// Move the other's data aside, to be copied anew.
    MoveAside,
    /// Drop the slot whose WAL is lost, so that a copy gets a new one.
    DropLostSlot,
}

/// Why nothing is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// Another system's data; the checks of identity say more.
    Foreign,
    /// The wanted primary has no data.
    WantedEmpty,
    /// The wanted primary's data cannot be read.
    WantedUnreadable,
    /// The other's host does not answer.
    Gone,
    /// The other's host does not answer, and the wanted one is down.
    GoneAndDown,
    /// The other, which was the primary, has no data.
    OtherEmpty,
    /// The other's data cannot be read.
    OtherUnreadable,
    /// The standby's data cannot be read, or a rewind of it was cut off.
    Unusable,
    /// Both take writes.
    SplitBrain,
    /// One has writes that the primary has not.
    Diverged(Who),
    /// The primary has removed WAL that the standby needs.
    SlotLost,
    /// Replay is paused.
    Paused,
    /// The standby does not receive.
    Detached,
    /// The standby is too far behind.
    Behind,
    /// Neither takes writes, and it is not proven that the wanted one has everything.
    NoPrimary,
    /// The other has what the wanted one has not.
    OtherAhead,
    /// It is not known what the other has.
    Unproven,
    /// One of them is just starting, or being promoted.
    Wait,
}

/// What is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// The roles are as wanted, or become so by what every apply does: make, copy, start, configure.
    Maintain,
    /// A change of roles.
    Do(Transition),
    /// Nothing is touched.
    Refuse(Refusal),
    /// Without the host that does not answer nothing can be said.
    NeedsBoth,
}

/// One row.
pub struct Row {
    /// What is seen: wanted primary, other server, condition.
    pub when: &'static str,
    /// The same as a test.
    pub holds: fn(&Observed, &Consents) -> bool,
    /// What is done.
    pub then: Decision,
    /// Why.
    pub reason: &'static str,
}

/// One row.
pub const fn row_of(
    when: &'static str,
    holds: fn(&Observed, &Consents) -> bool,
    then: Decision,
    reason: &'static str,
) -> Row {
    Row { when, holds, then, reason }
}
