//! The sections of what Harbor keeps its data in: databases, Redis, storage.

use serde_json::json;

use super::super::settings::{
    Database, ExternalDatabase, ExternalRedis, Pool, Scalar, Settings, Storage,
};
use super::super::tree::Tree;
use crate::{Error, Secret};

type Done = Result<(), Error>;

pub(super) fn database(t: &mut Tree, d: &Database) -> Done {
    t.put("database.password", d.password.expose())?;
    pool(t, "database", &d.pool)
}

fn pool(t: &mut Tree, at: &str, pool: &Pool) -> Done {
    t.put_some(&format!("{at}.max_idle_conns"), pool.max_idle_conns)?;
    t.put_some(&format!("{at}.max_open_conns"), pool.max_open_conns)?;
    t.put_some(&format!("{at}.conn_max_lifetime"), pool.conn_max_lifetime.as_deref())?;
    t.put_some(&format!("{at}.conn_max_idle_time"), pool.conn_max_idle_time.as_deref())
}

pub(super) fn storage(t: &mut Tree, storage: &Storage) -> Done {
    t.put_some("storage_service.ca_bundle", storage.ca_bundle.as_deref())?;
    let driver = format!("storage_service.{}", storage.driver.name());
    for (name, value) in &storage.parameters {
        let value = match value {
            Scalar::Bool(b) => json!(b),
            Scalar::Integer(i) => json!(i),
            Scalar::Text(text) => json!(text),
        };
        t.put(&format!("{driver}.{name}"), value)?;
    }
    for (name, value) in &storage.secret_parameters {
        t.put(&format!("{driver}.{name}"), value.expose())?;
    }
    // The other of the two names is a KeyError, in both directions.
    let word = if t.knows("storage_service.redirect.disable") { "disable" } else { "disabled" };
    t.put_some(&format!("storage_service.redirect.{word}"), storage.redirect_disabled)
}

pub(super) fn external_database(t: &mut Tree, s: &Settings, d: &ExternalDatabase) -> Done {
    login(t, "external_database.harbor", d, &d.databases.registry)?;
    pool(t, "external_database.harbor", &d.pool)?;
    let names = &d.databases;
    let notary = [
        ("notary_signer", names.notarysigner.as_deref(), "notarysigner"),
        ("notary_server", names.notaryserver.as_deref(), "notaryserver"),
    ];
    for (section, name, default) in notary {
        if let Some(name) = name.or(s.with_notary.then_some(default)) {
            login(t, &format!("external_database.{section}"), d, name)?;
        }
    }
    Ok(())
}

fn login(t: &mut Tree, at: &str, d: &ExternalDatabase, database: &str) -> Done {
    t.put(&format!("{at}.host"), d.host.as_str())?;
    t.put(&format!("{at}.port"), d.port)?;
    t.put(&format!("{at}.db_name"), database)?;
    t.put(&format!("{at}.username"), d.username.as_str())?;
    t.put(&format!("{at}.password"), d.password.expose())?;
    t.put(&format!("{at}.ssl_mode"), d.ssl_mode.as_str())
}

pub(super) fn external_redis(t: &mut Tree, r: &ExternalRedis) -> Done {
    let key = |name: &str| format!("external_redis.{name}");
    if t.knows(&key("port")) {
        t.put(&key("host"), r.host.as_str())?;
        t.put(&key("port"), r.port)?;
    } else {
        t.put(&key("host"), redis_hosts(&r.host, r.port))?;
    }
    t.put_some(&key("username"), r.username.as_deref())?;
    // Read with [] in some releases: without a password it is written empty.
    t.put(&key("password"), r.password.as_ref().map_or("", Secret::expose))?;
    t.put_some(&key("sentinel_master_set"), r.sentinel_master_set.as_deref())?;
    if let Some(tls) = &r.tls {
        t.put(&key("tlsOptions.enable"), tls.enable)?;
        // Demanded where TLS is on; null is taken.
        t.put(&key("tlsOptions.rootCA"), tls.root_ca.as_deref())?;
    }
    t.put_some(&key("registry_db_index"), r.registry_db_index)?;
    t.put_some(&key("jobservice_db_index"), r.jobservice_db_index)?;
    t.put_some(&key("chartmuseum_db_index"), r.chartmuseum_db_index)?;
    t.put_some(&key("trivy_db_index"), r.trivy_db_index)?;
    t.put_some(&key("harbor_db_index"), r.harbor_db_index)?;
    t.put_some(&key("cache_layer_db_index"), r.cache_layer_db_index)?;
    t.put_some(&key("idle_timeout_seconds"), r.idle_timeout_seconds)
}

/// Where the port has no key of its own, host and port are one text, and no default port is added.
fn redis_hosts(hosts: &str, port: u16) -> String {
    let with_port = |host: &str| match host.rsplit_once(':') {
        Some((name, _)) if !name.contains(':') || name.ends_with(']') => host.to_owned(),
        Some(_) if !host.starts_with('[') => format!("[{host}]:{port}"),
        _ => format!("{host}:{port}"),
    };
    hosts.split(',').map(|h| with_port(h.trim())).collect::<Vec<_>>().join(",")
}
