//! A release of Harbor, and what differs with it: each question is asked by name.

use std::{cmp::Ordering, fmt, str::FromStr};

use semver::Version;
use serde::Deserialize;

use super::releases::{
    Changes, Component, ComposeNeed, DockerNeed, Kind, Quirk, RELEASES, Row, Setting,
};
use crate::Error;

/// A supported Harbor release: a minor of the table with a patch, no pre-releases.
#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub struct Release {
    /// The rows of the table up to its own, which is the last.
    history: &'static [Row],
    patch: u64,
}

/// Releases from one to another: the first as (minor, patch), and the last minor, if there is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: (u64, u64),
    pub(super) to: Option<u64>,
}

impl Release {
    /// The release that a text like `2.3.2` or `v2.3.2` names, if the table has it.
    pub fn find(table: &'static [Row], text: &str) -> Result<Self, Error> {
        let unsupported =
            || Error::UnsupportedRelease { release: text.to_owned(), newest: newest(table) };
        let version =
            Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|_| unsupported())?;
        if version.major != 2 || !version.pre.is_empty() || !version.build.is_empty() {
            return Err(unsupported());
        }
        let row = table.iter().position(|row| row.minor == version.minor);
        let row = row.ok_or_else(unsupported)?;
        Ok(Self { history: &table[..=row], patch: version.patch })
    }

    /// The release that a text names, which needs no patch; the nearest one of the table where
    /// another is named.
    pub fn nearest(text: &str) -> Option<Self> {
        let mut numbers = text.trim_start_matches('v').split('.').map(str::parse::<u64>);
        let (major, minor) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        let patch = numbers.next().and_then(Result::ok).unwrap_or(0);
        let past = RELEASES.iter().filter(|row| (2, row.minor) <= (major, minor)).count();
        Some(Self { history: &RELEASES[..past.max(1)], patch })
    }

    fn row(&self) -> &'static Row {
        self.history.last().unwrap_or(&RELEASES[0])
    }

    fn number(&self) -> (u64, u64) {
        (self.row().minor, self.patch)
    }

    fn within(&self, spans: &[Span]) -> bool {
        let (minor, _) = self.number();
        spans.iter().any(|s| s.from <= self.number() && s.to.is_none_or(|to| minor <= to))
    }

    /// What the last row says that says anything.
    fn last<T>(&self, of: impl Fn(&'static Row) -> Option<T>) -> Option<T> {
        self.history.iter().rev().find_map(of)
    }

    /// Whether it reads this row of the keys of `harbor.yml`.
    pub(super) fn reads(&self, key: &str) -> bool {
        self.within(&spans(self.history, |row| &row.keys, |k| *k == key))
    }

    /// The keys of `harbor.yml` that it reads.
    pub(super) fn keys(self) -> impl Iterator<Item = &'static str> {
        let late = self.row().keys.backported.iter().map(|(_, key)| key);
        let all = self.history.iter().flat_map(|row| lasting(&row.keys)).chain(late);
        all.copied().filter(move |key| self.reads(key))
    }

    /// The keys of `harbor.yml` that it demands.
    pub(super) fn demands(self) -> impl Iterator<Item = &'static str> {
        let all = self.history.iter().flat_map(|row| row.demands);
        all.copied().filter(move |key| self.reads(key))
    }

    /// The system settings that its API knows.
    pub fn settings(self) -> impl Iterator<Item = Setting> {
        let all = self.history.iter().flat_map(|row| lasting(&row.settings)).copied();
        let knows = move |name: &str| spans(self.history, |row| &row.settings, |s| s.0 == name);
        all.filter(move |(name, _)| self.within(&knows(name)))
    }

    /// The kind of a system setting, if its API knows it.
    pub fn setting(self, name: &str) -> Option<Kind> {
        self.settings().find(|(known, _)| *known == name).map(|(_, kind)| kind)
    }

    /// Whether its installer can bring this part.
    pub fn ships(self, component: Component) -> bool {
        self.within(&spans(self.history, |row| &row.components, |c| *c == component))
    }

    /// Whether it does this.
    pub fn has(self, quirk: Quirk) -> bool {
        self.within(&spans(self.history, |row| &row.quirks, |q| *q == quirk))
    }

    /// `_version` of its `harbor.yml`.
    pub fn file_version(self) -> &'static str {
        self.row().file_version
    }

    /// Number of the newest migration of its database's schema.
    pub fn schema(self) -> i64 {
        self.row().schema
    }

    /// How often its template tries a webhook again.
    pub fn webhook_retries(self) -> u64 {
        self.last(|row| row.webhook_retries).unwrap_or_default()
    }

    /// Architectures that the project's images are made for, as dpkg names them.
    pub fn architectures(self) -> &'static [&'static str] {
        self.last(|row| row.architectures).unwrap_or_default()
    }

    /// What it needs of Docker.
    pub fn docker(self) -> Option<DockerNeed> {
        self.last(|row| row.docker)
    }

    /// What it needs of Compose.
    pub fn compose(self) -> Option<ComposeNeed> {
        self.last(|row| row.compose)
    }

    /// The oldest major version of an external PostgreSQL that it works with, where it says one,
    /// and the minor that said so first, like `2.9`.
    pub fn postgres(self) -> Option<(u32, String)> {
        self.last(|row| row.postgres.map(|major| (major, series(row))))
    }
}

/// Its number: the rows that it stands for would say no more.
impl fmt::Debug for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl PartialEq for Release {
    fn eq(&self, other: &Self) -> bool {
        self.number() == other.number()
    }
}

impl Eq for Release {}

impl PartialOrd for Release {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Release {
    fn cmp(&self, other: &Self) -> Ordering {
        self.number().cmp(&other.number())
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", series(self.row()), self.patch)
    }
}

impl FromStr for Release {
    type Err = Error;

    /// Takes `2.3.2` and `v2.3.2`.
    fn from_str(text: &str) -> Result<Self, Error> {
        Self::find(RELEASES, text)
    }
}

impl TryFrom<String> for Release {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// Where one thing came and went, in the order of the table.
pub(super) fn spans<T: 'static>(
    table: &'static [Row],
    of: impl Fn(&'static Row) -> &'static Changes<T>,
    is: impl Fn(&T) -> bool,
) -> Vec<Span> {
    let (mut spans, mut since, mut last) = (Vec::new(), None, 0);
    for row in table {
        let Changes { new, patched, backported, gone } = of(row);
        let at =
            |list: &[(u64, T)]| list.iter().find(|(_, item)| is(item)).map(|(patch, _)| *patch);
        if gone.iter().any(&is) {
            spans.extend(since.take().map(|from| Span { from, to: Some(last) }));
        }
        if let Some(patch) = new.iter().any(&is).then_some(0).or_else(|| at(patched)) {
            since = Some((row.minor, patch));
        }
        spans.extend(
            at(backported).map(|patch| Span { from: (row.minor, patch), to: Some(row.minor) }),
        );
        last = row.minor;
    }
    spans.extend(since.map(|from| Span { from, to: None }));
    spans
}

/// What came with a minor to stay.
fn lasting<T>(changes: &'static Changes<T>) -> impl Iterator<Item = &'static T> {
    changes.new.iter().chain(changes.patched.iter().map(|(_, item)| item))
}

fn series(row: &Row) -> String {
    format!("2.{}", row.minor)
}

/// The newest minor of a table, like `2.15`.
fn newest(table: &[Row]) -> String {
    table.last().map(series).unwrap_or_default()
}

/// The newest supported minor, like `2.15`.
pub fn newest_series() -> String {
    newest(RELEASES)
}

/// The flag of `prepare` and `install.sh` for each optional part that has one.
const FLAGS: [(Component, &str); 3] = [
    (Component::Notary, "--with-notary"),
    (Component::Trivy, "--with-trivy"),
    (Component::ChartMuseum, "--with-chartmuseum"),
];

/// The flags of `prepare` and `install.sh` for these parts. Both stop at a flag that they do not
/// know, so asking for a part where it is gone is an error.
pub fn prepare_flags(release: Release, parts: &[Component]) -> Result<Vec<&'static str>, Error> {
    parts.iter().try_for_each(|part| ships(release, *part))?;
    let wanted = FLAGS.iter().filter(|(part, _)| parts.contains(part));
    Ok(wanted.map(|(_, flag)| *flag).collect())
}

/// That the release can bring a part, or which ones can.
pub(super) fn ships(release: Release, part: Component) -> Result<(), Error> {
    if release.ships(part) {
        return Ok(());
    }
    let name = FLAGS.iter().find(|(known, _)| *known == part).map_or("", |(_, flag)| flag);
    Err(Error::UnknownKey {
        key: name.trim_start_matches("--").replace('-', "_"),
        release: release.to_string(),
        known: minors_with(part),
    })
}

/// The minors that ship a part, in words: `2.0 to 2.8`.
fn minors_with(component: Component) -> String {
    let spans = spans(RELEASES, |row| &row.components, |c| *c == component);
    let words = spans.iter().map(|span| match (span.from.0, span.to) {
        (from, Some(to)) => format!("2.{from} to 2.{to}"),
        (from, None) => format!("2.{from} and later"),
    });
    words.collect::<Vec<_>>().join(", ")
}

/// The minors to pass through from one release to another, the target's last; empty within one
/// minor. Harbor does not support downgrades, so those are an error.
pub fn upgrade_path(from: Release, to: Release) -> Result<Vec<String>, Error> {
    if to < from {
        return Err(Error::invalid(
            "release",
            format!("Harbor does not support downgrades: {from} is installed, {to} is asked for"),
        ));
    }
    let mut path = Vec::new();
    let mut at = from.row().minor;
    // Neighbours can always be reached, so the search ends.
    let hop =
        |at: u64| to.history.iter().rev().find(|row| row.minor > at && row.upgrades_from <= at);
    while let Some(row) = hop(at) {
        at = row.minor;
        path.push(series(row));
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::super::releases::Oldest;
    use super::*;

    fn release(text: &str) -> Release {
        text.parse().expect("supported")
    }

    #[test]
    fn only_general_releases_of_harbor_2_are_taken() {
        assert_eq!(release("v2.3.2").to_string(), "2.3.2");
        for bad in ["1.10.0", "2.16.0", "2.3.0-rc1", "2.3", "3.0.0", ""] {
            assert!(bad.parse::<Release>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_nearest_release_is_found_for_any() {
        let nearest = |text| Release::nearest(text).map(|release| release.to_string());
        assert_eq!(nearest("2.3.2").as_deref(), Some("2.3.2"));
        assert_eq!(nearest("v2.9").as_deref(), Some("2.9.0"));
        assert_eq!(nearest("1.10.1").as_deref(), Some("2.0.1"));
        assert_eq!(nearest("3.0.0").as_deref(), Some("2.15.0"));
        assert_eq!(nearest("new"), None);
    }

    #[test]
    fn the_upgrade_path_takes_only_documented_jumps() {
        let path = |a, b| upgrade_path(release(a), release(b)).map(|path| path.join(" "));
        assert_eq!(path("2.3.2", "2.14.0").as_deref(), Ok("2.5 2.7 2.9 2.11 2.14"));
        assert_eq!(path("2.12.1", "2.15.2").as_deref(), Ok("2.15"));
        assert_eq!(path("2.3.2", "2.3.5").as_deref(), Ok(""));
        assert!(path("2.5.0", "2.4.9").is_err());
        for (at, from) in RELEASES.iter().enumerate() {
            for to in &RELEASES[at..] {
                let first = |row: &Row| release(&format!("{}.0", series(row)));
                let mut last = from;
                for hop in upgrade_path(first(from), first(to)).expect("no downgrade") {
                    let row = release(&format!("{hop}.0")).row();
                    assert!(row.upgrades_from <= last.minor, "2.{} to {hop}", last.minor);
                    last = row;
                }
                assert_eq!(last.minor, to.minor);
            }
        }
    }

    #[test]
    fn a_part_is_refused_where_it_is_gone() {
        let parts = [Component::Trivy, Component::Notary];
        let flags = prepare_flags(release("2.8.4"), &parts);
        assert_eq!(flags, Ok(vec!["--with-notary", "--with-trivy"]));
        let gone = prepare_flags(release("2.9.0"), &parts).expect_err("it is gone");
        assert_eq!(
            gone.to_string(),
            "with_notary is not read by Harbor 2.9.0; it is read by 2.0 to 2.8"
        );
        let charts = [Component::ChartMuseum];
        assert_eq!(prepare_flags(release("2.7.4"), &charts), Ok(vec!["--with-chartmuseum"]));
        assert!(prepare_flags(release("2.8.0"), &charts).is_err());
    }

    #[test]
    fn what_was_ported_back_skips_the_next_first_patch() {
        let reads = |text| release(text).reads("trivy.skip_java_db_update");
        assert_eq!(
            ["2.9.2", "2.9.3", "2.10.0", "2.10.1", "2.15.0"].map(reads),
            [false, true, false, true, true]
        );
    }

    #[test]
    fn compose_needs_follow_the_generated_file() {
        assert!(!release("2.5.3").has(Quirk::ComposePlugin));
        assert!(release("2.5.4").has(Quirk::ComposePlugin));
        let compose = release("2.12.0").compose().expect("a need");
        assert_eq!(compose.version, Oldest(1, 27, 0));
        let docker = release("2.11.0").docker().expect("a need");
        assert_eq!(docker.documented, Oldest(20, 10, 10));
    }

    #[test]
    fn a_backported_thing_is_missing_between() {
        let quotes = |text| release(text).has(Quirk::QuotedRedisPassword);
        assert!(!quotes("2.7.1"));
        assert!(quotes("2.7.2"));
        assert!(!quotes("2.8.0"));
        assert!(quotes("2.8.1"));
        assert!(quotes("2.15.0"));
    }

    #[test]
    fn the_api_has_as_many_settings_as_the_real_one() {
        let count = |text| release(text).settings().count();
        assert_eq!((count("2.3.2"), count("2.15.2")), (55, 57));
    }
}
