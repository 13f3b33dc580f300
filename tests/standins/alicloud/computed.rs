//! The values that the cloud makes up where the user gives none.

use provider::schema::{Attribute, Kind};
use provider::value::{Object, Value};
use serde_json::{Value as Json, json};

use super::failure::Result;
use super::ids::{self, tagged};
use super::store::{Attributes, Objects};
use super::{assigned, kinds};

/// Two names of one thing: the older one is still accepted, and both are always told.
const ALIASES: [(&str, &str); 20] = [
    ("name", "vpc_name"),
    ("name", "vswitch_name"),
    ("name", "security_group_name"),
    ("name", "load_balancer_name"),
    ("name", "address_name"),
    ("name", "zone_name"),
    ("name", "access_group_name"),
    ("name", "policy_name"),
    ("name", "data_base_name"),
    ("name", "account_name"),
    ("name", "nat_gateway_name"),
    ("name", "disk_name"),
    ("name", "resource_group_name"),
    ("name", "certificate_name"),
    ("key_name", "key_pair_name"),
    ("availability_zone", "zone_id"),
    ("instance_name", "db_instance_name"),
    ("resource_record", "rr"),
    ("type", "access_group_type"),
    ("specification", "load_balancer_spec"),
];

/// Makes an object of what was planned: whatever is not known yet gets its value.
pub fn fill(
    kind: &str,
    attributes: &[Attribute],
    planned: &Object,
    region: &str,
    objects: &mut Objects,
) -> Result<Attributes> {
    let mut object = known(attributes, planned);
    same_names(&mut object);
    let made = assigned::first(kind, &object, region, objects)?;
    complete(&mut object, made);
    if !object.contains_key("id") {
        object.insert("id".to_owned(), ids::id(kind, &object).into());
    }
    let made = assigned::second(kind, &object, region);
    complete(&mut object, made);
    complete(&mut object, assigned::usual(region));
    // What no schema has is for the stand-in alone.
    object.retain(|name, _| name.starts_with('_') || attributes.iter().any(|a| a.name == *name));
    settle(attributes, planned, &mut object);
    Ok(object)
}

/// A changed object of what was planned: the cloud makes up nothing new but parts of new blocks.
pub fn changed(attributes: &[Attribute], planned: &Object) -> Attributes {
    let mut object = known(attributes, planned);
    settle(attributes, planned, &mut object);
    object
}

fn known(attributes: &[Attribute], planned: &Object) -> Attributes {
    let Json::Object(mut object) = kinds::object(attributes, planned) else {
        return Attributes::new();
    };
    object.retain(|name, _| !matches!(planned.get(name), Some(Value::Unknown)));
    object
}

/// Leaves nothing unknown.
fn settle(attributes: &[Attribute], planned: &Object, object: &mut Attributes) {
    for a in attributes {
        let value = object.entry(a.name.clone()).or_insert_with(|| zero(&a.kind));
        fill_blocks(&a.kind, planned.get(&a.name).unwrap_or(&Value::Null), value);
    }
}

/// Both names of a thing are the same, where one is given.
pub fn same_names(object: &mut Attributes) {
    for (old, new) in ALIASES {
        for (from, to) in [(new, old), (old, new)] {
            let known = object.get(from).filter(|v| !v.is_null()).cloned();
            if let Some(value) = known
                && object.get(to).is_none_or(Json::is_null)
            {
                object.insert(to.to_owned(), value);
            }
        }
    }
}

/// The same for an object that is changed: the name that the user gives is the one.
pub fn same_names_as_given(object: &mut Attributes, config: &Object) {
    let given = |name: &str| config.get(name).is_some_and(|v| !v.is_null());
    for (old, new) in ALIASES {
        for (from, to) in [(new, old), (old, new)] {
            if given(from) && !given(to) && object.contains_key(to) {
                let value = object.get(from).cloned().unwrap_or_default();
                object.insert(to.to_owned(), value);
            }
        }
    }
}

fn complete(object: &mut Attributes, values: Json) {
    let Json::Object(values) = values else { return };
    for (name, value) in values {
        object.entry(name).or_insert(value);
    }
}

/// What is unknown inside blocks.
fn fill_blocks(kind: &Kind, planned: &Value, value: &mut Json) {
    match (kind, planned, value) {
        (Kind::List(item) | Kind::Set(item), Value::List(plans), Json::Array(values)) => {
            let Kind::Object(inner) = item.as_ref() else { return };
            // Sets are in another order here than in the plan: what is given tells the items.
            for value in values {
                let is = |plan: &&Value| kinds::json(item, plan) == *value;
                let plan = plans.iter().find(is).unwrap_or(&Value::Null);
                fill_item(inner, plan, value);
            }
        }
        (Kind::Object(inner), plan @ Value::Map(_), value) => fill_item(inner, plan, value),
        _ => {}
    }
}

fn fill_item(inner: &[Attribute], plan: &Value, value: &mut Json) {
    for a in inner {
        let inside = plan.get(&a.name);
        if *inside == Value::Unknown {
            value[&a.name] = match a.name.as_str() {
                "eni_id" => tagged("eni").into(),
                "status" => "Available".into(),
                _ => zero(&a.kind),
            };
        } else {
            fill_blocks(&a.kind, inside, &mut value[&a.name]);
        }
    }
}

/// Nothing, of a type.
fn zero(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => json!(false),
        Kind::Int | Kind::Float => json!(0),
        Kind::String => json!(""),
        Kind::List(_) | Kind::Set(_) => json!([]),
        Kind::Map(_) => json!({}),
        Kind::Object(_) => Json::Null,
    }
}
