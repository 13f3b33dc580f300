//! `harbor.yml` of one node: from what the user wrote to what `render` writes.

use std::collections::BTreeMap;

use render::Error;
use render::harbor::{Release, harbor_yml as yml};

use super::settings::{self as our, HaNode};
use crate::diag::{Diag, Path};
use crate::secret::Secret;

/// Where a secret is not known: in Read, where what is wanted does not count.
const UNKNOWN: &str = "unknown";

/// The text of the file.
pub fn render(s: &HaNode, release: Release) -> Result<String, Error> {
    yml::render(&settings(s, release)?)
}

fn secret(given: Option<&Secret>) -> Secret {
    Secret::from(given.map_or(UNKNOWN, Secret::expose).to_owned())
}

fn settings(s: &HaNode, release: Release) -> Result<yml::Settings, Error> {
    let https = s.https.as_ref().zip(s.tls_paths()).map(|(https, (certificate, private_key))| {
        let strong_ssl_ciphers = https.strong_ssl_ciphers;
        yml::Https { port: https.port, certificate, private_key, strong_ssl_ciphers }
    });
    Ok(yml::Settings {
        release,
        hostname: s.hostname.clone(),
        external_url: s.external_url.clone(),
        http: yml::Http { port: s.http_port },
        https,
        harbor_admin_password: secret(s.admin_password_wo.as_ref()),
        data_volume: s.data_volume.clone(),
        with_notary: s.notary,
        database: None,
        external_database: Some(database(&s.database)),
        external_redis: s.redis.as_ref().map(redis).transpose()?,
        storage: s.storage.as_ref().and_then(storage),
        trivy: s.trivy.as_ref().map(trivy),
        jobservice: s.jobservice.as_ref().map(jobservice).transpose()?.unwrap_or_default(),
        notification: notification(s)?,
        log: s.log.as_ref().map(log).unwrap_or_default(),
        metric: s.metric.as_ref().map(|m| yml::Metric {
            enabled: true,
            port: m.port,
            path: m.path.clone(),
        }),
        trace: None,
        upload_purging: s.upload_purging.as_ref().map(|p| yml::UploadPurging {
            enabled: p.enabled,
            age_hours: p.age_hours,
            interval_hours: p.interval_hours,
            dryrun: p.dryrun,
        }),
        cache: s.cache.as_ref().map(|c| yml::Cache { enabled: true, expire_hours: c.expire_hours }),
        proxy: s.proxy.as_ref().map(proxy),
        internal_tls: None,
        ip_family: None,
        quota_update_provider: None,
        uaa_ca_file: None,
        chart_absolute_url: None,
        extra: extra(s)?,
    })
}

fn database(d: &our::Database) -> yml::ExternalDatabase {
    yml::ExternalDatabase {
        host: d.host.clone(),
        port: d.port,
        username: d.username.clone(),
        password: secret(d.password_wo.as_ref()),
        ssl_mode: d.ssl_mode.clone(),
        pool: yml::Pool {
            max_idle_conns: Some(d.max_idle_conns),
            max_open_conns: Some(d.max_open_conns),
            ..yml::Pool::default()
        },
        databases: yml::Databases { registry: d.name.clone(), ..yml::Databases::default() },
    }
}

fn index(key: &str, n: u32) -> Result<u8, Error> {
    let reason = "must be at most 255".to_owned();
    u8::try_from(n).map_err(|_| Error::Invalid { key: format!("external_redis.{key}"), reason })
}

fn redis(r: &our::Redis) -> Result<yml::ExternalRedis, Error> {
    let optional = |key, n: Option<u32>| n.map(|n| index(key, n)).transpose();
    Ok(yml::ExternalRedis {
        host: r.host.clone(),
        port: r.port,
        username: r.username.clone(),
        password: r.password_wo.as_ref().map(|p| secret(Some(p))),
        sentinel_master_set: r.sentinel_master_set.clone(),
        tls: None,
        registry_db_index: Some(index("registry_db_index", r.registry_db_index)?),
        jobservice_db_index: Some(index("jobservice_db_index", r.jobservice_db_index)?),
        chartmuseum_db_index: None,
        trivy_db_index: Some(index("trivy_db_index", r.trivy_db_index)?),
        harbor_db_index: optional("harbor_db_index", r.harbor_db_index)?,
        cache_layer_db_index: optional("cache_layer_db_index", r.cache_layer_db_index)?,
        idle_timeout_seconds: Some(r.idle_timeout_seconds),
    })
}

/// Nothing for the data volume as it is: that is Harbor's default.
fn storage(storage: &our::Storage) -> Option<yml::Storage> {
    let driver = match storage.driver.as_str() {
        "oss" => yml::Driver::Oss,
        "s3" => yml::Driver::S3,
        "azure" => yml::Driver::Azure,
        "gcs" => yml::Driver::Gcs,
        "swift" => yml::Driver::Swift,
        _ => yml::Driver::Filesystem,
    };
    let parameters = storage.parameters.iter().flatten();
    let parameters: BTreeMap<_, _> = parameters.map(|(k, v)| (k.clone(), scalar(v))).collect();
    let plain = driver == yml::Driver::Filesystem && parameters.is_empty();
    if plain && storage.redirect_disabled.is_none() {
        return None;
    }
    let secrets = storage.parameters_wo.iter().flatten();
    Some(yml::Storage {
        driver,
        parameters,
        secret_parameters: secrets.map(|(k, v)| (k.clone(), secret(Some(v)))).collect(),
        redirect_disabled: storage.redirect_disabled,
        ca_bundle: None,
    })
}

fn scalar(text: &str) -> yml::Scalar {
    match (text, text.parse::<i64>()) {
        ("true", _) => yml::Scalar::Bool(true),
        ("false", _) => yml::Scalar::Bool(false),
        (_, Ok(number)) if number.to_string() == text => yml::Scalar::Integer(number),
        _ => yml::Scalar::Text(text.to_owned()),
    }
}

fn trivy(t: &our::Trivy) -> yml::Trivy {
    yml::Trivy {
        ignore_unfixed: Some(t.ignore_unfixed),
        skip_update: Some(t.skip_update),
        skip_java_db_update: t.skip_java_db_update,
        db_repository: t.db_repository.clone(),
        java_db_repository: t.java_db_repository.clone(),
        offline_scan: t.offline_scan,
        security_check: t.security_check.clone(),
        insecure: Some(t.insecure),
        timeout: t.timeout.clone(),
        github_token: t.github_token_wo.as_ref().map(|p| secret(Some(p))),
    }
}

fn jobservice(j: &our::Jobservice) -> Result<yml::Jobservice, Error> {
    let logger = |word: &String| match word.as_str() {
        "STD_OUTPUT" => Ok(yml::JobLogger::StdOutput),
        "FILE" => Ok(yml::JobLogger::File),
        "DB" => Ok(yml::JobLogger::Db),
        _ => Err(Error::Invalid {
            key: "jobservice.job_loggers".to_owned(),
            reason: "each must be STD_OUTPUT, FILE or DB".to_owned(),
        }),
    };
    let job_loggers = j.job_loggers.as_ref().map(|l| l.iter().map(logger).collect()).transpose()?;
    Ok(yml::Jobservice {
        max_job_workers: Some(j.max_job_workers),
        max_job_duration_hours: j.max_job_duration_hours,
        job_loggers,
        logger_sweeper_duration: j.logger_sweeper_duration,
    })
}

fn log(l: &our::Log) -> yml::Log {
    yml::Log {
        level: l.level.clone(),
        rotate_count: l.rotate_count,
        rotate_size: l.rotate_size.clone(),
        location: l.location.clone(),
        external_endpoint: None,
    }
}

fn proxy(p: &our::Proxy) -> yml::Proxy {
    let default = yml::Proxy::default();
    yml::Proxy {
        http_proxy: p.http_proxy.clone(),
        https_proxy: p.https_proxy.clone(),
        no_proxy: p.no_proxy.clone(),
        components: p.components.clone().unwrap_or(default.components),
    }
}

/// Keys that every file has, so that they are not further ones to `render`.
fn notification(s: &HaNode) -> Result<yml::Notification, Error> {
    let number = |name: &str| -> Result<Option<u32>, Error> {
        let key = format!("notification.{name}");
        let text = s.settings.as_ref().and_then(|settings| settings.get(&key));
        let reason = "must be a whole number".to_owned();
        text.map(|t| t.parse().map_err(|_| Error::Invalid { key, reason })).transpose()
    };
    Ok(yml::Notification {
        webhook_job_max_retry: number("webhook_job_max_retry")?,
        webhook_job_http_client_timeout: number("webhook_job_http_client_timeout")?,
    })
}

fn extra(s: &HaNode) -> Result<BTreeMap<String, serde_json::Value>, Error> {
    let further = s.settings.iter().flatten().filter(|(k, _)| !k.starts_with("notification."));
    let pairs = further.map(|(key, text)| {
        let reason = "must be JSON".to_owned();
        let value =
            serde_json::from_str(text).map_err(|_| Error::Invalid { key: key.clone(), reason })?;
        Ok((key.clone(), value))
    });
    pairs.collect()
}

/// What `render` refuses, at the attribute that it comes from.
pub fn diag(error: &Error, s: &HaNode) -> Diag {
    let summary = "Harbor cannot take this configuration";
    let text = error.to_string();
    let mut rest = text.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    let detail = format!("{first}{}.", rest.as_str());
    let diag = Diag::error(summary, detail);
    match error.key() {
        Some(key) if s.settings.iter().flatten().any(|(k, _)| k == key) => {
            diag.at(Path::of("settings").key(key))
        }
        Some(key) => diag.at(attribute(key)),
        None => diag,
    }
}

/// The attribute of a key that `render` names.
fn attribute(key: &str) -> Path {
    let renamed = [
        ("harbor_admin_password", "admin_password_wo"),
        ("http.port", "http_port"),
        ("https.certificate", "https.certificate_path"),
        ("https.private_key", "https.private_key_path"),
        ("external_database.password", "database.password_wo"),
        ("external_database.databases.registry", "database.name"),
        ("external_database.pool", "database"),
        ("external_redis.password", "redis.password_wo"),
        ("with_notary", "notary"),
    ];
    if let Some((_, name)) = renamed.iter().find(|(from, _)| key == *from) {
        return Path::of(name);
    }
    let sections = [("external_database.", "database."), ("external_redis.", "redis.")];
    for (from, to) in sections {
        if let Some(rest) = key.strip_prefix(from) {
            return Path::of(&format!("{to}{}", rest.split('.').next_back().unwrap_or(rest)));
        }
    }
    let top = key.split('.').next().unwrap_or(key);
    match top {
        "storage" | "storage_service" => Path::of("storage"),
        "hostname" | "external_url" | "data_volume" | "trivy" | "jobservice" | "log" | "metric"
        | "cache" | "upload_purging" | "proxy" | "https" => Path::of(key),
        _ => Path::of("settings").key(key),
    }
}
