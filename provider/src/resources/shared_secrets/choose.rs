//! Which copy of a secret stands.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::settings::Secrets;
use super::units::{Group, Unit};
use crate::secret::Secret;

/// What to do about one secret.
#[derive(Debug, PartialEq, Eq)]
pub enum Choice {
    /// This host's copy stands; the others get it.
    Take(String),
    /// Nobody has it: it is made.
    Make,
    /// All have it, and the user wants another.
    Rotate,
    /// These hosts hold different ones, and nobody can say which stands.
    Differ(Vec<String>),
    /// It cannot be used and cannot be made again: why, on which host.
    Spoilt(String),
}

type Copies<'a> = BTreeMap<&'a str, Vec<&'a Secret>>;

/// Decide on one secret. `as_written`: see `Context::as_written`.
pub fn choose(
    settings: &Secrets,
    facts: &Facts,
    as_written: &BTreeMap<String, bool>,
    unit: &Unit,
) -> Choice {
    let (copies, spoilt) = copies(facts, unit);
    let wanted = number(settings, unit.group);
    let marks: BTreeMap<&str, Option<i64>> =
        facts.hosts.iter().map(|(host, f)| (host.as_str(), f.mark(unit.group))).collect();
    let of = |keep: &dyn Fn(Option<i64>) -> bool| -> Copies<'_> {
        let kept = copies.iter().filter(|(h, _)| keep(marks.get(*h).copied().flatten()));
        kept.map(|(h, c)| (*h, c.clone())).collect()
    };
    // A copy of the wanted rotation comes before one of unknown origin, and that of an earlier
    // rotation never stands.
    let current = of(&|mark| wanted.is_none() || mark == wanted);
    let unmarked = of(&|mark| mark.is_none());
    let rotated = wanted.is_some() && marks.values().any(|m| *m == wanted);
    let stale = wanted.is_some() && marks.values().any(|m| m.is_some() && *m != wanted);
    if stale && !rotated {
        return Choice::Rotate;
    }
    if !current.is_empty() {
        return among(settings, as_written, unit, &current);
    }
    if !unmarked.is_empty() {
        return among(settings, as_written, unit, &unmarked);
    }
    match (unit.group, spoilt.is_empty()) {
        (Group::Permanent, false) => Choice::Spoilt(spoilt.join("; ")),
        _ => Choice::Make,
    }
}

/// The number in the configuration.
pub fn number(settings: &Secrets, group: Group) -> Option<i64> {
    match group {
        Group::Permanent => None,
        Group::Rotating => Some(settings.rotation),
        Group::TokenKey => Some(settings.rotate_token_key),
    }
}

/// The copies that are whole and well formed, and what is wrong with the others.
fn copies<'a>(facts: &'a Facts, unit: &Unit) -> (Copies<'a>, Vec<String>) {
    let mut copies = Copies::new();
    let mut spoilt = Vec::new();
    for (host, facts) in &facts.hosts {
        let mut whole = Vec::new();
        for name in unit.files {
            let Some(text) = facts.file(name).secret() else { continue };
            match unit.problem(name, text.expose()) {
                None => whole.push(text),
                Some(why) => spoilt.push(format!("{name} on {host} {why}")),
            }
        }
        if whole.len() == unit.files.len() {
            copies.insert(host, whole);
        }
    }
    (copies, spoilt)
}

fn among(
    settings: &Secrets,
    as_written: &BTreeMap<String, bool>,
    unit: &Unit,
    copies: &Copies<'_>,
) -> Choice {
    let authority = settings.authority.as_deref().filter(|host| copies.contains_key(*host));
    let ours = || {
        let written = copies.iter().filter(|(host, _)| {
            let label = label(host, &settings.path(unit.files[0]));
            as_written.get(&label) == Some(&true)
        });
        written.map(|(host, copy)| (*host, copy.clone())).collect::<Copies<'_>>()
    };
    if let Some(host) = same(copies).or(authority) {
        return Choice::Take(host.to_owned());
    }
    if let Some(host) = same(&ours()) {
        return Choice::Take(host.to_owned());
    }
    Choice::Differ(copies.keys().map(|host| (*host).to_owned()).collect())
}

/// The first host, where all copies are the same.
fn same<'a>(copies: &Copies<'a>) -> Option<&'a str> {
    let (host, first) = copies.iter().next()?;
    copies.values().all(|copy| copy == first).then_some(*host)
}

/// A file's name in `files`.
pub fn label(host: &str, path: &str) -> String {
    format!("{host}:{path}")
}
