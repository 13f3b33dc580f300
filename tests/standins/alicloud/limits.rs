//! What the cloud refuses beyond what the provider's schema says, and its other habits.

use serde_json::Value as Json;

use super::failure::{Failure, Result};
use super::store::{Attributes, Objects, text};
use super::{addresses, choices};

/// Refuses an object that the API would refuse.
pub fn check(objects: &Objects, kind: &str, object: &Attributes, region: &str) -> Result<()> {
    check_zones(object, region)?;
    match kind {
        "alicloud_vpc" => addresses::parse(text(object, "cidr_block")).map(drop),
        "alicloud_vswitch" => vswitch(objects, object),
        "alicloud_nlb_load_balancer" => nlb(object),
        "alicloud_instance" => instance(objects, object),
        "alicloud_slb_listener" => slb_listener(object),
        "alicloud_kvstore_instance" | "alicloud_redis_tair_instance" => redis(object),
        _ => Ok(()),
    }
}

fn check_zones(object: &Attributes, region: &str) -> Result<()> {
    // Zones of private DNS are no places.
    let zone = text(object, "availability_zone");
    if zone.is_empty() || choices::zones(region).iter().any(|z| z == zone) {
        return Ok(());
    }
    Err(Failure::new("InvalidZoneId.NotFound", format!("The zone {zone} does not exist.")))
}

/// Its addresses are some of the VPC's, and nobody else's.
fn vswitch(objects: &Objects, object: &Attributes) -> Result<()> {
    let net = addresses::parse(text(object, "cidr_block"))?;
    let vpc_id = text(object, "vpc_id");
    if let Some(vpc) = objects.get("alicloud_vpc", vpc_id)
        && !addresses::parse(text(vpc, "cidr_block"))?.contains(&net)
    {
        let what = format!("{net} is not inside the VPC's {}.", text(vpc, "cidr_block"));
        return Err(Failure::new("InvalidCidrBlock.Mismatch", what));
    }
    for (id, other) in objects.of("alicloud_vswitch") {
        let taken = addresses::parse(text(other, "cidr_block"))?;
        let overlap = taken.contains(&net) || net.contains(&taken);
        if text(other, "vpc_id") == vpc_id && overlap {
            let what = format!("{net} overlaps with {taken} of {id}.");
            return Err(Failure::new("InvalidCidrBlock.Overlapped", what));
        }
    }
    Ok(())
}

fn nlb(object: &Attributes) -> Result<()> {
    let zones = object.get("zone_mappings").and_then(Json::as_array).map_or(0, Vec::len);
    if zones < 2 {
        let what = "A network load balancer needs two zones or more.";
        return Err(Failure::new("IllegalParam.ZoneMappings", what));
    }
    Ok(())
}

fn instance(objects: &Objects, object: &Attributes) -> Result<()> {
    let groups = object.get("security_groups").and_then(Json::as_array);
    let groups: Vec<&str> = groups.into_iter().flatten().filter_map(Json::as_str).collect();
    if groups.is_empty() {
        return Err(Failure::new("MissingParameter", "The parameter SecurityGroupId is needed."));
    }
    for id in groups {
        let group = objects.get("alicloud_security_group", id);
        let vpc = group.map(|g| text(g, "vpc_id")).unwrap_or_default();
        if vpc != text(object, "vpc_id") {
            let what = format!("The security group {id} is of another VPC than the vSwitch.");
            return Err(Failure::new("InvalidInstanceId.VpcMismatch", what));
        }
    }
    let kind = text(object, "instance_type");
    if !choices::INSTANCE_TYPES.iter().any(|(name, ..)| *name == kind) {
        let what = format!("The instance type {kind} is not on sale in this zone.");
        return Err(Failure::new("InvalidInstanceType.NotSupported", what));
    }
    let image = text(object, "image_id");
    if !choices::IMAGES.iter().any(|i| i.id == image) {
        let what = format!("The specified ImageId does not exist: {image}.");
        return Err(Failure::new("InvalidImageId.NotFound", what));
    }
    Ok(())
}

fn slb_listener(object: &Attributes) -> Result<()> {
    let has_port = object.get("backend_port").and_then(Json::as_f64).unwrap_or(0.0) > 0.0;
    let no_group = text(object, "server_group_id").is_empty()
        && text(object, "master_slave_server_group_id").is_empty();
    if no_group && !has_port {
        let what = "The parameter BackendServerPort or VServerGroupId is needed.";
        return Err(Failure::new("MissingParameter", what));
    }
    Ok(())
}

fn redis(object: &Attributes) -> Result<()> {
    if text(object, "instance_class").is_empty() {
        return Err(Failure::new("MissingParameter", "The parameter InstanceClass is needed."));
    }
    Ok(())
}

/// Whether it is paid for in advance: deleting it takes it out of the state and no more.
pub fn is_prepaid(object: &Attributes) -> bool {
    text(object, "instance_charge_type") == "PrePaid"
        || matches!(text(object, "payment_type"), "Subscription" | "PrePaid")
}

/// Refuses to delete what is protected.
pub fn check_protection(kind: &str, object: &Attributes) -> Result<()> {
    let on = |name: &str| match object.get(name) {
        Some(Json::Bool(on)) => *on,
        Some(Json::String(on)) => on == "on",
        _ => false,
    };
    let names = [
        "deletion_protection",
        "delete_protection",
        "deletion_protection_enabled",
        "instance_release_protection",
    ];
    match names.iter().find(|name| on(name)) {
        Some(name) => {
            let what = format!("The {kind} is protected by {name}.");
            Err(Failure::new("OperationDenied.DeletionProtection", what))
        }
        None => Ok(()),
    }
}

/// What the API does not tell though it was given: a standard file system has no place in a VPC.
pub fn forget(kind: &str, object: &mut Attributes) {
    let standard = matches!(text(object, "file_system_type"), "standard" | "extreme");
    if kind == "alicloud_nas_file_system" && standard {
        object.insert("vpc_id".to_owned(), Json::Null);
        object.insert("vswitch_id".to_owned(), Json::Null);
    }
}
