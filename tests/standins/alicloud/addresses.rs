//! Addresses: of vSwitches, and public ones.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use ipnet::Ipv4Net;
use serde_json::{Value as Json, json};

use super::failure::{Failure, Result};
use super::store::{Attributes, Objects, text};

/// What follows from the vSwitch, the first where there is one for each zone: an address of it, its
/// VPC and zone.
pub fn in_vswitch(o: &Attributes, address: &str, objects: &mut Objects) -> Result<Json> {
    let id = text(o, "vswitch_id").split(',').next().unwrap_or_default().to_owned();
    let Some(vswitch) = objects.get("alicloud_vswitch", &id).cloned() else {
        return Err(Failure::new("MissingParameter", "The parameter VSwitchId is needed."));
    };
    let given = text(o, address).to_owned();
    let free = if given.is_empty() {
        next_address(&id, text(&vswitch, "cidr_block"), objects)?
    } else {
        check_address(&given, text(&vswitch, "cidr_block"), objects)?
    };
    let zone = text(&vswitch, "zone_id");
    let mut made = json!({
        "vpc_id": text(&vswitch, "vpc_id"), "zone_id": zone, "availability_zone": zone,
    });
    made[address] = free.into();
    Ok(made)
}

/// The next address of a vSwitch; those that were used before come again last.
pub fn next_address(vswitch: &str, cidr: &str, objects: &mut Objects) -> Result<String> {
    let net = parse(cidr)?;
    let first = u32::from(net.network()).saturating_add(10);
    let last = u32::from(net.broadcast()).saturating_sub(4);
    let size = last.saturating_sub(first).max(1);
    for _ in 0..size {
        let address = Ipv4Addr::from(first + 1 + objects.next(vswitch) % size).to_string();
        if !is_taken(&address, objects) {
            return Ok(address);
        }
    }
    Err(Failure::new("InvalidVSwitchId.IpNotEnough", format!("{cidr} has no address left.")))
}

fn check_address(given: &str, cidr: &str, objects: &Objects) -> Result<String> {
    let inside = given.parse().is_ok_and(|a: Ipv4Addr| parse(cidr).is_ok_and(|n| n.contains(&a)));
    if !inside {
        let what = format!("The address {given} is not in {cidr}.");
        return Err(Failure::new("InvalidPrivateIpAddress.Malformed", what));
    }
    if is_taken(given, objects) {
        let what = format!("The address {given} is used already.");
        return Err(Failure::new("InvalidPrivateIpAddress.Duplicated", what));
    }
    Ok(given.to_owned())
}

fn is_taken(address: &str, objects: &Objects) -> bool {
    let names = ["private_ip", "address", "_address"];
    let all = objects.types.values().flat_map(BTreeMap::values);
    let mut all = all.flat_map(|o| names.map(|name| text(o, name)));
    all.any(|taken| taken == address)
}

/// Gives each zone of a network load balancer its addresses, where it has none.
pub fn place(kind: &str, object: &mut Attributes, objects: &mut Objects) -> Result<()> {
    if kind != "alicloud_nlb_load_balancer" {
        return Ok(());
    }
    let public = text(object, "address_type") == "Internet";
    let Some(Json::Array(zones)) = object.get_mut("zone_mappings") else { return Ok(()) };
    for zone in zones {
        let is_empty = |zone: &Json, name: &str| zone[name].as_str().unwrap_or_default().is_empty();
        let vswitch = zone["vswitch_id"].as_str().unwrap_or_default().to_owned();
        if is_empty(zone, "private_ipv4_address")
            && let Some(of) = objects.get("alicloud_vswitch", &vswitch).cloned()
        {
            let address = next_address(&vswitch, text(&of, "cidr_block"), objects)?;
            zone["private_ipv4_address"] = address.into();
        }
        if public && is_empty(zone, "public_ipv4_address") {
            let eip = zone["allocation_id"].as_str().unwrap_or_default();
            let eip =
                objects.get("alicloud_eip_address", eip).map(|e| text(e, "ip_address").to_owned());
            zone["public_ipv4_address"] = eip.unwrap_or_else(|| public_address(objects)).into();
        }
    }
    Ok(())
}

/// A CIDR block.
pub fn parse(cidr: &str) -> Result<Ipv4Net> {
    let wrong =
        |_| Failure::new("InvalidCidrBlock.Malformed", format!("{cidr:?} is no CIDR block."));
    cidr.parse().map_err(wrong)
}

/// The next address of the documentation's range, which is nobody's.
pub fn public_address(objects: &mut Objects) -> String {
    format!("203.0.113.{}", 1 + objects.next("public address") % 250)
}
