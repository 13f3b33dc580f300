//! What is there: the secrets, of which nothing is shown, and whether the hosts agree.

use std::collections::BTreeMap;

use super::choose::{Choice, choose, label};
use super::facts::{Facts, MARKS};
use super::settings::{Outputs, Secrets};
use super::units::Unit;
use crate::facts::file::FileFact;
use crate::observation::Observation;
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::step::File;

/// What stands in `files` for a secret.
pub(super) const MASK: &str = "(secret)";

/// What is there.
pub fn observe(settings: &Secrets, facts: &Facts) -> Observation {
    let mut observed = Observation::default();
    let units = settings.units();
    // Which of them were written by us is not known before their texts are.
    let choice = |unit: &Unit| choose(settings, facts, &BTreeMap::new(), unit);
    let choices: Vec<(&Unit, Choice)> = units.iter().map(|unit| (*unit, choice(unit))).collect();
    for (host, here) in &facts.hosts {
        observed.status(label(host, &settings.directory), directory(&here.directory));
        for (unit, choice) in &choices {
            for name in unit.files {
                let Some(secret) = here.file(name).secret() else { continue };
                let like = File::private(settings.path(name), "");
                let words = shown_text(here.file(name), chosen(facts, choice, name), &like);
                observed.secret_file(host, label(host, &like.path), secret, &words);
            }
        }
        for name in MARKS {
            let like = File::public(settings.path(name), "");
            observed.file(host, label(host, &like.path), here.file(name), &like);
        }
    }
    let names = settings.names().into_iter().map(str::to_owned).collect();
    let in_step = choices.iter().all(|(unit, choice)| in_step(facts, unit, choice));
    observed.outputs = Outputs { names: Some(names), in_step: Some(in_step) }.to_object();
    observed
}

/// Mode and owner of the directory, in the words of `status`.
fn directory(found: &str) -> String {
    let words: Vec<&str> = found.split(' ').collect();
    match words[..] {
        [mode, owner, group] => format!("{mode:0>4} {owner}:{group}"),
        _ => String::new(),
    }
}

/// Whether all hosts have the copy that stands.
fn in_step(facts: &Facts, unit: &Unit, choice: &Choice) -> bool {
    let same = |name: &&str| {
        let stands = chosen(facts, choice, name);
        facts.hosts.values().all(|host| stands == host.file(name).secret())
    };
    matches!(choice, Choice::Take(_)) && unit.files.iter().all(same)
}

/// The text that stands, of one file.
pub(super) fn chosen<'a>(facts: &'a Facts, choice: &Choice, name: &str) -> Option<&'a Secret> {
    match choice {
        Choice::Take(host) => facts.hosts.get(host)?.file(name).secret(),
        _ => None,
    }
}

/// How a file that is there reads in `files`.
pub(super) fn shown_text(fact: &FileFact, chosen: Option<&Secret>, like: &File) -> String {
    let other = chosen.is_some() && chosen != fact.secret();
    let shown = if other { "(secret, not as on the other hosts)" } else { MASK };
    let odd = fact.odd_permissions(like);
    if odd.is_empty() { shown.to_owned() } else { format!("{shown}\n{}", odd.trim_end()) }
}
