//! Data sources: what is on offer, and what there is.

use provider::schema::Attribute;
use provider::value::{Object, Value};
use serde_json::{Value as Json, json};

use super::choices::{self, IMAGES, INSTANCE_TYPES, zones};
use super::cloud::Cloud;
use super::failure::{Failure, Result};
use super::kinds;
use super::store::{Attributes, text};

/// Reads a data source; `asked` has what was given, and defaults.
pub fn read(cloud: &Cloud, kind: &str, attributes: &[Attribute], asked: &Object) -> Result<Object> {
    let region = cloud.region();
    let question = Question(kinds::object(attributes, asked));
    let found = match kind.trim_start_matches("alicloud_") {
        "account" => json!({ "id": choices::ACCOUNT }),
        "zones" => all_zones(&region),
        "images" => images(&question)?,
        "instance_types" => instance_types(&question, &region),
        "kvstore_zones" | "db_zones" | "nas_zones" | "slb_zones" | "nlb_zones" => zones_of(&region),
        "kvstore_instance_classes" => redis_classes(&question),
        "db_instance_classes" => database_classes(&region),
        "instances" => objects(cloud, "alicloud_instance", "instances", &question)?,
        "vpcs" => objects(cloud, "alicloud_vpc", "vpcs", &question)?,
        "vswitches" => objects(cloud, "alicloud_vswitch", "vswitches", &question)?,
        _ => json!({}),
    };
    let mut object = Object::new();
    for a in attributes {
        let given = asked.get(&a.name).filter(|v| v.is_known() && !v.is_null());
        let value = match given {
            Some(given) => given.clone(),
            None if a.name == "id" => found.get("id").map_or("1289000001".into(), value_text),
            None => found.get(&a.name).map_or(Value::Null, |v| fitting(a, v)),
        };
        object.insert(a.name.clone(), value);
    }
    Ok(object)
}

fn value_text(json: &Json) -> Value {
    json.as_str().unwrap_or_default().into()
}

/// A value of the attribute's type, with what its objects lack as nothing.
fn fitting(a: &Attribute, json: &Json) -> Value {
    kinds::value(&a.kind, json)
}

/// What was asked.
struct Question(Json);

impl Question {
    fn text(&self, name: &str) -> Option<&str> {
        self.0[name].as_str().filter(|text| !text.is_empty())
    }

    /// Whether a text is what was asked for, if anything was.
    fn fits(&self, name: &str, text: &str) -> bool {
        self.text(name).is_none_or(|asked| asked == text)
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.0[name].as_f64()
    }

    /// Whether a name matches `name_regex`.
    fn matches(&self, name: &str) -> Result<bool> {
        let Some(pattern) = self.text("name_regex") else { return Ok(true) };
        let pattern = regex::Regex::new(pattern)
            .map_err(|why| Failure::new("InvalidNameRegex", why.to_string()))?;
        Ok(pattern.is_match(name))
    }
}

fn all_zones(region: &str) -> Json {
    let zones = zones(region);
    let types: Vec<_> = INSTANCE_TYPES.iter().map(|(name, ..)| *name).collect();
    let zone = |id: &String| {
        json!({
            "id": id, "local_name": format!("Zone {}", id.to_uppercase()),
            "available_instance_types": types, "multi_zone_ids": [],
            "available_resource_creation": ["VSwitch", "IoOptimized", "Instance", "Disk"],
            "available_disk_categories": ["cloud_essd", "cloud_efficiency", "cloud_auto"],
            "slb_slave_zone_ids": others(&zones, id),
        })
    };
    json!({ "ids": zones, "zones": zones.iter().map(zone).collect::<Json>() })
}

fn others(zones: &[String], id: &String) -> Vec<String> {
    zones.iter().filter(|z| *z != id).cloned().collect()
}

fn zones_of(region: &str) -> Json {
    let zones = zones(region);
    let zone = |id: &String| {
        let kinds = ["Performance", "Capacity"]
            .map(|kind| json!({ "protocol_type": "nfs", "storage_type": kind }));
        json!({
            "id": id, "zone_id": id, "local_name": format!("Zone {}", id.to_uppercase()),
            "multi_zone_ids": [], "instance_types": kinds, "master_zone_id": id,
            "slave_zone_id": others(&zones, id)[0], "slb_slave_zone_ids": others(&zones, id),
            "supported_resources": [{ "address_type": "vpc", "address_ip_version": "ipv4" }],
        })
    };
    json!({ "ids": zones, "zones": zones.iter().map(zone).collect::<Json>() })
}

fn images(question: &Question) -> Result<Json> {
    let mut found = Vec::new();
    for image in &IMAGES {
        let fits = question.matches(image.id)?
            && question.fits("image_id", image.id)
            && question.fits("os_type", "linux")
            && question.fits("architecture", "x86_64")
            && question.fits("status", "Available")
            && question.fits("owners", "system");
        if fits {
            found.push(image);
        }
    }
    found.sort_by_key(|image| std::cmp::Reverse(image.created));
    if question.0["most_recent"] == json!(true) {
        found.truncate(1);
    }
    let image = |i: &&choices::Image| {
        json!({
            "id": i.id, "image_id": i.id, "name": i.id, "os_name": i.os_name, "os_type": "linux",
            "os_name_en": i.os_name.replace("64位", "64 bit"), "platform": i.platform,
            "architecture": "x86_64", "creation_time": i.created, "image_owner_alias": "system",
            "status": "Available", "state": "Available", "size": 20, "usage": "instance",
            "is_support_io_optimized": true, "progress": "100%", "disk_device_mappings": [],
        })
    };
    let ids: Vec<_> = found.iter().map(|i| i.id).collect();
    Ok(json!({ "ids": ids, "images": found.iter().map(image).collect::<Json>() }))
}

fn instance_types(question: &Question, region: &str) -> Json {
    let fits = |(name, cpu, memory): &(&str, u32, f64)| {
        question.number("cpu_core_count").is_none_or(|n| f64::from(*cpu) - n == 0.0)
            && question.number("memory_size").is_none_or(|n| *memory - n == 0.0)
            && question.fits("instance_type_family", choices::family(name))
            && question.fits("instance_type", name)
    };
    let found: Vec<_> = INSTANCE_TYPES.iter().filter(|t| fits(t)).collect();
    let one = |(name, cpu, memory): &&(&str, u32, f64)| {
        json!({
            "id": name, "cpu_core_count": cpu, "memory_size": memory,
            "family": choices::family(name), "availability_zones": zones(region),
            "eni_amount": 3, "eni_quantity": 3, "price": "0.1", "nvme_support": "unsupported",
        })
    };
    let ids: Vec<_> = found.iter().map(|(name, ..)| *name).collect();
    json!({ "ids": ids, "instance_types": found.iter().map(one).collect::<Json>() })
}

fn redis_classes(question: &Question) -> Json {
    let fits = |(_, architecture): &&(&str, &str)| question.fits("architecture", architecture);
    let names: Vec<_> = choices::REDIS_CLASSES.iter().filter(fits).map(|(name, _)| *name).collect();
    let one = |name: &&str| json!({ "instance_class": name, "price": "0.1" });
    json!({ "instance_classes": names, "classes": names.iter().map(one).collect::<Json>() })
}

fn database_classes(region: &str) -> Json {
    let zone = |id: String| json!({ "id": id, "sub_zone_ids": [id] });
    let zones: Json = zones(region).into_iter().map(zone).collect();
    let range = json!({ "min": "20", "max": "6000", "step": "5" });
    let one = |name: &&str| json!({ "instance_class": name, "price": "0.1", "zone_ids": zones, "storage_range": range });
    let names = choices::DATABASE_CLASSES;
    json!({ "ids": names, "instance_classes": names.iter().map(one).collect::<Json>() })
}

/// Objects of a type, as the list of their data source.
fn objects(cloud: &Cloud, kind: &str, list: &str, question: &Question) -> Result<Json> {
    const NAMES: [&str; 3] = ["instance_name", "vpc_name", "vswitch_name"];
    const FILTERS: [&str; 8] = [
        "vpc_id",
        "vswitch_id",
        "zone_id",
        "cidr_block",
        "status",
        "image_id",
        "vpc_name",
        "vswitch_name",
    ];
    let objects = cloud.objects()?;
    let mut found = Vec::new();
    for (id, object) in objects.of(kind) {
        let name = NAMES.iter().map(|n| text(object, n)).find(|n| !n.is_empty());
        let wanted = question.0["ids"].as_array().is_none_or(|ids| ids.iter().any(|i| i == id));
        // A VPC has no vSwitch of its own name: what the object lacks is no filter.
        let fits =
            |name: &&str| !object.contains_key(*name) || question.fits(name, text(object, name));
        if wanted && question.matches(name.unwrap_or_default())? && FILTERS.iter().all(fits) {
            found.push((id, name.unwrap_or_default(), object));
        }
    }
    let ids: Vec<_> = found.iter().map(|(id, ..)| *id).collect();
    let names: Vec<_> = found.iter().map(|(_, name, _)| *name).collect();
    let count = found.len();
    let all: Json = found.iter().map(|(id, name, object)| told(kind, id, name, object)).collect();
    let mut answer = json!({ "ids": ids, "names": names, "total_count": count });
    answer[list] = all;
    Ok(answer)
}

fn told(kind: &str, id: &str, name: &str, object: &Attributes) -> Json {
    let mut told = Json::Object(object.clone());
    told["name"] = name.into();
    told["creation_time"] = object.get("create_time").cloned().unwrap_or_default();
    let own = match kind {
        "alicloud_vpc" => "vpc_id",
        "alicloud_vswitch" => "vswitch_id",
        _ => return told,
    };
    told[own] = id.into();
    told
}
