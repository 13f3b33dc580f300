//! harbor.yml as `prepare` reads it: which keys it demands, in which order,
//! and what it puts where one is missing.

mod database;
mod jobs;
mod log;
mod storage;

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
    /// Checked values that end in core's env: name and value.
    pub extra_core: Vec<(&'static str, String)>,
    /// `http_proxy`, `https_proxy`, `no_proxy`.
    pub proxy: [String; 3],
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
        let extra_core = extra_core(config, release, &mut late_checks);
        let proxy = yaml::section(config, "proxy");
        Ok(Self {
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
            extra_core,
            late_checks,
        })
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

fn extra_core(
    config: &Value,
    release: Release,
    late_checks: &mut Vec<String>,
) -> Vec<(&'static str, String)> {
    let mut extra = Vec::new();
    if is_known(release, "trace.enabled") {
        trace(yaml::section(config, "trace"), late_checks);
    }
    if is_known(release, "cache.enabled") {
        let cache = yaml::section(config, "cache");
        let hours = yaml::get(cache, "expire_hours").and_then(Value::as_i64);
        let enabled = yaml::get(cache, "enabled").is_some_and(yaml::truthy);
        if enabled && hours.is_some_and(|hours| hours <= 0) {
            late_checks.push("cache expire hours should be positive number".to_owned());
        }
        extra.push(("CACHE_ENABLED", enabled.to_string()));
        extra.push(("CACHE_EXPIRE_HOURS", hours.unwrap_or(24).to_string()));
    }
    if is_known(release, "core.quota_update_provider") {
        let provider = yaml::or(yaml::section(config, "core"), "quota_update_provider", "db");
        if !["db", "redis"].contains(&provider.as_str()) {
            late_checks.push(format!("invalid quota update provider: {provider}"));
        }
        extra.push(("QUOTA_UPDATE_PROVIDER", provider));
    }
    extra
}

fn trace(trace: &Value, late_checks: &mut Vec<String>) {
    if !yaml::get(trace, "enabled").is_some_and(yaml::truthy) {
        return;
    }
    let exporters =
        ["jaeger", "otel"].into_iter().filter(|name| yaml::get(trace, name).is_some()).count();
    match exporters {
        0 => late_checks.push("Trace enabled but no trace exporter set".to_owned()),
        2 => late_checks.push("Only can have one trace exporter at a time".to_owned()),
        _ => {}
    }
}
