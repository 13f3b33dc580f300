//! What can be set in `harbor.yml`. Names follow the file's own; where releases differ, ours is one
//! name for all.

mod services;
mod stores;

pub use services::*;
pub use stores::*;

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
    /// Removal of abandoned uploads; as in Harbor's template if absent.
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
    /// `install.sh --with-chartmuseum`: the store of Helm charts.
    pub chartmuseum: Option<ChartMuseum>,
    /// Further keys by their dotted path in the file; none that a setting of its own writes.
    #[serde(default)]
    pub extra: BTreeMap<String, serde_json::Value>,
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
