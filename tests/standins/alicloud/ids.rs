//! IDs as the cloud makes them, and as the provider composes them.

use super::store::{Attributes, text};

/// A few lower-case letters and digits by chance.
pub fn random(length: usize) -> String {
    const LETTERS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let letter = || char::from(LETTERS[usize::from(rand::random::<u8>()) % LETTERS.len()]);
    (0..length).map(|_| letter()).collect()
}

fn digits(length: usize) -> String {
    let digit = |i| {
        char::from(b'0' + rand::random::<u8>() % if i == 0 { 9 } else { 10 } + u8::from(i == 0))
    };
    (0..length).map(digit).collect()
}

/// An ID of the usual form: the kind of thing, the region, chance.
pub fn tagged(prefix: &str) -> String {
    format!("{prefix}-bp1{}", random(17))
}

/// The ID of a new object.
pub fn id(kind: &str, object: &Attributes) -> String {
    composed(kind, object).unwrap_or_else(|| match prefix(kind) {
        Some("") => random(32),
        Some("#") => digits(18),
        Some(prefix) => tagged(prefix),
        None => random(10),
    })
}

/// What stands before the chance part; nothing, or digits alone for `#`.
fn prefix(kind: &str) -> Option<&'static str> {
    Some(match kind.strip_prefix("alicloud_")? {
        "vpc" => "vpc",
        "vswitch" => "vsw",
        "security_group" => "sg",
        "instance" => "i",
        "ecs_disk" => "d",
        "eip_address" => "eip",
        "nat_gateway" => "ngw",
        "slb_load_balancer" => "lb",
        "slb_server_group" => "rsp",
        "nlb_load_balancer" => "nlb",
        "nlb_server_group" => "sgp",
        "kvstore_instance" | "redis_tair_instance" => "r",
        "db_instance" => "rm",
        "resource_manager_resource_group" => "rg",
        "pvtz_zone" => "",
        "pvtz_zone_record"
        | "alidns_record"
        | "ram_user"
        | "ssl_certificates_service_certificate" => "#",
        _ => return None,
    })
}

/// IDs that are made of the object's attributes.
fn composed(kind: &str, o: &Attributes) -> Option<String> {
    let t = |name: &str| text(o, name).to_owned();
    let n = |name: &str| o.get(name).map(ToString::to_string).unwrap_or_default();
    let either = |a: &str, b: &str| if t(a).is_empty() { t(b) } else { t(a) };
    Some(match kind.strip_prefix("alicloud_")? {
        "security_group_rule" => security_group_rule(o),
        "ecs_key_pair" => either("key_pair_name", "key_name"),
        "ecs_key_pair_attachment" => {
            format!("{}:{}", either("key_pair_name", "key_name"), n("instance_ids"))
        }
        "ecs_disk_attachment" => format!("{}:{}", t("disk_id"), t("instance_id")),
        "eip_association" => format!("{}:{}", t("allocation_id"), t("instance_id")),
        "snat_entry" => format!("{}:{}", t("snat_table_id"), t("snat_entry_id")),
        "slb_listener" => {
            format!("{}:{}:{}", t("load_balancer_id"), t("protocol"), n("frontend_port"))
        }
        "slb_server_group_server_attachment" => {
            format!("{}:{}:{}", t("server_group_id"), t("server_id"), n("port"))
        }
        "slb_backend_server" => t("load_balancer_id"),
        "nlb_server_group_server_attachment" => {
            let (group, server) = (t("server_group_id"), t("server_id"));
            format!("{group}_{server}_{}_{}_{}", t("server_ip"), t("server_type"), n("port"))
        }
        "nlb_listener" => format!("lsn-{}@{}", random(16), n("listener_port")),
        "nas_access_group" => {
            format!("{}:{}", either("access_group_name", "name"), t("file_system_type"))
        }
        "nas_access_rule" => {
            format!("{}:{}:{}", t("access_group_name"), t("access_rule_id"), t("file_system_type"))
        }
        "nas_mount_target" => format!("{}:{}", t("file_system_id"), t("mount_target_domain")),
        "kvstore_account" => format!("{}:{}", t("instance_id"), t("account_name")),
        "pvtz_zone_attachment" => t("zone_id"),
        "oss_bucket" | "oss_bucket_acl" => t("bucket"),
        "ram_policy" => either("policy_name", "name"),
        "ram_user_policy_attachment" => {
            format!("user:{}:{}:{}", t("policy_name"), t("policy_type"), t("user_name"))
        }
        "ram_access_key" => format!("LTAI5t{}", random(18)),
        "db_database" => format!("{}:{}", t("instance_id"), either("data_base_name", "name")),
        "rds_account" => {
            let instance = either("db_instance_id", "instance_id");
            format!("{instance}:{}", either("account_name", "name"))
        }
        "db_account_privilege" => {
            format!("{}:{}:{}", t("instance_id"), t("account_name"), t("privilege"))
        }
        _ => return None,
    })
}

fn security_group_rule(o: &Attributes) -> String {
    let t = |name: &str| text(o, name);
    let source = ["cidr_ip", "ipv6_cidr_ip", "source_security_group_id", "prefix_list_id"];
    let source = source.iter().map(|name| t(name)).find(|s| !s.is_empty()).unwrap_or_default();
    let priority = o.get("priority").map(ToString::to_string).unwrap_or_default();
    let (group, kind, protocol) = (t("security_group_id"), t("type"), t("ip_protocol"));
    let (ports, nic, policy) = (t("port_range"), t("nic_type"), t("policy"));
    format!("{group}:{kind}:{protocol}:{ports}:{nic}:{source}:{policy}:{priority}")
}
