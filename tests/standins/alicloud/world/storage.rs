//! File systems: folders of the folder that all hosts share, by the names of mount targets.

use std::net::Ipv4Addr;
use std::path::Path;

use testkit::rig::error::At;
use testkit::rig::{RigState, files};

use super::lookup::{failure, find};
use crate::addresses;
use crate::failure::{Failure, Result};
use crate::store::{Attributes, Objects, text};

/// Makes the folders of the file systems that there are, and their names; removes others.
pub fn set(rig: &RigState, objects: &Objects) -> testkit::rig::Result<()> {
    let allowed = rig.nas.join(".allowed");
    files::folder(&allowed)?;
    for (id, _) in objects.of("alicloud_nas_file_system") {
        files::folder(rig.nas.join(id))?;
    }
    let targets: Vec<&Attributes> =
        objects.of("alicloud_nas_mount_target").map(|(_, target)| target).collect();
    for target in &targets {
        let domain = text(target, "mount_target_domain");
        let link = rig.nas.join(domain);
        if !link.is_symlink() {
            std::os::unix::fs::symlink(text(target, "file_system_id"), &link).at("link", &link)?;
        }
        files::write(allowed.join(domain), clients(target, objects), 0o644)?;
    }
    let named = |name: &str| targets.iter().any(|t| text(t, "mount_target_domain") == name);
    let exists = |name: &str| objects.get("alicloud_nas_file_system", name).is_some();
    remove(&rig.nas, |name, is_link| match (name, is_link) {
        (".allowed", _) => true,
        (name, true) => named(name),
        (name, false) => exists(name),
    })?;
    remove(&allowed, |name, _| named(name))
}

/// Removes what is not kept.
fn remove(folder: &Path, keep: impl Fn(&str, bool) -> bool) -> testkit::rig::Result<()> {
    for entry in std::fs::read_dir(folder).at("list", folder)?.flatten() {
        let path = entry.path();
        if keep(&entry.file_name().to_string_lossy(), path.is_symlink()) {
            continue;
        }
        if path.is_dir() && !path.is_symlink() {
            files::remove(&path)?;
        } else {
            std::fs::remove_file(&path).at("remove", &path)?;
        }
    }
    Ok(())
}

/// Addresses of the instances that may mount a target, one per line.
fn clients(target: &Attributes, objects: &Objects) -> String {
    let group = text(target, "access_group_name");
    let rules = objects.of("alicloud_nas_access_rule").map(|(_, rule)| rule);
    let rules: Vec<&str> = rules
        .filter(|rule| text(rule, "access_group_name") == group)
        .map(|rule| text(rule, "source_cidr_ip"))
        .collect();
    let instances = objects.of("alicloud_instance").map(|(_, instance)| instance);
    let instances = instances.filter(|i| text(i, "vpc_id") == text(target, "vpc_id"));
    let addresses = instances.map(|i| text(i, "private_ip"));
    let allowed = addresses.filter(|a| rules.iter().any(|rule| contains(rule, a)));
    allowed.map(|address| format!("{address}\n")).collect()
}

fn contains(rule: &str, address: &str) -> bool {
    let address = address.parse::<Ipv4Addr>();
    let one = rule.parse::<Ipv4Addr>();
    address.is_ok_and(|a| {
        one.is_ok_and(|one| one == a) || addresses::parse(rule).is_ok_and(|net| net.contains(&a))
    })
}

/// Refuses while a host has a file system mounted.
pub fn check_unmounted(rig: &str, file_system: &str) -> Result<()> {
    let rig = find(rig)?;
    let folder = rig.state().nas.join(file_system).to_string_lossy().into_owned();
    for host in rig.hosts() {
        if !host.is_running().map_err(|why| failure(&why))? {
            continue;
        }
        let mounts = host.sh("cat /proc/self/mountinfo").map_err(|why| failure(&why))?;
        // The fourth word is the folder that a bind mount shows, in the file system it is of.
        let mut sources = mounts.lines().filter_map(|line| line.split(' ').nth(3));
        if sources.any(|source| is_below(source, &folder)) {
            let what = format!(
                "The mount target of {file_system} is used by {}: unmount it first.",
                host.address()
            );
            return Err(Failure::new("OperationDenied.MountTargetInUse", what));
        }
    }
    Ok(())
}

/// The source may be told from the root of a file system that is not mounted at `/`.
fn is_below(source: &str, folder: &str) -> bool {
    let parts: Vec<&str> = folder.rsplitn(4, '/').take(3).collect();
    let tail = format!("/{}/{}/{}", parts[2], parts[1], parts[0]);
    source.ends_with(&tail) || source.contains(&format!("{tail}/"))
}
