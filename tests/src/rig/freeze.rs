//! Makes a [`Snapshot`] of a rig.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::error::{At, Result};
use super::handle::Rig;
use super::snapshot::Snapshot;
use super::{files, paths};

/// Those that a provider of an earlier build has left are removed after this time: no run takes as long.
const KEEP: Duration = Duration::from_secs(3 * 3600);

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
