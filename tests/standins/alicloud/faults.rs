//! Faults of the cloud that a test switches on: a JSON file beside the cloud's, which each fault
//! is taken out of when it has happened.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use testkit::rig::files;

use super::failure::{Failure, Result};
use super::store::Store;

/// How often the provider tries again when the cloud is busy, as the real one does.
const TRIES: u32 = 4;
/// Pause before that.
const AGAIN: Duration = Duration::from_millis(500);

/// All faults; types are named in full (`alicloud_instance`).
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// Instances refuse SSH for so many seconds after they are said to run. Stays.
    pub unreachable_seconds: u64,
    /// Creating one of the type takes so many seconds longer. Stays.
    pub slow_seconds: BTreeMap<String, u64>,
    /// The next calls for the type that are refused because of too many.
    pub throttled: BTreeMap<String, u32>,
    /// The provider does not find what it has just created of the type, once.
    pub missing_once: Vec<String>,
    /// Instances, by ID or name, whose disk somebody replaces before the next read.
    pub replaced_disks: Vec<String>,
}

/// The file.
#[derive(Clone, Debug)]
pub struct FaultFile {
    path: PathBuf,
}

impl FaultFile {
    /// The one that `BREAKWATER_CLOUD_FAULTS` names, or `CLOUD.faults.json` beside `CLOUD.json`.
    pub fn beside(store: &Store) -> Self {
        let path = std::env::var_os("BREAKWATER_CLOUD_FAULTS").map(PathBuf::from);
        Self { path: path.unwrap_or_else(|| store.path().with_extension("faults.json")) }
    }

    /// The faults that are on.
    pub fn load(&self) -> Result<Faults> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) => serde_json::from_str(&text).map_err(|why| self.failed(&why)),
            Err(_) => Ok(Faults::default()),
        }
    }

    /// Takes one out, where `take` finds it.
    fn take<T: Default>(
        &self,
        store: &Store,
        take: impl FnOnce(&mut Faults) -> Option<T>,
    ) -> Result<T> {
        if !self.path.exists() {
            return Ok(T::default());
        }
        let _one_at_a_time = store.lock()?;
        let mut faults = self.load()?;
        let Some(found) = take(&mut faults) else { return Ok(T::default()) };
        let text = serde_json::to_string_pretty(&faults).map_err(|why| self.failed(&why))?;
        files::write(&self.path, text, 0o644).map_err(|why| self.failed(&why))?;
        Ok(found)
    }

    /// Waits as long as creating one of the type takes longer than it must.
    pub fn dawdle(&self, kind: &str) -> Result<()> {
        let seconds = self.load()?.slow_seconds.get(kind).copied().unwrap_or(0);
        std::thread::sleep(Duration::from_secs(seconds));
        Ok(())
    }

    /// Calls the cloud until it is not too busy, or the provider gives up.
    pub fn throttle(&self, store: &Store, kind: &str) -> Result<()> {
        for _ in 0..TRIES {
            let refused = self.take(store, |faults| {
                let left = faults.throttled.get_mut(kind).filter(|left| **left > 0)?;
                *left -= 1;
                Some(true)
            })?;
            if !refused {
                return Ok(());
            }
            std::thread::sleep(AGAIN);
        }
        let what = "Request was denied due to user flow control.";
        Err(Failure::new("Throttling.User", what))
    }

    /// Whether what was created just now is not found.
    pub fn is_missing(&self, store: &Store, kind: &str) -> Result<bool> {
        self.take(store, |faults| remove(&mut faults.missing_once, |k| k == kind))
    }

    /// Whether somebody has replaced the disk of an instance with this ID or name.
    pub fn is_disk_replaced(&self, store: &Store, id: &str, name: &str) -> Result<bool> {
        self.take(store, |faults| remove(&mut faults.replaced_disks, |i| i == id || i == name))
    }

    fn failed(&self, why: &dyn std::fmt::Display) -> Failure {
        Failure::new("StandInFailure", format!("failed to use {}: {why}", self.path.display()))
    }
}

fn remove(all: &mut Vec<String>, is: impl Fn(&str) -> bool) -> Option<bool> {
    let at = all.iter().position(|one| is(one))?;
    all.remove(at);
    Some(true)
}
