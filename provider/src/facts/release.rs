//! Releases of Debian and Ubuntu: what their archives have. A host that has just booted has no package
//! lists, so that it cannot be asked.
//!
//! | release | `PostgreSQL` | `docker.io` | `docker-compose` | `docker-compose-v2` | Python | PGDG |
//! |---|---|---|---|---|---|---|
//! | Ubuntu 18.04 bionic | 10 | 20.10.21 | 1.17.1 | - | 3.6 | archive |
//! | Ubuntu 20.04 focal | 12 | 26.1.3 | 1.25.0 | 2.24.6, -updates | 3.8 | archive |
//! | Ubuntu 22.04 jammy | 14 | 28.2.2 | 1.29.2 | 2.37.1, -updates | 3.10 | main |
//! | Ubuntu 24.04 noble | 16 | 28.2.2 | 1.29.2, dead | 2.24.6; 2.37.1, -updates | 3.12 | main |
//! | Ubuntu 26.04 resolute | 18 | 29.1.3 | - | 2.40.3 | 3.14 | main |
//! | Debian 11 bullseye | 13 | 20.10.5 | 1.25.0 | - | 3.9 | main |
//! | Debian 12 bookworm | 15 | 20.10.24 | 1.29.2 | - | 3.11 | main |
//! | Debian 13 trixie | 17 | 26.1.5 | 2.26.1 | - | 3.13 | main |
//!
//! Sources: packages.ubuntu.com and packages.debian.org (Docker and Compose are in universe, and Docker
//! is the newest of -updates: wiki.ubuntu.com/DockerUpdates). `docker-compose` 1 imports `distutils`,
//! which Python has no more since 3.12 (PEP 632, docker/compose#11970). PGDG:
//! apt.postgresql.org/pub/repos/apt/dists and apt-archive.postgresql.org/pub/repos/apt/dists.

use super::os::Os;

/// A release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Release {
    /// `noble`
    pub codename: &'static str,
    /// The major version of `PostgreSQL` that it ships.
    pub postgresql: u16,
    /// Its packages of Compose.
    pub compose: ComposePackages,
}

/// Which packages of Compose a distribution has beside its `docker.io`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ComposePackages {
    /// `docker-compose`.
    Program,
    /// `docker-compose-v2`, the plugin, and an old `docker-compose` that works.
    Both,
    /// `docker-compose-v2`. Its `docker-compose`, if there is one, does not start.
    Plugin,
}

use ComposePackages::{Both, Plugin, Program};

const fn release(codename: &'static str, postgresql: u16, compose: ComposePackages) -> Release {
    Release { codename, postgresql, compose }
}

/// Those that are known here.
pub const RELEASES: &[Release] = &[
    release("bionic", 10, Program),
    release("focal", 12, Both),
    release("bullseye", 13, Program),
    release("jammy", 14, Both),
    release("bookworm", 15, Program),
    release("noble", 16, Plugin),
    release("trixie", 17, Program),
    release("resolute", 18, Plugin),
];

/// The release of a host; none for one that is not known here.
pub fn of(os: &Os) -> Option<&'static Release> {
    RELEASES.iter().find(|release| release.codename == os.codename)
}

/// The packages of Compose that a host can have. Ubuntu's newer releases are as its last one.
pub fn compose(os: &Os) -> ComposePackages {
    let unknown = if os.id == "ubuntu" { Plugin } else { Program };
    of(os).map_or(unknown, |release| release.compose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_that_is_not_known_is_as_the_last_of_its_distribution() {
        let os = |id: &str, codename: &str| Os {
            id: id.to_owned(),
            codename: codename.to_owned(),
            ..Os::default()
        };
        assert_eq!(of(&os("ubuntu", "noble")).map(|r| r.postgresql), Some(16));
        assert_eq!(of(&os("ubuntu", "tenacious")), None);
        assert_eq!(compose(&os("ubuntu", "tenacious")), Plugin);
        assert_eq!(compose(&os("debian", "forky")), Program);
        assert_eq!(compose(&os("", "")), Program);
    }
}
