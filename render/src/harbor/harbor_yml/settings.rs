//! What can be set in `harbor.yml`. Names follow the file's own; where releases differ, ours is one
//! name for all.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::Release;
use crate::Secret;

/// A whole `harbor.yml`. An option that is absent is left to the release's default.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The Harbor release that will read the file.
    pub release: Release,
    /// The name that clients use: that of the load balancer, the same on every node.
    pub hostname: String,
    /// The whole URL that clients use, if it is not `https://hostname`.
    pub external_url: Option<String>,
    /// HTTP. With HTTPS on it answers every request with a redirect.
    #[serde(default)]
    pub http: Http,
    /// HTTPS; without it Harbor is served in clear.
    pub https: Option<Https>,
    /// Password of `admin` at the first start. Later changes of it here do nothing.
    pub harbor_admin_password: Secret,
    /// Absolute path of the data volume on the host.
    pub data_volume: String,
    /// `install.sh --with-notary`: demands HTTPS and the Notary databases.
    #[serde(default)]
    pub with_notary: bool,
    /// The bundled database; exactly one of this and `external_database` is needed.
    pub database: Option<Database>,
    /// PostgreSQL outside Harbor.
    pub external_database: Option<ExternalDatabase>,
    /// Redis outside Harbor; without it the bundled one is used.
    pub external_redis: Option<ExternalRedis>,
    /// Where image layers are kept; the data volume if absent.
    pub storage: Option<Storage>,
    /// Trivy.
    pub trivy: Option<Trivy>,
    /// Job service.
    #[serde(default)]
    pub jobservice: Jobservice,
    /// Webhooks.
    #[serde(default)]
    pub notification: Notification,
    /// Logs.
    #[serde(default)]
    pub log: Log,
    /// Prometheus metrics.
    pub metric: Option<Metric>,
    /// Tracing.
    pub trace: Option<Trace>,
    /// Removal of abandoned uploads.
    pub upload_purging: Option<UploadPurging>,
    /// The cache layer; must be the same on every node.
    pub cache: Option<Cache>,
    /// Proxy for outgoing requests.
    pub proxy: Option<Proxy>,
    /// TLS between the components.
    pub internal_tls: Option<InternalTls>,
    /// IPv4 and IPv6.
    pub ip_family: Option<IpFamily>,
    /// `core.quota_update_provider`: `db` or `redis`.
    pub quota_update_provider: Option<String>,
    /// Certificate of a UAA server, absolute path.
    pub uaa_ca_file: Option<String>,
    /// `chart.absolute_url`.
    pub chart_absolute_url: Option<bool>,
}

/// HTTP listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Port on the host.
    pub port: u16,
}

impl Default for Http {
    fn default() -> Self {
        Self { port: 80 }
    }
}

/// HTTPS listener.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Https {
    /// Port on the host.
    #[serde(default = "https_port")]
    pub port: u16,
    /// Certificate chain, absolute path on the host.
    pub certificate: String,
    /// Private key, absolute path on the host.
    pub private_key: String,
    /// Only strong ciphers.
    pub strong_ssl_ciphers: Option<bool>,
}

fn https_port() -> u16 {
    443
}

/// The bundled database.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Password of its superuser.
    pub password: Secret,
    /// Limits of the connection pools.
    #[serde(default)]
    pub pool: Pool,
}

/// Limits of a connection pool. Each node opens up to three such pools.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// Idle connections kept; at least 1, because Harbor takes 0 for "not set".
    pub max_idle_conns: Option<u32>,
    /// Open connections; 0 is unlimited.
    pub max_open_conns: Option<u32>,
    /// Go duration, for example `5m`; `0` is for ever.
    pub conn_max_lifetime: Option<String>,
    /// Go duration; `0` is for ever.
    pub conn_max_idle_time: Option<String>,
}

/// PostgreSQL outside Harbor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalDatabase {
    /// One name or address: Harbor cannot take a list of hosts.
    pub host: String,
    /// Port.
    #[serde(default = "postgresql_port")]
    pub port: u16,
    /// Login role.
    pub username: String,
    /// Its password: letters, digits, `_` and `-` only.
    pub password: Secret,
    /// libpq's `sslmode`.
    #[serde(default = "ssl_mode")]
    pub ssl_mode: String,
    /// Limits of the connection pools.
    #[serde(default)]
    pub pool: Pool,
    /// Names of the databases.
    #[serde(default)]
    pub databases: Databases,
}

fn postgresql_port() -> u16 {
    5432
}

fn ssl_mode() -> String {
    "disable".to_owned()
}

/// Names of the databases.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Databases {
    /// Harbor's own.
    pub registry: String,
    /// Notary signer's; `notarysigner` if absent and Notary is on.
    pub notarysigner: Option<String>,
    /// Notary server's; `notaryserver` if absent and Notary is on.
    pub notaryserver: Option<String>,
}

impl Default for Databases {
    fn default() -> Self {
        Self { registry: "registry".to_owned(), notarysigner: None, notaryserver: None }
    }
}

/// Redis outside Harbor.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalRedis {
    /// Host, or with `sentinel_master_set` the sentinels, separated by commas, as `host:port`.
    pub host: String,
    /// Port of hosts that name none.
    #[serde(default = "redis_port")]
    pub port: u16,
    /// User of Redis 6 and later.
    pub username: Option<String>,
    /// Password: letters, digits, `_` and `-` only.
    pub password: Option<Secret>,
    /// Name of the master that the sentinels watch.
    pub sentinel_master_set: Option<String>,
    /// TLS to Redis.
    pub tls: Option<RedisTls>,
    /// Database indexes, at least 1, because Harbor takes 0 for "not set".
    pub registry_db_index: Option<u8>,
    /// As above.
    pub jobservice_db_index: Option<u8>,
    /// As above.
    pub chartmuseum_db_index: Option<u8>,
    /// As above.
    pub trivy_db_index: Option<u8>,
    /// Index for business data; 0 is the default.
    pub harbor_db_index: Option<u8>,
    /// Index for the cache layer; 0 is the default.
    pub cache_layer_db_index: Option<u8>,
    /// Idle time in seconds, at least 1.
    pub idle_timeout_seconds: Option<u32>,
}

fn redis_port() -> u16 {
    6379
}

/// TLS to Redis.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisTls {
    /// On or off.
    pub enable: bool,
    /// CA certificate, absolute path on the host.
    pub root_ca: Option<String>,
}

/// Storage drivers of the registry. Harbor takes any other name for `filesystem`, silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Driver {
    /// The data volume.
    Filesystem,
    /// Azure Blob Storage.
    Azure,
    /// Google Cloud Storage.
    Gcs,
    /// Amazon S3 and what speaks its protocol.
    S3,
    /// `OpenStack` Swift.
    Swift,
    /// Alibaba Cloud OSS.
    Oss,
}

impl Driver {
    /// The key of the driver in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filesystem => "filesystem",
            Self::Azure => "azure",
            Self::Gcs => "gcs",
            Self::S3 => "s3",
            Self::Swift => "swift",
            Self::Oss => "oss",
        }
    }
}

/// A value that is passed through.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)] // the file's own values are bare scalars of any type
pub enum Scalar {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Any text.
    Text(String),
}

/// Where image layers are kept.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// The driver.
    pub driver: Driver,
    /// The driver's parameters, as the registry's documentation names them.
    #[serde(default)]
    pub parameters: BTreeMap<String, Scalar>,
    /// The parameters that are secret.
    #[serde(default)]
    pub secret_parameters: BTreeMap<String, Secret>,
    /// Do not send clients to the storage directly.
    pub redirect_disabled: Option<bool>,
    /// CA bundle of the storage, absolute path on the host.
    pub ca_bundle: Option<String>,
}

/// Trivy.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Trivy {
    /// Show only what has a fix.
    pub ignore_unfixed: Option<bool>,
    /// Do not download the database.
    pub skip_update: Option<bool>,
    /// Do not download the Java database.
    pub skip_java_db_update: Option<bool>,
    /// OCI repository of the database.
    pub db_repository: Option<String>,
    /// OCI repository of the Java database.
    pub java_db_repository: Option<String>,
    /// Ask no outside service for dependencies.
    pub offline_scan: Option<bool>,
    /// What to look for: `vuln`, `config`, `secret`, separated by commas.
    pub security_check: Option<String>,
    /// Do not verify the registry's certificate.
    pub insecure: Option<bool>,
    /// Go duration of one scan.
    pub timeout: Option<String>,
    /// Token for downloads from GitHub.
    pub github_token: Option<Secret>,
}

/// Where jobs log to. Harbor drops other words silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum JobLogger {
    /// Standard output.
    #[serde(rename = "STD_OUTPUT")]
    StdOutput,
    /// Files in the data volume; several nodes must share them.
    #[serde(rename = "FILE")]
    File,
    /// The database.
    #[serde(rename = "DB")]
    Db,
}

impl JobLogger {
    /// The word in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::StdOutput => "STD_OUTPUT",
            Self::File => "FILE",
            Self::Db => "DB",
        }
    }
}

/// Job service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jobservice {
    /// Workers; 10 if absent.
    pub max_job_workers: Option<u32>,
    /// Hours a job may take, at least 24.
    pub max_job_duration_hours: Option<u32>,
    /// Loggers; `STD_OUTPUT` and `FILE` if absent.
    pub job_loggers: Option<Vec<JobLogger>>,
    /// Days that logs are kept; 1 if absent.
    pub logger_sweeper_duration: Option<u32>,
}

/// Webhooks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notification {
    /// Tries of a webhook job; 10 up to 2.7 and 3 from 2.8 if absent.
    pub webhook_job_max_retry: Option<u32>,
    /// Seconds; 3 if absent.
    pub webhook_job_http_client_timeout: Option<u32>,
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// `debug`, `info`, `warning`, `error` or `fatal`.
    pub level: String,
    /// Rotated files that are kept, at least 1.
    pub rotate_count: u32,
    /// Size at which a file is rotated: `200M`, with `k`, `M`, `G` or nothing.
    pub rotate_size: String,
    /// Directory on the host, absolute.
    pub location: String,
    /// Syslog server that gets a copy.
    pub external_endpoint: Option<LogEndpoint>,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            rotate_count: 50,
            rotate_size: "200M".to_owned(),
            location: "/var/log/harbor".to_owned(),
            external_endpoint: None,
        }
    }
}

/// A syslog server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogEndpoint {
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Prometheus metrics.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Metric {
    /// On or off.
    pub enabled: bool,
    /// Port on the host.
    pub port: u16,
    /// Path.
    pub path: String,
}

impl Default for Metric {
    fn default() -> Self {
        Self { enabled: true, port: 9090, path: "/metrics".to_owned() }
    }
}

/// Tracing; exactly one of `jaeger` and `otel` where it is on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trace {
    /// On or off.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// 0 to 1.
    pub sample_rate: Option<f64>,
    /// Tells Harbors apart.
    pub namespace: Option<String>,
    /// Free attributes.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// Jaeger.
    pub jaeger: Option<Jaeger>,
    /// OpenTelemetry.
    pub otel: Option<Otel>,
}

fn yes() -> bool {
    true
}

/// Jaeger: a collector (`endpoint`) or an agent (`agent_host`).
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Jaeger {
    /// URL of the collector.
    pub endpoint: Option<String>,
    /// User of the collector.
    pub username: Option<String>,
    /// Password of the collector.
    pub password: Option<Secret>,
    /// Host of the agent.
    pub agent_host: Option<String>,
    /// Port of the agent.
    pub agent_port: Option<u16>,
}

/// OpenTelemetry over HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Otel {
    /// `host:port`.
    pub endpoint: String,
    /// Path.
    #[serde(default = "otel_path")]
    pub url_path: String,
    /// Compress.
    #[serde(default)]
    pub compression: bool,
    /// Without TLS.
    #[serde(default)]
    pub insecure: bool,
    /// Seconds.
    #[serde(default = "otel_timeout")]
    pub timeout_seconds: u32,
}

fn otel_path() -> String {
    "/v1/traces".to_owned()
}

fn otel_timeout() -> u32 {
    10
}

/// Removal of abandoned uploads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UploadPurging {
    /// On or off.
    pub enabled: bool,
    /// Hours after which an upload is abandoned, at least 2.
    pub age_hours: u32,
    /// Hours between runs, at least 2.
    pub interval_hours: u32,
    /// Only log what would be removed.
    pub dryrun: bool,
}

impl Default for UploadPurging {
    fn default() -> Self {
        Self { enabled: true, age_hours: 168, interval_hours: 24, dryrun: false }
    }
}

/// The cache layer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// On or off.
    pub enabled: bool,
    /// Hours that an entry is kept, at least 1.
    pub expire_hours: u32,
}

impl Default for Cache {
    fn default() -> Self {
        Self { enabled: true, expire_hours: 24 }
    }
}

/// Proxy for outgoing requests.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Proxy {
    /// URL for HTTP.
    pub http_proxy: Option<String>,
    /// URL for HTTPS.
    pub https_proxy: Option<String>,
    /// Names that are reached directly, separated by commas.
    pub no_proxy: Option<String>,
    /// Components that use it.
    pub components: Vec<String>,
}

impl Default for Proxy {
    fn default() -> Self {
        let components = ["core", "jobservice", "trivy"].map(str::to_owned).to_vec();
        Self { http_proxy: None, https_proxy: None, no_proxy: None, components }
    }
}

/// TLS between the components.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InternalTls {
    /// On or off.
    pub enabled: bool,
    /// Directory of the certificates, absolute path on the host.
    pub dir: String,
}

/// IPv4 and IPv6 of the front nginx.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IpFamily {
    /// Listen on IPv4.
    pub ipv4: bool,
    /// Listen on IPv6.
    pub ipv6: bool,
}

impl Default for IpFamily {
    fn default() -> Self {
        Self { ipv4: true, ipv6: false }
    }
}
