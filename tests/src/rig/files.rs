//! Small file helpers that keep the place of a failure.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::{At, Result};

/// Makes a folder and those above it.
pub fn folder(path: impl AsRef<Path>) -> Result<()> {
    fs::create_dir_all(&path).at("create folder", &path)
}

/// Writes a file with its mode, making the folders above it. It is moved into place: another process
/// that reads it meanwhile sees the old one or the new one.
pub fn write(path: impl AsRef<Path>, text: impl AsRef<[u8]>, mode: u32) -> Result<()> {
    let path = path.as_ref();
    if let Some(parent) = path.parent() {
        folder(parent)?;
    }
    let aside = aside(path);
    fs::write(&aside, text).at("write", &aside)?;
    fs::set_permissions(&aside, fs::Permissions::from_mode(mode)).at("set mode of", &aside)?;
    fs::rename(&aside, path).at("move into place", path)
}

/// A name beside a file that no other writer uses.
fn aside(path: &Path) -> PathBuf {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}-{number}", std::process::id()))
}

/// Sets mode and owner of a folder or file.
pub fn own(path: impl AsRef<Path>, mode: u32, id: u32) -> Result<()> {
    let path = path.as_ref();
    chown(path, Some(id), Some(id)).at("set owner of", path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).at("set mode of", path)
}

/// Reads a text file.
pub fn read(path: impl AsRef<Path>) -> Result<String> {
    fs::read_to_string(&path).at("read", &path)
}

/// Removes a folder with all in it; one that is not there is as good.
pub fn remove(path: impl AsRef<Path>) -> Result<()> {
    match fs::remove_dir_all(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.at("remove", &path),
    }
}

/// Moves a finished folder to its place; one that is there already is kept.
pub fn publish(from: &Path, to: &Path) -> Result<()> {
    match fs::rename(from, to) {
        Err(_) if to.is_dir() => remove(from),
        other => other.at("move into place", to),
    }
}
