//! `sslmode` as core's drivers understand it.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpStream;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Doing, Failure, Result, failure};
use crate::release::{Quirk, Release};

/// Certificates that the user trusts beside the system's.
const TRUSTED: &str = "/harbor_cust_cert";

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SslMode {
    /// Not at all.
    Plain,
    /// Encrypted, and the server may be anybody.
    Encrypted,
    /// The certificate's chain is checked, not its name.
    Chain,
    /// Chain and name are checked.
    Full,
}

impl SslMode {
    /// `allow` and `prefer` came with another driver; both are played
    /// as no encryption, which is their first attempt or their last.
    pub fn parse(text: &str, release: Release) -> Result<Self> {
        match text {
            "disable" => Ok(Self::Plain),
            "require" => Ok(Self::Encrypted),
            "verify-ca" => Ok(Self::Chain),
            "verify-full" => Ok(Self::Full),
            "allow" | "prefer" | "" if release.has(Quirk::LibpqSslModes) => Ok(Self::Plain),
            other => Err(failure(format!("unsupported sslmode {other:?}"))),
        }
    }

    /// The TLS part, unless the connection is plain.
    pub fn connector(self) -> Result<Option<MakeRustlsConnect>> {
        let verifier: Arc<dyn ServerCertVerifier> = match self {
            Self::Plain => return Ok(None),
            Self::Encrypted => Arc::new(Lenient { chain: None }),
            Self::Chain => Arc::new(Lenient { chain: Some(chain(Path::new(TRUSTED))?) }),
            Self::Full => chain(Path::new(TRUSTED))?,
        };
        let config = ClientConfig::builder()
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        Ok(Some(MakeRustlsConnect::new(config)))
    }
}

/// The TLS part of one connection.
type ForHost = <MakeRustlsConnect as MakeTlsConnect<TcpStream>>::TlsConnect;

/// The connector for one host.
pub fn for_host(mut connector: MakeRustlsConnect, host: &str) -> Result<ForHost> {
    MakeTlsConnect::<TcpStream>::make_tls_connect(&mut connector, host)
        .doing("prepare TLS for the database")
}

/// `PostgreSQL`'s own words, where it said something.
pub fn explain(error: &tokio_postgres::Error) -> Failure {
    match error.as_db_error() {
        Some(told) => failure(format!(
            "{}: {} (SQLSTATE {})",
            told.severity(),
            told.message(),
            told.code().code()
        )),
        None => failure(format!("failed to talk to the database: {error}")),
    }
}

fn chain(folder: &Path) -> Result<Arc<WebPkiServerVerifier>> {
    let mut roots = RootCertStore::empty();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(certificates) = CertificateDer::pem_file_iter(entry.path()) else {
            continue;
        };
        roots.add_parsable_certificates(certificates.flatten());
    }
    WebPkiServerVerifier::builder(Arc::new(roots)).build().doing("collect trusted certificates")
}

/// Accepts any name, and any chain where there is none to check against.
#[derive(Debug)]
struct Lenient {
    chain: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end: &CertificateDer<'_>,
        between: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> std::result::Result<ServerCertVerified, rustls::Error> {
        let Some(chain) = &self.chain else {
            return Ok(ServerCertVerified::assertion());
        };
        match chain.verify_server_cert(end, between, name, ocsp, now) {
            Err(rustls::Error::InvalidCertificate(
                rustls::CertificateError::NotValidForName
                | rustls::CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            outcome => outcome,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, certificate, signature, &algorithms())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> std::result::Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, certificate, signature, &algorithms())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        algorithms().supported_schemes()
    }
}

fn algorithms() -> rustls::crypto::WebPkiSupportedAlgorithms {
    CryptoProvider::get_default().map_or_else(
        || ring::default_provider().signature_verification_algorithms,
        |provider| provider.signature_verification_algorithms,
    )
}
