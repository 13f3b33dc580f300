//! The disk of a host: what is its own, as the upper layer of an overlay over the image.

use std::path::{Path, PathBuf};

use super::cloud_init::UserData;
use super::error::{At, Result};
use super::state::{HostState, RigState};
use super::{files, network};

/// Logins and their numeric IDs in the image.
const USERS: [(&str, u32); 4] = [("root", 0), ("ops", 1001), ("opspw", 1002), ("nosudo", 1003)];

/// The cloud's NFS, which knows its file systems by the names of their mount targets.
const MOUNT_NFS: &str = include_str!("../../rig/files/mount.nfs.cloud");

/// Where the parts of a host are.
#[derive(Debug, Clone)]
pub struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// The disk of a host with this folder.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// What the host wrote.
    pub fn upper(&self) -> PathBuf {
        self.folder.join("upper")
    }

    /// What the overlay needs besides.
    pub fn work(&self) -> PathBuf {
        self.folder.join("work")
    }

    /// Where the whole is mounted, in the mount namespace of the host alone.
    pub fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// `/var/lib/docker`: outside of the overlay, as Docker needs to make overlays of its own.
    pub fn docker(&self) -> PathBuf {
        self.folder.join("docker")
    }

    /// The host keys; they survive a new disk.
    pub fn keys(&self) -> PathBuf {
        self.folder.join("keys")
    }

    /// What the host prints while it boots.
    pub fn console(&self) -> PathBuf {
        self.folder.join("console.log")
    }

    /// Makes the disk of a host that has none: identity, network, keys. Keeps one that is there.
    pub fn ensure(&self, rig: &RigState, host: &HostState) -> Result<()> {
        if self.upper().is_dir() {
            return Ok(());
        }
        let fresh = self.folder.join("fresh");
        files::remove(&fresh)?;
        for folder in [self.work(), self.root(), self.docker(), fresh.join("etc")] {
            files::folder(folder)?;
        }
        write_identity(&fresh.join("etc"), rig, host)?;
        self.write_host_keys(&fresh.join("etc/ssh"))?;
        let mut keys = files::read(rig.ssh.key.with_extension("pub"))?;
        write_logins(&fresh, &keys)?;
        if host.distro.is_ubuntu() {
            write_seed(&fresh.join("var/lib/cloud/seed/nocloud"), &host.name, &keys)?;
        }
        if let Some(added) = &host.added {
            keys.extend(added.root_keys.iter().flat_map(|key| [key.trim(), "\n"]));
            files::write(fresh.join("root/.ssh/authorized_keys"), keys, 0o600)?;
            files::write(fresh.join("usr/sbin/mount.nfs"), MOUNT_NFS, 0o755)?;
            files::write(fresh.join("usr/sbin/mount.nfs4"), MOUNT_NFS, 0o755)?;
            if let Some(user_data) = &added.user_data {
                UserData::parse(user_data)?.write(&fresh)?;
            }
        }
        files::publish(&fresh, &self.upper())
    }

    /// Throws away all that the host wrote, as with a replaced disk.
    pub fn wipe(&self) -> Result<()> {
        for folder in [self.upper(), self.work(), self.docker()] {
            files::remove(folder)?;
        }
        Ok(())
    }

    fn write_host_keys(&self, ssh: &Path) -> Result<()> {
        files::folder(ssh)?;
        let entries = std::fs::read_dir(self.keys()).at("list", self.keys())?;
        for key in entries.flatten() {
            // Copying keeps the mode: 0600 for the private ones.
            std::fs::copy(key.path(), ssh.join(key.file_name())).at("copy", key.path())?;
        }
        Ok(())
    }
}

fn write_identity(etc: &Path, rig: &RigState, host: &HostState) -> Result<()> {
    let id = files::read("/proc/sys/kernel/random/uuid")?.replace('-', "");
    files::write(etc.join("machine-id"), id, 0o444)?;
    files::write(etc.join("hostname"), format!("{}\n", host.name), 0o644)?;
    files::write(etc.join("hosts"), network::hosts_file(&host.name, rig), 0o644)?;
    files::write(etc.join("systemd/network/10-host0.network"), link(host), 0o644)
}

/// An address of another network than the bridge's is alone, as on a cloud's router.
pub fn link(host: &HostState) -> String {
    let (address, router) = (&host.address, network::RUNNER);
    let size = if network::is_near(address) { 24 } else { 32 };
    let public = host.added.as_ref().and_then(|a| a.public.as_ref());
    let public = public.map(|public| format!("Address={public}/32\n")).unwrap_or_default();
    format!(
        "[Match]\nName=host0\n\n[Network]\nAddress={address}/{size}\n{public}\
         LinkLocalAddressing=no\nIPv6AcceptRA=no\n\n\
         [Route]\nGateway={router}\nGatewayOnLink=yes\nPreferredSource={address}\n"
    )
}

/// Each user accepts the rig's key. The folders exist in the image too: their owner and mode are
/// those of the upper layer.
fn write_logins(root: &Path, key: &str) -> Result<()> {
    for (user, id) in USERS {
        let home = if id == 0 { root.join("root") } else { root.join("home").join(user) };
        let ssh = home.join(".ssh");
        files::write(ssh.join("authorized_keys"), key, 0o600)?;
        for (path, mode) in [(&home, 0o700), (&ssh, 0o700), (&ssh.join("authorized_keys"), 0o600)] {
            files::own(path, mode, id)?;
        }
    }
    Ok(())
}

/// What cloud-init is told: with this key its user is let in, and root is told who that is.
fn write_seed(seed: &Path, host: &str, key: &str) -> Result<()> {
    files::write(seed.join("meta-data"), format!("instance-id: {host}\n"), 0o644)?;
    let user_data = format!("#cloud-config\nssh_authorized_keys: [{key:?}]\n", key = key.trim());
    files::write(seed.join("user-data"), user_data, 0o644)
}
