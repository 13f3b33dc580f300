//! Whether a private key is that of a certificate. A node with two that do not fit serves nobody.

use rustls::Error;
use rustls::InconsistentKeys::KeyMismatch;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// False if the key is certainly another one's; what cannot be read is for others to judge.
pub fn is_of(key: &str, certificate: &str) -> bool {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificate.as_bytes()).collect();
    let (Ok(chain), Ok(key)) = (chain, PrivateKeyDer::from_pem_slice(key.as_bytes())) else {
        return true;
    };
    let Ok(key) = any_supported_type(&key) else { return true };
    let both = CertifiedKey::new(chain, key).keys_match();
    !matches!(both, Err(Error::InconsistentKeys(KeyMismatch)))
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;

    #[test]
    fn a_key_fits_its_own_certificate_alone() {
        let made = || generate_simple_self_signed(["harbor.example.com".to_owned()]).expect("made");
        let (one, other) = (made(), made());
        let (pem, key) = (one.cert.pem(), one.signing_key.serialize_pem());
        assert!(is_of(&key, &pem));
        assert!(!is_of(&other.signing_key.serialize_pem(), &pem));
        // The server's own comes first in a chain.
        assert!(is_of(&key, &format!("{pem}{}", other.cert.pem())));
        assert!(is_of("no key", &pem) && is_of(&key, "no certificate"));
    }
}
