//! What the protocol demands of values beyond their encoding.

use super::mask;
use super::tfplugin6::DynamicValue;
use super::{diags, msgpack};
use crate::diag::{Diag, Diags, Path};
use crate::json;
use crate::schema::{Attribute, Kind, Presence};
use crate::value::{Object, Value};

/// Read an object that the host sent; none where it is null or absent.
pub fn decode(
    attributes: &[Attribute],
    value: Option<&DynamicValue>,
) -> Result<Option<Object>, Diag> {
    match value {
        Some(v) if !v.msgpack.is_empty() => msgpack::decode_object(attributes, &v.msgpack),
        Some(v) if !v.json.is_empty() => {
            let json: serde_json::Value = diags::stored_json(&v.json)?;
            if json.is_null() {
                return Ok(None);
            }
            json::object(attributes, &json, &Path::root()).map(Some)
        }
        _ => Ok(None),
    }
}

/// Read a configuration. Its secrets are masked in the log from here on.
pub fn decode_config(
    attributes: &[Attribute],
    value: Option<&DynamicValue>,
) -> Result<Option<Object>, Diag> {
    let config = decode(attributes, value)?;
    if let Some(config) = &config {
        register_secrets(attributes, config);
    }
    Ok(config)
}

/// Write a plan or a state: what is write-only is never in it, and what is computed, which may be what
/// a host said, is as it may be shown.
pub fn encode(attributes: &[Attribute], object: Option<Object>) -> Result<DynamicValue, Diag> {
    let object = object.map(|mut object| {
        each(attributes, &mut object, &mut |attribute, value| {
            if attribute.write_only {
                *value = Value::Null;
            }
            if attribute.presence == Presence::Computed {
                *value = std::mem::take(value).shown();
            }
        });
        object
    });
    let msgpack = msgpack::encode_object(attributes, object.as_ref())?;
    Ok(DynamicValue { msgpack, json: Vec::new() })
}

/// The same with null for everything unknown: what can be kept of a plan that was not carried out.
pub fn known_part(object: Object) -> Object {
    fn known(value: Value) -> Value {
        match value {
            Value::Unknown => Value::Null,
            Value::List(items) => Value::List(items.into_iter().map(known).collect()),
            Value::Map(map) => Value::Map(known_part(map)),
            other => other,
        }
    }
    object.into_iter().map(|(name, value)| (name, known(value))).collect()
}

/// An error at each write-only attribute that is set, for hosts that would store it.
pub fn refuse_write_only(attributes: &[Attribute], config: &Object) -> Diags {
    let mut diags = Vec::new();
    visit(attributes, config, &Path::root(), &mut |attribute, value, path| {
        if attribute.write_only && !value.is_null() {
            let detail = format!(
                "{path} is write-only, so that it is never stored, and this host does not know \
                 write-only attributes. Use Terraform 1.11 or OpenTofu 1.11, or newer."
            );
            diags.push(Diag::error("Write-only attributes are not supported", detail).at(path));
        }
    });
    diags
}

fn register_secrets(attributes: &[Attribute], config: &Object) {
    visit(attributes, config, &Path::root(), &mut |attribute, value, _| {
        if attribute.sensitive || attribute.write_only {
            register(value);
        }
    });
}

fn register(value: &Value) {
    match value {
        Value::String(secret) => mask::register(secret),
        Value::List(items) => items.iter().for_each(register),
        Value::Map(map) => map.values().for_each(register),
        _ => {}
    }
}

/// Call `f` with every attribute that has a value, at every depth.
fn visit(
    attributes: &[Attribute],
    object: &Object,
    path: &Path,
    f: &mut impl FnMut(&Attribute, &Value, Path),
) {
    for attribute in attributes {
        if let Some(value) = object.get(&attribute.name) {
            let at = path.attribute(&attribute.name);
            f(attribute, value, at.clone());
            visit_inner(&attribute.kind, value, &at, f);
        }
    }
}

fn visit_inner(
    kind: &Kind,
    value: &Value,
    path: &Path,
    f: &mut impl FnMut(&Attribute, &Value, Path),
) {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => visit(inner, map, path, f),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            for (i, v) in items.iter().enumerate() {
                visit_inner(item, v, &path.index(i), f);
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            for (k, v) in map {
                visit_inner(item, v, &path.key(k), f);
            }
        }
        _ => {}
    }
}

/// Call `f` with every attribute that has a value, at every depth, to change it.
fn each(attributes: &[Attribute], object: &mut Object, f: &mut impl FnMut(&Attribute, &mut Value)) {
    for attribute in attributes {
        if let Some(value) = object.get_mut(&attribute.name) {
            f(attribute, value);
            each_inner(&attribute.kind, value, f);
        }
    }
}

fn each_inner(kind: &Kind, value: &mut Value, f: &mut impl FnMut(&Attribute, &mut Value)) {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => each(inner, map, f),
        (Kind::List(item) | Kind::Set(item), Value::List(items)) => {
            for v in items {
                each_inner(item, v, f);
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            for v in map.values_mut() {
                each_inner(item, v, f);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
