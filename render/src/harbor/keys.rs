//! Which release of Harbor reads which key of `harbor.yml`: its template and the code of `prepare`,
//! read for every release.

use super::Release;

const LAST: u64 = u64::MAX;

/// Releases of Harbor 2 from one to another, both included, as (minor, patch).
#[derive(Debug, Clone, Copy)]
struct Range {
    from: (u64, u64),
    to: (u64, u64),
}

const fn since(minor: u64, patch: u64) -> Range {
    Range { from: (minor, patch), to: (LAST, LAST) }
}

const fn within(minor: u64, patch: u64) -> Range {
    Range { from: (minor, patch), to: (minor, LAST) }
}

const fn until(minor: u64) -> Range {
    Range { from: (0, 0), to: (minor, LAST) }
}

const ALL: &[Range] = &[since(0, 0)];
/// Read from 2.9 on and in the late patches of 2.7 and 2.8 that got it too.
const BACKPORTED: &[Range] = &[within(7, 3), within(8, 4), since(9, 0)];

/// Whether `prepare` stops when the key is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    /// Demanded of every file.
    Always,
    /// May be left out, or is demanded only beside its section.
    Optional,
}
use Need::{Always, Optional};

/// A path, the releases that read it, and whether they demand it. A path that ends with `.*` is a
/// map whose keys are passed through to another program.
type Row = (&'static str, &'static [Range], Need);

#[rustfmt::skip] // one row per key reads best
static KEYS: &[Row] = &[
    ("_version", ALL, Always),
    ("hostname", ALL, Always),
    ("harbor_admin_password", ALL, Always),
    ("data_volume", ALL, Always),
    ("http.port", ALL, Optional),
    ("https.port", ALL, Optional),
    ("https.certificate", ALL, Optional),
    ("https.private_key", ALL, Optional),
    // 2.9.0 to 2.10.0 have it in their template in another place.
    ("https.strong_ssl_ciphers", &[within(9, 3), within(10, 1), since(11, 0)], Optional),
    ("ip_family.ipv4.enabled", &[since(11, 0)], Optional),
    ("ip_family.ipv6.enabled", &[since(11, 0)], Optional),
    ("external_url", ALL, Optional),
    ("internal_tls.enabled", ALL, Optional),
    ("internal_tls.dir", ALL, Optional),
    ("database.password", ALL, Optional),
    ("database.max_idle_conns", ALL, Optional),
    ("database.max_open_conns", ALL, Optional),
    ("database.conn_max_lifetime", &[since(7, 0)], Optional),
    ("database.conn_max_idle_time", &[since(7, 0)], Optional),
    ("external_database.harbor.host", ALL, Optional),
    ("external_database.harbor.port", ALL, Optional),
    ("external_database.harbor.db_name", ALL, Optional),
    ("external_database.harbor.username", ALL, Optional),
    ("external_database.harbor.password", ALL, Optional),
    ("external_database.harbor.ssl_mode", ALL, Optional),
    ("external_database.harbor.max_idle_conns", ALL, Optional),
    ("external_database.harbor.max_open_conns", ALL, Optional),
    ("external_database.harbor.conn_max_lifetime", &[since(7, 0)], Optional),
    ("external_database.harbor.conn_max_idle_time", &[since(7, 0)], Optional),
    ("external_database.notary_signer.*", &[until(8)], Optional),
    ("external_database.notary_server.*", &[until(8)], Optional),
    ("external_database.clair.*", &[until(1)], Optional),
    ("clair.*", &[until(1)], Optional),
    ("external_redis.host", ALL, Optional),
    ("external_redis.port", &[until(0)], Optional), // later it is part of `host`
    ("external_redis.username", &[since(8, 0)], Optional),
    ("external_redis.password", ALL, Optional),
    ("external_redis.sentinel_master_set", &[since(1, 0)], Optional),
    ("external_redis.tlsOptions.enable", &[since(13, 0)], Optional),
    ("external_redis.tlsOptions.rootCA", &[since(13, 0)], Optional),
    ("external_redis.registry_db_index", ALL, Optional),
    ("external_redis.jobservice_db_index", ALL, Optional),
    ("external_redis.chartmuseum_db_index", &[until(7)], Optional),
    ("external_redis.clair_db_index", &[until(1)], Optional),
    ("external_redis.trivy_db_index", ALL, Optional),
    ("external_redis.harbor_db_index", BACKPORTED, Optional),
    ("external_redis.cache_layer_db_index", BACKPORTED, Optional),
    ("external_redis.idle_timeout_seconds", ALL, Optional),
    ("redis.*", BACKPORTED, Optional), // replaces external_redis where both are: never written
    ("chart.absolute_url", &[until(7)], Optional),
    ("trivy.ignore_unfixed", ALL, Optional),
    ("trivy.skip_update", ALL, Optional),
    ("trivy.skip_java_db_update", &[since(9, 3)], Optional),
    ("trivy.db_repository", &[since(15, 0)], Optional),
    ("trivy.java_db_repository", &[since(15, 0)], Optional),
    ("trivy.offline_scan", &[since(4, 2)], Optional),
    ("trivy.security_check", &[since(6, 2)], Optional),
    ("trivy.insecure", ALL, Optional),
    ("trivy.timeout", &[since(4, 0)], Optional),
    ("trivy.github_token", ALL, Optional),
    ("jobservice.max_job_workers", ALL, Always),
    ("jobservice.max_job_duration_hours", &[since(13, 0)], Optional),
    ("jobservice.job_loggers", &[since(9, 0)], Always),
    ("jobservice.logger_sweeper_duration", &[since(8, 0)], Always),
    ("notification.webhook_job_max_retry", ALL, Always),
    ("notification.webhook_job_http_client_timeout", &[since(8, 0)], Always),
    ("log.level", ALL, Always),
    ("log.local.rotate_count", ALL, Always),
    ("log.local.rotate_size", ALL, Always),
    ("log.local.location", ALL, Always),
    ("log.external_endpoint.protocol", ALL, Optional),
    ("log.external_endpoint.host", ALL, Optional),
    ("log.external_endpoint.port", ALL, Optional),
    ("metric.enabled", &[since(2, 0)], Optional),
    ("metric.port", &[since(2, 0)], Optional),
    ("metric.path", &[since(2, 0)], Optional),
    ("trace.enabled", &[since(4, 0)], Optional),
    ("trace.sample_rate", &[since(4, 0)], Optional),
    ("trace.namespace", &[since(4, 0)], Optional),
    ("trace.attributes.*", &[since(4, 0)], Optional),
    ("trace.jaeger.*", &[since(4, 0)], Optional),
    ("trace.otel.*", &[since(4, 0)], Optional),
    ("upload_purging.enabled", &[since(5, 0)], Optional),
    ("upload_purging.age", &[since(5, 0)], Optional),
    ("upload_purging.interval", &[since(5, 0)], Optional),
    ("upload_purging.dryrun", &[since(5, 0)], Optional),
    ("cache.enabled", &[since(6, 0)], Optional),
    ("cache.expire_hours", &[since(6, 0)], Optional),
    ("core.quota_update_provider", &[since(9, 0)], Optional),
    ("storage_service.ca_bundle", ALL, Optional),
    ("storage_service.redirect.disabled", &[until(7)], Optional),
    ("storage_service.redirect.disable", &[since(8, 0)], Optional),
    ("storage_service.filesystem.*", ALL, Optional),
    ("storage_service.azure.*", ALL, Optional),
    ("storage_service.gcs.*", ALL, Optional),
    ("storage_service.s3.*", ALL, Optional),
    ("storage_service.swift.*", ALL, Optional),
    ("storage_service.oss.*", ALL, Optional),
    ("proxy.http_proxy", ALL, Optional),
    ("proxy.https_proxy", ALL, Optional),
    ("proxy.no_proxy", ALL, Optional),
    ("proxy.components", ALL, Optional),
    ("uaa.ca_file", ALL, Optional),
];

fn reads(ranges: &[Range], release: Release) -> bool {
    let at = (release.minor(), release.patch());
    ranges.iter().any(|r| r.from <= at && at <= r.to)
}

fn covers(row: &str, path: &str) -> bool {
    row.strip_suffix(".*").map_or(row == path, |map| {
        path.strip_prefix(map).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The keys that a release reads, as dotted paths; `.*` at the end is a map passed through.
pub fn known_keys(release: Release) -> impl Iterator<Item = &'static str> {
    KEYS.iter().filter(move |(_, ranges, _)| reads(ranges, release)).map(|(path, ..)| *path)
}

/// The keys that every file of a release must have.
pub fn required_keys(release: Release) -> impl Iterator<Item = &'static str> {
    KEYS.iter()
        .filter(move |(_, ranges, need)| *need == Always && reads(ranges, release))
        .map(|(path, ..)| *path)
}

/// Whether a release reads the key.
pub fn is_known(release: Release, path: &str) -> bool {
    known_keys(release).any(|row| covers(row, path))
}

/// The releases that read the key, in words: `2.8.0 and later`, or `no release`.
pub fn releases_of(path: &str) -> String {
    let row = KEYS.iter().find(|(row, ..)| covers(row, path));
    row.map_or_else(
        || "no release".to_owned(),
        |(_, ranges, _)| ranges.iter().map(words).collect::<Vec<_>>().join(", "),
    )
}

fn words(range: &Range) -> String {
    let (from, to) = (range.from, range.to);
    match (from, to.0) {
        (_, LAST) => format!("2.{}.{} and later", from.0, from.1),
        ((0, 0), minor) => format!("releases up to 2.{minor}"),
        ((minor, patch), _) => format!("2.{minor}.{patch} and later patches of 2.{minor}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(text: &str) -> Release {
        text.parse().expect("supported")
    }

    #[test]
    fn keys_appear_and_go_with_the_release() {
        let known = |r, key| is_known(release(r), key);
        assert!(!known("2.8.3", "external_redis.harbor_db_index"));
        assert!(known("2.8.4", "external_redis.harbor_db_index"));
        assert!(known("2.7.3", "external_redis.harbor_db_index"));
        assert!(known("2.7.9", "storage_service.redirect.disabled"));
        assert!(!known("2.8.0", "storage_service.redirect.disabled"));
        assert!(known("2.15.0", "storage_service.oss.bucket"));
        assert!(!known("2.3.2", "self_registration"));
    }

    #[test]
    fn the_words_name_the_releases() {
        assert_eq!(releases_of("trivy.timeout"), "2.4.0 and later");
        assert_eq!(releases_of("chart.absolute_url"), "releases up to 2.7");
        assert_eq!(releases_of("self_registration"), "no release");
    }

    #[test]
    fn no_key_is_listed_twice() {
        let mut paths: Vec<_> = KEYS.iter().map(|(path, ..)| path).collect();
        paths.sort_unstable();
        let all = paths.len();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
