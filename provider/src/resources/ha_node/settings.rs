//! What the user writes of one node.

use std::collections::BTreeMap;

use crate::resource::Ssh;
use crate::secret::Secret;

crate::choice! {
    /// Where Docker comes from.
    pub enum DockerSource {
        /// Docker's own repository, or a mirror of it: `docker-ce`.
        DockerCe = "docker-ce",
        /// The distribution's `docker.io`.
        Distro = "distro",
        /// Docker is there already and stays as it is.
        None = "none",
    }
}

crate::choice! {
    /// Where Compose comes from.
    pub enum ComposeSource {
        /// The plugin `docker compose`, as a package.
        Plugin = "plugin",
        /// The distribution's package `docker-compose`.
        Distro = "distro",
        /// A file from `url`, as /usr/local/bin/docker-compose.
        Url = "url",
        /// Compose is there already and stays as it is.
        None = "none",
    }
}

crate::choice! {
    /// What a destroy does.
    pub enum OnDestroy {
        /// Harbor stops, and what the provider wrote is removed; data and images stay.
        Stop = "stop",
        /// Nothing is touched on the host.
        Keep = "keep",
        /// As `stop`, and the local data volume and the installer are deleted. What is on shared
        /// storage stays.
        Purge = "purge",
    }
}

crate::settings! {
    /// One Harbor node on one host.
    pub struct HaNode {
        /// How to reach the host.
        ssh: Ssh = attr().on_change(OnChange::Provider),
        /// Harbor release, from `2.0.0` on. A jump that Harbor's documentation does not cover is
        /// refused with the way around, and so is a downgrade. Back up before you change it: an
        /// upgrade changes the database's schema.
        version: String = attr().on_change(OnChange::Restart),
        /// Harbor's installer; must be set where this release is not on the host yet.
        installer: Option<Installer> = attr().on_change(OnChange::Provider),
        /// Directory of the installer: `harbor.yml`, `prepare`, `docker-compose.yml`.
        directory: String = attr().default("/opt/harbor").on_change(OnChange::Replace).check(super::validate::plain_path),
        /// The name that clients use: that of the load balancer, the same on every node.
        hostname: String = attr().on_change(OnChange::Restart),
        /// The whole URL that clients use, where it is not made of `hostname` and port.
        external_url: Option<String> = attr().on_change(OnChange::Restart),
        /// Port of HTTP on the host. With `https` it only answers with a redirect.
        http_port: u16 = attr().default(80).on_change(OnChange::Restart),
        /// HTTPS. Without it Harbor is served in clear.
        https: Option<Https> = attr().on_change(OnChange::Restart),
        /// Password of `admin`; must be set. Harbor takes it at its very first start; a later change is made
        /// through its API and needs `admin_old_password_wo`.
        admin_password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `admin_password_wo` changes: Terraform cannot see that.
        admin_password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// The password of `admin` until now, where `admin_password_wo` is a new one: Harbor asks
        /// for it.
        admin_old_password_wo: Option<Secret> = attr().write_only(),
        /// Data volume on the host, on a local disk.
        data_volume: String = attr().default("/data").on_change(OnChange::Replace).check(super::validate::plain_path),
        /// Where image layers are kept; the data volume if not set, which suits a single node.
        storage: Option<Storage> = attr().on_change(OnChange::Restart),
        /// The PostgreSQL that Harbor uses; the same for every node.
        database: Database = attr().on_change(OnChange::Restart),
        /// Redis; the bundled one if not set, which suits a single node.
        redis: Option<Redis> = attr().on_change(OnChange::Restart),
        /// Directory on the host that `harbor_shared_secrets` filled: the secrets that must be the
        /// same on every node. If not set, the node makes its own.
        shared_secrets: Option<String> = attr().on_change(OnChange::Restart).check(super::validate::plain_path),
        /// Feed it with `rotation` of the `harbor_shared_secrets`: then a rotation reaches the node in
        /// the same apply, and its plan announces the restart. Without it the next plan shows it.
        shared_secrets_rotation: Option<i64> = attr().on_change(OnChange::Restart),
        /// Docker and Compose.
        docker: Option<Docker> = attr(),
        /// Trivy, the vulnerability scanner; not installed if not set.
        trivy: Option<Trivy> = attr().on_change(OnChange::Restart),
        /// Install Notary (releases up to 2.8; needs `https`).
        notary: bool = attr().default(false).on_change(OnChange::Restart),
        /// The job service: replication, scans, garbage collection.
        jobservice: Option<Jobservice> = attr().on_change(OnChange::Restart),
        /// Logs.
        log: Option<Log> = attr().on_change(OnChange::Restart),
        /// Prometheus metrics; off if not set.
        metric: Option<Metric> = attr().on_change(OnChange::Restart),
        /// The cache layer; off if not set. It must be the same on every node.
        cache: Option<Cache> = attr().on_change(OnChange::Restart),
        /// Removal of abandoned uploads; Harbor's default if not set.
        upload_purging: Option<UploadPurging> = attr().on_change(OnChange::Restart),
        /// Proxy for what Harbor fetches from outside.
        proxy: Option<Proxy> = attr().on_change(OnChange::Restart),
        /// Further keys of `harbor.yml`, dotted (`trace.otel.endpoint`), each with its value as
        /// JSON. A key that the release does not read is refused.
        settings: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
        /// System settings of Harbor, set through its API: `self_registration = "false"`,
        /// `project_creation_restriction = "adminonly"`. Those that are not named stay as they are.
        configuration: Option<BTreeMap<String, String>> = attr(),
        /// Write and enable `harbor.service`, which starts Harbor after Docker and its mounts.
        boot_unit: bool = attr().default(true),
        /// The other nodes of this Harbor, name to address; used in what the plan says.
        peers: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Provider),
        /// What a destroy does. `stop`: Harbor stops and what the provider wrote is removed; data and
        /// images stay. `keep`: nothing is touched. `purge`: as `stop`, and the installer and Harbor's
        /// folders in the data volume are deleted; what is mounted into it stays.
        on_destroy: OnDestroy = attr().default("stop").on_change(OnChange::Provider),
    }

    /// Harbor's installer archive, offline or online.
    pub struct Installer {
        /// `https://` URL that the host fetches.
        url: Option<String> = attr().on_change(OnChange::Provider),
        /// Path on the machine that runs Terraform; one of this and `url`.
        path: Option<String> = attr().on_change(OnChange::Provider),
        /// SHA-256 of the archive, hexadecimal.
        sha256: String = attr().on_change(OnChange::Provider).check(super::validate::sha256),
    }

    /// HTTPS, either with certificate and key given here, or with files on the host.
    pub struct Https {
        /// Port of HTTPS on the host.
        port: u16 = attr().default(443).on_change(OnChange::Restart),
        /// Certificate chain, PEM. It must be the same on every node.
        certificate: Option<String> = attr().on_change(OnChange::Restart).check(super::validate::certificate),
        /// Private key, PEM.
        private_key_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `private_key_wo` changes: Terraform cannot see that.
        private_key_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Certificate chain as a file on the host, instead of `certificate`.
        certificate_path: Option<String> = attr().on_change(OnChange::Restart).check(super::validate::plain_path),
        /// Private key as a file on the host, instead of `private_key_wo`.
        private_key_path: Option<String> = attr().on_change(OnChange::Restart).check(super::validate::plain_path),
        /// What the provider trusts when it asks this node's API, PEM; `certificate` if not set,
        /// and the system's roots if there is none either.
        trust: Option<String> = attr().on_change(OnChange::Provider).check(super::validate::certificate),
        /// Strong ciphers only.
        strong_ssl_ciphers: Option<bool> = attr().on_change(OnChange::Restart),
    }

    /// Where image layers are kept.
    pub struct Storage {
        /// A directory that all nodes share, mounted at `registry` in the data volume.
        shared: Option<Shared> = attr().on_change(OnChange::Restart),
        /// Storage driver of the registry: `filesystem`, `oss`, `s3`, `azure`, `gcs`, `swift`.
        driver: String = attr().default("filesystem").on_change(OnChange::Restart).check(super::validate::driver),
        /// The driver's parameters by the names of Harbor's documentation. Numbers and truth
        /// values are recognised.
        parameters: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
        /// The driver's secret parameters (`accesskeysecret`).
        parameters_wo: Option<BTreeMap<String, Secret>> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `parameters_wo` changes: Terraform cannot see that.
        parameters_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Do not send clients to the storage itself: needed where they cannot reach it.
        redirect_disabled: Option<bool> = attr().on_change(OnChange::Restart),
    }

    /// Shared storage: a directory on the host, or an NFS export.
    pub struct Shared {
        /// Directory on the host that is shared already, such as a NAS mounted at /srv/nas.
        path: Option<String> = attr().on_change(OnChange::Restart).check(super::validate::plain_path),
        /// NFS export, `server:/export`; one of this and `path`.
        nfs: Option<String> = attr().on_change(OnChange::Restart),
        /// Version of the NFS protocol: `3`, `4.0`, `4.1` or `4.2`.
        nfs_version: String = attr().default("4.0").on_change(OnChange::Restart),
        /// Further mount options of `nfs`. Those that keep a registry on several nodes whole are
        /// set anyway.
        nfs_options: Option<Vec<String>> = attr().on_change(OnChange::Restart),
    }

    /// PostgreSQL outside Harbor.
    pub struct Database {
        /// Name or address; one that stays when the primary moves.
        host: String = attr().on_change(OnChange::Restart),
        /// Port.
        port: u16 = attr().default(5432).on_change(OnChange::Restart),
        /// Login role.
        username: String = attr().default("harbor").on_change(OnChange::Restart),
        /// Its password; must be set: letters, digits, `_` and `-`.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// libpq's `sslmode`.
        ssl_mode: String = attr().default("disable").on_change(OnChange::Restart),
        /// Name of the database.
        name: String = attr().default("registry").on_change(OnChange::Restart),
        /// Idle connections that each of up to three pools of a node keeps.
        max_idle_conns: u32 = attr().default(20).on_change(OnChange::Restart),
        /// Connections that each of up to three pools of a node may open; 0 is unlimited.
        max_open_conns: u32 = attr().default(70).on_change(OnChange::Restart),
    }

    /// Redis outside Harbor.
    pub struct Redis {
        /// Name or address; with `sentinel_master_set` the sentinels, separated by commas.
        host: String = attr().on_change(OnChange::Restart),
        /// Port of hosts that name none.
        port: u16 = attr().default(6379).on_change(OnChange::Restart),
        /// User (releases from 2.8; from 2.15 the registry uses it too).
        username: Option<String> = attr().on_change(OnChange::Restart),
        /// Password: letters, digits, `_` and `-`.
        password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `password_wo` changes: Terraform cannot see that.
        password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Name of the master that the sentinels watch.
        sentinel_master_set: Option<String> = attr().on_change(OnChange::Restart),
        /// Database index of the registry, at least 1.
        registry_db_index: u32 = attr().default(1).on_change(OnChange::Restart),
        /// Database index of the job service, at least 1.
        jobservice_db_index: u32 = attr().default(2).on_change(OnChange::Restart),
        /// Database index of Trivy, at least 1.
        trivy_db_index: u32 = attr().default(5).on_change(OnChange::Restart),
        /// Database index of Harbor itself (late patches of 2.7 and 2.8, and from 2.9).
        harbor_db_index: Option<u32> = attr().on_change(OnChange::Restart),
        /// Database index of the cache layer (as `harbor_db_index`).
        cache_layer_db_index: Option<u32> = attr().on_change(OnChange::Restart),
        /// Seconds after which an idle connection is closed.
        idle_timeout_seconds: u32 = attr().default(30).on_change(OnChange::Restart),
    }

    /// Docker and Compose.
    pub struct Docker {
        /// Where Docker comes from. `distro`: the distribution's `docker.io`; `docker-ce`: Docker's
        /// repository or a mirror of it; `none`: it is there already and stays as it is.
        source: DockerSource = attr().default("distro"),
        /// Where `docker-ce` is fetched from; the folder that holds `linux/`.
        mirror: String = attr().default("https://download.docker.com"),
        /// The key that signs `docker-ce`, ASCII-armoured; must be set with it.
        signing_key: Option<String> = attr(),
        /// Version of Docker's package to hold, as apt writes it; any if not set.
        version: Option<String> = attr().on_change(OnChange::Restart),
        /// Compose.
        compose: Option<Compose> = attr(),
        /// Mirrors of Docker Hub, URLs.
        registry_mirrors: Option<Vec<String>> = attr().on_change(OnChange::Reload),
        /// Registries that Docker on this host may use without a trusted certificate: `host`,
        /// `host:port` or a network; not a URL.
        insecure_registries: Option<Vec<String>> = attr().on_change(OnChange::Reload),
        /// Further keys of `daemon.json`, each with its value as JSON. Keys of others stay.
        settings: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
    }

    /// Compose.
    pub struct Compose {
        /// Where it comes from. `plugin`: the plugin `docker compose`, as a package; `distro`: the
        /// package `docker-compose`; `url`: a file from `url`, as `/usr/local/bin/docker-compose`;
        /// `none`: it is there already. If not set: `plugin` with docker-ce, else as Docker.
        source: Option<ComposeSource> = attr(),
        /// URL of the executable, or its path on the machine that runs Terraform; for source `url`,
        /// as are the next two.
        url: Option<String> = attr(),
        /// SHA-256 of the executable, hexadecimal.
        sha256: Option<String> = attr().check(super::validate::sha256),
        /// Version of the executable at `url`.
        version: Option<String> = attr(),
    }

    /// Trivy.
    pub struct Trivy {
        /// Show only what has a fix.
        ignore_unfixed: bool = attr().default(false).on_change(OnChange::Restart),
        /// Do not download its database.
        skip_update: bool = attr().default(false).on_change(OnChange::Restart),
        /// Ask no outside service for dependencies (from 2.4.2).
        offline_scan: Option<bool> = attr().on_change(OnChange::Restart),
        /// Do not verify the registry's certificate.
        insecure: bool = attr().default(false).on_change(OnChange::Restart),
        /// Longest time of one scan, such as `5m0s` (from 2.4).
        timeout: Option<String> = attr().on_change(OnChange::Restart),
        /// What to look for: `vuln`, `config`, `secret`, separated by commas (from 2.6.2).
        security_check: Option<String> = attr().on_change(OnChange::Restart),
        /// Do not download the Java database (from 2.9.3).
        skip_java_db_update: Option<bool> = attr().on_change(OnChange::Restart),
        /// OCI repository of the database (from 2.15).
        db_repository: Option<String> = attr().on_change(OnChange::Restart),
        /// OCI repository of the Java database (from 2.15).
        java_db_repository: Option<String> = attr().on_change(OnChange::Restart),
        /// Token for downloads from GitHub.
        github_token_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `github_token_wo` changes: Terraform cannot see that.
        github_token_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
    }

    /// Job service.
    pub struct Jobservice {
        /// Jobs that run at the same time on this node.
        max_job_workers: u32 = attr().default(10).on_change(OnChange::Restart),
        /// Where jobs log to (from 2.9): `STD_OUTPUT`, `FILE`, `DB`. With several nodes `FILE` needs
        /// a shared folder and `DB` none.
        job_loggers: Option<Vec<String>> = attr().on_change(OnChange::Restart),
        /// Days that logs are kept (from 2.8).
        logger_sweeper_duration: Option<u32> = attr().on_change(OnChange::Restart),
        /// Hours that a job may take, at least 24 (from 2.13).
        max_job_duration_hours: Option<u32> = attr().on_change(OnChange::Restart),
    }

    /// Logs.
    pub struct Log {
        /// `debug`, `info`, `warning`, `error` or `fatal`.
        level: String = attr().default("info").on_change(OnChange::Restart),
        /// Rotated files that are kept.
        rotate_count: u32 = attr().default(50).on_change(OnChange::Restart),
        /// Size at which a file is rotated: bytes, or a number with `k`, `M` or `G`.
        rotate_size: String = attr().default("200M").on_change(OnChange::Restart),
        /// Directory of the logs on the host.
        location: String = attr().default("/var/log/harbor").on_change(OnChange::Restart).check(super::validate::plain_path),
    }

    /// Prometheus metrics.
    pub struct Metric {
        /// Port of the metrics on the host.
        port: u16 = attr().default(9090).on_change(OnChange::Restart),
        /// Path of the metrics in the URL.
        path: String = attr().default("/metrics").on_change(OnChange::Restart),
    }

    /// The cache layer.
    pub struct Cache {
        /// Hours that an entry is kept.
        expire_hours: u32 = attr().default(24).on_change(OnChange::Restart),
    }

    /// Removal of abandoned uploads.
    pub struct UploadPurging {
        /// On or off.
        enabled: bool = attr().default(true).on_change(OnChange::Restart),
        /// Hours after which an upload is abandoned, at least 2.
        age_hours: u32 = attr().default(168).on_change(OnChange::Restart),
        /// Hours between runs, at least 2.
        interval_hours: u32 = attr().default(24).on_change(OnChange::Restart),
        /// Only log what would be removed.
        dryrun: bool = attr().default(false).on_change(OnChange::Restart),
    }

    /// Proxy for what Harbor fetches from outside.
    pub struct Proxy {
        /// URL for HTTP.
        http_proxy: Option<String> = attr().on_change(OnChange::Restart),
        /// URL for HTTPS.
        https_proxy: Option<String> = attr().on_change(OnChange::Restart),
        /// Names that are reached directly, separated by commas.
        no_proxy: Option<String> = attr().on_change(OnChange::Restart),
        /// Components that use it; core, jobservice and trivy if not set.
        components: Option<Vec<String>> = attr().on_change(OnChange::Restart),
    }

    /// What the provider says of a node.
    pub struct Outputs {
        /// The URL that clients use.
        url: Option<String> = attr(),
        /// Address of the host, for a load balancer.
        address: Option<String> = attr(),
        /// The release that is installed.
        release: Option<String> = attr(),
        /// Whether Harbor's API says that every component is healthy.
        healthy: Option<bool> = attr(),
        /// Each component's state, as Harbor's API says it.
        components: Option<BTreeMap<String, String>> = attr(),
        /// Version of Docker.
        docker_version: Option<String> = attr(),
        /// Version of the Compose that is used.
        compose_version: Option<String> = attr(),
    }
}

impl HaNode {
    /// Docker's settings, its defaults where there are none.
    pub fn docker(&self) -> Docker {
        self.docker.clone().unwrap_or_else(|| Docker {
            source: DockerSource::Distro,
            mirror: "https://download.docker.com".to_owned(),
            signing_key: None,
            version: None,
            compose: None,
            registry_mirrors: None,
            insecure_registries: None,
            settings: None,
        })
    }

    /// The URL that clients use.
    pub fn url(&self) -> String {
        if let Some(url) = &self.external_url {
            return url.trim_end_matches('/').to_owned();
        }
        self.base_url()
    }

    /// The URL of this node by the name that its certificate shows.
    pub fn base_url(&self) -> String {
        match &self.https {
            Some(https) if https.port == 443 => format!("https://{}", self.hostname),
            Some(https) => format!("https://{}:{}", self.hostname, https.port),
            None if self.http_port == 80 => format!("http://{}", self.hostname),
            None => format!("http://{}:{}", self.hostname, self.http_port),
        }
    }

    /// A path in the installer's directory.
    pub fn at(&self, name: &str) -> String {
        format!("{}/{name}", self.directory.trim_end_matches('/'))
    }

    /// A path in the data volume.
    pub fn data(&self, name: &str) -> String {
        format!("{}/{name}", self.data_volume.trim_end_matches('/'))
    }

    /// Paths of certificate and key on the host.
    pub fn tls_paths(&self) -> Option<(String, String)> {
        let https = self.https.as_ref()?;
        let certificate =
            https.certificate_path.clone().unwrap_or_else(|| self.at("tls/server.crt"));
        let key = https.private_key_path.clone().unwrap_or_else(|| self.at("tls/server.key"));
        Some((certificate, key))
    }

    /// Where Compose comes from; if not said, from where Docker does.
    pub fn compose_source(&self) -> ComposeSource {
        let docker = self.docker();
        docker.compose.and_then(|c| c.source).unwrap_or(match docker.source {
            DockerSource::DockerCe => ComposeSource::Plugin,
            DockerSource::Distro => ComposeSource::Distro,
            DockerSource::None => ComposeSource::None,
        })
    }

    /// Where shared storage is mounted, if it is.
    pub fn registry_mount(&self) -> Option<String> {
        self.storage.as_ref()?.shared.as_ref().map(|_| self.data("registry"))
    }
}
