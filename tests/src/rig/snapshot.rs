//! Snapshots: hosts as an apply has left them, shut down in order. Rigs begin with what they have, at
//! no cost but a boot, and never change it.
//!
//! A snapshot is a folder with what a rig needs of it: keys, each host's `upper` (which becomes a layer
//! below that of a new host) and Docker's data (which is copied: it is no layer), and whatever else
//! those who made it put into `more`.

use std::path::{Path, PathBuf};

use super::command::run;
use super::disk::Disk;
use super::error::Result;
use super::options::Options;
use super::{files, paths};

/// One of them.
#[derive(Debug, Clone)]
pub struct Snapshot {
    pub(super) folder: PathBuf,
}

impl Snapshot {
    /// A file or folder that belongs to it.
    pub fn more(&self) -> PathBuf {
        self.folder.join("more")
    }

    /// What a host of this name begins with.
    pub fn layer(&self, host: &str) -> PathBuf {
        Disk::new(&self.host(host)).upper()
    }

    /// Makes the folder of a new rig: keys and Docker's data.
    pub fn lay(&self, rig: &str, options: &Options) -> Result<()> {
        let folder = paths::rig(rig);
        files::folder(&folder)?;
        copy(&self.folder.join("ssh"), &folder.join("ssh"))?;
        for (name, _) in &options.hosts {
            let (from, to) = (Disk::new(&self.host(name)), Disk::new(&paths::host(rig, name)));
            files::folder(paths::host(rig, name))?;
            copy(&from.keys(), &to.keys())?;
            copy(&from.docker(), &to.docker())?;
            // It is there, and empty: the layer below has all.
            for folder in [to.upper(), to.work(), to.root()] {
                files::folder(folder)?;
            }
        }
        Ok(())
    }

    fn host(&self, name: &str) -> PathBuf {
        self.folder.join("hosts").join(name)
    }
}

/// With owners, modes and extended attributes.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let words = ["cp".as_ref(), "-a".as_ref(), "--reflink=auto".as_ref()];
    let paths = [from.as_os_str(), to.as_os_str()];
    run(words.into_iter().chain(paths)).map(drop)
}
