//! Positions and files of PostgreSQL's write-ahead log. A host that says one says text: it counts once
//! it is read here, and goes on as it is printed here.

use std::fmt;
use std::str::FromStr;

/// A position in the WAL, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

/// A text that is no position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no position in the WAL, such as 0/3842930")]
pub struct NoLsn;

impl FromStr for Lsn {
    type Err = NoLsn;

    /// `0/3842930`
    fn from_str(text: &str) -> Result<Self, NoLsn> {
        let part = |hex: &str| {
            let digits = (1..=8).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit());
            u64::from_str_radix(hex, 16).ok().filter(|_| digits)
        };
        let (high, low) = text.split_once('/').ok_or(NoLsn)?;
        Ok(Self((part(high).ok_or(NoLsn)? << 32) | part(low).ok_or(NoLsn)?))
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

/// For scripts: whether `$1` is a position.
pub const IS_LSN: &str = r#"is_lsn() {
  case $1 in
    */*/*|/*|*/|*[!0-9A-Fa-f/]*) return 1 ;;
    */*) [ "${#1}" -le 17 ] ;;
    *) return 1 ;;
  esac
}
"#;

/// The largest segment that PostgreSQL can be made with; a history has a line for each timeline.
const LARGEST: u64 = 1 << 30;

/// Whether it is a segment of WAL, or a timeline's history.
pub fn is_file(name: &str, size: u64) -> bool {
    let hex = |text: &str, digits| {
        text.len() == digits
            && text.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
    };
    let history = name.strip_suffix(".history").is_some_and(|timeline| hex(timeline, 8));
    (hex(name, 24) && size <= LARGEST) || (history && size <= 1 << 20)
}

/// Bytes of a segment, where it is a size that there is.
pub fn segment_size(text: &str) -> Option<u64> {
    text.parse()
        .ok()
        .filter(|size: &u64| size.is_power_of_two() && (1 << 20..=LARGEST).contains(size))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOSTILE: [&str; 14] = [
        "",
        "0",
        "/",
        "0/",
        "/0",
        "0/0/0",
        "0/0'",
        "0/0 ",
        "-1/0",
        "+1/0",
        "0x1/0",
        "123456789/0",
        "0/0', false); COPY (SELECT 1) TO PROGRAM 'id'; SELECT coalesce('0/0'='0/0",
        "0/0\n",
    ];

    #[test]
    fn a_position_is_read_and_printed_as_postgresql_does() {
        for text in ["0/0", "0/3842930", "16/B374D848", "FFFFFFFF/FFFFFFFF"] {
            assert_eq!(text.parse::<Lsn>().expect(text).to_string(), text);
        }
        assert_eq!("0/03842930".parse(), Ok(Lsn(0x0384_2930)));
        for text in HOSTILE {
            assert_eq!(text.parse::<Lsn>(), Err(NoLsn), "{text}");
        }
    }

    #[test]
    fn a_script_takes_the_same_texts_for_positions() {
        let is = |text: &str| {
            let script = format!("{IS_LSN}is_lsn \"$1\"");
            let mut sh = std::process::Command::new("sh");
            sh.args(["-euc", &script, "sh", text]).status().expect("sh runs").success()
        };
        assert!(is("0/0") && is("16/B374D848") && is("FFFFFFFF/FFFFFFFF"));
        // What is only too long for one side is a position to nobody, and safe.
        for text in HOSTILE.into_iter().filter(|text| *text != "123456789/0") {
            assert!(!is(text), "{text}");
        }
    }

    #[test]
    fn only_files_of_the_wal_are_taken_for_such() {
        assert!(is_file("000000010000000000000003", 16 << 20) && is_file("00000002.history", 90));
        for (name, size) in [
            ("000000010000000000000003", 2 << 30),
            ("00000002.history", 2 << 20),
            ("00000001000000000000000g", 1),
            ("000000010000000000000003.partial", 1),
            ("0000000100000000000000030", 1),
            ("archive_status", 1),
            ("../postgresql.auto.conf", 1),
            (".history", 1),
        ] {
            assert!(!is_file(name, size), "{name}");
        }
    }

    #[test]
    fn a_segment_has_a_size_that_postgresql_makes() {
        assert_eq!(segment_size("16777216"), Some(16 << 20));
        for text in ["0", "1", "16777217", "8589934592", "-1", "x", ""] {
            assert_eq!(segment_size(text), None, "{text}");
        }
    }
}
