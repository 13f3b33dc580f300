//! Parts of Harbor whose values hang together.

use crate::diag::Path;
use crate::resources::ha_node::settings::HaNode;
use crate::rule::Found;

/// Parts that Harbor's `prepare` gives a proxy to; it passes over any other word in silence.
const PROXIED: [&str; 3] = ["core", "jobservice", "trivy"];

/// A sentinel's port is not Redis's, so none is taken for it.
pub fn sentinels(s: &HaNode, found: &mut Found) {
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

/// A proxy is used by somebody, and reached by its URL.
pub fn proxy(s: &HaNode, found: &mut Found) {
    let Some(proxy) = &s.proxy else { return };
    let path = Path::of("proxy.components");
    for (i, name) in proxy.components.iter().flatten().enumerate() {
        if !PROXIED.contains(&name.as_str()) {
            let detail = format!(
                "Harbor gives a proxy to {} alone, and passes over \"{name}\" in silence. Docker's \
                 own downloads go by docker.settings[\"proxies\"].",
                PROXIED.join(", ")
            );
            found.error(path.index(i), "A component without a proxy", detail);
        }
    }
    if proxy.components.as_ref().is_some_and(Vec::is_empty) {
        let detail = "No component uses the proxy: leave proxy out, or name one.";
        found.error(path, "A proxy for nobody", detail);
    }
}
