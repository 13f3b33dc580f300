//! The sections, in the order of Harbor's own template.

use serde_json::{Value, json};

use super::{
    Database, ExternalDatabase, ExternalRedis, JobLogger, Pool, Scalar, Settings, Storage, Trace,
    tree::Tree,
};
use crate::{Error, Secret};

type Done = Result<(), Error>;

pub(super) fn document(s: &Settings) -> Result<Value, Error> {
    let mut tree = Tree::new(s.release);
    let t = &mut tree;
    front(t, s)?;
    t.put("harbor_admin_password", s.harbor_admin_password.expose())?;
    s.database.as_ref().map_or(Ok(()), |d| database(t, d))?;
    t.put("data_volume", s.data_volume.as_str())?;
    s.storage.as_ref().map_or(Ok(()), |storage_settings| storage(t, storage_settings))?;
    trivy(t, s)?;
    jobs(t, s)?;
    log(t, s)?;
    t.put("_version", file_version(s.release.minor()))?;
    s.external_database.as_ref().map_or(Ok(()), |d| external_database(t, s, d))?;
    s.external_redis.as_ref().map_or(Ok(()), |r| external_redis(t, s, r))?;
    outside(t, s)?;
    observed(t, s)?;
    cleanup(t, s)?;
    tree.finish()
}

/// 2.1 still says 2.0.0.
fn file_version(minor: u64) -> String {
    format!("2.{}.0", if minor == 1 { 0 } else { minor })
}

fn front(t: &mut Tree, s: &Settings) -> Done {
    t.put("hostname", s.hostname.as_str())?;
    t.put("http.port", s.http.port)?;
    if let Some(https) = &s.https {
        t.put("https.port", https.port)?;
        t.put("https.certificate", https.certificate.as_str())?;
        t.put("https.private_key", https.private_key.as_str())?;
        t.put_some("https.strong_ssl_ciphers", https.strong_ssl_ciphers)?;
    }
    if let Some(family) = &s.ip_family {
        t.put("ip_family.ipv6.enabled", family.ipv6)?;
        t.put("ip_family.ipv4.enabled", family.ipv4)?;
    }
    if let Some(tls) = &s.internal_tls {
        t.put("internal_tls.enabled", tls.enabled)?;
        t.put("internal_tls.dir", tls.dir.as_str())?;
    }
    t.put_some("external_url", s.external_url.as_deref())
}

fn database(t: &mut Tree, d: &Database) -> Done {
    t.put("database.password", d.password.expose())?;
    pool(t, "database", &d.pool)
}

fn pool(t: &mut Tree, at: &str, pool: &Pool) -> Done {
    t.put_some(&format!("{at}.max_idle_conns"), pool.max_idle_conns)?;
    t.put_some(&format!("{at}.max_open_conns"), pool.max_open_conns)?;
    t.put_some(&format!("{at}.conn_max_lifetime"), pool.conn_max_lifetime.as_deref())?;
    t.put_some(&format!("{at}.conn_max_idle_time"), pool.conn_max_idle_time.as_deref())
}

fn storage(t: &mut Tree, storage: &Storage) -> Done {
    t.put_some("storage_service.ca_bundle", storage.ca_bundle.as_deref())?;
    let driver = format!("storage_service.{}", storage.driver.name());
    for (name, value) in &storage.parameters {
        let value = match value {
            Scalar::Bool(b) => json!(b),
            Scalar::Integer(i) => json!(i),
            Scalar::Text(text) => json!(text),
        };
        t.put(&format!("{driver}.{name}"), value)?;
    }
    for (name, value) in &storage.secret_parameters {
        t.put(&format!("{driver}.{name}"), value.expose())?;
    }
    // The other of the two names is a KeyError, in both directions.
    let word = if t.knows("storage_service.redirect.disable") { "disable" } else { "disabled" };
    t.put_some(&format!("storage_service.redirect.{word}"), storage.redirect_disabled)
}

fn trivy(t: &mut Tree, s: &Settings) -> Done {
    let Some(trivy) = &s.trivy else { return Ok(()) };
    t.put_some("trivy.ignore_unfixed", trivy.ignore_unfixed)?;
    t.put_some("trivy.skip_update", trivy.skip_update)?;
    t.put_some("trivy.skip_java_db_update", trivy.skip_java_db_update)?;
    t.put_some("trivy.db_repository", trivy.db_repository.as_deref())?;
    t.put_some("trivy.java_db_repository", trivy.java_db_repository.as_deref())?;
    t.put_some("trivy.offline_scan", trivy.offline_scan)?;
    t.put_some("trivy.security_check", trivy.security_check.as_deref())?;
    t.put_some("trivy.insecure", trivy.insecure)?;
    t.put_some("trivy.timeout", trivy.timeout.as_deref())?;
    t.put_some("trivy.github_token", trivy.github_token.as_ref().map(Secret::expose))
}

fn jobs(t: &mut Tree, s: &Settings) -> Done {
    let jobs = &s.jobservice;
    let loggers = jobs.job_loggers.as_ref().map(|l| words(l));
    t.put_or("jobservice.max_job_workers", jobs.max_job_workers, 10)?;
    t.put_some("jobservice.max_job_duration_hours", jobs.max_job_duration_hours)?;
    t.put_or("jobservice.job_loggers", loggers, words(&[JobLogger::StdOutput, JobLogger::File]))?;
    t.put_or("jobservice.logger_sweeper_duration", jobs.logger_sweeper_duration, 1)?;

    let webhooks = &s.notification;
    let retries = if s.release.minor() >= 8 { 3 } else { 10 };
    t.put_or("notification.webhook_job_max_retry", webhooks.webhook_job_max_retry, retries)?;
    let timeout = webhooks.webhook_job_http_client_timeout;
    t.put_or("notification.webhook_job_http_client_timeout", timeout, 3)?;

    let chart = s.chart_absolute_url.map(|on| if on { "enabled" } else { "disabled" });
    t.put_some("chart.absolute_url", chart)
}

fn words(loggers: &[JobLogger]) -> Vec<&'static str> {
    loggers.iter().map(|l| l.word()).collect()
}

fn log(t: &mut Tree, s: &Settings) -> Done {
    t.put("log.level", s.log.level.as_str())?;
    t.put("log.local.rotate_count", s.log.rotate_count)?;
    t.put("log.local.rotate_size", s.log.rotate_size.as_str())?;
    t.put("log.local.location", s.log.location.as_str())?;
    if let Some(endpoint) = &s.log.external_endpoint {
        t.put("log.external_endpoint.protocol", endpoint.protocol.as_str())?;
        t.put("log.external_endpoint.host", endpoint.host.as_str())?;
        t.put("log.external_endpoint.port", endpoint.port)?;
    }
    Ok(())
}

fn external_database(t: &mut Tree, s: &Settings, d: &ExternalDatabase) -> Done {
    login(t, "external_database.harbor", d, &d.databases.registry)?;
    pool(t, "external_database.harbor", &d.pool)?;
    let names = &d.databases;
    let notary = [
        ("notary_signer", names.notarysigner.as_deref(), "notarysigner"),
        ("notary_server", names.notaryserver.as_deref(), "notaryserver"),
    ];
    for (section, name, default) in notary {
        if let Some(name) = name.or(s.with_notary.then_some(default)) {
            login(t, &format!("external_database.{section}"), d, name)?;
        }
    }
    Ok(())
}

fn login(t: &mut Tree, at: &str, d: &ExternalDatabase, database: &str) -> Done {
    t.put(&format!("{at}.host"), d.host.as_str())?;
    t.put(&format!("{at}.port"), d.port)?;
    t.put(&format!("{at}.db_name"), database)?;
    t.put(&format!("{at}.username"), d.username.as_str())?;
    t.put(&format!("{at}.password"), d.password.expose())?;
    t.put(&format!("{at}.ssl_mode"), d.ssl_mode.as_str())
}

fn external_redis(t: &mut Tree, s: &Settings, r: &ExternalRedis) -> Done {
    let key = |name: &str| format!("external_redis.{name}");
    if s.release.minor() == 0 {
        t.put(&key("host"), r.host.as_str())?;
        t.put(&key("port"), r.port)?;
    } else {
        t.put(&key("host"), redis_hosts(&r.host, r.port))?;
    }
    t.put_some(&key("username"), r.username.as_deref())?;
    // Read with [] in some releases: without a password it is written empty.
    t.put(&key("password"), r.password.as_ref().map_or("", Secret::expose))?;
    t.put_some(&key("sentinel_master_set"), r.sentinel_master_set.as_deref())?;
    if let Some(tls) = &r.tls {
        t.put(&key("tlsOptions.enable"), tls.enable)?;
        // Demanded where TLS is on; null is taken.
        t.put(&key("tlsOptions.rootCA"), tls.root_ca.as_deref())?;
    }
    t.put_some(&key("registry_db_index"), r.registry_db_index)?;
    t.put_some(&key("jobservice_db_index"), r.jobservice_db_index)?;
    t.put_some(&key("chartmuseum_db_index"), r.chartmuseum_db_index)?;
    t.put_some(&key("trivy_db_index"), r.trivy_db_index)?;
    t.put_some(&key("harbor_db_index"), r.harbor_db_index)?;
    t.put_some(&key("cache_layer_db_index"), r.cache_layer_db_index)?;
    t.put_some(&key("idle_timeout_seconds"), r.idle_timeout_seconds)
}

/// From 2.1 on host and port are one text, and no default port is added.
fn redis_hosts(hosts: &str, port: u16) -> String {
    let with_port = |host: &str| match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => host.to_owned(),
        Some(_) if !host.starts_with('[') => format!("[{host}]:{port}"),
        _ => format!("{host}:{port}"),
    };
    hosts.split(',').map(|h| with_port(h.trim())).collect::<Vec<_>>().join(",")
}

fn outside(t: &mut Tree, s: &Settings) -> Done {
    t.put_some("uaa.ca_file", s.uaa_ca_file.as_deref())?;
    let Some(proxy) = &s.proxy else { return Ok(()) };
    t.put("proxy.http_proxy", proxy.http_proxy.as_deref())?;
    t.put("proxy.https_proxy", proxy.https_proxy.as_deref())?;
    t.put("proxy.no_proxy", proxy.no_proxy.as_deref())?;
    t.put("proxy.components", proxy.components.clone())
}

fn observed(t: &mut Tree, s: &Settings) -> Done {
    if let Some(metric) = &s.metric {
        t.put("metric.enabled", metric.enabled)?;
        t.put("metric.port", metric.port)?;
        t.put("metric.path", metric.path.as_str())?;
    }
    s.trace.as_ref().map_or(Ok(()), |trace_settings| trace(t, s, trace_settings))
}

fn trace(t: &mut Tree, s: &Settings, trace: &Trace) -> Done {
    t.put("trace.enabled", trace.enabled)?;
    t.put_some("trace.sample_rate", trace.sample_rate)?;
    t.put_some("trace.namespace", trace.namespace.as_deref())?;
    let attributes = (!trace.attributes.is_empty()).then(|| json!(trace.attributes));
    t.put_some("trace.attributes", attributes)?;
    if let Some(jaeger) = &trace.jaeger {
        t.put_some("trace.jaeger.endpoint", jaeger.endpoint.as_deref())?;
        t.put_some("trace.jaeger.username", jaeger.username.as_deref())?;
        let password = jaeger.password.as_ref().map(Secret::expose);
        t.put_some("trace.jaeger.password", password)?;
        t.put_some("trace.jaeger.agent_host", jaeger.agent_host.as_deref())?;
        t.put_some("trace.jaeger.agent_port", jaeger.agent_port)?;
    }
    if let Some(otel) = &trace.otel {
        t.put("trace.otel.endpoint", otel.endpoint.as_str())?;
        t.put("trace.otel.url_path", otel.url_path.as_str())?;
        t.put("trace.otel.compression", otel.compression)?;
        t.put("trace.otel.insecure", otel.insecure)?;
        let seconds = otel.timeout_seconds;
        let plain = plain_otel_timeout(s.release.minor(), s.release.patch());
        let timeout = if plain { json!(seconds) } else { json!(format!("{seconds}s")) };
        t.put("trace.otel.timeout", timeout)?;
    }
    Ok(())
}

/// `10s` became `10` in 2.9 and in the late patches of 2.7 and 2.8.
fn plain_otel_timeout(minor: u64, patch: u64) -> bool {
    minor >= 9 || (minor == 8 && patch >= 4) || (minor == 7 && patch >= 3)
}

fn cleanup(t: &mut Tree, s: &Settings) -> Done {
    if let Some(purging) = &s.upload_purging {
        t.put("upload_purging.enabled", purging.enabled)?;
        t.put("upload_purging.age", format!("{}h", purging.age_hours))?;
        t.put("upload_purging.interval", format!("{}h", purging.interval_hours))?;
        t.put("upload_purging.dryrun", purging.dryrun)?;
    }
    if let Some(cache) = &s.cache {
        t.put("cache.enabled", cache.enabled)?;
        t.put("cache.expire_hours", cache.expire_hours)?;
    }
    t.put_some("core.quota_update_provider", s.quota_update_provider.as_deref())
}
