//! Docker and Compose.

use std::collections::BTreeMap;

use render::docker::daemon_json::{self, Settings};

use crate::diag::Path;
use crate::resources::ha_node::settings::{Compose, ComposeSource, Docker, DockerSource, HaNode};
use crate::rule::Findings;

/// Why a key cannot be set: Docker's unit gives it as an argument too, and with both dockerd does not
/// start.
fn of_the_unit(key: &str, source: DockerSource) -> Option<&'static str> {
    match key {
        "hosts" => Some("Docker's unit gives it the socket fd:// as an argument (-H)"),
        "containerd" if source == DockerSource::DockerCe => {
            Some("the unit of docker-ce names containerd's socket as an argument (--containerd)")
        }
        _ => None,
    }
}

/// Docker's own settings.
pub fn docker(s: &HaNode, found: &mut Findings) {
    let docker = s.docker();
    if docker.source == DockerSource::DockerCe && docker.signing_key.is_none() {
        found.missing("docker.signing_key", "packages of docker-ce are checked with it.");
    }
    settings(&docker, found);
    if let Some(compose) = &docker.compose {
        self::compose(compose, s.compose_source(), found);
    }
}

fn refused(settings: &Settings) -> Option<String> {
    let why = daemon_json::render(settings).err()?.to_string();
    Some(crate::diag::sentence(&why))
}

fn settings(docker: &Docker, found: &mut Findings) {
    for (key, text) in docker.settings.iter().flatten() {
        let path = Path::of("docker.settings").key(key);
        match serde_json::from_str::<serde_json::Value>(text) {
            Err(e) => {
                let detail =
                    format!("The value of {key} must be JSON: {e}. A text is \"\\\"...\\\"\".");
                found.error(path, "Not JSON", detail);
            }
            Ok(value) => {
                if let Some(why) = of_the_unit(key, docker.source) {
                    let detail =
                        format!("{key} cannot be set here: {why}, and Docker would not start.");
                    found.error(path, "A key of Docker's unit", detail);
                    continue;
                }
                let settings = BTreeMap::from([(key.clone(), value)]);
                if let Some(why) = refused(&Settings { settings, ..Settings::default() }) {
                    found.error(path, "Invalid key of daemon.json", why);
                }
            }
        }
    }
}

fn compose(compose: &Compose, source: ComposeSource, found: &mut Findings) {
    if source != ComposeSource::Url {
        return;
    }
    let why = "compose.source is \"url\".";
    if compose.url.is_none() {
        found.missing("docker.compose.url", why);
    }
    if compose.sha256.is_none() {
        found.missing("docker.compose.sha256", why);
    }
    if compose.version.is_none() {
        found.missing("docker.compose.version", why);
    }
    let web = compose.url.as_deref().filter(|url| url.contains("://"));
    if let Some(Err(why)) = web.map(|url| render::address::url(url, &["https", "http"])) {
        found.at("docker.compose.url", "Invalid url", format!("It {why}."));
    }
}
