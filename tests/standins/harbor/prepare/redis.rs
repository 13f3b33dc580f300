//! Redis URLs, built by joining text and taken apart again: what a password
//! does to them is the user's problem, as it is with the real one.

mod split;

use std::fmt::Write as _;

use serde_json::Value;

use super::{Refusal, yaml};
use crate::release::{self, Quirk, Release, is_known};
use split::Split;

/// Where Redis is, and each user's URL.
#[derive(Debug)]
pub struct Redis {
    /// Whether it is the user's own.
    pub external: bool,
    /// core's URL.
    pub core: String,
    /// core's URL for what is no session, where it has one of its own.
    pub harbor: Option<String>,
    /// The cache layer's URL, where it has one of its own.
    pub cache_layer: Option<String>,
    /// Where core looks for the registry's cache.
    pub registry_url: String,
    /// jobservice's URL.
    pub jobservice: String,
    /// The scanner adapter's URL.
    pub trivy: String,
    /// What the registry's file says, of `registry_url`.
    pub registry: Split,
    /// The authority of its certificate, a path on the host.
    pub root_ca: Option<String>,
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
        let further = |key: &str| {
            let known = is_known(release, &format!("external_redis.{key}"));
            let index = if known { index(key, "") } else { String::new() };
            (!index.is_empty()).then(|| url.build(&index))
        };
        let registry_url = url.build(&index("registry_db_index", "1"));
        Ok(Self {
            external: !external.is_null(),
            core: url.build(""),
            harbor: further("harbor_db_index"),
            cache_layer: further("cache_layer_db_index"),
            jobservice: url.build(&index("jobservice_db_index", "2")),
            trivy: url.build(&index("trivy_db_index", "5")),
            registry: Split::of(&registry_url, release)?,
            root_ca: url.root_ca.filter(|path| !path.is_empty()),
            registry_url,
        })
    }
}

struct Url {
    scheme: String,
    credentials: String,
    host: String,
    sentinel_master: String,
    parameters: String,
    root_ca: Option<String>,
}

impl Url {
    fn read(source: &Value, release: Release) -> Result<Self, Refusal> {
        let sentinel_master = yaml::or(source, "sentinel_master_set", "");
        let idle = yaml::or(source, "idle_timeout_seconds", "30");
        let root_ca = root_ca(source, release)?;
        let scheme = if root_ca.is_some() { "rediss" } else { "redis" };
        let sentinel = if sentinel_master.is_empty() { "" } else { "+sentinel" };
        Ok(Self {
            scheme: format!("{scheme}{sentinel}"),
            credentials: credentials(source, release),
            host: host(source, release),
            sentinel_master,
            parameters: format!("?idle_timeout_seconds={idle}"),
            root_ca,
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

/// The authority, where TLS is on: the key is demanded, and may be empty.
fn root_ca(source: &Value, release: Release) -> Result<Option<String>, Refusal> {
    let tls = yaml::section(source, "tlsOptions");
    let secure = is_known(release, "external_redis.tlsOptions.enable")
        && yaml::get(tls, "enable").is_some_and(yaml::truthy);
    if !secure {
        return Ok(None);
    }
    yaml::required(tls, "rootCA")?;
    Ok(Some(yaml::or(tls, "rootCA", "")))
}

/// A user without a password is glued to the host.
fn credentials(source: &Value, release: Release) -> String {
    let password = yaml::or(source, "password", "");
    let quoted = release.has(Quirk::QuotedRedisPassword);
    let password = if quoted { percent_quoted(&password) } else { password };
    let known = is_known(release, "external_redis.username");
    let username = if known { yaml::or(source, "username", "") } else { String::new() };
    if password.is_empty() { username } else { format!("{username}:{password}@") }
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
