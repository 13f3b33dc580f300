//! System settings of Harbor, which live in its database and are set through its API.

use std::collections::BTreeMap;

use render::harbor::Release;
use render::harbor::releases::Kind::{self, Bool, Number, Secret, Text};
use serde_json::{Value, json};

use super::settings::HaNode;

/// For a key of `harbor.yml` that is none: where it belongs, if it is a system setting.
pub fn hint(key: &str, release: Release) -> &'static str {
    if release.setting(key).is_some() {
        "It is a system setting: write it in configuration, which sets it through Harbor's API."
    } else {
        ""
    }
}

/// A setting's value as the API takes it; none where it is of another kind.
pub fn value(kind: Kind, text: &str) -> Option<Value> {
    match (kind, text) {
        (Bool, "true" | "on") => Some(json!(true)),
        (Bool, "false" | "off") => Some(json!(false)),
        (Bool, _) => None,
        (Number, _) => text.parse::<i64>().ok().map(Value::from),
        (Text | Secret, _) => Some(json!(text)),
    }
}

/// Read the answer of `GET /configurations`: key to value. None if it is not that.
pub fn parse(body: &str) -> Option<BTreeMap<String, Value>> {
    let Value::Object(map) = serde_json::from_str(body).ok()? else { return None };
    Some(map.into_iter().map(|(k, v)| (k, v.get("value").cloned().unwrap_or_default())).collect())
}

/// What is wanted, by key.
pub fn wanted(s: &HaNode, release: Release) -> BTreeMap<String, Value> {
    let pairs = s.configuration.iter().flatten();
    pairs.filter_map(|(k, text)| Some((k.clone(), value(release.setting(k)?, text)?))).collect()
}

/// A value as `status` shows it.
pub fn show(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What a setting is now. Releases before 2.4 leave out what is false, 0 or empty.
pub fn actual(seen: &BTreeMap<String, Value>, key: &str, wanted: &Value) -> Value {
    match seen.get(key) {
        Some(Value::Null) | None => match wanted {
            Value::Bool(_) => json!(false),
            Value::Number(_) => json!(0),
            _ => json!(""),
        },
        Some(value) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_left_out_is_the_zero_of_its_kind() {
        let seen = parse(r#"{"read_only":{"value":true,"editable":true},"x":{"editable":true}}"#)
            .expect("an object");
        assert_eq!(actual(&seen, "read_only", &json!(false)), json!(true));
        assert_eq!(actual(&seen, "self_registration", &json!(true)), json!(false));
        assert_eq!(actual(&seen, "x", &json!("adminonly")), json!(""));
        assert_eq!(parse("not json"), None);
    }
}
