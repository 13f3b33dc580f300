//! Databases, Redis, storage.

use super::{
    super::{
        super::{
            check_path, keys,
            releases::{Component, Quirk},
        },
        settings::{ExternalDatabase, ExternalRedis, Pool, Settings},
    },
    rules::{Done, ensure, one_of, plain, plain_password},
};
use crate::{Error, mask::is_secret_key};

pub(super) fn databases(s: &Settings) -> Done {
    ensure(
        s.database.is_some() != s.external_database.is_some(),
        "external_database",
        "exactly one of database and external_database must be set",
    )?;
    if s.with_notary && !s.release.ships(Component::Notary) {
        return Err(Error::UnknownKey {
            key: "with_notary".to_owned(),
            release: s.release.to_string(),
            known: keys::releases_of("external_database.notary_server"),
        });
    }
    if let Some(bundled) = &s.database {
        plain_password("database.password", &bundled.password)?;
        pool("database", &bundled.pool)?;
    }
    s.external_database.as_ref().map_or(Ok(()), |d| external_database(s, d))
}

fn external_database(s: &Settings, d: &ExternalDatabase) -> Done {
    let key = |name: &str| format!("external_database.{name}");
    plain(&key("host"), &d.host)?;
    let one_host = "must be one name or address: Harbor cannot take a list";
    ensure(!d.host.contains([',', '/', '\'', '\\']), &key("host"), one_host)?;
    let names = &d.databases;
    let mut words =
        vec![("username", Some(&d.username)), ("databases.registry", Some(&names.registry))];
    words.push(("databases.notarysigner", names.notarysigner.as_ref()));
    words.push(("databases.notaryserver", names.notaryserver.as_ref()));
    for (name, word) in words {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        let ok = word.is_none_or(|w| !w.is_empty() && w.bytes().all(harmless));
        ensure(ok, &key(name), "must be letters, digits, _ and - only")?;
    }
    plain_password(&key("password"), &d.password)?;
    // The older driver knows these alone; the next one knows libpq's whole list.
    let old = ["disable", "require", "verify-ca", "verify-full"];
    let new = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    let modes: &[&str] = if s.release.has(Quirk::LibpqSslModes) { &new } else { &old };
    one_of(&key("ssl_mode"), &d.ssl_mode, modes)?;
    pool("external_database", &d.pool)
}

fn pool(at: &str, pool: &Pool) -> Done {
    let zero = "must be at least 1: Harbor takes 0 for \"not set\"";
    ensure(pool.max_idle_conns != Some(0), &format!("{at}.pool.max_idle_conns"), zero)?;
    for (name, value) in [
        ("conn_max_lifetime", &pool.conn_max_lifetime),
        ("conn_max_idle_time", &pool.conn_max_idle_time),
    ] {
        let ok = value.as_deref().is_none_or(is_go_duration);
        ensure(
            ok,
            &format!("{at}.pool.{name}"),
            "must be a duration like 300ms, 90s, 5m or 1h30m",
        )?;
    }
    Ok(())
}

/// A number with a unit, once or more; or 0.
fn is_go_duration(text: &str) -> bool {
    let mut rest = text;
    while !rest.is_empty() && rest != "0" {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
        let unit = ["ns", "us", "ms", "s", "m", "h"].iter().find(|u| digits.starts_with(**u));
        match unit {
            Some(unit) if digits.len() < rest.len() => rest = &digits[unit.len()..],
            _ => return false,
        }
    }
    !text.is_empty()
}

pub(super) fn redis(s: &Settings, r: &ExternalRedis) -> Done {
    let key = |name: &str| format!("external_redis.{name}");
    plain(&key("host"), &r.host)?;
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"._:[],-".contains(&b);
    ensure(r.host.bytes().all(harmless), &key("host"), "must be a name or an address, not a URL")?;
    let list = r.host.contains(',');
    let sentinels = "must be one host: a list is for sentinels, with sentinel_master_set";
    ensure(!list || r.sentinel_master_set.is_some(), &key("host"), sentinels)?;
    if keys::is_known(s.release, &key("port")) {
        let own = "must not hold a port: Harbor 2.0 has a key of its own for it";
        ensure(!r.host.contains(':'), &key("host"), own)?;
    }
    if let Some(password) = &r.password {
        plain_password(&key("password"), password)?;
    }
    for (name, word) in [("username", &r.username), ("sentinel_master_set", &r.sentinel_master_set)]
    {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        let ok = word.as_deref().is_none_or(|w| !w.is_empty() && w.bytes().all(harmless));
        ensure(ok, &key(name), "must be letters, digits, _ . and - only")?;
    }
    let zero = "must be at least 1: Harbor takes 0 for \"not set\"";
    for (name, index) in [
        ("registry_db_index", r.registry_db_index),
        ("jobservice_db_index", r.jobservice_db_index),
        ("chartmuseum_db_index", r.chartmuseum_db_index),
        ("trivy_db_index", r.trivy_db_index),
    ] {
        ensure(index != Some(0), &key(name), zero)?;
    }
    ensure(r.idle_timeout_seconds != Some(0), &key("idle_timeout_seconds"), zero)?;
    let ca = r.tls.as_ref().and_then(|tls| tls.root_ca.as_deref());
    ca.map_or(Ok(()), |path| check_path(&key("tls.root_ca"), path))
}

pub(super) fn storage(s: &Settings) -> Done {
    let Some(storage) = &s.storage else { return Ok(()) };
    // Masks know secrets by their name, so the two maps must agree with it.
    if let Some(name) = storage.parameters.keys().find(|name| is_secret_key(name)) {
        let key = format!("storage.parameters.{name}");
        return Err(Error::invalid(key, "is a secret: put it in storage.secret_parameters"));
    }
    if let Some(name) = storage.secret_parameters.keys().find(|name| !is_secret_key(name)) {
        let key = format!("storage.secret_parameters.{name}");
        return Err(Error::invalid(key, "is not known as a secret: put it in storage.parameters"));
    }
    let names = || storage.parameters.keys().chain(storage.secret_parameters.keys());
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    let ok = names().all(|n| !n.is_empty() && n.bytes().all(word));
    ensure(ok, "storage.parameters", "names must be letters, digits and _ only")?;
    let driver = storage.driver.name();
    ensure(
        driver == "filesystem" || names().next().is_some(),
        "storage.parameters",
        "must hold the parameters of the driver: Harbor takes an empty driver for filesystem",
    )?;
    storage.ca_bundle.as_deref().map_or(Ok(()), |path| check_path("storage.ca_bundle", path))
}
