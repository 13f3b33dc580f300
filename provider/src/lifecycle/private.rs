//! What is kept beside a state and never shown: pinned host keys, digests, announced steps.

use std::collections::{BTreeMap, BTreeSet};

use ring::hmac;
use serde::{Deserialize, Serialize};

use crate::secret::Secret;

/// The private data of one resource, as JSON in the state.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Private {
    /// Host keys seen at first contact, by `host:port`.
    pub pins: BTreeMap<String, String>,
    /// HMAC-SHA256 of each managed file that holds a secret, by its name in `files`. The key stays
    /// on the host, so the state holds nothing that can be guessed offline.
    pub digests: BTreeMap<String, String>,
    /// Destructive steps that the plan announced, by what they do (`Step::deed`).
    pub announced: BTreeSet<String>,
    /// Hosts that did not answer when the plan was made, by their names among the targets.
    pub missing: BTreeSet<String>,
    /// Imported: the next apply takes the host over from whoever managed it.
    pub adopt: bool,
}

impl Private {
    /// Read it; anything that is not ours reads as empty.
    pub fn decode(bytes: &[u8]) -> Self {
        serde_json::from_slice(bytes).unwrap_or_default()
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
    fn digest_depends_on_key_and_text() {
        let of = |k: &str, t: &str| digest(&Secret::from(k), &Secret::from(t));
        assert_ne!(of("k1", "t"), of("k2", "t"));
        assert_ne!(of("k1", "t"), of("k1", "u"));
        assert_eq!(of("k1", "t").len(), 64);
    }
}
