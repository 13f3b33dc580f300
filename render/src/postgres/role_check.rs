//! Who asks a PostgreSQL server's host whether it is the primary gets an answer by HTTP: a socket unit,
//! a service for each connection, and the script that answers.
//!
//! Path, port and meaning are those of Patroni's REST API, so that whoever asks need not know who
//! manages the servers.

use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::systemd::unit::{Unit, absolute};
use crate::{
    Error,
    template::{self, Format, Text},
};

/// The script with its fixed parts.
pub const TEMPLATE: &str = include_str!("../../templates/role.sh.hbs");

/// The role check of one server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address at which it is asked.
    pub address: IpAddr,
    /// The port at which it is asked.
    pub check_port: u16,
    /// The server's port, which names its socket in `/var/run/postgresql`.
    pub port: u16,
    /// Its data directory.
    pub data: String,
    /// The `psql` of its version, an absolute path: the one in the `PATH` is slower.
    pub psql: String,
    /// What the session starts with, as libpq's `PGOPTIONS`: where it looks names up.
    pub options: String,
    /// Where the script stands, an absolute path.
    pub script: String,
}

#[derive(Serialize)]
struct Values {
    psql: Text,
    options: Text,
    port: u16,
    data: Text,
}

/// Renders the script.
pub fn script(settings: &Settings) -> Result<String, Error> {
    absolute("data", &settings.data)?;
    absolute("psql", &settings.psql)?;
    let text = |key: &str, value: &str| Text::new(Format::Shell, value).map_err(|e| e.at(key));
    let values = Values {
        psql: text("psql", &settings.psql)?,
        options: text("options", &settings.options)?,
        port: settings.port,
        data: text("data", &settings.data)?,
    };
    template::render("role check script", Format::Shell, TEMPLATE, &values)
}

/// Renders the socket unit. Each connection has its own process, so their number has an end; and the
/// address need not be there yet when the host boots.
pub fn socket(settings: &Settings) -> Result<String, Error> {
    if settings.check_port == 0 || settings.check_port == settings.port {
        return Err(Error::invalid("check_port", "must be a port that PostgreSQL does not use"));
    }
    let listen = SocketAddr::new(settings.address, settings.check_port).to_string();
    let unit = Unit::new()
        .section("Unit")
        .fixed("Description", "Asked whether PostgreSQL here is the primary")
        .section("Socket")
        .value("ListenStream", &listen)?
        .fixed("Accept", "yes")
        .fixed("FreeBind", "yes")
        .fixed("MaxConnections", "32")
        .fixed("MaxConnectionsPerSource", "8")
        // A burst must not end the socket for good, as systemd does by default.
        .fixed("TriggerLimitIntervalSec", "0")
        .section("Install")
        .fixed("WantedBy", "sockets.target");
    Ok(unit.finish())
}

/// Renders the template unit of a connection. It says nothing of itself: it comes several times in a
/// second.
pub fn service(settings: &Settings) -> Result<String, Error> {
    absolute("script", &settings.script)?;
    let unit = Unit::new()
        .section("Unit")
        .fixed("Description", "Says whether PostgreSQL here is the primary")
        .fixed("CollectMode", "inactive-or-failed")
        .fixed("StartLimitIntervalSec", "0")
        .section("Service")
        .exec("ExecStart", &[&settings.script])?
        .fixed("User", "postgres")
        .fixed("StandardInput", "socket")
        .fixed("StandardOutput", "socket")
        .fixed("StandardError", "journal")
        .fixed("LogLevelMax", "warning")
        .fixed("RuntimeMaxSec", "6")
        .fixed("NoNewPrivileges", "yes");
    Ok(unit.finish())
}
