//! A URL of Redis taken apart, as Python's `urlsplit` does it: what the
//! registry's file says comes from there.

use super::super::Refusal;
use crate::release::{Quirk, Release};

/// The parts that the registry's file names.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// `addr`.
    pub addr: String,
    /// `password`, unquoted.
    pub password: String,
    /// `username`, unquoted.
    pub username: String,
    /// `db`.
    pub index: String,
    /// Sentinel's name of the master.
    pub sentinel_master: String,
    /// `enableTLS`.
    pub tls: bool,
}

impl Split {
    /// Takes a URL apart.
    pub fn of(url: &str, release: Release) -> Result<Self, Refusal> {
        let error = |text: &str| Refusal::traceback("ValueError", text.to_owned());
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (netloc, rest) = rest.split_at(end);
        if netloc.contains('[') != netloc.contains(']') {
            return Err(error("Invalid IPv6 URL"));
        }
        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let (login, _) = netloc.rsplit_once('@').unwrap_or_default();
        let (username, password) = login.split_once(':').unwrap_or((login, ""));
        let unquoted = |text: &str| {
            let quoted = release.has(Quirk::QuotedRedisPassword);
            if quoted { percent_unquoted(text) } else { text.to_owned() }
        };
        let parts: Vec<&str> = path.split('/').collect();
        let (sentinel_master, index) = if scheme.ends_with("+sentinel") {
            let master = parts.get(1).copied().ok_or_else(|| error("list index out of range"))?;
            (master, if parts.len() == 3 { parts[2] } else { "0" })
        } else {
            ("", path.get(1..).filter(|rest| !rest.is_empty()).unwrap_or("0"))
        };
        if index.parse::<i64>().is_err() {
            return Err(error(&format!("invalid literal for int() with base 10: '{index}'")));
        }
        Ok(Self {
            addr: netloc.rsplit('@').next().unwrap_or_default().to_owned(),
            password: unquoted(password),
            username: unquoted(username),
            index: index.to_owned(),
            sentinel_master: sentinel_master.to_owned(),
            tls: scheme.starts_with("rediss"),
        })
    }
}

/// Python's `unquote`.
fn percent_unquoted(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match code.and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
