//! The `env` files that Compose hands to the containers. Values go in as they
//! are, without quotes: that is what limits the characters of a password.

use std::fmt::Write as _;

use super::Places;
use super::files;
use super::secrets::Generated;
use super::settings::Settings;
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

/// Writes them all: root's, mode 0640.
pub fn write_all(places: &Places, settings: &Settings, made: &Generated) -> Result<()> {
    let write = |part: &str, lines: &Lines| {
        let path = places.config.join(part).join("env");
        files::generate(&path, &lines.0, 0, 0o640)
    };
    write("core", &core(settings, made))?;
    write("jobservice", &jobservice(settings, made))?;
    write("registryctl", &registryctl(made))?;
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
    for (name, value) in &settings.extra_core {
        lines.set(name, value);
    }
    proxy(&mut lines, settings);
    lines.set("PORT", "8080");
    lines
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
    lines.set("REGISTRY_URL", "http://registry:5000");
    lines.set("PORTAL_URL", "http://portal:8080");
    lines.set("TOKEN_SERVICE_URL", "http://core:8080/service/token");
    lines.set("CORE_URL", "http://core:8080");
    lines.set("CORE_LOCAL_URL", "http://127.0.0.1:8080");
    lines.set("JOBSERVICE_URL", "http://jobservice:8080");
    if release::has_notary(settings.release) {
        lines.set("NOTARY_URL", "http://notary-server:4443");
    }
    lines.set("TRIVY_ADAPTER_URL", "http://trivy-adapter:8080");
    lines.set("REGISTRY_CONTROLLER_URL", "http://registryctl:8080");
}

/// The real one goes through a Python set, so its order changes with each run.
fn proxy(lines: &mut Lines, settings: &Settings) {
    let [http, https, extra] = &settings.proxy;
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
    lines.set("REGISTRY_URL", "http://registry:5000");
    lines.set("JOBSERVICE_SECRET", &made.jobservice);
    lines.set("CORE_URL", "http://core:8080");
    lines.set("REGISTRY_CONTROLLER_URL", "http://registryctl:8080");
    lines.set("JOBSERVICE_WEBHOOK_JOB_MAX_RETRY", &settings.jobs.webhook_max_retry);
    if is_known(settings.release, "notification.webhook_job_http_client_timeout") {
        lines.set("JOBSERVICE_WEBHOOK_JOB_HTTP_CLIENT_TIMEOUT", &settings.jobs.webhook_timeout);
    }
    if is_known(settings.release, "jobservice.max_job_duration_hours") {
        let seconds = settings.jobs.max_duration_hours.parse::<i64>().unwrap_or(24) * 3600;
        lines.set("MAX_JOB_DURATION_SECONDS", seconds);
    }
    lines.set("LOG_LEVEL", &settings.log.level);
    lines.set("REGISTRY_CREDENTIAL_USERNAME", "harbor_registry_user");
    lines.set("REGISTRY_CREDENTIAL_PASSWORD", &made.registry_password);
    proxy(&mut lines, settings);
    lines
}

fn registryctl(made: &Generated) -> Lines {
    let mut lines = Lines::default();
    lines.set("CORE_SECRET", &made.core);
    lines.set("JOBSERVICE_SECRET", &made.jobservice);
    lines
}

fn bundled_database(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    let password = if settings.database.external { "" } else { &settings.database.password };
    lines.set("POSTGRES_PASSWORD", password);
    lines
}

fn trivy(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    lines.set("SCANNER_LOG_LEVEL", &settings.log.level);
    lines.set("SCANNER_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_STORE_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_JOB_QUEUE_REDIS_URL", &settings.redis.trivy);
    lines.set("SCANNER_TRIVY_CACHE_DIR", "/home/scanner/.cache/trivy");
    lines.set("SCANNER_TRIVY_REPORTS_DIR", "/home/scanner/.cache/reports");
    proxy(&mut lines, settings);
    lines
}

fn exporter(settings: &Settings) -> Lines {
    let mut lines = Lines::default();
    let (port, path) = settings.metric.clone().unwrap_or_default();
    lines.set("LOG_LEVEL", &settings.log.level);
    lines.set("HARBOR_EXPORTER_PORT", "8080");
    lines.set("HARBOR_METRIC_PORT", port);
    lines.set("HARBOR_METRIC_PATH", path);
    let database = &settings.database;
    lines.set("HARBOR_DATABASE_HOST", &database.host);
    lines.set("HARBOR_DATABASE_PORT", &database.port);
    lines.set("HARBOR_DATABASE_USERNAME", &database.username);
    lines.set("HARBOR_DATABASE_PASSWORD", &database.password);
    lines.set("HARBOR_DATABASE_DBNAME", &database.name);
    lines.set("HARBOR_DATABASE_SSLMODE", &database.ssl_mode);
    lines.set("HARBOR_REDIS_URL", &settings.redis.jobservice);
    lines.set("HARBOR_SERVICE_HOST", "core");
    lines
}

fn python_bool(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}
