//! The files: HAProxy's configuration and the unit.

use render::haproxy::{endpoint_conf, endpoint_unit};

use super::settings::DatabaseEndpoint;
use crate::step::File;

/// The package.
pub const PACKAGE: &str = "haproxy";
/// The unit.
pub const UNIT: &str = "breakwater-database.service";
/// Its file.
pub const UNIT_PATH: &str = "/etc/systemd/system/breakwater-database.service";
/// HAProxy's configuration.
pub const CONF_PATH: &str = "/etc/haproxy/breakwater-database.cfg";
/// Its directory below `/run`.
const RUN: &str = "breakwater-database";

/// The file that HAProxy writes when it has read its configuration.
pub fn pid_path() -> String {
    format!("/run/{RUN}/haproxy.pid")
}

/// The socket at which HAProxy says what it sees.
pub fn socket_path() -> String {
    format!("/run/{RUN}/haproxy.sock")
}

/// The settings of the configuration; none where an address is none, which its own check says.
pub fn conf_settings(settings: &DatabaseEndpoint) -> Option<endpoint_conf::Settings> {
    let server = |(name, server): (&String, &super::settings::Server)| {
        let address = server.address.parse().ok()?;
        let (port, check_port) = (server.port, server.check_port);
        Some((name.clone(), endpoint_conf::Server { address, port, check_port }))
    };
    Some(endpoint_conf::Settings {
        address: settings.address.parse().ok()?,
        port: settings.port,
        servers: settings.servers.iter().map(server).collect::<Option<_>>()?,
        patience: settings.patience.into(),
        socket: socket_path(),
    })
}

/// HAProxy's configuration.
pub fn conf(settings: &DatabaseEndpoint) -> Result<File, String> {
    let wanted = conf_settings(settings).ok_or("an address is no IP address")?;
    let text = endpoint_conf::render(&wanted).map_err(|e| e.to_string())?;
    Ok(File::public(CONF_PATH, text))
}

/// The unit.
pub fn unit(settings: &DatabaseEndpoint) -> Result<File, String> {
    let wanted = endpoint_unit::Settings {
        address: settings.address.parse().map_err(|_| "address is no IPv4 address")?,
        configuration: CONF_PATH.to_owned(),
        directory: RUN.to_owned(),
    };
    let text = endpoint_unit::render(&wanted).map_err(|e| e.to_string())?;
    Ok(File::public(UNIT_PATH, text))
}
