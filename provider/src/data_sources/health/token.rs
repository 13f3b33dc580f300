//! With which key a node signs tokens.
//!
//! Harbor puts the key's identity, a digest of the public key, into the head of each token
//! (`kid`, as docker distribution wants it). A token for nobody is given without a login, so the
//! keys of two nodes compare without a password. Showing that token to another node would prove
//! nothing: `/v2/` refuses nobody's token whoever signed it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// The key's identity in the answer of the token service.
pub fn key_id(body: &str) -> Option<String> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let head = answer.get("token")?.as_str()?.split('.').next()?;
    let head = URL_SAFE_NO_PAD.decode(head.trim_end_matches('=')).ok()?;
    let head: serde_json::Value = serde_json::from_slice(&head).ok()?;
    head.get("kid")?.as_str().map(str::to_owned)
}

/// Whether all nodes sign with the same key; none where a node does not say, or says it in
/// another form than the others (libtrust's has colons, RFC 7638's has none).
pub fn same_key(ids: &BTreeMap<&str, Option<String>>) -> Option<bool> {
    let known: Vec<&str> = ids.values().map(Option::as_deref).collect::<Option<_>>()?;
    let first = known.first()?;
    if known.iter().any(|id| id.contains(':') != first.contains(':')) {
        return None;
    }
    Some(known.iter().all(|id| id == first))
}

/// What is wrong where they differ.
pub fn sentence(ids: &BTreeMap<&str, Option<String>>) -> String {
    let names: Vec<&str> = ids.keys().copied().collect();
    format!(
        "{} sign tokens with different keys: a login at one is refused by another (docker push and \
         pull fail with 401 from time to time); private_key.pem and root.crt must be the same",
        names.join(" and ")
    )
}
