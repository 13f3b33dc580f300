//! What would change: the arguments that are given, defaults, and what the cloud keeps or makes.

use provider::diag::Path;
use provider::schema::{Attribute, Kind, OnChange};
use provider::value::{Object, Value};

use super::catalog::{Block, Body, Nesting};
use super::kinds;

/// The planned object. Like the real provider, it does not foresee that a change of one attribute
/// changes another.
pub fn planned(body: &Body, config: &Object, prior: Option<&Object>) -> Object {
    let mut planned = Object::new();
    for (name, argument) in &body.attributes {
        let given = config.get(name).unwrap_or(&Value::Null);
        let value = match (&argument.default, given) {
            (Some(default), Value::Null) => kinds::value(&kinds::kind(&argument.kind), default),
            (None, Value::Null) if argument.traits.computed => {
                prior.map_or(Value::Unknown, |prior| prior.get(name).cloned().unwrap_or_default())
            }
            _ => given.clone(),
        };
        planned.insert(name.clone(), value);
    }
    for (name, block) in &body.blocks {
        let given = config.get(name).unwrap_or(&Value::Null);
        let was = prior.and_then(|prior| prior.get(name)).unwrap_or(&Value::Null);
        planned.insert(name.clone(), planned_block(block, given, was));
    }
    planned
}

fn planned_block(block: &Block, given: &Value, prior: &Value) -> Value {
    let (Nesting::List | Nesting::Set, Value::List(items)) = (block.nesting, given) else {
        return given.clone();
    };
    let none = Vec::new();
    let before = if let Value::List(before) = prior { before } else { &none };
    let one = |(i, item): (usize, &Value)| match item {
        Value::Map(config) => {
            let was = match block.nesting {
                Nesting::Set => before.iter().find(|was| continues(&block.body, config, was)),
                _ => before.get(i),
            };
            Value::Map(planned(&block.body, config, was.and_then(Value::as_map)))
        }
        other => other.clone(),
    };
    Value::List(items.iter().enumerate().map(one).collect())
}

/// Whether an item of a set is one that was there: it has all that is given now.
fn continues(body: &Body, config: &Object, was: &Value) -> bool {
    kinds::attributes(body).iter().all(|a| {
        let given = config.get(&a.name).unwrap_or(&Value::Null);
        let had = was.get(&a.name);
        let same = kinds::json(&a.kind, given) == kinds::json(&a.kind, had);
        same || (given.is_null() && (a.default.is_some() || is_computed(a)))
    })
}

fn is_computed(a: &Attribute) -> bool {
    use provider::schema::Presence;
    matches!(a.presence, Presence::Computed | Presence::OptionalComputed)
}

/// Attributes whose change needs a new object.
pub fn replacing(attributes: &[Attribute], prior: &Object, planned: &Object) -> Vec<Path> {
    let mut found = Vec::new();
    for a in attributes {
        let at = Path::root().attribute(&a.name);
        let null = Value::Null;
        let before = prior.get(&a.name).unwrap_or(&null);
        let after = planned.get(&a.name).unwrap_or(&null);
        if replaces(a, before, after) {
            found.push(at);
        }
    }
    found
}

fn replaces(a: &Attribute, before: &Value, after: &Value) -> bool {
    if !differs(&a.kind, before, after) {
        return false;
    }
    let inside = match &a.kind {
        Kind::List(item) | Kind::Set(item) => item,
        other => other,
    };
    let fixed_inside = matches!(inside, Kind::Object(inner) if inner.iter().any(is_fixed));
    is_fixed(a) || (a.block.is_some() && fixed_inside && differs_where_fixed(a, before, after))
}

fn is_fixed(a: &Attribute) -> bool {
    a.on_change == OnChange::Replace
}

/// Whether the parts of blocks that cannot be changed differ, or their number.
fn differs_where_fixed(a: &Attribute, before: &Value, after: &Value) -> bool {
    let parts = |value: &Value| -> Vec<String> {
        let (Kind::List(item) | Kind::Set(item), Value::List(items)) = (&a.kind, value) else {
            return Vec::new();
        };
        let Kind::Object(inner) = item.as_ref() else { return Vec::new() };
        let fixed: Vec<_> = inner.iter().filter(|a| is_fixed(a)).collect();
        let part = |v: &Value| {
            let one = |a: &&Attribute| kinds::json(&a.kind, v.get(&a.name)).to_string();
            fixed.iter().map(one).collect::<Vec<_>>().join(",")
        };
        let mut parts: Vec<_> = items.iter().map(part).collect();
        if matches!(a.kind, Kind::Set(_)) {
            parts.sort();
        }
        parts
    };
    parts(before) != parts(after)
}

/// Whether two values differ; what is not known may.
pub fn differs(kind: &Kind, before: &Value, after: &Value) -> bool {
    !after.is_known() || kinds::json(kind, before) != kinds::json(kind, after)
}
