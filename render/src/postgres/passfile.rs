//! A libpq password file (0600, owned by the user who reads it, or libpq ignores it).

use serde::Deserialize;

use crate::{Error, Secret, quote};

/// The entries; the first that matches is used.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Host as the client names it; `*` is any.
    pub host: String,
    /// Port; absent is any.
    pub port: Option<u16>,
    /// Database; `*` is any, `replication` is a replication connection.
    #[serde(default = "any")]
    pub database: String,
    /// Role.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

fn any() -> String {
    "*".to_owned()
}

/// Renders the file.
pub fn render(settings: &Settings) -> Result<String, Error> {
    settings.entries.iter().enumerate().map(|(i, entry)| line(i, entry)).collect()
}

fn line(i: usize, entry: &Entry) -> Result<String, Error> {
    let field = |name: &str, value: &str| {
        quote::passfile(value).map_err(|e| e.at(&format!("entries[{i}].{name}")))
    };
    let port = entry.port.map_or_else(any, |port| port.to_string());
    Ok(format!(
        "{}:{port}:{}:{}:{}\n",
        field("host", &entry.host)?,
        field("database", &entry.database)?,
        field("user", &entry.user)?,
        field("password", entry.password.expose())?,
    ))
}
