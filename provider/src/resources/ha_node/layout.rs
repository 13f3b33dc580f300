//! Names and places on a node: paths, units, packages, containers.

use render::harbor::Release;
use render::harbor::releases::Component;
use render::systemd::{bind_unit, mount_unit};

use super::settings::{ComposeSource, DockerSource, HaNode, Shared};

/// Docker's configuration.
pub const DAEMON_JSON: &str = "/etc/docker/daemon.json";
/// The repository of docker-ce.
pub const SOURCES: &str = "/etc/apt/sources.list.d/docker.sources";
/// The key that signs it.
pub const KEYRING: &str = "/etc/apt/keyrings/docker.asc";
/// Compose as one executable.
pub const COMPOSE: &str = "/usr/local/bin/docker-compose";
/// Compose as the plugin `docker compose`: a package of Ubuntu's.
pub const COMPOSE_PLUGIN: &str = "docker-compose-v2";
/// Compose as a program: a package of the distribution's.
pub const COMPOSE_PROGRAM: &str = "docker-compose";
/// Says that Docker has not taken up the last `daemon.json`: `reload` or `restart`.
pub const PENDING: &str = "/etc/docker/.breakwater-pending";
/// Has Docker wait for shared storage.
pub const DROPIN: &str = "/etc/systemd/system/docker.service.d/10-breakwater.conf";
/// What Compose reads beside Harbor's compose file, in the same directory.
pub const OVERRIDE: &str = "docker-compose.override.yml";
/// Harbor's boot unit.
pub const BOOT_UNIT: &str = "/etc/systemd/system/harbor.service";

/// Packages that are asked for; which of them are wanted is [`packages`].
pub const PACKAGES: &[&str] = &[
    "docker.io",
    COMPOSE_PROGRAM,
    COMPOSE_PLUGIN,
    "docker-ce",
    "docker-ce-cli",
    "containerd.io",
    "docker-compose-plugin",
    NFS,
];

/// Mounts NFS; a bare host has it not.
pub const NFS: &str = "nfs-common";

/// Where `harbor_shared_secrets` keeps them if it is not told otherwise.
pub const SHARED_SECRETS: &str = "/etc/breakwater/secrets/harbor";

/// Files of secrets that must be the same on every node: name in the directory that
/// `harbor_shared_secrets` fills, and place in the data volume, where Harbor's prepare looks for
/// them and keeps them.
pub const SEEDED: &[(&str, &str)] = &[
    ("secretkey", "secret/keys/secretkey"),
    ("private_key.pem", "secret/core/private_key.pem"),
    ("root.crt", "secret/registry/root.crt"),
];

/// As [`SEEDED`], with Notary.
pub const SEEDED_NOTARY: (&str, &str) = ("defaultalias", "secret/keys/defaultalias");

/// Secrets of the compose override, by their names in that directory.
pub const OVERRIDE_SECRETS: [&str; 4] =
    ["jobservice_secret", "core_secret", "csrf_key", "registry_http_secret"];

/// The seeded files of this node.
pub fn seeded(s: &HaNode) -> Vec<(&'static str, &'static str)> {
    let mut seeded = SEEDED.to_vec();
    if s.notary {
        seeded.push(SEEDED_NOTARY);
    }
    seeded
}

/// The unit that mounts shared storage.
pub fn mount_unit(s: &HaNode) -> Option<String> {
    mount_unit::name(&s.registry_mount()?).ok()
}

/// Its file.
pub fn mount_unit_path(s: &HaNode) -> Option<String> {
    mount_unit(s).map(|name| format!("/etc/systemd/system/{name}"))
}

/// Its text.
pub fn mount_unit_text(shared: &Shared, place: &str) -> Result<String, render::Error> {
    if let Some(source) = &shared.path {
        let settings = bind_unit::Settings { source: source.clone(), path: place.to_owned() };
        return bind_unit::render(&settings);
    }
    let nfs = shared.nfs.as_deref().unwrap_or_default();
    let (server, export) = nfs.split_once(":/").unwrap_or_default();
    mount_unit::render(&mount_unit::Settings {
        server: server.to_owned(),
        export: format!("/{export}"),
        path: place.to_owned(),
        version: shared.nfs_version.clone(),
        purpose: mount_unit::Purpose::Registry,
        options: shared.nfs_options.clone().unwrap_or_default(),
    })
}

/// Units that are asked for.
pub fn units(s: &HaNode) -> Vec<String> {
    let mut units = vec!["docker.service".to_owned(), "harbor.service".to_owned()];
    units.extend(mount_unit(s));
    units
}

/// Files that are read.
pub fn files(s: &HaNode) -> Vec<String> {
    let mut files = [DAEMON_JSON, SOURCES, KEYRING, BOOT_UNIT].map(str::to_owned).to_vec();
    files.extend(["harbor.yml", OVERRIDE].map(|f| s.at(f)));
    if let Some(https) = &s.https
        && https.certificate.is_some()
    {
        files.extend(["tls/server.crt", "tls/server.key"].map(|f| s.at(f)));
    }
    if let Some(unit) = mount_unit_path(s) {
        files.extend([unit, DROPIN.to_owned()]);
    }
    // Whom to trust when Redis is asked.
    files.extend(s.redis.as_ref().and_then(|redis| redis.tls.as_ref()?.root_ca.clone()));
    if let Some(directory) = &s.shared_secrets {
        files.extend(OVERRIDE_SECRETS.map(|name| format!("{directory}/{name}")));
    }
    files
}

/// Packages that should be installed.
pub fn packages(s: &HaNode, compose: ComposeSource) -> Vec<&'static str> {
    let source = s.docker().source;
    let mut packages = match source {
        DockerSource::DockerCe => vec!["docker-ce", "docker-ce-cli", "containerd.io"],
        DockerSource::Distro => vec!["docker.io"],
        DockerSource::None => Vec::new(),
    };
    match (compose, source) {
        (ComposeSource::Plugin, DockerSource::DockerCe) => packages.push("docker-compose-plugin"),
        (ComposeSource::Plugin, _) => packages.push(COMPOSE_PLUGIN),
        (ComposeSource::Distro, _) => packages.push(COMPOSE_PROGRAM),
        (ComposeSource::Url | ComposeSource::None, _) => {}
    }
    let shared = s.storage.as_ref().and_then(|storage| storage.shared.as_ref());
    packages.extend(shared.and_then(|shared| shared.nfs.as_ref()).map(|_| NFS));
    packages
}

/// What prepare and the containers read beside our own files: files, and directories of files.
pub fn read_by_prepare(s: &HaNode) -> Vec<&str> {
    let storage = s.storage.as_ref().and_then(|storage| storage.ca_bundle.as_ref());
    let redis = s.redis.as_ref().and_then(|redis| redis.tls.as_ref()?.root_ca.as_ref());
    let internal = s.internal_tls.as_ref().map(|tls| &tls.dir);
    let paths = [internal, storage, redis, s.uaa_ca_file.as_ref()];
    paths.into_iter().flatten().map(String::as_str).collect()
}

/// The optional parts that the installer is asked for.
pub fn parts(s: &HaNode) -> Vec<Component> {
    let parts = [
        (Component::Trivy, s.trivy.is_some()),
        (Component::Notary, s.notary),
        (Component::ChartMuseum, s.chartmuseum.is_some()),
    ];
    parts.iter().filter(|(_, on)| *on).map(|(part, _)| *part).collect()
}

/// Containers that should run.
pub fn containers(s: &HaNode, release: Release) -> Vec<&'static str> {
    let mut names = vec![
        "harbor-log",
        "registry",
        "registryctl",
        "harbor-core",
        "harbor-portal",
        "harbor-jobservice",
        "nginx",
    ];
    let optional = [
        ("redis", s.redis.is_none()),
        ("trivy-adapter", s.trivy.is_some()),
        ("notary-server", s.notary),
        ("notary-signer", s.notary),
        ("chartmuseum", s.chartmuseum.is_some()),
        ("harbor-exporter", s.metric.is_some() && release.ships(Component::Exporter)),
    ];
    names.extend(optional.iter().filter(|(_, on)| *on).map(|(name, _)| *name));
    names
}

/// A port of the host that this node takes.
pub struct Port {
    /// Its number.
    pub number: u16,
    /// The attribute that says so; empty where none does.
    pub attribute: &'static str,
    /// What listens there, in words.
    pub what: &'static str,
    /// The container that publishes it.
    pub container: &'static str,
}

/// The log container of every release publishes it on loopback, for the others.
pub const LOG_PORT: u16 = 1514;

/// Notary's server publishes it.
const NOTARY_PORT: u16 = 4443;

/// All of them.
pub fn ports(s: &HaNode) -> Vec<Port> {
    let front = |number, attribute| Port { number, attribute, what: attribute, container: "nginx" };
    let log = "Harbor's log container";
    let mut ports = vec![Port { what: log, container: "harbor-log", ..front(LOG_PORT, "") }];
    ports.extend(s.notary.then(|| Port { what: "Notary", ..front(NOTARY_PORT, "") }));
    ports.push(front(s.http_port, "http_port"));
    ports.extend(s.https.as_ref().map(|h| front(h.port, "https.port")));
    ports.extend(s.metric.as_ref().map(|m| front(m.port, "metric.port")));
    ports
}
