use rustls::client::ResolvesClientCert;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::*;

/// What a client shows.
#[derive(Debug)]
struct Shows(Option<Arc<CertifiedKey>>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.0.clone()
    }

    fn has_certs(&self) -> bool {
        self.0.is_some()
    }
}

fn shows(certificate: &Identity, key: &Identity) -> Shows {
    let key = ring::sign::any_supported_type(&key.key).unwrap();
    Shows(Some(Arc::new(CertifiedKey::new(vec![certificate.certificate.clone()], key))))
}

/// Whether a client that shows this gets a byte from a server that expects `expected`.
async fn is_served(expected: &Identity, shows: Shows) -> bool {
    let ours = Identity::new().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(ours.certificate.clone()).unwrap();
    let client = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(Arc::new(shows));
    let server = TlsAcceptor::from(Arc::new(ours.server(expected.certificate.clone()).unwrap()));
    let (near, far) = tokio::io::duplex(1 << 16);
    let serve = tokio::spawn(async move {
        let mut stream = server.accept(far).await?;
        stream.write_all(b"x").await?;
        stream.shutdown().await
    });
    let connect = async {
        let name = "localhost".try_into().unwrap();
        let mut stream = TlsConnector::from(Arc::new(client)).connect(name, near).await?;
        stream.read_u8().await
    };
    let read = connect.await;
    let accepted = serve.await.unwrap().is_ok();
    assert_eq!(read.is_ok(), accepted, "both sides agree");
    accepted
}

#[tokio::test]
async fn only_the_owner_of_the_pinned_certificate_is_served() {
    let (host, other) = (Identity::new().unwrap(), Identity::new().unwrap());
    assert!(is_served(&host, shows(&host, &host)).await);
    assert!(!is_served(&host, Shows(None)).await, "no certificate");
    assert!(!is_served(&host, shows(&other, &other)).await, "another certificate");
    assert!(!is_served(&host, shows(&host, &other)).await, "the certificate without its key");
}

#[test]
fn signatures_of_p521_are_checked() {
    use p521::ecdsa::SigningKey;
    use p521::ecdsa::signature::Signer;

    let key = SigningKey::from_slice(&[1; 66]).unwrap();
    let point = VerifyingKey::from(&key).to_sec1_point(false);
    let signature: Signature = key.sign(b"message");
    let der = signature.to_der();
    let verify = |message: &[u8], signature: &[u8]| {
        EcdsaP521Sha512.verify_signature(point.as_bytes(), message, signature)
    };
    assert!(verify(b"message", der.as_bytes()).is_ok());
    assert!(verify(b"another", der.as_bytes()).is_err());
    assert!(verify(b"message", &[]).is_err());
}
