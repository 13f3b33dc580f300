//! Databases, Redis, storage.

use std::net::Ipv6Addr;

use super::{
    super::{
        super::{
            check_path, keys,
            release::ships,
            releases::{Component, Quirk},
        },
        settings::{
            Driver, ExternalDatabase, ExternalRedis, NotaryDatabase, Pool, Scalar, Settings,
            Storage,
        },
    },
    rules::{Done, bare_error, bare_text, ensure, host, one_of, plain, plain_password},
};
use crate::{Error, mask::is_secret_key, yaml::Bare};

pub(super) fn databases(s: &Settings) -> Done {
    ensure(
        s.database.is_some() != s.external_database.is_some(),
        "external_database",
        "exactly one of database and external_database must be set",
    )?;
    if s.with_notary {
        ships(s.release, Component::Notary)?;
    }
    if s.chartmuseum.is_some() {
        ships(s.release, Component::ChartMuseum)?;
    }
    if let Some(bundled) = &s.database {
        plain_password("database.password", &bundled.password)?;
        pool("database", &bundled.pool)?;
    }
    s.external_database.as_ref().map_or(Ok(()), |d| external_database(s, d))
}

fn external_database(s: &Settings, d: &ExternalDatabase) -> Done {
    let key = |name: &str| format!("external_database.{name}");
    database_host(s, &key("host"), &d.host)?;
    word(&key("username"), &d.username)?;
    word(&key("name"), &d.name)?;
    plain_password(&key("password"), &d.password)?;
    ssl_mode(s, &key("ssl_mode"), &d.ssl_mode)?;
    for (name, part) in [("notary_signer", &d.notary_signer), ("notary_server", &d.notary_server)] {
        part.as_ref().map_or(Ok(()), |part| notary_database(s, &key(name), part))?;
    }
    pool("external_database", &d.pool)
}

/// What is absent is as in Harbor's own database, and checked there.
fn notary_database(s: &Settings, at: &str, d: &NotaryDatabase) -> Done {
    let key = |name: &str| format!("{at}.{name}");
    if !keys::is_known(s.release, at) {
        return Err(Error::UnknownKey {
            key: at.to_owned(),
            release: s.release.to_string(),
            known: keys::releases_of(at),
        });
    }
    d.name.as_deref().map_or(Ok(()), |text| word(&key("name"), text))?;
    d.host.as_deref().map_or(Ok(()), |text| database_host(s, &key("host"), text))?;
    d.username.as_deref().map_or(Ok(()), |text| word(&key("username"), text))?;
    d.password.as_ref().map_or(Ok(()), |secret| plain_password(&key("password"), secret))?;
    d.ssl_mode.as_deref().map_or(Ok(()), |mode| ssl_mode(s, &key("ssl_mode"), mode))
}

fn database_host(s: &Settings, key: &str, name: &str) -> Done {
    plain(key, name)?;
    let one_host = "must be one name or address: Harbor cannot take a list";
    ensure(!name.contains([',', '/', '\'', '\\']), key, one_host)?;
    let brackets = "must be without brackets: Harbor puts them around an IPv6 address itself";
    ensure(!name.contains(['[', ']']), key, brackets)?;
    host(key, name)?;
    let six = name.parse::<Ipv6Addr>().is_ok();
    let joins = s.release.has(Quirk::JoinedDatabaseAddress);
    let reason = "must not be an IPv6 address: Harbor puts a colon and the port behind it";
    ensure(!six || joins, key, &format!("{reason} up to 2.3"))?;
    let notary = s.with_notary || key.contains(".notary_");
    ensure(!six || !notary, key, &format!("{reason} in the URLs of Notary"))
}

fn ssl_mode(s: &Settings, key: &str, mode: &str) -> Done {
    // The older driver knows these alone; the next one knows libpq's whole list.
    let old = ["disable", "require", "verify-ca", "verify-full"];
    let new = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];
    one_of(key, mode, if s.release.has(Quirk::LibpqSslModes) { &new } else { &old })
}

fn word(key: &str, text: &str) -> Done {
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    let ok = !text.is_empty() && text.bytes().all(harmless);
    ensure(ok, key, "must be letters, digits, _ and - only")
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
    redis_host(s, r)?;
    if let Some(password) = &r.password {
        plain_password(&key("password"), password)?;
        bare_text(&key("password"), password.expose())?;
    }
    for (name, word) in [("username", &r.username), ("sentinel_master_set", &r.sentinel_master_set)]
    {
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
        let ok = word.as_deref().is_none_or(|w| !w.is_empty() && w.bytes().all(harmless));
        ensure(ok, &key(name), "must be letters, digits, _ . and - only")?;
        word.as_deref().map_or(Ok(()), |word| bare_text(&key(name), word))?;
    }
    let glued =
        "must be set with a username: Harbor writes a user without one into the host's name";
    ensure(r.username.is_none() || r.password.is_some(), &key("password"), glued)?;
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

fn redis_host(s: &Settings, r: &ExternalRedis) -> Done {
    let key = "external_redis.host";
    plain(key, &r.host)?;
    let harmless = |b: u8| b.is_ascii_alphanumeric() || b"._:[],-".contains(&b);
    ensure(r.host.bytes().all(harmless), key, "must be a name or an address, not a URL")?;
    // Bare it would be a URL's host no longer, and in brackets YAML takes it for a list.
    let six = |host: &str| host.contains(['[', ']']) || host.matches(':').count() > 1;
    let reason = "must be a name or an IPv4 address: the registry's configuration cannot hold an \
                  IPv6 address as Harbor writes it";
    ensure(!r.host.split(',').any(six), key, reason)?;
    let list = r.host.contains(',');
    let sentinels = "must be one host: a list is for sentinels, with sentinel_master_set";
    ensure(!list || r.sentinel_master_set.is_some(), key, sentinels)?;
    let own = "must not hold a port: Harbor 2.0 has a key of its own for it";
    let split = keys::is_known(s.release, "external_redis.port");
    ensure(!split || !r.host.contains(':'), key, own)
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
    let mut names = storage.parameters.keys().chain(storage.secret_parameters.keys());
    let driver = storage.driver.name();
    ensure(
        driver == "filesystem" || names.next().is_some(),
        "storage.parameters",
        "must hold the parameters of the driver: Harbor takes an empty driver for filesystem",
    )?;
    parameters(storage)?;
    let Some(path) = &storage.ca_bundle else { return Ok(()) };
    check_path("storage.ca_bundle", path)?;
    let own = s.data_volume.trim_end_matches('/') == "/data" || !path.starts_with("/data/");
    let reason = "must not be below /data where data_volume is another directory: Harbor would \
                  look for it in there";
    ensure(own, "storage.ca_bundle", reason)
}

/// prepare writes names and values bare into the registry's configuration.
fn parameters(storage: &Storage) -> Done {
    let texts = storage.parameters.iter().filter_map(|(name, value)| match value {
        Scalar::Text(text) => Some(("parameters", name, text.as_str())),
        Scalar::Bool(_) | Scalar::Integer(_) => None,
    });
    let secrets = storage.secret_parameters.iter();
    let secrets = secrets.map(|(name, value)| ("secret_parameters", name, value.expose()));
    for (map, name, value) in texts.chain(secrets) {
        let at = format!("storage.{map}.{name}");
        let read = Bare::of(value);
        if let Some(reason) = read.changed() {
            return Err(bare_error(&at, reason));
        }
        // The others make a text of any value.
        let text = storage.driver != Driver::Swift || read == Bare::Text;
        ensure(text || map == "parameters", &at, "must not read as a number: Swift wants a text")?;
    }
    for name in storage.parameters.keys().chain(storage.secret_parameters.keys()) {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let ok = name.bytes().all(word) && Bare::of(name) == Bare::Text;
        ensure(ok, "storage.parameters", "names must be letters, digits and _ only")?;
    }
    Ok(())
}
