//! The values that the cloud makes up, type by type.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};

use super::addresses::{in_vswitch, public_address};
use super::choices::{self, INSTANCE_TYPES};
use super::failure::Result;
use super::ids::{random, tagged};
use super::store::{Attributes, Objects, text};

/// What is made up before the ID, which may be made of it.
pub fn first(kind: &str, o: &Attributes, region: &str, objects: &mut Objects) -> Result<Json> {
    Ok(match kind.trim_start_matches("alicloud_") {
        "instance" => instance(o, objects)?,
        "security_group_rule" => json!({
            "nic_type": "intranet", "security_group_rule_id": tagged("sgr"), "prefix_list_id": "",
        }),
        "slb_load_balancer" => slb(o, region, objects)?,
        "snat_entry" => json!({ "snat_entry_id": tagged("snat"), "status": "Available" }),
        "nlb_server_group_server_attachment" => {
            let server = objects.get("alicloud_instance", text(o, "server_id"));
            let server = server.cloned().unwrap_or_default();
            json!({
                "server_ip": text(&server, "private_ip"), "weight": 100, "status": "Available",
                "zone_id": text(&server, "availability_zone"),
            })
        }
        "nas_access_rule" => json!({
            "access_rule_id": objects.next(text(o, "access_group_name")).saturating_add(1).to_string(),
            "file_system_type": "standard", "rw_access_type": "RDWR",
            "user_access_type": "no_squash",
        }),
        "nas_mount_target" => nas_mount_target(o, region, objects),
        "nas_file_system" => json!({
            "id": random(10), "file_system_type": "standard", "status": "Running",
            "zone_id": choices::zones(region)[0], "redundancy_type": "LRS", "capacity": 10_240,
        }),
        "kvstore_instance" => in_vswitch(o, "private_ip", objects)?,
        "redis_tair_instance" | "db_instance" => in_vswitch(o, "_address", objects)?,
        "eip_address" => json!({
            "ip_address": public_address(objects), "bandwidth": "5", "isp": "BGP",
            "internet_charge_type": "PayByTraffic", "payment_type": "PayAsYouGo", "mode": "NAT",
            "status": "Available",
        }),
        "oss_bucket" => json!({ "bucket": format!("tf-{}", random(12)), "acl": "private" }),
        "nat_gateway" => json!({
            "snat_table_ids": tagged("stb"), "forward_table_ids": tagged("ftb"),
            "nat_type": "Enhanced", "payment_type": "PayAsYouGo", "network_type": "internet",
        }),
        "rds_account" => json!({
            "db_instance_id": text(o, "instance_id"), "instance_id": text(o, "db_instance_id"),
            "account_type": "Normal", "type": "Normal", "status": "Available",
        }),
        _ => json!({}),
    })
}

fn instance(o: &Attributes, objects: &mut Objects) -> Result<Json> {
    let mut made = in_vswitch(o, "private_ip", objects)?;
    let kind = text(o, "instance_type");
    let (_, cpu, memory) =
        INSTANCE_TYPES.iter().find(|(name, ..)| *name == kind).copied().unwrap_or((kind, 2, 4.0));
    let public = o.get("internet_max_bandwidth_out").and_then(Json::as_f64).unwrap_or(0.0) > 0.0;
    let host = format!("iZbp1{}Z", random(17));
    let more = json!({
        "cpu": cpu, "memory": memory * 1024.0, "status": "Running", "host_name": host,
        "instance_name": host, "system_disk_id": tagged("d"), "network_interface_id": tagged("eni"),
        "system_disk_category": "cloud_efficiency", "system_disk_size": 40,
        "os_type": "linux", "os_name": os_name(text(o, "image_id")),
        "public_ip": if public { public_address(objects) } else { String::new() },
        "instance_charge_type": "PostPaid", "internet_charge_type": "PayByTraffic",
        "spot_strategy": "NoSpot", "stopped_mode": "Not-applicable", "http_endpoint": "enabled",
        "http_tokens": "optional", "primary_ip_address": made["private_ip"],
        "maintenance_action": "AutoRecover", "source_dest_check": true,
    });
    if let (Json::Object(made), Json::Object(more)) = (&mut made, more) {
        made.extend(more);
    }
    Ok(made)
}

/// The name of the system in an image.
pub fn os_name(image: &str) -> &str {
    choices::IMAGES.iter().find(|i| i.id == image).map_or("Ubuntu  22.04 64位", |i| i.os_name)
}

fn slb(o: &Attributes, region: &str, objects: &mut Objects) -> Result<Json> {
    let zones = choices::zones(region);
    let mut made = json!({
        "status": "active", "payment_type": "PayAsYouGo", "instance_charge_type": "PayBySpec",
        "load_balancer_spec": "slb.s1.small", "specification": "slb.s1.small",
        "master_zone_id": zones[0], "slave_zone_id": zones[1],
        "address_type": if text(o, "vswitch_id").is_empty() { "internet" } else { "intranet" },
        "modification_protection_status": "NonProtection",
    });
    made["address"] = if text(o, "vswitch_id").is_empty() || text(o, "address_type") == "internet" {
        public_address(objects).into()
    } else {
        in_vswitch(o, "address", objects)?["address"].take()
    };
    Ok(made)
}

fn nas_mount_target(o: &Attributes, region: &str, objects: &Objects) -> Json {
    let system = text(o, "file_system_id");
    let vswitch = objects.get("alicloud_vswitch", text(o, "vswitch_id"));
    let vpc = vswitch.map(|v| text(v, "vpc_id")).unwrap_or_default();
    json!({
        "mount_target_domain": format!("{system}-{}.{region}.nas.aliyuncs.com", random(5)),
        "network_type": "Vpc", "vpc_id": vpc, "status": "Active",
    })
}

/// What is made up with the ID.
pub fn second(kind: &str, o: &Attributes, region: &str) -> Json {
    let id = text(o, "id");
    match kind.trim_start_matches("alicloud_") {
        "vpc" => json!({
            "cidr_block": "172.16.0.0/12", "router_id": tagged("vrt"),
            "route_table_id": tagged("vtb"), "router_table_id": tagged("vtb"),
            "dns_hostname_status": "DISABLED",
        }),
        "security_group" => json!({
            "inner_access_policy": "Accept", "inner_access": true, "security_group_type": "normal",
        }),
        "ecs_key_pair" => json!({ "finger_print": random(32) }),
        "eip_address" => json!({ "allocation_id": id }),
        "eip_association" => json!({ "instance_type": instance_type(text(o, "instance_id")) }),
        "slb_listener" => json!({
            "bandwidth": -1, "health_check_http_code": "http_2xx", "listener_forward": "off",
        }),
        "slb_server_group_server_attachment" => json!({ "type": "ecs", "weight": 100 }),
        "nlb_load_balancer" => json!({
            "dns_name": format!("{id}.{region}.nlb.aliyuncsslb.com"), "status": "Active",
            "load_balancer_business_status": "Normal", "load_balancer_type": "Network",
            "payment_type": "PayAsYouGo", "address_ip_version": "Ipv4", "cross_zone_enabled": true,
            "modification_protection_status": "NonProtection",
        }),
        "nlb_server_group" => json!({
            "protocol": "TCP", "scheduler": "Wrr", "server_group_type": "Instance",
            "address_ip_version": "Ipv4", "preserve_client_ip_enabled": true,
        }),
        "nlb_listener" => json!({ "status": "Running", "idle_timeout": 900 }),
        "kvstore_instance" => json!({
            "connection_domain": format!("{id}.redis.rds.aliyuncs.com"),
            "connection_string": format!("{id}.redis.rds.aliyuncs.com"),
            "private_connection_port": "6379", "engine_version": "5.0", "status": "Normal",
            "payment_type": "PostPaid", "instance_charge_type": "PostPaid", "qps": 80_000,
            "security_ips": ["127.0.0.1"], "security_ip_group_name": "default",
            "db_instance_name": "", "maintain_start_time": "18:00Z", "maintain_end_time": "22:00Z",
        }),
        "kvstore_account" => json!({
            "account_privilege": "RoleReadWrite", "account_type": "Normal", "status": "Available",
        }),
        "redis_tair_instance" => json!({
            "connection_domain": format!("{id}.redis.rds.aliyuncs.com"), "port": 6379,
            "tair_instance_id": id, "status": "Normal", "architecture_type": "standard",
            "payment_type": "Subscription", "network_type": "VPC", "security_ips": "127.0.0.1",
        }),
        "pvtz_zone_record" => json!({ "record_id": id }),
        "ram_policy" => json!({ "type": "Custom", "default_version": "v1", "version_id": "v1" }),
        "ram_access_key" => json!({ "secret": random(30), "status": "Active" }),
        "ecs_disk_attachment" => json!({ "device": "/dev/xvdb" }),
        "oss_bucket" => json!({
            "extranet_endpoint": format!("oss-{region}.aliyuncs.com"),
            "intranet_endpoint": format!("oss-{region}-internal.aliyuncs.com"),
            "location": format!("oss-{region}"), "owner": choices::ACCOUNT,
        }),
        "db_instance" => json!({
            "connection_string": format!("{id}.pg.rds.aliyuncs.com"), "port": "5432",
            "status": "Running", "db_instance_type": "Primary", "category": "Basic",
            "db_instance_storage_type": "cloud_essd", "private_ip_address": text(o, "_address"),
        }),
        "db_database" => json!({ "status": "Running" }),
        "resource_manager_resource_group" => {
            json!({ "status": "OK", "account_id": choices::ACCOUNT })
        }
        _ => json!({}),
    }
}

fn instance_type(id: &str) -> &'static str {
    match id.split('-').next() {
        Some("i") => "EcsInstance",
        Some("lb") => "SlbInstance",
        Some("ngw") => "Nat",
        Some("eni") => "NetworkInterface",
        _ => "",
    }
}

/// What most types have.
pub fn usual(region: &str) -> Json {
    json!({
        "status": "Available", "region_id": region, "create_time": now(),
        "resource_group_id": "rg-acfmw7vxqrxxxxx", "payment_type": "PayAsYouGo",
    })
}

/// UTC, to the second: `2026-11-23T00:05:27Z`.
fn now() -> String {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let (days, of_day) = (seconds / 86_400, seconds % 86_400);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let (year, month, day) = civil(days);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Year, month and day of a number of days after 1970-01-01, in years that begin in March.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * day + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day - (153 * shifted + 2) / 5 + 1)
}
