//! Public keys as bytes, so that an algorithm that the SSH crate does not know can be compared too.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD as BASE64, STANDARD_NO_PAD};

/// A public key in SSH's wire format, without a comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyBlob(pub Vec<u8>);

impl KeyBlob {
    /// From `algorithm base64 [comment]`, checking that both name the same algorithm.
    pub fn from_openssh(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let (algorithm, encoded) = (fields.next()?, fields.next()?);
        let key = Self(BASE64.decode(encoded).ok()?);
        (key.algorithm()? == algorithm).then_some(key)
    }

    /// `algorithm base64`.
    pub fn to_openssh(&self) -> String {
        format!("{} {}", self.algorithm().unwrap_or_default(), BASE64.encode(&self.0))
    }

    /// The algorithm's name, which is the first string of the blob.
    pub fn algorithm(&self) -> Option<String> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let name = rest.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        String::from_utf8(name.to_vec()).ok().filter(|name| !name.is_empty())
    }

    /// `SHA256:...`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.0);
        let encoded = STANDARD_NO_PAD.encode(digest);
        format!("SHA256:{encoded}")
    }
}
