//! Taking over a node that somebody built by hand: its files read as settings.

use serde_json::Value as Json;

use super::facts::{HOST, Seen};
use super::settings::{
    Compose, ComposeSource, Database, Docker, DockerSource, HaNode, Https, Log, Metric, OnDestroy,
    Redis, Trivy,
};
use super::{layout, scripts};
use crate::diag::{Diag, Diags};
use crate::facts::{file, package};
use crate::resource::{Answers, ImportRequest, Question, Ssh};
use crate::settings::Settings;
use crate::value::Object;

/// `root@10.0.1.11:22`, with the installer's directory behind it where that is not /opt/harbor.
fn place(id: &str) -> Result<(Ssh, String), Diag> {
    let wrong = || {
        Diag::error(
            "Invalid import ID",
            format!(
                "\"{id}\" is not USER@HOST:PORT or USER@HOST:PORT/DIRECTORY, such as root@10.0.1.11:22/data/harbor."
            ),
        )
    };
    let (login, directory) = match id.find('/') {
        Some(at) => (&id[..at], id[at..].trim_end_matches('/').to_owned()),
        None => (id, "/opt/harbor".to_owned()),
    };
    let (user, rest) = login.split_once('@').ok_or_else(wrong)?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (rest, 22),
    };
    if user.is_empty() || host.is_empty() || directory.is_empty() {
        return Err(wrong());
    }
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    let user = Some(user.to_owned());
    Ok((Ssh { host, port, user, host_key: None, credential: None }, directory))
}

/// Where an import ID leads.
pub fn request(id: &str) -> Result<ImportRequest, Diag> {
    let (ssh, directory) = place(id)?;
    let empty = settings(ssh.clone(), &directory);
    let questions = vec![
        file::question(HOST, &empty.at("harbor.yml")),
        file::question(HOST, layout::DAEMON_JSON),
        file::question(HOST, layout::BOOT_UNIT),
        file::question(HOST, &empty.at("tls/server.crt")),
        package::question(HOST, layout::PACKAGES),
        Question::script(HOST, "node", scripts::observe(&empty)),
    ];
    Ok(ImportRequest { targets: vec![(HOST.to_owned(), ssh)], questions })
}

/// The settings of what is there.
pub fn import(id: &str, answers: &Answers) -> Result<Object, Diags> {
    let (ssh, directory) = place(id).map_err(|d| vec![d])?;
    let mut s = settings(ssh, &directory);
    let path = s.at("harbor.yml");
    let text = file::fact(answers, HOST, &path);
    let Some(text) = text.text() else {
        let detail = format!(
            "There is no {path} on {}. The directory of Harbor's installer is the last part of the \
             import ID: root@10.0.1.11:22/data/harbor.",
            s.ssh.host
        );
        return Err(vec![Diag::error("No Harbor there", detail)]);
    };
    let Ok(yml) = serde_saphyr::from_str::<Json>(text) else {
        let detail = format!("{path} on {} is not YAML.", s.ssh.host);
        return Err(vec![Diag::error("Cannot read harbor.yml", detail)]);
    };
    let seen = answers.stdout(HOST, "node").map(Seen::parse).unwrap_or_default();
    let release = [seen.one("composed"), seen.one("installer")];
    release.iter().find(|r| !r.is_empty()).copied().unwrap_or_default().clone_into(&mut s.version);
    from_yml(&mut s, &yml);
    let listed: Vec<&str> = seen.all("service").collect();
    s.trivy = listed.contains(&"trivy-adapter").then(|| trivy(&yml["trivy"]));
    s.notary = listed.contains(&"notary-server");
    s.boot_unit = file::fact(answers, HOST, layout::BOOT_UNIT).is_present();
    s.docker = Some(docker(answers, &seen));
    own_certificate(&mut s, answers);
    Ok(s.to_object())
}

/// A certificate where this provider puts it was given as text.
fn own_certificate(s: &mut HaNode, answers: &Answers) {
    let path = s.at("tls/server.crt");
    let fact = file::fact(answers, HOST, &path);
    if let (Some(https), Some(text)) = (&mut s.https, fact.text())
        && https.certificate_path.as_deref() == Some(&path)
    {
        https.certificate = Some(text.to_owned());
        (https.certificate_path, https.private_key_path) = (None, None);
    }
}

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

fn text(value: &Json) -> Option<String> {
    match value {
        Json::String(s) if !s.is_empty() => Some(s.clone()),
        Json::Number(n) => Some(n.to_string()),
        _ => None,
    }
}

fn number<T: TryFrom<i64>>(value: &Json) -> Option<T> {
    value.as_i64().and_then(|n| T::try_from(n).ok())
}

fn from_yml(s: &mut HaNode, yml: &Json) {
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

fn trivy(yml: &Json) -> Trivy {
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

fn docker(answers: &Answers, seen: &Seen) -> Docker {
    let packages = package::facts(answers, HOST);
    let has = |name: &str| packages.get(name).is_some_and(|p| p.installed.is_some());
    let source = match (has("docker-ce"), has("docker.io")) {
        (true, _) => DockerSource::DockerCe,
        (_, true) => DockerSource::Distro,
        _ => DockerSource::None,
    };
    let file = seen.one("compose_sha256");
    let compose = if has("docker-compose-plugin") || has("docker-compose-v2") {
        (ComposeSource::Plugin, None, None)
    } else if has("docker-compose") {
        (ComposeSource::Distro, None, None)
    } else if file.len() == 64 {
        let version = seen.one("standalone").to_owned();
        (ComposeSource::Url, Some(file.to_owned()), Some(version))
    } else {
        (ComposeSource::None, None, None)
    };
    let daemon = file::fact(answers, HOST, layout::DAEMON_JSON);
    let daemon: Json = daemon.text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let words = |key: &str| -> Option<Vec<String>> {
        daemon[key].as_array().map(|a| a.iter().filter_map(text).collect())
    };
    let (compose_source, sha256, version) = compose;
    let usual = match source {
        DockerSource::DockerCe => ComposeSource::Plugin,
        DockerSource::Distro => ComposeSource::Distro,
        DockerSource::None => ComposeSource::None,
    };
    let compose = (compose_source != usual).then_some(Compose {
        source: Some(compose_source),
        url: None,
        sha256,
        version,
    });
    Docker {
        source,
        mirror: "https://download.docker.com".to_owned(),
        signing_key: None,
        version: None,
        compose,
        registry_mirrors: words("registry-mirrors"),
        insecure_registries: words("insecure-registries"),
        settings: None,
    }
}

/// Defaults, before anything is read.
fn settings(ssh: Ssh, directory: &str) -> HaNode {
    let database = Database {
        host: String::new(),
        port: 5432,
        username: String::new(),
        password_wo: None,
        password_wo_version: None,
        ssl_mode: "disable".to_owned(),
        name: "registry".to_owned(),
        max_idle_conns: 2,
        max_open_conns: 0,
    };
    HaNode {
        ssh,
        version: String::new(),
        installer: None,
        directory: directory.to_owned(),
        hostname: String::new(),
        external_url: None,
        http_port: 80,
        https: None,
        admin_password_wo: None,
        admin_password_wo_version: None,
        admin_old_password_wo: None,
        data_volume: "/data".to_owned(),
        storage: None,
        database,
        redis: None,
        shared_secrets: None,
        shared_secrets_rotation: None,
        docker: None,
        trivy: None,
        notary: false,
        jobservice: None,
        log: None,
        metric: None,
        cache: None,
        upload_purging: None,
        proxy: None,
        settings: None,
        configuration: None,
        boot_unit: true,
        peers: None,
        on_destroy: OnDestroy::Stop,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Answer;
    use crate::value::Value;

    #[test]
    fn an_id_names_the_host_and_where_the_installer_is() {
        let (ssh, directory) = place("root@10.0.1.11:2222/data/harbor/").expect("an id");
        assert_eq!((ssh.host.as_str(), ssh.port), ("10.0.1.11", 2222));
        assert_eq!(directory, "/data/harbor");
        assert_eq!(place("root@10.0.1.11").expect("an id").1, "/opt/harbor");
        for bad in ["10.0.1.11", "@h", "root@", "root@h:x", ""] {
            assert!(place(bad).is_err(), "{bad}");
        }
    }

    /// A node as the well-known recipe builds it.
    #[test]
    fn a_node_built_by_hand_is_read() {
        let id = "root@172.19.48.253:22/data/harbor";
        let mut answers = Answers::default();
        let mut put = |key: &str, text: &str| {
            let stdout = text.to_owned();
            answers.insert(HOST, key, Answer::Output { status: 0, stdout, stderr: String::new() });
        };
        put(
            "/data/harbor/harbor.yml",
            "644 root root\nhostname: harbor.unixsre.com\nhttp:\n  port: 80\nhttps:\n  port: 443\n  \
             certificate: /data/harbor/ssl/unixsre.com.cer\n  private_key: /data/harbor/ssl/unixsre.com.key\n\
             harbor_admin_password: Harbor12345\ndata_volume: /data/harbor_nas/harbor_data\n\
             self_registration: off\nexternal_database:\n  harbor:\n    host: 172.19.48.253\n    \
             port: 5432\n    db_name: registry\n    username: harbor\n    password: x\n    \
             ssl_mode: disable\n    max_idle_conns: 2\n    max_open_conns: 0\nexternal_redis:\n  \
             host: 172.19.48.253:6379\n  password: y\n  registry_db_index: 1\n",
        );
        put("node", "standalone=1.24.0\ncomposed=2.3.2\nservice=trivy-adapter\n");
        put("packages", "installed docker-ce installed 5:19.03.6~3-0~ubuntu-bionic\n");
        put(layout::DAEMON_JSON, "644 root root\n{\"registry-mirrors\": [\"https://m\"]}");
        let object = Value::Map(import(id, &answers).expect("it is there"));
        assert_eq!(object.get("version").as_str(), Some("2.3.2"));
        assert_eq!(object.get("data_volume").as_str(), Some("/data/harbor_nas/harbor_data"));
        let https = object.get("https");
        assert_eq!(
            https.get("certificate_path").as_str(),
            Some("/data/harbor/ssl/unixsre.com.cer")
        );
        let redis = object.get("redis");
        assert_eq!(redis.get("host").as_str(), Some("172.19.48.253"));
        assert_eq!(redis.get("port"), &Value::Int(6379));
        assert_eq!(object.get("docker").get("source").as_str(), Some("docker-ce"));
        assert!(!object.get("trivy").is_null());
        // No secret enters the state.
        let all = format!("{object:?}");
        assert!(!all.contains("Harbor12345"));
    }
}
