//! What a configuration may say: the checks of the real provider's schema, with its words.

use provider::diag::{Diag, Diags, Path};
use provider::value::{Object, Value};
use serde_json::Value as Json;

use super::catalog::{Body, Rule, Traits};

/// Checks a configuration. What is not known yet is not checked.
pub fn check(body: &Body, config: &Object) -> Diags {
    let mut found = Vec::new();
    check_body(body, config, config, &Path::root(), &mut found);
    found
}

/// `top` is the whole configuration: rules about other arguments name those from the top.
fn check_body(body: &Body, config: &Object, top: &Object, path: &Path, found: &mut Diags) {
    for (name, argument) in &body.attributes {
        let value = config.get(name).unwrap_or(&Value::Null);
        let at = path.attribute(name);
        check_traits(name, &argument.traits, value, top, &at, found);
        if let Some(rule) = &argument.validate {
            found.extend(broken(name, rule, value).map(|why| error(&why, &at)));
        }
    }
    for (name, block) in &body.blocks {
        let value = config.get(name).unwrap_or(&Value::Null);
        let at = path.attribute(name);
        check_traits(name, &block.traits, value, top, &at, found);
        match value {
            Value::Map(inside) => check_body(&block.body, inside, top, &at, found),
            Value::List(items) => {
                for (i, item) in items.iter().enumerate() {
                    if let Value::Map(inside) = item {
                        check_body(&block.body, inside, top, &at.index(i), found);
                    }
                }
            }
            _ => {}
        }
    }
}

fn check_traits(
    name: &str,
    traits: &Traits,
    value: &Value,
    top: &Object,
    at: &Path,
    found: &mut Diags,
) {
    let (given, unknown) = count(&traits.exactly_one_of, top);
    if given > 1 || (given + unknown == 0 && !traits.exactly_one_of.is_empty()) {
        let names = traits.exactly_one_of.join(",");
        found.push(error(
            &format!("\"{name}\": one of `{names}` must be specified, and no more"),
            at,
        ));
    }
    if !traits.at_least_one_of.is_empty() && count(&traits.at_least_one_of, top) == (0, 0) {
        let names = traits.at_least_one_of.join(",");
        found.push(error(&format!("\"{name}\": one of `{names}` must be specified"), at));
    }
    if is_absent(value) {
        return;
    }
    if let Some(why) = &traits.removed {
        found.push(error(&format!("\"{name}\": [REMOVED] {why}"), at));
    }
    if let Some(why) = &traits.deprecated {
        found.push(Diag::warning("Argument is deprecated", why.clone()).at(at.clone()));
    }
    for other in traits.conflicts_with.iter().filter(|other| count([*other], top).0 == 1) {
        found.push(error(&format!("\"{name}\": conflicts with {other}"), at));
    }
    let (least, most) = (traits.min_items.unwrap_or(0), traits.max_items.unwrap_or(usize::MAX));
    if let Value::List(items) = value
        && !(least..=most).contains(&items.len())
    {
        let length = items.len();
        found.push(error(&format!("{name}: {length} items, not {least} to {most}"), at));
    }
}

fn error(why: &str, at: &Path) -> Diag {
    Diag::error(why, "").at(at.clone())
}

/// No block is an empty list.
fn is_absent(value: &Value) -> bool {
    value.is_null() || matches!(value, Value::List(items) if items.is_empty())
}

/// How many of these are given, and of how many that is not known yet.
fn count<'a>(names: impl IntoIterator<Item = &'a String>, top: &Object) -> (usize, usize) {
    let mut counts = (0, 0);
    for name in names {
        match top.get(name).unwrap_or(&Value::Null) {
            Value::Unknown => counts.1 += 1,
            value if is_absent(value) => {}
            _ => counts.0 += 1,
        }
    }
    counts
}

/// Why a value breaks a rule.
fn broken(name: &str, rule: &Rule, value: &Value) -> Option<String> {
    if value.is_null() || !value.is_known() {
        return None;
    }
    if !rule.any.is_empty() {
        let whys: Option<Vec<String>> = rule.any.iter().map(|r| broken(name, r, value)).collect();
        return whys.map(|whys| whys.join("; "));
    }
    match value {
        Value::String(text) => broken_text(name, rule, text),
        Value::Float(number) => broken_number(name, rule, *number),
        _ => None,
    }
}

fn broken_text(name: &str, rule: &Rule, text: &str) -> Option<String> {
    let is = |word: &Json| {
        let word = word.as_str().unwrap_or_default();
        word == text || (rule.ignore_case && word.eq_ignore_ascii_case(text))
    };
    if !rule.one_of.is_empty() && !rule.one_of.iter().any(is) {
        return Some(format!("expected {name} to be one of {}, got {text}", words(&rule.one_of)));
    }
    let length = rule.len_min.unwrap_or(0)..=rule.len_max.unwrap_or(usize::MAX);
    if !length.contains(&text.chars().count()) {
        let (least, most) = (length.start(), length.end());
        return Some(format!("expected length of {name} to be in the range ({least} - {most})"));
    }
    let pattern = rule.pattern.as_ref()?;
    let fits = regex::Regex::new(pattern).is_ok_and(|pattern| pattern.is_match(text));
    (!fits).then(|| format!("invalid value for {name} ({text}): it must match {pattern}"))
}

fn broken_number(name: &str, rule: &Rule, number: f64) -> Option<String> {
    let is = |word: &Json| word.as_f64() == Some(number);
    if !rule.one_of.is_empty() && !rule.one_of.iter().any(is) {
        return Some(format!("expected {name} to be one of {}, got {number}", words(&rule.one_of)));
    }
    let (min, max) = (rule.min.unwrap_or(f64::MIN), rule.max.unwrap_or(f64::MAX));
    (number < min || number > max)
        .then(|| format!("expected {name} to be in the range ({min} - {max}), got {number}"))
}

fn words(words: &[Json]) -> String {
    let words: Vec<_> =
        words.iter().map(|w| w.as_str().map_or_else(|| w.to_string(), str::to_owned)).collect();
    format!("[{}]", words.join(" "))
}

#[cfg(test)]
mod tests {
    use provider::diag::Severity;

    use super::super::catalog::Catalog;
    use super::super::kinds;
    use super::*;

    /// Error summaries for a configuration in JSON; the text `?` stands for an unknown value.
    fn errors(kind: &str, config: &Json) -> Vec<String> {
        let catalog = Catalog::load();
        let body = &catalog.resources[kind].body;
        let read = |a: &provider::schema::Attribute| match &config[&a.name] {
            Json::String(text) if text == "?" => Value::Unknown,
            json => kinds::value(&a.kind, json),
        };
        let config =
            kinds::attributes(body).iter().map(|a| (a.name.clone(), read(a))).collect::<Object>();
        let found = check(body, &config).into_iter().filter(|d| d.severity == Severity::Error);
        found.map(|d| d.summary).collect()
    }

    #[track_caller]
    fn assert_says(kind: &str, config: &Json, says: &str) {
        let errors = errors(kind, config);
        assert!(errors.iter().any(|e| e.contains(says)), "{says}: {errors:?}");
    }

    #[test]
    fn each_kind_of_rule_is_kept() {
        use serde_json::json;
        let zone = json!({"zone_id": "z", "availability_zone": "z"});
        assert_says("alicloud_vswitch", &zone, "one of `zone_id,availability_zone` must be");
        assert_says("alicloud_vswitch", &json!({}), "one of `zone_id,availability_zone` must be");
        let name = json!({"vpc_name": "a", "name": "b"});
        assert_says("alicloud_vpc", &name, "\"vpc_name\": conflicts with name");
        let instance = |change: Json| {
            let mut config = json!({"image_id": "i", "instance_type": "ecs.c7.large"});
            config.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
            config
        };
        assert_eq!(errors("alicloud_instance", &instance(json!({}))), [""; 0]);
        let says: [(Json, &str); 6] = [
            (json!({"instance_type": "c7"}), "must match ^ecs"),
            (json!({"system_disk_category": "tape"}), "to be one of [all cloud"),
            (json!({"spot_duration": 7}), "in the range (0 - 6), got 7"),
            (json!({"period": 10}), "in the range (1 - 9), got 10"),
            (json!({"instance_name": "x"}), "length of instance_name"),
            (json!({"data_disks": [{"size": 20, "category": "tape"}]}), "expected category"),
        ];
        for (change, says) in says {
            assert_says("alicloud_instance", &instance(change), says);
        }
        assert_says("alicloud_instance", &json!({"image_id": "i"}), "\"instance_type\": one of");
    }

    #[test]
    fn what_is_not_known_yet_breaks_no_rule() {
        use serde_json::json;
        let rule = json!({"cidr_ip": "?", "ip_protocol": "?"});
        assert_eq!(errors("alicloud_security_group_rule", &rule), [""; 0]);
        assert_eq!(errors("alicloud_vswitch", &json!({"zone_id": "?"})), [""; 0]);
    }
}
