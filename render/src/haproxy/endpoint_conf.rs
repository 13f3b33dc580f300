//! HAProxy's configuration of a database endpoint: one address in front of several PostgreSQL servers,
//! which leads to the one that takes writes.
//!
//! - Each server says by HTTP whether it is the primary, as it does with Patroni: `/primary` is 200 or
//!   it is not.
//! - Sessions to a server that is no longer the primary are cut. A client's pool would keep them for
//!   ever otherwise, as a read-only server answers `SELECT 1`.
//! - While there is no primary, a new connection waits instead of being refused: it is given to `hold`,
//!   where nobody listens, and after `timeout connect` to whoever is the primary by then.
//! - Two that both say that they are the primary never share the load, and an old one that comes back
//!   does not take it: who was led to last stays, by a table (`stick on dst`), while it says
//!   that it is the primary. Where nobody was yet, `balance first` takes the first.
//! - Nothing is ever changed at run time, and a change of roles needs no change of the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Deserialize;

use crate::Error;

/// Milliseconds between two tries of a connection that waits. The new primary answers at most so much
/// later than it is found.
pub const RETRY: u32 = 500;

/// Most seconds that a connection waits for a primary.
const PATIENCE: std::ops::RangeInclusive<u32> = 1..=300;

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The address at which it listens.
    pub address: Ipv4Addr,
    /// The port at which it listens.
    pub port: u16,
    /// The servers, by name: letters, digits, `_` and `-`.
    pub servers: BTreeMap<String, Server>,
    /// Seconds that a new connection waits for a primary before it is closed.
    #[serde(default = "patience")]
    pub patience: u32,
    /// Path of the socket at which HAProxy says what it sees.
    pub socket: String,
}

/// One PostgreSQL server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Its address.
    pub address: IpAddr,
    /// Its port.
    pub port: u16,
    /// The port at which its host answers `/primary`.
    pub check_port: u16,
}

fn patience() -> u32 {
    20
}

/// The name of the section, of what listens and of what it leads to.
pub const SECTION: &str = "database";

/// The server that is none.
pub const HOLD: &str = "hold";

/// Renders the configuration.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check(settings)?;
    let mut text = format!("{HEAD}    stats socket {} mode 600 level user\n", settings.socket);
    let retries = settings.patience.saturating_mul(1000) / RETRY;
    let listen = SocketAddr::new(settings.address.into(), settings.port);
    // Writing to a String cannot fail.
    let _ = write!(
        text,
        "{DEFAULTS}    timeout connect {RETRY}ms\n    retries {retries}\n\nlisten {SECTION}\n    \
         bind {listen}\n{CHECKS}"
    );
    for (name, server) in &settings.servers {
        let place = SocketAddr::new(server.address, server.port);
        let _ = writeln!(text, "    server {name} {place} check port {}", server.check_port);
    }
    let _ =
        writeln!(text, "    # Nobody listens here: a connection waits while there is no primary.");
    let _ = writeln!(text, "    server {HOLD} 127.0.0.1:9 backup");
    Ok(text)
}

/// One thread: `balance first` is exact, and a node's connections are few.
const HEAD: &str = "\
# Written by Breakwater. Changes here are reverted.
global
    user haproxy
    group haproxy
    nbthread 1
    maxconn 4000
    log /dev/log local0 notice
";

/// A pooled connection is idle for as long as its client wants; one whose other end is gone is found by
/// keepalive.
const DEFAULTS: &str = "
defaults
    mode tcp
    log global
    timeout client 7d
    timeout server 7d
    timeout check 3s
    option clitcpka
    option srvtcpka
    option redispatch 1
";

/// A server that is gone is seen within 1.5 s, one that comes within half a second. An answer may take
/// its time on a busy host: two that took more than 3 s make a server count as gone.
const CHECKS: &str = "    \
    balance first
    stick-table type ip size 10
    stick on dst
    option httpchk GET /primary
    http-check expect status 200
    default-server inter 1s fastinter 250ms downinter 500ms fall 2 rise 1 on-marked-down shutdown-sessions
";

fn check(settings: &Settings) -> Result<(), Error> {
    let (address, port) = (settings.address, settings.port);
    if address.is_loopback() || address.is_unspecified() || address.is_multicast() {
        let reason =
            "must be an address that containers reach: a loopback address is another in each";
        return Err(Error::invalid("address", reason));
    }
    let path = |b: u8| b.is_ascii_alphanumeric() || b"/._-".contains(&b);
    if !settings.socket.starts_with('/') || !settings.socket.bytes().all(path) {
        return Err(Error::invalid("socket", "must be an absolute path of plain characters"));
    }
    if !PATIENCE.contains(&settings.patience) {
        return Err(Error::invalid("patience", "must be 1 to 300 seconds"));
    }
    if port == 0 || settings.servers.is_empty() {
        let key = if port == 0 { "port" } else { "servers" };
        return Err(Error::invalid(key, "must be given"));
    }
    settings.servers.iter().try_for_each(|(name, server)| {
        check_server(settings, name, server)?;
        let same = |other: &Server| (other.address, other.port) == (server.address, server.port);
        match settings.servers.iter().find(|(_, other)| same(other)) {
            Some((first, _)) if first != name => {
                let reason = format!("is the same server as {first}");
                Err(Error::invalid(format!("servers.{name}.address"), reason))
            }
            _ => Ok(()),
        }
    })
}

fn check_server(settings: &Settings, name: &str, server: &Server) -> Result<(), Error> {
    let key = |field: &str| format!("servers.{name}.{field}");
    let word = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if name.is_empty() || name == HOLD || !name.bytes().all(word) {
        let reason = "a server's name must be letters, digits, _ and -, and not hold";
        return Err(Error::invalid("servers", reason));
    }
    let ip = server.address;
    if ip.is_unspecified() || ip.is_multicast() {
        return Err(Error::invalid(key("address"), "must be the address of one server"));
    }
    if server.port == 0 || server.check_port == 0 {
        let field = if server.port == 0 { "port" } else { "check_port" };
        return Err(Error::invalid(key(field), "must be 1 to 65535"));
    }
    if server.check_port == server.port {
        let reason = "must be another port than PostgreSQL's";
        return Err(Error::invalid(key("check_port"), reason));
    }
    if ip == IpAddr::V4(settings.address) && server.port == settings.port {
        return Err(Error::invalid(key("port"), "is the endpoint itself"));
    }
    Ok(())
}
