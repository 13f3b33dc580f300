//! Values of an object.

use serde_json::Value as Json;

use crate::store::Attributes;

/// Texts of a list; none where there is no list.
pub fn texts<'a>(object: &'a Attributes, name: &str) -> Vec<&'a str> {
    object
        .get(name)
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .filter_map(Json::as_str)
        .collect()
}

/// A number, or what it is if there is none.
pub fn number(object: &Json, name: &str, otherwise: u16) -> u16 {
    let number = object[name].as_f64().filter(|n| (0.0..65_536.0).contains(n));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range")]
    number.map_or(otherwise, |n| n as u16)
}
