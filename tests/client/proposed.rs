//! The proposed new state, as Terraform Core makes it: what is configured, and what the provider
//! gave before where nothing is.

use provider::schema::{Attribute, Kind};
use provider::value::{Object, Value};

use crate::values::is_computed;

/// For a whole resource.
pub fn new(attributes: &[Attribute], prior: Option<&Object>, config: &Object) -> Object {
    let propose = |a: &Attribute| {
        let prior = prior.and_then(|p| p.get(&a.name)).unwrap_or(&Value::Null);
        let config = config.get(&a.name).unwrap_or(&Value::Null);
        let value = match config {
            Value::Null if is_computed(a) => prior.clone(),
            config => nested(&a.kind, prior, config),
        };
        (a.name.clone(), value)
    };
    attributes.iter().map(propose).collect()
}

/// Inside of objects, and of lists and maps of them, the same holds for each attribute.
fn nested(kind: &Kind, prior: &Value, config: &Value) -> Value {
    match (kind, config) {
        (Kind::Object(inner), Value::Map(config)) => Value::Map(new(inner, prior.as_map(), config)),
        (Kind::List(item), Value::List(items)) if matches!(**item, Kind::Object(_)) => {
            let propose = |(i, config)| match prior {
                Value::List(before) if i < before.len() => nested(item, &before[i], config),
                _ => config.clone(),
            };
            Value::List(items.iter().enumerate().map(propose).collect())
        }
        (Kind::Map(item), Value::Map(map)) if matches!(**item, Kind::Object(_)) => {
            let propose = |(key, config): (&String, &Value)| {
                let value = match prior.as_map().and_then(|before| before.get(key)) {
                    Some(before) => nested(item, before, config),
                    None => config.clone(),
                };
                (key.clone(), value)
            };
            Value::Map(map.iter().map(propose).collect())
        }
        (Kind::Set(item), Value::List(items)) => {
            let Kind::Object(inner) = &**item else { return config.clone() };
            Value::List(items.iter().map(|config| correlated(inner, prior, config)).collect())
        }
        _ => config.clone(),
    }
}

/// An element of a set has what was computed for the one that was configured in the same way.
fn correlated(inner: &[Attribute], prior: &Value, config: &Value) -> Value {
    let (Value::List(before), Value::Map(wanted)) = (prior, config) else { return config.clone() };
    let same = |before: &&Object| {
        inner.iter().all(|a| {
            let config = wanted.get(&a.name).unwrap_or(&Value::Null);
            (is_computed(a) && config.is_null()) || before.get(&a.name) == Some(config)
        })
    };
    let found = before.iter().filter_map(Value::as_map).find(same);
    found.map_or_else(|| config.clone(), |before| Value::Map(new(inner, Some(before), wanted)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{attributes, object};

    #[test]
    fn what_was_computed_stays_where_nothing_is_configured() {
        let prior = object(&[("name", "old"), ("id", "7"), ("mode", "0644")]);
        let proposed = new(&attributes(), Some(&prior), &object(&[("name", "new")]));
        assert_eq!(proposed, object(&[("name", "new"), ("id", "7"), ("mode", "0644")]));
    }

    #[test]
    fn what_is_no_longer_configured_goes() {
        let prior = object(&[("name", "old"), ("note", "mine")]);
        let proposed = new(&attributes(), Some(&prior), &object(&[("name", "old")]));
        assert_eq!(proposed["note"], Value::Null);
    }
}
