//! What `prepare` would refuse, and what it would take and misread.

mod rules;
mod stores;

use rules::{Done, ensure, one_of, plain};

use super::super::check_path;
use super::settings::{Settings, Trace};
use crate::{Error, Secret, address};

pub(super) fn all(s: &Settings) -> Done {
    front(s)?;
    admin_password(&s.harbor_admin_password)?;
    check_path("data_volume", &s.data_volume)?;
    stores::databases(s)?;
    s.external_redis.as_ref().map_or(Ok(()), |r| stores::redis(s, r))?;
    stores::storage(s)?;
    jobs(s)?;
    log(s)?;
    optional(s)?;
    s.trace.as_ref().map_or(Ok(()), trace)
}

fn judged(key: &str, judged: address::Judged) -> Done {
    judged.map_err(|reason| Error::invalid(key, reason))
}

fn front(s: &Settings) -> Done {
    judged("hostname", address::registry_name(&s.hostname))?;
    let example = "is the example of Harbor's template: give your own name";
    ensure(s.hostname != "reg.mydomain.com", "hostname", example)?;
    if let Some(url) = &s.external_url {
        judged("external_url", address::origin(url).map(|_| ()))?;
    }
    let Some(https) = &s.https else {
        return ensure(!s.with_notary, "https", "must be set: Notary works over HTTPS only");
    };
    ensure(https.port != s.http.port, "https.port", "must differ from http.port")?;
    let example = "is the example of Harbor's template: give your own path";
    for (key, path) in
        [("https.certificate", &https.certificate), ("https.private_key", &https.private_key)]
    {
        check_path(key, path)?;
        ensure(!path.starts_with("/your/"), key, example)?;
    }
    Ok(())
}

/// It goes unquoted into an env file, where Compose reads comments, quotes and `$`.
fn admin_password(password: &Secret) -> Done {
    let harmless = |b: u8| b.is_ascii_graphic() && !b"#$'\"\\`".contains(&b);
    let password = password.expose();
    ensure(
        !password.is_empty() && password.bytes().all(harmless),
        "harbor_admin_password",
        "must be printable ASCII without space and without # $ ' \" \\ `, and not empty",
    )
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

fn log(s: &Settings) -> Done {
    let log = &s.log;
    one_of("log.level", &log.level, &["debug", "info", "warning", "error", "fatal"])?;
    let zero = "must be at least 1: Harbor takes 0 for 50";
    ensure(log.rotate_count > 0, "log.rotate_count", zero)?;
    let number = log.rotate_size.strip_suffix(['k', 'M', 'G']).unwrap_or(&log.rotate_size);
    let ok = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    ensure(ok, "log.rotate_size", "must be a number with k, M, G or nothing after it")?;
    check_path("log.location", &log.location)?;
    let Some(endpoint) = &log.external_endpoint else { return Ok(()) };
    one_of("log.external_endpoint.protocol", &endpoint.protocol, &["tcp", "udp"])?;
    plain("log.external_endpoint.host", &endpoint.host)?;
    ensure(endpoint.port > 0, "log.external_endpoint.port", "must be set")
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
    if let Some(tls) = &s.internal_tls {
        check_path("internal_tls.dir", &tls.dir)?;
    }
    if let Some(metric) = &s.metric {
        ensure(metric.path.starts_with('/'), "metric.path", "must start with /")?;
    }
    if let Some(proxy) = &s.proxy {
        let texts = [&proxy.http_proxy, &proxy.https_proxy, &proxy.no_proxy];
        texts.into_iter().flatten().try_for_each(|text| plain("proxy", text))?;
    }
    s.uaa_ca_file.as_deref().map_or(Ok(()), |path| check_path("uaa_ca_file", path))
}

fn trace(trace: &Trace) -> Done {
    let rate = trace.sample_rate.is_none_or(|r| (0.0..=1.0).contains(&r));
    ensure(rate, "trace.sample_rate", "must be from 0 to 1")?;
    if !trace.enabled {
        return Ok(());
    }
    let one = "exactly one of jaeger and otel must be set";
    ensure(trace.jaeger.is_some() != trace.otel.is_some(), "trace", one)?;
    let Some(jaeger) = &trace.jaeger else { return Ok(()) };
    ensure(
        jaeger.endpoint.is_some() || jaeger.agent_host.is_some(),
        "trace.jaeger",
        "must have endpoint or agent_host",
    )
}

/// The `prepare` wrapper takes the data volume from the text with grep and awk, so there must be
/// one such line, with the path bare at its end.
pub(super) fn data_volume_line(text: &str, path: &str) -> Done {
    let mut lines = text.lines().filter(|line| line.contains("data_volume:"));
    let bare = format!("data_volume: {path}");
    ensure(
        lines.next() == Some(bare.as_str()) && lines.next().is_none(),
        "data_volume",
        "must be the only value of the file that holds the text data_volume:",
    )
}
