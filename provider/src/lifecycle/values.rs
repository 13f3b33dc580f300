//! Objects between configuration, plan and state: defaults, write-only values, what changed.

use crate::diag::Path;
use crate::schema::{Attribute, Kind, OnChange, Presence};
use crate::value::{Object, Value};

/// The configuration with defaults where it has null.
pub fn with_defaults(attributes: &[Attribute], config: &Object) -> Object {
    let filled = attributes.iter().map(|attribute| {
        let given = config.get(&attribute.name).unwrap_or(&Value::Null);
        let value = match (&attribute.default, given) {
            (Some(default), Value::Null) => default.clone(),
            _ => fill(&attribute.kind, given),
        };
        (attribute.name.clone(), value)
    });
    filled.collect()
}

fn fill(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => Value::Map(with_defaults(inner, map)),
        (Kind::List(item), Value::List(values)) => {
            Value::List(values.iter().map(|v| fill(item, v)).collect())
        }
        (Kind::Map(item), Value::Map(map)) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), fill(item, v))).collect())
        }
        _ => value.clone(),
    }
}

/// The same object with every write-only value null: what may stand in plan and state.
pub fn without_write_only(attributes: &[Attribute], object: &Object) -> Object {
    let kept = attributes.iter().map(|attribute| {
        let value = object.get(&attribute.name).unwrap_or(&Value::Null);
        let value = if attribute.write_only { Value::Null } else { strip(&attribute.kind, value) };
        (attribute.name.clone(), value)
    });
    kept.collect()
}

fn strip(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => Value::Map(without_write_only(inner, map)),
        (Kind::List(item), Value::List(values)) => {
            Value::List(values.iter().map(|v| strip(item, v)).collect())
        }
        (Kind::Map(item), Value::Map(map)) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), strip(item, v))).collect())
        }
        _ => value.clone(),
    }
}

/// Attributes that differ, with what a change of them does; nested ones by their own path.
pub fn changes(
    attributes: &[Attribute],
    prior: &Object,
    planned: &Object,
) -> Vec<(Path, OnChange)> {
    let mut found = Vec::new();
    collect(attributes, prior, planned, &Path::root(), &mut found);
    found
}

fn collect(
    attributes: &[Attribute],
    prior: &Object,
    planned: &Object,
    path: &Path,
    found: &mut Vec<(Path, OnChange)>,
) {
    for attribute in attributes.iter().filter(|a| a.presence != Presence::Computed) {
        let was = prior.get(&attribute.name).unwrap_or(&Value::Null);
        let will = planned.get(&attribute.name).unwrap_or(&Value::Null);
        let at = path.attribute(&attribute.name);
        match (&attribute.kind, was, will) {
            _ if was == will => {}
            (Kind::Object(inner), Value::Map(was), Value::Map(will)) => {
                collect(inner, was, will, &at, found);
            }
            _ => found.push((at, attribute.on_change)),
        }
    }
}

/// Whether every `*_wo_version`, at any depth, is the same on both sides.
pub fn same_secret_versions(prior: &Value, planned: &Value) -> bool {
    versions(prior, "") == versions(planned, "")
}

fn versions(value: &Value, path: &str) -> Vec<(String, Value)> {
    let Value::Map(map) = value else { return Vec::new() };
    let inner = map.iter().flat_map(|(name, value)| {
        let at = format!("{path}.{name}");
        if name.ends_with("_wo_version") && !value.is_null() {
            vec![(at, value.clone())]
        } else {
            versions(value, &at)
        }
    });
    inner.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Settings;

    crate::settings! {
        /// Inner.
        struct Inner {
            /// Port.
            port: u16 = attr().default(22),
            /// Name.
            name: String = attr().on_change(OnChange::Replace),
        }
        /// Outer.
        struct Outer {
            /// Inner.
            inner: Inner = attr(),
            /// Password.
            password_wo: Option<crate::secret::Secret> = attr().write_only(),
            /// Its version.
            password_wo_version: Option<i64> = attr(),
        }
    }

    fn outer(name: &str, version: i64) -> Object {
        let inner = Object::from([("name".into(), name.into())]);
        Object::from([
            ("inner".into(), inner.into()),
            ("password_wo".into(), "canary".into()),
            ("password_wo_version".into(), version.into()),
        ])
    }

    #[test]
    fn defaults_reach_nested_objects() {
        let filled = with_defaults(&Outer::attributes(), &outer("x", 1));
        assert_eq!(filled["inner"].get("port"), &Value::Int(22));
    }

    #[test]
    fn write_only_values_do_not_pass() {
        let kept = without_write_only(&Outer::attributes(), &outer("x", 1));
        assert!(!format!("{kept:?}").contains("canary"));
    }

    #[test]
    fn a_nested_change_is_found_at_its_path() {
        let found = changes(&Outer::attributes(), &outer("x", 1), &outer("y", 1));
        assert_eq!(found, [(Path::of("inner.name"), OnChange::Replace)]);
    }

    #[test]
    fn secret_versions_count_at_any_depth() {
        let of = |v| Value::Map(Object::from([("db".into(), Value::Map(outer("x", v)))]));
        assert!(same_secret_versions(&of(1), &of(1)));
        assert!(!same_secret_versions(&of(1), &of(2)));
    }
}
