//! What stands for Docker's own apt repository: Debian's Docker under the names, and in the split,
//! that Docker's packages have.

use std::path::{Path, PathBuf};

use super::command::{check, command};
use super::error::Result;
use super::repository::{Suite, debs, package_name, pool, www};
use super::{Distro, files, keys};

/// Offers `docker-ce`, `docker-ce-cli`, `containerd.io` and, where it runs, the Compose plugin.
pub fn publish(distro: Distro, work: &Path) -> Result<()> {
    let root = www().join("docker-ce/linux/debian");
    let out = pool(&root, distro)?;
    let script = work.join("docker-ce.sh");
    files::write(&script, include_str!("../../rig/files/docker-ce.sh"), 0o755)?;
    let mut make = command(["sh"]);
    make.arg(&script).arg(www().join("debian/pool").join(distro.codename()));
    make.arg(work.join("docker-ce")).arg(out).arg(distro.codename());
    check(make.args(compose(distro, work)?))?;
    files::write(root.join("gpg"), files::read(keys::archive_key("docker")?)?, 0o644)?;
    let pool = format!("pool/{distro}");
    let suite = distro.codename();
    Suite { root: &root, suite, component: "stable", origin: "Docker", key: "docker" }.write(&pool)
}

/// Compose 2 as Debian has it since trixie; it needs the C library of bookworm.
fn compose(distro: Distro, work: &Path) -> Result<Option<PathBuf>> {
    if distro == Distro::Bullseye {
        return Ok(None);
    }
    let apt = work.join("apt");
    files::write(apt.join("sources.list"), Distro::Trixie.sources(), 0o644)?;
    files::folder(apt.join("lists/partial"))?;
    files::folder(apt.join("archives/partial"))?;
    let get = |words: &[&str]| {
        let mut get = command(["apt-get", "-q", "-o", "Dir::Etc::sourceparts=-"]);
        for (option, path) in [
            ("Dir::Etc::sourcelist", "sources.list"),
            ("Dir::State::lists", "lists"),
            ("Dir::Cache", "."),
        ] {
            get.arg("-o").arg(format!("{option}={}", apt.join(path).display()));
        }
        get.args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Check-Valid-Until=false"]);
        check(get.args(words).current_dir(&apt))
    };
    get(&["update"])?;
    get(&["download", "docker-compose"])?;
    for deb in debs(&apt)? {
        if package_name(&deb)? == "docker-compose" {
            return Ok(Some(deb));
        }
    }
    Ok(None)
}
