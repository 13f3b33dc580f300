//! Taking a rig down, also one that came up half: nothing is read from its files.

use std::path::Path;

use super::cgroup::{self, Group};
use super::command::run;
use super::error::{At, Result, RigError};
use super::{boot, files, network, outside, paths, slow};

/// Removes processes, network, mounts and files of a rig, in this order.
pub fn remove(name: &str) -> Result<()> {
    Group::whole(name).kill()?;
    cgroup::kill(&strangers(name)?);
    slow::remove(name)?;
    outside::remove(name)?;
    network::down(name)?;
    let folder = paths::rig(name);
    unmount_below(&folder)?;
    boot::forget(name, &folder)?;
    files::remove(&folder)
}

/// Processes in the rig's network that are in none of its groups (what `run` started), without
/// this one and those above it.
fn strangers(name: &str) -> Result<Vec<u32>> {
    let mut ours = vec![std::process::id()];
    while let Some(parent) = ours.last().and_then(|pid| parent(*pid)) {
        ours.push(parent);
    }
    let mut pids = network::processes(&network::namespace(name))?;
    pids.extend(network::processes(&slow::far_namespace(name))?);
    pids.extend(network::processes(&outside::namespace(name))?);
    pids.retain(|pid| !ours.contains(pid));
    Ok(pids)
}

fn parent(pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:"))?;
    parent.trim().parse().ok().filter(|pid| *pid > 0)
}

/// Hosts mount in namespaces of their own, so nothing is expected here; but removing files through
/// a forgotten mount would remove somebody else's.
fn unmount_below(folder: &Path) -> Result<()> {
    let mounts = || -> Result<Vec<String>> {
        let table = std::fs::read_to_string("/proc/self/mounts").at("read", "/proc/self/mounts")?;
        let targets = table.lines().filter_map(|line| line.split(' ').nth(1));
        let below = targets.filter(|target| Path::new(target).starts_with(folder));
        Ok(below.map(str::to_owned).collect())
    };
    for mount in mounts()?.iter().rev() {
        run(["umount", "--lazy", mount])?;
    }
    match mounts()?.pop() {
        None => Ok(()),
        Some(mount) => Err(RigError::StillMounted { path: folder.to_owned(), mount }),
    }
}
