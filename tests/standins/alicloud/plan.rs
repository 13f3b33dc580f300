//! What would change: the arguments that are given, defaults, and what the cloud keeps or makes.

use provider::diag::Path;
use provider::schema::{Attribute, Kind, OnChange};
use provider::value::{Object, Value};

use super::catalog::{Block, Body, Nesting};
use super::kinds;

/// The planned object. Like the real provider, it does not foresee that a change of one attribute
/// changes another.
pub fn planned(body: &Body, config: &Object, prior: Option<&Object>) -> Object {
    let mut planned = Object::new();
    for (name, argument) in &body.attributes {
        let given = config.get(name).unwrap_or(&Value::Null);
        let value = match (&argument.default, given) {
            (Some(default), Value::Null) => kinds::value(&kinds::kind(&argument.kind), default),
            (None, Value::Null) if argument.traits.computed => {
                prior.map_or(Value::Unknown, |prior| prior.get(name).cloned().unwrap_or_default())
            }
            _ => given.clone(),
        };
        planned.insert(name.clone(), value);
    }
    for (name, block) in &body.blocks {
        let given = config.get(name).unwrap_or(&Value::Null);
        let was = prior.and_then(|prior| prior.get(name)).unwrap_or(&Value::Null);
        planned.insert(name.clone(), planned_block(block, given, was));
    }
    planned
}

fn planned_block(block: &Block, given: &Value, prior: &Value) -> Value {
    let (Nesting::List | Nesting::Set, Value::List(items)) = (block.nesting, given) else {
        return given.clone();
    };
    let none = Vec::new();
    let before = if let Value::List(before) = prior { before } else { &none };
    let one = |(i, item): (usize, &Value)| match item {
        Value::Map(config) => {
            let was = match block.nesting {
                Nesting::Set => before.iter().find(|was| continues(&block.body, config, was)),
                _ => before.get(i),
            };
            Value::Map(planned(&block.body, config, was.and_then(Value::as_map)))
        }
        other => other.clone(),
    };
    Value::List(items.iter().enumerate().map(one).collect())
}

/// Whether an item of a set is one that was there: it has all that is given now.
fn continues(body: &Body, config: &Object, was: &Value) -> bool {
    kinds::attributes(body).iter().all(|a| {
        let given = config.get(&a.name).unwrap_or(&Value::Null);
        let had = was.get(&a.name);
        let same = kinds::json(&a.kind, given) == kinds::json(&a.kind, had);
        same || (given.is_null() && (a.default.is_some() || is_computed(a)))
    })
}

fn is_computed(a: &Attribute) -> bool {
    use provider::schema::Presence;
    matches!(a.presence, Presence::Computed | Presence::OptionalComputed)
}

/// Attributes whose change needs a new object.
pub fn replacing(attributes: &[Attribute], prior: &Object, planned: &Object) -> Vec<Path> {
    let mut found = Vec::new();
    for a in attributes {
        let at = Path::root().attribute(&a.name);
        let null = Value::Null;
        let before = prior.get(&a.name).unwrap_or(&null);
        let after = planned.get(&a.name).unwrap_or(&null);
        if replaces(a, before, after) {
            found.push(at);
        }
    }
    found
}

fn replaces(a: &Attribute, before: &Value, after: &Value) -> bool {
    if !differs(&a.kind, before, after) {
        return false;
    }
    let inside = match &a.kind {
        Kind::List(item) | Kind::Set(item) => item,
        other => other,
    };
    let fixed_inside = matches!(inside, Kind::Object(inner) if inner.iter().any(is_fixed));
    is_fixed(a) || (a.block.is_some() && fixed_inside && differs_where_fixed(a, before, after))
}

fn is_fixed(a: &Attribute) -> bool {
    a.on_change == OnChange::Replace
}

/// Whether the parts of blocks that cannot be changed differ, or their number.
fn differs_where_fixed(a: &Attribute, before: &Value, after: &Value) -> bool {
    let parts = |value: &Value| -> Vec<String> {
        let (Kind::List(item) | Kind::Set(item), Value::List(items)) = (&a.kind, value) else {
            return Vec::new();
        };
        let Kind::Object(inner) = item.as_ref() else { return Vec::new() };
        let fixed: Vec<_> = inner.iter().filter(|a| is_fixed(a)).collect();
        let part = |v: &Value| {
            let one = |a: &&Attribute| kinds::json(&a.kind, v.get(&a.name)).to_string();
            fixed.iter().map(one).collect::<Vec<_>>().join(",")
        };
        let mut parts: Vec<_> = items.iter().map(part).collect();
        if matches!(a.kind, Kind::Set(_)) {
            parts.sort();
        }
        parts
    };
    parts(before) != parts(after)
}

/// Whether two values differ; what is not known may.
pub fn differs(kind: &Kind, before: &Value, after: &Value) -> bool {
    !after.is_known() || kinds::json(kind, before) != kinds::json(kind, after)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::super::catalog::Catalog;
    use super::*;

    struct Type {
        body: Body,
        attributes: Vec<Attribute>,
    }

    impl Type {
        fn new(kind: &str) -> Self {
            let body = Catalog::load().resources.remove(kind).expect("a type").body;
            Self { attributes: kinds::attributes(&body), body }
        }

        fn config(&self, json: &Json) -> Object {
            let value = |a: &Attribute| (a.name.clone(), kinds::value(&a.kind, &json[&a.name]));
            self.attributes.iter().map(value).collect()
        }

        /// What is there after a create, with `made` for all that the cloud makes.
        fn created(&self, json: &Json) -> Object {
            let mut created = planned(&self.body, &self.config(json), None);
            created.values_mut().filter(|v| **v == Value::Unknown).for_each(|v| *v = Value::Null);
            created
        }

        /// Paths that replace, when the configuration changes from one to the other.
        fn replacing(&self, before: &Json, after: &Json) -> Vec<String> {
            let prior = self.created(before);
            let planned = planned(&self.body, &self.config(after), Some(&prior));
            let paths = replacing(&self.attributes, &prior, &planned);
            paths.iter().map(ToString::to_string).collect()
        }
    }

    #[test]
    fn a_create_plans_defaults_and_does_not_know_what_the_cloud_makes() {
        let listener = Type::new("alicloud_slb_listener");
        let config = listener.config(&json!({ "load_balancer_id": "lb-1", "protocol": "tcp" }));
        let planned = planned(&listener.body, &config, None);
        assert_eq!(planned["health_check_interval"], Value::Float(2.0));
        assert_eq!(planned["bandwidth"], Value::Unknown);
        assert_eq!(planned["cookie"], Value::Null);
    }

    #[test]
    fn an_update_keeps_what_the_cloud_made_and_goes_back_to_defaults() {
        let listener = Type::new("alicloud_slb_listener");
        let mut prior = listener.created(&json!({ "health_check_interval": 9 }));
        prior.insert("bandwidth".to_owned(), Value::Float(5.0));
        let planned = planned(&listener.body, &listener.config(&json!({})), Some(&prior));
        assert_eq!(planned["bandwidth"], Value::Float(5.0));
        assert_eq!(planned["health_check_interval"], Value::Float(2.0));
    }

    #[test]
    fn weight_replaces_an_attachment_of_one_kind_and_not_of_the_other() {
        let (full, half) = (json!({ "weight": 100 }), json!({ "weight": 50 }));
        let classic = Type::new("alicloud_slb_server_group_server_attachment");
        assert_eq!(classic.replacing(&full, &half), ["weight"]);
        let network = Type::new("alicloud_nlb_server_group_server_attachment");
        assert_eq!(network.replacing(&full, &half), [""; 0]);
    }

    #[test]
    fn an_image_is_changed_in_place_and_a_zone_is_not() {
        let instance = Type::new("alicloud_instance");
        let before = json!({ "image_id": "a", "availability_zone": "x" });
        assert_eq!(instance.replacing(&before, &json!({ "image_id": "b" })), [""; 0]);
        let moved = json!({ "image_id": "a", "availability_zone": "y" });
        assert_eq!(instance.replacing(&before, &moved), ["availability_zone"]);
    }

    #[test]
    fn a_disk_that_is_another_replaces_and_one_that_is_as_it_was_does_not() {
        let instance = Type::new("alicloud_instance");
        let disk = |size| json!({ "data_disks": [{ "size": size, "category": "cloud_essd" }] });
        assert_eq!(instance.replacing(&disk(20), &disk(40)), ["data_disks"]);
        assert_eq!(instance.replacing(&disk(20), &disk(20)), [""; 0]);
    }

    #[test]
    fn a_set_item_that_stays_keeps_what_the_cloud_made_in_it() {
        let balancer = Type::new("alicloud_nlb_load_balancer");
        let zone = |letter: &str| json!({ "vswitch_id": letter, "zone_id": letter });
        let mut prior = balancer.created(&json!({ "zone_mappings": [zone("a"), zone("b")] }));
        let Some(Value::List(zones)) = prior.get_mut("zone_mappings") else { panic!("no zones") };
        for zone in zones {
            let Value::Map(zone) = zone else { panic!("no zone") };
            let made = format!("made in {}", zone["zone_id"].as_str().expect("a zone"));
            zone.insert("eni_id".to_owned(), made.into());
        }
        let config = balancer.config(&json!({ "zone_mappings": [zone("c"), zone("b")] }));
        let planned = planned(&balancer.body, &config, Some(&prior));
        let Value::List(zones) = &planned["zone_mappings"] else { panic!("no zones") };
        assert_eq!(zones[0].get("eni_id"), &Value::Unknown);
        assert_eq!(zones[1].get("eni_id"), &Value::from("made in b"));
    }
}
