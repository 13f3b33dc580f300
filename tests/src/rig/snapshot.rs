//! Snapshots: hosts as an apply has left them, shut down in order. Rigs begin with what they have, at
//! no cost but a boot, and never change it.
//!
//! A snapshot is a folder with what a rig needs of it: keys, each host's `upper` (which becomes a layer
//! below that of a new host) and Docker's data (which is copied: it is no layer), and whatever else
//! those who made it put into `more`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::command::run;
use super::disk::Disk;
use super::error::{At, Result};
use super::handle::{Options, Rig};
use super::{files, paths};

/// Those that a provider of an earlier build has left are removed after this time: no run takes as long.
const KEEP: Duration = Duration::from_secs(3 * 3600);

/// One of them.
#[derive(Debug, Clone)]
pub struct Snapshot {
    folder: PathBuf,
}

impl Snapshot {
    /// The snapshot of this name; made from the rig that `make` returns if there is none. Whoever is
    /// second waits.
    pub fn ensure(name: &str, make: impl FnOnce() -> Rig) -> Result<Self> {
        let all = paths::rigs().join(".snapshots");
        files::folder(&all)?;
        let lock = all.join("lock");
        let lock = File::create(&lock).at("create", &lock)?;
        lock.lock().at("lock", &all)?;
        let snapshot = Self { folder: all.join(name) };
        if !snapshot.folder.is_dir() {
            remove_old(&all)?;
            snapshot.take(make())?;
        }
        Ok(snapshot)
    }

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

    fn take(&self, rig: Rig) -> Result<()> {
        rig.hosts().try_for_each(|host| host.shut_down())?;
        let (name, state) = (rig.state().name.clone(), rig.state());
        let aside = self.folder.with_extension("new");
        files::remove(&aside)?;
        files::folder(aside.join("hosts"))?;
        let mut moved = vec![("ssh".to_owned(), "ssh".to_owned())];
        moved.push(("terraform".to_owned(), "more".to_owned()));
        for host in &state.hosts {
            let place = format!("hosts/{}", host.name);
            moved.push((place.clone(), place));
        }
        for (from, to) in moved {
            let from = state.folder.join(from);
            fs::rename(&from, aside.join(to)).at("move", &from)?;
        }
        drop(rig);
        Rig::down(&name)?;
        files::publish(&aside, &self.folder)
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

fn remove_old(all: &Path) -> Result<()> {
    for entry in fs::read_dir(all).at("list", all)?.flatten() {
        let made = entry.metadata().and_then(|m| m.modified()).at("look at", entry.path())?;
        let age = SystemTime::now().duration_since(made).unwrap_or_default();
        if entry.path().is_dir() && age > KEEP {
            files::remove(entry.path())?;
        }
    }
    Ok(())
}
