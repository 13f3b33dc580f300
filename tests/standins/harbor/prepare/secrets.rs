//! What is random, and which of it survives a second run.

use std::fs;
use std::path::Path;

use rand::distr::{Alphanumeric, SampleString};
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair};
use rsa::RsaPrivateKey;
use rsa::pkcs1::{EncodeRsaPrivateKey, LineEnding};
use rsa::pkcs8::EncodePrivateKey;

use super::files::{self, HARBOR};
use super::{Places, Refusal};
use crate::error::{Doing, Result};

/// Secrets that every run makes anew.
#[derive(Debug)]
pub struct Generated {
    pub core: String,
    pub jobservice: String,
    pub csrf_key: String,
    pub registry_password: String,
    pub scanner_prefix: String,
}

impl Generated {
    /// Fresh ones.
    pub fn new() -> Self {
        Self {
            core: random_text(16),
            jobservice: random_text(16),
            csrf_key: random_text(32),
            registry_password: random_text(32),
            scanner_prefix: random_text(8),
        }
    }
}

/// Letters and digits from the system's randomness.
pub fn random_text(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Keeps the secret key and the token key pair of an earlier run or of the
/// user; makes what is missing.
pub fn keep_or_make(places: &Places, notary: bool) -> std::result::Result<(), Refusal> {
    let keys = places.data.join("secret/keys");
    secret_key(&keys.join("secretkey"), 16)?;
    if notary {
        secret_key(&keys.join("defaultalias"), 8)?;
    }
    token_key(
        &places.data.join("secret/core/private_key.pem"),
        &places.data.join("secret/registry/root.crt"),
    )?;
    Ok(())
}

fn secret_key(path: &Path, length: usize) -> std::result::Result<(), Refusal> {
    if let Ok(key) = fs::read_to_string(path) {
        println!("loaded secret from file: {}", path.display());
        let found = key.chars().count();
        if found != length {
            let text =
                format!("secret key's length has to be {length} chars, current length: {found}");
            return Err(Refusal::traceback("Exception", text));
        }
    } else {
        files::folder_of(path)?;
        fs::write(path, random_text(length)).doing("write a secret key")?;
        println!("Generated and saved secret to file: {}", path.display());
    }
    files::own(path, HARBOR, 0o600)?;
    Ok(())
}

/// Both or neither: one alone is not kept.
fn token_key(key: &Path, certificate: &Path) -> Result<()> {
    if !(key.exists() && certificate.exists()) {
        let (key_text, certificate_text) = make_token_key()?;
        for (path, text) in [(key, key_text), (certificate, certificate_text)] {
            files::folder_of(path)?;
            fs::write(path, text).doing("write the token key pair")?;
            println!("Successfully called func: create_cert {}", path.display());
        }
    }
    files::own(key, HARBOR, 0o600)?;
    files::own(certificate, HARBOR, 0o600)
}

/// An RSA key as PKCS#1 and its self-signed certificate. The real key has
/// 4096 bits; half of that is made in a fraction of the time.
pub fn make_token_key() -> Result<(String, String)> {
    let key = RsaPrivateKey::new(&mut rand::rng(), 2048).doing("make an RSA key")?;
    let pkcs1 = key.to_pkcs1_pem(LineEnding::LF).doing("encode a key")?;
    let pkcs8 = key.to_pkcs8_pem(LineEnding::LF).doing("encode a key")?;
    let pair =
        KeyPair::from_pem_and_sign_algo(&pkcs8, &rcgen::PKCS_RSA_SHA256).doing("load the key")?;
    let mut parameters = CertificateParams::new(Vec::new()).doing("describe a certificate")?;
    parameters.distinguished_name = DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "harbor-token-issuer");
    let certificate = parameters.self_signed(&pair).doing("sign a certificate")?;
    Ok((pkcs1.to_string(), certificate.pem()))
}
