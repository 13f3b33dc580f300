//! `pack`: the installer archives of a release, the same bytes each time.

mod archive;
mod images;
mod program;
mod scripts;
mod template;
#[cfg(test)]
mod tests;

use std::fs;
use std::path::{Path, PathBuf};

use archive::Archive;
use program::File;
use sha2::{Digest, Sha256};

use crate::error::{Doing, Result, failure};
use crate::hex::hex;
use crate::release::{self, Release};

/// `pack --version 2.N.P --out DIR`.
pub fn run(arguments: &[String]) -> Result<()> {
    let option = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1)
    };
    let usage = || failure("usage: standin-harbor pack --version 2.N.P --out DIR");
    let release = release::parse(option("--version").ok_or_else(usage)?)?;
    let out = PathBuf::from(option("--out").ok_or_else(usage)?);
    for path in write_installers(release, &program::files()?, &out)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Writes both installers and their checksum files.
pub fn write_installers(release: Release, program: &[File], out: &Path) -> Result<Vec<PathBuf>> {
    fs::create_dir_all(out).doing("make the output folder")?;
    let images = images::saved(release, program)?;
    let offline = installer(release, Some(&images))?;
    let online = installer(release, None)?;
    let mut written = Vec::new();
    for (kind, bytes) in [("offline", offline), ("online", online)] {
        let name = format!("harbor-{kind}-installer-v{release}.tgz");
        let path = out.join(&name);
        let sum = hex(&Sha256::digest(&bytes));
        fs::write(&path, bytes).doing("write an installer")?;
        fs::write(out.join(format!("{name}.sha256")), format!("{sum}  {name}\n"))
            .doing("write a checksum")?;
        written.push(path);
    }
    Ok(written)
}

fn installer(release: Release, images: Option<&[u8]>) -> Result<Vec<u8>> {
    let mut archive = Archive::default();
    archive.file("harbor/common.sh", scripts::common(release).as_bytes(), 0o644)?;
    if let Some(images) = images {
        archive.file(&format!("harbor/harbor.v{release}.tar.gz"), images, 0o644)?;
    }
    archive.file("harbor/harbor.yml.tmpl", template::text(release).as_bytes(), 0o644)?;
    archive.file("harbor/install.sh", scripts::install(release).as_bytes(), 0o755)?;
    archive.file("harbor/prepare", scripts::prepare(release).as_bytes(), 0o755)?;
    archive.file(
        "harbor/LICENSE",
        b"A stand-in for tests; under the licence of the project it belongs to.\n",
        0o644,
    )?;
    archive.compressed()
}
