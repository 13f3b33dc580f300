//! Which release of Harbor reads which key of `harbor.yml`.

use super::Release;
use super::release::{Span, spans};
use super::releases::RELEASES;

pub(super) fn covers(row: &str, path: &str) -> bool {
    row.strip_suffix(".*").map_or(row == path, |map| {
        path.strip_prefix(map).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// The keys that a release reads, as dotted paths; `.*` at the end is a map passed through.
pub fn known_keys(release: Release) -> impl Iterator<Item = &'static str> {
    release.keys()
}

/// The keys that every file of a release must have.
pub fn required_keys(release: Release) -> impl Iterator<Item = &'static str> {
    release.demands()
}

/// Whether a release reads the key.
pub fn is_known(release: Release, path: &str) -> bool {
    known_keys(release).any(|row| covers(row, path))
}

/// The releases that read the key, in words: `2.8.0 and later`, or `no release`.
pub fn releases_of(path: &str) -> String {
    let spans = spans(RELEASES, |row| &row.keys, |row| covers(row, path));
    if spans.is_empty() {
        return "no release".to_owned();
    }
    spans.iter().map(words).collect::<Vec<_>>().join(", ")
}

fn words(span: &Span) -> String {
    let (minor, patch) = span.from;
    match span.to {
        None => format!("2.{minor}.{patch} and later"),
        Some(last) if span.from == (0, 0) => format!("releases up to 2.{last}"),
        Some(last) if last == minor => {
            format!("2.{minor}.{patch} and later patches of 2.{minor}")
        }
        Some(last) => format!("2.{minor}.{patch} to 2.{last}"),
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
        for release in ["2.0.0", "2.7.9", "2.8.9", "2.15.0"].map(release) {
            let mut paths: Vec<_> = known_keys(release).collect();
            paths.sort_unstable();
            let all = paths.len();
            paths.dedup();
            assert_eq!(paths.len(), all, "{release}");
        }
    }
}
