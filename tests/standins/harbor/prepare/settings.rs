//! harbor.yml as `prepare` reads it: which keys it demands, in which order,
//! and what it puts where one is missing.

mod database;
mod jobs;
mod log;
mod storage;
mod trace;

use serde_json::Value;

use database::Database;
use jobs::Jobs;
use log::Log;
use storage::Storage;

use super::redis::Redis;
use super::{Refusal, yaml};
use crate::release::{Release, is_known};

/// Everything the generated files are made of.
#[derive(Debug)]
pub struct Settings {
    pub release: Release,
    pub flags: Vec<String>,
    pub hostname: String,
    pub http_port: String,
    pub https: Option<Https>,
    /// `EXT_ENDPOINT`.
    pub public_url: String,
    pub data_volume: String,
    pub admin_password: String,
    pub database: Database,
    pub redis: Redis,
    pub storage: Storage,
    pub jobs: Jobs,
    pub log: Log,
    /// Port and path, where metrics are on.
    pub metric: Option<(String, String)>,
    /// Hours that an entry of the cache layer is kept, where that is on.
    pub cache_hours: Option<String>,
    /// `db` or `redis`, where the release reads it.
    pub quota_provider: Option<String>,
    /// Lines of env files, where tracing is on.
    pub trace: Option<trace::Lines>,
    /// The user's folder of certificates, where internal TLS is on.
    pub internal_tls: Option<String>,
    /// Whether nginx listens on IPv4 and on IPv6.
    pub listens: [bool; 2],
    /// Certificate of the authority of a UAA server, a path on the host.
    pub uaa_ca: Option<String>,
    /// The section `trivy`.
    pub trivy: Value,
    /// `http_proxy`, `https_proxy`, `no_proxy`.
    pub proxy: [String; 3],
    /// Components that are told the proxy.
    pub proxied: Vec<String>,
    /// Messages of checks that `validate()` makes after everything is read.
    pub late_checks: Vec<String>,
}

#[derive(Debug)]
pub struct Https {
    pub port: String,
    pub certificate: String,
    pub private_key: String,
    pub strong_ciphers: bool,
}

impl Settings {
    /// Reads `config`; the first missing key ends it.
    pub fn read(config: &Value, release: Release, flags: &[String]) -> Result<Self, Refusal> {
        let hostname = yaml::text(yaml::required(config, "hostname")?);
        let http_port = yaml::or(yaml::section(config, "http"), "port", "80");
        let https = Https::read(config, release)?;
        let public_url = public_url(config, &hostname, &http_port, https.as_ref());
        let data_volume = yaml::text(yaml::required(config, "data_volume")?);
        let admin_password = yaml::text(yaml::required(config, "harbor_admin_password")?);
        let mut late_checks = Vec::new();
        let storage = Storage::read(config, release, &mut late_checks)?;
        let jobs = Jobs::read(config, release)?;
        let log = Log::read(config, &mut late_checks)?;
        let database = Database::read(config, release, flags)?;
        let redis = Redis::read(config, release)?;
        let metric = metric(config, release)?;
        let quota_provider = quota_provider(config, release, &mut late_checks);
        let known = is_known(release, "trace.enabled");
        let traced = if known { yaml::section(config, "trace") } else { &Value::Null };
        let proxy = yaml::section(config, "proxy");
        Ok(Self {
            cache_hours: cache_hours(config, release, &mut late_checks),
            quota_provider,
            trace: trace::read(traced, &mut late_checks),
            internal_tls: internal_tls(config)?,
            listens: listens(config, release, https.is_some())?,
            uaa_ca: yaml::get(yaml::section(config, "uaa"), "ca_file").map(yaml::text),
            trivy: yaml::section(config, "trivy").clone(),
            proxied: proxied(proxy),
            proxy: ["http_proxy", "https_proxy", "no_proxy"].map(|key| yaml::or(proxy, key, "")),
            flags: flags.to_vec(),
            release,
            hostname,
            http_port,
            https,
            public_url,
            data_volume,
            admin_password,
            database,
            redis,
            storage,
            jobs,
            log,
            metric,
            late_checks,
        })
    }

    /// The URL of a service, as the others know it.
    pub fn inner_url(&self, name: &str) -> String {
        let (scheme, port, registry) =
            if self.internal_tls.is_some() { ("https", 8443, 5443) } else { ("http", 8080, 5000) };
        format!("{scheme}://{name}:{}", if name == "registry" { registry } else { port })
    }

    /// Whether an optional part was asked for.
    pub fn with(&self, part: &str) -> bool {
        self.flags.iter().any(|flag| flag == &format!("--with-{part}"))
    }
}

fn public_url(config: &Value, hostname: &str, http_port: &str, https: Option<&Https>) -> String {
    let external = yaml::or(config, "external_url", "");
    if !external.is_empty() {
        return external;
    }
    let (scheme, port, usual) = match https {
        Some(https) => ("https", https.port.as_str(), "443"),
        None => ("http", http_port, "80"),
    };
    if port == usual {
        format!("{scheme}://{hostname}")
    } else {
        format!("{scheme}://{hostname}:{port}")
    }
}

impl Https {
    fn read(config: &Value, release: Release) -> Result<Option<Self>, Refusal> {
        let https = yaml::section(config, "https");
        if https.is_null() {
            return Ok(None);
        }
        let strong = yaml::get(https, "strong_ssl_ciphers").is_some_and(yaml::truthy);
        Ok(Some(Self {
            port: yaml::or(https, "port", "443"),
            certificate: yaml::or(https, "certificate", required_text(https, "certificate")?),
            private_key: yaml::or(https, "private_key", required_text(https, "private_key")?),
            strong_ciphers: strong && is_known(release, "https.strong_ssl_ciphers"),
        }))
    }
}

fn required_text<'a>(section: &Value, key: &str) -> Result<&'a str, Refusal> {
    yaml::required(section, key).map(|_| "")
}

fn metric(config: &Value, release: Release) -> Result<Option<(String, String)>, Refusal> {
    let metric = yaml::section(config, "metric");
    if metric.is_null() || !is_known(release, "metric.enabled") {
        return Ok(None);
    }
    let enabled = yaml::truthy(yaml::required(metric, "enabled")?);
    let port = yaml::text(yaml::required(metric, "port")?);
    let path = yaml::text(yaml::required(metric, "path")?);
    Ok(enabled.then_some((port, path)))
}

fn proxied(proxy: &Value) -> Vec<String> {
    let words = yaml::section(proxy, "components").as_array();
    words.into_iter().flatten().map(yaml::text).collect()
}

/// Half a section is no section.
fn internal_tls(config: &Value) -> Result<Option<String>, Refusal> {
    let section = yaml::section(config, "internal_tls");
    if !yaml::get(section, "enabled").is_some_and(yaml::truthy) {
        return Ok(None);
    }
    yaml::required(section, "dir").map(|dir| Some(yaml::text(dir)))
}

/// A section that names one family alone stops the template of HTTPS.
fn listens(config: &Value, release: Release, https: bool) -> Result<[bool; 2], Refusal> {
    let section = yaml::section(config, "ip_family");
    if section.is_null() || !is_known(release, "ip_family.ipv4.enabled") || !https {
        return Ok([true, false]);
    }
    let family = |name: &str| {
        let family = section.get(name).ok_or_else(|| {
            let text = format!("'dict object' has no attribute '{name}'");
            Refusal::traceback("jinja2.exceptions.UndefinedError", text)
        })?;
        Ok::<_, Refusal>(yaml::get(family, "enabled").is_some_and(yaml::truthy))
    };
    Ok([family("ipv4")?, family("ipv6")?])
}

fn cache_hours(config: &Value, release: Release, late_checks: &mut Vec<String>) -> Option<String> {
    let cache = yaml::section(config, "cache");
    let on = yaml::get(cache, "enabled").is_some_and(yaml::truthy);
    if !on || !is_known(release, "cache.enabled") {
        return None;
    }
    let hours = yaml::get(cache, "expire_hours").and_then(Value::as_i64);
    if hours.is_none_or(|hours| hours <= 0) {
        late_checks.push("cache expire hours should be positive number".to_owned());
    }
    hours.map(|hours| hours.to_string())
}

fn quota_provider(
    config: &Value,
    release: Release,
    late_checks: &mut Vec<String>,
) -> Option<String> {
    if !is_known(release, "core.quota_update_provider") {
        return None;
    }
    let provider = yaml::or(yaml::section(config, "core"), "quota_update_provider", "db");
    if !["db", "redis"].contains(&provider.as_str()) {
        late_checks.push(format!("invalid quota update provider: {provider}"));
    }
    Some(provider)
}
