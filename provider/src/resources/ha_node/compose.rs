//! Which Compose a node uses: the one that its settings name, else what its system has.

use super::facts::Facts;
use super::layout::{COMPOSE_PLUGIN, COMPOSE_PROGRAM};
use super::settings::{ComposeSource, DockerSource, HaNode};
use crate::facts::release::{self, ComposePackages};

/// Where Compose comes from.
pub fn source(s: &HaNode, facts: &Facts) -> ComposeSource {
    let docker = s.docker();
    docker.compose.and_then(|compose| compose.source).unwrap_or_else(|| match docker.source {
        DockerSource::DockerCe => ComposeSource::Plugin,
        DockerSource::Distro => of_the_system(facts),
        DockerSource::None => ComposeSource::None,
    })
}

/// What is there and runs stays.
fn of_the_system(facts: &Facts) -> ComposeSource {
    let runs = facts.has(COMPOSE_PROGRAM) && !facts.seen.one("standalone").is_empty();
    let program = match release::compose(&facts.os) {
        ComposePackages::Program => true,
        _ if facts.has(COMPOSE_PLUGIN) => false,
        ComposePackages::Both => {
            runs || (is_nowhere(facts, COMPOSE_PLUGIN) && !is_nowhere(facts, COMPOSE_PROGRAM))
        }
        ComposePackages::Plugin => runs,
    };
    if program { ComposeSource::Distro } else { ComposeSource::Plugin }
}

/// Whether no package source of the host has a package, as far as package lists were read: a host that
/// has just booted has none.
pub fn is_nowhere(facts: &Facts, package: &str) -> bool {
    let candidate = |name: &str| facts.packages.get(name).is_some_and(|p| p.candidate.is_some());
    candidate("docker.io") && !candidate(package)
}

/// Whether the distribution's `docker-compose` is one that does not start.
pub fn is_dead(facts: &Facts) -> bool {
    release::compose(&facts.os) == ComposePackages::Plugin
        && facts.seen.one("standalone").is_empty()
}
