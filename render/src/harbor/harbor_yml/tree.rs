//! The document while it is built. Keys enter by their dotted path and through one place, which
//! refuses what the release does not read.

use serde_json::{Map, Value};

use super::super::{Release, keys};
use crate::Error;

pub(super) struct Tree {
    release: Release,
    root: Map<String, Value>,
}

impl Tree {
    pub(super) fn new(release: Release) -> Self {
        Self { release, root: Map::new() }
    }

    /// Whether the release reads the key.
    pub(super) fn knows(&self, path: &str) -> bool {
        keys::is_known(self.release, path)
    }

    /// Writes a key, or says which releases know it.
    pub(super) fn put(&mut self, path: &str, value: impl Into<Value>) -> Result<(), Error> {
        if !self.knows(path) {
            return Err(Error::UnknownKey {
                key: path.to_owned(),
                release: self.release.to_string(),
                known: keys::releases_of(path),
            });
        }
        insert(&mut self.root, path, value.into());
        Ok(())
    }

    /// Writes a key that was asked for.
    pub(super) fn put_some(
        &mut self,
        path: &str,
        value: Option<impl Into<Value>>,
    ) -> Result<(), Error> {
        value.map_or(Ok(()), |value| self.put(path, value))
    }

    /// Writes a key that was asked for, and the default if the release demands the key.
    pub(super) fn put_or(
        &mut self,
        path: &str,
        value: Option<impl Into<Value>>,
        default: impl Into<Value>,
    ) -> Result<(), Error> {
        match value {
            Some(value) => self.put(path, value),
            None if keys::required_keys(self.release).any(|key| key == path) => {
                self.put(path, default)
            }
            None => Ok(()),
        }
    }

    /// The whole document; a demanded key that is missing is a mistake in the renderer.
    pub(super) fn finish(self) -> Result<Value, Error> {
        let document = Value::Object(self.root);
        for key in keys::required_keys(self.release) {
            if document.pointer(&format!("/{}", key.replace('.', "/"))).is_none() {
                return Err(Error::invalid(
                    key,
                    format!("is demanded by Harbor {} and was not written", self.release),
                ));
            }
        }
        Ok(document)
    }
}

/// Every dot separates: a map whose own names may hold dots is put as one value.
fn insert(map: &mut Map<String, Value>, path: &str, value: Value) {
    let Some((head, rest)) = path.split_once('.') else {
        map.insert(path.to_owned(), value);
        return;
    };
    let child = map.entry(head).or_insert_with(|| Value::Object(Map::new()));
    if let Value::Object(child) = child {
        insert(child, rest, value);
    }
}
