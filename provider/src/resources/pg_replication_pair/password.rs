//! SCRAM verifiers: made on our side, so that no server ever sees the password in a statement.

use std::num::NonZeroU32;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::{digest, hmac, pbkdf2};

use crate::secret::Secret;

/// A new verifier for a password.
pub fn verifier(password: &Secret) -> Secret {
    Secret::from(postgres_protocol::password::scram_sha_256(password.expose().as_bytes()))
}

/// Whether a verifier is of this password: it is made again with the salt that it holds. The
/// password is printable ASCII, which `SASLprep` leaves as it is (RFC 4013).
pub fn matches(verifier: &Secret, password: &Secret) -> bool {
    made_again(verifier.expose(), password).unwrap_or(false)
}

/// `SCRAM-SHA-256$4096:salt$StoredKey:ServerKey`
fn made_again(verifier: &str, password: &Secret) -> Option<bool> {
    let (head, keys) = verifier.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
    let (rounds, salt) = head.split_once(':')?;
    let (stored, _) = keys.split_once(':')?;
    let rounds: NonZeroU32 = rounds.parse().ok()?;
    let salt = STANDARD.decode(salt).ok()?;
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let bytes = password.expose().as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, bytes, &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client = hmac::sign(&key, b"Client Key");
    Some(STANDARD.encode(digest::digest(&digest::SHA256, client.as_ref())) == stored)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_knows_its_password_alone() {
        let verifier = verifier(&Secret::from("pencil"));
        assert!(matches(&verifier, &Secret::from("pencil")));
        assert!(!matches(&verifier, &Secret::from("pencil ")));
    }

    #[test]
    fn another_kind_of_verifier_never_matches() {
        let md5 = Secret::from("md53175bce1d3201d16594cebf9d7eb3f9d");
        assert!(!matches(&md5, &Secret::from("pencil")));
        assert!(!matches(&Secret::from("SCRAM-SHA-256$0:x$y:z"), &Secret::from("pencil")));
    }
}
