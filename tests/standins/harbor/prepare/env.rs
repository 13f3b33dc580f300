//! The `env` files that Compose hands to the containers. Values go in as they
//! are, without quotes: that is what limits the characters of a password.

use std::fmt::Write as _;

use super::Places;
use super::files;
use super::secrets::Generated;
use super::settings::Settings;
use super::yaml;
use crate::error::Result;
use crate::release::{self, Quirk, is_known};

const NO_PROXY: [&str; 16] = [
    "127.0.0.1",
    "localhost",
    ".local",
    ".internal",
    "log",
    "db",
    "redis",
    "nginx",
    "core",
    "portal",
    "postgresql",
    "jobservice",
    "registry",
    "registryctl",
    "trivy-adapter",
    "exporter",
];

const PROXY_CACHE_TYPES: &str = "docker-hub,harbor,azure-acr,ali-acr,aws-ecr,google-gcr,docker-registry,github-ghcr,jfrog-artifactory";
const REPLICATION_ADAPTERS: &str = "ali-acr,aws-ecr,azure-acr,docker-hub,docker-registry,github-ghcr,google-gcr,harbor,huawei-SWR,jfrog-artifactory,tencent-tcr,volcengine-cr";

/// The exporter's variables that no setting changes.
const EXPORTER: [(&str, &str); 11] = [
    ("HARBOR_EXPORTER_PORT", "8080"),
    ("HARBOR_EXPORTER_METRICS_PATH", "/metrics"),
    ("HARBOR_EXPORTER_METRICS_ENABLED", "true"),
    ("HARBOR_EXPORTER_MAX_REQUESTS", "30"),
    ("HARBOR_EXPORTER_CACHE_TIME", "23"),
    ("HARBOR_EXPORTER_CACHE_CLEAN_INTERVAL", "14400"),
    ("HARBOR_METRIC_NAMESPACE", "harbor"),
    ("HARBOR_METRIC_SUBSYSTEM", "exporter"),
    ("HARBOR_SERVICE_HOST", "core"),
    ("HARBOR_REDIS_NAMESPACE", "harbor_job_service_namespace"),
    ("HARBOR_REDIS_TIMEOUT", "3600"),
];

/// The scanner's variables: the end of the name, the key, and what stands
/// where that is missing.
const SCANNER: [(&str, &str, &str); 10] = [
    ("IGNORE_UNFIXED", "ignore_unfixed", "False"),
    ("SKIP_UPDATE", "skip_update", "False"),
    ("SKIP_JAVA_DB_UPDATE", "skip_java_db_update", "False"),
    ("DB_REPOSITORY", "db_repository", "ghcr.io/aquasecurity/trivy-db"),
    ("JAVA_DB_REPOSITORY", "java_db_repository", "ghcr.io/aquasecurity/trivy-java-db"),
    ("OFFLINE_SCAN", "offline_scan", "False"),
    ("SECURITY_CHECKS", "security_check", "vuln"),
    ("GITHUB_TOKEN", "github_token", ""),
    ("INSECURE", "insecure", "False"),
    ("TIMEOUT", "timeout", "5m0s"),
];

/// Writes them all: root's, mode 0640.
pub fn write_all(places: &Places, settings: &Settings, made: &Generated) -> Result<()> {
    let write = |part: &str, lines: &Lines| {
        let path = places.config.join(part).join("env");
        files::generate(&path, &lines.0, 0, 0o640)
    };
    write("core", &core(settings, made))?;
    write("jobservice", &jobservice(settings, made))?;
    write("registryctl", &registryctl(settings, made))?;
    write("db", &bundled_database(settings))?;
    if settings.with("trivy") {
        write("trivy-adapter", &trivy(settings))?;
    }
    if settings.metric.is_some() {
        write("exporter", &exporter(settings))?;
    }
    Ok(())
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn set(&mut self, name: &str, value: impl std::fmt::Display) {
        let _ = writeln!(self.0, "{name}={value}");
    }
}

fn core(settings: &Settings, made: &Generated) -> Lines {
    let mut lines = Lines::default();
    lines.set("CONFIG_PATH", "/etc/core/app.conf");
    lines.set("UAA_CA_ROOT", "/etc/core/certificates/uaa_ca.pem");
    lines.set("_REDIS_URL_CORE", &settings.redis.core);
    if let Some(url) = &settings.redis.harbor {
        lines.set("_REDIS_URL_HARBOR", url);
    }
    lines.set("SYNC_QUOTA", "true");
    lines.set("_REDIS_URL_REG", &settings.redis.registry_url);
    lines.set("LOG_LEVEL", &settings.log.level);
    lines.set("EXT_ENDPOINT", &settings.public_url);
    database(&mut lines, settings);
    endpoints(&mut lines, settings);
    lines.set("HARBOR_ADMIN_PASSWORD", &settings.admin_password);
    lines.set("MAX_JOB_WORKERS", &settings.jobs.workers);
    lines.set("CORE_SECRET", &made.core);
    lines.set("JOBSERVICE_SECRET", &made.jobservice);
    for part in ["notary", "chartmuseum", "trivy"] {
        let known = release::flags(settings.release).contains(&format!("--with-{part}").as_str());
        if known {
            lines.set(&format!("WITH_{}", part.to_uppercase()), python_bool(settings.with(part)));
        }
    }
    lines.set("REGISTRY_STORAGE_PROVIDER_NAME", &settings.storage.driver);
    lines.set("READ_ONLY", "false");
    lines.set("RELOAD_KEY", "");
    lines.set("REGISTRY_CREDENTIAL_USERNAME", "harbor_registry_user");
    lines.set("REGISTRY_CREDENTIAL_PASSWORD", &made.registry_password);
    lines.set("CSRF_KEY", &made.csrf_key);
    if settings.release.has(Quirk::ScannerPrefix) {
        lines.set("ROBOT_SCANNER_NAME_PREFIX", &made.scanner_prefix);
    }
    if settings.release.has(Quirk::ProxyCacheTypes) {
        lines.set("PERMITTED_REGISTRY_TYPES_FOR_PROXY_CACHE", PROXY_CACHE_TYPES);
    }
    if settings.release.has(Quirk::ReplicationAdapters) {
        lines.set("REPLICATION_ADAPTER_WHITELIST", REPLICATION_ADAPTERS);
    }
    proxy(&mut lines, settings, "core");
    lines.set("PORT", if settings.internal_tls.is_some() { "8443" } else { "8080" });
    internal_tls(&mut lines, settings, "core");
    if let Some((port, path)) = &settings.metric {
        lines.set("METRIC_ENABLE", "true");
        lines.set("METRIC_PATH", path);
        lines.set("METRIC_PORT", port);
        metric(&mut lines, "core");
    }
    trace(&mut lines, settings, "core");
    cache(&mut lines, settings);
    if let Some(provider) = &settings.quota_provider {
        lines.set("QUOTA_UPDATE_PROVIDER", provider);
    }
    lines
}

fn internal_tls(lines: &mut Lines, settings: &Settings, part: &str) {
    if settings.internal_tls.is_some() {
        lines.set("INTERNAL_TLS_ENABLED", "true");
        lines.set("INTERNAL_TLS_TRUST_CA_PATH", "/harbor_cust_cert/harbor_internal_ca.crt");
        lines.set("INTERNAL_TLS_KEY_PATH", format!("/etc/harbor/ssl/{part}.key"));
        lines.set("INTERNAL_TLS_CERT_PATH", format!("/etc/harbor/ssl/{part}.crt"));
    }
}

fn metric(lines: &mut Lines, part: &str) {
    lines.set("METRIC_NAMESPACE", "harbor");
    lines.set("METRIC_SUBSYSTEM", part);
}

fn trace(lines: &mut Lines, settings: &Settings, part: &str) {
    let Some(trace) = &settings.trace else { return };
    lines.set("TRACE_ENABLED", "true");
    lines.set("TRACE_SERVICE_NAME", format!("harbor-{part}"));
    for (name, value) in trace {
        lines.set(name, value);
    }
}

/// Nothing of the cache layer where it is off.
fn cache(lines: &mut Lines, settings: &Settings) {
    let Some(hours) = &settings.cache_hours else { return };
    if let Some(url) = &settings.redis.cache_layer {
        lines.set("_REDIS_URL_CACHE_LAYER", url);
    }
    lines.set("CACHE_ENABLED", "true");
    lines.set("CACHE_EXPIRE_HOURS", hours);
}

fn database(lines: &mut Lines, settings: &Settings) {
    let database = &settings.database;
    lines.set("DATABASE_TYPE", "postgresql");
    lines.set("POSTGRESQL_HOST", &database.host);
    lines.set("POSTGRESQL_PORT", &database.port);
    lines.set("POSTGRESQL_USERNAME", &database.username);
    lines.set("POSTGRESQL_PASSWORD", &database.password);
    lines.set("POSTGRESQL_DATABASE", &database.name);
    lines.set("POSTGRESQL_SSLMODE", &database.ssl_mode);
    lines.set("POSTGRESQL_MAX_IDLE_CONNS", &database.max_idle);
    lines.set("POSTGRESQL_MAX_OPEN_CONNS", &database.max_open);
    if let Some((lifetime, idle)) = &database.lifetimes {
        lines.set("POSTGRESQL_CONN_MAX_LIFETIME", lifetime);
        lines.set("POSTGRESQL_CONN_MAX_IDLE_TIME", idle);
    }
}

fn endpoints(lines: &mut Lines, settings: &Settings) {
    let url = |name: &str| settings.inner_url(name);
    lines.set("REGISTRY_URL", url("registry"));
    lines.set("PORTAL_URL", url("portal"));
    lines.set("TOKEN_SERVICE_URL", url("core") + "/service/token");
    lines.set("CORE_URL", url("core"));
    let tls = settings.internal_tls.is_some();
    lines.set("CORE_LOCAL_URL", if tls { url("core") } else { "http://127.0.0.1:8080".into() });
    lines.set("JOBSERVICE_URL", url("jobservice"));
    if release::has_notary(settings.release) {
        lines.set("NOTARY_URL", "http://notary-server:4443");
    }
    lines.set("TRIVY_ADAPTER_URL", url("trivy-adapter"));
    lines.set("REGISTRY_CONTROLLER_URL", url("registryctl"));
}

/// Only for a component that is named. The real one goes through a Python set,
/// so its order changes with each run.
fn proxy(lines: &mut Lines, settings: &Settings, component: &str) {
    let [http, https, extra] = &settings.proxy;
    if !settings.proxied.iter().any(|word| word == component) {
        for name in ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            lines.set(name, "");
        }
        return;
    }
    let mut hosts: Vec<&str> = NO_PROXY.to_vec();
    hosts.extend(extra.split(',').filter(|host| !host.is_empty()));
    let turn = usize::from(rand::random::<u8>()) % hosts.len();
    hosts.rotate_left(turn);
    lines.set("HTTP_PROXY", http);
    lines.set("HTTPS_PROXY", https);
    lines.set("NO_PROXY", hosts.join(","));
}

fn jobservice(settings: &Settings, made: &Generated) -> Lines {
    let mut lines = Lines::default();
    lines.set("CORE_SECRET", &made.core);
    lines.set("REGISTRY_URL", settings.inner_url("registry"));
    lines.set("JOBSERVICE_SECRET", &made.jobservice);
    lines.set("CORE_URL", settings.inner_url("core"));
    lines.set("REGISTRY_CONTROLLER_URL", settings.inner_url("registryctl"));
    lines.set("JOBSERVICE_WEBHOOK_JOB_MAX_RETRY", &settings.jobs.webhook_max_retry);
    if is_known(settings.release, "notification.webhook_job_http_client_timeout") {
        lines.set("JOBSERVICE_WEBHOOK_JOB_HTTP_CLIENT_TIMEOUT", &settings.jobs.webhook_timeout);
    }
    if settings.release.has(Quirk::JobDurationInEnv) {
        let seconds = settings.jobs.max_duration_hours.parse::<i64>().unwrap_or(24) * 3600;
        lines.set("MAX_JOB_DURATION_SECONDS", seconds);
    }
    lines.set("LOG_LEVEL", &settings.log.level);
    lines.set("REGISTRY_CREDENTIAL_USERNAME", "harbor_registry_user");
    lines.set("REGISTRY_CREDENTIAL_PASSWORD", &made.registry_password);
    internal_tls(&mut lines, settings, "job_service");
    proxy(&mut lines, settings, "jobservice");
    if settings.metric.is_some() {
        metric(&mut lines, "jobservice");
    }
    trace(&mut lines, settings, "jobservice");
    if settings.cache_hours.is_some() {
        lines.set("_REDIS_URL_CORE", &settings.redis.core);
    }
    cache(&mut lines, settings);
    lines
}

fn registryctl(settings: &Settings, made: &Generated) -> Lines {
    let mut lines = Lines::default();
    lines.set("CORE_SECRET", &made.core);
    lines.set("JOBSERVICE_SECRET", &made.jobservice);
    internal_tls(&mut lines, settings, "registryctl");
    trace(&mut lines, settings, "registryctl");
    lines
}

fn bundled_database(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    // The external one's, too.
    lines.set("POSTGRES_PASSWORD", &settings.database.password);
    lines
}

fn trivy(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    lines.set("SCANNER_LOG_LEVEL", &settings.log.level);
    lines.set("SCANNER_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_STORE_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_STORE_REDIS_NAMESPACE", "harbor.scanner.trivy:store");
    lines.set("SCANNER_JOB_QUEUE_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_JOB_QUEUE_REDIS_NAMESPACE", "harbor.scanner.trivy:job-queue");
    lines.set("SCANNER_TRIVY_CACHE_DIR", "/home/scanner/.cache/trivy");
    lines.set("SCANNER_TRIVY_REPORTS_DIR", "/home/scanner/.cache/reports");
    lines.set("SCANNER_TRIVY_VULN_TYPE", "os,library");
    lines.set("SCANNER_TRIVY_SEVERITY", "UNKNOWN,LOW,MEDIUM,HIGH,CRITICAL");
    for (name, key, usual) in SCANNER {
        if is_known(settings.release, &format!("trivy.{key}")) {
            lines.set(&format!("SCANNER_TRIVY_{name}"), yaml::or(&settings.trivy, key, usual));
        }
    }
    proxy(&mut lines, settings, "trivy");
    if settings.internal_tls.is_some() {
        lines.set("SCANNER_API_SERVER_ADDR", ":8443");
        lines.set("SCANNER_API_SERVER_TLS_KEY", "/etc/harbor/ssl/trivy_adapter.key");
        lines.set("SCANNER_API_SERVER_TLS_CERTIFICATE", "/etc/harbor/ssl/trivy_adapter.crt");
    }
    lines
}

fn exporter(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    lines.set("LOG_LEVEL", &settings.log.level);
    for (name, value) in EXPORTER {
        lines.set(name, value);
    }
    let (scheme, port) =
        if settings.internal_tls.is_some() { ("https", "8443") } else { ("http", "8080") };
    lines.set("HARBOR_SERVICE_SCHEME", scheme);
    lines.set("HARBOR_SERVICE_PORT", port);
    let database = &settings.database;
    lines.set("HARBOR_DATABASE_HOST", &database.host);
    lines.set("HARBOR_DATABASE_PORT", &database.port);
    lines.set("HARBOR_DATABASE_USERNAME", &database.username);
    lines.set("HARBOR_DATABASE_PASSWORD", &database.password);
    lines.set("HARBOR_DATABASE_DBNAME", &database.name);
    lines.set("HARBOR_DATABASE_SSLMODE", &database.ssl_mode);
    lines.set("HARBOR_DATABASE_MAX_IDLE_CONNS", &database.max_idle);
    lines.set("HARBOR_DATABASE_MAX_OPEN_CONNS", &database.max_open);
    if let Some((lifetime, idle)) = &database.lifetimes {
        lines.set("HARBOR_DATABASE_CONN_MAX_LIFETIME", lifetime);
        lines.set("HARBOR_DATABASE_CONN_MAX_IDLE_TIME", idle);
    }
    lines.set("HARBOR_REDIS_URL", &settings.redis.jobservice);
    lines
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
