//! Checks of one value.

use crate::value::Value;

/// An absolute path that Harbor's scripts can carry: they pass it on unquoted.
pub fn plain_path(value: &Value) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
    match value.as_str() {
        Some(p)
            if p.len() > 1
                && p.starts_with('/')
                && !p.ends_with('/')
                && p.bytes().all(plain)
                && !p.split('/').any(|part| part == "..") =>
        {
            Ok(())
        }
        _ => Err("It must be an absolute path of letters, digits and ._-/ without .. and without \
                  a slash at its end: Harbor's scripts pass it on unquoted."
            .to_owned()),
    }
}

/// A SHA-256 in hexadecimal.
pub fn sha256(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(s) if s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(()),
        _ => Err("It must be a SHA-256: 64 hexadecimal digits.".to_owned()),
    }
}

/// A storage driver that Harbor knows; it takes any other word for `filesystem`, silently.
pub fn driver(value: &Value) -> Result<(), String> {
    let known = ["filesystem", "oss", "s3", "azure", "gcs", "swift"];
    match value.as_str() {
        Some(s) if known.contains(&s) => Ok(()),
        _ => Err(format!("It must be one of: {}.", known.join(", "))),
    }
}
