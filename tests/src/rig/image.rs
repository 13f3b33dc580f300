//! Base images: one read-only Debian tree per release, made once.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::cache::{lock, tree};
use super::command::{check, command};
use super::error::{At, Result};
use super::{Distro, docker_ce, files, keys, paths, repository, ubuntu};

/// What `opspw` types for login and sudo. Not a secret: the hosts live for one test.
pub const OPSPW_PASSWORD: &str = "opspw-of-the-rig";

/// apt's reading of a mirror that may be a frozen snapshot, on a machine with its own clock.
const APT: &str = "apt-get -qy --no-install-recommends -o Acquire::Check-Valid-Until=false \
                   -o Acquire::Check-Date=false -o Acquire::Languages=none";

/// What hosts of a release have as the lower layers of their overlay, as overlayfs wants it; makes what
/// is not in the cache.
pub fn ensure(distro: Distro) -> Result<OsString> {
    let Some(base) = distro.base() else { return Ok(ensure_tree(distro)?.into_os_string()) };
    let base = ensure_tree(base)?;
    let mut lower = ubuntu::ensure(distro)?.into_os_string();
    lower.push(":");
    lower.push(base);
    Ok(lower)
}

/// The tree of a Debian release, ready to be the lower layer of hosts; makes it, and the packages that go
/// with it, if they are not in the cache. Takes one to three minutes then, needs the network.
fn ensure_tree(distro: Distro) -> Result<PathBuf> {
    let tree = tree(distro);
    if tree.is_dir() && docker_ce::is_published(distro) {
        return Ok(tree);
    }
    let _one_at_a_time = lock()?;
    let work = paths::cache().join("tmp").join(distro.codename());
    files::remove(&work)?;
    files::folder(&work)?;
    if !tree.is_dir() {
        eprintln!("rig: making the {distro} image (once)");
        build(distro, &tree, &work)?;
    }
    if !docker_ce::is_published(distro) {
        docker_ce::publish(distro, &work)?;
    }
    files::remove(&work)?;
    Ok(tree)
}

/// All is made aside and moved into place: the packages first, so that an image has its packages.
fn build(distro: Distro, tree: &Path, work: &Path) -> Result<()> {
    let root = work.join("root");
    files::folder(&root)?;
    bootstrap(distro, &root)?;
    let archives = download(distro, &root)?;
    repository::publish_debian(distro, &archives)?;
    repository::publish_pgdg(distro)?;
    docker_ce::publish(distro, work)?;
    finish(distro, &root)?;
    files::folder(tree.parent().unwrap_or(tree))?;
    files::publish(&root, tree)
}

/// A minimal tree with the base packages, up to date with security.
fn bootstrap(distro: Distro, root: &Path) -> Result<()> {
    let include = format!("--include={}", distro.base_packages().join(","));
    let mut debootstrap =
        command(["debootstrap", "--variant=minbase", &include, distro.codename()]);
    check(debootstrap.arg(root).arg(Distro::mirror()))?;
    files::write(root.join("usr/sbin/policy-rc.d"), "#!/bin/sh\nexit 101\n", 0o755)?;
    files::write(root.join("etc/apt/sources.list"), distro.sources(), 0o644)?;
    std::fs::copy("/etc/resolv.conf", root.join("etc/resolv.conf"))
        .at("copy", "/etc/resolv.conf")?;
    inside(root, &format!("{APT} update && {APT} dist-upgrade && apt-get clean"))
}

/// Fetches the packages that hosts may install, as seen from the bare image. Each package that
/// takes part in a conflict is asked for alone.
fn download(distro: Distro, root: &Path) -> Result<PathBuf> {
    let packages = distro.extra_packages().join(" ");
    let apt = format!("{APT} --download-only -o Binary::apt-get::APT::Keep-Downloaded-Packages=1");
    let optional = Distro::optional_packages().join(" ");
    inside(
        root,
        &format!(
            "for package in {packages}; do {apt} install $package >/dev/null; done
             for package in {optional}; do {apt} install $package >/dev/null || true; done"
        ),
    )?;
    Ok(root.join("var/cache/apt/archives"))
}

/// Users, sshd, network and our package source.
fn finish(distro: Distro, root: &Path) -> Result<()> {
    files::write(root.join("rig/mount.nfs"), include_str!("../../rig/files/mount.nfs"), 0o755)?;
    let unit = include_str!("../../rig/files/cgroups-writable.service");
    files::write(root.join("rig/cgroups-writable.service"), unit, 0o644)?;
    let script = include_str!("../../rig/files/image.sh");
    inside(root, &format!("export OPSPW_PASSWORD='{OPSPW_PASSWORD}'\n{script}"))?;
    let key = files::read(keys::archive_key("debian")?)?;
    files::write(root.join("usr/share/keyrings/mirror.asc"), key, 0o644)?;
    files::write(root.join("etc/apt/sources.list"), repository::host_source(distro), 0o644)?;
    files::write(root.join("etc/resolv.conf"), repository::RESOLVER, 0o644)
}

/// Runs a script inside a tree, with /proc, in a mount namespace that ends with it.
pub fn inside(root: &Path, script: &str) -> Result<()> {
    const ENTER: &str = "mount -t proc proc \"$1/proc\" && exec chroot \"$1\" /bin/sh -ec \"$2\"";
    let mut unshare =
        command(["unshare", "--mount", "--propagation", "private", "sh", "-ec", ENTER, "sh"]);
    unshare.arg(root).arg(script).env_clear();
    unshare.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
    check(unshare.env("DEBIAN_FRONTEND", "noninteractive")).map(drop)
}
