//! The cloud's objects in a JSON file. Several providers may use it at once: each change is made
//! under a lock, and only a whole file is ever seen.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use testkit::rig::files;

use super::failure::{Failure, Result};

/// One object: its attributes.
pub type Attributes = Map<String, Json>;

/// Everything that there is.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Objects {
    /// By type and ID.
    pub types: BTreeMap<String, BTreeMap<String, Attributes>>,
    /// How many of something there ever were: addresses are not given out again at once.
    #[serde(default)]
    pub counters: BTreeMap<String, u32>,
}

impl Objects {
    /// The objects of a type.
    pub fn of(&self, kind: &str) -> impl Iterator<Item = (&String, &Attributes)> {
        self.types.get(kind).into_iter().flatten()
    }

    /// One object.
    pub fn get(&self, kind: &str, id: &str) -> Option<&Attributes> {
        self.types.get(kind)?.get(id)
    }

    /// Puts an object in its place.
    pub fn put(&mut self, kind: &str, id: &str, attributes: Attributes) {
        self.types.entry(kind.to_owned()).or_default().insert(id.to_owned(), attributes);
    }

    /// Takes an object away.
    pub fn remove(&mut self, kind: &str, id: &str) {
        if let Some(objects) = self.types.get_mut(kind) {
            objects.remove(id);
        }
    }

    /// The next number of a counter, from 0.
    pub fn next(&mut self, counter: &str) -> u32 {
        let next = self.counters.entry(counter.to_owned()).or_default();
        *next += 1;
        *next - 1
    }
}

/// Text of an attribute; empty where there is none.
pub fn text<'a>(attributes: &'a Attributes, name: &str) -> &'a str {
    attributes.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// The file.
#[derive(Clone, Debug)]
pub struct Store {
    path: PathBuf,
}

impl Store {
    /// The one that `BREAKWATER_CLOUD` names, or else this one.
    pub fn from_env(otherwise: PathBuf) -> Self {
        Self::at(std::env::var_os("BREAKWATER_CLOUD").map_or(otherwise, PathBuf::from))
    }

    /// This file, which need not exist.
    pub fn at(path: PathBuf) -> Self {
        Self { path }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What there is now.
    pub fn load(&self) -> Result<Objects> {
        let _one_at_a_time = self.lock()?;
        self.read()
    }

    /// Changes what there is; nothing is changed where `change` fails.
    pub fn change<T>(&self, change: impl FnOnce(&mut Objects) -> Result<T>) -> Result<T> {
        let _one_at_a_time = self.lock()?;
        let mut objects = self.read()?;
        let result = change(&mut objects)?;
        let text = serde_json::to_string_pretty(&objects).map_err(|e| self.failed("write", &e))?;
        files::write(&self.path, text + "\n", 0o644).map_err(|e| self.failed("write", &e))?;
        Ok(result)
    }

    fn read(&self) -> Result<Objects> {
        match fs::read_to_string(&self.path) {
            Ok(text) => serde_json::from_str(&text).map_err(|e| self.failed("read", &e)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Objects::default()),
            Err(e) => Err(self.failed("read", &e)),
        }
    }

    /// Held until it is dropped.
    pub fn lock(&self) -> Result<File> {
        let path = self.path.with_extension("lock");
        let lock = || {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let file = File::create(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(|e: std::io::Error| self.failed("lock", &e))
    }

    fn failed(&self, action: &str, why: &dyn std::fmt::Display) -> Failure {
        let message = format!("failed to {action} {}: {why}", self.path.display());
        Failure::new("StandInFailure", message)
    }
}
