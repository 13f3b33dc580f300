//! Values as Terraform shows them in JSON.

use provider::value::{Object, Value};
use serde_json::{Map, Value as Json, json};

/// A value; what is unknown is null.
pub fn value(value: &Value) -> Json {
    match value {
        Value::Null | Value::Unknown => Json::Null,
        Value::Bool(b) => json!(b),
        Value::Int(n) => json!(n),
        Value::Float(n) => json!(n),
        Value::String(s) => json!(s),
        Value::List(items) => items.iter().map(self::value).collect(),
        Value::Map(map) => object(map),
    }
}

/// An object.
pub fn object(object: &Object) -> Json {
    Json::Object(object.iter().map(|(k, v)| (k.clone(), value(v))).collect())
}

/// True in every place that is unknown.
pub fn unknown(value: &Value) -> Json {
    match value {
        Value::Unknown => json!(true),
        Value::List(items) => items.iter().map(unknown).collect(),
        Value::Map(map) => {
            let unknown = map.iter().map(|(k, v)| (k.clone(), unknown(v)));
            Json::Object(unknown.filter(|(_, v)| *v != json!(false)).collect::<Map<_, _>>())
        }
        _ => json!(false),
    }
}
