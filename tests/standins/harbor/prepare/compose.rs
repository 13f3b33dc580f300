//! docker-compose.yml: services, in the names and mounts of the real one.

use std::fmt::Write as _;

use super::Places;
use super::files;
use super::settings::Settings;
use crate::error::Result;

/// One service of the file.
struct Service {
    name: &'static str,
    image: String,
    container: &'static str,
    env_file: Option<&'static str>,
    volumes: Vec<String>,
    binds: Vec<(String, &'static str)>,
    ports: Vec<String>,
    after: Vec<&'static str>,
}

/// Writes the file beside install.sh.
pub fn write(places: &Places, settings: &Settings) -> Result<()> {
    files::generate(
        &places.compose.join("docker-compose.yml"),
        &text(settings),
        0,
        0o644,
    )
}

/// The file's text. From 2.12 it has no `version:`.
pub fn text(settings: &Settings) -> String {
    let mut text = String::new();
    if settings.release.minor < 12 {
        text.push_str("version: '2.3'\n");
    }
    text.push_str("services:\n");
    for service in services(settings) {
        write_service(&mut text, &service);
    }
    text.push_str("networks:\n  harbor:\n    external: false\n");
    text
}

fn write_service(text: &mut String, service: &Service) {
    let _ = writeln!(
        text,
        "  {}:\n    image: {}\n    container_name: {}\n    restart: always\n    cap_drop:\n      - ALL\n    cap_add:\n      - CHOWN\n      - DAC_OVERRIDE\n      - SETGID\n      - SETUID\n      - NET_BIND_SERVICE\n    networks:\n      - harbor\n    dns_search: .",
        service.name, service.image, service.container
    );
    if let Some(path) = service.env_file {
        let _ = writeln!(text, "    env_file:\n      - {path}");
    }
    text.push_str("    volumes:\n");
    for volume in &service.volumes {
        let _ = writeln!(text, "      - {volume}");
    }
    for (source, target) in &service.binds {
        let _ = writeln!(
            text,
            "      - type: bind\n        source: {source}\n        target: {target}"
        );
    }
    list(text, "ports", service.ports.iter().map(String::as_str));
    list(text, "depends_on", service.after.iter().copied());
    if service.name != "log" {
        let _ = writeln!(
            text,
            "    logging:\n      driver: \"syslog\"\n      options:\n        syslog-address: \"tcp://127.0.0.1:1514\"\n        tag: \"{}\"",
            service.name
        );
    }
}

fn list<'a>(text: &mut String, key: &str, items: impl Iterator<Item = &'a str>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        let _ = writeln!(text, "    {key}:");
    }
    for item in items {
        let _ = writeln!(text, "      - {item}");
    }
}

/// A service on Harbor's network that logs to the log container.
fn service(
    settings: &Settings,
    name: &'static str,
    image: &str,
    container: &'static str,
    after: &[&'static str],
) -> Service {
    let mut after = after.to_vec();
    after.insert(0, "log");
    Service {
        name,
        image: format!("goharbor/{image}:v{}", settings.release),
        container,
        env_file: None,
        volumes: Vec::new(),
        binds: vec![(
            "./common/config/shared/trust-certificates".to_owned(),
            "/harbor_cust_cert",
        )],
        ports: Vec::new(),
        after,
    }
}

fn services(settings: &Settings) -> Vec<Service> {
    let mut all = vec![
        log(settings),
        registry(settings),
        registryctl(settings),
        core(settings),
        portal(settings),
        jobservice(settings),
    ];
    all.extend(bundled(settings));
    all.push(proxy(settings));
    all.extend(optional(settings));
    all
}

fn log(settings: &Settings) -> Service {
    let mut log = service(settings, "log", "harbor-log", "harbor-log", &[]);
    log.after.clear();
    log.volumes = vec![format!("{}/:/var/log/docker/:z", settings.log.location)];
    log.binds = vec![
        (
            "./common/config/log/logrotate.conf".to_owned(),
            "/etc/logrotate.d/logrotate.conf",
        ),
        (
            "./common/config/log/rsyslog_docker.conf".to_owned(),
            "/etc/rsyslog.d/rsyslog_docker.conf",
        ),
    ];
    log.ports = vec!["127.0.0.1:1514:10514".to_owned()];
    log
}

fn registry(settings: &Settings) -> Service {
    let data = &settings.data_volume;
    let mut registry = service(settings, "registry", "registry-photon", "registry", &[]);
    registry.volumes = vec![
        format!("{data}/registry:/storage:z"),
        "./common/config/registry/:/etc/registry/:z".to_owned(),
    ];
    registry.binds.push((
        format!("{data}/secret/registry/root.crt"),
        "/etc/registry/root.crt",
    ));
    registry
}

fn registryctl(settings: &Settings) -> Service {
    let data = &settings.data_volume;
    let mut service = service(
        settings,
        "registryctl",
        "harbor-registryctl",
        "registryctl",
        &[],
    );
    service.env_file = Some("./common/config/registryctl/env");
    service.volumes = vec![
        format!("{data}/registry:/storage:z"),
        "./common/config/registry/:/etc/registry/:z".to_owned(),
    ];
    service.binds.push((
        "./common/config/registryctl/config.yml".to_owned(),
        "/etc/registryctl/config.yml",
    ));
    service
}

fn core(settings: &Settings) -> Service {
    let data = &settings.data_volume;
    let mut after = vec!["registry"];
    if !settings.redis.external {
        after.push("redis");
    }
    if !settings.database.external {
        after.push("postgresql");
    }
    let mut core = service(settings, "core", "harbor-core", "harbor-core", &after);
    core.env_file = Some("./common/config/core/env");
    core.volumes = vec![
        format!("{data}/ca_download/:/etc/core/ca/:z"),
        format!("{data}/:/data/:z"),
        "./common/config/core/certificates/:/etc/core/certificates/:z".to_owned(),
    ];
    core.binds.extend([
        ("./common/config/core/app.conf".to_owned(), "/etc/core/app.conf"),
        (
            format!("{data}/secret/core/private_key.pem"),
            "/etc/core/private_key.pem",
        ),
        (format!("{data}/secret/keys/secretkey"), "/etc/core/key"),
    ]);
    core
}

fn portal(settings: &Settings) -> Service {
    let mut portal = service(settings, "portal", "harbor-portal", "harbor-portal", &[]);
    portal.binds.push((
        "./common/config/portal/nginx.conf".to_owned(),
        "/etc/nginx/nginx.conf",
    ));
    portal
}

fn jobservice(settings: &Settings) -> Service {
    let mut jobs = service(
        settings,
        "jobservice",
        "harbor-jobservice",
        "harbor-jobservice",
        &["core"],
    );
    jobs.env_file = Some("./common/config/jobservice/env");
    jobs.volumes = vec![format!("{}/job_logs:/var/log/jobs:z", settings.data_volume)];
    jobs.binds.push((
        "./common/config/jobservice/config.yml".to_owned(),
        "/etc/jobservice/config.yml",
    ));
    jobs
}

fn bundled(settings: &Settings) -> Vec<Service> {
    let data = &settings.data_volume;
    let mut bundled = Vec::new();
    if !settings.redis.external {
        let mut redis = service(settings, "redis", "redis-photon", "redis", &[]);
        redis.volumes = vec![format!("{data}/redis:/var/lib/redis")];
        bundled.push(redis);
    }
    if !settings.database.external {
        let mut database = service(settings, "postgresql", "harbor-db", "harbor-db", &[]);
        database.env_file = Some("./common/config/db/env");
        database.volumes = vec![format!("{data}/database:/var/lib/postgresql/data:z")];
        bundled.push(database);
    }
    bundled
}

fn proxy(settings: &Settings) -> Service {
    let mut proxy = service(
        settings,
        "proxy",
        "nginx-photon",
        "nginx",
        &["registry", "core", "portal"],
    );
    proxy.volumes = vec!["./common/config/nginx:/etc/nginx:z".to_owned()];
    proxy.ports = vec![format!("{}:8080", settings.http_port)];
    if let Some(https) = &settings.https {
        proxy
            .volumes
            .push(format!("{}/secret/cert:/etc/cert:z", settings.data_volume));
        proxy.ports.push(format!("{}:8443", https.port));
    }
    if let Some((port, _)) = &settings.metric {
        proxy.ports.push(format!("{port}:9090"));
    }
    proxy
}

fn optional(settings: &Settings) -> Vec<Service> {
    let data = &settings.data_volume;
    let mut parts = Vec::new();
    if settings.with("trivy") {
        let mut trivy = service(
            settings,
            "trivy-adapter",
            "trivy-adapter-photon",
            "trivy-adapter",
            &[],
        );
        trivy.env_file = Some("./common/config/trivy-adapter/env");
        trivy.volumes = vec![
            format!("{data}/trivy-adapter/trivy:/home/scanner/.cache/trivy"),
            format!("{data}/trivy-adapter/reports:/home/scanner/.cache/reports"),
        ];
        parts.push(trivy);
    }
    if settings.metric.is_some() {
        let mut exporter = service(
            settings,
            "exporter",
            "harbor-exporter",
            "harbor-exporter",
            &["core"],
        );
        exporter.env_file = Some("./common/config/exporter/env");
        parts.push(exporter);
    }
    if settings.with("notary") {
        for (name, image) in [
            ("notary-server", "notary-server-photon"),
            ("notary-signer", "notary-signer-photon"),
        ] {
            parts.push(service(settings, name, image, name, &[]));
        }
    }
    if settings.with("chartmuseum") {
        let mut charts = service(
            settings,
            "chartmuseum",
            "chartmuseum-photon",
            "chartmuseum",
            &[],
        );
        charts.volumes = vec![format!("{data}/chart_storage:/chart_storage:z")];
        parts.push(charts);
    }
    parts
}
