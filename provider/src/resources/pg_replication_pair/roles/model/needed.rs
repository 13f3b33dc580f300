//! Every effect of every step, from every state in which the roles change: it is cut off there, it
//! fails there, or the world changes there. And the same with each effect left out: each is needed.

use std::collections::{BTreeMap, BTreeSet};

use super::super::decision::{Consents, Decision, Transition};
use super::super::observed::{Observed, Who};
use super::super::operations::{Operation, operations};
use super::super::table::row_without;
use super::applies::{End, Interruption, Lacking, Run};
use super::effects::Effect;
use super::states::{every, wrong};
use super::world::World;
use Transition::{
    CallOff, Failover, Fence, Follow, MoveAside, Promote, Rewind, StopAndFence, Switchover, Unfence,
};
use Who::{Other, Wanted};

/// What happens meanwhile.
const INTERRUPTIONS: [Interruption; 11] = [
    Interruption::Cut,
    Interruption::Fail,
    Interruption::CutLink,
    Interruption::Stick,
    Interruption::Run(Other),
    Interruption::Crash(Wanted),
    Interruption::Crash(Other),
    Interruption::Boot(Wanted),
    Interruption::Boot(Other),
    Interruption::Full(Wanted),
    Interruption::Full(Other),
];

/// The change that the table decides on, and how many effects it has.
fn change(world: &World, consents: &Consents) -> Option<(Transition, usize)> {
    let (seen, consents) = (world.observe(0), world.consents(0, consents));
    match row_without(None, &seen, &consents)?.then {
        Decision::Do(change) => {
            let steps = operations(change, &seen);
            Some((change, steps.iter().map(|step| step.effects().len() + 1).sum()))
        }
        _ => None,
    }
}

/// What goes wrong in an apply that is interrupted, and in the next one, which is not: all that was
/// broken is repaired, and a token is no longer good.
fn wrong_when(world: &World, consents: &Consents, run: Run) -> Vec<String> {
    if run.interrupted.is_none() {
        return wrong(world, consents, run);
    }
    let mut world = world.clone();
    if world.apply(0, consents, run) == End::Done {
        world.agreed |= consents.rewind || consents.reclone;
        world.check(0);
    }
    if !world.violations.is_empty() {
        return world.violations;
    }
    (world.link, world.comparable, world.closed, world.stuck) = (true, true, None, false);
    for server in &mut world.servers {
        server.full = false;
    }
    let consents = Consents { data_loss: false, ..consents.clone() };
    let found = wrong(&world, &consents, Run::default());
    // Or somebody wants the other one.
    world.apply(1, &consents, Run::default());
    [found, world.violations].concat()
}

/// What goes wrong in an apply whose steps are whole or lack an effect, however it is interrupted.
fn found(world: &World, consents: &Consents, effects: usize, lacking: Option<Lacking>) -> String {
    let each = INTERRUPTIONS.into_iter();
    let runs = each.flat_map(|what| (0..effects).map(move |at| Some((at, what))));
    for interrupted in [None].into_iter().chain(runs) {
        let found = wrong_when(world, consents, Run { lacking, interrupted, ..Run::default() });
        if !found.is_empty() {
            return format!("{interrupted:?}: {found:?}");
        }
    }
    String::new()
}

#[test]
fn wherever_a_change_is_interrupted_nothing_is_lost_and_the_next_apply_goes_on() {
    every(|world, consents| {
        let Some((change, effects)) = change(world, consents) else { return };
        let found = found(world, consents, effects, None);
        assert!(
            found.is_empty(),
            "{change:?} {found}: {:?} {consents:?} {world:#?}",
            world.observe(0)
        );
    });
}

/// What can be left out of a change, of its steps and of what undoes them.
fn effects(change: Transition, seen: &Observed) -> BTreeSet<Lacking> {
    let steps = operations(change, seen);
    let undo = steps.iter().filter_map(|step| step.undo());
    let all = steps.iter().copied().chain(undo).flat_map(Operation::effects);
    all.map(|effect| (change, effect)).collect()
}

/// Effects without which nothing goes wrong in the model, and what they are there for.
const BEYOND_THE_MODEL: &[(Effect, &[Transition], &str)] = &[
    (Effect::Checkpoint(Other), &[Switchover], "the stop is short"),
    (
        Effect::Checkpoint(Wanted),
        &[Switchover, Failover, Promote],
        "whoever rewinds by hand finds the new timeline; our rewind writes it down itself",
    ),
    (
        Effect::MakeSlot(Wanted),
        &[Switchover, Failover, Rewind],
        "maintenance makes it too; until then it holds WAL, of which the model removes none",
    ),
    (
        Effect::LogIn(Wanted),
        &[Switchover, Follow(Wanted)],
        "it says which position is waited for; a stream that does not come says the rest",
    ),
    (
        Effect::TrimWal(Wanted),
        &[Fence(Wanted), Follow(Wanted)],
        "the model's WAL has whole records alone",
    ),
    (
        Effect::TrimWal(Other),
        &[Fence(Other), Failover, Promote, Rewind],
        "the model's WAL has whole records alone",
    ),
    (
        Effect::Unmark(Wanted),
        &[Switchover, Failover, Promote, Fence(Wanted), Follow(Wanted)],
        "the next fence takes it away too",
    ),
    (
        Effect::Unmark(Other),
        &[Switchover, Failover, Promote, Fence(Other), StopAndFence, Rewind, MoveAside],
        "what is marked is called off beside a primary; that restarts it once more",
    ),
    (
        Effect::WritePosition(Other),
        &[Follow(Wanted)],
        "the next look sees whether it follows; this apply says why it does not",
    ),
    (
        Effect::AwaitPosition(Wanted),
        &[Follow(Wanted)],
        "the next look sees whether it follows; this apply says why it does not",
    ),
    (Effect::Fence(Other), &[StopAndFence], "the next look fences it too"),
    (Effect::Fence(Other), &[MoveAside], "no boot between its stop and the move brings it up"),
    (Effect::Fence(Other), &[CallOff], "a standby has its signal file"),
    (Effect::Start(Other), &[CallOff], "the next look starts it too"),
    (Effect::Start(Wanted), &[Unfence], "the next look starts it too"),
    (Effect::Unfence(Wanted), &[Unfence], "it would be promoted, and have a timeline more"),
    (Effect::DropLostSlot(Wanted), &[MoveAside], "the next look drops it too"),
];

fn listed() -> BTreeSet<Lacking> {
    let each = BEYOND_THE_MODEL.iter();
    each.flat_map(|(effect, changes, _)| changes.iter().map(|change| (*change, *effect))).collect()
}

#[test]
fn every_effect_is_needed() {
    let (listed, mut times) = (listed(), BTreeMap::new());
    let (mut idle, mut needed) = (BTreeSet::new(), BTreeSet::new());
    every(|world, consents| {
        let Some((change, count)) = change(world, consents) else { return };
        for lacking in effects(change, &world.observe(0)) {
            let seen = times.entry(lacking).or_insert(0);
            *seen += 1;
            // What is listed is tried in a sample.
            if needed.contains(&lacking) || (listed.contains(&lacking) && *seen % 16 != 1) {
                continue;
            }
            let set = if found(world, consents, count, Some(lacking)).is_empty() {
                &mut idle
            } else {
                &mut needed
            };
            set.insert(lacking);
        }
    });
    idle.retain(|lacking| !needed.contains(lacking));
    assert_eq!(idle, listed, "what can be left out without notice");
}
