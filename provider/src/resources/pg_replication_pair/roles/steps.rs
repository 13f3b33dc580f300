//! The product's steps of each change of roles: what [`operations`] says, in words and scripts.

use std::time::Duration;

use super::super::case::{Case, Side};
use super::super::steps::{PATIENT, patient, start, wait_replayed, write_position};
use super::super::wal::lineage::position;
use super::decision::Transition;
use super::messages;
use super::observed::{Observed, Server, Who};
use super::operations::{Operation, operations};
use crate::diag::Diag;
use crate::resource::Plan;
use crate::step::{Action, Message, Risk, Step};

/// A terabyte at 50 MB/s.
const COPY: Duration = Duration::from_secs(21600);

/// The steps, and what the user should know of them.
pub fn steps(case: &Case, seen: &Observed, change: Transition, plan: &mut Plan) {
    let (wanted, other) = (case.primary(), case.standby());
    let author = Author { case, seen, change, wanted, other };
    for operation in operations(change, seen) {
        let Some(step) = author.step(operation) else { continue };
        let undo = operation.undo().and_then(|undo| author.step(undo));
        let risk = author.risk(operation);
        plan.step(Step { risk, ..step }.or_undo(undo.into_iter().collect()));
    }
    if let Transition::Fence(who) = change {
        let (summary, detail) = messages::of_fence(case, author.side(who));
        plan.warnings.push(Diag::warning(summary, detail));
    }
}

/// What the words and scripts of one change are made from.
struct Author<'a> {
    case: &'a Case<'a>,
    seen: &'a Observed,
    change: Transition,
    wanted: Side<'a>,
    other: Side<'a>,
}

impl Author<'_> {
    fn side(&self, who: Who) -> &Side<'_> {
        match who {
            Who::Wanted => &self.wanted,
            Who::Other => &self.other,
        }
    }

    fn run(&self, who: Who, what: impl Into<String>, script: String) -> Step {
        Step::run(self.side(who).member.word(), what, script)
    }

    /// How it is done; none where the ends of their WAL are not known, of which no change carries any.
    fn step(&self, operation: Operation) -> Option<Step> {
        Some(match operation {
            Operation::LogIn(who) => {
                let peer = self.side(who.peer()).member.word();
                let what = format!("log in to {peer} as the replication role");
                self.run(who, what, self.side(who).scripts.try_login())
            }
            Operation::MakeSlot(who) => {
                self.run(who, self.slot(who), self.side(who).scripts.slot())
            }
            Operation::DropLostSlot(who) => self.run(
                who,
                "drop the slot if its WAL is lost",
                self.side(who).scripts.drop_lost_slot(),
            ),
            Operation::WritePosition(who) => write_position(self.side(who), self.proof()),
            Operation::AwaitPosition(who) => wait_replayed(self.side(who), self.proof(), 30),
            Operation::Checkpoint(who) => {
                patient(self.run(who, self.checkpoint(who), self.side(who).scripts.checkpoint()))
            }
            Operation::Stop(who) => {
                let peer = self.side(who.peer()).member.word();
                let what = format!("stop the standby to bring it the WAL of {peer}");
                patient(self.run(who, what, self.side(who).scripts.stop()))
            }
            Operation::Start(who) => start(self.side(who)),
            Operation::Fence(who) => self.run(who, self.fence(), self.side(who).scripts.fence()),
            Operation::StopAndFence(who) => patient(self.run(
                who,
                self.stop_and_fence(),
                self.side(who).scripts.stop_and_fence(),
            )),
            Operation::Unfence(who) => {
                let what = "take back the fence and start PostgreSQL";
                patient(self.run(who, what, self.side(who).scripts.unfence()))
            }
            Operation::HandOver => self.hand_over(),
            Operation::HandBack => self.hand_back(),
            Operation::TakeOver => self.take_over(),
            Operation::Promote => patient(self.run(
                Who::Wanted,
                "become the primary",
                self.side(Who::Wanted).scripts.promote(),
            )),
            Operation::TransferWal => return self.transfer_wal(),
            Operation::Rewind => self.rewind(),
            Operation::MoveAside => {
                let what = format!("move {} aside, to be copied anew", self.other.paths.data);
                patient(self.run(Who::Other, what, self.side(Who::Other).scripts.move_data_aside()))
            }
        })
    }

    fn slot(&self, who: Who) -> String {
        let (slot, peer) = (&self.case.settings.slot_name, self.side(who.peer()).member.word());
        match self.change {
            Transition::Follow(_) | Transition::Rewind => format!("make the slot {slot}"),
            _ => format!("make the slot {slot} for {peer}"),
        }
    }

    fn proof(&self) -> &'static str {
        match self.change {
            Transition::Switchover => "before the primary is stopped",
            _ => "to prove that it follows",
        }
    }

    /// `pg_rewind` reads the new timeline from the control file, and only a checkpoint brings it there.
    fn checkpoint(&self, who: Who) -> &'static str {
        match (self.change, who) {
            (Transition::Switchover, Who::Other) => "write a checkpoint, so that the stop is short",
            _ => "write the new timeline down",
        }
    }

    fn fence(&self) -> &'static str {
        match self.change {
            Transition::Follow(_) => "say that its data is a standby's",
            _ => "keep its PostgreSQL from coming up writable",
        }
    }

    /// What is rewound may be a standby: its stop alone loses nothing.
    fn stops_standby(&self) -> bool {
        self.change == Transition::Rewind && matches!(self.seen.other, Server::Standby(_))
    }

    fn stop_and_fence(&self) -> &'static str {
        match self.change {
            Transition::CallOff => "stop a standby that was asked to become the primary",
            _ if self.stops_standby() => "stop a standby that cannot follow",
            _ => "stop PostgreSQL and keep it from coming up writable",
        }
    }

    /// The promotion waits for what `read` prints on the other host.
    fn proven(&self, what: String, read: String) -> Step {
        let write = self.wanted.scripts.promote_proven(self.case.settings.switchover_timeout);
        let from = self.other.member.word().to_owned();
        let action = Action::Relay { from, read, message: Message::Lsn, write, limit: PATIENT };
        Step::new(self.wanted.member.word(), what, action)
    }

    fn hand_over(&self) -> Step {
        let read = self.other.scripts.stop_and_prove(self.case.settings.switchover_timeout);
        let what = format!(
            "stop {}, prove that everything is replayed, become the primary",
            self.other.member.word()
        );
        self.proven(what, read)
    }

    fn hand_back(&self) -> Step {
        let host = self.other.member.word();
        let action = Action::Relay {
            from: self.wanted.member.word().to_owned(),
            read: self.wanted.scripts.not_promoted(),
            message: Message::Done,
            write: self.other.scripts.unfence(),
            limit: PATIENT,
        };
        Step::new(host, format!("start {host} again as the primary"), action)
    }

    fn take_over(&self) -> Step {
        let what = format!(
            "prove that everything of {} is replayed, become the primary",
            self.other.member.word()
        );
        self.proven(what, self.other.scripts.prove())
    }

    fn transfer_wal(&self) -> Option<Step> {
        let (has, lacks) = (position(self.other.host)?, position(self.wanted.host)?);
        let (to, from) = (self.wanted.member.word(), self.other.member.word());
        let bytes = has.end.saturating_sub(lacks.end);
        let action = Action::Transfer {
            from: from.to_owned(),
            list: self.other.scripts.list_wal(&lacks, &has, self.other.host.control.segment),
            directory: format!("{}/pg_wal", self.other.paths.data),
            to: format!("{}/pg_wal", self.wanted.paths.data),
            owner: "postgres".to_owned(),
            limit: COPY,
        };
        let what = format!("bring over the WAL of {from} that {to} lacks ({bytes} bytes)");
        Some(Step::new(to, what, action))
    }

    fn rewind(&self) -> Step {
        let settings = self.case.settings;
        let action = Action::Job {
            name: format!("pg-rewind-{}-{}", settings.version, settings.cluster),
            script: self.other.scripts.rewind(),
            limit: COPY,
        };
        let what = format!(
            "keep its WAL aside and rewind it to where it parted from {}",
            self.wanted.member.word()
        );
        Step::new(self.other.member.word(), what, action)
    }

    /// What it may do to users.
    fn risk(&self, operation: Operation) -> Risk {
        let place = |who: Who| self.case.settings.place(self.side(who).member);
        let from = self.other.member.word();
        match operation {
            Operation::HandOver => Risk::Disruptive(format!(
                "{} becomes the primary and {} its standby: PostgreSQL on {from} stops, all \
                 connections to it end, and writes wait for about 1 s",
                place(Who::Wanted),
                place(Who::Other)
            )),
            Operation::TakeOver => Risk::Disruptive(format!(
                "{} becomes the primary; {} is down and will be its standby. All that {from} had \
                 written is replayed first",
                place(Who::Wanted),
                place(Who::Other)
            )),
            Operation::Promote => match messages::loss(self.case, self.seen) {
                Some(what) => Risk::Destructive { what, consent: messages::consent(self.case) },
                None => Risk::Disruptive(format!("{} becomes the primary", place(Who::Wanted))),
            },
            Operation::AwaitPosition(who) if matches!(self.change, Transition::Follow(_)) => {
                Risk::Disruptive(format!(
                    "{} is the primary now; once {} follows, the roles are changed and writes wait \
                     for about 1 s",
                    place(who.peer()),
                    place(who)
                ))
            }
            Operation::StopAndFence(who) if self.change == Transition::CallOff => {
                Risk::Disruptive(format!(
                    "PostgreSQL on {}, the standby, restarts, so that it does not become a second \
                     primary: reads there are cut for about 3 s",
                    place(who)
                ))
            }
            Operation::StopAndFence(_) if !self.stops_standby() => {
                let what = messages::of_both(self.case);
                Risk::Destructive { what, consent: "data_loss_token".to_owned() }
            }
            Operation::Rewind => self.divergence_risk("on_divergence = \"rewind\""),
            Operation::MoveAside => self.divergence_risk("on_divergence = \"reclone\""),
            _ => Risk::Quiet,
        }
    }

    fn divergence_risk(&self, consent: &str) -> Risk {
        let what = messages::of_rewind(self.case, &self.other);
        Risk::Destructive { what, consent: consent.to_owned() }
    }
}
