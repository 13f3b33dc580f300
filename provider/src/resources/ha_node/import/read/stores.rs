//! Databases, Redis, storage.

use std::collections::BTreeMap;

use render::mask::is_secret_key;
use serde_json::Value as Json;

use super::value::{number, text};
use crate::resources::ha_node::settings::{Database, NotaryDatabase, Redis, RedisTls, Storage};

/// `external_database`.
pub fn database(yml: &Json) -> Database {
    let db = &yml["harbor"];
    let mut database = Database {
        host: text(&db["host"]).unwrap_or_default(),
        port: number(&db["port"]).unwrap_or(5432),
        username: text(&db["username"]).unwrap_or_default(),
        password_wo: None,
        password_wo_version: None,
        ssl_mode: text(&db["ssl_mode"]).unwrap_or_else(|| "disable".to_owned()),
        name: text(&db["db_name"]).unwrap_or_else(|| "registry".to_owned()),
        max_idle_conns: number(&db["max_idle_conns"]).unwrap_or(2),
        max_open_conns: number(&db["max_open_conns"]).unwrap_or(0),
        conn_max_lifetime: text(&db["conn_max_lifetime"]),
        conn_max_idle_time: text(&db["conn_max_idle_time"]),
        notary_signer: None,
        notary_server: None,
    };
    database.notary_signer = notary(&yml["notary_signer"], &database, "notarysigner");
    database.notary_server = notary(&yml["notary_server"], &database, "notaryserver");
    database
}

/// A database of Notary, where it is another than the usual one beside Harbor's own.
fn notary(yml: &Json, own: &Database, name: &str) -> Option<NotaryDatabase> {
    let other = |key: &str, usual: &str| text(&yml[key]).filter(|value| value != usual);
    let notary = NotaryDatabase {
        name: other("db_name", name),
        host: other("host", &own.host),
        port: number(&yml["port"]).filter(|port| *port != own.port),
        username: other("username", &own.username),
        password_wo: None,
        password_wo_version: None,
        ssl_mode: other("ssl_mode", &own.ssl_mode),
    };
    let usual = notary.name.is_none()
        && notary.host.is_none()
        && notary.port.is_none()
        && notary.username.is_none()
        && notary.ssl_mode.is_none();
    (!usual).then_some(notary)
}

pub fn redis(yml: &Json) -> Redis {
    let address = text(&yml["host"]).unwrap_or_default();
    // Several sentinels stay as they are written.
    let (host, port) = match address.rsplit_once(':') {
        Some((host, port)) if !address.contains(',') => (host.to_owned(), port.parse().ok()),
        _ => (address.clone(), None),
    };
    let tls = &yml["tlsOptions"];
    let index = |key: &str, default| number(&yml[key]).unwrap_or(default);
    Redis {
        host,
        port: port.or_else(|| number(&yml["port"])).unwrap_or(6379),
        username: text(&yml["username"]),
        password_wo: None,
        password_wo_version: None,
        sentinel_master_set: text(&yml["sentinel_master_set"]),
        registry_db_index: index("registry_db_index", 1),
        jobservice_db_index: index("jobservice_db_index", 2),
        trivy_db_index: index("trivy_db_index", 5),
        tls: tls["enable"]
            .as_bool()
            .unwrap_or(false)
            .then(|| RedisTls { root_ca: text(&tls["rootCA"]) }),
        chartmuseum_db_index: None,
        harbor_db_index: number(&yml["harbor_db_index"]),
        cache_layer_db_index: number(&yml["cache_layer_db_index"]),
        idle_timeout_seconds: index("idle_timeout_seconds", 30),
    }
}

/// A driver other than the data volume, without its secrets.
pub fn storage(yml: &Json) -> Option<Storage> {
    let disabled = yml["redirect"]["disable"].as_bool().or(yml["redirect"]["disabled"].as_bool());
    let known = ["oss", "s3", "azure", "gcs", "swift", "filesystem"];
    let driver = known.iter().find(|driver| yml[**driver].is_object()).copied();
    let ca_bundle = text(&yml["ca_bundle"]);
    if driver.is_none() && disabled.is_none() && ca_bundle.is_none() {
        return None;
    }
    let driver = driver.unwrap_or("filesystem");
    let pairs = yml[driver].as_object().into_iter().flatten();
    let parameters: BTreeMap<String, String> = pairs
        .filter(|(key, _)| !is_secret_key(key))
        .filter_map(|(key, value)| Some((key.clone(), scalar(value)?)))
        .collect();
    Some(Storage {
        shared: None,
        driver: driver.to_owned(),
        parameters: (!parameters.is_empty()).then_some(parameters),
        parameters_wo: None,
        parameters_wo_version: None,
        redirect_disabled: disabled,
        ca_bundle,
    })
}

fn scalar(value: &Json) -> Option<String> {
    value.as_bool().map(|b| b.to_string()).or_else(|| text(value))
}
