//! harbor.yml as `prepare` reads it: which keys it demands, in which order,
//! and what it puts where one is missing.

use serde_json::Value;

use super::redis::Redis;
use super::{Refusal, yaml};
use crate::release::Release;

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

#[derive(Debug)]
pub struct Database {
    pub external: bool,
    pub host: String,
    pub port: String,
    pub name: String,
    pub username: String,
    pub password: String,
    pub ssl_mode: String,
    pub max_idle: String,
    pub max_open: String,
    /// Lifetime and idle time, in the releases that read them.
    pub lifetimes: Option<(String, String)>,
}

#[derive(Debug)]
pub struct Storage {
    pub driver: String,
    pub options: Value,
    pub redirect_disabled: bool,
    /// `enabled, age, interval, dryrun`, where the release reads them.
    pub purging: Option<[String; 4]>,
}

#[derive(Debug)]
pub struct Jobs {
    pub workers: String,
    pub loggers: Vec<String>,
    pub sweeper_days: String,
    pub webhook_max_retry: String,
    pub webhook_timeout: String,
    pub max_duration_hours: String,
}

#[derive(Debug)]
pub struct Log {
    pub level: String,
    pub location: String,
    pub rotate_count: String,
    pub rotate_size: String,
    /// protocol, host, port of an external endpoint.
    pub external: Option<[String; 3]>,
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
            strong_ciphers: strong && release.since(9, 3),
        }))
    }
}

fn required_text<'a>(section: &Value, key: &str) -> Result<&'a str, Refusal> {
    yaml::required(section, key).map(|_| "")
}

impl Database {
    /// `external_database` covers whatever `database` says.
    fn read(config: &Value, release: Release, flags: &[String]) -> Result<Self, Refusal> {
        let own = yaml::section(config, "database");
        let external = yaml::section(config, "external_database");
        let source = if external.is_null() {
            if own.is_null() {
                return Err(Refusal::traceback("KeyError", "'harbor_db_password'".into()));
            }
            own
        } else {
            yaml::required(external, "harbor")?
        };
        let lifetimes = release.since(7, 0).then(|| {
            (
                yaml::or(source, "conn_max_lifetime", "5m"),
                yaml::or(source, "conn_max_idle_time", "0"),
            )
        });
        let of = |key: &str, bundled: &str| {
            if external.is_null() {
                Ok(bundled.to_owned())
            } else {
                yaml::required(source, key).map(yaml::text)
            }
        };
        if !external.is_null() && flags.iter().any(|flag| flag == "--with-notary") {
            notary_databases(external)?;
        }
        Ok(Self {
            external: !external.is_null(),
            host: of("host", "postgresql")?,
            port: of("port", "5432")?,
            name: of("db_name", "registry")?,
            username: of("username", "postgres")?,
            password: if external.is_null() {
                yaml::or(own, "password", "")
            } else {
                yaml::required(source, "password").map(yaml::text)?
            },
            ssl_mode: of("ssl_mode", "disable")?,
            max_idle: yaml::or(source, "max_idle_conns", "2"),
            max_open: yaml::or(source, "max_open_conns", "0"),
            lifetimes,
        })
    }
}

fn notary_databases(external: &Value) -> Result<(), Refusal> {
    for part in ["notary_signer", "notary_server"] {
        let part = yaml::required(external, part)?;
        for key in ["host", "port", "db_name", "username", "password", "ssl_mode"] {
            yaml::required(part, key)?;
        }
    }
    Ok(())
}

impl Storage {
    fn read(
        config: &Value,
        release: Release,
        late_checks: &mut Vec<String>,
    ) -> Result<Self, Refusal> {
        let service = yaml::section(config, "storage_service");
        let driver = ["azure", "gcs", "s3", "swift", "oss"]
            .into_iter()
            .find(|driver| yaml::get(service, driver).is_some_and(yaml::truthy))
            .unwrap_or("filesystem");
        let redirect = yaml::section(service, "redirect");
        let key = if release.since(8, 0) { "disable" } else { "disabled" };
        let redirect_disabled = if redirect.is_null() {
            false
        } else {
            yaml::truthy(yaml::required(redirect, key)?)
        };
        Ok(Self {
            driver: driver.to_owned(),
            options: yaml::section(service, driver).clone(),
            redirect_disabled,
            purging: purging(config, release, late_checks),
        })
    }
}

fn purging(
    config: &Value,
    release: Release,
    late_checks: &mut Vec<String>,
) -> Option<[String; 4]> {
    let section = yaml::section(config, "upload_purging");
    if !release.since(5, 0) || section.is_null() {
        return None;
    }
    for key in ["age", "interval"] {
        let value = yaml::or(section, key, if key == "age" { "168h" } else { "24h" });
        let hours = value.strip_suffix('h').and_then(|n| n.parse::<i64>().ok());
        if hours.is_none_or(|hours| hours < 2) {
            late_checks.push(format!(
                "purge upload {key} should set with with nh, n is the number of hour"
            ));
        }
    }
    Some([
        yaml::or(section, "enabled", "False").to_lowercase(),
        yaml::or(section, "age", "168h"),
        yaml::or(section, "interval", "24h"),
        yaml::or(section, "dryrun", "False").to_lowercase(),
    ])
}

impl Jobs {
    fn read(config: &Value, release: Release) -> Result<Self, Refusal> {
        let jobs = yaml::section(config, "jobservice");
        let notification = yaml::section(config, "notification");
        let workers = yaml::text(yaml::required(jobs, "max_job_workers")?);
        let sweeper_days = if release.since(8, 0) {
            yaml::text(yaml::required(jobs, "logger_sweeper_duration")?)
        } else {
            "1".to_owned()
        };
        let hours = yaml::get(jobs, "max_job_duration_hours").and_then(Value::as_i64);
        let webhook_timeout = if release.since(8, 0) {
            yaml::text(yaml::required(notification, "webhook_job_http_client_timeout")?)
        } else {
            String::new()
        };
        Ok(Self {
            loggers: loggers(jobs, release)?,
            webhook_max_retry: yaml::text(yaml::required(notification, "webhook_job_max_retry")?),
            max_duration_hours: hours.filter(|hours| *hours >= 24).unwrap_or(24).to_string(),
            workers,
            sweeper_days,
            webhook_timeout,
        })
    }
}

/// Words that are not known are dropped without a sound.
fn loggers(jobs: &Value, release: Release) -> Result<Vec<String>, Refusal> {
    if !release.since(9, 0) {
        return Ok(vec!["STD_OUTPUT".to_owned(), "FILE".to_owned()]);
    }
    let words = yaml::required(jobs, "job_loggers")?.as_array();
    Ok(words
        .into_iter()
        .flatten()
        .map(yaml::text)
        .filter(|word| ["STD_OUTPUT", "FILE", "DB"].contains(&word.as_str()))
        .collect())
}

impl Log {
    fn read(config: &Value, late_checks: &mut Vec<String>) -> Result<Self, Refusal> {
        let log = yaml::section(config, "log");
        let level = yaml::text(yaml::required(log, "level")?);
        if !["debug", "info", "warning", "error", "fatal"].contains(&level.as_str()) {
            return Err(Refusal::traceback(
                "Exception",
                "log level must be one of debug, info, warning, error, fatal".into(),
            ));
        }
        let local = yaml::section(log, "local");
        if local.is_null() {
            return Err(Refusal::traceback("KeyError", "'log_location'".into()));
        }
        Ok(Self {
            level,
            location: yaml::or(local, "location", "/var/log/harbor"),
            rotate_count: yaml::or(local, "rotate_count", "50"),
            rotate_size: yaml::or(local, "rotate_size", "200M"),
            external: external_log(yaml::section(log, "external_endpoint"), late_checks)?,
        })
    }
}

fn external_log(
    endpoint: &Value,
    late_checks: &mut Vec<String>,
) -> Result<Option<[String; 3]>, Refusal> {
    if endpoint.is_null() {
        return Ok(None);
    }
    let part = |key| yaml::required(endpoint, key).map(yaml::text);
    let protocol = part("protocol")?;
    if !["tcp", "udp"].contains(&protocol.as_str()) {
        late_checks
            .push("Protocol in external log endpoint must be one of 'udp' or 'tcp'".to_owned());
    }
    Ok(Some([protocol, part("host")?, part("port")?]))
}

fn metric(config: &Value, release: Release) -> Result<Option<(String, String)>, Refusal> {
    let metric = yaml::section(config, "metric");
    if metric.is_null() || !release.since(2, 0) {
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
    if release.since(4, 0) {
        trace(yaml::section(config, "trace"), late_checks);
    }
    if release.since(6, 0) {
        let cache = yaml::section(config, "cache");
        let hours = yaml::get(cache, "expire_hours").and_then(Value::as_i64);
        let enabled = yaml::get(cache, "enabled").is_some_and(yaml::truthy);
        if enabled && hours.is_some_and(|hours| hours <= 0) {
            late_checks.push("cache expire hours should be positive number".to_owned());
        }
        extra.push(("CACHE_ENABLED", enabled.to_string()));
        extra.push(("CACHE_EXPIRE_HOURS", hours.unwrap_or(24).to_string()));
    }
    if release.since(9, 0) {
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
    let exporters = ["jaeger", "otel"]
        .into_iter()
        .filter(|name| yaml::get(trace, name).is_some())
        .count();
    match exporters {
        0 => late_checks.push("Trace enabled but no trace exporter set".to_owned()),
        2 => late_checks.push("Only can have one trace exporter at a time".to_owned()),
        _ => {}
    }
}
