//! SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677, as PostgreSQL stores them in `pg_authid`).
//!
//! The clear password stays on our side: PostgreSQL, which may log statements, gets the verifier.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};

use crate::secret::Secret;

/// A new verifier, with a random salt: `SCRAM-SHA-256$4096:salt$stored:server`.
pub fn verifier(password: &Secret) -> String {
    postgres_protocol::password::scram_sha_256(password.expose().as_bytes())
}

/// Whether a stored verifier is of this password. An MD5 hash never is: it should be replaced.
/// The password must be ASCII, whose `SASLprep` form is itself.
pub fn is_of(verifier: &str, password: &Secret) -> bool {
    let Some((iterations, salt, stored)) = parts(verifier) else { return false };
    stored_key(password, iterations, &salt) == stored
}

/// Whether a stored MD5 hash is of this password of this role.
pub fn is_md5_of(hash: &str, user: &str, password: &Secret) -> bool {
    postgres_protocol::password::md5(password.expose().as_bytes(), user) == hash
}

fn parts(verifier: &str) -> Option<(NonZeroU32, Vec<u8>, Vec<u8>)> {
    let (parameters, keys) = verifier.strip_prefix("SCRAM-SHA-256$")?.split_once('$')?;
    let (iterations, salt) = parameters.split_once(':')?;
    let (stored, _server) = keys.split_once(':')?;
    Some((iterations.parse().ok()?, BASE64.decode(salt).ok()?, BASE64.decode(stored).ok()?))
}

fn stored_key(password: &Secret, iterations: NonZeroU32, salt: &[u8]) -> Vec<u8> {
    let mut salted = [0; digest::SHA256_OUTPUT_LEN];
    let secret = password.expose().as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, secret, &mut salted);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salted);
    let client_key = hmac::sign(&key, b"Client Key");
    digest::digest(&digest::SHA256, client_key.as_ref()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_is_of_its_password_alone() {
        let verifier = verifier(&Secret::from("pencil"));
        assert!(is_of(&verifier, &Secret::from("pencil")));
        assert!(!is_of(&verifier, &Secret::from("Pencil")));
    }

    #[test]
    fn one_of_a_real_server() {
        // RFC 7677's example: user, password "pencil", and the server's stored key.
        let salt = BASE64.decode("W22ZaJ0SNY7soEsUEjb6gQ==").expect("constant");
        let key = stored_key(&Secret::from("pencil"), NonZeroU32::new(4096).expect("4096"), &salt);
        assert_eq!(BASE64.encode(key), "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=");
    }

    #[test]
    fn other_texts_are_of_no_password() {
        for text in ["", "md5a3556571e93b0d20722ba62be61e8c2d", "SCRAM-SHA-256$4096:!!$x:y"] {
            assert!(!is_of(text, &Secret::from("pencil")), "{text}");
        }
    }
}
