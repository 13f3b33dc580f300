//! Control groups: one per host and one for the services, in every hierarchy of the machine.
//!
//! They keep hosts of different rigs apart (each systemd believes to be at the root), and tell
//! which processes belong to what, however they came to be.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::command::{command, output, wait_until};
use super::error::{At, Result};

/// Parent of all groups of ours.
const OURS: &str = "breakwater";
/// How long the kernel may take to end processes.
const END: Duration = Duration::from_secs(20);

/// The group of a host, or of the services, of a rig.
#[derive(Debug, Clone)]
pub struct Group {
    path: PathBuf,
}

impl Group {
    /// The group of `part` of a rig; it need not exist.
    pub fn new(rig: &str, part: &str) -> Self {
        Self { path: Path::new(OURS).join(rig).join(part) }
    }

    /// All groups of a rig.
    pub fn whole(rig: &str) -> Self {
        Self { path: Path::new(OURS).join(rig) }
    }

    /// Makes the group in each hierarchy; returns the files that take the process that is to join.
    pub fn create(&self) -> Result<Vec<PathBuf>> {
        let mut joins = Vec::new();
        for root in hierarchies()? {
            let folder = root.join(&self.path);
            fs::create_dir_all(&folder).at("create control group", &folder)?;
            inherit_cpuset(&root, &self.path)?;
            joins.push(folder.join("cgroup.procs"));
        }
        Ok(joins)
    }

    /// Processes in the group and below.
    pub fn processes(&self) -> Result<Vec<u32>> {
        let mut pids = Vec::new();
        for root in hierarchies()? {
            collect(&root.join(&self.path), &mut pids);
        }
        pids.sort_unstable();
        pids.dedup();
        Ok(pids)
    }

    /// Ends every process at once, without a chance to clean up, and removes the groups.
    pub fn kill(&self) -> Result<()> {
        let left = || self.processes().map(|pids| pids.is_empty());
        let gone = || {
            kill(&self.processes()?);
            left()
        };
        wait_until("processes to end", END, gone, || format!("{:?}", self.processes()))?;
        self.remove()
    }

    /// Removes the (empty) groups; the kernel may need a moment after the last process.
    fn remove(&self) -> Result<()> {
        for root in hierarchies()? {
            let folder = root.join(&self.path);
            let gone = || {
                remove_tree(&folder);
                Ok(!folder.exists())
            };
            let what = format!("control group {} to be removed", folder.display());
            wait_until(&what, END, gone, String::new)?;
        }
        Ok(())
    }
}

/// Sends SIGKILL; processes that are gone already are fine.
pub fn kill(pids: &[u32]) {
    if !pids.is_empty() {
        let pids = pids.iter().map(ToString::to_string);
        let _ = output(command(["kill", "-KILL"]).args(pids));
    }
}

/// Where the hierarchies are mounted: one (v2), or one per controller (v1).
fn hierarchies() -> Result<Vec<PathBuf>> {
    let mounts = fs::read_to_string("/proc/self/mounts").at("read", "/proc/self/mounts")?;
    Ok(parse_hierarchies(&mounts))
}

fn parse_hierarchies(mounts: &str) -> Vec<PathBuf> {
    let fields = mounts.lines().map(|line| line.split(' ').collect::<Vec<_>>());
    let ours = fields.filter(|fields| {
        fields.len() > 2
            && matches!(fields[2], "cgroup" | "cgroup2")
            && fields[1].starts_with("/sys/fs/cgroup")
    });
    ours.map(|fields| PathBuf::from(fields[1])).collect()
}

/// A new group of the v1 cpuset controller takes no process until it has CPUs and memory.
fn inherit_cpuset(root: &Path, path: &Path) -> Result<()> {
    let mut folder = root.to_owned();
    for part in path {
        let parent = folder.clone();
        folder.push(part);
        for name in ["cpuset.cpus", "cpuset.mems"] {
            let file = folder.join(name);
            if root.ends_with("cpuset")
                && fs::read_to_string(&file).is_ok_and(|t| t.trim().is_empty())
            {
                let value = fs::read_to_string(parent.join(name)).at("read", parent.join(name))?;
                fs::write(&file, value).at("write", &file)?;
            }
        }
    }
    Ok(())
}

fn collect(folder: &Path, pids: &mut Vec<u32>) {
    let text = fs::read_to_string(folder.join("cgroup.procs")).unwrap_or_default();
    pids.extend(text.lines().filter_map(|line| line.parse::<u32>().ok()));
    for child in children(folder) {
        collect(&child, pids);
    }
}

fn remove_tree(folder: &Path) {
    for child in children(folder) {
        remove_tree(&child);
    }
    // What is still busy is seen by the caller, who looks again.
    let _ = fs::remove_dir(folder);
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_hierarchy_are_found() {
        let mounts = "tmpfs /sys/fs/cgroup tmpfs rw 0 0\n\
                      cgroup /sys/fs/cgroup/cpu cgroup rw,cpu 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n\
                      cgroup /var/elsewhere cgroup rw 0 0\n";
        let found = parse_hierarchies(mounts);
        assert_eq!(found, ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/unified"].map(PathBuf::from));
    }
}
