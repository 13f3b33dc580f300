//! Parts of Harbor, and how each works.

use crate::secret::Secret;

crate::choice! {
    /// What updates the projects' usage of their quotas.
    pub enum QuotaUpdateProvider {
        /// The database, at each push.
        Db = "db",
        /// Redis first, and the database from time to time: for many pushes to one project.
        Redis = "redis",
    }
}

crate::settings! {
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
        /// Do not download the Java database (from 2.9.3, not with 2.10.0).
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
        job_loggers: Option<Vec<String>> = attr().on_change(OnChange::Restart).each(super::super::checks::job_logger),
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
        location: String = attr().default("/var/log/harbor").on_change(OnChange::Restart).check(super::super::checks::plain_path),
        /// Syslog server that gets the logs instead of the files in `location`.
        external_endpoint: Option<LogEndpoint> = attr().on_change(OnChange::Restart),
    }

    /// A syslog server.
    pub struct LogEndpoint {
        /// `tcp` or `udp`.
        protocol: String = attr().default("tcp").on_change(OnChange::Restart),
        /// Name or address.
        host: String = attr().on_change(OnChange::Restart),
        /// Port.
        port: u16 = attr().default(514).on_change(OnChange::Restart),
    }

    /// Webhooks.
    pub struct Notification {
        /// Tries of a webhook; if not set 10 up to 2.7, and 3 from 2.8.
        webhook_job_max_retry: Option<u32> = attr().on_change(OnChange::Restart),
        /// Seconds after which a webhook has failed (from 2.8); 3 if not set.
        webhook_job_http_client_timeout: Option<u32> = attr().on_change(OnChange::Restart),
    }

    /// The store of Helm charts.
    pub struct Chartmuseum {
        /// Give whole URLs in the index, and not paths.
        absolute_url: Option<bool> = attr().on_change(OnChange::Restart),
    }

    /// TLS between Harbor's components.
    pub struct InternalTls {
        /// Directory on the host with a certificate and a key for each component, and the authority
        /// that signed them, by the names that Harbor's `prepare gencert` gives them.
        dir: String = attr().on_change(OnChange::Restart).check(super::super::checks::plain_path),
    }

    /// What the front nginx listens on with HTTPS.
    pub struct IpFamily {
        /// IPv4.
        ipv4: bool = attr().default(true).on_change(OnChange::Restart),
        /// IPv6.
        ipv6: bool = attr().default(false).on_change(OnChange::Restart),
    }

    /// Prometheus metrics.
    pub struct Metric {
        /// Port of the metrics on the host.
        port: u16 = attr().default(9090).on_change(OnChange::Restart).check(crate::checks::port),
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
        http_proxy: Option<String> = attr().on_change(OnChange::Restart).check(crate::checks::proxy_url),
        /// URL for HTTPS.
        https_proxy: Option<String> = attr().on_change(OnChange::Restart).check(crate::checks::proxy_url),
        /// Names that are reached directly, separated by commas.
        no_proxy: Option<String> = attr().on_change(OnChange::Restart).check(crate::checks::no_proxy),
        /// Components that use it; core, jobservice and trivy if not set.
        components: Option<Vec<String>> = attr().on_change(OnChange::Restart).each(super::super::checks::proxied),
    }
}
