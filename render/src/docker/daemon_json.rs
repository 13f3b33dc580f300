//! `/etc/docker/daemon.json`: our keys, beside those that others put there.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, ser::PrettyFormatter};

use crate::Error;

const FILE: &str = "daemon.json";

/// The keys that we set. A field that is absent is not ours: what the file says stays.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Mirrors of Docker Hub, as URLs.
    pub registry_mirrors: Option<Vec<String>>,
    /// Registries that may be reached without a trusted certificate: `host`, `host:port` or a
    /// network like `10.0.0.0/8`. A URL here makes no registry insecure, so it is refused.
    pub insecure_registries: Option<Vec<String>>,
    /// Any other keys, as the daemon reads them.
    pub settings: BTreeMap<String, Value>,
}

/// Renders a file that holds our keys alone.
pub fn render(settings: &Settings) -> Result<String, Error> {
    merge("", settings)
}

/// The keys of the file that are ours under these settings, in the order they are written.
pub fn our_keys(settings: &Settings) -> Vec<&str> {
    let mut keys = Vec::new();
    keys.extend(settings.registry_mirrors.as_ref().map(|_| "registry-mirrors"));
    keys.extend(settings.insecure_registries.as_ref().map(|_| "insecure-registries"));
    keys.extend(settings.settings.keys().map(String::as_str));
    keys
}

/// Puts our keys into the existing text (which may be empty) and keeps every other key and the
/// order of keys. If nothing changes by meaning, the text comes back byte for byte.
pub fn merge(existing: &str, settings: &Settings) -> Result<String, Error> {
    let ours = values(settings)?;
    edit(existing, |map| map.extend(ours))
}

/// Takes keys out of the existing text, and keeps the rest as [`merge`] does.
pub fn remove(existing: &str, keys: &[&str]) -> Result<String, Error> {
    edit(existing, |map| {
        for key in keys {
            map.shift_remove(*key);
        }
    })
}

fn edit(existing: &str, change: impl FnOnce(&mut Map<String, Value>)) -> Result<String, Error> {
    let before: Map<String, Value> = if existing.trim().is_empty() {
        Map::new()
    } else {
        // The position alone: serde_json's own message can quote the text, and with it a secret.
        serde_json::from_str(existing).map_err(|e| Error::Existing {
            file: FILE,
            reason: format!("not a JSON object (line {}, column {})", e.line(), e.column()),
        })?
    };
    let mut after = before.clone();
    change(&mut after);
    if after == before && !existing.trim().is_empty() {
        return Ok(existing.to_owned());
    }
    write(&after)
}

fn write(map: &Map<String, Value>) -> Result<String, Error> {
    let mut out = Vec::new();
    let formatter = PrettyFormatter::with_indent(b"  ");
    map.serialize(&mut serde_json::Serializer::with_formatter(&mut out, formatter))
        .map_err(|e| Error::Write { file: FILE, reason: e.to_string() })?;
    out.push(b'\n');
    String::from_utf8(out).map_err(|e| Error::Write { file: FILE, reason: e.to_string() })
}

fn values(settings: &Settings) -> Result<Map<String, Value>, Error> {
    let mut map = Map::new();
    if let Some(mirrors) = &settings.registry_mirrors {
        mirrors.iter().try_for_each(|m| check_mirror(m))?;
        map.insert("registry-mirrors".to_owned(), Value::from(mirrors.clone()));
    }
    if let Some(registries) = &settings.insecure_registries {
        registries.iter().try_for_each(|r| check_registry(r))?;
        map.insert("insecure-registries".to_owned(), Value::from(registries.clone()));
    }
    for (key, value) in &settings.settings {
        if key == "registry-mirrors" || key == "insecure-registries" {
            return Err(Error::invalid(
                format!("settings.{key}"),
                format!("has an attribute of its own: {}", key.replace('-', "_")),
            ));
        }
        map.insert(key.clone(), value.clone());
    }
    Ok(map)
}

fn check_mirror(mirror: &str) -> Result<(), Error> {
    let host = mirror.strip_prefix("https://").or_else(|| mirror.strip_prefix("http://"));
    match host {
        Some(host) if is_host_port(host.trim_end_matches('/')) => Ok(()),
        _ => Err(Error::invalid(
            "registry_mirrors",
            "must be URLs like https://mirror.example.com, without user or path",
        )),
    }
}

fn check_registry(registry: &str) -> Result<(), Error> {
    if registry.parse::<IpNet>().is_ok() || is_host_port(registry) {
        return Ok(());
    }
    Err(Error::invalid(
        "insecure_registries",
        format!("{registry:?} must be host, host:port or a network like 10.0.0.0/8, not a URL"),
    ))
}

fn is_host_port(text: &str) -> bool {
    if text.parse::<std::net::Ipv6Addr>().is_ok() {
        return true;
    }
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    let bracketed = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let host_ok = bracketed.map_or_else(
        || {
            !host.is_empty()
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b))
        },
        |h| h.parse::<std::net::Ipv6Addr>().is_ok(),
    );
    host_ok && port.is_none_or(|p| p.parse::<u16>().is_ok_and(|p| p > 0))
}
