//! Security groups of instances and load balancers, and allow lists of Redis.

use serde_json::Value as Json;
use testkit::rig::firewall::{Firewall, Rule};

use super::balancers;
use super::values::texts;
use crate::store::{Attributes, Objects, text};

/// What follows from all of them.
pub fn firewall(objects: &Objects) -> Firewall {
    let mut all = Firewall::default();
    for (id, instance) in objects.of("alicloud_instance") {
        let addresses = addresses(id, instance, objects);
        for group in texts(instance, "security_groups") {
            all.hosts.extend(rules(group, &addresses, objects));
        }
        all.guarded.extend(addresses);
    }
    for (_, balancer) in objects.of("alicloud_nlb_load_balancer") {
        let groups = texts(balancer, "security_group_ids");
        let addresses = balancers::of_network(balancer);
        for group in &groups {
            all.services.extend(rules(group, &addresses, objects));
        }
        if !groups.is_empty() {
            all.listed.extend(addresses);
        }
    }
    for (_, redis) in objects.of("alicloud_kvstore_instance") {
        allow(&mut all, redis, text(redis, "private_ip"), texts(redis, "security_ips"), objects);
    }
    for (_, redis) in objects.of("alicloud_redis_tair_instance") {
        let ips = text(redis, "security_ips").split(',').filter(|ip| !ip.is_empty()).collect();
        allow(&mut all, redis, text(redis, "_address"), ips, objects);
    }
    all
}

fn allow(all: &mut Firewall, redis: &Attributes, address: &str, ips: Vec<&str>, objects: &Objects) {
    let groups = text(redis, "security_group_id").split(',');
    let mut sources: Vec<String> = ips.into_iter().map(str::to_owned).collect();
    groups.for_each(|group| sources.extend(members(group, objects)));
    let rule = |from: String| pass(address, &from, "tcp", None);
    all.services.extend(sources.into_iter().map(rule));
    all.listed.push(address.to_owned());
}

fn pass(to: &str, from: &str, protocol: &str, ports: Option<(u16, u16)>) -> Rule {
    let (to, from, protocol) = (to.to_owned(), from.to_owned(), protocol.to_owned());
    Rule { to, from, protocol, ports, accept: true }
}

/// Private and public addresses of an instance.
fn addresses(id: &str, instance: &Attributes, objects: &Objects) -> Vec<String> {
    let mut all = vec![text(instance, "private_ip"), text(instance, "public_ip")];
    for (_, association) in objects.of("alicloud_eip_association") {
        if text(association, "instance_id") == id {
            let eip = objects.get("alicloud_eip_address", text(association, "allocation_id"));
            all.extend(eip.map(|eip| text(eip, "ip_address")));
        }
    }
    all.into_iter().filter(|address| !address.is_empty()).map(str::to_owned).collect()
}

/// Addresses of the instances in a group.
fn members(group: &str, objects: &Objects) -> Vec<String> {
    let of = objects.of("alicloud_instance");
    let of = of.filter(|(_, i)| !group.is_empty() && texts(i, "security_groups").contains(&group));
    of.map(|(_, i)| text(i, "private_ip").to_owned()).collect()
}

/// A group's rules for traffic to these addresses: by priority, refusals first.
fn rules(group: &str, to: &[String], objects: &Objects) -> Vec<Rule> {
    let of_group = objects.of("alicloud_security_group_rule").map(|(_, rule)| rule);
    let mut of_group: Vec<&Attributes> = of_group
        .filter(|r| text(r, "security_group_id") == group && text(r, "type") == "ingress")
        .collect();
    let priority = |rule: &Attributes| rule.get("priority").and_then(Json::as_i64).unwrap_or(1);
    of_group.sort_by_key(|rule| (priority(rule), text(rule, "policy") != "drop"));
    let mut all = Vec::new();
    for to in to {
        all.extend(of_group.iter().flat_map(|rule| one(rule, to, objects)));
        let normal = objects.get("alicloud_security_group", group);
        if normal.is_some_and(|g| text(g, "inner_access_policy") != "Drop") {
            let inner = members(group, objects).into_iter().filter(|from| from != to);
            all.extend(inner.map(|from| pass(to, &from, "all", None)));
        }
    }
    all
}

fn one(rule: &Attributes, to: &str, objects: &Objects) -> Vec<Rule> {
    let protocol = text(rule, "ip_protocol");
    if matches!(protocol, "icmpv6" | "gre") {
        return Vec::new();
    }
    let ports = match protocol {
        "tcp" | "udp" => text(rule, "port_range").split_once('/').and_then(|(first, last)| {
            let (first, last) = (first.parse().ok()?, last.parse().ok()?);
            Some((first, last))
        }),
        _ => None,
    };
    let mut sources = members(text(rule, "source_security_group_id"), objects);
    sources.extend(Some(text(rule, "cidr_ip").to_owned()).filter(|cidr| !cidr.is_empty()));
    let accept = text(rule, "policy") != "drop";
    let rule = |from: String| Rule { accept, ..pass(to, &from, protocol, ports) };
    sources.into_iter().map(rule).collect()
}
