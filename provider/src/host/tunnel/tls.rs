//! TLS as clients inside this process use it.

use std::sync::{Arc, Once};

use ring::digest::{SHA256, SHA384, SHA512, digest};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// Makes ring the provider of cryptography for the whole process. Later calls do nothing.
pub(in crate::host) fn install_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Another part of the process may have installed it first; it is the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

/// A configuration that trusts the certificates in `pem`: as authorities, and each of them as
/// exactly the server's own certificate, whatever name that shows.
pub(in crate::host) fn trusting(pem: &str) -> Result<ClientConfig, String> {
    let certificates: Result<Vec<CertificateDer<'static>>, _> =
        CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let exact = certificates.map_err(|error| format!("the certificate is not PEM: {error}"))?;
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(exact.iter().cloned());
    if added == 0 {
        return Err("the PEM text holds no usable certificate".to_owned());
    }
    let provider = provider();
    let chain = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .map_err(|error| error.to_string())?;
    let verifier = Verifier { exact, chain: Some(chain), provider };
    verified_by(verifier)
}

/// A configuration that encrypts and checks nothing: libpq's `sslmode=require`.
pub(in crate::host) fn trusting_anybody() -> Result<ClientConfig, String> {
    verified_by(Verifier { exact: Vec::new(), chain: None, provider: provider() })
}

/// The binding `tls-server-end-point` of RFC 5929 to a server's certificate: its hash by the algorithm
/// of its signature, and by SHA-256 in place of older ones. None where that has no hash or is not
/// known here.
pub(in crate::host) fn end_point(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let algorithm = match parsed.signature_algorithm.algorithm.to_id_string().as_str() {
        // RSA with MD5, SHA-1 and SHA-256; ECDSA with SHA-1 and SHA-256
        "1.2.840.113549.1.1.4"
        | "1.2.840.113549.1.1.5"
        | "1.2.840.113549.1.1.11"
        | "1.2.840.10045.4.1"
        | "1.2.840.10045.4.3.2" => &SHA256,
        // With SHA-384
        "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => &SHA384,
        // With SHA-512
        "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => &SHA512,
        _ => return None,
    };
    Some(digest(algorithm, certificate).as_ref().to_vec())
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn verified_by(verifier: Verifier) -> Result<ClientConfig, String> {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&verifier.provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let verifier = Arc::new(verifier);
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

#[derive(Debug)]
struct Verifier {
    exact: Vec<CertificateDer<'static>>,
    chain: Option<Arc<WebPkiServerVerifier>>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.chain {
            Some(chain) if !self.exact.iter().any(|known| known == end_entity) => {
                chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};

    use super::*;

    #[test]
    fn the_binding_is_the_hash_that_the_certificate_was_signed_with() {
        let of = |key: KeyPair| {
            let made = CertificateParams::default().self_signed(&key).expect("made");
            (end_point(made.der()), made.der().to_vec())
        };
        let (bound, der) = of(KeyPair::generate().expect("P-256"));
        assert_eq!(bound.as_deref(), Some(digest(&SHA256, &der).as_ref()));
        let (bound, der) = of(KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).expect("P-384"));
        assert_eq!(bound.as_deref(), Some(digest(&SHA384, &der).as_ref()));
        assert_eq!(of(KeyPair::generate_for(&PKCS_ED25519).expect("Ed25519")).0, None);
        assert_eq!(end_point(b"no certificate"), None);
    }
}
