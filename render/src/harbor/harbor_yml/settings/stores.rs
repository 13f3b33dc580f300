//! What Harbor keeps its data in: databases, Redis, storage.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Secret;

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
    /// Name of the database.
    #[serde(default = "registry")]
    pub name: String,
    /// Notary signer's; as below with the name `notarysigner` if absent and Notary is on.
    pub notary_signer: Option<NotaryDatabase>,
    /// Notary server's; as below with the name `notaryserver` if absent and Notary is on.
    pub notary_server: Option<NotaryDatabase>,
}

fn registry() -> String {
    "registry".to_owned()
}

fn postgresql_port() -> u16 {
    5432
}

fn ssl_mode() -> String {
    "disable".to_owned()
}

/// A database of Notary. What is absent is as in Harbor's own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NotaryDatabase {
    /// Name of the database; `notarysigner` or `notaryserver` if absent.
    pub name: Option<String>,
    /// Name or address.
    pub host: Option<String>,
    /// Port.
    pub port: Option<u16>,
    /// Login role.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// libpq's `sslmode`.
    pub ssl_mode: Option<String>,
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
