//! Whether what came out is what was planned: Terraform Core's check of a second plan and of a
//! result, worded as there. Whatever was known stays; only what was unknown may become something.

use provider::diag::Path;
use provider::schema::{Attribute, Kind};
use provider::value::{Object, Value};

use crate::valid::Problem;

/// Whatever differs from the plan.
pub fn problems(
    attributes: &[Attribute],
    planned: Option<&Object>,
    actual: Option<&Object>,
) -> Vec<Problem> {
    let mut found = Vec::new();
    let at_root = |problem: &str| vec![(Path::root(), format!("Root object {problem}"))];
    match (planned, actual) {
        (None, Some(_)) => return at_root("was absent, but now present"),
        (Some(_), None) => return at_root("was present, but now absent"),
        (None, None) => {}
        (Some(planned), Some(actual)) => {
            for a in attributes {
                let of = |object: &Object| object.get(&a.name).cloned().unwrap_or_default();
                let path = Path::root().attribute(&a.name);
                let inside = value(&a.kind, &of(planned), &of(actual), &path);
                if a.sensitive && !inside.is_empty() {
                    found.push((path, "inconsistent values for sensitive attribute".to_owned()));
                } else {
                    found.extend(inside);
                }
            }
        }
    }
    found
}

fn value(kind: &Kind, planned: &Value, actual: &Value, path: &Path) -> Vec<Problem> {
    let say = |problem: String| vec![(path.clone(), problem)];
    match (kind, planned, actual) {
        (_, Value::Unknown, _) | (_, Value::Null, Value::Null) => Vec::new(),
        (_, _, Value::Null) => say(format!("was {planned:?}, but now null")),
        (_, Value::Null, _) => say(format!("was null, but now {actual:?}")),
        (_, _, Value::Unknown) => say("was known, but now unknown".to_owned()),
        (Kind::List(item), Value::List(planned), Value::List(actual)) => {
            list(item, planned, actual, path)
        }
        (Kind::Set(item), Value::List(planned), Value::List(actual)) => {
            set(item, planned, actual, path)
        }
        (Kind::Map(item), Value::Map(planned), Value::Map(actual)) => {
            map(item, planned, actual, path)
        }
        (Kind::Object(inner), Value::Map(planned), Value::Map(actual)) => {
            let of =
                |object: &Object, a: &Attribute| object.get(&a.name).cloned().unwrap_or_default();
            let each = inner.iter().flat_map(|a| {
                value(&a.kind, &of(planned, a), &of(actual, a), &path.attribute(&a.name))
            });
            each.collect()
        }
        _ if planned == actual => Vec::new(),
        _ => say(format!("was {planned:?}, but now {actual:?}")),
    }
}

fn list(item: &Kind, planned: &[Value], actual: &[Value], path: &Path) -> Vec<Problem> {
    let pairs = planned.iter().zip(actual).enumerate();
    let mut found: Vec<_> = pairs
        .flat_map(|(i, (planned, actual))| value(item, planned, actual, &path.index(i)))
        .collect();
    for i in actual.len()..planned.len() {
        found.push((path.clone(), format!("element {i} has vanished")));
    }
    for i in planned.len()..actual.len() {
        found.push((path.clone(), format!("new element {i} has appeared")));
    }
    found
}

fn map(item: &Kind, planned: &Object, actual: &Object, path: &Path) -> Vec<Problem> {
    let mut found = Vec::new();
    for (key, planned) in planned {
        match actual.get(key) {
            Some(actual) => found.extend(value(item, planned, actual, &path.key(key))),
            None => found.push((path.clone(), format!("element {key:?} has vanished"))),
        }
    }
    for key in actual.keys().filter(|key| !planned.contains_key(*key)) {
        found.push((path.clone(), format!("new element {key:?} has appeared")));
    }
    found
}

/// An element has no name: each must have one on the other side that it could have become.
fn set(item: &Kind, planned: &[Value], actual: &[Value], path: &Path) -> Vec<Problem> {
    let fits = |planned: &Value, actual: &Value| value(item, planned, actual, path).is_empty();
    let mut found = Vec::new();
    for planned in planned.iter().filter(|p| !actual.iter().any(|a| fits(p, a))) {
        let why = "does not correlate with any element in actual";
        found.push((path.clone(), format!("planned set element {planned:?} {why}")));
    }
    for actual in actual.iter().filter(|a| !planned.iter().any(|p| fits(p, a))) {
        let why = "does not correlate with any element in plan";
        found.push((path.clone(), format!("actual set element {actual:?} {why}")));
    }
    if planned.len() < actual.len() {
        let (was, is) = (planned.len(), actual.len());
        found.push((path.clone(), format!("length changed from {was} to {is}")));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{attributes, object};

    fn found(planned: &Object, actual: &Object) -> Vec<String> {
        let found = problems(&attributes(), Some(planned), Some(actual));
        found.into_iter().map(|(path, problem)| format!("{path}: {problem}")).collect()
    }

    #[test]
    fn what_was_unknown_may_become_anything() {
        let mut planned = object(&[("name", "a")]);
        planned.insert("id".to_owned(), Value::Unknown);
        assert_eq!(found(&planned, &object(&[("name", "a"), ("id", "7")])), [""; 0]);
    }

    #[test]
    fn what_was_known_stays() {
        let planned = object(&[("name", "a"), ("id", "7")]);
        let [one] = &found(&planned, &object(&[("name", "a"), ("id", "8")]))[..] else { panic!() };
        assert_eq!(one, "id: was String(\"7\"), but now String(\"8\")");
        let [one] = &found(&planned, &object(&[("name", "a")]))[..] else { panic!() };
        assert!(one.ends_with("but now null"), "{one}");
    }

    #[test]
    fn a_key_of_a_map_neither_comes_nor_goes() {
        let files = |name: &str| {
            let files = Object::from([(name.to_owned(), "text".into())]);
            Object::from([("files".to_owned(), Value::Map(files))])
        };
        let both = found(&files("/a"), &files("/b"));
        let want = ["files: element \"/a\" has vanished", "files: new element \"/b\" has appeared"];
        assert_eq!(both, want);
    }

    #[test]
    fn a_sensitive_value_is_not_shown() {
        let both = found(&object(&[("token", "one")]), &object(&[("token", "two")]));
        assert_eq!(both, ["token: inconsistent values for sensitive attribute"]);
    }

    #[test]
    fn presence_is_compared_at_the_root() {
        let [(path, problem)] = &problems(&attributes(), Some(&object(&[])), None)[..] else {
            panic!()
        };
        assert_eq!(
            (path, problem.as_str()),
            (&Path::root(), "Root object was present, but now absent")
        );
    }
}
