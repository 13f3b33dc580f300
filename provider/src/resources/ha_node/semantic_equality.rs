//! What a `harbor.yml` means to a release: two files that mean the same are one to Harbor, whoever
//! wrote them.

use std::collections::BTreeMap;

use render::harbor::{Release, keys};
use render::mask::is_secret_key;
use serde_json::Value;

/// Keys, dotted, with their values.
type Pairs = BTreeMap<String, Value>;

/// Sections that count only with a part of Harbor that the other file does not have; and the
/// bundled database, which nobody reads beside an external one.
const PARTS: &[&str] = &[
    "trivy.",
    "external_database.notary_signer.",
    "external_database.notary_server.",
    "external_database.clair.",
    "clair.",
    "chart.",
    "external_redis.chartmuseum_db_index",
    "external_redis.clair_db_index",
    "database.",
];

/// Sections that count only if their switch is on.
const SWITCHED: &[&str] = &["metric", "cache", "trace", "internal_tls", "upload_purging"];

/// What Harbor takes where a key is missing, if a key of the same section is there.
const DEFAULTS: &[(&str, &str, &str)] = &[
    ("http.port", "hostname", "80"),
    ("https.port", "https.certificate", "443"),
    ("https.strong_ssl_ciphers", "https.certificate", "false"),
    ("external_database.harbor.max_idle_conns", "external_database.harbor.host", "2"),
    ("external_database.harbor.max_open_conns", "external_database.harbor.host", "0"),
    ("external_redis.registry_db_index", "external_redis.host", "1"),
    ("external_redis.jobservice_db_index", "external_redis.host", "2"),
    ("external_redis.trivy_db_index", "external_redis.host", "5"),
    ("external_redis.idle_timeout_seconds", "external_redis.host", "30"),
];

/// Whether two texts mean the same to this release.
pub fn equal(actual: &str, wanted: &str, release: Release) -> bool {
    let (Some(actual), Some(wanted)) = (read(actual), read(wanted)) else { return false };
    effective(&actual, &wanted, release) == effective(&wanted, &wanted, release)
}

/// Keys of `actual` that `wanted` lacks or has with another value, with their values; without
/// secrets.
pub fn differing_keys(actual: &str, wanted: &str, release: Release) -> BTreeMap<String, Value> {
    let (Some(raw), Some(wanted)) = (read(actual), read(wanted)) else { return BTreeMap::new() };
    let (effective, wanted) =
        (effective(&raw, &wanted, release), effective(&wanted, &wanted, release));
    let other = |key: &String| effective.contains_key(key) && effective.get(key) != wanted.get(key);
    raw.into_iter().filter(|(key, _)| other(key) && !is_secret_key(key)).collect()
}

fn read(text: &str) -> Option<Pairs> {
    let value: Value = serde_saphyr::from_str(text).ok()?;
    let mut pairs = Pairs::new();
    flatten("", &value, &mut pairs);
    Some(pairs)
}

fn flatten(at: &str, value: &Value, into: &mut Pairs) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                flatten(&path, value, into);
            }
        }
        // An empty section is none.
        Value::Null => {}
        other => {
            into.insert(at.to_owned(), other.clone());
        }
    }
}

/// What counts of a file, beside another one that says which parts there are.
fn effective(pairs: &Pairs, beside: &Pairs, release: Release) -> BTreeMap<String, String> {
    let part = |key: &str| PARTS.iter().find(|part| key.starts_with(**part));
    let absent = |part: &str| !beside.keys().any(|key| key.starts_with(part));
    let is = |key: &str, text: &str| pairs.get(key).is_some_and(|value| show(value) == text);
    let off = |key: &str| {
        let section = key.split('.').next().unwrap_or(key);
        SWITCHED.contains(&section) && !is(&format!("{section}.enabled"), "true")
    };
    let proxied = ["http_proxy", "https_proxy", "no_proxy"];
    let proxied = proxied.iter().any(|p| pairs.contains_key(&format!("proxy.{p}")));
    let counts = |key: &str| {
        // `_version` is read by nobody but the migrator.
        key != "_version"
            && keys::is_known(release, key)
            && !part(key).is_some_and(|p| absent(p))
            && !off(key)
            && (key != "proxy.components" || proxied)
    };
    let mut effective: BTreeMap<String, String> = pairs
        .iter()
        .filter(|(key, _)| counts(key))
        .map(|(key, value)| (key.clone(), show(value)))
        .collect();
    for (key, section, value) in DEFAULTS {
        if effective.contains_key(*section) && keys::is_known(release, key) {
            effective.entry((*key).to_owned()).or_insert_with(|| (*value).to_owned());
        }
    }
    effective
}

/// `5432` and `"5432"` are one to Harbor.
fn show(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "hostname: h\nhttp:\n  port: 80\nexternal_redis:\n  host: r:6379\n  \
        registry_db_index: 1\n  jobservice_db_index: 2\n  trivy_db_index: 5\n  \
        idle_timeout_seconds: 30\nlog:\n  level: info\n";

    fn release() -> Release {
        "2.3.2".parse().expect("supported")
    }

    #[test]
    fn what_harbor_does_not_read_makes_no_difference() {
        let by_hand = "# mine\nhostname: h\nself_registration: off\n_version: 9.9.9\ntrivy:\n  \
            insecure: false\ndatabase:\n  password: root123\nchart:\n  absolute_url: disabled\n\
            metric:\n  enabled: false\n  port: 9090\nproxy:\n  http_proxy:\n  components: [core]\n\
            external_redis:\n  host: r:6379\n  chartmuseum_db_index: 3\nlog:\n  level: info\n";
        // The database is external here too.
        assert!(equal(by_hand, OURS, release()));
        assert!(differing_keys(by_hand, OURS, release()).is_empty());
    }

    #[test]
    fn what_harbor_reads_makes_one() {
        for (line, other) in [("level: info", "level: debug"), ("r:6379", "other:6379")] {
            assert!(!equal(&OURS.replace(line, other), OURS, release()), "{other}");
        }
        let more = format!("{OURS}uaa:\n  ca_file: /ca\nmetric:\n  enabled: true\n");
        assert!(!equal(&more, OURS, release()));
        let beyond = differing_keys(&more, OURS, release());
        assert_eq!(beyond.keys().collect::<Vec<_>>(), ["metric.enabled", "uaa.ca_file"]);
    }

    #[test]
    fn a_part_that_is_wanted_counts() {
        let with = format!("{OURS}trivy:\n  insecure: false\n");
        assert!(!equal(&with.replace("false", "true"), &with, release()));
        assert!(!equal("[", "[", release()));
    }
}
