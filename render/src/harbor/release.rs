//! What changes from one Harbor release to the next, outside `harbor.yml`.

use std::{fmt, str::FromStr};

use semver::Version;
use serde::Deserialize;

use crate::Error;

/// The newest minor of Harbor 2 that these facts were read from.
pub const NEWEST_MINOR: u64 = 15;

/// A supported Harbor release: 2.0.0 to 2.15.x, no pre-releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub struct Release {
    minor: u64,
    patch: u64,
}

impl Release {
    /// The release 2.`minor`.`patch`, if it is supported.
    pub fn new(minor: u64, patch: u64) -> Result<Self, Error> {
        if minor > NEWEST_MINOR {
            let release = format!("2.{minor}.{patch}");
            return Err(Error::UnsupportedRelease { release, newest: NEWEST_MINOR });
        }
        Ok(Self { minor, patch })
    }

    /// The second number.
    pub fn minor(self) -> u64 {
        self.minor
    }

    /// The third number.
    pub fn patch(self) -> u64 {
        self.patch
    }

    fn at_least(self, minor: u64, patch: u64) -> bool {
        (self.minor, self.patch) >= (minor, patch)
    }
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2.{}.{}", self.minor, self.patch)
    }
}

impl FromStr for Release {
    type Err = Error;

    /// Takes `2.3.2` and `v2.3.2`.
    fn from_str(text: &str) -> Result<Self, Error> {
        let unsupported =
            || Error::UnsupportedRelease { release: text.to_owned(), newest: NEWEST_MINOR };
        let version =
            Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|_| unsupported())?;
        if version.major != 2 || !version.pre.is_empty() || !version.build.is_empty() {
            return Err(unsupported());
        }
        Self::new(version.minor, version.patch).map_err(|_| unsupported())
    }
}

impl TryFrom<String> for Release {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

/// The minors of Harbor 2 that are supported, oldest first.
pub fn supported_releases() -> impl Iterator<Item = u64> {
    0..=NEWEST_MINOR
}

/// Notary can be installed: up to 2.8.
pub fn has_notary(release: Release) -> bool {
    release.minor <= 8
}

/// `ChartMuseum` can be installed: up to 2.7.
pub fn has_chartmuseum(release: Release) -> bool {
    release.minor <= 7
}

/// Trivy can be installed: always in Harbor 2.
pub fn has_trivy(_release: Release) -> bool {
    true
}

/// The flags of `prepare` and `install.sh`. Both stop at a flag that they do not know, so asking
/// for Notary where it is gone is an error.
pub fn prepare_flags(
    release: Release,
    with_trivy: bool,
    with_notary: bool,
) -> Result<Vec<&'static str>, Error> {
    if with_notary && !has_notary(release) {
        return Err(Error::UnknownKey {
            key: "with_notary".to_owned(),
            release: release.to_string(),
            known: "2.0 to 2.8".to_owned(),
        });
    }
    let flags = [("--with-notary", with_notary), ("--with-trivy", with_trivy)];
    Ok(flags.into_iter().filter_map(|(flag, on)| on.then_some(flag)).collect())
}

/// What a release needs of Docker Compose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeNeed {
    /// The oldest version that works: older ones cannot read the generated compose file.
    pub version: Version,
    /// The oldest version that the documentation asks for, where it asks for more.
    pub documented: Version,
    /// Only an executable named `docker-compose` is found; the plugin `docker compose` is not.
    pub standalone: bool,
}

/// The Compose that a release works with. From 2.12 the generated files have no `version:`, which
/// Compose before 1.27 cannot read; from 2.13 the documentation asks for more than 2.3, and 1.29.2
/// was seen to read those files too.
pub fn minimum_compose(release: Release) -> ComposeNeed {
    let version = Version::new(1, if release.minor >= 12 { 27 } else { 18 }, 0);
    let documented = if release.minor >= 13 { Version::new(2, 4, 0) } else { version.clone() };
    ComposeNeed { version, documented, standalone: !release.at_least(5, 4) }
}

/// The oldest Docker Engine that a release asks for. Its check compares with 17.06 throughout, but
/// from 2.11 it says and means 20.10.10.
pub fn minimum_docker(release: Release) -> Version {
    if release.minor >= 11 { Version::new(20, 10, 10) } else { Version::new(17, 6, 0) }
}

/// The oldest minor that the documentation of `minor` lets one upgrade from.
fn oldest_source(minor: u64) -> u64 {
    match minor {
        0..=4 => 0, // their documentation starts at 1.9 and 1.10
        5..=11 => minor - 2,
        12 => 10,
        13 | 14 => 11,
        _ => 12,
    }
}

/// The minors to pass through from one release to another, the target's last; empty within one
/// minor. Harbor does not support downgrades, so those are an error.
pub fn upgrade_path(from: Release, to: Release) -> Result<Vec<u64>, Error> {
    if to < from {
        return Err(Error::invalid(
            "release",
            format!("Harbor does not support downgrades: {from} is installed, {to} is asked for"),
        ));
    }
    let mut path = Vec::new();
    let mut at = from.minor;
    while at < to.minor {
        // Neighbours can always be reached, so the search ends.
        let next = (at + 1..=to.minor).rev().find(|&m| oldest_source(m) <= at);
        at = next.unwrap_or(at + 1);
        path.push(at);
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
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
    fn the_upgrade_path_takes_only_documented_jumps() {
        let path = |a, b| upgrade_path(release(a), release(b));
        assert_eq!(path("2.3.2", "2.14.0"), Ok(vec![5, 7, 9, 11, 14]));
        assert_eq!(path("2.12.1", "2.15.2"), Ok(vec![15]));
        assert_eq!(path("2.3.2", "2.3.5"), Ok(vec![]));
        assert!(path("2.5.0", "2.4.9").is_err());
        for from in supported_releases() {
            for to in from..=NEWEST_MINOR {
                let at = |m| Release::new(m, 0).expect("supported");
                let mut last = from;
                for hop in upgrade_path(at(from), at(to)).expect("no downgrade") {
                    assert!(oldest_source(hop) <= last, "2.{last} to 2.{hop}");
                    last = hop;
                }
                assert_eq!(last, to);
            }
        }
    }

    #[test]
    fn notary_is_refused_where_it_is_gone() {
        let flags = prepare_flags(release("2.8.4"), true, true);
        assert_eq!(flags, Ok(vec!["--with-notary", "--with-trivy"]));
        assert!(prepare_flags(release("2.9.0"), true, true).is_err());
    }

    #[test]
    fn compose_needs_follow_the_generated_file() {
        assert!(minimum_compose(release("2.5.3")).standalone);
        assert!(!minimum_compose(release("2.5.4")).standalone);
        assert_eq!(minimum_compose(release("2.12.0")).version, Version::new(1, 27, 0));
        assert_eq!(minimum_docker(release("2.11.0")), Version::new(20, 10, 10));
    }
}
