//! That the scripts do what the model takes them to do: each effect has words of its own in them.

use super::super::super::case::Case;
use super::super::super::facts::{Dir, Facts, Host, Sql};
use super::super::super::import::skeleton;
use super::super::super::names::Paths;
use super::super::super::settings::Member;
use super::super::super::wal::lineage::Lineage;
use super::super::decision::Transition;
use super::super::observed::{Observed, Who};
use super::super::operations::{Operation, operations};
use super::super::steps::steps;
use super::effects::Effect;
use crate::resource::{Context, Known, Observation, Plan};
use crate::step::{Action, Step};

/// An effect, of one or the other.
type Of = fn(Who) -> Effect;

/// What stands in a script for each effect.
const WORDS: &[(&str, Of)] = &[
    ("answer=$(login", Effect::LogIn),
    ("-d \"$source\" -c 'SELECT 1'", Effect::LogIn),
    ("pg_create_physical_replication_slot", Effect::MakeSlot),
    ("wal_status = 'lost'", Effect::DropLostSlot),
    ("pg_logical_emit_message", Effect::WritePosition),
    ("FROM pg_stat_wal_receiver", Effect::AwaitPosition),
    ("sql -c CHECKPOINT", Effect::Checkpoint),
    ("systemctl stop \"$UNIT\"", Effect::Stop),
    ("\nup\n", Effect::Start),
    ("still has $D open", Effect::Idle),
    ("touch \"$D/standby.signal\"", Effect::Fence),
    ("\nrunuser -u postgres -- rm -f \"$D/standby.signal\"", Effect::Unfence),
    ("\ntrim_wal\n", Effect::TrimWal),
    ("\nwal_end_of_data ||", Effect::ReadEnd),
    ("pg_last_wal_replay_lsn() >= '$end'", Effect::AwaitEnd),
    (": > \"$PROMOTING\"", Effect::Mark),
    ("pg_promote(", Effect::AskPromotion),
    ("until [ \"$(state)\" = f ]", Effect::AwaitPromotion),
    ("rm -f \"$PROMOTING\"\n", Effect::Unmark),
    ("if [ -e \"$PROMOTING\" ] || [ ! -e \"$D/standby.signal\" ]", Effect::NotAsked),
    ("cp -a \"$D/pg_wal\"", Effect::KeepWal),
    ("mv -f \"$REWINDING.new\" \"$REWINDING\"", Effect::BeginRewind),
    ("--single", Effect::Recover),
    ("/pg_rewind\" --no-ensure-shutdown", Effect::Rewind),
    ("start_conf auto\nrm -f \"$REWINDING\"", Effect::EndRewind),
    ("move \"$D\" \"$D.breakwater-diverged", Effect::MoveAside),
];

/// The effects of a script on one host, in their order.
fn effects(script: &str, who: Who) -> Vec<Effect> {
    let found = WORDS.iter().flat_map(|(words, effect)| {
        script.match_indices(words).map(move |(at, _)| (at + words.len(), effect(who)))
    });
    let mut found: Vec<_> = found.collect();
    found.sort_unstable();
    found.into_iter().map(|(_, effect)| effect).collect()
}

/// The effects of a step.
fn of(step: &Step) -> Vec<Effect> {
    // The wanted one is `a`.
    let who = |host: &str| if host == "a" { Who::Wanted } else { Who::Other };
    let here = who(&step.host);
    match &step.action {
        Action::Run { script, .. } | Action::Job { script, .. } => effects(script, here),
        Action::Relay { from, read, write, .. } => {
            [effects(read, who(from)), effects(write, here)].concat()
        }
        Action::Transfer { .. } => vec![Effect::TransferWal(here)],
        action => panic!("no step of a change of roles: {action:?}"),
    }
}

/// A server that runs, if its role is given, or is down with WAL up to `end`.
fn host(recovery: Option<bool>, end: u64) -> Host {
    let mut host = Host { dir: Dir::Data("15".to_owned()), ..Host::default() };
    "7".clone_into(&mut host.control.system_identifier);
    "in production".clone_into(&mut host.control.state);
    host.control.segment = 16 << 20;
    host.end = recovery.is_none().then_some((1, end));
    host.sql = recovery.map(|recovery| {
        let answer = serde_json::json!({
            "version": "15.1", "recovery": recovery, "paused": false, "system_identifier": "7",
            "timeline": 1, "lsn": end, "wal_timeline": 1, "load_time": 1.0, "wal_size": 1,
            "settings": [], "file_settings": [], "hba_errors": [], "slots": [], "replication": [],
            "roles": [], "rewind_grants": 4, "tablespaces": []
        });
        serde_json::from_value::<Sql>(answer).expect("an answer")
    });
    host
}

#[test]
fn the_scripts_do_what_the_model_does() {
    let changes = [
        (Transition::Switchover, Some(true), Some(false)),
        (Transition::Failover, Some(true), None),
        (Transition::Promote, Some(true), None),
        (Transition::Unfence, None, None),
        (Transition::Follow(Who::Wanted), None, Some(false)),
        (Transition::Fence(Who::Other), Some(false), None),
        (Transition::CallOff, Some(false), Some(true)),
        (Transition::StopAndFence, Some(false), Some(false)),
        (Transition::Rewind, Some(false), None),
        (Transition::MoveAside, Some(false), None),
        (Transition::DropLostSlot, Some(false), None),
    ];
    for (change, wanted, other) in changes {
        let settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
        let (context, paths) = (
            Context::default(),
            [Member::A, Member::B].map(|member| Paths::new(&settings, member)),
        );
        let facts = Facts { a: host(wanted, 5000), b: host(other, 9000) };
        let observed = Observation::default();
        let known = Known::new(&observed, &context);
        let case = Case::new(&settings, &facts, known, &paths);
        let seen = Observed { lineage: Lineage::OtherAhead, ..Observed::of(&case) };
        let mut plan = Plan::default();
        steps(&case, &seen, change, &mut plan);
        let expected = operations(change, &seen);
        assert_eq!(plan.steps.len(), expected.len(), "{change:?}");
        for (step, operation) in plan.steps.iter().zip(expected) {
            assert_eq!(of(step), operation.effects(), "{change:?}, {operation:?}");
            let undo: Vec<Effect> = step.undo.iter().flat_map(of).collect();
            let expected = operation.undo().map(Operation::effects).unwrap_or_default();
            assert_eq!(undo, expected, "{change:?}, what undoes {operation:?}");
        }
    }
}
