//! What `prepare` would refuse, and what it would take and misread.

mod rules;
mod services;
mod stores;

use rules::{Done, ensure, env, one_of, url_host};

use super::super::check_path;
use super::settings::Settings;
use crate::{Error, address};

pub(super) fn all(s: &Settings) -> Done {
    front(s)?;
    env("harbor_admin_password", s.harbor_admin_password.expose())?;
    check_path("data_volume", &s.data_volume)?;
    stores::databases(s)?;
    s.external_redis.as_ref().map_or(Ok(()), |r| stores::redis(s, r))?;
    stores::storage(s)?;
    services::all(s)?;
    log(s)
}

fn judged(key: &str, judged: address::Judged) -> Done {
    judged.map_err(|reason| Error::invalid(key, reason))
}

fn front(s: &Settings) -> Done {
    judged("hostname", address::registry_name(&s.hostname))?;
    let example = "is the example of Harbor's template: give your own name";
    ensure(s.hostname != "reg.mydomain.com", "hostname", example)?;
    url_host("hostname", &s.hostname)?;
    if let Some(url) = &s.external_url {
        judged("external_url", address::origin(url).map(|_| ()))?;
        external_url(url)?;
    }
    if let Some(family) = &s.ip_family {
        let none = "must have ipv4 or ipv6: with neither nothing listens";
        ensure(family.ipv4 || family.ipv6, "ip_family", none)?;
    }
    if let Some(tls) = &s.internal_tls {
        internal_tls(&tls.dir, s.data_volume.trim_end_matches('/'))?;
    }
    let Some(https) = &s.https else {
        return ensure(!s.with_notary, "https", "must be set: Notary works over HTTPS only");
    };
    ensure(https.port != s.http.port, "https.port", "must differ from http.port")?;
    let example = "is the example of Harbor's template: give your own path";
    for (key, path) in
        [("https.certificate", &https.certificate), ("https.private_key", &https.private_key)]
    {
        check_path(key, path)?;
        ensure(!path.starts_with("/your/"), key, example)?;
    }
    Ok(())
}

fn external_url(url: &str) -> Done {
    const KEY: &str = "external_url";
    env(KEY, url)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest else {
        return ensure(false, KEY, "must start with https:// or http://");
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let port = |text: &str| text.parse::<u16>().is_ok_and(|port| port > 0);
    match authority.rsplit_once(':') {
        // An IPv6 address holds colons of its own, and its last part may look like a port.
        Some((host, last)) if port(last) && (!host.contains(':') || host.ends_with(']')) => {
            url_host(KEY, host)
        }
        _ => url_host(KEY, authority),
    }
}

fn internal_tls(dir: &str, data_volume: &str) -> Done {
    check_path("internal_tls.dir", dir)?;
    ensure(
        data_volume == "/data",
        "data_volume",
        "must be /data with internal_tls: Harbor looks for the internal authority there, and with \
         another one its parts do not trust each other",
    )?;
    // prepare empties its own copy before it reads.
    let own = format!("{data_volume}/secret/tls");
    let inside = dir.trim_end_matches('/') == own || dir.starts_with(&format!("{own}/"));
    let reason = "must not be Harbor's own copy: prepare deletes that before it reads";
    ensure(!inside, "internal_tls.dir", reason)
}

fn log(s: &Settings) -> Done {
    let log = &s.log;
    one_of("log.level", &log.level, &["debug", "info", "warning", "error", "fatal"])?;
    let zero = "must be at least 1: Harbor takes 0 for 50";
    ensure(log.rotate_count > 0, "log.rotate_count", zero)?;
    let number = log.rotate_size.strip_suffix(['k', 'M', 'G']).unwrap_or(&log.rotate_size);
    let ok = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    ensure(ok, "log.rotate_size", "must be a number with k, M, G or nothing after it")?;
    check_path("log.location", &log.location)?;
    let Some(endpoint) = &log.external_endpoint else { return Ok(()) };
    one_of("log.external_endpoint.protocol", &endpoint.protocol, &["tcp", "udp"])?;
    rules::host("log.external_endpoint.host", &endpoint.host)?;
    ensure(endpoint.port > 0, "log.external_endpoint.port", "must be set")
}

/// The `prepare` wrapper takes the data volume from the text with grep and awk, so there must be
/// one such line, with the path bare at its end.
pub(super) fn data_volume_line(text: &str, path: &str) -> Done {
    let mut lines = text.lines().filter(|line| line.contains("data_volume:"));
    let bare = format!("data_volume: {path}");
    ensure(
        lines.next() == Some(bare.as_str()) && lines.next().is_none(),
        "data_volume",
        "must be the only value of the file that holds the text data_volume:",
    )
}
