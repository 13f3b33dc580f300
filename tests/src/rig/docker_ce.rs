//! What stands for Docker's own apt repository: Debian's Docker under the names, and in the split,
//! that Docker's packages have.

use std::path::{Path, PathBuf};

use super::command::{check, command};
use super::error::Result;
use super::repository::{Suite, debs, pool, www};
use super::{Distro, files, keys};

/// Whether [`publish`] was done for a release.
pub fn is_published(distro: Distro) -> bool {
    root().join("dists").join(distro.codename()).join("InRelease").is_file()
}

/// Offers `docker-ce`, `docker-ce-cli`, `containerd.io` and `docker-compose-plugin`. `work` is a
/// folder for files on the way.
pub fn publish(distro: Distro, work: &Path) -> Result<()> {
    let root = root();
    let out = pool(&root, distro)?;
    let script = work.join("docker-ce.sh");
    files::write(&script, include_str!("../../rig/files/docker-ce.sh"), 0o755)?;
    let mut make = command(["sh"]);
    make.arg(&script).arg(www().join("debian/pool").join(distro.codename()));
    make.arg(work.join("docker-ce")).arg(out).arg(distro.codename());
    check(make.args(compose(distro, &work.join("apt"))?))?;
    files::write(root.join("gpg"), files::read(keys::archive_key("docker")?)?, 0o644)?;
    let pool = format!("pool/{distro}");
    let suite = distro.codename();
    Suite { root: &root, suite, component: "stable", origin: "Docker", key: "docker" }.write(&pool)
}

fn root() -> PathBuf {
    www().join("docker-ce/linux/debian")
}

/// Compose 2 as Debian has it since trixie, and for bullseye, whose C library is too old, one that
/// it runs with.
fn compose(distro: Distro, apt: &Path) -> Result<Vec<PathBuf>> {
    files::write(apt.join("sources.list"), Distro::Trixie.sources(), 0o644)?;
    files::folder(apt.join("lists/partial"))?;
    files::folder(apt.join("archives/partial"))?;
    let wanted: &[&str] =
        if distro == Distro::Bullseye { &["docker-compose", "libc6"] } else { &["docker-compose"] };
    apt_get(apt, &["update"])?;
    apt_get(apt, &[&["download"], wanted].concat())?;
    // By name, so Compose comes first.
    debs(apt)
}

/// apt with sources and lists of its own.
fn apt_get(apt: &Path, words: &[&str]) -> Result<String> {
    let mut get = command(["apt-get", "-q", "-o", "Dir::Etc::sourceparts=-"]);
    for (option, path) in [
        ("Dir::Etc::sourcelist", "sources.list"),
        ("Dir::State::lists", "lists"),
        ("Dir::Cache", "."),
    ] {
        get.arg("-o").arg(format!("{option}={}", apt.join(path).display()));
    }
    get.args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Check-Valid-Until=false"]);
    check(get.args(words).current_dir(apt))
}
