//! Instances are hosts of the rig.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use testkit::rig::{Added, Distro, NewHost, RigState, paths};

use super::lookup::{failure, find};
use super::values::texts;
use crate::failure::Result;
use crate::faults::FaultFile;
use crate::store::{Attributes, Objects, text};

/// The attribute with the name of the host in the rig, which no state ever has.
const HOST: &str = "_host";

/// Boots a host, and waits until it can be logged in to.
pub fn create(
    rig_name: &str,
    object: &Attributes,
    objects: &Objects,
    faults: &FaultFile,
) -> Result<Attributes> {
    let mut rig = find(rig_name)?;
    let name = name(object, rig.state());
    let public = Some(text(object, "public_ip")).filter(|public| !public.is_empty());
    let more = Added {
        public: public.map(str::to_owned),
        root_keys: keys(object, objects),
        user_data: user_data(object),
    };
    let (distro, address) = (distro(object), text(object, "private_ip").to_owned());
    let new = NewHost { name: name.clone(), distro, address, more };
    let added = rig.add(new).and_then(|()| be_unreachable(&rig, &name, faults));
    if let Err(why) = added {
        // The first failure is the one to tell.
        let _ = rig.remove(&name);
        return Err(failure(&why));
    }
    Ok([(HOST.to_owned(), Json::from(name))].into_iter().collect())
}

/// As it is, or in base64, as the API takes it.
fn user_data(object: &Attributes) -> Option<String> {
    let given = Some(text(object, "user_data")).filter(|data| !data.is_empty())?;
    let plain = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    Some(plain.unwrap_or_else(|| given.to_owned()))
}

/// An instance that runs is not one that can be reached yet.
fn be_unreachable(
    rig: &testkit::rig::Rig,
    host: &str,
    faults: &FaultFile,
) -> testkit::rig::Result<()> {
    match faults.load().map_or(0, |faults| faults.unreachable_seconds) {
        0 => Ok(()),
        seconds => rig.cut_for(host, Duration::from_secs(seconds)),
    }
}

/// The host's name: the user's, if a host of the rig can have it and none has.
fn name(object: &Attributes, rig: &RigState) -> String {
    let id = text(object, "id");
    let given = ["host_name", "instance_name"].map(|name| text(object, name).to_lowercase());
    let fits = |name: &&String| paths::check_host_name(name).is_ok() && rig.host(name).is_err();
    given.iter().find(fits).cloned().unwrap_or_else(|| id.to_owned())
}

/// What stands for the image.
fn distro(object: &Attributes) -> Distro {
    let image = text(object, "image_id");
    let is = |names: [&str; 2]| names.iter().any(|name| image.starts_with(name));
    if is(["debian_11", "ubuntu_20"]) {
        Distro::Bullseye
    } else if is(["debian_13", "ubuntu_24"]) {
        Distro::Trixie
    } else {
        Distro::Bookworm
    }
}

/// The keys that root accepts: of its key pair and of those that are attached.
fn keys(object: &Attributes, objects: &Objects) -> Vec<String> {
    let id = text(object, "id");
    let attached = objects.of("alicloud_ecs_key_pair_attachment").map(|(_, a)| a);
    let attached = attached.filter(|a| texts(a, "instance_ids").contains(&id));
    let mut names = vec![text(object, "key_name")];
    names.extend(attached.map(|a| text(a, "key_pair_name")));
    let key = |name: &str| Some(text(objects.get("alicloud_ecs_key_pair", name)?, "public_key"));
    names.into_iter().filter_map(key).filter(|k| !k.is_empty()).map(str::to_owned).collect()
}

/// A new image wipes the disk in place; a new type restarts; the rest as it says.
pub fn update(
    rig_name: &str,
    before: &Attributes,
    after: &Attributes,
    objects: &Objects,
    faults: &FaultFile,
) -> Result<()> {
    let changed = |name: &str| before.get(name) != after.get(name);
    let host = text(after, HOST);
    let mut rig = find(rig_name)?;
    let restarts = changed("instance_type") && !changed("image_id");
    let mut act = || {
        if changed("key_name") {
            rig.set_keys(host, &keys(after, objects))?;
        }
        if changed("image_id") {
            rig.renew(host, distro(after))?;
            be_unreachable(&rig, host, faults)?;
        }
        let host = rig.try_host(host)?;
        match text(after, "status") {
            "Stopped" => host.shut_down(),
            _ if restarts => host.shut_down().and_then(|()| host.boot()),
            _ if changed("status") => host.boot(),
            _ => Ok(()),
        }
    };
    act().map_err(|why| failure(&why))
}

/// Whether it is in the rig, where it may have been removed, and whether it has power.
pub fn observe(rig: &str, object: &mut Attributes) -> bool {
    let host = text(object, HOST).to_owned();
    let Ok(rig) = find(rig) else { return true };
    let Ok(host) = rig.try_host(&host) else { return false };
    let status = if host.is_running().unwrap_or(true) { "Running" } else { "Stopped" };
    object.insert("status".to_owned(), status.into());
    true
}

/// Replaces the disk by that of the same image.
pub fn renew(rig: &str, object: &Attributes) -> Result<()> {
    find(rig)?.renew(text(object, HOST), distro(object)).map_err(|why| failure(&why))
}

/// Cuts the power and throws the host away.
pub fn delete(rig: &str, object: &Attributes) -> Result<()> {
    match text(object, HOST) {
        "" => Ok(()),
        host => find(rig)?.remove(host).map_err(|why| failure(&why)),
    }
}

/// Gives an instance a public address.
pub fn associate(rig: &str, object: &Attributes, objects: &Objects) -> Result<()> {
    let address = objects.get("alicloud_eip_address", text(object, "allocation_id"));
    let address = address.map(|a| text(a, "ip_address")).filter(|a| !a.is_empty());
    publish(rig, object, objects, address)
}

/// Takes it away.
pub fn dissociate(rig: &str, object: &Attributes, objects: &Objects) -> Result<()> {
    publish(rig, object, objects, None)
}

fn publish(rig: &str, object: &Attributes, objects: &Objects, address: Option<&str>) -> Result<()> {
    let instance = objects.get("alicloud_instance", text(object, "instance_id"));
    let host = instance.map(|i| text(i, HOST)).unwrap_or_default();
    if host.is_empty() {
        return Ok(());
    }
    find(rig)?.publish(host, address).map_err(|why| failure(&why))
}

/// Makes instances accept the keys that they are attached to.
pub fn attach_keys(rig: &str, object: &Attributes, objects: &Objects) -> Result<()> {
    for id in texts(object, "instance_ids") {
        if let Some(instance) = objects.get("alicloud_instance", id) {
            let (host, keys) = (text(instance, HOST), keys(instance, objects));
            find(rig)?.set_keys(host, &keys).map_err(|why| failure(&why))?;
        }
    }
    Ok(())
}
