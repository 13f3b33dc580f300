//! Writing files with the owners and modes of the real ones.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;

use super::Places;
use super::settings::Settings;
use crate::error::{Doing, Result};
use crate::release;

/// User and group of Harbor's processes.
pub const HARBOR: u32 = 10000;
/// User and group of its bundled database and Redis.
pub const BUNDLED: u32 = 999;

/// Removes every file below `folder` and leaves the folders.
pub fn wipe(folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            wipe(&path)?;
        } else {
            fs::remove_file(&path).doing("clear the configuration")?;
            println!("Clearing the configuration file: {}", path.display());
        }
    }
    Ok(())
}

/// Writes a generated file.
pub fn generate(path: &Path, text: &str, owner: u32, mode: u32) -> Result<()> {
    folder_of(path)?;
    fs::write(path, text).doing(&format!("write {}", path.display()))?;
    own(path, owner, mode)?;
    println!("Generated configuration file: {}", path.display());
    Ok(())
}

/// Makes the folder that `path` goes into.
pub fn folder_of(path: &Path) -> Result<()> {
    match path.parent() {
        Some(folder) => fs::create_dir_all(folder).doing(&format!("make {}", folder.display())),
        None => Ok(()),
    }
}

/// Sets owner and mode. Only root can give files away: an ordinary user's
/// trial run keeps them.
pub fn own(path: &Path, owner: u32, mode: u32) -> Result<()> {
    let what = format!("set owner and mode of {}", path.display());
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).doing(&what)?;
    if running_as_root() {
        chown(path, Some(owner), Some(owner)).doing(&what)?;
    }
    Ok(())
}

/// Whether files can be given to another user.
pub fn running_as_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// Gives the folders of some parts' configuration to Harbor's user.
pub fn config_folders(places: &Places) -> Result<()> {
    for name in ["portal", "jobservice", "nginx/conf.d", "exporter"] {
        let folder = places.config.join(name);
        if folder.exists() {
            own(&folder, HARBOR, 0o755)?;
        }
    }
    Ok(())
}

/// The folders of the data volume; they are made even for parts that are
/// external.
pub fn data_folders(places: &Places, settings: &Settings) -> Result<()> {
    let mut harbor = vec!["registry", "ca_download", "job_logs"];
    if release::exports_scans(settings.release) {
        harbor.push("scandata_exports");
    }
    if settings.with("chartmuseum") {
        harbor.push("chart_storage");
    }
    if settings.with("trivy") {
        harbor.extend(["trivy-adapter/trivy", "trivy-adapter/reports"]);
    }
    for name in harbor {
        data_folder(&places.data.join(name), HARBOR, 0o755)?;
    }
    data_folder(&places.data.join("database"), BUNDLED, 0o700)?;
    data_folder(&places.data.join("redis"), BUNDLED, 0o755)
}

/// A folder with an owner. What is inside is only given away when the folder
/// itself had the wrong owner.
fn data_folder(folder: &Path, owner: u32, mode: u32) -> Result<()> {
    fs::create_dir_all(folder).doing(&format!("make {}", folder.display()))?;
    let right = fs::metadata(folder).is_ok_and(|found| found.uid() == owner);
    if !right {
        give_away(folder, owner)?;
    }
    own(folder, owner, mode)
}

fn give_away(folder: &Path, owner: u32) -> Result<()> {
    if !running_as_root() {
        return Ok(());
    }
    for entry in fs::read_dir(folder).doing("list a data folder")?.flatten() {
        let path = entry.path();
        if path.is_dir() {
            give_away(&path, owner)?;
        }
        chown(&path, Some(owner), Some(owner)).doing("give a file away")?;
    }
    Ok(())
}
