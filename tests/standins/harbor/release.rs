//! Which release is played. What differs between releases is in the table of `render`.

use render::harbor::releases::Component;
pub use render::harbor::{Release, keys::is_known, releases::Quirk};
use sha2::{Digest as _, Sha256};

use crate::error::{Result, failure};
use crate::hex::hex;

/// Parses `2.N.P`, with or without a leading `v`.
pub fn parse(text: &str) -> Result<Release> {
    text.parse().map_err(|error| failure(format!("{error}")))
}

/// The release that an image was packed as.
pub fn from_environment() -> Result<Release> {
    parse(&std::env::var("STANDIN_RELEASE").unwrap_or_default())
}

/// Commits that are known; any other is made up.
const COMMITS: [(&str, &str); 1] = [("2.15.2", "080b0220")];

/// Version and commit, as `/systeminfo` shows it.
pub fn with_commit(release: Release) -> String {
    let text = release.to_string();
    let known = COMMITS.iter().find(|(of, _)| *of == text);
    let digest = hex(&Sha256::digest(&text));
    format!("v{text}-{}", known.map_or(&digest[..8], |(_, commit)| commit))
}

/// Whether the `redis:` section (and the optional core indexes) is read.
pub fn reads_redis_section(release: Release) -> bool {
    is_known(release, "redis")
}

/// The flag of `prepare` and `install.sh` for each optional part.
const FLAGS: [(Component, &str); 4] = [
    (Component::Trivy, "--with-trivy"),
    (Component::Notary, "--with-notary"),
    (Component::ChartMuseum, "--with-chartmuseum"),
    (Component::Clair, "--with-clair"),
];

/// The flags that `prepare` and `install.sh` know.
pub fn flags(release: Release) -> Vec<&'static str> {
    FLAGS.iter().filter(|(part, _)| release.ships(*part)).map(|(_, flag)| *flag).collect()
}

/// Whether the job service has a volume for exported scan results: those came
/// with the cache layer.
pub fn exports_scans(release: Release) -> bool {
    is_known(release, "cache.enabled") && !release.has(Quirk::NoScanExportVolume)
}

/// The image of the bundled Redis.
pub fn redis_image(release: Release) -> &'static str {
    if release.has(Quirk::ValkeyImage) { "valkey-photon" } else { "redis-photon" }
}

/// Whether the release can bring an optional part.
pub fn has_notary(release: Release) -> bool {
    release.ships(Component::Notary)
}

/// Whether the release can bring an optional part.
pub fn has_chartmuseum(release: Release) -> bool {
    release.ships(Component::ChartMuseum)
}

#[cfg(test)]
mod tests {
    use super::{parse, with_commit};

    #[test]
    fn knows_order_and_schema_of_releases() {
        let old = parse("v2.3.2").expect("a release");
        let new = parse("2.15.2").expect("a release");
        assert!(old < new);
        assert_eq!((old.schema(), new.schema()), (60, 180));
        assert_eq!(with_commit(new), "v2.15.2-080b0220");
        assert!(parse("1.10.0").is_err());
        assert!(parse("2.15").is_err());
    }
}
