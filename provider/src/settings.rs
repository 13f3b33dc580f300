//! Settings: one struct is the Terraform schema, the documentation and what the code reads.

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags, Path};
use crate::schema::{Attribute, Kind, Presence, Spec};
use crate::secret::Secret;
use crate::value::{Object, Value};

/// A type that can stand as an attribute.
pub trait Field: Sized {
    /// Whether null is a value of it.
    const OPTIONAL: bool = false;
    /// The words that are allowed, where it is a choice.
    const WORDS: &'static [&'static str] = &[];
    /// Its Terraform type.
    fn kind() -> Kind;
    /// Read it from a known value.
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags>;
    /// Write it as a value.
    fn to_value(&self) -> Value;
}

/// A struct whose fields are attributes. Made by `settings!`.
pub trait Settings: Sized + Clone {
    /// The schema.
    fn attributes() -> Vec<Attribute>;
    /// Read all fields; each error stands at its attribute.
    fn from_object(object: &Object, path: &Path) -> Result<Self, Diags>;
    /// Write all fields.
    fn to_object(&self) -> Object;
}

impl Spec {
    /// The attribute that this says more about.
    pub fn attribute<T: Field>(self, name: &str, doc: &[&str]) -> Attribute {
        let optional = T::OPTIONAL || self.default.is_some();
        Attribute {
            name: name.to_owned(),
            description: doc.iter().map(|l| l.trim()).collect::<Vec<_>>().join("\n"),
            kind: T::kind(),
            presence: if optional { Presence::Optional } else { Presence::Required },
            default: self.default,
            sensitive: self.sensitive,
            write_only: self.write_only,
            block: None,
            on_change: self.on_change,
            checks: self.checks,
            items: self.items,
            words: T::WORDS,
        }
    }
}

/// Read one field of an object, with its default.
pub fn field<T: Field>(object: &Object, attribute: &Attribute, path: &Path) -> Result<T, Diags> {
    let at = path.attribute(&attribute.name);
    let given = object.get(&attribute.name).unwrap_or(&Value::Null);
    let value = match (&attribute.default, given) {
        (Some(default), Value::Null) => default,
        _ => given,
    };
    if value.is_null() && !T::OPTIONAL {
        let detail = format!("The attribute {at} must be set.");
        return Err(vec![Diag::error("Missing value", detail).at(at)]);
    }
    T::from_value(value, &at)
}

fn mismatch<T>(path: &Path, want: &str) -> Result<T, Diags> {
    Err(vec![Diag::error("Wrong type", format!("{path} must be {want}.")).at(path.clone())])
}

/// Check every known value of an object against the checks of its attributes.
pub fn check(attributes: &[Attribute], object: &Object, path: &Path) -> Diags {
    let mut diags = Vec::new();
    for attribute in attributes {
        let value = object.get(&attribute.name).unwrap_or(&Value::Null);
        check_value(attribute, value, &path.attribute(&attribute.name), &mut diags);
    }
    diags
}

fn check_value(attribute: &Attribute, value: &Value, path: &Path, diags: &mut Diags) {
    if matches!(value, Value::Null | Value::Unknown) {
        return;
    }
    for check in &attribute.checks {
        if let Err(why) = check(value) {
            diags.push(Diag::error(format!("Invalid {}", attribute.name), why).at(path.clone()));
        }
    }
    let named: Vec<(Path, &Value)> = match value {
        Value::List(values) => values.iter().enumerate().map(|(i, v)| (path.index(i), v)).collect(),
        Value::Map(map) => map.iter().map(|(k, v)| (path.key(k), v)).collect(),
        _ => Vec::new(),
    };
    for (at, item) in named.into_iter().filter(|(_, v)| !matches!(v, Value::Null | Value::Unknown))
    {
        for why in attribute.items.iter().filter_map(|check| check(item).err()) {
            diags.push(Diag::error(format!("Invalid {}", attribute.name), why).at(at.clone()));
        }
    }
    if let (words @ [_, ..], Some(given)) = (attribute.words, value.as_str())
        && !words.contains(&given)
    {
        let detail = format!("{path} is \"{given}\"; it must be one of: {}.", words.join(", "));
        diags.push(Diag::error(format!("Invalid {}", attribute.name), detail).at(path.clone()));
    }
    check_inner(&attribute.kind, value, path, diags);
}

fn check_inner(kind: &Kind, value: &Value, path: &Path, diags: &mut Diags) {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => diags.extend(check(inner, map, path)),
        (Kind::List(item), Value::List(values)) => {
            for (i, v) in values.iter().enumerate() {
                check_inner(item, v, &path.index(i), diags);
            }
        }
        (Kind::Map(item), Value::Map(map)) => {
            for (k, v) in map {
                check_inner(item, v, &path.key(k), diags);
            }
        }
        _ => {}
    }
}

impl Field for String {
    fn kind() -> Kind {
        Kind::String
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        match value {
            Value::String(s) => Ok(s.clone()),
            _ => mismatch(path, "a string"),
        }
    }
    fn to_value(&self) -> Value {
        Value::String(self.clone())
    }
}

impl Field for Secret {
    fn kind() -> Kind {
        Kind::String
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        String::from_value(value, path).map(Secret::from)
    }
    /// Null: a secret never goes back to Terraform.
    fn to_value(&self) -> Value {
        Value::Null
    }
}

impl Field for bool {
    fn kind() -> Kind {
        Kind::Bool
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        match value {
            Value::Bool(b) => Ok(*b),
            _ => mismatch(path, "true or false"),
        }
    }
    fn to_value(&self) -> Value {
        Value::Bool(*self)
    }
}

macro_rules! whole_numbers {
    ($($t:ty),*) => {$(
        impl Field for $t {
            fn kind() -> Kind {
                Kind::Int
            }
            fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
                let want = format!("a whole number from {} to {}", <$t>::MIN, <$t>::MAX);
                match value {
                    Value::Int(i) => <$t>::try_from(*i).or_else(|_| mismatch(path, &want)),
                    _ => mismatch(path, &want),
                }
            }
            fn to_value(&self) -> Value {
                Value::Int(i64::from(*self))
            }
        }
    )*};
}
whole_numbers!(u16, u32, i64);

impl<T: Field> Field for Option<T> {
    const OPTIONAL: bool = true;
    const WORDS: &'static [&'static str] = T::WORDS;
    fn kind() -> Kind {
        T::kind()
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        if value.is_null() { Ok(None) } else { T::from_value(value, path).map(Some) }
    }
    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, Field::to_value)
    }
}

impl<T: Field> Field for Vec<T> {
    fn kind() -> Kind {
        Kind::List(Box::new(T::kind()))
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        let Value::List(items) = value else { return mismatch(path, "a list") };
        let results = items.iter().enumerate().map(|(i, v)| T::from_value(v, &path.index(i)));
        all(results)
    }
    fn to_value(&self) -> Value {
        Value::List(self.iter().map(Field::to_value).collect())
    }
}

impl<T: Field> Field for BTreeMap<String, T> {
    fn kind() -> Kind {
        Kind::Map(Box::new(T::kind()))
    }
    fn from_value(value: &Value, path: &Path) -> Result<Self, Diags> {
        let Value::Map(map) = value else { return mismatch(path, "a map") };
        let results =
            map.iter().map(|(k, v)| T::from_value(v, &path.key(k)).map(|v| (k.clone(), v)));
        all(results).map(|pairs: Vec<(String, T)>| pairs.into_iter().collect())
    }
    fn to_value(&self) -> Value {
        Value::Map(self.iter().map(|(k, v)| (k.clone(), v.to_value())).collect())
    }
}

/// All results, or all the errors.
fn all<T>(results: impl Iterator<Item = Result<T, Diags>>) -> Result<Vec<T>, Diags> {
    let mut values = Vec::new();
    let mut diags = Vec::new();
    for result in results {
        match result {
            Ok(value) => values.push(value),
            Err(more) => diags.extend(more),
        }
    }
    if diags.is_empty() { Ok(values) } else { Err(diags) }
}

/// Declares settings structs. Each field is `name: Type = attr()...;` its doc comment is the
/// attribute's description, `Option<_>` makes it optional, `attr().default(..)` too.
///
/// ```
/// provider::settings! {
///     /// Where a host is.
///     pub struct Place {
///         /// Name or address.
///         host: String = attr(),
///         /// TCP port of its SSH server.
///         port: u16 = attr().default(22),
///     }
/// }
/// ```
#[macro_export]
macro_rules! settings {
    ($($(#[doc = $doc:literal])* $vis:vis struct $name:ident {
        $($(#[doc = $fdoc:literal])+ $field:ident : $ty:ty = $spec:expr),* $(,)?
    })+) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            $($(#[doc = $fdoc])+ pub $field: $ty,)*
        }

        impl $crate::settings::Settings for $name {
            fn attributes() -> Vec<$crate::schema::Attribute> {
                #[allow(unused_imports)]
                use $crate::schema::{attr, OnChange};
                vec![$($spec.attribute::<$ty>(stringify!($field), &[$($fdoc),+]),)*]
            }

            #[allow(unused_variables, unused_mut)]
            fn from_object(
                object: &$crate::value::Object,
                path: &$crate::diag::Path,
            ) -> Result<Self, $crate::diag::Diags> {
                let attributes = Self::attributes();
                let mut next = attributes.iter();
                let mut diags = Vec::new();
                $(let $field = next
                    .next()
                    .map(|a| $crate::settings::field::<$ty>(object, a, path))
                    .and_then(|r| r.map_err(|e| diags.extend(e)).ok());)*
                match ($($field,)*) {
                    ($(Some($field),)*) => Ok(Self { $($field,)* }),
                    #[allow(unreachable_patterns)]
                    _ => Err(diags),
                }
            }

            fn to_object(&self) -> $crate::value::Object {
                let mut object = $crate::value::Object::new();
                $(object.insert(
                    stringify!($field).to_owned(),
                    $crate::settings::Field::to_value(&self.$field),
                );)*
                object
            }
        }

        impl $crate::settings::Field for $name {
            fn kind() -> $crate::schema::Kind {
                $crate::schema::Kind::Object(<Self as $crate::settings::Settings>::attributes())
            }
            fn from_value(
                value: &$crate::value::Value,
                path: &$crate::diag::Path,
            ) -> Result<Self, $crate::diag::Diags> {
                let empty = $crate::value::Object::new();
                let object = value.as_map().unwrap_or(&empty);
                <Self as $crate::settings::Settings>::from_object(object, path)
            }
            fn to_value(&self) -> $crate::value::Value {
                $crate::value::Value::Map($crate::settings::Settings::to_object(self))
            }
        }
    )+};
}

/// Declares a choice of words: `Name { /// doc Variant = "word", ... }`.
#[macro_export]
macro_rules! choice {
    ($(#[doc = $doc:literal])* $vis:vis enum $name:ident {
        $($(#[doc = $vdoc:literal])+ $variant:ident = $word:literal),+ $(,)?
    }) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $vis enum $name {
            $($(#[doc = $vdoc])+ $variant,)+
        }

        impl $name {
            /// The word in a configuration.
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::settings::Field for $name {
            const WORDS: &'static [&'static str] = &[$($word),+];
            fn kind() -> $crate::schema::Kind {
                $crate::schema::Kind::String
            }
            fn from_value(
                value: &$crate::value::Value,
                path: &$crate::diag::Path,
            ) -> Result<Self, $crate::diag::Diags> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)+
                    _ => Err(vec![$crate::diag::Diag::error(
                        format!("Invalid value of {path}"),
                        format!("It must be one of: {}.", [$($word),+].join(", ")),
                    )
                    .at(path.clone())]),
                }
            }
            fn to_value(&self) -> $crate::value::Value {
                $crate::value::Value::from(self.word())
            }
        }
    };
}
