//! `harbor.yml.tmpl`: the keys that a release demands, at their defaults.

use std::fmt::Write as _;

use crate::release::{Release, is_known};

/// The template's text.
pub fn text(release: Release) -> String {
    let mut text = String::from(
        "# The settings of a node. hostname must be a name that clients reach.\nhostname: reg.mydomain.com\nhttp:\n  port: 80\nhttps:\n  port: 443\n  certificate: /your/certificate/path\n  private_key: /your/private/key/path\n# Used once, by the first start on an empty database.\nharbor_admin_password: Harbor12345\ndatabase:\n  password: root123\n  max_idle_conns: 100\n  max_open_conns: 900\ndata_volume: /data\ntrivy:\n  ignore_unfixed: false\n  skip_update: false\n  insecure: false\njobservice:\n  max_job_workers: 10\n",
    );
    if is_known(release, "jobservice.job_loggers") {
        text.push_str("  job_loggers:\n    - STD_OUTPUT\n    - FILE\n");
    }
    if is_known(release, "jobservice.logger_sweeper_duration") {
        text.push_str("  logger_sweeper_duration: 1\n");
    }
    let retries = release.webhook_retries();
    let _ = writeln!(text, "notification:\n  webhook_job_max_retry: {retries}");
    if is_known(release, "notification.webhook_job_http_client_timeout") {
        text.push_str("  webhook_job_http_client_timeout: 3\n");
    }
    text.push_str("log:\n  level: info\n  local:\n    rotate_count: 50\n    rotate_size: 200M\n    location: /var/log/harbor\n");
    let _ = writeln!(text, "_version: {}", release.file_version());
    text.push_str("proxy:\n  http_proxy:\n  https_proxy:\n  no_proxy:\n  components:\n    - core\n    - jobservice\n    - trivy\n");
    if is_known(release, "upload_purging.enabled") {
        text.push_str(
            "upload_purging:\n  enabled: true\n  age: 168h\n  interval: 24h\n  dryrun: false\n",
        );
    }
    if is_known(release, "cache.enabled") {
        text.push_str("cache:\n  enabled: false\n  expire_hours: 24\n");
    }
    text
}
