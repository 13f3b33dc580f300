//! What prepare, and the last start, ran with: a salted digest beside Harbor's files, so that an
//! apply that was cut is taken up where it stopped, and nothing restarts that need not.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The digest as it stands on the host: `SALT DIGEST COMPOSE-FILE`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputDigest {
    salt: String,
    digest: String,
    /// Digest of the compose file when it was written.
    pub compose_file: String,
}

impl InputDigest {
    /// Read the line of the node's script.
    pub fn parse(line: &str) -> Option<Self> {
        let mut words = line.split_whitespace().map(str::to_owned);
        Some(Self { salt: words.next()?, digest: words.next()?, compose_file: words.next()? })
    }

    /// Whether it was made of these inputs, in the order of `scripts::inputs`.
    pub fn is_of(&self, inputs: &[String]) -> bool {
        let mut text = format!("{}\n", self.salt);
        for line in inputs {
            text.push_str(line);
            text.push('\n');
        }
        sha256(&text) == self.digest
    }
}

/// SHA-256 in hexadecimal.
pub fn sha256(text: &str) -> String {
    let mut out = String::new();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_fits_its_inputs_alone() {
        let inputs = vec!["2.15.2 ".to_owned(), sha256("a"), "-".to_owned()];
        let digest = sha256(&format!("salt\n2.15.2 \n{}\n-\n", sha256("a")));
        let recorded = InputDigest::parse(&format!("salt {digest} x ")).expect("a digest");
        assert!(recorded.is_of(&inputs));
        assert!(!recorded.is_of(&inputs[..2]));
        assert_eq!(InputDigest::parse("salt"), None);
    }
}
