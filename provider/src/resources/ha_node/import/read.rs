//! `harbor.yml` as settings.

use std::collections::BTreeMap;

use render::mask::is_secret_key;
use serde_json::Value as Json;

use crate::resources::ha_node::settings::{
    Cache, Database, HaNode, Https, Jobservice, Log, Metric, Proxy, Redis, Storage, Trivy,
    UploadPurging,
};
use crate::resources::ha_node::{harbor_yml, meaning};

fn log(yml: &Json) -> Option<Log> {
    let local = &yml["local"];
    let log = Log {
        level: text(&yml["level"]).unwrap_or_else(|| "info".to_owned()),
        rotate_count: number(&local["rotate_count"]).unwrap_or(50),
        rotate_size: text(&local["rotate_size"]).unwrap_or_else(|| "200M".to_owned()),
        location: text(&local["location"]).unwrap_or_else(|| "/var/log/harbor".to_owned()),
    };
    let usual =
        (log.level.as_str(), log.rotate_count, log.rotate_size.as_str(), log.location.as_str())
            == ("info", 50, "200M", "/var/log/harbor");
    (!usual).then_some(log)
}

pub fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(s) if !s.is_empty() => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn number<T: TryFrom<i64>>(value: &Json) -> Option<T> {
    value.as_i64().and_then(|n| T::try_from(n).ok())
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
    let db = &yml["external_database"]["harbor"];
    s.database = Database {
        host: text(&db["host"]).unwrap_or_default(),
        port: number(&db["port"]).unwrap_or(5432),
        username: text(&db["username"]).unwrap_or_default(),
        password_wo: None,
        password_wo_version: None,
        ssl_mode: text(&db["ssl_mode"]).unwrap_or_else(|| "disable".to_owned()),
        name: text(&db["db_name"]).unwrap_or_else(|| "registry".to_owned()),
        max_idle_conns: number(&db["max_idle_conns"]).unwrap_or(2),
        max_open_conns: number(&db["max_open_conns"]).unwrap_or(0),
    };
    s.redis = yml["external_redis"].is_object().then(|| redis(&yml["external_redis"]));
    s.log = log(&yml["log"]);
    let metric = &yml["metric"];
    s.metric = metric["enabled"].as_bool().unwrap_or(false).then(|| Metric {
        port: number(&metric["port"]).unwrap_or(9090),
        path: text(&metric["path"]).unwrap_or_else(|| "/metrics".to_owned()),
    });
    s.storage = storage(&yml["storage_service"]);
    s.jobservice = jobservice(&yml["jobservice"]);
    let cache = &yml["cache"];
    s.cache = cache["enabled"]
        .as_bool()
        .unwrap_or(false)
        .then(|| Cache { expire_hours: number(&cache["expire_hours"]).unwrap_or(24) });
    s.upload_purging = upload_purging(&yml["upload_purging"]);
    s.proxy = proxy(&yml["proxy"]);
}

/// A driver other than the data volume, without its secrets.
fn storage(yml: &Json) -> Option<Storage> {
    let disabled = yml["redirect"]["disable"].as_bool().or(yml["redirect"]["disabled"].as_bool());
    let known = ["oss", "s3", "azure", "gcs", "swift", "filesystem"];
    let driver = known.iter().find(|driver| yml[**driver].is_object()).copied();
    if driver.is_none() && disabled.is_none() {
        return None;
    }
    let driver = driver.unwrap_or("filesystem");
    let pairs = yml[driver].as_object().into_iter().flatten();
    let parameters: BTreeMap<String, String> = pairs
        .filter(|(key, _)| !is_secret_key(key))
        .filter_map(|(key, value)| Some((key.clone(), scalar(value)?)))
        .collect();
    Some(Storage {
        shared: None,
        driver: driver.to_owned(),
        parameters: (!parameters.is_empty()).then_some(parameters),
        parameters_wo: None,
        parameters_wo_version: None,
        redirect_disabled: disabled,
    })
}

fn scalar(value: &Json) -> Option<String> {
    value.as_bool().map(|b| b.to_string()).or_else(|| text(value))
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

fn upload_purging(yml: &Json) -> Option<UploadPurging> {
    let hours = |key: &str| text(&yml[key])?.trim_end_matches('h').parse().ok();
    yml.is_object().then(|| UploadPurging {
        enabled: yml["enabled"].as_bool().unwrap_or(false),
        age_hours: hours("age").unwrap_or(168),
        interval_hours: hours("interval").unwrap_or(24),
        dryrun: yml["dryrun"].as_bool().unwrap_or(false),
    })
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
    for (key, value) in meaning::beyond(file, &ours, release) {
        let mut with = s.clone();
        with.settings.get_or_insert_default().insert(key, value.to_string());
        // A key that an attribute writes is none of these: the plan shows how it differs.
        if harbor_yml::render(&with, release).is_ok() {
            *s = with;
        }
    }
}

fn redis(yml: &Json) -> Redis {
    let address = text(&yml["host"]).unwrap_or_default();
    // Several sentinels stay as they are written.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !address.contains(',') => (host.to_owned(), port.parse().ok()),
        _ => (address.clone(), None),
    };
    let index = |key: &str, default| number(&yml[key]).unwrap_or(default);
    Redis {
        host,
        port: port.or_else(|| number(&yml["port"])).unwrap_or(6379),
        username: text(&yml["username"]),
        password_wo: None,
        password_wo_version: None,
        sentinel_master_set: text(&yml["sentinel_master_set"]),
        registry_db_index: index("registry_db_index", 1),
        jobservice_db_index: index("jobservice_db_index", 2),
        trivy_db_index: index("trivy_db_index", 5),
        harbor_db_index: number(&yml["harbor_db_index"]),
        cache_layer_db_index: number(&yml["cache_layer_db_index"]),
        idle_timeout_seconds: index("idle_timeout_seconds", 30),
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
