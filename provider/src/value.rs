//! Values as Terraform has them: any of them may be null or not yet known.

use std::borrow::Cow;
use std::collections::BTreeMap;

/// The attributes of one object, by name.
pub type Object = BTreeMap<String, Value>;

/// One value of a configuration, a plan or a state.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Value {
    /// Absent.
    #[default]
    Null,
    /// Known only after apply.
    Unknown,
    /// A truth value.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    String(String),
    /// A list, set or tuple.
    List(Vec<Value>),
    /// A map or an object.
    Map(Object),
}

impl Value {
    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether nothing in this value is unknown.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Map(map) => map.values().all(Self::is_known),
            _ => true,
        }
    }

    /// The text, where this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(s) => Some(s),
            _ => None,
        }
    }

    /// The attributes, where this is an object or a map.
    pub fn as_map(&self) -> Option<&Object> {
        match self {
            Self::Map(m) => Some(m),
            _ => None,
        }
    }

    /// This, with every text as it may be shown.
    #[must_use]
    pub fn shown(self) -> Self {
        match self {
            Self::String(text) => Self::String(shown(&text).into_owned()),
            Self::List(items) => Self::List(items.into_iter().map(Self::shown).collect()),
            Self::Map(map) => Self::Map(shown_object(map)),
            other => other,
        }
    }

    /// The attribute `name` of an object; null where there is none.
    pub fn get(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.as_map().and_then(|m| m.get(name)).unwrap_or(&NULL)
    }
}

/// An object with every text as it may be shown.
pub fn shown_object(object: Object) -> Object {
    object.into_iter().map(|(k, v)| (shown(&k).into_owned(), v.shown())).collect()
}

/// A text as a terminal may have it: what would move its cursor, change its colours, or turn the order
/// of what stands there is written in ASCII (`\u{1b}`), but for line ends and tabs. Shown again it
/// stays as it is.
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let each =
        text.chars().map(|c| if acts(c) { c.escape_default().to_string() } else { c.into() });
    Cow::Owned(each.collect())
}

/// Whether a terminal does something at this character other than to show it: control characters, and
/// those that give text another direction or line.
fn acts(c: char) -> bool {
    let turns = matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || (c.is_control() && c != '\n' && c != '\t')
}

impl From<&str> for Value {
    fn from(s: &str) -> Self {
        Self::String(s.to_owned())
    }
}

impl From<String> for Value {
    fn from(s: String) -> Self {
        Self::String(s)
    }
}

impl From<bool> for Value {
    fn from(b: bool) -> Self {
        Self::Bool(b)
    }
}

impl From<i64> for Value {
    fn from(i: i64) -> Self {
        Self::Int(i)
    }
}

impl From<Object> for Value {
    fn from(m: Object) -> Self {
        Self::Map(m)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_deceives_a_terminal_is_written_out() {
        let text = "\x1b]0;T\x07\u{9b}31m \u{202e}evil\r\0 plain é 漢\tand\n";
        let want = "\\u{1b}]0;T\\u{7}\\u{9b}31m \\u{202e}evil\\r\\u{0} plain é 漢\tand\n";
        assert_eq!(shown(text), want);
    }

    proptest! {
        #[test]
        fn no_control_character_is_left_and_nothing_is_escaped_twice(text: String) {
            let once = shown(&text).into_owned();
            prop_assert!(!once.contains(acts));
            prop_assert_eq!(shown(&once), once.as_str());
        }
    }
}
