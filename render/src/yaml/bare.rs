//! Texts that another program writes into YAML as they are, without quotes: Harbor's prepare does
//! so with storage parameters and the password of Redis.

/// What a reader of YAML 1.1 makes of a text that stands bare behind a key, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bare {
    /// The same text.
    Text,
    /// A truth value or a whole number, whose text is the same.
    Scalar,
    /// A value of another type, whose text is another. Where the reader wants a text it takes the
    /// one in the file.
    Other(&'static str),
    /// Nothing.
    Null(&'static str),
    /// A part of it, or no value at all.
    Broken(&'static str),
}

impl Bare {
    /// What a reader makes of this text.
    pub fn of(text: &str) -> Self {
        if let Some(reason) = broken(text) {
            return Self::Broken(reason);
        }
        match text {
            "" => Self::Null("is empty"),
            "~" => Self::Null("reads as null"),
            _ if text.eq_ignore_ascii_case("null") => Self::Null("reads as null"),
            "true" | "false" => Self::Scalar,
            "=" | "<<" => Self::Other("has a meaning of its own"),
            _ if text.parse::<i64>().is_ok_and(|n| n.to_string() == text) => Self::Scalar,
            _ if is_truth(text) => Self::Other("reads as true or false"),
            _ if is_date(text) => Self::Other("reads as a date"),
            _ if is_number(text) => Self::Other("reads as another number"),
            _ => Self::Text,
        }
    }

    /// Why a value of any type is not what was given.
    pub fn changed(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Scalar => None,
            Self::Other(reason) | Self::Null(reason) | Self::Broken(reason) => Some(reason),
        }
    }

    /// Why a value is not what was given where the reader wants a text.
    pub fn changed_text(self) -> Option<&'static str> {
        match self {
            Self::Text | Self::Scalar | Self::Other(_) => None,
            Self::Null(reason) | Self::Broken(reason) => Some(reason),
        }
    }
}

/// Why it is not one plain scalar.
fn broken(text: &str) -> Option<&'static str> {
    let odd = ['\u{2028}', '\u{2029}', '\u{feff}', '\u{fffe}', '\u{ffff}'];
    if text.contains(|c: char| c.is_control() || odd.contains(&c)) {
        return Some("holds a line end or another character that YAML does not take there");
    }
    if text.starts_with(' ') || text.ends_with(' ') {
        return Some("has a space at an end");
    }
    let mut chars = text.chars();
    let (first, second) = (chars.next(), chars.next());
    let alone = first.is_some_and(|c| "-?:".contains(c)) && second.is_none_or(|c| c == ' ');
    if alone || text.starts_with(|c| ",[]{}#&*!|>'\"%@`".contains(c)) {
        return Some("starts with a character that has a meaning in YAML");
    }
    if text.contains(": ") || text.ends_with(':') {
        return Some("holds a colon before a space or at its end");
    }
    text.contains(" #").then_some("holds a space and a #, which start a comment")
}

/// In any case: readers differ in the ones that they know.
fn is_truth(text: &str) -> bool {
    const WORDS: [&str; 8] = ["y", "yes", "on", "true", "n", "no", "off", "false"];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(text))
}

/// `2026-01-01`, or a time after it.
fn is_date(text: &str) -> bool {
    let day = text.split(['T', 't', ' ']).next().unwrap_or_default();
    let parts: Vec<&str> = day.split('-').collect();
    let digits = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    matches!(parts[..], [y, m, d] if digits(y, 4, 4) && digits(m, 1, 2) && digits(d, 1, 2))
}

/// Any number that one of the readers knows: decimal, octal, hexadecimal, binary, to base 60,
/// with underscores, infinite or none.
fn is_number(text: &str) -> bool {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
    let small = unsigned.to_ascii_lowercase();
    if !text.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c)) {
        return false;
    }
    if small == ".inf" || small == ".nan" || plain.parse::<f64>().is_ok() {
        return true;
    }
    let based = [("0x", "0123456789abcdef.p+-"), ("0o", "01234567"), ("0b", "01")];
    let based = based.iter().any(|(prefix, digits)| {
        small.strip_prefix(prefix).is_some_and(|rest| {
            !rest.is_empty() && rest.chars().all(|digit| digits.contains(digit))
        })
    });
    based || is_to_base_60(unsigned)
}

/// `12:30:45`, and a fraction after it.
fn is_to_base_60(text: &str) -> bool {
    let whole = text.split('.').next().unwrap_or_default();
    let mut parts = whole.split(':');
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let first = parts.next().is_some_and(digits);
    let rest: Vec<&str> = parts.collect();
    let sixty = |part: &&str| digits(part) && part.parse::<u64>().is_ok_and(|n| n < 60);
    first && !rest.is_empty() && rest.iter().all(sixty)
}
