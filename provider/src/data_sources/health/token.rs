//! With which key a node signs tokens, and by which clock.
//!
//! Harbor puts the key's identity, a digest of the public key, into the head of each token
//! (`kid`, as docker distribution wants it). A token for nobody is given without a login, so the
//! keys of two nodes compare without a password. Showing that token to another node would prove
//! nothing: `/v2/` refuses nobody's token whoever signed it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Seconds between the clocks of two nodes that are certain: all are asked at once, and none is given
/// longer to answer.
const APART: u64 = 30;

/// The key's identity in the answer of the token service.
pub fn key_id(body: &str) -> Option<String> {
    part(body, 0)?.get("kid")?.as_str().map(str::to_owned)
}

/// When the token was made, by the node's clock: seconds since 1970.
pub fn made_at(body: &str) -> Option<i64> {
    part(body, 1)?.get("iat")?.as_i64()
}

/// The head or the claims of the token.
fn part(body: &str, index: usize) -> Option<serde_json::Value> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let part = answer.get("token")?.as_str()?.split('.').nth(index)?;
    let part = URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&part).ok()
}

/// What is wrong where clocks differ: which one is ahead, and of which.
pub fn clocks_apart(times: &BTreeMap<&str, Option<i64>>) -> Option<String> {
    let known = || times.iter().filter_map(|(name, time)| Some((*name, (*time)?)));
    let (ahead, last) = known().max_by_key(|(_, time)| *time)?;
    let (behind, first) = known().min_by_key(|(_, time)| *time)?;
    let apart = last.abs_diff(first);
    (apart > APART).then(|| {
        format!(
            "the clock of {ahead} is about {apart} s ahead of that of {behind}: a token of the one is not \
             good yet at the other, and docker push and pull fail with 401 from time to time; let \
             both hosts keep time (chrony, systemd-timesyncd)"
        )
    })
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
