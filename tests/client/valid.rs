//! Whether a plan may be what it is: Terraform Core's check of each plan against the configuration
//! and the state before, worded as there.

use provider::diag::Path;
use provider::schema::{Attribute, Kind, Presence};
use provider::value::{Object, Value};

use crate::values::is_computed;

/// A place, and what is wrong there.
pub type Problem = (Path, String);

/// What the configuration, the state before and the plan have in one place.
#[derive(Clone, Copy)]
struct Three<'a> {
    config: &'a Value,
    prior: &'a Value,
    planned: &'a Value,
}

/// Whatever is wrong with the plan of a resource that is to exist.
pub fn problems(
    attributes: &[Attribute],
    prior: Option<&Object>,
    config: &Object,
    planned: &Object,
) -> Vec<Problem> {
    let of = |object: Option<&Object>| object.cloned().map_or(Value::Null, Value::Map);
    let (config, prior, planned) = (of(Some(config)), of(prior), of(Some(planned)));
    let three = Three { config: &config, prior: &prior, planned: &planned };
    let mut found = Vec::new();
    object(attributes, three, &Path::root(), &mut found);
    found
}

fn object(attributes: &[Attribute], three: Three, path: &Path, found: &mut Vec<Problem>) {
    for a in attributes {
        let Three { config, prior, planned } = three;
        let inner = Three {
            config: config.get(&a.name),
            prior: prior.get(&a.name),
            planned: planned.get(&a.name),
        };
        attribute(a, inner, &path.attribute(&a.name), found);
    }
}

fn attribute(a: &Attribute, three: Three, path: &Path, found: &mut Vec<Problem>) {
    let Three { config, prior, planned } = three;
    let kept = planned == prior && !prior.is_null() && !config.is_null();
    if planned == config || kept {
        return;
    }
    let mut say = |problem: String| found.push((path.clone(), problem));
    if a.write_only {
        if !planned.is_null() {
            say("planned value for write-only attribute is not null".to_owned());
        }
    } else if a.presence == Presence::Computed || (config.is_null() && is_computed(a)) {
    } else if config.is_null() {
        say(if a.sensitive {
            "sensitive planned value for a non-computed attribute".to_owned()
        } else {
            format!("planned value {planned:?} for a non-computed attribute")
        });
    } else if is_nested(&a.kind) {
        nested(&a.kind, three, path, found);
    } else {
        say(mismatch(a, three));
    }
}

fn mismatch(a: &Attribute, Three { config, prior, planned }: Three) -> String {
    match (a.sensitive, prior.is_null()) {
        (true, true) => "sensitive planned value does not match config value".to_owned(),
        (true, false) => {
            "sensitive planned value does not match config value nor prior value".to_owned()
        }
        (false, true) => {
            format!("planned value {planned:?} does not match config value {config:?}")
        }
        (false, false) => format!(
            "planned value {planned:?} does not match config value {config:?} nor prior value \
             {prior:?}"
        ),
    }
}

/// Objects, and lists, sets and maps of them, are compared inside.
fn is_nested(kind: &Kind) -> bool {
    match kind {
        Kind::Object(_) => true,
        Kind::List(item) | Kind::Set(item) | Kind::Map(item) => matches!(**item, Kind::Object(_)),
        _ => false,
    }
}

/// The configuration is not null here.
fn nested(kind: &Kind, three: Three, path: &Path, found: &mut Vec<Problem>) {
    let Three { config, prior, planned } = three;
    let mut say = |problem: &str| found.push((path.clone(), problem.to_owned()));
    match (kind, config, planned) {
        (_, _, Value::Null) => say("planned for absence but config wants existence"),
        (_, _, Value::Unknown) => say("planned unknown for configured value"),
        (Kind::Object(inner), _, _) => object(inner, three, path, found),
        (Kind::List(item), Value::List(wanted), Value::List(will)) => {
            let before = if let Value::List(before) = prior { &before[..] } else { &[] };
            list(item, wanted, before, will, path, found);
        }
        (Kind::Map(item), Value::Map(wanted), Value::Map(will)) => {
            map(item, wanted, prior, will, path, found);
        }
        // Nothing tells which element of a set belongs to which.
        (Kind::Set(_), Value::List(wanted), Value::List(will)) => {
            counts(wanted.len(), will.len(), path, found);
        }
        _ => {}
    }
}

fn list(
    item: &Kind,
    wanted: &[Value],
    before: &[Value],
    will: &[Value],
    path: &Path,
    found: &mut Vec<Problem>,
) {
    if !counts(wanted.len(), will.len(), path, found) {
        return;
    }
    for (i, (config, planned)) in wanted.iter().zip(will).enumerate() {
        let prior = before.get(i).unwrap_or(&Value::Null);
        nested(item, Three { config, prior, planned }, &path.index(i), found);
    }
}

fn map(
    item: &Kind,
    wanted: &Object,
    prior: &Value,
    will: &Object,
    path: &Path,
    found: &mut Vec<Problem>,
) {
    if !counts(wanted.len(), will.len(), path, found) {
        return;
    }
    for (key, planned) in will {
        if let Some(config) = wanted.get(key) {
            let three = Three { config, prior: prior.get(key), planned };
            nested(item, three, &path.key(key), found);
        } else {
            let problem = format!("map key {key:?} from plan is not present in config");
            found.push((path.clone(), problem));
        }
    }
}

fn counts(config: usize, plan: usize, path: &Path, found: &mut Vec<Problem>) -> bool {
    if config != plan {
        let problem = format!("count in plan ({plan}) disagrees with count in config ({config})");
        found.push((path.clone(), problem));
    }
    config == plan
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{attributes, object};

    fn found(prior: Option<&Object>, config: &Object, planned: &Object) -> Vec<String> {
        let found = problems(&attributes(), prior, config, planned);
        found.into_iter().map(|(path, problem)| format!("{path}: {problem}")).collect()
    }

    #[test]
    fn a_plan_has_what_is_configured_or_was_there_and_computes_the_rest() {
        let config = object(&[("name", "new")]);
        let planned = object(&[("name", "new"), ("id", "7"), ("mode", "0644")]);
        assert_eq!(found(None, &config, &planned), [""; 0]);
        let prior = object(&[("name", "old")]);
        assert_eq!(found(Some(&prior), &config, &prior), [""; 0]);
    }

    #[test]
    fn another_value_than_configured_is_invalid() {
        let config = object(&[("name", "new")]);
        let [one] = &found(None, &config, &object(&[("name", "other")]))[..] else { panic!() };
        assert!(one.contains("name: planned value String(\"other\") does not match"), "{one}");
    }

    #[test]
    fn a_value_that_nobody_may_compute_is_invalid() {
        let config = object(&[("name", "new")]);
        let planned = object(&[("name", "new"), ("note", "made up")]);
        let [one] = &found(None, &config, &planned)[..] else { panic!() };
        assert!(one.ends_with("for a non-computed attribute"), "{one}");
    }

    #[test]
    fn a_write_only_value_is_never_planned() {
        let config = object(&[("name", "new"), ("password_wo", "secret")]);
        let kept = object(&[("name", "new"), ("password_wo", "another")]);
        let wrong = "password_wo: planned value for write-only attribute is not null";
        assert_eq!(found(None, &config, &kept), [wrong]);
        assert_eq!(found(None, &config, &object(&[("name", "new")])), [""; 0]);
    }

    #[test]
    fn a_place_inside_of_an_object_is_named() {
        let place = |host: &str| {
            let inner = Object::from([("host".to_owned(), host.into())]);
            Object::from([("place".to_owned(), Value::Map(inner))])
        };
        let [one] = &found(None, &place("a"), &place("b"))[..] else { panic!() };
        assert!(one.starts_with("place.host: planned value"), "{one}");
    }
}
