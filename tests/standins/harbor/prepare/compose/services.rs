//! The services of a node: images, mounts, ports.

use super::super::settings::Settings;

/// One service of the file.
pub struct Service {
    pub name: &'static str,
    pub image: String,
    pub container: &'static str,
    pub env_file: Option<&'static str>,
    pub volumes: Vec<String>,
    pub binds: Vec<(String, &'static str)>,
    pub ports: Vec<String>,
    pub after: Vec<&'static str>,
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
        binds: vec![("./common/config/shared/trust-certificates".to_owned(), "/harbor_cust_cert")],
        ports: Vec::new(),
        after,
    }
}

/// The services of a node, in the order of the real file.
pub fn services(settings: &Settings) -> Vec<Service> {
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
        ("./common/config/log/logrotate.conf".to_owned(), "/etc/logrotate.d/logrotate.conf"),
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
    registry.binds.push((format!("{data}/secret/registry/root.crt"), "/etc/registry/root.crt"));
    registry
}

fn registryctl(settings: &Settings) -> Service {
    let data = &settings.data_volume;
    let mut service = service(settings, "registryctl", "harbor-registryctl", "registryctl", &[]);
    service.env_file = Some("./common/config/registryctl/env");
    service.volumes = vec![
        format!("{data}/registry:/storage:z"),
        "./common/config/registry/:/etc/registry/:z".to_owned(),
    ];
    service
        .binds
        .push(("./common/config/registryctl/config.yml".to_owned(), "/etc/registryctl/config.yml"));
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
        (format!("{data}/secret/core/private_key.pem"), "/etc/core/private_key.pem"),
        (format!("{data}/secret/keys/secretkey"), "/etc/core/key"),
    ]);
    core
}

fn portal(settings: &Settings) -> Service {
    let mut portal = service(settings, "portal", "harbor-portal", "harbor-portal", &[]);
    portal.binds.push(("./common/config/portal/nginx.conf".to_owned(), "/etc/nginx/nginx.conf"));
    portal
}

fn jobservice(settings: &Settings) -> Service {
    let mut jobs =
        service(settings, "jobservice", "harbor-jobservice", "harbor-jobservice", &["core"]);
    jobs.env_file = Some("./common/config/jobservice/env");
    jobs.volumes = vec![format!("{}/job_logs:/var/log/jobs:z", settings.data_volume)];
    jobs.binds
        .push(("./common/config/jobservice/config.yml".to_owned(), "/etc/jobservice/config.yml"));
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
    let mut proxy =
        service(settings, "proxy", "nginx-photon", "nginx", &["registry", "core", "portal"]);
    proxy.volumes = vec!["./common/config/nginx:/etc/nginx:z".to_owned()];
    proxy.ports = vec![format!("{}:8080", settings.http_port)];
    if let Some(https) = &settings.https {
        proxy.volumes.push(format!("{}/secret/cert:/etc/cert:z", settings.data_volume));
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
        let mut trivy =
            service(settings, "trivy-adapter", "trivy-adapter-photon", "trivy-adapter", &[]);
        trivy.env_file = Some("./common/config/trivy-adapter/env");
        trivy.volumes = vec![
            format!("{data}/trivy-adapter/trivy:/home/scanner/.cache/trivy"),
            format!("{data}/trivy-adapter/reports:/home/scanner/.cache/reports"),
        ];
        parts.push(trivy);
    }
    if settings.metric.is_some() {
        let mut exporter =
            service(settings, "exporter", "harbor-exporter", "harbor-exporter", &["core"]);
        exporter.env_file = Some("./common/config/exporter/env");
        parts.push(exporter);
    }
    if settings.with("notary") {
        for (name, image) in
            [("notary-server", "notary-server-photon"), ("notary-signer", "notary-signer-photon")]
        {
            parts.push(service(settings, name, image, name, &[]));
        }
    }
    if settings.with("chartmuseum") {
        let mut charts = service(settings, "chartmuseum", "chartmuseum-photon", "chartmuseum", &[]);
        charts.volumes = vec![format!("{data}/chart_storage:/chart_storage:z")];
        parts.push(charts);
    }
    parts
}
