//! `harbor.yml.tmpl`: the keys that a release demands, at their defaults.

use std::fmt::Write as _;

use crate::release::Release;

/// The template's text. `_version` of 2.1 is still 2.0.0.
pub fn text(release: Release) -> String {
    let minor = if release.minor == 1 { 0 } else { release.minor };
    let mut text = String::from(
        "# The settings of a node. hostname must be a name that clients reach.\nhostname: reg.mydomain.com\nhttp:\n  port: 80\nhttps:\n  port: 443\n  certificate: /your/certificate/path\n  private_key: /your/private/key/path\n# Used once, by the first start on an empty database.\nharbor_admin_password: Harbor12345\ndatabase:\n  password: root123\n  max_idle_conns: 100\n  max_open_conns: 900\ndata_volume: /data\ntrivy:\n  ignore_unfixed: false\n  skip_update: false\n  insecure: false\njobservice:\n  max_job_workers: 10\n",
    );
    if release.since(9, 0) {
        text.push_str("  job_loggers:\n    - STD_OUTPUT\n    - FILE\n");
    }
    if release.since(8, 0) {
        text.push_str("  logger_sweeper_duration: 1\nnotification:\n  webhook_job_max_retry: 3\n  webhook_job_http_client_timeout: 3\n");
    } else {
        text.push_str("notification:\n  webhook_job_max_retry: 10\n");
    }
    text.push_str("log:\n  level: info\n  local:\n    rotate_count: 50\n    rotate_size: 200M\n    location: /var/log/harbor\n");
    let _ = writeln!(text, "_version: 2.{minor}.0");
    text.push_str("proxy:\n  http_proxy:\n  https_proxy:\n  no_proxy:\n  components:\n    - core\n    - jobservice\n    - trivy\n");
    if release.since(5, 0) {
        text.push_str(
            "upload_purging:\n  enabled: true\n  age: 168h\n  interval: 24h\n  dryrun: false\n",
        );
    }
    if release.since(6, 0) {
        text.push_str("cache:\n  enabled: false\n  expire_hours: 24\n");
    }
    text
}
