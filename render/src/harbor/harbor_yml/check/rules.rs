//! What several checks ask of a value.

use crate::{Error, Secret};

pub(super) type Done = Result<(), Error>;

pub(super) fn ensure(condition: bool, key: &str, reason: &str) -> Done {
    if condition { Ok(()) } else { Err(Error::invalid(key, reason)) }
}

pub(super) fn one_of(key: &str, value: &str, allowed: &[&str]) -> Done {
    ensure(allowed.contains(&value), key, &format!("must be one of {}", allowed.join(", ")))
}

/// No line ends, space or other control characters: these values reach env files and URLs.
pub(super) fn plain(key: &str, value: &str) -> Done {
    let bad = |c: char| c.is_whitespace() || c.is_control();
    ensure(!value.is_empty() && !value.contains(bad), key, "must not be empty or contain space")
}

/// Passwords that go unquoted into env files, URLs and connection strings.
pub(super) fn plain_password(key: &str, password: &Secret) -> Done {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let password = password.expose();
    ensure(
        !password.is_empty() && password.bytes().all(harmless),
        key,
        "must be letters, digits, _ and - only: Harbor writes it unquoted into env files and URLs",
    )
}
