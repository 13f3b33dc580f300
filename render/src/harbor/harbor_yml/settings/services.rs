//! Harbor's services, logs and outside connections.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::Secret;

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

/// The store of Helm charts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChartMuseum {
    /// Give whole URLs in the index, and not paths.
    pub absolute_url: Option<bool>,
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
