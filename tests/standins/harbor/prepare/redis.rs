//! Redis URLs, built by joining text: what a password does to them is the
//! user's problem, as it is with the real one.

use std::fmt::Write as _;

use serde_json::Value;

use super::{Refusal, yaml};
use crate::release::{self, Quirk, Release, is_known};

/// Where Redis is, and each user's URL.
#[derive(Debug)]
pub struct Redis {
    /// Whether it is the user's own.
    pub external: bool,
    /// core's URL.
    pub core: String,
    /// Where core looks for the registry's cache.
    pub registry_url: String,
    /// jobservice's URL.
    pub jobservice: String,
    /// The scanner adapter's URL.
    pub trivy: String,
    /// `addr` of registry/config.yml.
    pub addr: String,
    /// `password` there, never quoted.
    pub password: String,
    /// `username` there.
    pub username: String,
    /// `db` there.
    pub registry_index: String,
    /// Sentinel's name of the master.
    pub sentinel_master: String,
}

impl Redis {
    /// Reads `external_redis`, which a non-empty `redis` section replaces in
    /// the releases that read that one.
    pub fn read(config: &Value, release: Release) -> Result<Self, Refusal> {
        let external = yaml::section(config, "external_redis");
        let own = yaml::section(config, "redis");
        let source =
            if release::reads_redis_section(release) && !own.is_null() { own } else { external };
        let url = Url::read(source, release)?;
        let index = |key: &str, default: &str| yaml::or(source, key, default);
        let core_index = |key: &str| {
            if release::reads_redis_section(release) { index(key, "") } else { String::new() }
        };
        let registry_index = index("registry_db_index", "1");
        Ok(Self {
            external: !external.is_null(),
            core: url.build(&core_index("harbor_db_index")),
            registry_url: url.build(&registry_index),
            jobservice: url.build(&index("jobservice_db_index", "2")),
            trivy: url.build(&index("trivy_db_index", "5")),
            addr: url.host.clone(),
            password: yaml::or(source, "password", ""),
            username: yaml::or(source, "username", ""),
            sentinel_master: url.sentinel_master,
            registry_index,
        })
    }
}

struct Url {
    scheme: String,
    credentials: String,
    host: String,
    sentinel_master: String,
    parameters: String,
}

impl Url {
    fn read(source: &Value, release: Release) -> Result<Self, Refusal> {
        let sentinel_master = yaml::or(source, "sentinel_master_set", "");
        let idle = yaml::or(source, "idle_timeout_seconds", "30");
        Ok(Self {
            scheme: scheme(source, release, !sentinel_master.is_empty())?,
            credentials: credentials(source, release),
            host: host(source, release),
            sentinel_master,
            parameters: format!("?idle_timeout_seconds={idle}"),
        })
    }

    fn build(&self, index: &str) -> String {
        let mut url = format!("{}://{}{}", self.scheme, self.credentials, self.host);
        for part in [self.sentinel_master.as_str(), index] {
            if !part.is_empty() {
                let _ = write!(url, "/{part}");
            }
        }
        url + &self.parameters
    }
}

fn scheme(source: &Value, release: Release, sentinel: bool) -> Result<String, Refusal> {
    let tls = yaml::section(source, "tlsOptions");
    let secure = is_known(release, "external_redis.tlsOptions.enable")
        && yaml::get(tls, "enable").is_some_and(yaml::truthy);
    if secure {
        yaml::required(tls, "rootCA")?;
    }
    let scheme = if secure { "rediss" } else { "redis" };
    Ok(if sentinel { format!("{scheme}+sentinel") } else { scheme.to_owned() })
}

fn credentials(source: &Value, release: Release) -> String {
    let quote = |text: String| {
        if release.has(Quirk::QuotedRedisPassword) { percent_quoted(&text) } else { text }
    };
    let password = quote(yaml::or(source, "password", ""));
    let username = if is_known(release, "external_redis.username") {
        quote(yaml::or(source, "username", ""))
    } else {
        String::new()
    };
    if password.is_empty() { String::new() } else { format!("{username}:{password}@") }
}

/// 2.0 has the port beside the host; later releases add no default port.
fn host(source: &Value, release: Release) -> String {
    if source.is_null() {
        return "redis:6379".to_owned();
    }
    let host = yaml::or(source, "host", "redis:6379");
    match yaml::get(source, "port") {
        Some(port) if is_known(release, "external_redis.port") => {
            format!("{host}:{}", yaml::text(port))
        }
        _ => host,
    }
}

/// Python's `quote(text, safe='')`.
fn percent_quoted(text: &str) -> String {
    let mut quoted = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"_.-~".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            let _ = write!(quoted, "%{byte:02X}");
        }
    }
    quoted
}
