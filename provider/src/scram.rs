//! SCRAM-SHA-256 verifiers (RFC 5802, RFC 7677, as `PostgreSQL` stores them in `pg_authid`).
//!
//! The clear password stays on our side: `PostgreSQL`, which may log statements, gets the verifier.

use std::num::NonZeroU32;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ring::{digest, hmac, pbkdf2};

use crate::secret::Secret;

/// Iterations that are computed to prove a password; a server's own are 4096. A role may give itself
/// a verifier that takes an hour to prove, so one with more counts as of no password, and is replaced.
const ITERATIONS: u32 = 100_000;

/// A new verifier, with a random salt: `SCRAM-SHA-256$4096:salt$stored:server`.
pub fn verifier(password: &Secret) -> Secret {
    Secret::from(postgres_protocol::password::scram_sha_256(password.expose().as_bytes()))
}

/// Whether a stored verifier is of this password: it is made again with the salt that it holds. An
/// MD5 hash never is: it should be replaced. The password must be ASCII, whose `SASLprep` form is
/// itself (RFC 4013).
pub fn is_of(verifier: &Secret, password: &Secret) -> bool {
    let Some((iterations, salt, stored)) = parts(verifier.expose()) else { return false };
    iterations.get() <= ITERATIONS && stored_key(password, iterations, &salt) == stored
}

/// Whether a stored MD5 hash is of this password of this role.
pub fn is_md5_of(hash: &Secret, user: &str, password: &Secret) -> bool {
    postgres_protocol::password::md5(password.expose().as_bytes(), user) == hash.expose()
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
    use std::time::{Duration, Instant};

    use super::*;

    /// RFC 7677's example: the password is "pencil".
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const STORED: &str = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=";

    #[test]
    fn a_verifier_is_of_its_password_alone() {
        let verifier = verifier(&Secret::from("pencil"));
        assert!(is_of(&verifier, &Secret::from("pencil")));
        assert!(!is_of(&verifier, &Secret::from("Pencil")));
    }

    #[test]
    fn one_of_a_real_server() {
        let verifier = Secret::from(format!("SCRAM-SHA-256$4096:{SALT}${STORED}:{STORED}"));
        assert!(is_of(&verifier, &Secret::from("pencil")));
    }

    #[test]
    fn other_texts_are_of_no_password() {
        for text in [
            "",
            "md5a3556571e93b0d20722ba62be61e8c2d",
            "SCRAM-SHA-256$4096:!!$x:y",
            "SCRAM-SHA-256$0:AAAA$AAAA:AAAA",
        ] {
            assert!(!is_of(&Secret::from(text), &Secret::from("pencil")), "{text}");
        }
    }

    #[test]
    fn one_that_would_take_long_is_not_computed() {
        let begun = Instant::now();
        for iterations in [ITERATIONS + 1, 8_000_000, u32::MAX] {
            let text = format!("SCRAM-SHA-256${iterations}:{SALT}${STORED}:{STORED}");
            assert!(!is_of(&Secret::from(text), &Secret::from("pencil")));
        }
        assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    }
}
