//! The unit of a database endpoint: the address, and an instance of HAProxy that listens there.

use std::net::Ipv4Addr;

use serde::Deserialize;

use crate::Error;
use crate::systemd::unit::Unit;

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address that the host gets, on `lo`: no other host sees it, and every container of this one
    /// reaches it.
    pub address: Ipv4Addr,
    /// HAProxy's configuration, an absolute path.
    pub configuration: String,
    /// Name of the directory below `/run` in which the configuration puts its socket.
    pub directory: String,
}

/// Renders the unit.
///
/// It is before Docker, whose containers connect as soon as they start. It restarts for ever: without
/// it the registry has no database. There is no reload: a worker that is replaced keeps its sessions,
/// and no longer looks at who the primary is.
pub fn render(settings: &Settings) -> Result<String, Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if settings.directory.is_empty() || !settings.directory.bytes().all(plain) {
        return Err(Error::invalid("directory", "must be a name of letters, digits, _ and -"));
    }
    let (address, pid) =
        (format!("{}/32", settings.address), format!("/run/{}/haproxy.pid", settings.directory));
    let haproxy = ["/usr/sbin/haproxy", "-Ws", "-f", &settings.configuration, "-p", &pid];
    let check = ["/usr/sbin/haproxy", "-c", "-q", "-f", &settings.configuration];
    let unit = Unit::new()
        .section("Unit")
        .fixed("Description", "Database endpoint: HAProxy in front of the primary")
        .fixed("Wants", "network-online.target")
        .fixed("After", "network-online.target")
        .fixed("Before", "docker.service")
        .fixed("StartLimitIntervalSec", "0")
        .section("Service")
        .fixed("Type", "notify")
        .value("RuntimeDirectory", &settings.directory)?
        .exec("ExecStartPre", &["/bin/ip", "address", "replace", &address, "dev", "lo"])?
        .exec("ExecStartPre", &check)?
        .exec("ExecStart", &haproxy)?
        .exec("ExecStopPost", &["-/bin/ip", "address", "delete", &address, "dev", "lo"])?
        .fixed("KillMode", "mixed")
        .fixed("TimeoutStopSec", "5")
        .fixed("Restart", "always")
        .fixed("RestartSec", "1")
        .fixed("LimitNOFILE", "16384")
        .fixed("ProtectSystem", "strict")
        .fixed("ProtectHome", "yes")
        .fixed("PrivateTmp", "yes")
        .fixed("NoNewPrivileges", "yes")
        .section("Install")
        .fixed("WantedBy", "multi-user.target");
    Ok(unit.finish())
}
