//! The steps of each change of roles.

use std::time::Duration;

use super::super::case::{Case, Side};
use super::super::steps::{PATIENT, attached_to, patient};
use super::super::wal::lineage::{Kin, position};
use super::observed::{Observed, Server};
use super::transition::{Move, Who};
use super::words;
use crate::resource::Plan;
use crate::step::{Action, Message, Risk, Step};

/// A terabyte at 50 MB/s.
const COPY: Duration = Duration::from_secs(21600);

/// The steps, and what the user should know of them.
pub fn steps(case: &Case, seen: &Observed, change: Move, plan: &mut Plan) {
    let (wanted, other) = (case.primary(), case.standby());
    match change {
        Move::Switchover => switchover(case, plan, &wanted, &other),
        Move::Failover => failover(case, seen, plan, &wanted, &other),
        Move::Promote => promote(case, seen, plan, &wanted, &other),
        Move::Unfence => {
            let what = "take back the fence and start PostgreSQL";
            plan.step(patient(Step::run(wanted.member.word(), what, wanted.scripts.unfence())));
        }
        Move::Follow(who) => follow(case, plan, &side(case, who)),
        Move::Fence(who) => {
            let side = side(case, who);
            fence(plan, &side);
            let (summary, detail) = words::of_fence(case, &side);
            plan.warnings.push(crate::diag::Diag::warning(summary, detail));
        }
        Move::Depose => depose(case, plan, &other),
        Move::Rewind => rewind(case, seen, plan, &wanted, &other),
        Move::SetAside => set_aside(case, plan, &wanted, &other),
    }
}

fn side<'a>(case: &Case<'a>, who: Who) -> Side<'a> {
    match who {
        Who::Wanted => case.primary(),
        Who::Other => case.standby(),
    }
}

/// The promotion waits for what `read` prints on the other host.
fn proven(case: &Case, wanted: &Side, other: &Side, what: &str, read: String) -> Step {
    let write = wanted.scripts.promote_proven(case.settings.switchover_timeout);
    let from = other.member.word().to_owned();
    let action = Action::Relay { from, read, message: Message::Lsn, write, limit: PATIENT };
    Step::new(wanted.member.word(), what, action)
}

fn fence(plan: &mut Plan, side: &Side) {
    let what = "keep its PostgreSQL from coming up writable";
    plan.step(Step::run(side.member.word(), what, side.scripts.fence()));
}

fn switchover(case: &Case, plan: &mut Plan, wanted: &Side, other: &Side) {
    let (to, from) = (wanted.member.word(), other.member.word());
    plan.step(Step::run(
        from,
        format!("log in to {to} as the replication role"),
        other.scripts.try_login(),
    ));
    plan.step(Step::run(
        to,
        format!("make the slot {} for {from}", case.settings.slot_name),
        wanted.scripts.slot(),
    ));
    plan.steps.extend(attached_to(other, wanted, "before the primary is stopped", 30));
    plan.step(patient(Step::run(
        from,
        "write a checkpoint, so that the stop is short",
        other.scripts.checkpoint(),
    )));
    let sentence = format!(
        "{} becomes the primary and {} its standby: PostgreSQL on {from} stops, all connections to \
         it end, and writes wait for about 1 s",
        case.settings.place(wanted.member),
        case.settings.place(other.member)
    );
    let what = format!("stop {from}, prove that everything is replayed, become the primary");
    let read = other.scripts.stop_and_prove(case.settings.switchover_timeout);
    let undo = Action::Relay {
        from: to.to_owned(),
        read: wanted.scripts.not_promoted(),
        message: Message::Done,
        write: other.scripts.unfence(),
        limit: PATIENT,
    };
    let undo = Step::new(from, format!("start {from} again as the primary"), undo);
    plan.step(proven(case, wanted, other, &what, read).disruptive(sentence).or_undo(vec![undo]));
    afterwards(plan, wanted);
}

/// `pg_rewind` reads the new timeline from the control file, and only a checkpoint brings it there.
fn afterwards(plan: &mut Plan, wanted: &Side) {
    let host = wanted.member.word();
    plan.step(patient(Step::run(host, "write the new timeline down", wanted.scripts.checkpoint())));
}

fn failover(case: &Case, seen: &Observed, plan: &mut Plan, wanted: &Side, other: &Side) {
    let (to, from) = (wanted.member.word(), other.member.word());
    fence(plan, other);
    if seen.kin == Kin::OtherAhead {
        top_up(plan, wanted, other);
    }
    let sentence = format!(
        "{} becomes the primary; {} is down and will be its standby. All that {from} had written is \
         replayed first",
        case.settings.place(wanted.member),
        case.settings.place(other.member)
    );
    let what = format!("prove that everything of {from} is replayed, become the primary");
    let step = proven(case, wanted, other, &what, other.scripts.prove());
    plan.step(step.disruptive(sentence));
    plan.step(Step::run(
        to,
        format!("make the slot {} for {from}", case.settings.slot_name),
        wanted.scripts.slot(),
    ));
    afterwards(plan, wanted);
}

/// Bring over the WAL that only the server that is down has.
fn top_up(plan: &mut Plan, wanted: &Side, other: &Side) {
    let (Some(has), Some(lacks)) = (position(other.host), position(wanted.host)) else { return };
    let (to, from) = (wanted.member.word(), other.member.word());
    let start = Step::run(to, "start PostgreSQL", wanted.scripts.start());
    plan.step(patient(Step::run(
        to,
        format!("stop the standby to bring it the WAL of {from}"),
        wanted.scripts.stop(),
    )));
    let bytes = has.end.saturating_sub(lacks.end);
    let carry = Action::Carry {
        from: from.to_owned(),
        list: other.scripts.list_wal(&lacks, &has, other.host.control.segment),
        directory: format!("{}/pg_wal", other.paths.data),
        to: format!("{}/pg_wal", wanted.paths.data),
        owner: "postgres".to_owned(),
        limit: COPY,
    };
    let what = format!("bring over the WAL of {from} that {to} lacks ({bytes} bytes)");
    plan.step(Step::new(to, what, carry).or_undo(vec![patient(start.clone())]));
    plan.step(patient(start));
}

fn promote(case: &Case, seen: &Observed, plan: &mut Plan, wanted: &Side, other: &Side) {
    let host = wanted.member.word();
    if matches!(seen.other, Server::Down(_) | Server::Unreadable) && !other.host.rewinding {
        fence(plan, other);
    }
    let script = wanted.scripts.promote();
    let step = patient(Step::run(host, "become the primary", script));
    let sentence = format!("{} becomes the primary", case.settings.place(wanted.member));
    plan.step(match words::loss(case, seen) {
        Some(what) => {
            let consent = words::consent(case);
            Step { risk: Risk::Destructive { what, consent }, ..step }
        }
        None => step.disruptive(sentence),
    });
    afterwards(plan, wanted);
}

/// One that is down comes up as a standby of the other.
fn follow(case: &Case, plan: &mut Plan, side: &Side) {
    let (host, peer) = (side.member.word(), case.side(side.member.peer()));
    if peer.host.takes_writes() {
        // Whoever promoted it by hand may not have made one.
        let slot = format!("make the slot {}", case.settings.slot_name);
        plan.step(Step::run(peer.member.word(), slot, peer.scripts.slot()));
    }
    plan.step(Step::run(host, "say that its data is a standby's", side.scripts.fence()));
    plan.step(patient(Step::run(host, "start PostgreSQL", side.scripts.start())));
    if peer.host.takes_writes() {
        let [write, wait] = attached_to(&peer, side, "to prove that it follows", 30);
        let sentence = format!(
            "{} is the primary now; once {} follows, the roles are changed and writes wait for about 1 s",
            case.settings.place(peer.member),
            case.settings.place(side.member)
        );
        plan.steps.extend([write, wait.disruptive(sentence)]);
    }
}

fn depose(case: &Case, plan: &mut Plan, other: &Side) {
    let what = words::of_both(case);
    let consent = "data_loss_token".to_owned();
    let step = Step::run(
        other.member.word(),
        "stop PostgreSQL and keep it from coming up writable",
        other.scripts.depose(),
    );
    plan.step(Step { risk: Risk::Destructive { what, consent }, ..patient(step) });
}

fn rewind(case: &Case, seen: &Observed, plan: &mut Plan, wanted: &Side, other: &Side) {
    let host = other.member.word();
    match seen.other {
        Server::Primary => depose(case, plan, other),
        Server::Standby(_) => {
            let what = "stop a standby that cannot follow";
            plan.step(patient(Step::run(host, what, other.scripts.depose())));
        }
        _ => fence(plan, other),
    }
    let slot = format!("make the slot {}", case.settings.slot_name);
    plan.step(Step::run(wanted.member.word(), slot, wanted.scripts.slot()));
    afterwards(plan, wanted);
    let action = Action::Job {
        name: format!("pg-rewind-{}-{}", case.settings.version, case.settings.cluster),
        script: other.scripts.rewind(),
        limit: COPY,
    };
    let what = format!(
        "keep its WAL aside and rewind it to where it parted from {}",
        wanted.member.word()
    );
    let risk = Risk::Destructive {
        what: words::of_rewind(case, other),
        consent: "on_divergence = \"rewind\"".to_owned(),
    };
    plan.step(Step { risk, ..Step::new(host, what, action) });
}

fn set_aside(case: &Case, plan: &mut Plan, wanted: &Side, other: &Side) {
    let (to, host) = (wanted.member.word(), other.member.word());
    plan.step(Step::run(to, "drop the slot if its WAL is lost", wanted.scripts.drop_lost_slot()));
    let what = format!("move {} aside, to be copied anew", other.paths.data);
    let risk = Risk::Destructive {
        what: words::of_rewind(case, other),
        consent: "on_divergence = \"reclone\"".to_owned(),
    };
    let step = Step::run(host, what, other.scripts.set_aside());
    plan.step(Step { risk, ..patient(step) });
}
