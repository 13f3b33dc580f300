//! What the user writes of one node.

mod docker;
mod parts;
mod stores;
mod trace;

use std::collections::BTreeMap;

pub use docker::{Compose, ComposeSource, Docker, DockerSource};
pub use parts::{
    Cache, Chartmuseum, InternalTls, IpFamily, Jobservice, Log, LogEndpoint, Metric, Notification,
    Proxy, QuotaUpdateProvider, Trivy, UploadPurging,
};
pub use stores::{Database, NotaryDatabase, Redis, RedisTls, Shared, Storage};
pub use trace::{Jaeger, Otel, Trace};

use crate::resource::Ssh;
use crate::secret::Secret;

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
        directory: String = attr().default("/opt/harbor").on_change(OnChange::Refused).check(super::checks::plain_path),
        /// The name that clients use: that of the load balancer, the same on every node.
        hostname: String = attr().on_change(OnChange::Restart).check(super::checks::hostname),
        /// The whole URL that clients use, where it is not made of `hostname` and port:
        /// `https://name` or `https://name:port`, without a path.
        external_url: Option<String> = attr().on_change(OnChange::Restart).check(crate::checks::origin),
        /// Port of HTTP on the host. With `https` it only answers with a redirect.
        http_port: u16 = attr().default(80).on_change(OnChange::Restart).check(crate::checks::port),
        /// HTTPS. Without it Harbor is served in clear.
        https: Option<Https> = attr().on_change(OnChange::Restart),
        /// What the front nginx listens on with `https` (from 2.11); IPv4 if not set.
        ip_family: Option<IpFamily> = attr().on_change(OnChange::Restart),
        /// TLS between Harbor's components; needs the data volume `/data`. A file that changes there
        /// shows in the plan, and Harbor's prepare brings it to the containers.
        internal_tls: Option<InternalTls> = attr().on_change(OnChange::Restart),
        /// Password of `admin`; must be set. Harbor takes it at its very first start; a later change is made
        /// through its API and needs `admin_old_password_wo`, which may go after that apply.
        admin_password_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `admin_password_wo` changes: Terraform cannot see that.
        admin_password_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// The password of `admin` until now, where `admin_password_wo` is a new one: Harbor asks
        /// for it.
        admin_old_password_wo: Option<Secret> = attr().write_only(),
        /// Data volume on the host, on a local disk.
        data_volume: String = attr().default("/data").on_change(OnChange::Refused).check(super::checks::plain_path),
        /// Where image layers are kept; the data volume if not set, which suits a single node.
        storage: Option<Storage> = attr().on_change(OnChange::Restart),
        /// The PostgreSQL that Harbor uses; the same for every node.
        database: Database = attr().on_change(OnChange::Restart),
        /// Redis; the bundled one if not set, which suits a single node.
        redis: Option<Redis> = attr().on_change(OnChange::Restart),
        /// Directory on the host that `harbor_shared_secrets` filled: the secrets that must be the
        /// same on every node. If not set, the node makes its own.
        shared_secrets: Option<String> = attr().on_change(OnChange::Restart).check(super::checks::plain_path),
        /// Feed it with `rotation` of the `harbor_shared_secrets`: then a rotation reaches the node in
        /// the same apply, and its plan announces the restart. Without it the next plan shows it.
        shared_secrets_rotation: Option<i64> = attr().on_change(OnChange::Restart),
        /// Docker and Compose.
        docker: Option<Docker> = attr(),
        /// Trivy, the vulnerability scanner; not installed if not set.
        trivy: Option<Trivy> = attr().on_change(OnChange::Restart),
        /// Install Notary (releases up to 2.8; needs `https`).
        notary: bool = attr().default(false).on_change(OnChange::Restart),
        /// ChartMuseum, the store of Helm charts (releases up to 2.7); not installed if not set. With
        /// the driver `filesystem` its charts are in the data volume of this node alone, so it is
        /// refused with `storage.shared`.
        chartmuseum: Option<Chartmuseum> = attr().on_change(OnChange::Restart),
        /// The job service: replication, scans, garbage collection.
        jobservice: Option<Jobservice> = attr().on_change(OnChange::Restart),
        /// Webhooks.
        notification: Option<Notification> = attr().on_change(OnChange::Restart),
        /// Logs.
        log: Option<Log> = attr().on_change(OnChange::Restart),
        /// Prometheus metrics; off if not set.
        metric: Option<Metric> = attr().on_change(OnChange::Restart),
        /// Tracing (from 2.4); off if not set.
        trace: Option<Trace> = attr().on_change(OnChange::Restart),
        /// The cache layer; off if not set. It must be the same on every node.
        cache: Option<Cache> = attr().on_change(OnChange::Restart),
        /// Removal of abandoned uploads (from 2.5); if not set as Harbor ships it: on, once a day, those
        /// of a week ago.
        upload_purging: Option<UploadPurging> = attr().on_change(OnChange::Restart),
        /// What updates the projects' usage of their quotas (from 2.9): `db`, or `redis` for many
        /// pushes to one project; `db` if not set.
        quota_update_provider: Option<QuotaUpdateProvider> = attr().on_change(OnChange::Restart),
        /// Proxy for what Harbor fetches from outside.
        proxy: Option<Proxy> = attr().on_change(OnChange::Restart),
        /// Certificate of the authority of a UAA server, a file on the host.
        uaa_ca_file: Option<String> = attr().on_change(OnChange::Restart).check(super::checks::plain_path),
        /// Further keys of `harbor.yml`, dotted (`clair.updaters_interval`), each with its value as
        /// JSON. A key that the release does not read is refused, and so is one that another
        /// attribute writes.
        settings: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Restart),
        /// System settings of Harbor, set through its API: `self_registration = "false"`,
        /// `project_creation_restriction = "adminonly"`. Those that are not named stay as they are.
        configuration: Option<BTreeMap<String, String>> = attr(),
        /// Write and enable `harbor.service`, which starts Harbor after Docker and its mounts.
        boot_unit: bool = attr().default(true),
        /// The other nodes of this Harbor, name to address; used in what the plan says.
        peers: Option<BTreeMap<String, String>> = attr().on_change(OnChange::Provider).each(crate::checks::host),
        /// What a destroy does. `stop`: Harbor stops and what the provider wrote is removed; data and
        /// images stay. `keep`: nothing is touched. `purge`: as `stop`, and the installer and Harbor's
        /// folders in the data volume are deleted; what is mounted into it stays.
        on_destroy: OnDestroy = attr().default("stop").on_change(OnChange::Provider),
    }

    /// Harbor's installer archive, offline or online.
    pub struct Installer {
        /// `https://` URL that the host fetches.
        url: Option<String> = attr().on_change(OnChange::Provider).check(crate::checks::https_url),
        /// Path on the machine that runs Terraform; one of this and `url`.
        path: Option<String> = attr().on_change(OnChange::Provider),
        /// SHA-256 of the archive, hexadecimal.
        sha256: String = attr().on_change(OnChange::Provider).check(super::checks::sha256),
    }

    /// HTTPS, either with certificate and key given here, or with files on the host.
    pub struct Https {
        /// Port of HTTPS on the host.
        port: u16 = attr().default(443).on_change(OnChange::Restart).check(crate::checks::port),
        /// Certificate chain, PEM, the server's own first. It must name `hostname`, and be the same on
        /// every node.
        certificate: Option<String> = attr().on_change(OnChange::Restart).check(crate::checks::certificate),
        /// Private key, PEM.
        private_key_wo: Option<Secret> = attr().write_only().on_change(OnChange::Restart),
        /// Change it when `private_key_wo` changes: Terraform cannot see that. A new `certificate`
        /// brings its key along, whatever this says.
        private_key_wo_version: Option<i64> = attr().on_change(OnChange::Restart),
        /// Certificate chain as a file on the host, instead of `certificate`.
        certificate_path: Option<String> = attr().on_change(OnChange::Restart).check(super::checks::plain_path),
        /// Private key as a file on the host, instead of `private_key_wo`.
        private_key_path: Option<String> = attr().on_change(OnChange::Restart).check(super::checks::plain_path),
        /// What the provider trusts when it asks this node's API, PEM; `certificate` if not set,
        /// and the system's roots if there is none either. Needed where `certificate_path` leads to
        /// a certificate of an authority of your own.
        trust: Option<String> = attr().on_change(OnChange::Provider).check(crate::checks::certificate),
        /// Strong ciphers only.
        strong_ssl_ciphers: Option<bool> = attr().on_change(OnChange::Restart),
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

    /// Where shared storage is mounted, if it is.
    pub fn registry_mount(&self) -> Option<String> {
        self.storage.as_ref()?.shared.as_ref().map(|_| self.data("registry"))
    }
}
