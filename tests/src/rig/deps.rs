//! What the machine itself needs: Debian packages alone.

use std::path::Path;

use super::command::{check, command};
use super::error::Result;
use super::files;

/// Program to look for, and the package that brings it.
const NEEDED: &[(&str, &str)] = &[
    ("debootstrap", "debootstrap"),
    ("systemd-nspawn", "systemd-container"),
    ("haproxy", "haproxy"),
    ("redis-server", "redis-server"),
    ("redis-cli", "redis-tools"),
    ("dpkg-deb", "dpkg"),
    ("apt-ftparchive", "apt-utils"),
    ("gpg", "gnupg"),
    ("ip", "iproute2"),
    ("iptables", "iptables"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("sshpass", "sshpass"),
    ("nsenter", "util-linux"),
];

/// Services that these packages would leave running or enabled on the machine.
const NOT_HERE: &[&str] = &["haproxy.service", "redis-server.service"];

/// Where programs for root are, whatever the caller's `PATH` says.
const PROGRAMS: &[&str] =
    &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// Debian refuses to start services while a policy of 101 is in place.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs what is missing; quiet, quick and offline when nothing is. Returns what it installed.
pub fn install() -> Result<Vec<&'static str>> {
    let mut packages: Vec<_> = NEEDED
        .iter()
        .filter(|(program, _)| !is_there(program))
        .map(|(_, package)| *package)
        .collect();
    packages.dedup();
    if packages.is_empty() {
        return Ok(packages);
    }
    eprintln!("rig: installing {}", packages.join(" "));
    // An unrelated broken source of the machine must not stop us: the install says what is missing.
    let _ = check(&mut command(["apt-get", "update", "-q"]));
    without_services(|| {
        let mut install = command(["apt-get", "install", "-qy", "--no-install-recommends"]);
        check(install.args(&packages).env("DEBIAN_FRONTEND", "noninteractive"))
    })?;
    Ok(packages)
}

fn is_there(program: &str) -> bool {
    PROGRAMS.iter().any(|folder| Path::new(folder).join(program).exists())
}

/// Runs with service starts refused, and leaves the services disabled.
fn without_services(install: impl FnOnce() -> Result<String>) -> Result<()> {
    let ours = !Path::new(POLICY).exists();
    if ours {
        files::write(POLICY, "#!/bin/sh\nexit 101\n", 0o755)?;
    }
    let installed = install();
    if ours {
        let _ = std::fs::remove_file(POLICY);
    }
    installed?;
    // Absent services and a machine without systemd are as good as disabled ones.
    let _ = check(command(["systemctl", "disable", "--quiet"]).args(NOT_HERE));
    Ok(())
}
