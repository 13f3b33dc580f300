//! Keys of the file that a setting of their own writes. A section is whole or absent: half of one,
//! written as a further key, is what `prepare` stops at, and some sections replace others.

use super::super::keys::covers;

/// Rows of keys, and the setting that writes them.
const OWNED: &[(&str, &str)] = &[
    ("_version", "release"),
    ("hostname", "hostname"),
    ("external_url", "external_url"),
    ("http.port", "http.port"),
    ("https.port", "https.port"),
    ("https.certificate", "https.certificate"),
    ("https.private_key", "https.private_key"),
    ("https.strong_ssl_ciphers", "https.strong_ssl_ciphers"),
    ("harbor_admin_password", "harbor_admin_password"),
    ("data_volume", "data_volume"),
    ("internal_tls.*", "internal_tls"),
    ("ip_family.*", "ip_family"),
    ("external_database.harbor.*", "external_database"),
    ("external_database.notary_signer.*", "external_database.notary_signer"),
    ("external_database.notary_server.*", "external_database.notary_server"),
    ("external_redis.host", "external_redis.host"),
    ("external_redis.port", "external_redis.port"),
    ("external_redis.username", "external_redis.username"),
    ("external_redis.password", "external_redis.password"),
    ("external_redis.sentinel_master_set", "external_redis.sentinel_master_set"),
    ("external_redis.tlsOptions.*", "external_redis.tls"),
    ("external_redis.registry_db_index", "external_redis.registry_db_index"),
    ("external_redis.jobservice_db_index", "external_redis.jobservice_db_index"),
    ("external_redis.chartmuseum_db_index", "external_redis.chartmuseum_db_index"),
    ("external_redis.trivy_db_index", "external_redis.trivy_db_index"),
    ("external_redis.harbor_db_index", "external_redis.harbor_db_index"),
    ("external_redis.cache_layer_db_index", "external_redis.cache_layer_db_index"),
    ("external_redis.idle_timeout_seconds", "external_redis.idle_timeout_seconds"),
    ("chart.absolute_url", "chartmuseum.absolute_url"),
    ("trivy.ignore_unfixed", "trivy.ignore_unfixed"),
    ("trivy.skip_update", "trivy.skip_update"),
    ("trivy.skip_java_db_update", "trivy.skip_java_db_update"),
    ("trivy.db_repository", "trivy.db_repository"),
    ("trivy.java_db_repository", "trivy.java_db_repository"),
    ("trivy.offline_scan", "trivy.offline_scan"),
    ("trivy.security_check", "trivy.security_check"),
    ("trivy.insecure", "trivy.insecure"),
    ("trivy.timeout", "trivy.timeout"),
    ("trivy.github_token", "trivy.github_token"),
    ("jobservice.max_job_workers", "jobservice.max_job_workers"),
    ("jobservice.max_job_duration_hours", "jobservice.max_job_duration_hours"),
    ("jobservice.job_loggers", "jobservice.job_loggers"),
    ("jobservice.logger_sweeper_duration", "jobservice.logger_sweeper_duration"),
    ("notification.webhook_job_max_retry", "notification.webhook_job_max_retry"),
    (
        "notification.webhook_job_http_client_timeout",
        "notification.webhook_job_http_client_timeout",
    ),
    ("log.level", "log.level"),
    ("log.local.rotate_count", "log.rotate_count"),
    ("log.local.rotate_size", "log.rotate_size"),
    ("log.local.location", "log.location"),
    ("log.external_endpoint.*", "log.external_endpoint"),
    ("storage_service.ca_bundle", "storage.ca_bundle"),
    ("storage_service.redirect.*", "storage.redirect_disabled"),
    ("storage_service.filesystem.*", "storage.parameters"),
    ("storage_service.azure.*", "storage.parameters"),
    ("storage_service.gcs.*", "storage.parameters"),
    ("storage_service.s3.*", "storage.parameters"),
    ("storage_service.swift.*", "storage.parameters"),
    ("storage_service.oss.*", "storage.parameters"),
    ("metric.*", "metric"),
    ("trace.*", "trace"),
    ("upload_purging.*", "upload_purging"),
    ("cache.*", "cache"),
    ("proxy.*", "proxy"),
    ("core.quota_update_provider", "quota_update_provider"),
    ("uaa.ca_file", "uaa_ca_file"),
];

/// Rows of keys that no setting writes, and why.
const NEVER: &[(&str, &str)] = &[
    ("redis.*", "must not be set: Harbor would take it in place of external_redis, and lose that"),
    ("database.*", "is not read beside external_database"),
];

/// The setting that writes a key, if one does.
pub fn setting_of(path: &str) -> Option<&'static str> {
    OWNED.iter().find(|(row, _)| covers(row, path)).map(|(_, setting)| *setting)
}

/// Why a key must not be written.
pub(super) fn never(path: &str) -> Option<&'static str> {
    NEVER.iter().find(|(row, _)| covers(row, path)).map(|(_, reason)| *reason)
}

#[cfg(test)]
mod tests {
    use super::super::super::keys::known_keys;
    use super::super::super::releases::RELEASES;
    use super::*;

    /// Keys that may be given by their path: of parts that are never installed.
    const FURTHER: &[&str] =
        &["clair.*", "external_database.clair.*", "external_redis.clair_db_index"];

    #[test]
    fn every_key_of_the_table_is_owned_or_known_to_be_free() {
        for row in RELEASES {
            for patch in [0, 9] {
                let release = format!("2.{}.{patch}", row.minor).parse().expect("supported");
                for key in known_keys(release) {
                    let ways = usize::from(setting_of(key).is_some())
                        + usize::from(never(key).is_some())
                        + usize::from(FURTHER.contains(&key));
                    assert_eq!(ways, 1, "{key} of {release}");
                }
            }
        }
    }

    #[test]
    fn a_section_is_owned_as_a_whole() {
        assert_eq!(setting_of("trace.enabled"), Some("trace"));
        assert_eq!(setting_of("trace"), Some("trace"));
        assert_eq!(setting_of("jobservice.pace"), None);
    }
}
