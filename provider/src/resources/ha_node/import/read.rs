//! `harbor.yml` as settings.

mod stores;
mod trace;
mod value;

use render::harbor::{Release, keys};
use serde_json::Value as Json;

pub use value::text;
use value::{number, on};

use crate::resources::ha_node::settings::{
    Cache, Chartmuseum, HaNode, Https, InternalTls, IpFamily, Jobservice, Log, LogEndpoint, Metric,
    Notification, Proxy, QuotaUpdateProvider, Trivy, UploadPurging,
};
use crate::resources::ha_node::{harbor_yml, semantic_equality};

fn log(yml: &Json) -> Option<Log> {
    let local = &yml["local"];
    let log = Log {
        level: text(&yml["level"]).unwrap_or_else(|| "info".to_owned()),
        rotate_count: number(&local["rotate_count"]).unwrap_or(50),
        rotate_size: text(&local["rotate_size"]).unwrap_or_else(|| "200M".to_owned()),
        location: text(&local["location"]).unwrap_or_else(|| "/var/log/harbor".to_owned()),
        external_endpoint: log_endpoint(&yml["external_endpoint"]),
    };
    let usual =
        (log.level.as_str(), log.rotate_count, log.rotate_size.as_str(), log.location.as_str())
            == ("info", 50, "200M", "/var/log/harbor")
            && log.external_endpoint.is_none();
    (!usual).then_some(log)
}

fn log_endpoint(yml: &Json) -> Option<LogEndpoint> {
    yml.is_object().then(|| LogEndpoint {
        protocol: text(&yml["protocol"]).unwrap_or_else(|| "tcp".to_owned()),
        host: text(&yml["host"]).unwrap_or_default(),
        port: number(&yml["port"]).unwrap_or(514),
    })
}

/// All that `harbor.yml` says and is no secret.
pub fn from_yml(s: &mut HaNode, yml: &Json) {
    s.hostname = text(&yml["hostname"]).unwrap_or_default();
    s.external_url = text(&yml["external_url"]);
    s.http_port = number(&yml["http"]["port"]).unwrap_or(80);
    s.data_volume = text(&yml["data_volume"]).unwrap_or_else(|| "/data".to_owned());
    s.https = yml["https"].is_object().then(|| Https {
        port: number(&yml["https"]["port"]).unwrap_or(443),
        certificate: None,
        private_key_wo: None,
        private_key_wo_version: None,
        certificate_path: text(&yml["https"]["certificate"]),
        private_key_path: text(&yml["https"]["private_key"]),
        trust: None,
        strong_ssl_ciphers: yml["https"]["strong_ssl_ciphers"].as_bool(),
    });
    s.database = stores::database(&yml["external_database"]);
    s.redis = yml["external_redis"].is_object().then(|| stores::redis(&yml["external_redis"]));
    s.log = log(&yml["log"]);
    let metric = &yml["metric"];
    s.metric = metric["enabled"].as_bool().unwrap_or(false).then(|| Metric {
        port: number(&metric["port"]).unwrap_or(9090),
        path: text(&metric["path"]).unwrap_or_else(|| "/metrics".to_owned()),
    });
    s.storage = stores::storage(&yml["storage_service"]);
    s.jobservice = jobservice(&yml["jobservice"]);
    let cache = &yml["cache"];
    s.cache = cache["enabled"]
        .as_bool()
        .unwrap_or(false)
        .then(|| Cache { expire_hours: number(&cache["expire_hours"]).unwrap_or(24) });
    s.proxy = proxy(&yml["proxy"]);
    s.uaa_ca_file = text(&yml["uaa"]["ca_file"]);
    s.internal_tls = on(&yml["internal_tls"])
        .then(|| InternalTls { dir: text(&yml["internal_tls"]["dir"]).unwrap_or_default() });
    if let Ok(release) = s.version.parse() {
        of_release(s, yml, release);
    }
}

/// What not every release reads.
fn of_release(s: &mut HaNode, yml: &Json, release: Release) {
    let reads = |key: &str| keys::is_known(release, key);
    if reads("upload_purging.enabled") {
        s.upload_purging = Some(upload_purging(&yml["upload_purging"]));
    }
    s.notification = notification(&yml["notification"], release);
    if reads("trace.enabled") {
        s.trace = on(&yml["trace"]).then(|| trace::trace(&yml["trace"]));
    }
    let family = &yml["ip_family"];
    s.ip_family = (family.is_object() && reads("ip_family.ipv4.enabled"))
        .then(|| IpFamily { ipv4: on(&family["ipv4"]), ipv6: on(&family["ipv6"]) });
    s.quota_update_provider = match yml["core"]["quota_update_provider"].as_str() {
        _ if !reads("core.quota_update_provider") => None,
        Some("db") => Some(QuotaUpdateProvider::Db),
        Some("redis") => Some(QuotaUpdateProvider::Redis),
        _ => None,
    };
}

fn notification(yml: &Json, release: Release) -> Option<Notification> {
    let timeout = "webhook_job_http_client_timeout";
    let reads = keys::is_known(release, &format!("notification.{timeout}"));
    let retries = yml["webhook_job_max_retry"].as_u64();
    let usual = release.webhook_retries();
    let notification = Notification {
        webhook_job_max_retry: retries.filter(|n| *n != usual).and_then(|n| u32::try_from(n).ok()),
        webhook_job_http_client_timeout: number(&yml[timeout]).filter(|n| reads && *n != 3),
    };
    let set = notification.webhook_job_max_retry.is_some()
        || notification.webhook_job_http_client_timeout.is_some();
    set.then_some(notification)
}

/// `ChartMuseum`, which is installed.
pub fn chartmuseum(s: &mut HaNode, yml: &Json) {
    let word = yml["chart"]["absolute_url"].as_str();
    s.chartmuseum = Some(Chartmuseum { absolute_url: word.map(|word| word == "enabled") });
    if let Some(redis) = &mut s.redis {
        redis.chartmuseum_db_index = number(&yml["external_redis"]["chartmuseum_db_index"]);
    }
}

fn jobservice(yml: &Json) -> Option<Jobservice> {
    let words = yml["job_loggers"].as_array();
    let words: Option<Vec<String>> = words.map(|w| w.iter().filter_map(text).collect());
    let jobs = Jobservice {
        max_job_workers: number(&yml["max_job_workers"]).unwrap_or(10),
        job_loggers: words.filter(|words| words != &["STD_OUTPUT", "FILE"]),
        logger_sweeper_duration: number(&yml["logger_sweeper_duration"]).filter(|days| *days != 1),
        max_job_duration_hours: number(&yml["max_job_duration_hours"]),
    };
    let usual = jobs.max_job_workers == 10
        && jobs.job_loggers.is_none()
        && jobs.logger_sweeper_duration.is_none()
        && jobs.max_job_duration_hours.is_none();
    (!usual).then_some(jobs)
}

/// Without the section it is off.
fn upload_purging(yml: &Json) -> UploadPurging {
    let hours = |key: &str| text(&yml[key])?.trim_end_matches('h').parse().ok();
    UploadPurging {
        enabled: on(yml),
        age_hours: hours("age").unwrap_or(168),
        interval_hours: hours("interval").unwrap_or(24),
        dryrun: yml["dryrun"].as_bool().unwrap_or(false),
    }
}

fn proxy(yml: &Json) -> Option<Proxy> {
    let words = yml["components"].as_array();
    let words: Option<Vec<String>> = words.map(|w| w.iter().filter_map(text).collect());
    let proxy = Proxy {
        http_proxy: text(&yml["http_proxy"]),
        https_proxy: text(&yml["https_proxy"]),
        no_proxy: text(&yml["no_proxy"]),
        components: words.filter(|words| words != &["core", "jobservice", "trivy"]),
    };
    let used =
        proxy.http_proxy.is_some() || proxy.https_proxy.is_some() || proxy.no_proxy.is_some();
    used.then_some(proxy)
}

/// What Harbor reads in the file and has no attribute of its own.
pub fn further(s: &mut HaNode, file: &str) {
    let Ok(release) = s.version.parse() else { return };
    let Ok(ours) = harbor_yml::render(s, release) else { return };
    for (key, value) in semantic_equality::differing_keys(file, &ours, release) {
        let mut with = s.clone();
        with.settings.get_or_insert_default().insert(key, value.to_string());
        // A key that an attribute writes is none of these: the plan shows how it differs.
        if harbor_yml::render(&with, release).is_ok() {
            *s = with;
        }
    }
}

/// Trivy, where it is installed.
pub fn trivy(yml: &Json) -> Trivy {
    let flag = |key: &str| yml[key].as_bool();
    Trivy {
        ignore_unfixed: flag("ignore_unfixed").unwrap_or(false),
        skip_update: flag("skip_update").unwrap_or(false),
        offline_scan: flag("offline_scan"),
        insecure: flag("insecure").unwrap_or(false),
        timeout: text(&yml["timeout"]),
        security_check: text(&yml["security_check"]),
        skip_java_db_update: flag("skip_java_db_update"),
        db_repository: text(&yml["db_repository"]),
        java_db_repository: text(&yml["java_db_repository"]),
        github_token_wo: None,
        github_token_wo_version: None,
    }
}
