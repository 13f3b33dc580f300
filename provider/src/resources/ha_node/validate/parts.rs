//! Parts of Harbor whose values hang together.

use std::net::IpAddr;

use crate::diag::Path;
use crate::resources::ha_node::settings::HaNode;
use crate::rule::Findings;

/// A sentinel's port is not Redis's, so none is taken for it.
pub fn sentinels(s: &HaNode, found: &mut Findings) {
    let Some(redis) = s.redis.as_ref().filter(|r| r.sentinel_master_set.is_some()) else { return };
    let has_port =
        |text: &str| render::address::host_port(text.trim()).is_ok_and(|(_, port)| port.is_some());
    if let Some(text) = redis.host.split(',').find(|text| !has_port(text)) {
        let detail = format!(
            "Sentinel \"{}\" names no port: write each as host:port; sentinels usually listen on \
             26379, and redis.port is that of Redis itself.",
            text.trim()
        );
        found.at("redis.host", "A sentinel without a port", detail);
    }
}

/// A proxy is used by somebody.
pub fn proxy(s: &HaNode, found: &mut Findings) {
    let components = s.proxy.as_ref().and_then(|proxy| proxy.components.as_ref());
    if components.is_some_and(Vec::is_empty) {
        let detail = "No component uses the proxy: leave proxy out, or name one.";
        found.at("proxy.components", "A proxy for nobody", detail);
    }
}

/// Docker takes its networks from here unless it is told otherwise, and what is really there is then
/// out of reach of the containers.
pub fn hidden_by_docker(s: &HaNode, found: &mut Findings) {
    let docker = s.docker();
    let told = |key: &str| docker.settings.as_ref().is_some_and(|all| all.contains_key(key));
    if told("default-address-pools") {
        return;
    }
    let hosts = s.redis.iter().flat_map(|r| r.host.split(',').map(|h| ("redis.host", h)));
    for (path, host) in std::iter::once(("database.host", s.database.host.as_str())).chain(hosts) {
        let host = render::address::host_port(host.trim()).map_or(host, |(host, _)| host);
        let Ok(IpAddr::V4(ip)) = host.parse() else { continue };
        if matches!(ip.octets(), [172, 17..=31, ..]) {
            let detail = format!(
                "Docker makes its networks from 172.17.0.0/16 to 172.31.0.0/16. If one of them holds \
                 {host}, no container reaches it: set docker.settings[\"default-address-pools\"] to \
                 networks that are free."
            );
            found.warn(Path::of(path), "Docker may hide this address", detail);
        }
    }
}
