//! Likenesses of Ubuntu. Its archive is not Debian's, and may be out of reach: so a Debian tree lies
//! underneath, and above it what differs and matters: `os-release`, cloud-init with the user `ubuntu` and
//! no root login, what a cloud's image does by itself, and an archive with Ubuntu's packages, by name and
//! version. Of these some are made of Debian's, and some are only listed: they can be planned with.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::{check, command};
use super::error::{At, Result};
use super::repository::{Suite, debs, pool, www};
use super::{Distro, cache, files, repository};

/// Part of the image's name; a change of what is in it makes a new one.
const EDITION: u32 = 2;

/// What differs between the releases.
struct Likeness {
    distro: Distro,
    version: &'static str,
    title: &'static str,
    /// Debian's packages that the image has more.
    installed: &'static str,
    /// Suites, each with what is made for it, and what it only lists.
    suites: &'static [(&'static str, &'static [Package], &'static [Package])],
    /// What PGDG has.
    pgdg: &'static [Package],
}

/// Name and version.
type Package = (&'static str, &'static str);

/// Versions are those of packages.ubuntu.com and of apt.postgresql.org, in 2026.
const LIKENESSES: &[Likeness] = &[
    Likeness {
        distro: Distro::Noble,
        version: "24.04",
        title: "Noble Numbat",
        installed: "cloud-init python3 needrestart unattended-upgrades",
        suites: &[
            (
                "noble",
                &[("docker-compose", "1.29.2-6ubuntu1")],
                &[("docker.io", "24.0.7-0ubuntu4"), ("docker-compose-v2", "2.24.6+ds1-0ubuntu2")],
            ),
            (
                "noble-updates",
                &[
                    ("docker.io", "28.2.2-0ubuntu1~24.04.1"),
                    ("docker-compose-v2", "2.37.1+ds1-0ubuntu2~24.04.1"),
                    ("containerd", "1.7.28-0ubuntu1~24.04.1"),
                    ("runc", "1.3.3-0ubuntu1~24.04.3"),
                ],
                &[
                    ("postgresql-16", "16.15-0ubuntu0.24.04.1"),
                    ("postgresql-client-16", "16.15-0ubuntu0.24.04.1"),
                    ("postgresql-common", "257build1.1"),
                    ("postgresql-client-common", "257build1.1"),
                ],
            ),
            ("noble-security", &[("media-types", "13.0.0ubuntu0.24.04.1")], &[]),
        ],
        pgdg: &[
            ("postgresql-17", "17.12-1.pgdg24.04+1"),
            ("postgresql-client-17", "17.12-1.pgdg24.04+1"),
            ("libpq5", "17.12-1.pgdg24.04+1"),
            ("postgresql-common", "293.pgdg24.04+1"),
            ("postgresql-common-dev", "293.pgdg24.04+1"),
            ("postgresql-client-common", "293.pgdg24.04+1"),
        ],
    },
    Likeness {
        distro: Distro::Jammy,
        version: "22.04",
        title: "Jammy Jellyfish",
        installed: "cloud-init",
        suites: &[
            ("jammy", &[], &[("docker-compose", "1.29.2-1"), ("docker.io", "20.10.12-0ubuntu4")]),
            (
                "jammy-updates",
                &[],
                &[
                    ("docker.io", "28.2.2-0ubuntu1~22.04.1"),
                    ("docker-compose-v2", "2.37.1+ds1-0ubuntu2~22.04.1"),
                    ("postgresql-14", "14.24-0ubuntu0.22.04.1"),
                    ("postgresql-client-14", "14.24-0ubuntu0.22.04.1"),
                ],
            ),
        ],
        pgdg: &[],
    },
    Likeness {
        distro: Distro::Focal,
        version: "20.04",
        title: "Focal Fossa",
        installed: "cloud-init",
        suites: &[
            ("focal", &[], &[("docker-compose", "1.25.0-1"), ("docker.io", "19.03.8-0ubuntu1")]),
            (
                "focal-updates",
                &[],
                &[
                    ("docker.io", "26.1.3-0ubuntu1~20.04.1"),
                    ("docker-compose-v2", "2.24.6+ds1-0ubuntu1~20.04.1"),
                    ("postgresql-12", "12.22-0ubuntu0.20.04.4"),
                    ("postgresql-client-12", "12.22-0ubuntu0.20.04.4"),
                ],
            ),
        ],
        pgdg: &[],
    },
];

/// Debian's packages that Ubuntu's archive does not have as they are.
const REPLACED: [&str; 5] = ["docker", "containerd", "runc", "postgresql", "libpq"];

fn likeness(distro: Distro) -> Option<&'static Likeness> {
    LIKENESSES.iter().find(|likeness| likeness.distro == distro)
}

/// The layer that makes a likeness of its base; made, with its archive, if it is not in the cache.
/// Takes half a minute then. The image of the base is there.
pub fn ensure(distro: Distro) -> Result<PathBuf> {
    let layer = tree(distro);
    let Some(likeness) = likeness(distro).filter(|_| !layer.is_dir()) else { return Ok(layer) };
    let _one_at_a_time = cache::lock()?;
    if !layer.is_dir() {
        eprintln!("rig: making the likeness of Ubuntu {} (once)", likeness.version);
        let work = super::paths::cache().join("tmp").join(distro.codename());
        files::remove(&work)?;
        files::folder(&work)?;
        likeness.build(&work)?;
        likeness.publish(&work)?;
        files::publish(&work.join("layer"), &layer)?;
        files::remove(&work)?;
    }
    Ok(layer)
}

fn tree(distro: Distro) -> PathBuf {
    let name = format!("{distro}-{EDITION}.{}", cache::EDITION);
    super::paths::cache().join("images").join(name)
}

impl Likeness {
    fn base(&self) -> Distro {
        self.distro.base().unwrap_or(self.distro)
    }

    /// Writes the layer, as `layer` in the folder. What it installs comes from Debian.
    fn build(&self, work: &Path) -> Result<()> {
        let [layer, above, root] = ["layer", "above", "root"].map(|name| work.join(name));
        [&layer, &above, &root].into_iter().try_for_each(files::folder)?;
        let etc = layer.join("etc");
        files::write(etc.join("apt/sources.list"), self.base().sources(), 0o644)?;
        fs::copy("/etc/resolv.conf", etc.join("resolv.conf")).at("copy", "/etc/resolv.conf")?;
        // In a mount namespace that ends with it.
        let mut unshare = command(["unshare", "--mount", "--propagation", "private"]);
        unshare.args(["sh", "-ec", ENTER, "sh"]).arg(cache::tree(self.base()));
        unshare.args([&layer, &above, &root]).arg(include_str!("../../rig/files/ubuntu.sh"));
        unshare.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
        unshare.env("DEBIAN_FRONTEND", "noninteractive").env("PACKAGES", self.installed);
        unshare.env("VERSION", self.version).env("TITLE", self.title);
        check(unshare.env("CODENAME", self.distro.codename()))?;
        files::write(etc.join("apt/sources.list"), "", 0o644)?;
        files::write(etc.join("apt/sources.list.d/ubuntu.sources"), self.sources(), 0o644)?;
        files::write(etc.join("resolv.conf"), repository::RESOLVER, 0o644)
    }

    /// As Ubuntu's images have it since 24.04, which older ones read, too.
    fn sources(&self) -> String {
        let suites: Vec<_> = self.suites.iter().map(|(suite, ..)| *suite).collect();
        format!(
            "Types: deb\nURIs: http://198.51.100.1:8000/ubuntu\nSuites: {}\nComponents: main\n\
             Signed-By: /usr/share/keyrings/mirror.asc\n",
            suites.join(" ")
        )
    }

    /// Offers its archive, and its part of PGDG.
    fn publish(&self, work: &Path) -> Result<()> {
        let root = www().join("ubuntu");
        for (index, (suite, made, listed)) in self.suites.iter().enumerate() {
            let pool = root.join("pool").join(suite);
            files::remove(&pool)?;
            files::folder(&pool)?;
            if index == 0 && !self.pgdg.is_empty() {
                self.copy_base(&pool)?;
            }
            self.make(work, &pool, made)?;
            Suite { root: &root, suite, component: "main", origin: "Ubuntu", key: "debian" }
                .write_with(&format!("pool/{suite}"), &index_of(listed))?;
        }
        if self.pgdg.is_empty() {
            return Ok(());
        }
        let pool = pool(&www().join("pgdg"), self.distro)?;
        self.make(work, &pool, self.pgdg)?;
        repository::write_pgdg(self.distro)
    }

    /// What Ubuntu has as Debian has it.
    fn copy_base(&self, pool: &Path) -> Result<()> {
        for deb in debs(&base_pool(self.base()))? {
            let name = deb.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if !REPLACED.iter().any(|replaced| name.starts_with(replaced)) {
                fs::hard_link(&deb, pool.join(name)).at("link", &deb)?;
            }
        }
        Ok(())
    }

    /// Makes packages out of Debian's.
    fn make(&self, work: &Path, pool: &Path, packages: &[Package]) -> Result<()> {
        if packages.is_empty() {
            return Ok(());
        }
        let script = work.join("archive.sh");
        files::write(&script, include_str!("../../rig/files/ubuntu-archive.sh"), 0o755)?;
        let mut make = command(["sh"]);
        make.arg(&script).arg(base_pool(self.base())).arg(pool);
        let pairs = packages.iter().map(|(name, version)| format!("{name}={version}"));
        check(make.args(pairs)).map(drop)
    }
}

/// Arguments are lower, upper, work and root; the last is what runs inside.
const ENTER: &str = "mount -t overlay overlay -o \"lowerdir=$1,upperdir=$2,workdir=$3\" \"$4\"
    mount -t proc proc \"$4/proc\" && exec chroot \"$4\" /bin/sh -ec \"$5\"";

fn base_pool(base: Distro) -> PathBuf {
    www().join("debian/pool").join(base.codename())
}

/// Lists packages whose files nobody has.
fn index_of(packages: &[Package]) -> String {
    let entry = |(name, version): &Package| {
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: all\n\
             Filename: listed-only/{name}_{version}_all.deb\nSize: 1\nSHA256: {:064}\n\
             Description: listed only\n\n",
            0
        )
    };
    packages.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use provider::facts::release;

    use super::*;

    /// The archive of a likeness has what the provider believes of the release.
    #[test]
    fn likenesses_are_what_the_provider_knows() {
        for likeness in LIKENESSES {
            let name = likeness.distro.codename();
            let known = release::RELEASES.iter().find(|known| known.codename == name).unwrap();
            let all: Vec<&str> = likeness
                .suites
                .iter()
                .flat_map(|(_, made, listed)| made.iter().chain(*listed))
                .map(|(package, _)| *package)
                .collect();
            let server = format!("postgresql-{}", known.postgresql);
            assert!(all.contains(&server.as_str()), "{name} has no {server}");
            let both = ["docker-compose", "docker-compose-v2"].map(|p| all.contains(&p));
            assert_eq!(both, [true, true], "{name}");
            assert_ne!(known.compose, release::ComposePackages::Program, "{name}");
            assert_eq!(u32::from(known.postgresql), likeness.distro.postgres());
        }
    }
}
