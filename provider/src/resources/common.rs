//! What several resources read in the same way.

use render::harbor::Release;

use crate::resource::Ssh;
use crate::value::Value;

/// A check: a release of Harbor.
pub fn version(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    Release::nearest(text)
        .map(|_| ())
        .ok_or_else(|| format!("\"{text}\" is no release of Harbor: write it as 2.3.2."))
}

/// `root@198.51.100.11:22`; an IPv6 address stands in brackets where a port follows.
pub fn ssh(text: &str) -> Option<Ssh> {
    let (user, place) = text.rsplit_once('@').map_or((None, text), |(u, p)| (Some(u), p));
    let (host, port) = match place.strip_prefix('[').and_then(|p| p.split_once(']')) {
        Some((host, "")) => (host, 22),
        Some((host, port)) => (host, port.strip_prefix(':')?.parse().ok()?),
        None if place.matches(':').count() == 1 => {
            let (host, port) = place.split_once(':')?;
            (host, port.parse().ok()?)
        }
        None => (place, 22),
    };
    let user = user.map(str::to_owned);
    let missing = host.is_empty() || user.as_ref().is_some_and(String::is_empty);
    let ssh = Ssh { host: host.to_owned(), port, user, host_key: None, credential: None };
    (!missing).then_some(ssh)
}
