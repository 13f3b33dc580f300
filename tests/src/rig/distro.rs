//! The releases that hosts can run, and what differs between them.

use std::fmt;
use std::process::Command;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::error::{Result, RigError};

/// In the image: about what a cloud image has, and nothing of what a test is about.
const BASE: &[&str] = &[
    "systemd",
    "systemd-sysv",
    "libpam-systemd",
    "dbus",
    "openssh-server",
    "openssh-client",
    "sudo",
    "perl-base",
    "ca-certificates",
    "gpgv",
    "iproute2",
    "iputils-ping",
    "procps",
    "kmod",
    "netbase",
    "adduser",
    "cron",
    "logrotate",
    "less",
];

/// In the local repository, with all that they depend on and the image has not.
const EXTRA: &[&str] = &[
    "docker.io",
    "docker-compose",
    "containerd",
    "runc",
    "iptables",
    "postgresql-common",
    "postgresql-client-common",
    "redis-server",
    "redis-tools",
    "haproxy",
    "nfs-common",
    "curl",
    "gnupg",
    "openssl",
];

/// In the local repository too, if the mirror has them: old releases lose files now and then.
const OPTIONAL: &[&str] = &[
    "jq", "rsync", "xz-utils", "zstd", "lsof", "acl", "locales", "chrony", "strace", "python3",
    "wget",
];

/// A release of Debian, or a [likeness](super::ubuntu) of one of Ubuntu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Distro {
    /// Debian 11: `PostgreSQL` 13, Docker 20.10, Compose 1.25.
    Bullseye,
    /// Debian 12: `PostgreSQL` 15, Docker 20.10, Compose 1.29.
    Bookworm,
    /// Debian 13: `PostgreSQL` 17, Docker 26, Compose 2.26.
    Trixie,
    /// Ubuntu 20.04, to plan with: `PostgreSQL` 12, Docker 26, Compose 1.25 or 2.24.
    Focal,
    /// Ubuntu 22.04, to plan with: `PostgreSQL` 14, Docker 28, Compose 1.29 or 2.37.
    Jammy,
    /// Ubuntu 24.04: Docker 28, Compose 2.37, a Compose 1.29 that does not start; `PostgreSQL` 17 from
    /// PGDG, and 16 to plan with.
    Noble,
}

impl Distro {
    /// All of them, oldest first: Debian's, Ubuntu's.
    pub const ALL: [Self; 6] =
        [Self::Bullseye, Self::Bookworm, Self::Trixie, Self::Focal, Self::Jammy, Self::Noble];

    /// The release's name, as in `dists/NAME`.
    pub fn codename(self) -> &'static str {
        match self {
            Self::Bullseye => "bullseye",
            Self::Bookworm => "bookworm",
            Self::Trixie => "trixie",
            Self::Focal => "focal",
            Self::Jammy => "jammy",
            Self::Noble => "noble",
        }
    }

    /// The major version of `PostgreSQL` that the release has.
    pub fn postgres(self) -> u32 {
        match self {
            Self::Bullseye => 13,
            Self::Bookworm => 15,
            Self::Trixie => 17,
            Self::Focal => 12,
            Self::Jammy => 14,
            Self::Noble => 16,
        }
    }

    /// Whether it is a likeness of Ubuntu: its user is `ubuntu`, and root does not log in.
    pub fn is_ubuntu(self) -> bool {
        self.base().is_some()
    }

    /// What lies under a likeness: the Debian release whose C library is nearest. None under Debian's.
    pub fn base(self) -> Option<Self> {
        match self {
            Self::Bullseye | Self::Bookworm | Self::Trixie => None,
            Self::Focal => Some(Self::Bullseye),
            Self::Jammy => Some(Self::Bookworm),
            Self::Noble => Some(Self::Trixie),
        }
    }

    /// Packages of the base image.
    pub fn base_packages(self) -> Vec<String> {
        BASE.iter().map(|name| (*name).to_owned()).collect()
    }

    /// Packages that the local repository offers to hosts.
    pub fn extra_packages(self) -> Vec<String> {
        let major = self.postgres();
        let versioned = ["postgresql", "postgresql-client"].map(|name| format!("{name}-{major}"));
        let cli = (self == Self::Trixie).then(|| "docker-cli".to_owned());
        let named = EXTRA.iter().chain(&["postgresql", "postgresql-contrib", "postgresql-client"]);
        named.map(|name| (*name).to_owned()).chain(versioned).chain(cli).collect()
    }

    /// Packages that the local repository offers if they can be had.
    pub fn optional_packages() -> &'static [&'static str] {
        OPTIONAL
    }

    /// The lines of `sources.list` that reach Debian's own mirrors from this machine.
    pub fn sources(self) -> String {
        let (mirror, name) = (site(), self.codename());
        format!(
            "deb {mirror}/debian {name} main\n\
             deb {mirror}/debian {name}-updates main\n\
             deb {mirror}/debian-security {name}-security main\n"
        )
    }

    /// The mirror that the base tree is made from.
    pub fn mirror() -> String {
        format!("{}/debian", site())
    }
}

/// The mirror that this machine's own apt uses, without its last folder; `$BREAKWATER_DEBIAN` names
/// another. Where neither is known the address is empty, and debootstrap says so.
fn site() -> String {
    if let Ok(site) = std::env::var("BREAKWATER_DEBIAN") {
        return site;
    }
    let asked = Command::new("apt-get").args(["indextargets", "--format", "$(SITE)"]).output();
    let sites = asked.map(|o| String::from_utf8_lossy(&o.stdout).into_owned()).unwrap_or_default();
    let site = sites.lines().find_map(|line| line.trim_end_matches('/').strip_suffix("/debian"));
    site.unwrap_or_default().to_owned()
}

impl fmt::Display for Distro {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.codename())
    }
}

impl FromStr for Distro {
    type Err = RigError;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|distro| distro.codename() == name);
        found.ok_or_else(|| RigError::UnknownDistro(name.to_owned()))
    }
}
