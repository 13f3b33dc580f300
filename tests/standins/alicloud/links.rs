//! What refers to what: nothing may refer to an object that is not there, and an object that is
//! referred to cannot be deleted.

use serde_json::Value as Json;

use super::failure::{Failure, Result};
use super::store::{Attributes, Objects, text};

/// An attribute of a type that names objects of another type.
struct Link {
    from: &'static str,
    attribute: &'static str,
    to: &'static str,
    /// The attribute of the other that is named.
    by: &'static str,
}

const fn link(from: &'static str, attribute: &'static str, to: &'static str) -> Link {
    by(from, attribute, to, "id")
}

const fn by(
    from: &'static str,
    attribute: &'static str,
    to: &'static str,
    by: &'static str,
) -> Link {
    Link { from, attribute, to, by }
}

const LINKS: [Link; 52] = [
    link("vswitch", "vpc_id", "vpc"),
    link("security_group", "vpc_id", "vpc"),
    link("security_group_rule", "security_group_id", "security_group"),
    link("security_group_rule", "source_security_group_id", "security_group"),
    link("instance", "vswitch_id", "vswitch"),
    link("instance", "security_groups", "security_group"),
    by("instance", "key_name", "ecs_key_pair", "key_pair_name"),
    by("ecs_key_pair_attachment", "key_pair_name", "ecs_key_pair", "key_pair_name"),
    link("ecs_key_pair_attachment", "instance_ids", "instance"),
    link("ecs_disk_attachment", "disk_id", "ecs_disk"),
    link("ecs_disk_attachment", "instance_id", "instance"),
    link("eip_association", "allocation_id", "eip_address"),
    link("nat_gateway", "vpc_id", "vpc"),
    link("nat_gateway", "vswitch_id", "vswitch"),
    link("snat_entry", "source_vswitch_id", "vswitch"),
    by("snat_entry", "snat_table_id", "nat_gateway", "snat_table_ids"),
    link("slb_load_balancer", "vswitch_id", "vswitch"),
    link("slb_listener", "load_balancer_id", "slb_load_balancer"),
    link("slb_listener", "server_group_id", "slb_server_group"),
    link("slb_server_group", "load_balancer_id", "slb_load_balancer"),
    link("slb_server_group_server_attachment", "server_group_id", "slb_server_group"),
    link("slb_server_group_server_attachment", "server_id", "instance"),
    link("slb_backend_server", "load_balancer_id", "slb_load_balancer"),
    link("nlb_load_balancer", "vpc_id", "vpc"),
    link("nlb_load_balancer", "security_group_ids", "security_group"),
    link("nlb_load_balancer", "zone_mappings.vswitch_id", "vswitch"),
    link("nlb_load_balancer", "zone_mappings.allocation_id", "eip_address"),
    link("nlb_server_group", "vpc_id", "vpc"),
    link("nlb_server_group_server_attachment", "server_group_id", "nlb_server_group"),
    link("nlb_listener", "load_balancer_id", "nlb_load_balancer"),
    link("nlb_listener", "server_group_id", "nlb_server_group"),
    by("nas_access_rule", "access_group_name", "nas_access_group", "access_group_name"),
    link("nas_mount_target", "file_system_id", "nas_file_system"),
    by("nas_mount_target", "access_group_name", "nas_access_group", "access_group_name"),
    link("nas_mount_target", "vpc_id", "vpc"),
    link("nas_mount_target", "vswitch_id", "vswitch"),
    link("nas_mount_target", "security_group_id", "security_group"),
    link("kvstore_instance", "vswitch_id", "vswitch"),
    link("kvstore_account", "instance_id", "kvstore_instance"),
    link("redis_tair_instance", "vpc_id", "vpc"),
    link("redis_tair_instance", "vswitch_id", "vswitch"),
    link("pvtz_zone_attachment", "zone_id", "pvtz_zone"),
    link("pvtz_zone_attachment", "vpc_ids", "vpc"),
    link("pvtz_zone_attachment", "vpcs.vpc_id", "vpc"),
    link("pvtz_zone_record", "zone_id", "pvtz_zone"),
    by("oss_bucket_acl", "bucket", "oss_bucket", "bucket"),
    by("ram_user_policy_attachment", "user_name", "ram_user", "name"),
    by("ram_access_key", "user_name", "ram_user", "name"),
    link("db_instance", "vswitch_id", "vswitch"),
    link("db_database", "instance_id", "db_instance"),
    link("rds_account", "db_instance_id", "db_instance"),
    link("db_account_privilege", "instance_id", "db_instance"),
];

/// Types that go with what they belong to, instead of holding it back.
const PARTS: [(&str, &str); 4] = [
    ("security_group_rule", "security_group_id"),
    ("nas_access_rule", "access_group_name"),
    ("slb_listener", "load_balancer_id"),
    ("slb_backend_server", "load_balancer_id"),
];

/// Every object that is named is there.
pub fn check(objects: &Objects, kind: &str, object: &Attributes) -> Result<()> {
    for link in links_of(kind) {
        for name in named(object, link.attribute) {
            if find(objects, link, &name).is_none() {
                let code = format!("Invalid{}.NotFound", camel(link.to));
                let what = format!("The specified {} does not exist: {name}.", link.to);
                return Err(Failure::new(code, what));
            }
        }
    }
    Ok(())
}

/// Nothing names the object.
pub fn check_unused(objects: &Objects, kind: &str, id: &str) -> Result<()> {
    let Some(object) = objects.get(kind, id) else { return Ok(()) };
    let short = kind.trim_start_matches("alicloud_");
    for link in LINKS.iter().filter(|l| l.to == short) {
        if PARTS.contains(&(link.from, link.attribute)) {
            continue;
        }
        let name = text(object, link.by);
        for (user, other) in objects.of(&format!("alicloud_{}", link.from)) {
            if named(other, link.attribute).iter().any(|n| n == name) {
                let what = format!("The resource {id} is used by {} {user}.", link.from);
                return Err(Failure::new(
                    format!("DependencyViolation.{}", camel(link.from)),
                    what,
                ));
            }
        }
    }
    Ok(())
}

fn links_of(kind: &str) -> impl Iterator<Item = &'static Link> {
    let short = kind.trim_start_matches("alicloud_").to_owned();
    LINKS.iter().filter(move |l| l.from == short)
}

fn find<'a>(objects: &'a Objects, link: &Link, name: &str) -> Option<&'a Attributes> {
    let kind = format!("alicloud_{}", link.to);
    let found = objects.of(&kind).find(|(_, object)| text(object, link.by) == name);
    found.map(|(_, object)| object)
}

/// The names at an attribute, which may stand in blocks: `zone_mappings.vswitch_id`.
fn named(object: &Attributes, path: &str) -> Vec<String> {
    let (first, rest) = path.split_once('.').unwrap_or((path, ""));
    match object.get(first) {
        // A database with its standby in another zone names a vSwitch for each: "vsw-1,vsw-2".
        Some(Json::String(names)) if !names.is_empty() => {
            names.split(',').map(str::to_owned).collect()
        }
        Some(Json::Array(items)) => items
            .iter()
            .flat_map(|item| match item {
                Json::String(name) => vec![name.clone()],
                Json::Object(inside) => named(inside, rest),
                _ => Vec::new(),
            })
            .filter(|name| !name.is_empty())
            .collect(),
        _ => Vec::new(),
    }
}

fn camel(name: &str) -> String {
    let part = |p: &str| p[..1].to_uppercase() + &p[1..];
    name.split('_').map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::super::catalog::Catalog;
    use super::*;

    #[test]
    fn every_link_stands_in_the_schema() {
        let catalog = Catalog::load();
        for link in &LINKS {
            let from = &catalog.resources[&format!("alicloud_{}", link.from)].body;
            let has = match link.attribute.split_once('.') {
                Some((block, name)) => from.blocks[block].body.attributes.contains_key(name),
                None => from.attributes.contains_key(link.attribute),
            };
            assert!(has, "{}.{}", link.from, link.attribute);
            let to = &catalog.resources[&format!("alicloud_{}", link.to)].body;
            assert!(to.attributes.contains_key(link.by), "{}.{}", link.to, link.by);
        }
    }
}
