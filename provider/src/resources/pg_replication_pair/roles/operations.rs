//! The steps of each change of roles, as data. [`steps`](super::steps) makes the product's steps of
//! them, and the model executes the same: what is proven there is what is done.

use super::super::wal::lineage::Lineage;
use super::decision::Transition;
use super::observed::{Observed, Server, Who};
use Who::{Other, Wanted};

/// One step: a script on one host, or on both with what one prints for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Operation {
    /// Log in to the peer as the replication role.
    LogIn(Who),
    /// Make the slot for the peer.
    MakeSlot(Who),
    /// Drop the slot whose WAL is lost.
    DropLostSlot(Who),
    /// Write a position into the WAL of a primary.
    WritePosition(Who),
    /// Wait until this standby has replayed what its primary has written.
    AwaitPosition(Who),
    /// Write a checkpoint.
    Checkpoint(Who),
    /// Stop.
    Stop(Who),
    /// Start, and wait until it answers.
    Start(Who),
    /// Keep one that is down from coming up writable.
    Fence(Who),
    /// Stop one, and keep it from coming up writable.
    StopAndFence(Who),
    /// Take the fence back and start.
    Unfence(Who),
    /// Stop the other and fence it; promote the wanted one when it has replayed all of it.
    HandOver,
    /// Start the other again as the primary, where the promotion was not asked for.
    HandBack,
    /// The other is down: fence it; promote the wanted one when it has replayed all of it.
    TakeOver,
    /// Promote the wanted one with what it has.
    Promote,
    /// Bring the wanted one the WAL that only the other has.
    TransferWal,
    /// Take the other back to where the histories parted.
    Rewind,
    /// Move the other's data aside.
    MoveAside,
}

/// The steps of a change, from what was seen.
pub fn operations(change: Transition, seen: &Observed) -> Vec<Operation> {
    use Operation::{Checkpoint, Fence, HandOver, LogIn, MakeSlot, Unfence};
    match change {
        Transition::Switchover => vec![
            LogIn(Other),
            MakeSlot(Wanted),
            Operation::WritePosition(Other),
            Operation::AwaitPosition(Wanted),
            Checkpoint(Other),
            HandOver,
            Checkpoint(Wanted),
        ],
        Transition::Failover => failover(seen),
        Transition::Promote => {
            // What is half rewound does not start; and the rewind may still run.
            let fence = matches!(seen.other, Server::Down(_) | Server::Unreadable);
            let mut steps = if fence { vec![Fence(Other)] } else { vec![] };
            steps.extend([Operation::Promote, Checkpoint(Wanted)]);
            steps
        }
        Transition::Unfence => vec![Unfence(Wanted)],
        Transition::Follow(who) => follow(seen, who),
        Transition::Fence(who) => vec![Fence(who)],
        Transition::CallOff => vec![Operation::StopAndFence(Other), Operation::Start(Other)],
        Transition::StopAndFence => vec![Operation::StopAndFence(Other)],
        Transition::Rewind => {
            let runs = matches!(seen.other, Server::Primary | Server::Standby(_));
            let down = if runs { Operation::StopAndFence(Other) } else { Fence(Other) };
            vec![down, MakeSlot(Wanted), Checkpoint(Wanted), Operation::Rewind]
        }
        Transition::DropLostSlot => vec![Operation::DropLostSlot(Wanted)],
        Transition::MoveAside => vec![Operation::DropLostSlot(Wanted), Operation::MoveAside],
    }
}

fn failover(seen: &Observed) -> Vec<Operation> {
    let mut steps = vec![Operation::Fence(Other)];
    if seen.lineage == Lineage::OtherAhead {
        let carry = [Operation::Stop(Wanted), Operation::TransferWal, Operation::Start(Wanted)];
        steps.extend(carry);
    }
    let promote = [Operation::TakeOver, Operation::MakeSlot(Wanted), Operation::Checkpoint(Wanted)];
    steps.extend(promote);
    steps
}

/// Beside a primary that runs, it is also proven that it follows.
fn follow(seen: &Observed, who: Who) -> Vec<Operation> {
    let peer = who.peer();
    let runs = seen.of_one(peer) == Server::Primary;
    let mut steps = Vec::new();
    if runs {
        // Whoever promoted it by hand may not have made one.
        steps.push(Operation::MakeSlot(peer));
    }
    // One that starts comes up as a standby, and what a process has open is not touched.
    if matches!(seen.of_one(who), Server::Down(_)) {
        steps.push(Operation::Fence(who));
    }
    steps.push(Operation::Start(who));
    if runs {
        steps.extend([Operation::WritePosition(peer), Operation::AwaitPosition(who)]);
    }
    steps
}

impl Operation {
    /// What is done when it fails, or when nobody knows how far it came.
    pub fn undo(self) -> Option<Self> {
        match self {
            Self::HandOver => Some(Self::HandBack),
            Self::TransferWal => Some(Self::Start(Wanted)),
            _ => None,
        }
    }
}
