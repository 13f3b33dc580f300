//! JSON, and the flow maps of YAML.

use super::lines;
use super::secret::{MASK, is_secret_key};

/// Each line for itself: JSON has no string that goes over a line end.
pub(super) fn mask(text: &str) -> String {
    lines::each(text, pairs)
}

/// Every `key: value` of a line whose key says secret, however deep; and `NAME=value`, which is how
/// environments stand in lists.
pub(super) fn pairs(line: &str) -> String {
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(colon) = rest.find(':') {
        let (head, tail) = rest.split_at(colon + 1);
        let name = key_before(&head[..colon]);
        out.push_str(head);
        let value = tail.trim_start();
        out.push_str(&tail[..tail.len() - value.len()]);
        rest = value;
        if is_secret_key(name) || name == "auth" {
            let length = value_length(value);
            let word = &value[..length];
            if !lines::is_empty_value(word) && !value.starts_with(['{', '[']) {
                let quote = if word.starts_with('"') { "\"" } else { "" };
                out.extend([quote, MASK, quote]);
                rest = &value[length..];
            }
        }
    }
    out.push_str(rest);
    lines::assignments(&out)
}

fn key_before(head: &str) -> &str {
    let head = head.trim_end();
    match head.chars().next_back() {
        Some(quote @ ('"' | '\'')) => {
            let inner = &head[..head.len() - 1];
            inner.rfind(quote).map_or(inner, |i| &inner[i + 1..])
        }
        _ => head.rfind([' ', '\t', ',', '{', '[']).map_or(head, |i| &head[i + 1..]),
    }
}

/// A string to its closing quote, anything else to the next `,`, `}` or `]`.
fn value_length(value: &str) -> usize {
    let Some(quote @ ('"' | '\'')) = value.chars().next() else {
        return value.find([',', '}', ']']).unwrap_or(value.len());
    };
    let mut escaped = false;
    for (i, c) in value.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return i + 1,
            _ => {}
        }
    }
    value.len()
}
