//! Compose as one file, and whether Docker and Compose are new enough for the release.

use render::harbor::releases::Quirk;

use super::{Node, Part};
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::settings::{ComposeSource, Docker, DockerSource};
use crate::resources::ha_node::{compose, layout, version};
use crate::step::{Action, Step};

impl Node<'_> {
    pub(super) fn compose_file(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        let compose = docker.compose.as_ref();
        let compose = compose.filter(|compose| compose.source == Some(ComposeSource::Url));
        let Some(compose) = compose else { return part };
        let (Some(url), Some(sha256)) = (&compose.url, &compose.sha256) else { return part };
        let wanted = compose.version.clone().unwrap_or_default();
        if self.status(&mut part, "compose", &wanted) {
            let what = format!("bring Compose {wanted} to {}", layout::COMPOSE);
            let action = Action::Upload {
                source: url.clone(),
                sha256: sha256.clone(),
                to: layout::COMPOSE.to_owned(),
                mode: 0o755,
            };
            part.step(Step::new(HOST, what, action));
        }
        part
    }

    pub(super) fn docker_version(&self) -> Part {
        let mut part = Part::default();
        let packages = ["docker-ce", "docker.io"];
        let wanted = layout::packages(self.s, compose::source(self.s, self.facts));
        let candidate = packages.iter().find(|p| wanted.contains(p));
        let candidate = candidate.and_then(|p| self.facts.packages.get(*p)?.candidate.clone());
        let seen = self.facts.seen.one("server").to_owned();
        let text = if seen.is_empty() { candidate.unwrap_or_default() } else { seen };
        let Some(have) = version::of(&text) else { return part };
        let Some(need) = self.release.docker() else { return part };
        let (oldest, want) = (need.checked.version(), need.documented.version());
        if have < oldest {
            let detail = format!(
                "Harbor {} needs Docker {}.{} or newer; {} has {have}.",
                self.release, oldest.major, oldest.minor, self.s.ssh.host
            );
            part.refuse("docker", "Docker is too old", detail);
        } else if have < want && !self.is_installed() {
            let detail = format!(
                "Harbor {} asks for Docker {want}; {} has {have}. Harbor's own check lets it pass.",
                self.release, self.s.ssh.host
            );
            part.warn("docker", "Docker is older than Harbor's documentation asks for", detail);
        }
        part
    }

    /// Whether this very release runs here: then a warning about it has been read.
    pub(super) fn is_installed(&self) -> bool {
        self.facts.composed() == Some(self.release.to_string().as_str())
    }

    pub(super) fn compose_version(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        if let Some((what, detail)) = self.no_compose() {
            part.refuse("docker.compose", what, detail);
            return part;
        }
        let Some(text) = self.compose_text(docker) else { return part };
        let Some(have) = version::of(&text) else { return part };
        let Some(need) = self.release.compose() else { return part };
        let oldest = need.version.version();
        let (at, host, release) = ("docker.compose", &self.s.ssh.host, self.release);
        if have < oldest {
            let why = if self.release.has(Quirk::ComposeFileVersion) {
                "its installer checks that"
            } else {
                "an older one cannot read its compose file, which names no version"
            };
            let detail = format!(
                "Harbor {release} needs Compose {oldest} or newer: {why}. On {host} it is {have}. Set \
                 docker.compose to a newer one."
            );
            part.refuse(at, format!("Compose {have} is too old for Harbor {release}"), detail);
        } else if have < need.documented.version() && !self.is_installed() {
            let detail = format!(
                "Harbor {release} is documented with Compose newer than 2.3; {host} has {have}. It \
                 works as far as is known."
            );
            part.warn(at, "Compose is older than Harbor's documentation asks for", detail);
        }
        part
    }

    /// Why there is no Compose, and will be none that starts.
    fn no_compose(&self) -> Option<(&'static str, String)> {
        let (s, facts) = (self.s, self.facts);
        let (host, os) = (&s.ssh.host, &facts.os);
        let seen = |key: &str| !facts.seen.one(key).is_empty();
        match compose::source(s, facts) {
            ComposeSource::None if !seen("plugin") && !seen("standalone") => {
                let detail = format!(
                    "docker.compose.source is \"none\", and there is neither docker compose nor \
                     docker-compose on {host}."
                );
                Some(("Compose is not there", detail))
            }
            ComposeSource::Distro if compose::is_dead(facts) => {
                let detail = format!(
                    "The package {} of {} {}, on {host}, does not start: it is Compose 1, which needs \
                     distutils, and Python has none since 3.12. Take docker.compose.source out, or set \
                     it to \"plugin\": that is the package {}.",
                    layout::COMPOSE_PROGRAM,
                    os.id,
                    os.version,
                    layout::COMPOSE_PLUGIN
                );
                Some(("Compose does not start", detail))
            }
            ComposeSource::Plugin if self.lacks_plugin() => {
                let detail = format!(
                    "{} is in no package source of {host} ({} {}). Ubuntu has it in universe, up to \
                     22.04 in that of {}-updates: add what is missing and run apt-get update there. Or \
                     set docker.source to \"docker-ce\", or docker.compose.source to \"url\".",
                    layout::COMPOSE_PLUGIN,
                    os.id,
                    os.version,
                    os.codename
                );
                Some(("Compose is not available", detail))
            }
            _ => None,
        }
    }

    /// The plugin is to be a package of the distribution, and no package source has it.
    fn lacks_plugin(&self) -> bool {
        self.s.docker().source != DockerSource::DockerCe
            && !self.facts.has(layout::COMPOSE_PLUGIN)
            && compose::is_nowhere(self.facts, layout::COMPOSE_PLUGIN)
    }

    /// The version that is used, or will be.
    fn compose_text(&self, docker: &Docker) -> Option<String> {
        let seen = |key: &str| Some(self.facts.seen.one(key).to_owned()).filter(|t| !t.is_empty());
        let candidate = |name: &str| self.facts.packages.get(name)?.candidate.clone();
        match compose::source(self.s, self.facts) {
            ComposeSource::Url => docker.compose.as_ref()?.version.clone(),
            ComposeSource::Distro => {
                seen("standalone").or_else(|| candidate(layout::COMPOSE_PROGRAM))
            }
            ComposeSource::Plugin => seen("plugin")
                .or_else(|| candidate("docker-compose-plugin"))
                .or_else(|| candidate(layout::COMPOSE_PLUGIN)),
            ComposeSource::None => seen("plugin").or_else(|| seen("standalone")),
        }
    }
}
