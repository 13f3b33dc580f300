//! Harbor's services and outside connections: most of it ends in environment files.

use super::super::super::check_path;
use super::super::settings::{Jaeger, Otel, Settings, Trace, Trivy};
use super::rules::{Done, ensure, env, host, one_of};
use crate::Error;

pub(super) fn all(s: &Settings) -> Done {
    jobs(s)?;
    s.trivy.as_ref().map_or(Ok(()), trivy)?;
    optional(s)?;
    s.trace.as_ref().map_or(Ok(()), trace)
}

fn jobs(s: &Settings) -> Done {
    let jobs = &s.jobservice;
    ensure(jobs.max_job_workers != Some(0), "jobservice.max_job_workers", "must be at least 1")?;
    let hours = "must be at least 24: Harbor takes less for 24";
    let ok = jobs.max_job_duration_hours.is_none_or(|h| h >= 24);
    ensure(ok, "jobservice.max_job_duration_hours", hours)?;
    let ok = jobs.job_loggers.as_ref().is_none_or(|l| !l.is_empty());
    ensure(ok, "jobservice.job_loggers", "must name at least one logger")
}

fn trivy(trivy: &Trivy) -> Done {
    let token = trivy.github_token.as_ref().map(crate::Secret::expose);
    for (name, text) in [
        ("db_repository", trivy.db_repository.as_deref()),
        ("java_db_repository", trivy.java_db_repository.as_deref()),
        ("security_check", trivy.security_check.as_deref()),
        ("timeout", trivy.timeout.as_deref()),
        ("github_token", token),
    ] {
        text.map_or(Ok(()), |text| env(&format!("trivy.{name}"), text))?;
    }
    Ok(())
}

fn optional(s: &Settings) -> Done {
    if let Some(purging) = &s.upload_purging {
        ensure(purging.age_hours >= 2, "upload_purging.age_hours", "must be at least 2")?;
        ensure(purging.interval_hours >= 2, "upload_purging.interval_hours", "must be at least 2")?;
    }
    if let Some(cache) = &s.cache {
        ensure(cache.expire_hours > 0, "cache.expire_hours", "must be at least 1")?;
    }
    if let Some(provider) = &s.quota_update_provider {
        one_of("quota_update_provider", provider, &["db", "redis"])?;
    }
    if let Some(metric) = &s.metric {
        // It ends in YAML, in nginx's configuration and in environment files.
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"._~/-".contains(&b);
        let ok = metric.path.starts_with('/') && metric.path.bytes().all(harmless);
        ensure(ok, "metric.path", "must start with / and be letters, digits and ._~/- only")?;
    }
    if let Some(proxy) = &s.proxy {
        for (name, text) in [
            ("http_proxy", &proxy.http_proxy),
            ("https_proxy", &proxy.https_proxy),
            ("no_proxy", &proxy.no_proxy),
        ] {
            text.as_deref().map_or(Ok(()), |text| env(&format!("proxy.{name}"), text))?;
        }
        components(&proxy.components)?;
    }
    s.uaa_ca_file.as_deref().map_or(Ok(()), |path| check_path("uaa.ca_file", path))
}

/// Harbor takes any word, and uses these.
fn components(words: &[String]) -> Done {
    let known = ["core", "jobservice", "trivy", "clair"];
    words.iter().try_for_each(|word| one_of("proxy.components", word, &known))
}

fn trace(trace: &Trace) -> Done {
    let rate = trace.sample_rate.is_none_or(|r| (0.0..=1.0).contains(&r));
    ensure(rate, "trace.sample_rate", "must be from 0 to 1")?;
    trace.namespace.as_deref().map_or(Ok(()), |name| env("trace.namespace", name))?;
    for (name, value) in &trace.attributes {
        // JSON in an environment file: quotes stay, but comments and variables do not.
        let ok = !format!("{name}{value}").contains(['#', '$']);
        ensure(ok, "trace.attributes", "must not hold # or $: Compose would change them")?;
    }
    if !trace.enabled {
        return Ok(());
    }
    match (&trace.jaeger, &trace.otel) {
        (Some(exporter), None) => jaeger(exporter),
        (None, Some(exporter)) => otel(exporter),
        _ => Err(Error::invalid("trace", "exactly one of jaeger and otel must be set")),
    }
}

fn jaeger(jaeger: &Jaeger) -> Done {
    let key = |name: &str| format!("trace.jaeger.{name}");
    ensure(
        jaeger.endpoint.is_some() != jaeger.agent_host.is_some(),
        "trace.jaeger",
        "exactly one of endpoint and agent_host must be set",
    )?;
    let password = jaeger.password.as_ref().map(crate::Secret::expose);
    for (name, text) in [
        ("endpoint", jaeger.endpoint.as_deref()),
        ("username", jaeger.username.as_deref()),
        ("password", password),
    ] {
        text.map_or(Ok(()), |text| env(&key(name), text))?;
    }
    let login = jaeger.username.is_some() || jaeger.password.is_some();
    let ok = jaeger.endpoint.is_some() || !login;
    ensure(ok, &key("username"), "must not be set with agent_host: an agent asks for no login")?;
    jaeger.agent_host.as_deref().map_or(Ok(()), |name| host(&key("agent_host"), name))
}

fn otel(otel: &Otel) -> Done {
    env("trace.otel.endpoint", &otel.endpoint)?;
    env("trace.otel.url_path", &otel.url_path)?;
    let ok = otel.url_path.starts_with('/');
    ensure(ok, "trace.otel.url_path", "must start with /")?;
    ensure(!otel.endpoint.contains("://"), "trace.otel.endpoint", "must be host:port, not a URL")?;
    ensure(otel.timeout_seconds > 0, "trace.otel.timeout_seconds", "must be at least 1")
}
