//! The decision.

use super::facts::{Facts, NODE};
use super::files::{self, CONF_PATH, PACKAGE, UNIT_PATH};
use super::observe::{CONFIGURATION, INTERFACE, LOADED, RUNNING, address, package, service};
use super::scripts;
use super::settings::DatabaseEndpoint;
use crate::facts::file::FileFact;
use crate::plan::{self, Known, Plan};
use crate::step::{File, Step, Steps};

/// What should be there, and the steps to it.
pub fn plan(settings: &DatabaseEndpoint, facts: &Facts, known: Known<'_>) -> Plan {
    let mut plan = Plan::default();
    refuse(settings, facts, &mut plan);
    warn(settings, facts, &mut plan);
    if plan.status(package(), known.observed.says(&package()), "installed") {
        let what = format!("install {PACKAGE}");
        plan.step(Step::job(NODE, what, "apt-haproxy", scripts::install()));
    }
    let conf = plan.file(known, NODE, CONF_PATH, &facts.conf, files::conf(settings));
    let unit = plan.file(known, NODE, UNIT_PATH, &facts.unit, files::unit(settings));
    let things =
        [(service(), RUNNING), (address(settings), INTERFACE), (CONFIGURATION.to_owned(), LOADED)];
    let differs = things.map(|(name, wanted)| {
        let actual = known.observed.says(&name);
        plan.status(name, actual, wanted)
    });
    if conf || unit || differs.contains(&true) {
        plan.steps.extend(start(settings, facts, conf || unit));
    }
    plan.outputs.clone_from(&known.observed.outputs);
    plan.all_or_nothing()
}

/// Start it with what was written, and prove that it leads to the primary. What ran before comes back
/// where it does not.
fn start(settings: &DatabaseEndpoint, facts: &Facts, written: bool) -> [Step; 2] {
    let start = Step::run(NODE, "start the database endpoint", scripts::restart());
    let prove = Step::run(NODE, "prove that it leads to the primary", scripts::prove());
    if !facts.runs() {
        return [start, prove];
    }
    let undo = || if written { former(facts) } else { Steps::none() }.into_iter().collect();
    let sentence = format!(
        "the database endpoint of {} restarts: what Harbor is doing there with the database at that \
         moment fails, and new requests wait for about a second",
        settings.place()
    );
    [start.disruptive(sentence).or_undo(undo()), prove.or_undo(undo())]
}

/// Puts back what ran.
fn former(facts: &Facts) -> Steps {
    let files = [(CONF_PATH, &facts.conf), (UNIT_PATH, &facts.unit)];
    let write = |(path, fact): (&str, &FileFact)| {
        let file = File::public(path, fact.text()?);
        Some(plan::write(NODE, fact.kept(file)))
    };
    let mut steps: Steps = files.into_iter().filter_map(write).collect();
    let what = "start the database endpoint as it was";
    steps.push(Step::run(NODE, what, scripts::restart()));
    steps
}

/// What keeps it from being there.
fn refuse(settings: &DatabaseEndpoint, facts: &Facts, plan: &mut Plan) {
    let place = settings.place();
    if let Some(other) = facts.interfaces.iter().find(|name| *name != INTERFACE) {
        let detail = format!(
            "{other} of {place} has the address {}. The endpoint needs an address of its own, which \
             no host of the network has.",
            settings.address
        );
        plan.refuse("address", "The address is in use", detail);
    }
    if let Some(who) = facts.listeners.first() {
        let detail = format!("{who} listens on {place}. Choose another port for the endpoint.");
        plan.refuse("port", "The port is in use", detail);
    }
}

/// What it sees of the servers that somebody should know.
fn warn(settings: &DatabaseEndpoint, facts: &Facts, plan: &mut Plan) {
    if !facts.runs() || facts.servers.is_empty() {
        return;
    }
    let place = settings.place();
    match facts.primaries()[..] {
        [_] => {}
        [] => {
            let each = facts.servers.iter().map(|(name, seen)| format!("{name}: {}", seen.check));
            let each = each.collect::<Vec<_>>().join("; ");
            let detail = format!(
                "The endpoint of {place} finds no server that says it is the primary, and its \
                 clients wait. What each answers: {each}."
            );
            plan.warn("The database endpoint leads to nobody", detail);
        }
        [first, ..] => {
            let all = facts.primaries().join(" and ");
            let detail = format!(
                "{all} all say to {place} that they are the primary. The endpoint goes on with the one \
                 that it led to before, and after a restart with {first}. Fence the one that should not \
                 take writes."
            );
            plan.warn("Several servers say that they are the primary", detail);
        }
    }
}
