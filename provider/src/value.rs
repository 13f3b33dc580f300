//! Values as Terraform has them: any of them may be null or not yet known.

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

    /// The attribute `name` of an object; null where there is none.
    pub fn get(&self, name: &str) -> &Value {
        static NULL: Value = Value::Null;
        self.as_map().and_then(|m| m.get(name)).unwrap_or(&NULL)
    }
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
