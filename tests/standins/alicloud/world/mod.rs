//! The cloud's objects as things in a rig: hosts, load balancers, Redis, names, a shared folder.
//!
//! Instances are booted and removed one by one. All else follows from what objects there are: it
//! is worked out anew from all of them after each change, and set.

mod balancers;
mod firewall;
mod instances;
mod lookup;
mod names;
mod redis;
mod storage;
mod values;

use std::fs::File;

use testkit::rig::{RigState, balancers as lb, dns, firewall as fw, network, paths};

use self::lookup::failure;
use super::failure::{Failure, Result};
use super::faults::FaultFile;
use super::store::{Attributes, Objects, Store, text};

/// The types that the rig has something of.
const REAL: [&str; 10] = [
    "instance",
    "security_group",
    "slb_",
    "nlb_",
    "nas_",
    "kvstore_",
    "redis_",
    "pvtz_",
    "alidns_",
    "eip_",
];

/// A rig that has the cloud's things.
#[derive(Clone, Debug)]
pub struct World {
    rig: String,
}

impl World {
    /// The rig that `BREAKWATER_CLOUD_RIG` names, as all that is run in a rig has it.
    pub fn from_env() -> Option<Self> {
        let rig = std::env::var("BREAKWATER_CLOUD_RIG").ok().filter(|name| !name.is_empty())?;
        RigState::load(&rig).ok()?;
        Some(Self { rig })
    }

    /// Where the cloud's file is, if nothing else says so.
    pub fn store(&self) -> std::path::PathBuf {
        paths::rig(&self.rig).join("cloud.json")
    }

    /// Makes what an object stands for. Returns what is known of it from then on, by attribute.
    pub fn create(
        &self,
        kind: &str,
        object: &Attributes,
        objects: &Objects,
        faults: &FaultFile,
    ) -> Result<Attributes> {
        match kind {
            "alicloud_instance" => instances::create(&self.rig, object, objects, faults),
            "alicloud_eip_association" => {
                instances::associate(&self.rig, object, objects).map(|()| Attributes::new())
            }
            "alicloud_ecs_key_pair_attachment" => {
                instances::attach_keys(&self.rig, object, objects).map(|()| Attributes::new())
            }
            _ => Ok(Attributes::new()),
        }
    }

    /// Changes it.
    pub fn update(
        &self,
        kind: &str,
        before: &Attributes,
        after: &Attributes,
        objects: &Objects,
        faults: &FaultFile,
    ) -> Result<()> {
        if kind == "alicloud_instance" {
            instances::update(&self.rig, before, after, objects, faults)?;
        }
        Ok(())
    }

    /// Takes it away; refuses where the cloud would.
    pub fn delete(&self, kind: &str, object: &Attributes, objects: &Objects) -> Result<()> {
        match kind {
            "alicloud_instance" => instances::delete(&self.rig, object),
            "alicloud_eip_association" => instances::dissociate(&self.rig, object, objects),
            "alicloud_nas_mount_target" => {
                storage::check_unmounted(&self.rig, text(object, "file_system_id"))
            }
            _ => Ok(()),
        }
    }

    /// What is left to do when an object is gone.
    pub fn deleted(&self, kind: &str, object: &Attributes, store: &Store) -> Result<()> {
        if kind == "alicloud_ecs_key_pair_attachment" {
            instances::attach_keys(&self.rig, object, &store.load()?)?;
        }
        self.follow(kind, store)
    }

    /// Whether it is there, and what can be seen of it.
    pub fn observe(&self, kind: &str, object: &mut Attributes) -> bool {
        kind != "alicloud_instance" || instances::observe(&self.rig, object)
    }

    /// Replaces an instance's disk behind Terraform's back.
    pub fn replace_disk(&self, object: &Attributes) -> Result<()> {
        instances::renew(&self.rig, object)
    }

    /// Sets all that follows from what objects there are, if a change of this type changes it.
    pub fn follow(&self, kind: &str, store: &Store) -> Result<()> {
        let short = kind.trim_start_matches("alicloud_");
        if !REAL.iter().any(|real| short.starts_with(real)) {
            return Ok(());
        }
        let path = paths::rig(&self.rig).join("cloud.follow.lock");
        let lock = File::create(&path).and_then(|file| file.lock().map(|()| file));
        let _one_at_a_time = lock.map_err(|why| Failure::new("StandInFailure", why.to_string()))?;
        let objects = store.load()?;
        self.set_all(&objects).map_err(|why| failure(&why))
    }

    fn set_all(&self, objects: &Objects) -> testkit::rig::Result<()> {
        let state = RigState::load(&self.rig)?;
        let (listeners, servers) = (balancers::listeners(objects), redis::servers(objects));
        let mut addresses = lb::addresses(&listeners);
        addresses.extend(balancers::addresses(objects));
        addresses.extend(servers.iter().map(|server| server.address.clone()));
        addresses.sort();
        addresses.dedup();
        network::set_addresses(&self.rig, &addresses)?;
        fw::set(&self.rig, &firewall::firewall(objects))?;
        dns::set(&self.rig, &names::records(objects))?;
        storage::set(&state, objects)?;
        testkit::rig::redis::set(&state, &servers)?;
        lb::set(&state, &listeners)
    }
}
