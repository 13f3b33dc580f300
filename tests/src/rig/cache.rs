//! What is kept of images from one run to the next, and who may make it.

use std::fs::File;
use std::path::PathBuf;

use super::error::{At, Result};
use super::{Distro, files, paths};

/// Part of the image's name; a change of what is in it makes a new one.
pub const EDITION: u32 = 2;

/// Where the tree of a release is or will be.
pub fn tree(distro: Distro) -> PathBuf {
    paths::cache().join("images").join(format!("{distro}-{EDITION}"))
}

/// Held while something in the cache is made; freed when dropped, also by a crash.
pub fn lock() -> Result<File> {
    let path = paths::cache().join("lock");
    files::folder(paths::cache())?;
    let file = File::create(&path).at("create", &path)?;
    file.lock().at("lock", &path)?;
    Ok(file)
}
