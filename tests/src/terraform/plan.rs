//! A plan as data: what it will change, line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use super::Run;

/// A plan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The run that made it.
    pub run: Run,
    /// What is to change, by the resource's address; without what stays.
    pub changes: BTreeMap<String, Change>,
    /// The attributes of each resource as the refresh found them, by its address.
    pub seen: BTreeMap<String, Json>,
}

/// What happens to one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// `create`, `update`, `delete`.
    pub actions: Vec<String>,
    /// Each line that goes or comes: `files["a:/etc/x"] - old line`.
    pub lines: BTreeSet<String>,
    /// Attributes that will be known after the apply.
    pub unknown: BTreeSet<String>,
}

impl Plan {
    /// From `terraform show -json` of the plan.
    pub fn new(shown: &Json, run: Run) -> Self {
        let all = shown["resource_changes"].as_array().cloned().unwrap_or_default();
        let of = |c: &Json| {
            let change = Change::of(&c["change"]);
            let address = c["address"].as_str().unwrap_or_default().to_owned();
            (change.actions != ["no-op"]).then_some((address, change))
        };
        let seen = shown["prior_state"]["values"]["root_module"]["resources"].as_array();
        let seen = seen
            .into_iter()
            .flatten()
            .map(|r| (r["address"].as_str().unwrap_or_default().to_owned(), r["values"].clone()));
        Self { run, changes: all.iter().filter_map(of).collect(), seen: seen.collect() }
    }

    /// The plan, which must have nothing to do.
    #[track_caller]
    pub fn is_empty(&self) {
        assert!(self.changes.is_empty(), "the plan is not empty: {:#?}", self.changes);
    }

    /// The one change of the plan; anything else is a failure.
    #[track_caller]
    pub fn only(&self, address: &str) -> &Change {
        let addresses: Vec<_> = self.changes.keys().collect();
        assert_eq!(addresses, [address], "{:#?}", self.changes);
        &self.changes[address]
    }
}

impl Change {
    fn of(change: &Json) -> Self {
        let actions = change["actions"].as_array().cloned().unwrap_or_default();
        let (mut before, mut after) = (BTreeMap::new(), BTreeMap::new());
        flatten(&change["before"], "", &mut before);
        flatten(&change["after"], "", &mut after);
        let mut unknown = BTreeMap::new();
        flatten(&change["after_unknown"], "", &mut unknown);
        unknown.retain(|_, value| value == "true");
        let unknown: BTreeSet<String> = unknown.into_keys().collect();
        let mut lines = BTreeSet::new();
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for key in keys {
            let pending = unknown.iter().any(|u| key.starts_with(u.as_str()));
            if !pending {
                differences(key, before.get(key), after.get(key), &mut lines);
            }
        }
        let actions = actions.iter().filter_map(Json::as_str).map(str::to_owned).collect();
        Self { actions, lines, unknown }
    }
}

/// Leaves by path, as text.
fn flatten(value: &Json, path: &str, into: &mut BTreeMap<String, String>) {
    match value {
        Json::Null => {}
        Json::Object(map) => {
            for (key, value) in map {
                let plain = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                let path = match (path.is_empty(), plain) {
                    (true, _) => key.clone(),
                    (false, true) => format!("{path}.{key}"),
                    (false, false) => format!("{path}[\"{key}\"]"),
                };
                flatten(value, &path, into);
            }
        }
        Json::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                flatten(value, &format!("{path}[{i}]"), into);
            }
        }
        Json::String(text) => drop(into.insert(path.to_owned(), text.clone())),
        other => drop(into.insert(path.to_owned(), other.to_string())),
    }
}

/// Lines of one text that the other does not have, both ways.
fn differences(
    key: &str,
    before: Option<&String>,
    after: Option<&String>,
    into: &mut BTreeSet<String>,
) {
    let lines = |text: Option<&String>| -> Vec<String> {
        text.map(|t| t.lines().map(str::to_owned).collect()).unwrap_or_default()
    };
    let (old, mut new) = (lines(before), lines(after));
    for line in old {
        match new.iter().position(|l| *l == line) {
            Some(at) => drop(new.remove(at)),
            None => drop(into.insert(format!("{key} - {line}"))),
        }
    }
    into.extend(new.iter().map(|line| format!("{key} + {line}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_lines_that_differ_are_left() {
        let shown = serde_json::json!({"resource_changes": [
            {"address": "a.b", "change": {"actions": ["update"],
                "before": {"files": {"a:/x": "1\n2\n3\n"}, "n": 1, "out": "old"},
                "after": {"files": {"a:/x": "1\n9\n3\n"}, "n": 1},
                "after_unknown": {"out": true}}},
            {"address": "a.c", "change": {"actions": ["no-op"], "before": {}, "after": {}}},
        ]});
        let plan = Plan::new(&shown, Run::new(Some(0), String::new()));
        let change = plan.only("a.b");
        let lines: Vec<_> = change.lines.iter().map(String::as_str).collect();
        assert_eq!(lines, ["files[\"a:/x\"] + 9", "files[\"a:/x\"] - 2"]);
        assert_eq!(change.unknown.iter().collect::<Vec<_>>(), ["out"]);
    }
}
