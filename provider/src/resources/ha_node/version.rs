//! Versions as programs and packages print them.

use semver::Version;

/// `1.29.2-3`, `5:19.03.6~3-0~ubuntu-bionic`, `v2.26.1`, `20.10.24+dfsg1` as three numbers; none
/// if there is no number.
pub fn of(text: &str) -> Option<Version> {
    let text = text.trim();
    let text = text.split_once(':').map_or(text, |(_, rest)| rest);
    let text = text.trim_start_matches('v');
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let mut numbers = text[..end].split('.').map(str::parse::<u64>);
    let first = numbers.next()?.ok()?;
    let mut next = || numbers.next().and_then(Result::ok).unwrap_or(0);
    Some(Version::new(first, next(), next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_programs_and_packages_print() {
        let text = |t| of(t).map(|v| v.to_string());
        assert_eq!(text("1.29.2-3").as_deref(), Some("1.29.2"));
        assert_eq!(text("5:19.03.6~3-0~ubuntu-bionic").as_deref(), Some("19.3.6"));
        assert_eq!(text("v2.26.1").as_deref(), Some("2.26.1"));
        assert_eq!(text("20.10.24+dfsg1-1").as_deref(), Some("20.10.24"));
        assert_eq!(text("1.24").as_deref(), Some("1.24.0"));
        assert_eq!(text("unknown"), None);
    }
}
