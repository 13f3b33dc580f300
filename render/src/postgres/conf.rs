//! `conf.d/90-breakwater.conf`: the settings that both members of a pair share, byte for byte.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{Error, quote};

/// The oldest major that these facts hold for.
pub const OLDEST_VERSION: u16 = 12;

/// Names that would change what the file is, or that keep the server from starting.
const REFUSED: &[(&str, &str)] = &[
    ("include", "reads another file"),
    ("include_dir", "reads other files"),
    ("include_if_exists", "reads another file"),
    ("standby_mode", "keeps PostgreSQL 12 and later from starting; standby.signal replaces it"),
    ("trigger_file", "keeps PostgreSQL 12 and later from starting"),
];

/// Settings by name. The value is written as it is, in quotes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name to value, units included: `"wal_keep_size" = "1GB"`.
    pub values: BTreeMap<String, String>,
}

/// Renders the file, one setting per line, sorted by name.
pub fn render(settings: &Settings) -> Result<String, Error> {
    let mut text = String::from("# Written by Breakwater. Changes here are reverted.\n");
    for (name, value) in &settings.values {
        text.push_str(&line(name, value)?);
    }
    Ok(text)
}

/// One `name = 'value'` line.
pub(super) fn line(name: &str, value: &str) -> Result<String, Error> {
    check_name(name)?;
    let value = quote::postgresql_conf(value).map_err(|e| e.at(name))?;
    Ok(format!("{name} = {value}\n"))
}

/// A name, or an extension's `name.name`. PostgreSQL compares names without case.
fn check_name(name: &str) -> Result<(), Error> {
    let part = |p: &str| {
        p.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && p.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    if !name.split('.').all(part) || name.split('.').count() > 2 {
        return Err(Error::invalid(
            name.escape_debug().to_string(),
            "must be a setting's name in lower case",
        ));
    }
    match REFUSED.iter().find(|(refused, _)| *refused == name) {
        Some((_, why)) => Err(Error::invalid(name, format!("must not be set here: it {why}"))),
        None => Ok(()),
    }
}

/// What a pair needs, for a major version, with the reasons:
/// - `wal_log_hints`: without it (or checksums) `pg_rewind` refuses, and re-cloning is the only way;
/// - `wal_keep_size`: lets a rewound member find WAL from before the fork;
/// - `max_slot_wal_keep_size`: a dead standby must not fill the primary's disk;
/// - the timeouts: bound how long a stop waits for a dead peer;
/// - `hot_standby_feedback` off: with a slot, a dead standby would keep vacuum from cleaning.
///
/// `max_slot_wal_keep_mb` is in MiB: at most half of the free space of the WAL disk.
pub fn baseline(
    version: u16,
    max_slot_wal_keep_mb: u64,
) -> Result<BTreeMap<String, String>, Error> {
    if version < OLDEST_VERSION {
        let reason = format!("must be at least {OLDEST_VERSION}: older ones have recovery.conf");
        return Err(Error::invalid("version", reason));
    }
    let mut values: BTreeMap<String, String> = [
        ("full_page_writes", "on"),
        ("hot_standby", "on"),
        ("hot_standby_feedback", "off"),
        ("max_replication_slots", "10"),
        ("max_wal_senders", "10"),
        ("password_encryption", "scram-sha-256"),
        ("wal_level", "replica"),
        ("wal_log_hints", "on"),
        ("wal_receiver_timeout", "10s"),
        ("wal_sender_timeout", "10s"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    if version >= 13 {
        values.insert("wal_keep_size".to_owned(), "1GB".to_owned());
        let cap = format!("{max_slot_wal_keep_mb}MB");
        values.insert("max_slot_wal_keep_size".to_owned(), cap);
    } else {
        values.insert("wal_keep_segments".to_owned(), "64".to_owned()); // 1 GiB of 16 MiB segments
    }
    Ok(values)
}
