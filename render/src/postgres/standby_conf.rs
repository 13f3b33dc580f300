//! `conf.d/91-standby.conf`: how this member follows its peer, and what differs between the two.
//! It is ignored on a primary, so it stands on both and a switchover needs no change of files.

use serde::Deserialize;

use super::conf::line;
use crate::{Error, quote};

/// How one member follows its peer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The peer: name or address.
    pub host: String,
    /// The peer's port.
    #[serde(default = "port")]
    pub port: u16,
    /// The replication role.
    pub user: String,
    /// Absolute path of the password file on this host. The password itself is never in here:
    /// every member of `pg_read_all_settings` can read this setting.
    pub passfile: String,
    /// The name of this member, seen in `pg_stat_replication` and in `cluster_name`.
    pub application_name: String,
    /// libpq's `sslmode`.
    #[serde(default = "sslmode")]
    pub sslmode: String,
    /// CA certificate, absolute path, for `verify-ca` and `verify-full`.
    pub sslrootcert: Option<String>,
    /// The slot on the peer that keeps WAL for this member.
    pub primary_slot_name: String,
    /// The timeline to follow.
    #[serde(default = "timeline")]
    pub recovery_target_timeline: String,
    /// The peer's member name, where commits must wait for it; inert while this is the standby.
    pub synchronous_peer: Option<String>,
}

fn port() -> u16 {
    5432
}

fn sslmode() -> String {
    "require".to_owned()
}

fn timeline() -> String {
    "latest".to_owned()
}

/// Renders the file.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check(settings)?;
    let mut text = String::from("# Written by Breakwater. Changes here are reverted.\n");
    let mut put = |name: &str, value: &str| -> Result<(), Error> {
        text.push_str(&line(name, value)?);
        Ok(())
    };
    put("cluster_name", &settings.application_name)?;
    put("primary_conninfo", &conninfo(settings)?)?;
    put("primary_slot_name", &settings.primary_slot_name)?;
    put("recovery_target_timeline", &settings.recovery_target_timeline)?;
    if let Some(peer) = &settings.synchronous_peer {
        let peer = quote::sql_identifier(peer).map_err(|e| e.at("synchronous_peer"))?;
        put("synchronous_standby_names", &format!("FIRST 1 ({peer})"))?;
    }
    Ok(text)
}

/// The connection string, without a password.
fn conninfo(settings: &Settings) -> Result<String, Error> {
    let port = settings.port.to_string();
    let mut words = vec![
        ("host", settings.host.as_str()),
        ("port", &port),
        ("user", &settings.user),
        ("passfile", &settings.passfile),
        ("application_name", &settings.application_name),
        ("sslmode", &settings.sslmode),
    ];
    words.extend(settings.sslrootcert.as_deref().map(|path| ("sslrootcert", path)));
    // SCRAM then proves the server's certificate too: a stranger between the two learns nothing that
    // helps, though nobody verifies the certificate by an authority.
    if ["require", "verify-ca", "verify-full"].contains(&settings.sslmode.as_str()) {
        words.push(("channel_binding", "require"));
    }
    let words = words
        .into_iter()
        .map(|(name, value)| {
            Ok(format!("{name}={}", quote::conninfo(value).map_err(|e| e.at(name))?))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(words.join(" "))
}

fn check(settings: &Settings) -> Result<(), Error> {
    let modes = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    if !modes.contains(&settings.sslmode.as_str()) {
        return Err(Error::invalid("sslmode", format!("must be one of {}", modes.join(", "))));
    }
    let slot = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    let name = &settings.primary_slot_name;
    if name.is_empty() || name.len() > 63 || !name.bytes().all(slot) {
        let reason = "must be 1 to 63 lower case letters, digits and _";
        return Err(Error::invalid("primary_slot_name", reason));
    }
    let timeline = &settings.recovery_target_timeline;
    let number = !timeline.is_empty() && timeline.bytes().all(|b| b.is_ascii_digit());
    if !number && !["latest", "current"].contains(&timeline.as_str()) {
        let reason = "must be latest, current or a number";
        return Err(Error::invalid("recovery_target_timeline", reason));
    }
    for (key, value) in [
        ("host", &settings.host),
        ("user", &settings.user),
        ("application_name", &settings.application_name),
    ] {
        if value.is_empty() {
            return Err(Error::invalid(key, "must not be empty"));
        }
    }
    // The server cuts these names at 63 bytes and replaces what is not printable ASCII.
    let member = &settings.application_name;
    if member.len() > 63 || !member.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        let reason = "must be at most 63 printable ASCII characters";
        return Err(Error::invalid("application_name", reason));
    }
    let paths =
        [("passfile", Some(&settings.passfile)), ("sslrootcert", settings.sslrootcert.as_ref())];
    for (key, path) in paths {
        if path.is_some_and(|p| !p.starts_with('/')) {
            return Err(Error::invalid(key, "must be an absolute path"));
        }
    }
    Ok(())
}
