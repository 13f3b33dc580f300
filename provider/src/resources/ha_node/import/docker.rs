//! Docker and Compose as they are.

use serde_json::Value as Json;

use super::read::text;
use crate::facts::{file, package};
use crate::resource::Answers;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::layout;
use crate::resources::ha_node::settings::{Compose, ComposeSource, Docker, DockerSource};

/// The settings that leave it as it is.
pub fn docker(answers: &Answers) -> Docker {
    let packages = package::facts(answers, HOST);
    let has = |name: &str| packages.get(name).is_some_and(|p| p.installed.is_some());
    let sources = file::fact(answers, HOST, layout::SOURCES);
    let key = file::fact(answers, HOST, layout::KEYRING);
    let source = match (has("docker-ce"), has("docker.io")) {
        // From a repository that somebody else wrote down: theirs stays.
        (true, _) if sources.is_present() => DockerSource::DockerCe,
        (_, true) => DockerSource::Distro,
        _ => DockerSource::None,
    };
    let ours = source == DockerSource::DockerCe;
    // An executable that somebody put there stays: where it came from is not known.
    let compose_source = if has("docker-compose-plugin") || has("docker-compose-v2") {
        ComposeSource::Plugin
    } else if has("docker-compose") {
        ComposeSource::Distro
    } else {
        ComposeSource::None
    };
    let daemon = file::fact(answers, HOST, layout::DAEMON_JSON);
    let daemon: Json = daemon.text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let words = |key: &str| -> Option<Vec<String>> {
        daemon[key].as_array().map(|a| a.iter().filter_map(text).collect())
    };
    let usual = match source {
        DockerSource::DockerCe => ComposeSource::Plugin,
        DockerSource::Distro => ComposeSource::Distro,
        DockerSource::None => ComposeSource::None,
    };
    let compose = (compose_source != usual).then_some(Compose {
        source: Some(compose_source),
        url: None,
        sha256: None,
        version: None,
    });
    Docker {
        source,
        mirror: mirror(sources.text().unwrap_or_default()),
        signing_key: key.text().filter(|_| ours).map(str::to_owned),
        version: None,
        compose,
        registry_mirrors: words("registry-mirrors"),
        insecure_registries: words("insecure-registries"),
        settings: None,
    }
}

/// The mirror that a sources file names, or Docker's own place.
fn mirror(sources: &str) -> String {
    let uri = sources.lines().find_map(|line| line.strip_prefix("URIs: "));
    let mirror = uri.and_then(|uri| uri.split_once("/linux/"));
    mirror.map_or_else(|| "https://download.docker.com".to_owned(), |(mirror, _)| mirror.to_owned())
}
