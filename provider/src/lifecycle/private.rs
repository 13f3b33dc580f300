//! What is kept beside a state and never shown: pinned host keys, digests, announced steps.

use std::collections::{BTreeMap, BTreeSet};

use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;
use crate::value::{Object, Value};

/// The attribute with the UID of the object's life.
pub const UID: &str = "uid";
/// The attribute with the host keys that were seen at first contact.
pub const HOST_KEYS: &str = "host_keys";

/// The private data of one resource, as JSON in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    /// Host keys seen at first contact, by `host:port`.
    pub pins: BTreeMap<String, String>,
    /// HMAC-SHA256 of each managed file that holds a secret, by its name in `files`. The key stays
    /// on the host, so the state holds nothing that can be guessed offline.
    pub digests: BTreeMap<String, String>,
    /// Destructive steps that the plan announced, by what they do (`Step::digest`).
    pub announced: BTreeSet<String>,
    /// Hosts that did not answer when the plan was made, by their names among the targets.
    pub missing: BTreeSet<String>,
    /// The UID of the object's life; empty until it is first applied.
    pub uid: String,
    /// Imported: the next apply takes the host over from whoever managed it.
    pub adopt: bool,
}

impl Private {
    /// Read it; anything that is not ours reads as empty.
    pub fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
    }

    /// The same with what the state shows of it, where the client hands no private data on, as some do
    /// for a delete.
    pub fn with_state(mut self, state: Option<&Object>) -> Self {
        let Some(state) = state else { return self };
        if let (true, Some(uid)) = (self.uid.is_empty(), state.get(UID).and_then(Value::as_str)) {
            uid.clone_into(&mut self.uid);
        }
        for (place, key) in state.get(HOST_KEYS).and_then(Value::as_map).into_iter().flatten() {
            if let Some(key) = key.as_str() {
                self.pins.entry(place.clone()).or_insert_with(|| key.to_owned());
            }
        }
        self
    }

    /// The attributes that show it.
    pub fn shown(&self) -> [(String, Value); 2] {
        let uid = Some(&self.uid).filter(|uid| !uid.is_empty());
        let keys = self.pins.iter().map(|(place, key)| (place.clone(), key.clone().into()));
        [
            (UID.to_owned(), uid.map_or(Value::Null, |uid| uid.clone().into())),
            (HOST_KEYS.to_owned(), Value::Map(keys.collect())),
        ]
    }

    /// Without what belongs to one plan alone.
    pub fn beyond_the_plan(self) -> Self {
        Self { announced: BTreeSet::new(), missing: BTreeSet::new(), ..self }
    }

    /// Write it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// HMAC-SHA256 of a text with the key of its host, hexadecimal.
pub fn digest(key: &Secret, text: &Secret) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose().as_bytes());
    let tag = hmac::sign(&key, text.expose().as_bytes());
    tag.as_ref().iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn survives_a_round_trip_and_ignores_strangers() {
        let mut private = Private::default();
        private.pins.insert("h:22".into(), "ssh-ed25519 AAAA".into());
        private.announced.insert("a: wipe".into());
        assert_eq!(Private::decode(&private.encode()), private);
        assert_eq!(Private::decode(b"{\"schema_version\":\"1\"}"), Private::default());
        assert_eq!(Private::decode(b"\xff"), Private::default());
    }

    #[test]
    fn a_delete_without_private_data_has_what_the_state_shows() {
        let mut private = Private { uid: "u1".into(), ..Private::default() };
        private.pins.insert("h:22".into(), "ssh-ed25519 AAAA".into());
        let state = Object::from(private.shown());
        assert_eq!(Private::decode(b"").with_state(Some(&state)), private);
        // What private data there is counts more.
        let mut other = Private { uid: "u2".into(), ..Private::default() };
        other.pins.insert("h:22".into(), "ssh-ed25519 BBBB".into());
        assert_eq!(other.clone().with_state(Some(&state)), other);
        assert_eq!(Private::default().shown()[0].1, Value::Null);
    }

    #[test]
    fn digest_depends_on_key_and_text() {
        let of = |k: &str, t: &str| digest(&Secret::from(k), &Secret::from(t));
        assert_ne!(of("k1", "t"), of("k2", "t"));
        assert_ne!(of("k1", "t"), of("k1", "u"));
        assert_eq!(of("k1", "t").len(), 64);
    }
}
