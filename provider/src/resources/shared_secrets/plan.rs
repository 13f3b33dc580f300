//! The decision: what is made, what is carried to which host.

use std::collections::BTreeSet;

use super::choose::{Choice, choose, label, number};
use super::facts::{Facts, mark_name};
use super::observe::{MASK, chosen, shown_text};
use super::scripts;
use super::settings::{Outputs, Secrets};
use super::units::{Group, Unit};
use crate::diag::{Diag, Diags, Path};
use crate::facts::file::FileFact;
use crate::plan::{self, Known, Pair, Plan};
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::step::{File, Step, Steps};

const DIRECTORY: &str = "0700 root:root";

/// What should be there, and the steps to it.
pub fn plan(settings: &Secrets, facts: &Facts, known: Known<'_>) -> Plan {
    let as_written = &known.context.as_written;
    let choice = |unit: &Unit| choose(settings, facts, as_written, unit);
    let units = settings.units();
    let choices: Vec<(&Unit, Choice)> = units.iter().map(|unit| (*unit, choice(unit))).collect();
    let mut plan = Plan { refusals: refusals(settings, facts, &choices), ..Plan::default() };
    for host in facts.hosts.keys() {
        plan.add(directory(settings, known, host));
    }
    plan.steps.extend(make(settings, facts, &choices));
    for (unit, choice) in &choices {
        plan.add(distribute(settings, facts, known, unit, choice));
    }
    for group in [Group::Rotating, Group::TokenKey] {
        plan.add(marks(settings, facts, known, group, &choices));
    }
    plan.outputs.clone_from(&known.observed.outputs);
    let names = settings.names().into_iter().map(str::to_owned).collect();
    plan.outputs_after = Outputs { names: Some(names), in_step: Some(true) }.to_object();
    plan.all_or_nothing()
}

fn refusals(settings: &Secrets, facts: &Facts, choices: &[(&Unit, Choice)]) -> Diags {
    let mut refusals: Diags = differing(settings, choices).into_iter().collect();
    refusals.extend(choices.iter().filter_map(|(unit, choice)| match choice {
        Choice::Spoilt(why) => Some(spoilt(unit, why)),
        Choice::Make => not_adoptable(settings, facts, unit),
        Choice::Take(_) | Choice::Rotate | Choice::Differ(_) => None,
    }));
    refusals
}

fn differing(settings: &Secrets, choices: &[(&Unit, Choice)]) -> Option<Diag> {
    let mut hosts = BTreeSet::new();
    let mut units = Vec::new();
    for (unit, choice) in choices {
        if let Choice::Differ(of) = choice {
            hosts.extend(of.iter().map(String::as_str));
            units.push(*unit);
        }
    }
    let first = hosts.first()?;
    let places: Vec<String> = hosts.iter().map(|host| settings.place(host)).collect();
    let detail = format!(
        "{} hold different copies of {}, and none is known to be the one that was written here. \
         Nothing was changed. Say whose stand with authority = \"{first}\" (or another host). What \
         can never be made again is kept beside the new copy, with the ending .replaced.",
        places.join(" and "),
        names(&units)
    );
    Some(Diag::error("Secrets differ between hosts", detail).at(Path::of("authority")))
}

fn spoilt(unit: &Unit, why: &str) -> Diag {
    let detail = format!(
        "{why}. It was left as it is. Put the right file back from a backup; only where Harbor's \
         database is empty, remove the file and a new one is made."
    );
    let summary = format!("{} cannot be used", unit.files[0]);
    Diag::error(summary, detail).at(Path::of("directory"))
}

/// A Harbor whose own keys are not where the user said: new ones would lock its data away.
fn not_adoptable(settings: &Secrets, facts: &Facts, unit: &Unit) -> Option<Diag> {
    let name = unit.files[0];
    let needed = ["secretkey", "private_key.pem"].contains(&name);
    let from = settings.adopt_from.as_ref().filter(|_| needed)?;
    let lead = settings.lead();
    if facts.hosts.get(lead).is_some_and(|host| host.adoptable.contains(name)) {
        return None;
    }
    let detail = format!(
        "On {} there is no {name} under {}/secret, so the secrets of that Harbor cannot be taken \
         over. Nothing was changed: a new one would lock away what the old one encrypted. Name the \
         right data_volume, or take adopt_from out for a new Harbor.",
        settings.place(lead),
        from.data_volume
    );
    let diag = Diag::error(format!("{name} is not there"), detail);
    Some(diag.at(Path::of("adopt_from.data_volume")))
}

fn directory(settings: &Secrets, known: Known<'_>, host: &str) -> Plan {
    let mut plan = Plan::default();
    let name = label(host, &settings.directory);
    if plan.status(name.clone(), known.observed.says(&name), DIRECTORY) {
        let what = format!("make the directory {}", settings.directory);
        plan.step(Step::run(host, what, scripts::directory(&settings.directory)));
    }
    plan
}

/// Makes on the lead what is to be new.
fn make(settings: &Secrets, facts: &Facts, choices: &[(&Unit, Choice)]) -> Steps {
    let mut steps = Steps::none();
    let lead = settings.lead();
    let pick = |wanted: &Choice| -> Vec<&Unit> {
        choices.iter().filter(|(_, choice)| choice == wanted).map(|(unit, _)| *unit).collect()
    };
    let (missing, rotated) = (pick(&Choice::Make), pick(&Choice::Rotate));
    let key = missing.iter().chain(&rotated).any(|unit| unit.group == Group::TokenKey);
    if key && !facts.hosts.get(lead).is_some_and(|host| host.openssl) {
        steps.push(Step::job(lead, "install openssl", "openssl", scripts::install_openssl()));
    }
    if !missing.is_empty() {
        let adopt = settings.adopt_from.as_ref();
        let verb = if adopt.is_some() { "adopt or make" } else { "make" };
        let script = scripts::make(&settings.directory, &missing, adopt, &[]);
        steps.push(Step::run(lead, format!("{verb} {}", names(&missing)), script));
    }
    for (group, sentence) in [(Group::Rotating, ROTATION), (Group::TokenKey, TOKEN_ROTATION)] {
        let units: Vec<&Unit> = rotated.iter().copied().filter(|u| u.group == group).collect();
        let (Some(mark), Some(n)) = (mark_name(group), number(settings, group)) else { continue };
        if !units.is_empty() {
            let script = scripts::make(&settings.directory, &units, None, &[(mark, n)]);
            let step = Step::run(lead, format!("make {} anew", names(&units)), script);
            steps.push(step.disruptive(sentence));
        }
    }
    steps
}

const ROTATION: &str = "the secrets between Harbor's parts change: each node that uses them must \
     restart, jobs that are queued at that moment fail, and open browser sessions must reload";
const TOKEN_ROTATION: &str = "the key of tokens changes: each node must restart, a token in use is \
     refused afterwards, and until the last node has restarted some pulls and pushes fail";

fn names(units: &[&Unit]) -> String {
    let names: Vec<&str> = units.iter().flat_map(|unit| unit.files).copied().collect();
    names.join(", ")
}

/// Brings the copy that stands to the other hosts, and records every file.
fn distribute(
    settings: &Secrets,
    facts: &Facts,
    known: Known<'_>,
    unit: &Unit,
    choice: &Choice,
) -> Plan {
    let mut plan = Plan::default();
    for (host, here) in &facts.hosts {
        for name in unit.files {
            let chosen = chosen(facts, choice, name);
            let path = settings.path(name);
            let fact = here.file(name);
            let wanted = File::private(&path, chosen.map_or("", Secret::expose));
            let label = label(host, &path);
            let actual = fact.is_present().then(|| shown(known, &label, fact, chosen, &wanted));
            plan.files.insert(label, Pair { actual, wanted: Some(MASK.to_owned()) });
            let right = chosen == fact.secret() && fact.has_permissions(&wanted);
            if chosen.is_some() && !right {
                plan.steps.extend(write(settings, host, name, unit, fact, wanted));
            }
        }
    }
    plan
}

/// How a file that is there reads: one that was changed on all hosts alike is taken as it is.
fn shown(
    known: Known<'_>,
    label: &str,
    fact: &FileFact,
    chosen: Option<&Secret>,
    like: &File,
) -> String {
    let changed = known.context.as_written.get(label) == Some(&false);
    let observed = known.observed.files.get(label).filter(|_| changed && chosen != fact.secret());
    observed.cloned().unwrap_or_else(|| shown_text(fact, chosen, like))
}

fn write(
    settings: &Secrets,
    host: &str,
    name: &str,
    unit: &Unit,
    fact: &FileFact,
    wanted: File,
) -> Steps {
    let mut steps = Steps::none();
    let other = fact.secret().is_some_and(|text| *text != wanted.content);
    if other && unit.group == Group::Permanent {
        let what = format!("keep the other {name} as {}.replaced", settings.path(name));
        steps.push(Step::run(host, what, scripts::keep(&settings.directory, name)));
    }
    steps.push(plan::write(host, wanted));
    steps
}

/// Says on each host which rotation its secrets are of, once it holds all of them.
fn marks(
    settings: &Secrets,
    facts: &Facts,
    known: Known<'_>,
    group: Group,
    choices: &[(&Unit, Choice)],
) -> Plan {
    let mut plan = Plan::default();
    let (Some(name), Some(number)) = (mark_name(group), number(settings, group)) else {
        return plan;
    };
    // The secrets come first; the next round writes it.
    let of_group = choices.iter().filter(|(unit, _)| unit.group == group);
    let complete = of_group.map(|(_, choice)| choice).all(|c| matches!(c, Choice::Take(_)));
    for (host, here) in &facts.hosts {
        let path = settings.path(name);
        let (label, fact) = (label(host, &path), here.file(name));
        let file = File::public(&path, format!("{number}\n"));
        if complete {
            plan.file(known, host, label, fact, Ok(file));
        } else {
            plan.files.insert(label.clone(), known.pair(&label, fact, &file));
        }
    }
    plan
}
