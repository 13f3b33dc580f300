//! The texts of the files that Harbor reads, as they should be.

use render::Secret as RenderSecret;
use render::harbor::releases::Quirk;
use render::harbor::{Release, compose_override, release};

use super::facts::Facts;
use super::settings::HaNode;
use super::{harbor_yml, layout, semantic_equality};
use crate::facts::file::FileFact;

/// First line of files that are ours alone and take comments.
const HEADER: &str = "# Managed by Breakwater (terraform-provider-harbor); changes made by hand \
                      are shown by the next plan.\n";

/// Prefix of scanner robots: equal on every node, and no secret.
const SCANNER: &str = "scanner";

/// Digest of what prepare reads beside our files, as it is on the host; none where it reads nothing else.
pub(super) fn of_others(s: &HaNode, facts: &Facts) -> Option<String> {
    (!layout::read_by_prepare(s).is_empty()).then(|| facts.seen.one("others").to_owned())
}

/// A file of ours with its first line.
pub(super) fn headed(text: &str) -> String {
    format!("{HEADER}{text}")
}

/// `harbor.yml`. A file that means the same stays, whoever wrote it.
pub(super) fn harbor_yml(
    s: &HaNode,
    facts: &Facts,
    release: Release,
) -> Result<String, render::Error> {
    let actual = facts.file(&s.at("harbor.yml")).text().unwrap_or_default();
    let text = headed(&harbor_yml::render(s, release)?);
    Ok(if semantic_equality::equal(actual, &text, release) { actual.to_owned() } else { text })
}

/// The compose override with the shared secrets of a directory on the host, and all that others have
/// written into it.
pub(super) fn compose_override(
    s: &HaNode,
    facts: &Facts,
    release: Release,
    directory: &str,
) -> Result<String, render::Error> {
    let secret = |name: &str| {
        let text = match facts.file(&format!("{directory}/{name}")) {
            FileFact::Present { text, .. } => text.expose().trim_end().to_owned(),
            FileFact::Absent => "0".repeat(32),
        };
        RenderSecret::from(text)
    };
    let scanner_prefix = release.has(Quirk::ScannerPrefix);
    let settings = compose_override::Settings {
        release,
        jobservice_secret: secret("jobservice_secret"),
        core_secret: secret("core_secret"),
        csrf_key: secret("csrf_key"),
        registry_http_secret: Some(secret("registry_http_secret")),
        robot_scanner_name_prefix: scanner_prefix.then(|| SCANNER.to_owned()),
        trivy_cache: None,
    };
    let there = facts.file(&s.at(layout::OVERRIDE)).text().unwrap_or_default();
    let text = match compose_override::merge(there, &settings)? {
        Some(merged) => merged,
        None => compose_override::render(&settings)?,
    };
    Ok(headed(&text))
}

/// A certificate or key as it is written: with one newline at its end.
pub(super) fn ended(text: &str) -> String {
    text.trim_end().to_owned() + "\n"
}

/// Flags of prepare.
pub(super) fn flags(s: &HaNode, release: Release) -> String {
    let flags = release::prepare_flags(release, &layout::parts(s));
    flags.unwrap_or_default().join(" ")
}

/// What prepare is run with, beside the files: first line of its mark.
pub(super) fn head(s: &HaNode, release: Release) -> String {
    format!("{release} {}", flags(s, release))
}
