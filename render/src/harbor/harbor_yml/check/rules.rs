//! What several checks ask of a value.

use std::net::Ipv6Addr;

use crate::yaml::Bare;
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

/// A text that goes unquoted into an env file, where Compose reads comments, quotes and `$`.
pub(super) fn env(key: &str, value: &str) -> Done {
    let harmless = |b: u8| b.is_ascii_graphic() && !b"#$'\"\\`".contains(&b);
    ensure(
        !value.is_empty() && value.bytes().all(harmless),
        key,
        "must be printable ASCII without space and without # $ ' \" \\ `, and not empty: Harbor \
         writes it into an environment file, where these change it. In a URL write them as %23, \
         %24 and so on",
    )
}

/// A text that prepare writes bare into the registry's file, behind a key that takes texts.
pub(super) fn bare_text(key: &str, value: &str) -> Done {
    match Bare::of(value).changed_text() {
        Some(reason) => Err(bare_error(key, reason)),
        None => Ok(()),
    }
}

/// That a value which prepare writes bare does not arrive. The value may be a secret.
pub(super) fn bare_error(key: &str, reason: &str) -> Error {
    let reason = format!(
        "Harbor writes it without quotes into the registry's configuration, where this value \
         {reason}: it would change or break the file"
    );
    Error::invalid(key, reason)
}

/// A name or an address, without a port.
pub(super) fn host(key: &str, host: &str) -> Done {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let ok = host.parse::<Ipv6Addr>().is_ok() || host.bytes().all(harmless);
    ensure(!host.is_empty() && ok, key, "must be a name or an address, without a port")
}

/// The host of a URL: an IPv6 address stands in brackets there.
pub(super) fn url_host(key: &str, host: &str) -> Done {
    if host.parse::<Ipv6Addr>().is_ok() {
        return Err(Error::invalid(
            key,
            format!("must have an IPv6 address in brackets: [{host}]"),
        ));
    }
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let ok = match inner {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(harmless),
    };
    ensure(ok, key, "must be a name, or an address, and IPv6 in brackets")
}
