//! Which release is played, and what differs between releases.

use std::fmt;

use crate::error::{Result, failure};

/// A Harbor 2.x release.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Release {
    /// `N` of `2.N.P`.
    pub minor: u32,
    /// `P` of `2.N.P`.
    pub patch: u32,
}

impl fmt::Display for Release {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2.{}.{}", self.minor, self.patch)
    }
}

impl Release {
    /// Parses `2.N.P`, with or without a leading `v`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = text.strip_prefix('v').unwrap_or(text).split('.');
        let mut number = || parts.next()?.parse::<u32>().ok();
        match (number(), number(), number()) {
            (Some(2), Some(minor), Some(patch)) => Ok(Self { minor, patch }),
            _ => Err(failure(format!("{text} is not a Harbor 2.x release"))),
        }
    }

    /// The release that an image was packed as.
    pub fn from_environment() -> Result<Self> {
        Self::parse(&std::env::var("STANDIN_RELEASE").unwrap_or_default())
    }

    /// Whether this is `2.{minor}.{patch}` or newer.
    pub fn since(self, minor: u32, patch: u32) -> bool {
        self >= Self { minor, patch }
    }

    /// Number of the newest SQL migration: 60 for 2.3, 180 for 2.15.
    pub fn schema(self) -> i64 {
        30 + 10 * i64::from(self.minor)
    }

    /// Version and commit, as `/systeminfo` shows it.
    pub fn with_commit(self) -> String {
        let commit = match (self.minor, self.patch) {
            (15, 2) => "080b0220".to_owned(),
            (minor, patch) => format!("{:08x}", 0x5a5a_0000 + minor * 256 + patch),
        };
        format!("v{self}-{commit}")
    }

    /// Whether passwords are percent-quoted in Redis URLs.
    pub fn quotes_redis_password(self) -> bool {
        self.since(8, 1) || (self.minor == 7 && self.patch >= 2)
    }

    /// Whether the `redis:` section (and the optional core indexes) is read.
    pub fn reads_redis_section(self) -> bool {
        self.since(9, 0)
            || (self.minor == 8 && self.patch >= 4)
            || (self.minor == 7 && self.patch >= 3)
    }

    /// Optional parts that `prepare` and `install.sh` know: flag, service.
    pub fn flags(self) -> Vec<&'static str> {
        let mut flags = vec!["--with-trivy"];
        if self.minor <= 8 {
            flags.push("--with-notary");
        }
        if self.minor <= 7 {
            flags.push("--with-chartmuseum");
        }
        if self.minor <= 1 {
            flags.push("--with-clair");
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::Release;

    #[test]
    fn knows_order_and_schema_of_releases() {
        let old = Release::parse("v2.3.2").expect("a release");
        let new = Release::parse("2.15.2").expect("a release");
        assert!(old < new);
        assert_eq!((old.schema(), new.schema()), (60, 180));
        assert_eq!(new.with_commit(), "v2.15.2-080b0220");
        assert!(Release::parse("1.10.0").is_err());
        assert!(Release::parse("2.15").is_err());
    }

    #[test]
    fn quoting_skips_the_release_that_lost_it() {
        let quotes = |text| Release::parse(text).expect("a release").quotes_redis_password();
        assert!(!quotes("2.7.1"));
        assert!(quotes("2.7.2"));
        assert!(!quotes("2.8.0"));
        assert!(quotes("2.8.1"));
    }
}
