//! The names that the cloud gives, and those of the user's zones.

use testkit::rig::network::RUNNER;

use super::balancers;
use crate::store::{Attributes, Objects, text};

/// Names with their addresses, or with the names they stand for.
pub fn records(objects: &Objects) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !name.is_empty() && !value.is_empty() {
            all.push((
                name.trim_end_matches('.').to_owned(),
                value.trim_end_matches('.').to_owned(),
            ));
        }
    };
    for (_, target) in objects.of("alicloud_nas_mount_target") {
        if text(target, "status") != "Inactive" {
            add(text(target, "mount_target_domain"), RUNNER);
        }
    }
    for (_, redis) in objects.of("alicloud_kvstore_instance") {
        add(text(redis, "connection_domain"), text(redis, "private_ip"));
    }
    for (_, redis) in objects.of("alicloud_redis_tair_instance") {
        add(text(redis, "connection_domain"), text(redis, "_address"));
    }
    for (_, balancer) in objects.of("alicloud_nlb_load_balancer") {
        let public = text(balancer, "address_type") == "Internet";
        let addresses = balancers::of_network(balancer);
        let shown = addresses.iter().filter(|a| a.starts_with("203.0.113.") == public);
        shown.for_each(|address| add(text(balancer, "dns_name"), address));
    }
    for (_, record) in objects.of("alicloud_pvtz_zone_record") {
        let zone = text(record, "zone_id");
        // A private zone is seen by the VPCs that it is attached to.
        if objects.get("alicloud_pvtz_zone_attachment", zone).is_some()
            && let Some(zone) = objects.get("alicloud_pvtz_zone", zone)
            && text(record, "status") != "DISABLE"
        {
            add(&name(record, text(zone, "zone_name")), text(record, "value"));
        }
    }
    for (_, record) in objects.of("alicloud_alidns_record") {
        if text(record, "status") != "DISABLE" {
            add(&name(record, text(record, "domain_name")), text(record, "value"));
        }
    }
    all
}

/// `@` is the zone itself.
fn name(record: &Attributes, zone: &str) -> String {
    match text(record, "rr") {
        "@" | "" => zone.to_owned(),
        rr => format!("{rr}.{zone}"),
    }
}
