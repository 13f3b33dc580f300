//! `database` and `external_database`.

use serde_json::Value;

use super::super::{Refusal, yaml};
use crate::release::{Release, is_known};

#[derive(Debug)]
pub struct Database {
    pub external: bool,
    pub host: String,
    pub port: String,
    pub name: String,
    pub username: String,
    pub password: String,
    pub ssl_mode: String,
    pub max_idle: String,
    pub max_open: String,
    /// Lifetime and idle time, in the releases that read them.
    pub lifetimes: Option<(String, String)>,
}

impl Database {
    /// `external_database` covers whatever `database` says.
    pub fn read(config: &Value, release: Release, flags: &[String]) -> Result<Self, Refusal> {
        let own = yaml::section(config, "database");
        let external = yaml::section(config, "external_database");
        let source = if external.is_null() {
            if own.is_null() {
                return Err(Refusal::traceback("KeyError", "'harbor_db_password'".into()));
            }
            own
        } else {
            yaml::required(external, "harbor")?
        };
        let lifetimes = is_known(release, "database.conn_max_lifetime").then(|| {
            (
                yaml::or(source, "conn_max_lifetime", "5m"),
                yaml::or(source, "conn_max_idle_time", "0"),
            )
        });
        let of = |key: &str, bundled: &str| {
            if external.is_null() {
                Ok(bundled.to_owned())
            } else {
                yaml::required(source, key).map(yaml::text)
            }
        };
        if !external.is_null() && flags.iter().any(|flag| flag == "--with-notary") {
            notary_databases(external)?;
        }
        Ok(Self {
            external: !external.is_null(),
            host: of("host", "postgresql")?,
            port: of("port", "5432")?,
            name: of("db_name", "registry")?,
            username: of("username", "postgres")?,
            password: if external.is_null() {
                yaml::or(own, "password", "")
            } else {
                yaml::required(source, "password").map(yaml::text)?
            },
            ssl_mode: of("ssl_mode", "disable")?,
            max_idle: yaml::or(source, "max_idle_conns", "2"),
            max_open: yaml::or(source, "max_open_conns", "0"),
            lifetimes,
        })
    }
}

fn notary_databases(external: &Value) -> Result<(), Refusal> {
    for part in ["notary_signer", "notary_server"] {
        let part = yaml::required(external, part)?;
        for key in ["host", "port", "db_name", "username", "password", "ssl_mode"] {
            yaml::required(part, key)?;
        }
    }
    Ok(())
}
