//! The two keys that every node must share: the one that signs tokens and the
//! one that encrypts secrets in the database.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{
    KeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use rustls_pki_types::PrivatePkcs1KeyDer;
use rustls_pki_types::pem::PemObject;
use serde_json::{Value, json};

use crate::error::{Doing, Result, failure};

/// Signs and verifies tokens.
pub struct TokenKey {
    pair: RsaKeyPair,
    id: String,
}

impl TokenKey {
    /// Reads a PKCS#1 key (`BEGIN RSA PRIVATE KEY`); no other form is read.
    pub fn read(path: &Path) -> Result<Self> {
        let key = PrivatePkcs1KeyDer::from_pem_file(path).doing("read private_key.pem")?;
        let pair = RsaKeyPair::from_der(key.secret_pkcs1_der()).doing("use private_key.pem")?;
        let digest = ring::digest::digest(&ring::digest::SHA256, pair.public_key().as_ref());
        let id = URL_SAFE_NO_PAD.encode(digest.as_ref());
        Ok(Self { pair, id })
    }

    /// A JWT with these claims.
    pub fn sign(&self, claims: &Value) -> Result<String> {
        let header = json!({"typ": "JWT", "alg": "RS256", "kid": self.id});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .doing("sign a token")?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of a token that this very key signed and that is not over.
    pub fn verify(&self, token: &str, now: u64) -> Result<Value> {
        let (signed, signature) = token
            .rsplit_once('.')
            .ok_or_else(|| failure("token contains an invalid number of segments"))?;
        let signature = URL_SAFE_NO_PAD.decode(signature).doing("decode a token")?;
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public_key())
            .verify(signed.as_bytes(), &signature)
            .map_err(|_| failure("crypto/rsa: verification error"))?;
        let payload = signed.split('.').nth(1).unwrap_or_default();
        let bytes = URL_SAFE_NO_PAD.decode(payload).doing("decode a token")?;
        let claims: Value = serde_json::from_slice(&bytes).doing("read a token")?;
        if claims["exp"].as_u64().is_none_or(|end| end <= now) {
            return Err(failure("token is expired"));
        }
        Ok(claims)
    }
}

/// Encrypts what must not stand in the database as it is.
pub struct SecretKey(LessSafeKey);

/// Mark of an encrypted value.
const MARK: &str = "<enc-v1>";

impl SecretKey {
    /// Reads the file; it must have 16 bytes.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).doing("read the secret key")?;
        let key = UnboundKey::new(&AES_128_GCM, &bytes)
            .map_err(|_| failure("the secret key must have 16 characters"))?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// Encrypts with a fresh nonce.
    pub fn encrypt(&self, text: &str) -> Result<String> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).doing("get randomness")?;
        let mut bytes = text.as_bytes().to_vec();
        self.0
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
            .doing("encrypt")?;
        let mut all = nonce.to_vec();
        all.extend(bytes);
        Ok(format!("{MARK}{}", STANDARD.encode(all)))
    }

    /// Decrypts; with another node's key this fails.
    pub fn decrypt(&self, text: &str) -> Result<String> {
        let Some(encoded) = text.strip_prefix(MARK) else {
            return Ok(text.to_owned());
        };
        let mut bytes = STANDARD.decode(encoded).doing("decode a secret")?;
        if bytes.len() < NONCE_LEN {
            return Err(failure("failed to decrypt a secret: it is too short"));
        }
        let mut sealed = bytes.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&bytes).doing("decrypt a secret")?;
        let opened = self
            .0
            .open_in_place(nonce, Aad::empty(), &mut sealed)
            .map_err(|_| failure("failed to decrypt a secret: wrong key"))?;
        String::from_utf8(opened.to_vec()).doing("read a secret")
    }
}
