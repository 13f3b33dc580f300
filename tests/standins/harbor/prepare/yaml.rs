//! Reading harbor.yml the way Python code reads a dict: `config["key"]` that
//! dies, `config.get("key")` that does not, and `x or default`.

use serde_json::Value;

use super::Refusal;

/// Parses harbor.yml.
pub fn parse(text: &str) -> Result<Value, Refusal> {
    serde_saphyr::from_str(text)
        .map_err(|error| Refusal::traceback("yaml.scanner.ScannerError", error.to_string()))
}

/// `section["key"]`: a missing key is a `KeyError`.
pub fn required<'a>(section: &'a Value, key: &str) -> Result<&'a Value, Refusal> {
    section.get(key).ok_or_else(|| Refusal::traceback("KeyError", format!("'{key}'")))
}

/// `section.get("key")`, where null and absent are the same.
pub fn get<'a>(section: &'a Value, key: &str) -> Option<&'a Value> {
    section.get(key).filter(|value| !value.is_null())
}

/// `section.get("key") or {}`.
pub fn section<'a>(parent: &'a Value, key: &str) -> &'a Value {
    get(parent, key).filter(|value| truthy(value)).unwrap_or(&Value::Null)
}

/// `section.get("key") or default`, as text.
pub fn or(section: &Value, key: &str, default: &str) -> String {
    match get(section, key) {
        Some(value) if truthy(value) => text(value),
        _ => default.to_owned(),
    }
}

/// Python's truth of a value.
pub fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// Python's `str(value)`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
