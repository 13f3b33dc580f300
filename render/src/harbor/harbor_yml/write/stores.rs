//! The sections of what Harbor keeps its data in: databases, Redis, storage.

use serde_json::json;

use super::super::settings::{
    Database, ExternalDatabase, ExternalRedis, NotaryDatabase, Pool, Scalar, Settings, Storage,
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
            // prepare takes the number 1 for true, and not the text, which it writes bare.
            Scalar::Integer(1) => json!("1"),
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
    let own = NotaryDatabase::default();
    login(t, "external_database.harbor", d, &own, &d.name)?;
    pool(t, "external_database.harbor", &d.pool)?;
    let notary = [
        ("notary_signer", &d.notary_signer, "notarysigner"),
        ("notary_server", &d.notary_server, "notaryserver"),
    ];
    for (section, part, name) in notary {
        if let Some(part) = part.as_ref().or(s.with_notary.then_some(&own)) {
            let name = part.name.as_deref().unwrap_or(name);
            login(t, &format!("external_database.{section}"), d, part, name)?;
        }
    }
    Ok(())
}

/// What `part` does not say is as in `d`.
fn login(t: &mut Tree, at: &str, d: &ExternalDatabase, part: &NotaryDatabase, name: &str) -> Done {
    let password = part.password.as_ref().unwrap_or(&d.password);
    t.put(&format!("{at}.host"), part.host.as_ref().unwrap_or(&d.host).as_str())?;
    t.put(&format!("{at}.port"), part.port.unwrap_or(d.port))?;
    t.put(&format!("{at}.db_name"), name)?;
    t.put(&format!("{at}.username"), part.username.as_ref().unwrap_or(&d.username).as_str())?;
    t.put(&format!("{at}.password"), password.expose())?;
    t.put(&format!("{at}.ssl_mode"), part.ssl_mode.as_ref().unwrap_or(&d.ssl_mode).as_str())
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
    let with_port = |host: &str| {
        if host.contains(':') { host.to_owned() } else { format!("{host}:{port}") }
    };
    hosts.split(',').map(|h| with_port(h.trim())).collect::<Vec<_>>().join(",")
}
