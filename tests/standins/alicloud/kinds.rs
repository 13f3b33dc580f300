//! The catalog as the protocol layer's schemas.

use provider::backend::{Schemas, TypeSchema};
use provider::diag::Path;
use provider::schema::{Attribute, Items, Kind, OnChange, Presence};
use provider::value::Value;
use serde_json::Value as Json;

use super::catalog::{Argument, Block, Body, Catalog, Nesting, Traits};

/// All schemas.
pub fn schemas(catalog: &Catalog) -> Schemas {
    let types = |types: &std::collections::BTreeMap<String, super::catalog::Type>| {
        types.iter().map(|(name, t)| schema(name, t.schema_version, &t.body)).collect()
    };
    Schemas {
        provider: schema("alicloud", 0, &catalog.provider),
        resources: types(&catalog.resources),
        data_sources: types(&catalog.data_sources),
        ephemeral: Vec::new(),
        functions: Vec::new(),
    }
}

fn schema(name: &str, version: i64, body: &Body) -> TypeSchema {
    let description = "Stands in for the type of this name.".to_owned();
    TypeSchema { name: name.to_owned(), version, description, attributes: attributes(body) }
}

/// Arguments and blocks, blocks being attributes that say so.
pub fn attributes(body: &Body) -> Vec<Attribute> {
    let arguments = body.attributes.iter().map(|(name, a)| argument(name, a));
    arguments.chain(body.blocks.iter().map(|(name, b)| block(name, b))).collect()
}

fn argument(name: &str, argument: &Argument) -> Attribute {
    let kind = kind(&argument.kind);
    let default = argument.default.as_ref().map(|json| value(&kind, json));
    Attribute { default, sensitive: argument.sensitive, ..attribute(name, kind, &argument.traits) }
}

fn block(name: &str, block: &Block) -> Attribute {
    let count = |n: Option<usize>| n.and_then(|n| i64::try_from(n).ok()).unwrap_or(0);
    let t = &block.traits;
    let inside = Kind::Object(attributes(&block.body));
    let (kind, items) = match block.nesting {
        Nesting::Single => (inside, Items { min: 0, max: 0 }),
        Nesting::List => (Kind::List(Box::new(inside)), items(t, count)),
        Nesting::Set => (Kind::Set(Box::new(inside)), items(t, count)),
    };
    Attribute { block: Some(items), ..attribute(name, kind, t) }
}

fn items(t: &Traits, count: impl Fn(Option<usize>) -> i64) -> Items {
    Items { min: if t.required { count(t.min_items).max(1) } else { 0 }, max: count(t.max_items) }
}

fn attribute(name: &str, kind: Kind, traits: &Traits) -> Attribute {
    Attribute {
        name: name.to_owned(),
        description: traits.deprecated.clone().unwrap_or_default(),
        kind,
        presence: match (traits.required, traits.optional, traits.computed) {
            (true, ..) => Presence::Required,
            (_, true, true) => Presence::OptionalComputed,
            (_, true, false) => Presence::Optional,
            _ => Presence::Computed,
        },
        default: None,
        sensitive: false,
        write_only: false,
        block: None,
        on_change: if traits.force_new { OnChange::Replace } else { OnChange::InPlace },
        checks: Vec::new(),
        items: Vec::new(),
        words: &[],
    }
}

/// A type from Terraform's notation. Numbers are floats, which hold whole ones exactly.
///
/// # Panics
/// If the notation is not known: a test reads all of the file.
pub fn kind(json: &Json) -> Kind {
    let inside = || Box::new(kind(&json[1]));
    match (json.as_str(), json[0].as_str()) {
        (Some("bool"), _) => Kind::Bool,
        (Some("number"), _) => Kind::Float,
        (Some("string"), _) => Kind::String,
        (_, Some("list")) => Kind::List(inside()),
        (_, Some("set")) => Kind::Set(inside()),
        (_, Some("map")) => Kind::Map(inside()),
        (_, Some("object")) => {
            let computed = Traits { computed: true, ..Traits::default() };
            let fields = json[1].as_object().into_iter().flatten();
            Kind::Object(
                fields.map(|(name, json)| attribute(name, kind(json), &computed)).collect(),
            )
        }
        _ => panic!("the schema file has a type {json}"),
    }
}

/// A value of a type; null for one that does not fit.
pub fn value(kind: &Kind, json: &Json) -> Value {
    provider::json::value(kind, json, &Path::root()).unwrap_or_default()
}

/// A value as JSON, sets in one order and whole numbers without a fraction, so that equal values
/// are equal JSON. What is unknown is null.
pub fn json(kind: &Kind, value: &Value) -> Json {
    match (kind, value) {
        (_, Value::Bool(b)) => Json::Bool(*b),
        (_, Value::Int(i)) => Json::from(*i),
        (_, Value::Float(f)) => number(*f),
        (_, Value::String(s)) => Json::from(s.as_str()),
        (Kind::Set(item), Value::List(items)) => {
            let mut items: Vec<Json> = items.iter().map(|v| json(item, v)).collect();
            items.sort_by_cached_key(Json::to_string);
            Json::Array(items)
        }
        (Kind::List(item), Value::List(items)) => items.iter().map(|v| json(item, v)).collect(),
        (Kind::Map(item), Value::Map(map)) => {
            map.iter().map(|(k, v)| (k.clone(), json(item, v))).collect()
        }
        (Kind::Object(inner), Value::Map(map)) => object(inner, map),
        (_, Value::Null | Value::Unknown | Value::List(_) | Value::Map(_)) => Json::Null,
    }
}

/// An object as JSON.
pub fn object(attributes: &[Attribute], object: &provider::value::Object) -> Json {
    let json = |a: &Attribute| {
        (a.name.clone(), json(&a.kind, object.get(&a.name).unwrap_or(&Value::Null)))
    };
    attributes.iter().map(json).collect()
}

fn number(float: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "whole and far below 2^53")]
    if float.fract() == 0.0 && float.abs() < 1e15 {
        Json::from(float as i64)
    } else {
        Json::from(float)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_schema_file_is_understood() {
        let schemas = schemas(&Catalog::load());
        assert_eq!((schemas.resources.len(), schemas.data_sources.len()), (45, 14));
    }

    #[test]
    fn sets_are_equal_in_any_order_and_lists_are_not() {
        let list = |a: &str, b: &str| Value::List(vec![a.into(), b.into()]);
        let set = Kind::Set(Box::new(Kind::String));
        assert_eq!(json(&set, &list("a", "b")), json(&set, &list("b", "a")));
        let ordered = Kind::List(Box::new(Kind::String));
        assert_ne!(json(&ordered, &list("a", "b")), json(&ordered, &list("b", "a")));
    }
}
