//! Rules across the attributes of one configuration, judged before any host is asked.
//!
//! A rule says what it reads. So it holds as soon as those values are known, whatever else is still
//! unknown while another resource is to be made.

use crate::diag::{Diag, Diags, Path};
use crate::schema::{Attribute, Kind};
use crate::settings::Settings;
use crate::value::{Object, Value};

/// A time, in seconds since 1970.
pub type UnixTime = i64;

/// One rule over settings.
pub struct Rule<S> {
    /// The attributes that it reads, dotted; of a map with `{}` behind it only the keys. Empty: all
    /// of them.
    pub reads: &'static [&'static str],
    /// Judges them. It must read nothing else: what is unknown has a value that means nothing.
    pub check: fn(&S, &mut Findings),
}

/// What the rules found, and the time at which they look.
pub struct Findings {
    /// Of expiry.
    pub now: UnixTime,
    /// So far.
    pub diags: Diags,
}

impl Findings {
    /// Nothing yet, now.
    pub fn new() -> Self {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let seconds = now.map_or(0, |since| since.as_secs());
        Self { now: UnixTime::try_from(seconds).unwrap_or(UnixTime::MAX), diags: Diags::new() }
    }

    /// An error at an attribute.
    pub fn error(&mut self, at: Path, summary: impl Into<String>, detail: impl Into<String>) {
        self.diags.push(Diag::error(summary, detail).at(at));
    }

    /// An error at an attribute that is named by its dotted path.
    pub fn at(&mut self, path: &str, summary: &str, detail: impl Into<String>) {
        self.error(Path::of(path), summary, detail);
    }

    /// An attribute that must be set, and why.
    pub fn missing(&mut self, path: &str, why: &str) {
        self.at(path, "Missing value", format!("{path} must be set: {why}"));
    }

    /// A warning at an attribute.
    pub fn warn(&mut self, at: Path, summary: impl Into<String>, detail: impl Into<String>) {
        self.diags.push(Diag::warning(summary, detail).at(at));
    }
}

impl Default for Findings {
    fn default() -> Self {
        Self::new()
    }
}

impl<S: Settings> Rule<S> {
    /// Whether all that it reads is known in a configuration.
    fn can_be_judged(&self, config: &Object) -> bool {
        if self.reads.is_empty() {
            return config.values().all(Value::is_known);
        }
        self.reads.iter().all(|path| is_known(config, path))
    }
}

/// Judges what is known of a configuration, its defaults filled in.
pub fn judge<S: Settings>(rules: &[Rule<S>], config: &Object) -> Diags {
    let settings = match S::from_object(&filled(&S::attributes(), config), &Path::root()) {
        Ok(settings) => settings,
        Err(diags) => return diags,
    };
    let mut found = Findings::new();
    for rule in rules.iter().filter(|rule| rule.can_be_judged(config)) {
        (rule.check)(&settings, &mut found);
    }
    found.diags
}

/// Judges settings that are wholly known.
pub fn judge_all<S: Settings>(rules: &[Rule<S>], settings: &S) -> Diags {
    let mut found = Findings::new();
    for rule in rules {
        (rule.check)(settings, &mut found);
    }
    found.diags
}

fn is_known(config: &Object, path: &str) -> bool {
    let (name, rest) = path.split_once('.').map_or((path, None), |(n, rest)| (n, Some(rest)));
    if let (Some(map), None) = (name.strip_suffix("{}"), rest) {
        return config.get(map) != Some(&Value::Unknown);
    }
    match (config.get(name), rest) {
        (Some(Value::Map(inner)), Some(rest)) => is_known(inner, rest),
        (Some(value), _) => value.is_known(),
        (None, _) => true,
    }
}

/// The object with some value of its kind for each that is unknown.
fn filled(attributes: &[Attribute], object: &Object) -> Object {
    let fill = |a: &Attribute| {
        let value = object.get(&a.name).unwrap_or(&Value::Null);
        let value = match (value, a.words) {
            (Value::Unknown, [word, ..]) => Value::from(*word),
            _ => some(&a.kind, value),
        };
        (a.name.clone(), value)
    };
    attributes.iter().map(fill).collect()
}

fn some(kind: &Kind, value: &Value) -> Value {
    match (kind, value) {
        (Kind::Object(inner), Value::Map(map)) => Value::Map(filled(inner, map)),
        (Kind::Object(inner), Value::Unknown) => {
            let unknown = inner.iter().map(|a| (a.name.clone(), Value::Unknown)).collect();
            Value::Map(filled(inner, &unknown))
        }
        (Kind::List(item) | Kind::Set(item), Value::List(values)) => {
            Value::List(values.iter().map(|v| some(item, v)).collect())
        }
        (Kind::Map(item), Value::Map(map)) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), some(item, v))).collect())
        }
        (Kind::List(_) | Kind::Set(_), Value::Unknown) => Value::List(Vec::new()),
        (Kind::Map(_), Value::Unknown) => Value::Map(Object::new()),
        (Kind::String, Value::Unknown) => Value::from("unknown"),
        (Kind::Int, Value::Unknown) => Value::Int(1),
        (Kind::Float, Value::Unknown) => Value::Float(1.0),
        (Kind::Bool, Value::Unknown) => Value::Bool(false),
        _ => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::settings! {
        /// A place.
        struct Place {
            /// Name.
            name: String = attr(),
            /// Port.
            port: u16 = attr().default(80),
        }

        /// Two numbers and what else there is.
        struct Two {
            /// One.
            one: i64 = attr(),
            /// Another.
            other: i64 = attr(),
            /// More.
            places: std::collections::BTreeMap<String, Place> = attr(),
            /// A place.
            place: Place = attr(),
        }
    }

    const RULES: &[Rule<Two>] = &[Rule {
        reads: &["one", "other"],
        check: |s, found| {
            if s.one == s.other {
                found.error(Path::of("other"), "Equal", "They must differ.");
            }
        },
    }];

    fn config(one: Value, other: Value) -> Object {
        let place = || {
            let name = ("name".to_owned(), Value::Unknown);
            Value::Map(Object::from([name, ("port".to_owned(), Value::Unknown)]))
        };
        Object::from([
            ("one".to_owned(), one),
            ("other".to_owned(), other),
            ("places".to_owned(), Value::Map(Object::from([("x".to_owned(), place())]))),
            ("place".to_owned(), Value::Unknown),
        ])
    }

    #[test]
    fn a_rule_is_judged_when_what_it_reads_is_known() {
        let wrong = judge(RULES, &config(Value::Int(1), Value::Int(1)));
        assert_eq!(wrong[0].path, Path::of("other"));
        assert_eq!(judge(RULES, &config(Value::Int(1), Value::Int(2))), []);
        // Another unknown number would be filled with 1.
        assert_eq!(judge(RULES, &config(Value::Int(1), Value::Unknown)), []);
        assert_eq!(judge(RULES, &config(Value::Unknown, Value::Unknown)), []);
    }

    #[test]
    fn a_path_inside_an_unknown_object_is_unknown() {
        let config = config(Value::Int(1), Value::Int(1));
        for (path, known) in [
            ("one", true),
            ("place.name", false),
            ("places", false),
            ("places{}", true),
            ("place{}", false),
            ("x", true),
        ] {
            assert_eq!(is_known(&config, path), known, "{path}");
        }
    }
}
