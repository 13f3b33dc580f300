//! Checks of one value.

use render::address;
use render::docker::daemon_json;

use crate::value::Value;

/// An absolute path that Harbor's scripts can carry: they pass it on unquoted.
pub fn plain_path(value: &Value) -> Result<(), String> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
    match value.as_str() {
        Some(p)
            if p.len() > 1
                && p.starts_with('/')
                && !p.ends_with('/')
                && p.bytes().all(plain)
                && !p.split('/').any(|part| part == "..") =>
        {
            Ok(())
        }
        _ => Err("It must be an absolute path of letters, digits and ._-/ without .. and without \
                  a slash at its end: Harbor's scripts pass it on unquoted."
            .to_owned()),
    }
}

/// A SHA-256 in hexadecimal.
pub fn sha256(value: &Value) -> Result<(), String> {
    match value.as_str() {
        Some(s) if s.len() == 64 && s.bytes().all(|b| b.is_ascii_hexdigit()) => Ok(()),
        _ => Err("It must be a SHA-256: 64 hexadecimal digits.".to_owned()),
    }
}

/// A storage driver that Harbor knows; it takes any other word for `filesystem`, silently.
pub fn driver(value: &Value) -> Result<(), String> {
    let known = ["filesystem", "oss", "s3", "azure", "gcs", "swift"];
    match value.as_str() {
        Some(s) if known.contains(&s) => Ok(()),
        _ => Err(format!("It must be one of: {}.", known.join(", "))),
    }
}

/// The name of the load balancer.
pub fn hostname(value: &Value) -> Result<(), String> {
    if value.as_str() == Some("reg.mydomain.com") {
        return Err("It is the example of Harbor's template: give your own name.".to_owned());
    }
    crate::checks::registry_name(value)
}

/// A registry that Docker may use without a trusted certificate.
pub fn insecure_registry(value: &Value) -> Result<(), String> {
    let registry = value.as_str().unwrap_or_default();
    if let Some((_, host)) = registry.split_once("://") {
        return Err(format!(
            "{registry} is a URL, which makes no registry insecure: Docker compares hosts. Write {} \
             instead.",
            host.trim_end_matches('/')
        ));
    }
    let registries = Some(vec![registry.to_owned()]);
    daemon(&daemon_json::Settings { insecure_registries: registries, ..Default::default() })
}

/// A mirror of Docker Hub.
pub fn registry_mirror(value: &Value) -> Result<(), String> {
    let mirrors = Some(vec![value.as_str().unwrap_or_default().to_owned()]);
    daemon(&daemon_json::Settings { registry_mirrors: mirrors, ..Default::default() })
}

fn daemon(settings: &daemon_json::Settings) -> Result<(), String> {
    let rendered = daemon_json::render(settings).map(|_| ());
    rendered.map_err(|e| format!("Docker would not take it: {e}."))
}

/// Where jobs log to.
pub fn job_logger(value: &Value) -> Result<(), String> {
    one_of(value, &["STD_OUTPUT", "FILE", "DB"])
}

/// Parts that Harbor's `prepare` gives a proxy to; it passes over any other word in silence.
pub fn proxied(value: &Value) -> Result<(), String> {
    one_of(value, &["core", "jobservice", "trivy"]).map_err(|why| {
        format!(
            "{why} Harbor passes over any other in silence; Docker's own downloads go by \
             docker.settings[\"proxies\"]."
        )
    })
}

fn one_of(value: &Value, words: &[&str]) -> Result<(), String> {
    match value.as_str() {
        Some(word) if words.contains(&word) => Ok(()),
        other => {
            let given = other.unwrap_or_default();
            Err(format!("\"{given}\" is not one of: {}.", words.join(", ")))
        }
    }
}

/// Names that mean a container of Harbor's own to every other one.
const COMPOSE_NAMES: &[&str] = &[
    "core",
    "exporter",
    "harbor-core",
    "harbor-exporter",
    "harbor-jobservice",
    "harbor-log",
    "harbor-portal",
    "jobservice",
    "log",
    "nginx",
    "portal",
    "proxy",
    "registry",
    "registryctl",
    "trivy-adapter",
];

/// A host that Harbor's containers reach: neither they themselves nor one of their own.
pub fn outside_host(value: &Value) -> Result<(), String> {
    crate::checks::host(value)?;
    outside(value.as_str().unwrap_or_default())
}

fn outside(host: &str) -> Result<(), String> {
    if address::is_loopback(host) {
        return Err(format!(
            "\"{host}\" is each container's own loopback: Harbor runs in containers, so write the \
             address by which they reach the host."
        ));
    }
    if COMPOSE_NAMES.contains(&host) {
        return Err(format!(
            "\"{host}\" means one of Harbor's own containers to the others: write a full name or an \
             address."
        ));
    }
    Ok(())
}

/// Redis: a host, or sentinels divided by commas, each with a port or without.
pub fn redis_hosts(value: &Value) -> Result<(), String> {
    for text in value.as_str().unwrap_or_default().split(',') {
        let text = text.trim();
        if text.parse::<std::net::Ipv6Addr>().is_ok() {
            outside(text)?;
            continue;
        }
        let (host, _) = address::host_port(text).map_err(|why| format!("\"{text}\" {why}."))?;
        outside(host)?;
    }
    Ok(())
}
