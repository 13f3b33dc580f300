//! Values from JSON, as Terraform stores state, by a schema.

use serde_json::Value as Json;

use crate::diag::{Diag, Path};
use crate::schema::{Attribute, Kind};
use crate::value::{Object, Value};

/// Read an object. Attributes that the schema does not have are left out and missing ones are
/// null, because a stored state may be of a version that had others. Errors: a value that does
/// not have the type of its attribute, with its path.
pub fn object(attributes: &[Attribute], json: &Json, path: &Path) -> Result<Object, Diag> {
    let Json::Object(map) = json else { return Err(mismatch(path, "an object")) };
    let read = |a: &Attribute| {
        let json = map.get(&a.name).unwrap_or(&Json::Null);
        value(&a.kind, json, &path.attribute(&a.name)).map(|v| (a.name.clone(), v))
    };
    attributes.iter().map(read).collect()
}

/// Read one value of a type.
pub fn value(kind: &Kind, json: &Json, path: &Path) -> Result<Value, Diag> {
    match (kind, json) {
        (_, Json::Null) => Ok(Value::Null),
        (Kind::Bool, Json::Bool(b)) => Ok(Value::Bool(*b)),
        (Kind::String, Json::String(s)) => Ok(Value::String(s.clone())),
        (Kind::Int, Json::Number(n)) => {
            n.as_i64().map(Value::Int).ok_or_else(|| mismatch(path, "a whole number"))
        }
        (Kind::Float, Json::Number(n)) => {
            n.as_f64().map(Value::Float).ok_or_else(|| mismatch(path, "a number"))
        }
        (Kind::List(item) | Kind::Set(item), Json::Array(items)) => items
            .iter()
            .enumerate()
            .map(|(i, v)| value(item, v, &path.index(i)))
            .collect::<Result<_, _>>()
            .map(Value::List),
        (Kind::Map(item), Json::Object(map)) => map
            .iter()
            .map(|(k, v)| value(item, v, &path.key(k)).map(|v| (k.clone(), v)))
            .collect::<Result<_, _>>()
            .map(Value::Map),
        (Kind::Object(inner), _) => object(inner, json, path).map(Value::Map),
        _ => Err(mismatch(path, "of another type")),
    }
}

fn mismatch(path: &Path, want: &str) -> Diag {
    let detail = format!("The stored state does not fit the schema: {path} must be {want}.");
    Diag::error("Stored state does not fit", detail).at(path.clone())
}
