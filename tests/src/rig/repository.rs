//! The local apt repositories that hosts install from: the distribution's packages as Debian's
//! mirror, the `PostgreSQL` ones among them as PGDG.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::{check, command, run};
use super::error::{At, Result};
use super::{Distro, files, keys, paths};

/// What is served over HTTP inside every rig.
pub fn www() -> PathBuf {
    paths::cache().join("www")
}

/// The `resolv.conf` of hosts.
pub const RESOLVER: &str = "nameserver 198.51.100.1\n";

/// The package source in the hosts' `sources.list`.
pub fn host_source(distro: Distro) -> String {
    format!(
        "deb [signed-by=/usr/share/keyrings/mirror.asc] http://198.51.100.1:8000/debian {distro} main\n"
    )
}

/// One suite of a repository.
pub struct Suite<'a> {
    /// Folder of the repository: what `deb URL` names.
    pub root: &'a Path,
    /// Name of the suite, as in `dists/NAME`.
    pub suite: &'a str,
    /// Its one component.
    pub component: &'a str,
    /// `Origin` and `Label` of the release file.
    pub origin: &'a str,
    /// The key that signs it.
    pub key: &'a str,
}

/// Offers downloaded packages as the distribution's mirror.
pub fn publish_debian(distro: Distro, archives: &Path) -> Result<()> {
    let root = www().join("debian");
    let pool = pool(&root, distro)?;
    for deb in debs(archives)? {
        let name = deb.file_name().unwrap_or_default();
        fs::copy(&deb, pool.join(name)).at("copy", &deb)?;
    }
    let name = distro.codename();
    Suite { root: &root, suite: name, component: "main", origin: "Debian", key: "debian" }
        .write(&format!("pool/{name}"))
}

/// Offers the same `PostgreSQL` packages as PGDG does: suite `CODENAME-pgdg`, own key.
pub fn publish_pgdg(distro: Distro) -> Result<()> {
    let root = www().join("pgdg");
    let pool = pool(&root, distro)?;
    for deb in debs(&www().join("debian/pool").join(distro.codename()))? {
        let name = deb.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("postgresql") || name.starts_with("libpq") {
            fs::copy(&deb, pool.join(name)).at("copy", &deb)?;
        }
    }
    write_pgdg(distro)
}

/// Writes the index of what PGDG has for a release, and its key.
pub fn write_pgdg(distro: Distro) -> Result<()> {
    let root = www().join("pgdg");
    let key = files::read(keys::archive_key("pgdg")?)?;
    files::write(root.join("ACCC4CF8.asc"), key, 0o644)?;
    let suite = format!("{distro}-pgdg");
    Suite {
        root: &root,
        suite: &suite,
        component: "main",
        origin: "apt.postgresql.org",
        key: "pgdg",
    }
    .write(&format!("pool/{distro}"))
}

impl Suite<'_> {
    /// Writes the index of the packages in `pool` (relative to the root), and the signed release.
    pub fn write(&self, pool: &str) -> Result<()> {
        self.write_with(pool, "")
    }

    /// [`write`](Self::write) with more entries of the index.
    pub fn write_with(&self, pool: &str, more: &str) -> Result<()> {
        let dist = self.root.join("dists").join(self.suite);
        let architecture = run(["dpkg", "--print-architecture"])?;
        let architecture = architecture.trim();
        let index = dist.join(self.component).join(format!("binary-{architecture}"));
        let packages = check(command(["apt-ftparchive", "packages", pool]).current_dir(self.root))?;
        files::write(index.join("Packages"), packages + more, 0o644)?;
        check(command(["gzip", "-kfn", "Packages"]).current_dir(&index))?;
        files::write(dist.join("Release"), self.release(&dist, architecture)?, 0o644)?;
        keys::clearsign(self.key, &dist.join("Release"), &dist.join("InRelease"))
    }

    fn release(&self, dist: &Path, architecture: &str) -> Result<Vec<u8>> {
        // An old release file in the folder would be listed in the new one.
        for name in ["Release", "InRelease"] {
            let _ = fs::remove_file(dist.join(name));
        }
        let mut make = command(["apt-ftparchive"]);
        for (field, value) in [
            ("Origin", self.origin),
            ("Label", self.origin),
            ("Suite", self.suite),
            ("Codename", self.suite),
            ("Components", self.component),
            ("Architectures", architecture),
        ] {
            make.arg("-o").arg(format!("APT::FTPArchive::Release::{field}={value}"));
        }
        make.arg("release").arg(".").current_dir(dist);
        check(&mut make).map(String::into_bytes)
    }
}

/// The (new, empty) folder of a release's packages in a repository.
pub fn pool(root: &Path, distro: Distro) -> Result<PathBuf> {
    let pool = root.join("pool").join(distro.codename());
    files::remove(&pool)?;
    files::folder(&pool)?;
    Ok(pool)
}

/// The packages in a folder.
pub fn debs(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).at("list", folder)?;
    let mut found: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    found.sort();
    Ok(found)
}
