//! Load balancers of both kinds as listeners of the rig's.

use std::time::Duration;

use serde_json::Value as Json;
use testkit::rig::balancers::{Check, Listener, Server};

use super::values::number;
use crate::store::{Attributes, Objects, text};

/// All TCP listeners that run.
pub fn listeners(objects: &Objects) -> Vec<Listener> {
    let classic = objects.of("alicloud_slb_listener").filter_map(|(id, l)| classic(id, l, objects));
    let network = objects.of("alicloud_nlb_listener").filter_map(|(id, l)| network(id, l, objects));
    classic.chain(network).collect()
}

/// Addresses of all load balancers, whether anything listens there or not.
pub fn addresses(objects: &Objects) -> Vec<String> {
    let classic = objects.of("alicloud_slb_load_balancer").map(|(_, b)| text(b, "address"));
    let mut all: Vec<String> = classic.map(str::to_owned).collect();
    for (_, balancer) in objects.of("alicloud_nlb_load_balancer") {
        all.extend(of_network(balancer));
    }
    all.retain(|address| !address.is_empty());
    all
}

/// Addresses of a network load balancer, public ones and private ones.
pub fn of_network(balancer: &Attributes) -> Vec<String> {
    let zones = balancer.get("zone_mappings").and_then(Json::as_array);
    let names = ["public_ipv4_address", "private_ipv4_address"];
    let address = |zone: &Json| names.map(|n| zone[n].as_str().unwrap_or_default().to_owned());
    let all = zones.into_iter().flatten().flat_map(address);
    all.filter(|address| !address.is_empty()).collect()
}

fn section(id: &str) -> String {
    id.replace(|c: char| !c.is_ascii_alphanumeric(), "-")
}

fn classic(id: &str, listener: &Attributes, objects: &Objects) -> Option<Listener> {
    let balancer = text(listener, "load_balancer_id");
    let address = text(objects.get("alicloud_slb_load_balancer", balancer)?, "address");
    if text(listener, "protocol") != "tcp" {
        return None;
    }
    let l = Json::Object(listener.clone());
    let servers = match text(listener, "server_group_id") {
        "" => classic_default_servers(balancer, number(&l, "backend_port", 0), objects),
        group => {
            let kind = "alicloud_slb_server_group_server_attachment";
            attached(kind, group, objects)
        }
    };
    let seconds = |name, otherwise| Duration::from_secs(number(&l, name, otherwise).into());
    Some(Listener {
        name: section(id),
        bind: vec![format!("{address}:{}", number(&l, "frontend_port", 0))],
        balance: balance(text(listener, "scheduler")),
        persistence: seconds("persistence_timeout", 0),
        check: (text(listener, "health_check") != "off").then(|| Check {
            port: Some(number(&l, "health_check_connect_port", 0)).filter(|port| *port > 0),
            http: (text(listener, "health_check_type") == "http").then(|| {
                let method = Some(text(listener, "health_check_method")).filter(|m| !m.is_empty());
                (
                    method.unwrap_or("head").to_uppercase(),
                    text(listener, "health_check_uri").to_owned(),
                    text(listener, "health_check_domain").to_owned(),
                    good(text(listener, "health_check_http_code").split(',')),
                )
            }),
            interval: seconds("health_check_interval", 2),
            rise: number(&l, "healthy_threshold", 3),
            fall: number(&l, "unhealthy_threshold", 3),
        }),
        servers,
    })
}

/// First digits of status codes: `23` of `http_2xx` and `http_3xx`.
fn good<'a>(codes: impl Iterator<Item = &'a str>) -> String {
    let digits: String =
        codes.filter_map(|c| c.trim().strip_prefix("http_")?.chars().next()).collect();
    if digits.is_empty() { "2".to_owned() } else { digits }
}

fn network(id: &str, listener: &Attributes, objects: &Objects) -> Option<Listener> {
    let balancer = objects.get("alicloud_nlb_load_balancer", text(listener, "load_balancer_id"))?;
    let group = text(listener, "server_group_id");
    let rules = objects.get("alicloud_nlb_server_group", group)?;
    if text(listener, "listener_protocol") != "TCP" || text(listener, "status") == "Stopped" {
        return None;
    }
    let port = number(&Json::Object(listener.clone()), "listener_port", 0);
    let check = rules.get("health_check").and_then(|blocks| blocks.get(0));
    Some(Listener {
        name: section(id),
        bind: of_network(balancer).iter().map(|address| format!("{address}:{port}")).collect(),
        balance: balance(text(rules, "scheduler")),
        persistence: Duration::ZERO,
        check: network_check(check.unwrap_or(&Json::Null)),
        servers: attached("alicloud_nlb_server_group_server_attachment", group, objects),
    })
}

/// On, by connecting, every ten seconds, where nothing else is said.
fn network_check(check: &Json) -> Option<Check> {
    if check["health_check_enabled"] == Json::Bool(false) && check["health_check_type"] != "" {
        return None;
    }
    let word = |name: &str| check[name].as_str().unwrap_or_default().to_owned();
    let several = |name: &str, otherwise: u16| match number(check, name, 0) {
        0 => otherwise,
        given => given,
    };
    let codes = check["health_check_http_code"].as_array();
    let codes = codes.into_iter().flatten().filter_map(Json::as_str);
    let or = |given: String, otherwise: &str| {
        if given.is_empty() { otherwise.to_owned() } else { given }
    };
    let method = or(word("http_check_method"), "GET");
    let path = or(word("health_check_url"), "/");
    Some(Check {
        port: Some(number(check, "health_check_connect_port", 0)).filter(|port| *port > 0),
        http: (word("health_check_type") == "HTTP")
            .then(|| (method, path, word("health_check_domain"), good(codes))),
        interval: Duration::from_secs(several("health_check_interval", 10).into()),
        rise: several("healthy_threshold", 2),
        fall: several("unhealthy_threshold", 2),
    })
}

fn balance(scheduler: &str) -> &'static str {
    match scheduler.to_lowercase().as_str() {
        "wlc" => "leastconn",
        "sch" | "tch" | "qch" => "source",
        _ => "roundrobin",
    }
}

/// The servers of a group, of either kind of load balancer.
fn attached(kind: &str, group: &str, objects: &Objects) -> Vec<Server> {
    let members = objects.of(kind).filter(|(_, a)| text(a, "server_group_id") == group);
    let server = |(_, a): (&String, &Attributes)| {
        let id = text(a, "server_id");
        let instance = objects.get("alicloud_instance", id);
        let address = instance.map_or(text(a, "server_ip"), |i| text(i, "private_ip"));
        let json = Json::Object(a.clone());
        let (port, weight) = (number(&json, "port", 0), number(&json, "weight", 100));
        let name = format!("{}-{port}", section(if id.is_empty() { address } else { id }));
        Server { name, address: address.to_owned(), port, weight }
    };
    members.map(server).filter(|s| !s.address.is_empty()).collect()
}

fn classic_default_servers(balancer: &str, port: u16, objects: &Objects) -> Vec<Server> {
    let members = objects.get("alicloud_slb_backend_server", balancer);
    let members = members.and_then(|m| m.get("backend_servers")).and_then(Json::as_array);
    let server = |member: &Json| {
        let id = member["server_id"].as_str()?;
        let address = text(objects.get("alicloud_instance", id)?, "private_ip").to_owned();
        Some(Server { name: section(id), address, port, weight: number(member, "weight", 100) })
    };
    members.into_iter().flatten().filter_map(server).collect()
}
