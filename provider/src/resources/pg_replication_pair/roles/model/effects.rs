//! What the script of each operation does to the servers, line by line.

use super::super::observed::Who;
use super::super::operations::Operation;
use Who::{Other, Wanted};

/// What an operation does, in order. It can be cut off before each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The peer lets it in as the replication role.
    LogIn(Who),
    /// The slot for the peer is there.
    MakeSlot(Who),
    /// A slot whose WAL is lost is gone.
    DropLostSlot(Who),
    /// Something new is in its WAL.
    WritePosition(Who),
    /// All that its primary has written is replayed.
    AwaitPosition(Who),
    /// What is in memory, and the timeline, are in its files.
    Checkpoint(Who),
    /// It is down.
    Stop(Who),
    /// It answers.
    Start(Who),
    /// No process has its data open.
    Idle(Who),
    /// Whoever starts it, it comes up as a standby.
    Fence(Who),
    /// It comes up as a primary.
    Unfence(Who),
    /// What it had begun to write when it crashed is taken away.
    TrimWal(Who),
    /// Where its WAL ends is read.
    ReadEnd(Who),
    /// The end that was read of the peer is replayed.
    AwaitEnd(Who),
    /// It stands on the host that the promotion is asked for.
    Mark(Who),
    /// The promotion is asked for.
    AskPromotion(Who),
    /// It takes writes.
    AwaitPromotion(Who),
    /// The mark is gone.
    Unmark(Who),
    /// Its promotion was not asked for.
    NotAsked(Who),
    /// It has the peer's WAL.
    TransferWal(Who),
    /// Its WAL is kept beside the data.
    KeepWal(Who),
    /// It stands on the host that its data is being rewound, and nobody starts it.
    BeginRewind(Who),
    /// Its crash recovery is done; the fence goes for that.
    Recover(Who),
    /// Its data is the peer's of where they parted; the fence goes.
    Rewind(Who),
    /// It can be started.
    EndRewind(Who),
    /// Its data stands beside.
    MoveAside(Who),
}

impl Effect {
    /// On whose host.
    pub fn whose(self) -> Who {
        match self {
            Self::LogIn(who)
            | Self::MakeSlot(who)
            | Self::DropLostSlot(who)
            | Self::WritePosition(who)
            | Self::AwaitPosition(who)
            | Self::Checkpoint(who)
            | Self::Stop(who)
            | Self::Start(who)
            | Self::Idle(who)
            | Self::Fence(who)
            | Self::Unfence(who)
            | Self::TrimWal(who)
            | Self::ReadEnd(who)
            | Self::AwaitEnd(who)
            | Self::Mark(who)
            | Self::AskPromotion(who)
            | Self::AwaitPromotion(who)
            | Self::Unmark(who)
            | Self::NotAsked(who)
            | Self::TransferWal(who)
            | Self::KeepWal(who)
            | Self::BeginRewind(who)
            | Self::Recover(who)
            | Self::Rewind(who)
            | Self::EndRewind(who)
            | Self::MoveAside(who) => who,
        }
    }
}

impl Operation {
    /// What it does, in order.
    pub fn effects(self) -> Vec<Effect> {
        use Effect::{Idle, ReadEnd, Start, Stop, TrimWal};
        let fence = |who| [Effect::Unmark(who), Effect::Fence(who)];
        let of = |parts: &[&[Effect]]| parts.concat();
        match self {
            Self::LogIn(who) => vec![Effect::LogIn(who)],
            Self::MakeSlot(who) => vec![Effect::MakeSlot(who)],
            Self::DropLostSlot(who) => vec![Effect::DropLostSlot(who)],
            Self::WritePosition(who) => vec![Effect::WritePosition(who)],
            Self::AwaitPosition(who) => vec![Effect::LogIn(who), Effect::AwaitPosition(who)],
            Self::Checkpoint(who) => vec![Effect::Checkpoint(who)],
            Self::Stop(who) => vec![Stop(who)],
            Self::Start(who) => vec![Start(who)],
            Self::Fence(who) => of(&[&[Idle(who)], &fence(who), &[TrimWal(who)]]),
            Self::StopAndFence(who) => of(&[&[Stop(who), Idle(who)], &fence(who)]),
            Self::Unfence(who) => vec![Effect::Unfence(who), Start(who)],
            Self::HandOver => of(&[
                &[Stop(Other), Idle(Other), ReadEnd(Other)],
                &fence(Other),
                &[Effect::AwaitEnd(Wanted)],
                &PROMOTE,
            ]),
            Self::HandBack => vec![Effect::NotAsked(Wanted), Effect::Unfence(Other), Start(Other)],
            Self::TakeOver => of(&[
                &[Idle(Other)],
                &fence(Other),
                &[TrimWal(Other), ReadEnd(Other), Effect::AwaitEnd(Wanted)],
                &PROMOTE,
            ]),
            Self::Promote => PROMOTE.to_vec(),
            Self::TransferWal => vec![Effect::TransferWal(Wanted)],
            Self::Rewind => of(&[
                &[Idle(Other), Effect::LogIn(Other), Effect::KeepWal(Other)],
                &[Effect::BeginRewind(Other), Effect::Recover(Other)],
                &fence(Other),
                &[Effect::Rewind(Other)],
                &fence(Other),
                &[Effect::EndRewind(Other)],
            ]),
            Self::MoveAside => {
                of(&[&[Stop(Other), Idle(Other)], &fence(Other), &[Effect::MoveAside(Other)]])
            }
        }
    }
}

const PROMOTE: [Effect; 4] = [
    Effect::Mark(Wanted),
    Effect::AskPromotion(Wanted),
    Effect::AwaitPromotion(Wanted),
    Effect::Unmark(Wanted),
];
