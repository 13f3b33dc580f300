//! Values of the file.

use serde_json::Value as Json;

/// A text, or a number as text; none if it is empty.
pub fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(s) if !s.is_empty() => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

/// A number that fits.
pub fn number<T: TryFrom<i64>>(value: &Json) -> Option<T> {
    value.as_i64().and_then(|n| T::try_from(n).ok())
}

/// Whether a section is switched on.
pub fn on(section: &Json) -> bool {
    section["enabled"].as_bool().unwrap_or(false)
}
