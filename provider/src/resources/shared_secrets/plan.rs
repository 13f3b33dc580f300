//! The decision: what is made, what is carried to which host.

use std::collections::{BTreeMap, BTreeSet};

use super::choose::{Choice, choose, label, number};
use super::facts::{Facts, HostFacts, mark_name};
use super::scripts;
use super::settings::{OnDestroy, Outputs, Secrets};
use super::units::{Group, Unit};
use crate::facts::file::FileFact;
use crate::resource::{Context, Plan};
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::step::{Action, File, Risk, Step};

/// What stands in `files` for a secret.
const MASK: &str = "(secret)";
const DIRECTORY: &str = "0700 root:root";

/// What is there, what should be there, and the steps between.
pub fn plan(settings: &Secrets, facts: &Facts, context: &Context) -> Plan {
    let mut plan = Plan::default();
    let units = settings.units();
    let choices: Vec<(&Unit, Choice)> =
        units.iter().map(|unit| (*unit, choose(settings, facts, context, unit))).collect();
    refuse(settings, facts, &choices, context, &mut plan);
    for (host, facts) in &facts.hosts {
        directory(settings, host, facts, &mut plan);
    }
    make(settings, facts, &choices, &mut plan);
    for (unit, choice) in &choices {
        carry(settings, facts, context, unit, choice, &mut plan);
    }
    for group in [Group::Rotating, Group::TokenKey] {
        marks(settings, facts, context, group, &choices, &mut plan);
    }
    if context.reading || !plan.refusals.is_empty() {
        plan.steps.clear();
    }
    outputs(settings, facts, &choices, &mut plan);
    plan
}

fn outputs(settings: &Secrets, facts: &Facts, choices: &[(&Unit, Choice)], plan: &mut Plan) {
    let in_step = choices.iter().all(|(unit, choice)| match choice {
        Choice::Take(from) => facts.hosts.values().all(|host| {
            let same = |name: &&str| text(facts, from, name) == host.file(name).secret();
            unit.files.iter().all(same)
        }),
        _ => false,
    });
    let names: Vec<String> = settings.names().into_iter().map(str::to_owned).collect();
    let outputs = |in_step| Outputs { names: Some(names.clone()), in_step: Some(in_step) };
    plan.outputs = outputs(in_step).to_object();
    plan.outputs_after = outputs(true).to_object();
}

fn refuse(
    settings: &Secrets,
    facts: &Facts,
    choices: &[(&Unit, Choice)],
    context: &Context,
    plan: &mut Plan,
) {
    if context.reading {
        return;
    }
    refuse_differing(settings, choices, plan);
    for (unit, choice) in choices {
        match choice {
            Choice::Spoilt(why) => refuse_spoilt(unit, why, plan),
            Choice::Make => refuse_adoption(settings, facts, unit, plan),
            Choice::Take(_) | Choice::Rotate | Choice::Differ(_) => {}
        }
    }
}

fn refuse_differing(settings: &Secrets, choices: &[(&Unit, Choice)], plan: &mut Plan) {
    let mut hosts = BTreeSet::new();
    let mut units = Vec::new();
    for (unit, choice) in choices {
        if let Choice::Differ(of) = choice {
            hosts.extend(of.iter().map(String::as_str));
            units.push(*unit);
        }
    }
    let Some(first) = hosts.first() else { return };
    let places: Vec<String> = hosts.iter().map(|host| settings.place(host)).collect();
    let detail = format!(
        "{} hold different copies of {}, and none is known to be the one that was written here. \
         Nothing was changed. Say whose stand with authority = \"{first}\" (or another host). What \
         can never be made again is kept beside the new copy, with the ending .replaced.",
        places.join(" and "),
        names(&units)
    );
    plan.refuse("authority", "Secrets differ between hosts", detail);
}

fn refuse_spoilt(unit: &Unit, why: &str, plan: &mut Plan) {
    let detail = format!(
        "{why}. It was left as it is. Put the right file back from a backup; only where Harbor's \
         database is empty, remove the file and a new one is made."
    );
    plan.refuse("directory", format!("{} cannot be used", unit.files[0]), detail);
}

/// A Harbor whose own keys are not where the user said: new ones would lock its data away.
fn refuse_adoption(settings: &Secrets, facts: &Facts, unit: &Unit, plan: &mut Plan) {
    let name = unit.files[0];
    let needed = ["secretkey", "private_key.pem"].contains(&name);
    let (Some(from), true) = (&settings.adopt_from, needed) else { return };
    let lead = settings.lead();
    if !facts.hosts.get(lead).is_some_and(|host| host.adoptable.contains(name)) {
        let detail = format!(
            "On {} there is no {name} under {}/secret, so the secrets of that Harbor cannot be \
             taken over. Nothing was changed: a new one would lock away what the old one \
             encrypted. Name the right data_volume, or take adopt_from out for a new Harbor.",
            settings.place(lead),
            from.data_volume
        );
        plan.refuse("adopt_from.data_volume", format!("{name} is not there"), detail);
    }
}

fn directory(settings: &Secrets, host: &str, facts: &HostFacts, plan: &mut Plan) {
    let words: Vec<&str> = facts.directory.split(' ').collect();
    let actual = match words[..] {
        [mode, owner, group] => format!("{mode:0>4} {owner}:{group}"),
        _ => String::new(),
    };
    let name = label(host, &settings.directory);
    if plan.status(name, &actual, DIRECTORY) {
        let what = format!("make the directory {}", settings.directory);
        plan.step(Step::run(host, what, scripts::directory(&settings.directory)));
    }
}

/// Makes on the lead what is to be new.
fn make(settings: &Secrets, facts: &Facts, choices: &[(&Unit, Choice)], plan: &mut Plan) {
    let lead = settings.lead();
    let pick = |wanted: &Choice| -> Vec<&Unit> {
        choices.iter().filter(|(_, choice)| choice == wanted).map(|(unit, _)| *unit).collect()
    };
    let (missing, rotated) = (pick(&Choice::Make), pick(&Choice::Rotate));
    let key = missing.iter().chain(&rotated).any(|unit| unit.group == Group::TokenKey);
    if key && !facts.hosts.get(lead).is_some_and(|host| host.openssl) {
        plan.step(Step::job(lead, "install openssl", "openssl", scripts::install_openssl()));
    }
    if !missing.is_empty() {
        let adopt = settings.adopt_from.as_ref();
        let verb = if adopt.is_some() { "adopt or make" } else { "make" };
        let script = scripts::make(&settings.directory, &missing, adopt, &[]);
        plan.step(Step::run(lead, format!("{verb} {}", names(&missing)), script));
    }
    for (group, sentence) in [(Group::Rotating, ROTATION), (Group::TokenKey, TOKEN_ROTATION)] {
        let units: Vec<&Unit> = rotated.iter().copied().filter(|u| u.group == group).collect();
        let (Some(mark), Some(n)) = (mark_name(group), number(settings, group)) else { continue };
        if !units.is_empty() {
            let script = scripts::make(&settings.directory, &units, None, &[(mark, n)]);
            let step = Step::run(lead, format!("make {} anew", names(&units)), script);
            plan.step(step.disruptive(sentence));
        }
    }
}

const ROTATION: &str = "the secrets between Harbor's parts change: each node that uses them must \
     restart, jobs that are queued at that moment fail, and open browser sessions must reload";
const TOKEN_ROTATION: &str = "the key of tokens changes: each node must restart, a token in use is \
     refused afterwards, and until the last node has restarted some pulls and pushes fail";

fn names(units: &[&Unit]) -> String {
    let names: Vec<&str> = units.iter().flat_map(|unit| unit.files).copied().collect();
    names.join(", ")
}

fn text<'a>(facts: &'a Facts, host: &str, name: &str) -> Option<&'a Secret> {
    facts.hosts.get(host)?.file(name).secret()
}

/// Brings the copy that stands to the other hosts, and records every file.
fn carry(
    settings: &Secrets,
    facts: &Facts,
    context: &Context,
    unit: &Unit,
    choice: &Choice,
    plan: &mut Plan,
) {
    for (host, here) in &facts.hosts {
        for name in unit.files {
            let chosen = match choice {
                Choice::Take(from) => text(facts, from, name),
                _ => None,
            };
            let path = settings.path(name);
            let fact = here.file(name);
            let wanted = File::private(&path, chosen.map_or("", Secret::expose));
            let (actual, right) = shown(context, host, fact, chosen, &wanted);
            let pair = plan.files.entry(label(host, &path)).or_default();
            (pair.actual, pair.wanted) = (actual, Some(MASK.to_owned()));
            if let Some(text) = fact.secret() {
                let kept = (host.clone(), text.clone());
                plan.secret_texts.insert(label(host, &path), kept);
            }
            if chosen.is_some() && !right {
                write(settings, host, name, unit, fact, wanted, plan);
            }
        }
    }
}

/// How a file reads in `files`, and whether it is as it should be.
fn shown(
    context: &Context,
    host: &str,
    fact: &FileFact,
    chosen: Option<&Secret>,
    wanted: &File,
) -> (Option<String>, bool) {
    let Some(text) = fact.secret() else { return (None, false) };
    let same = chosen == Some(text);
    let changed = context.as_written.get(&label(host, &wanted.path)) == Some(&false);
    let mut shown = match (same, changed) {
        // Changed on all hosts alike: a read says so once, and the next apply takes it as it is.
        (true, true) if context.reading => "(secret, changed on the host)".to_owned(),
        (false, true) => "(secret, changed on the host)".to_owned(),
        (false, false) if chosen.is_some() => "(secret, not as on the other hosts)".to_owned(),
        _ => MASK.to_owned(),
    };
    let odd = fact.odd_permissions(wanted);
    if !odd.is_empty() {
        shown = format!("{shown}\n{}", odd.trim_end());
    }
    (Some(shown), same && odd.is_empty())
}

fn write(
    settings: &Secrets,
    host: &str,
    name: &str,
    unit: &Unit,
    fact: &FileFact,
    wanted: File,
    plan: &mut Plan,
) {
    let other = fact.secret().is_some_and(|text| *text != wanted.content);
    if other && unit.group == Group::Permanent {
        let what = format!("keep the other {name} as {}.replaced", settings.path(name));
        plan.step(Step::run(host, what, scripts::keep(&settings.directory, name)));
    }
    plan.step(Step::new(host, format!("write {}", wanted.path), Action::Write(wanted)));
}

/// Says on each host which rotation its secrets are of, once it holds all of them.
fn marks(
    settings: &Secrets,
    facts: &Facts,
    context: &Context,
    group: Group,
    choices: &[(&Unit, Choice)],
    plan: &mut Plan,
) {
    let (Some(name), Some(number)) = (mark_name(group), number(settings, group)) else { return };
    let of_group = choices.iter().filter(|(unit, _)| unit.group == group);
    let complete = of_group.map(|(_, choice)| choice).all(|c| matches!(c, Choice::Take(_)));
    for (host, here) in &facts.hosts {
        let path = settings.path(name);
        let file = File::public(&path, format!("{number}\n"));
        let differs = plan.file(context, host, label(host, &path), here.file(name), Ok(file));
        if differs && !complete {
            // The secrets come first; the next round writes it.
            plan.steps.pop();
        }
    }
}

/// The steps of a destroy.
pub fn destroy(settings: &Secrets, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    if settings.on_destroy == OnDestroy::Keep {
        return plan;
    }
    for (host, here) in &facts.hosts {
        let present: BTreeMap<_, _> = here.files.iter().filter(|(_, f)| f.is_present()).collect();
        if present.is_empty() {
            continue;
        }
        let names: Vec<&str> = present.keys().map(|name| name.as_str()).collect();
        let what = format!("remove the shared secrets in {}", settings.directory);
        let mut step = Step::run(host, what, scripts::purge(&settings.directory, &names));
        step.risk = Risk::Destructive {
            what: format!(
                "{} on {}: without secretkey, what Harbor encrypted in its database can never be \
                 read again",
                names.join(", "),
                settings.place(host)
            ),
            consent: "on_destroy = \"purge\"".to_owned(),
        };
        plan.step(step);
    }
    plan
}
