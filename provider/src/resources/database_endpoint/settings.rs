//! What the user writes, and what the provider gives.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use crate::resource::Ssh;
use crate::value::Value;

crate::settings! {
    /// One PostgreSQL server.
    pub struct Server {
        /// IP address at which the host reaches it.
        address: String = attr().check(ip).on_change(OnChange::Restart),
        /// Its port.
        port: u16 = attr().default(5432).check(crate::checks::port).on_change(OnChange::Restart),
        /// The port at which its host says whether it is the primary: `role_check_port` of the pair,
        /// or that of Patroni's API.
        check_port: u16 =
            attr().default(8008).check(crate::checks::port).on_change(OnChange::Restart),
    }

    /// What the user writes.
    pub struct DatabaseEndpoint {
        /// How to reach the host.
        ssh: Ssh = attr().on_change(OnChange::Provider),
        /// IPv4 address that the host gets on `lo`, and at which containers find their database. The
        /// same on every host is best: then every node's configuration is the same. It must be used by
        /// nobody in the hosts' networks.
        address: String =
            attr().default("10.255.255.254").check(ipv4).on_change(OnChange::Restart),
        /// Port of the endpoint. It must differ from that of a PostgreSQL on this host which listens at
        /// all addresses.
        port: u16 = attr().default(5433).check(crate::checks::port).on_change(OnChange::Restart),
        /// The servers, each with a name of its own. Should two say that they are the primary, as
        /// after a failover when the old one comes back unfenced, the one that it led to stays; where it
        /// led to none, the first by name is taken.
        servers: BTreeMap<String, Server> = attr().on_change(OnChange::Restart),
        /// Seconds that a new connection waits while there is no primary, from 1 to 300.
        patience: u16 = attr().default(20).on_change(OnChange::Restart),
    }

    /// What the provider gives.
    pub struct Outputs {
        /// Name of the server that it leads to; null while none or several say that they are the primary.
        primary: Option<String> = attr(),
    }
}

fn ip(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let why = "must be an IP address: HAProxy would look a name up once, when it starts.";
    text.parse::<IpAddr>().map(|_| ()).map_err(|_| format!("\"{text}\" {why}"))
}

fn ipv4(value: &Value) -> Result<(), String> {
    let text = value.as_str().unwrap_or_default();
    let why = "must be an IPv4 address, as Harbor's containers have.";
    text.parse::<Ipv4Addr>().map(|_| ()).map_err(|_| format!("\"{text}\" {why}"))
}

impl DatabaseEndpoint {
    /// For people: `10.0.1.11`.
    pub fn place(&self) -> &str {
        &self.ssh.host
    }
}
