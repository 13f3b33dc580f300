//! Docker and Compose: packages, versions, `daemon.json`.

use std::collections::BTreeMap;
use std::time::Duration;

use render::docker::daemon_json as daemon;
use serde_json::Value;

use super::{Node, Part};
use crate::facts::apt_sources::{self, AptSource};
use crate::facts::package::Package;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::observe::{daemon_settings, pin};
use crate::resources::ha_node::scripts;
use crate::resources::ha_node::settings::{Docker, DockerSource};
use crate::resources::ha_node::texts::headed;
use crate::resources::ha_node::{compose, layout};
use crate::step::{Action, File, Step};

/// Keys of `daemon.json` that Docker takes up at a reload; every other needs a restart.
const RELOADED: &[&str] = &[
    "debug",
    "labels",
    "live-restore",
    "max-concurrent-downloads",
    "max-concurrent-uploads",
    "max-download-attempts",
    "default-runtime",
    "runtimes",
    "authorization-plugins",
    "insecure-registries",
    "registry-mirrors",
    "shutdown-timeout",
    "features",
];

impl Node<'_> {
    pub(super) fn docker(&self) -> Part {
        let docker = self.s.docker();
        let mut part = self.other_docker(&docker);
        part.add(self.repository(&docker));
        part.add(self.daemon_json(&docker));
        part.add(self.packages(&docker));
        part.add(self.compose_file(&docker));
        part.add(self.docker_version());
        part.add(self.compose_version(&docker));
        part
    }

    /// One Docker does not replace another: that would stop every container of the host.
    fn other_docker(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        let (other, theirs) = match docker.source {
            DockerSource::DockerCe => ("docker.io", "distro"),
            DockerSource::Distro => ("docker-ce", "docker-ce"),
            DockerSource::None => {
                if self.facts.seen.one("client").is_empty() {
                    let detail = format!(
                        "docker.source is \"none\", and there is no Docker on {}. Install it, or \
                         set docker.source to \"distro\" or \"docker-ce\".",
                        self.s.ssh.host
                    );
                    part.refuse("docker.source", "Docker is not there", detail);
                }
                return part;
            }
        };
        if self.facts.has(other) {
            let detail = format!(
                "The package {other} is installed on {}. docker.source = \"{}\" would replace it and \
                 stop every container of the host. Set docker.source to \"{theirs}\", or remove \
                 {other} yourself first.",
                self.s.ssh.host,
                docker.source.word(),
            );
            part.refuse("docker.source", "Another Docker is installed", detail);
        }
        part
    }

    fn repository(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        if docker.source != DockerSource::DockerCe {
            return part;
        }
        let os = &self.facts.os;
        let key = docker.signing_key.clone().unwrap_or_default();
        let source =
            render::apt::source::docker_ce(&docker.mirror, &os.id, &os.codename, layout::KEYRING);
        let key = key.trim_end().to_owned() + "\n";
        self.write(&mut part, Ok(File::public(layout::KEYRING, key)), layout::KEYRING);
        let text = render::apt::source::render(&source);
        let file = text.map(|t| File::public(layout::SOURCES, headed(&t)));
        self.write(&mut part, file, layout::SOURCES);
        if !part.plan.steps.is_empty() || self.lacks_packages(docker) {
            part.add(self.other_key(&source));
        }
        part
    }

    /// Apt reads no source at all where two files name other keys for one repository.
    fn other_key(&self, source: &render::apt::source::Settings) -> Part {
        let mut part = Part::default();
        let ours = AptSource {
            file: layout::SOURCES.to_owned(),
            uri: source.uri.clone(),
            suite: source.suite.clone(),
            signed_by: source.signed_by.clone(),
        };
        if let Some(other) = apt_sources::conflict(&self.facts.sources, &ours) {
            let detail = format!(
                "{} on {} names {} {} already, signed by {}; with {} signed by {} beside it apt would \
                 read neither, nor any other source. Remove it there ({} takes its place), or set \
                 docker.mirror to another address.",
                other.file,
                self.s.ssh.host,
                other.uri,
                other.suite,
                other.keys(),
                layout::SOURCES,
                layout::KEYRING,
                layout::SOURCES,
            );
            part.refuse("docker.source", "The repository is there with another key", detail);
        }
        part
    }

    fn lacks_packages(&self, docker: &Docker) -> bool {
        layout::packages(self.s, compose::source(self.s, self.facts)).iter().any(|name| {
            let (is, wanted) = Package::status(self.facts.packages.get(*name), pin(docker, name));
            is != wanted
        })
    }

    /// A pinned package with `=` and its version.
    fn packages(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        let mut missing = Vec::new();
        for name in layout::packages(self.s, compose::source(self.s, self.facts)) {
            let pin = pin(docker, name);
            let (_, wanted) = Package::status(self.facts.packages.get(name), pin);
            if self.status(&mut part, format!("package {name}"), wanted) {
                missing.push(pin.map_or(name.to_owned(), |pin| format!("{name}={pin}")));
            }
        }
        if missing.is_empty() {
            return part;
        }
        part.add(self.held(&missing));
        if missing.iter().any(|m| m != layout::NFS) {
            part.add(self.in_the_way());
        }
        let what = format!("install {}", missing.join(", "));
        let mirror = if docker.source == DockerSource::DockerCe { &docker.mirror } else { "" };
        let step = Step::job(HOST, what, "docker-packages", scripts::install(&missing, mirror));
        let docker = |m: &String| !m.starts_with("docker-compose") && m != layout::NFS;
        let replaces = !self.facts.seen.one("server").is_empty() && missing.iter().any(docker);
        part.up |= replaces && self.running();
        let sentence = self.docker_restarts();
        part.step(if replaces { step.disruptive(sentence) } else { step });
        part
    }

    /// Apt installs and upgrades nothing that is held, and ends with an error.
    fn held(&self, missing: &[String]) -> Part {
        let mut part = Part::default();
        let name = |word: &String| word.split('=').next().unwrap_or_default().to_owned();
        let held = |name: &String| self.facts.packages.get(name).is_some_and(|p| p.held);
        let held: Vec<String> = missing.iter().map(name).filter(held).collect();
        if !held.is_empty() {
            let (names, host) = (held.join(" "), &self.s.ssh.host);
            let detail = format!(
                "Somebody has told apt on {host} to leave {} as it is (apt-mark hold), and it is to \
                 be installed or to change. If that may be: apt-mark unhold {names}. If not, set \
                 docker to what is there.",
                held.join(" and ")
            );
            let at = if missing.iter().any(|m| m.contains('=')) {
                "docker.version"
            } else {
                "docker.source"
            };
            part.refuse(at, "A package is held", detail);
        }
        part
    }

    /// Another program that has Docker's place, and that a package of Docker's would break.
    fn in_the_way(&self) -> Part {
        let mut part = Part::default();
        let host = &self.s.ssh.host;
        if self.facts.seen.one("snap") == "docker" {
            let detail = format!(
                "Docker on {host} comes from a snap, which sees no directory but its users' homes, and \
                 would stand beside the one of a package. Remove it first (snap remove docker), with \
                 what it holds."
            );
            part.refuse("docker.source", "Docker is a snap", detail);
        }
        let node = self.facts.seen.one("kubernetes");
        if !node.is_empty() {
            let detail = format!(
                "{node} runs on {host}: it is a node of Kubernetes, whose containers a package of Docker \
                 could stop, as both use containerd and the firewall. Give Harbor a host of its own; or \
                 install Docker there yourself, and set docker.source and docker.compose.source to \
                 \"none\"."
            );
            part.refuse("docker.source", "This is a node of Kubernetes", detail);
        }
        part
    }

    fn docker_restarts(&self) -> String {
        format!(
            "Docker on {} restarts: all its containers are down for about 30 s, Harbor's among them",
            self.name()
        )
    }

    fn daemon_json(&self, docker: &Docker) -> Part {
        let mut part = Part::default();
        let settings = daemon_settings(docker);
        let gone = self.keys_given_up(docker);
        if daemon::our_keys(&settings).is_empty() && gone.is_empty() {
            return part;
        }
        let path = layout::DAEMON_JSON;
        let fact = self.facts.file(path);
        let actual = fact.text().unwrap_or_default();
        let gone: Vec<&str> = gone.iter().map(String::as_str).collect();
        let wanted = daemon::remove(actual, &gone).and_then(|text| daemon::merge(&text, &settings));
        let text = match wanted {
            Ok(text) => text,
            Err(error) => {
                part.plan.present(self.known, path);
                let detail = format!("{}: {error}", self.s.ssh.host);
                part.refuse("docker", "Cannot write daemon.json", detail);
                return part;
            }
        };
        let changes = text != actual;
        let how = if only_reloaded(actual, &text) { "reload" } else { "restart" };
        let installed = !self.facts.seen.one("client").is_empty();
        if changes && installed {
            let note = format!("mkdir -p /etc/docker\necho {how} > {}\n", layout::PENDING);
            part.step(Step::run(HOST, format!("note that Docker must {how}"), note));
        }
        // Who may read it is for others to say as well: the file is not ours alone.
        let file = fact.kept(File::public(path, text));
        part.plan.file(self.known, HOST, path, fact, Ok(file));
        let pending = self.facts.seen.one("pending");
        match (changes && installed, pending) {
            (_, "restart") | (true, _) if pending == "restart" || how == "restart" => {
                part.add(self.docker_takes("restart"));
            }
            (true, _) | (false, "reload") => part.add(self.docker_takes("reload")),
            _ => {}
        }
        part
    }

    fn docker_takes(&self, how: &str) -> Part {
        let mut part = Part::default();
        let step = Step::run(HOST, format!("{how} Docker"), scripts::docker_takes(how));
        if how == "restart" {
            part.up |= self.running();
            let sentence = self.docker_restarts();
            part.step(step.disruptive(sentence));
        } else {
            part.step(step);
        }
        part
    }

    /// Keys of `daemon.json` that the settings before had and these have not.
    fn keys_given_up(&self, docker: &Docker) -> Vec<String> {
        let Some(prior) = &self.known.context.prior else { return Vec::new() };
        let before = prior.get("docker").unwrap_or(&crate::value::Value::Null);
        let mut gone = Vec::new();
        let had = |name: &str| !before.get(name).is_null();
        if had("registry_mirrors") && docker.registry_mirrors.is_none() {
            gone.push("registry-mirrors".to_owned());
        }
        if had("insecure_registries") && docker.insecure_registries.is_none() {
            gone.push("insecure-registries".to_owned());
        }
        let now = docker.settings.as_ref();
        let keys = before.get("settings").as_map().into_iter().flat_map(BTreeMap::keys);
        gone.extend(keys.filter(|k| now.is_none_or(|n| !n.contains_key(*k))).cloned());
        gone
    }

    /// After shared storage, which Docker waits for.
    pub(super) fn docker_service(&self) -> Part {
        let mut part = Part::default();
        if self.status(&mut part, "service docker.service", "active, enabled") {
            let mut step = Step::run(HOST, "start and enable Docker", scripts::docker_starts());
            if let Action::Run { limit, .. } = &mut step.action {
                *limit = Duration::from_secs(300);
            }
            part.step(step);
        }
        part
    }
}

fn only_reloaded(before: &str, after: &str) -> bool {
    let parse = |text: &str| match serde_json::from_str(text) {
        Ok(Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let (before, after) = (parse(before), parse(after));
    let keys = before.keys().chain(after.keys());
    keys.filter(|k| before.get(*k) != after.get(*k)).all(|k| RELOADED.contains(&k.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_reloaded_and_the_data_root_is_not() {
        assert!(only_reloaded("", r#"{"registry-mirrors":["https://m"]}"#));
        assert!(!only_reloaded("{}", r#"{"registry-mirrors":[],"data-root":"/x"}"#));
        assert!(only_reloaded(r#"{"data-root":"/x"}"#, r#"{"data-root":"/x","debug":true}"#));
    }
}
