//! The services of a node: images, mounts, ports.

use super::super::settings::Settings;
use crate::release;

/// Networks of parts that keep to themselves.
pub const NOTARY: &str = "harbor-notary";
pub const NOTARY_SIGNING: &str = "notary-sig";
pub const CHARTS: &str = "harbor-chartmuseum";

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
    /// What it may do of what root may; `NONE` for nothing, empty for Docker's own list.
    pub capabilities: &'static [&'static str],
    /// Networks, and another name of it there.
    pub networks: Vec<(&'static str, Option<&'static str>)>,
}

const SWITCH_USER: &[&str] = &["CHOWN", "SETGID", "SETUID"];
const OWN_FILES: &[&str] = &["CHOWN", "DAC_OVERRIDE", "SETGID", "SETUID"];
const BIND_PORTS: &[&str] = &["CHOWN", "SETGID", "SETUID", "NET_BIND_SERVICE"];

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
        capabilities: SWITCH_USER,
        networks: vec![("harbor", None)],
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
    log.capabilities = OWN_FILES;
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
    registry.binds.extend(key_file(settings, "/etc/registry/gcs.key"));
    if settings.internal_tls.is_some() {
        registry.binds.push((format!("{data}/secret/tls/core.crt"), "/harbor_cust_cert/core.crt"));
        certificate(
            &mut registry,
            settings,
            ["registry.crt", "registry.key"],
            ["/etc/harbor/tls/registry.crt", "/etc/harbor/tls/registry.key"],
        );
    }
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
    service.binds.extend(key_file(settings, "/etc/registry/gcs.key"));
    certificate(
        &mut service,
        settings,
        ["registryctl.crt", "registryctl.key"],
        ["/etc/harbor/ssl/registryctl.crt", "/etc/harbor/ssl/registryctl.key"],
    );
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
    core.capabilities = &["SETGID", "SETUID"];
    if let Some(path) = &settings.uaa_ca {
        core.binds.push((path.clone(), "/etc/core/certificates/uaa_ca.pem"));
    }
    if settings.with("notary") {
        core.networks.push((NOTARY, None));
    }
    if settings.with("chartmuseum") {
        core.networks.push((CHARTS, Some("harbor-core")));
    }
    certificate(
        &mut core,
        settings,
        ["core.crt", "core.key"],
        ["/etc/harbor/ssl/core.crt", "/etc/harbor/ssl/core.key"],
    );
    core
}

fn portal(settings: &Settings) -> Service {
    let mut portal = service(settings, "portal", "harbor-portal", "harbor-portal", &[]);
    portal.binds.clear();
    portal.binds.push(("./common/config/portal/nginx.conf".to_owned(), "/etc/nginx/nginx.conf"));
    portal.capabilities = BIND_PORTS;
    certificate(
        &mut portal,
        settings,
        ["portal.crt", "portal.key"],
        ["/etc/harbor/tls/portal.crt", "/etc/harbor/tls/portal.key"],
    );
    portal
}

fn jobservice(settings: &Settings) -> Service {
    let mut jobs =
        service(settings, "jobservice", "harbor-jobservice", "harbor-jobservice", &["core"]);
    jobs.after = vec!["core"]; // which is after log
    jobs.env_file = Some("./common/config/jobservice/env");
    jobs.volumes = vec![format!("{}/job_logs:/var/log/jobs:z", settings.data_volume)];
    jobs.binds
        .push(("./common/config/jobservice/config.yml".to_owned(), "/etc/jobservice/config.yml"));
    if release::exports_scans(settings.release) {
        let folder = format!("{}/scandata_exports", settings.data_volume);
        jobs.volumes.push(format!("{folder}:/var/scandata_exports:z"));
    }
    certificate(
        &mut jobs,
        settings,
        ["job_service.crt", "job_service.key"],
        ["/etc/harbor/ssl/job_service.crt", "/etc/harbor/ssl/job_service.key"],
    );
    jobs
}

fn bundled(settings: &Settings) -> Vec<Service> {
    let data = &settings.data_volume;
    let mut bundled = Vec::new();
    if !settings.redis.external {
        let mut redis =
            service(settings, "redis", release::redis_image(settings.release), "redis", &[]);
        if settings.with("chartmuseum") {
            redis.networks.push((CHARTS, Some("redis")));
        }
        redis.binds.clear();
        redis.volumes = vec![format!("{data}/redis:/var/lib/redis")];
        bundled.push(redis);
    }
    if !settings.database.external {
        let mut database = service(settings, "postgresql", "harbor-db", "harbor-db", &[]);
        database.capabilities = OWN_FILES;
        if settings.with("notary") {
            database.networks.push((NOTARY, Some("harbor-db")));
        }
        database.env_file = Some("./common/config/db/env");
        database.binds.clear();
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
    proxy.capabilities = BIND_PORTS;
    if settings.with("notary") {
        proxy.networks.push((NOTARY, None));
        proxy.ports.push("4443:4443".to_owned());
    }
    certificate(
        &mut proxy,
        settings,
        ["proxy.crt", "proxy.key"],
        ["/etc/harbor/tls/proxy.crt", "/etc/harbor/tls/proxy.key"],
    );
    proxy
}

fn optional(settings: &Settings) -> Vec<Service> {
    let data = &settings.data_volume;
    let mut parts = Vec::new();
    if settings.with("trivy") {
        let mut trivy =
            service(settings, "trivy-adapter", "trivy-adapter-photon", "trivy-adapter", &[]);
        trivy.capabilities = &["NONE"];
        if !settings.redis.external {
            trivy.after.push("redis");
        }
        trivy.env_file = Some("./common/config/trivy-adapter/env");
        trivy.binds.extend([
            (format!("{data}/trivy-adapter/trivy"), "/home/scanner/.cache/trivy"),
            (format!("{data}/trivy-adapter/reports"), "/home/scanner/.cache/reports"),
        ]);
        certificate(
            &mut trivy,
            settings,
            ["trivy_adapter.crt", "trivy_adapter.key"],
            ["/etc/harbor/ssl/trivy_adapter.crt", "/etc/harbor/ssl/trivy_adapter.key"],
        );
        parts.push(trivy);
    }
    if settings.metric.is_some() {
        let mut exporter =
            service(settings, "exporter", "harbor-exporter", "harbor-exporter", &["core"]);
        exporter.after = vec!["core"];
        exporter.capabilities = &[];
        exporter.env_file = Some("./common/config/exporter/env");
        parts.push(exporter);
    }
    if settings.with("notary") {
        parts.extend(notary(settings));
    }
    if settings.with("chartmuseum") {
        let mut charts = service(settings, "chartmuseum", "chartmuseum-photon", "chartmuseum", &[]);
        charts.capabilities = OWN_FILES;
        charts.networks = vec![(CHARTS, None)];
        charts.volumes = vec![format!("{data}/chart_storage:/chart_storage:z")];
        parts.push(charts);
    }
    parts
}

fn notary(settings: &Settings) -> [Service; 2] {
    let mut server =
        service(settings, "notary-server", "notary-server-photon", "notary-server", &[]);
    server.after = vec!["notary-signer"];
    server.networks = vec![(NOTARY_SIGNING, None), (NOTARY, None)];
    let mut signer =
        service(settings, "notary-signer", "notary-signer-photon", "notary-signer", &[]);
    signer.networks = vec![(NOTARY, None), (NOTARY_SIGNING, Some("notarysigner"))];
    server.capabilities = &[];
    signer.capabilities = &[];
    [server, signer]
}

/// A certificate and its key for internal TLS, where that is on.
fn certificate(
    service: &mut Service,
    settings: &Settings,
    names: [&str; 2],
    targets: [&'static str; 2],
) {
    if settings.internal_tls.is_some() {
        let folder = format!("{}/secret/tls", settings.data_volume);
        let pairs = names.into_iter().zip(targets);
        service.binds.extend(pairs.map(|(name, target)| (format!("{folder}/{name}"), target)));
    }
}

/// The key file of Google's storage.
fn key_file(settings: &Settings, target: &'static str) -> Option<(String, &'static str)> {
    let path = settings.storage.options.get("keyfile").and_then(|path| path.as_str());
    path.filter(|_| settings.storage.driver == "gcs").map(|path| (path.to_owned(), target))
}
