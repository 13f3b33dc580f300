//! The sections, in the order of Harbor's own template.

mod stores;

use serde_json::{Value, json};

use super::super::releases::Quirk;
use super::owned;
use super::settings::{JobLogger, Settings, Trace, UploadPurging};
use super::tree::Tree;
use crate::{Error, Secret};

type Done = Result<(), Error>;

pub(super) fn document(s: &Settings) -> Result<Value, Error> {
    let mut tree = Tree::new(s.release);
    let t = &mut tree;
    front(t, s)?;
    t.put("harbor_admin_password", s.harbor_admin_password.expose())?;
    s.database.as_ref().map_or(Ok(()), |d| stores::database(t, d))?;
    t.put("data_volume", s.data_volume.as_str())?;
    s.storage.as_ref().map_or(Ok(()), |storage_settings| stores::storage(t, storage_settings))?;
    trivy(t, s)?;
    jobs(t, s)?;
    log(t, s)?;
    t.put("_version", s.release.file_version())?;
    s.external_database.as_ref().map_or(Ok(()), |d| stores::external_database(t, s, d))?;
    s.external_redis.as_ref().map_or(Ok(()), |r| stores::external_redis(t, r))?;
    outside(t, s)?;
    observed(t, s)?;
    cleanup(t, s)?;
    extra(t, s)?;
    tree.finish()
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
    let retries = s.release.webhook_retries();
    t.put_or("notification.webhook_job_max_retry", webhooks.webhook_job_max_retry, retries)?;
    let timeout = webhooks.webhook_job_http_client_timeout;
    t.put_or("notification.webhook_job_http_client_timeout", timeout, 3)?;

    let chart = s.chartmuseum.as_ref().and_then(|chart| chart.absolute_url);
    let word = |on| if on { "enabled" } else { "disabled" };
    t.put_some("chart.absolute_url", chart.map(word))
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
        let plain = s.release.has(Quirk::PlainOtelTimeout);
        let timeout = if plain { json!(seconds) } else { json!(format!("{seconds}s")) };
        t.put("trace.otel.timeout", timeout)?;
    }
    Ok(())
}

fn cleanup(t: &mut Tree, s: &Settings) -> Done {
    // Without the section it is off, although the template has it on.
    let usual = t.knows("upload_purging.enabled").then(UploadPurging::default);
    if let Some(purging) = s.upload_purging.as_ref().or(usual.as_ref()) {
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

fn extra(t: &mut Tree, s: &Settings) -> Done {
    for (path, value) in &s.extra {
        if let Some(setting) = owned::setting_of(path) {
            return Err(Error::invalid(
                path.as_str(),
                format!("has a setting of its own: {setting}"),
            ));
        }
        if let Some(reason) = owned::never(path) {
            return Err(Error::invalid(path.as_str(), reason));
        }
        t.put(path, value.clone())?;
    }
    Ok(())
}
