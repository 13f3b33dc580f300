//! Values against their schema.

use provider::diag::Path;
use provider::schema::{Attribute, Kind, Presence};
use provider::value::{Object, Value};

/// A value that its schema does not allow: where, and what is wanted there.
pub type Unfit = (Path, &'static str);

/// Whether the provider may give the value.
pub fn is_computed(attribute: &Attribute) -> bool {
    matches!(attribute.presence, Presence::Computed | Presence::OptionalComputed)
        || (attribute.default.is_some() && !attribute.write_only)
}

/// Whether the user may.
pub fn is_settable(attribute: &Attribute) -> bool {
    attribute.presence != Presence::Computed
}

/// Whether the user must.
pub fn is_required(attribute: &Attribute) -> bool {
    attribute.presence == Presence::Required && attribute.default.is_none()
}

/// The object in the form of its schema, in which what is equal compares as equal: with every
/// attribute, and sets in one order.
pub fn fitting(attributes: &[Attribute], object: &Object, path: &Path) -> Result<Object, Unfit> {
    if let Some(name) = object.keys().find(|name| !attributes.iter().any(|a| a.name == **name)) {
        return Err((path.attribute(name), "no attribute of the schema"));
    }
    let fit = |a: &Attribute| {
        let value = object.get(&a.name).unwrap_or(&Value::Null);
        Ok((a.name.clone(), fitting_value(&a.kind, value, &path.attribute(&a.name))?))
    };
    attributes.iter().map(fit).collect()
}

fn fitting_value(kind: &Kind, value: &Value, path: &Path) -> Result<Value, Unfit> {
    let list = |item: &Kind, items: &[Value]| {
        let items = items.iter().enumerate().map(|(i, v)| fitting_value(item, v, &path.index(i)));
        items.collect::<Result<Vec<_>, _>>()
    };
    match (kind, value) {
        (_, Value::Null | Value::Unknown)
        | (Kind::Bool, Value::Bool(_))
        | (Kind::Int, Value::Int(_))
        | (Kind::Float, Value::Float(_))
        | (Kind::String, Value::String(_)) => Ok(value.clone()),
        (Kind::List(item), Value::List(items)) => list(item, items).map(Value::List),
        (Kind::Set(item), Value::List(items)) => {
            let mut items = list(item, items)?;
            items.sort_by_cached_key(|v| format!("{v:?}"));
            items.dedup();
            Ok(Value::List(items))
        }
        (Kind::Map(item), Value::Map(map)) => {
            let fit = |(k, v): (&String, _)| Ok((k.clone(), fitting_value(item, v, &path.key(k))?));
            map.iter().map(fit).collect::<Result<_, _>>().map(Value::Map)
        }
        (Kind::Object(inner), Value::Map(map)) => fitting(inner, map, path).map(Value::Map),
        _ => Err((path.clone(), wanted(kind))),
    }
}

/// What is wanted where something else is.
pub fn wanted(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "a bool is required",
        Kind::Int | Kind::Float => "a number is required",
        Kind::String => "a string is required",
        Kind::List(_) => "a list is required",
        Kind::Set(_) => "a set is required",
        Kind::Map(_) => "a map is required",
        Kind::Object(_) => "an object is required",
    }
}

/// The first path at which something is unknown.
pub fn unknown(object: &Object) -> Option<Path> {
    find(&Value::Map(object.clone()), &Path::root(), &|v| *v == Value::Unknown)
}

fn find(value: &Value, path: &Path, is: &impl Fn(&Value) -> bool) -> Option<Path> {
    match value {
        _ if is(value) => Some(path.clone()),
        Value::List(items) => {
            items.iter().enumerate().find_map(|(i, v)| find(v, &path.index(i), is))
        }
        Value::Map(map) => map.iter().find_map(|(k, v)| find(v, &path.attribute(k), is)),
        _ => None,
    }
}

/// The value with null for everything unknown.
pub fn known_part(value: Value) -> Value {
    match value {
        Value::Unknown => Value::Null,
        Value::List(items) => Value::List(items.into_iter().map(known_part).collect()),
        Value::Map(map) => Value::Map(known_object(map)),
        other => other,
    }
}

/// [`known_part`] of an object.
pub fn known_object(object: Object) -> Object {
    object.into_iter().map(|(name, value)| (name, known_part(value))).collect()
}

/// Calls `f` with every attribute that has a value, at every depth.
pub fn visit(
    attributes: &[Attribute],
    object: &Object,
    path: &Path,
    f: &mut impl FnMut(&Attribute, &Value, &Path),
) {
    for attribute in attributes {
        if let Some(value) = object.get(&attribute.name).filter(|v| !v.is_null()) {
            let at = path.attribute(&attribute.name);
            f(attribute, value, &at);
            visit_inside(&attribute.kind, value, &at, f);
        }
    }
}

fn visit_inside(
    kind: &Kind,
    value: &Value,
    path: &Path,
    f: &mut impl FnMut(&Attribute, &Value, &Path),
) {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => visit(inner, map, path, f),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            for (i, v) in items.iter().enumerate() {
                visit_inside(item, v, &path.index(i), f);
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            for (k, v) in map {
                visit_inside(item, v, &path.key(k), f);
            }
        }
        _ => {}
    }
}

/// The first write-only attribute that has a value.
pub fn write_only(attributes: &[Attribute], object: &Object) -> Option<Path> {
    let mut found = None;
    visit(attributes, object, &Path::root(), &mut |attribute, _, path| {
        if attribute.write_only && found.is_none() {
            found = Some(path.clone());
        }
    });
    found
}
