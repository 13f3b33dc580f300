//! prepare, the containers, the boot unit, the ports.

use render::harbor::boot_unit;

use super::files::Texts;
use super::{Node, headed};
use crate::facts::service::Service;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::mark::Mark;
use crate::resources::ha_node::{layout, scripts};
use crate::step::{File, Step};

impl Node<'_> {
    pub(super) fn run(&mut self, texts: &Texts) {
        let words = self.prepared(texts);
        if self.plan.status("prepare", words, "done") {
            self.anew = true;
            let script = scripts::prepare(self.s, &self.head(), &self.flags);
            let what = "run Harbor's prepare";
            self.plan.step(Step::job(HOST, what, "harbor-prepare", script));
            let pull = scripts::pull(self.s, self.compose);
            self.plan.step(Step::job(HOST, "pull images that are missing", "harbor-pull", pull));
        }
        let fits = self.started(texts);
        let off = self.containers();
        if self.anew || self.up || off || !fits {
            // Compose 1 takes every service for another when its first override comes.
            let (before, after) = (&texts.overrides.0, &texts.overrides.1);
            let first = self.compose == "docker-compose" && before == "-" && after != "-";
            self.start(self.anew || first);
        }
    }

    /// Whether prepare was last run with what will be there.
    fn prepared(&self, texts: &Texts) -> &'static str {
        let seen = &self.facts.seen;
        let Some(composed) = self.facts.composed() else { return "" };
        let listed: Vec<&str> = seen.all("service").collect();
        let wanted = layout::containers(self.s, self.release);
        let optional =
            ["trivy-adapter", "notary-server", "notary-signer", "chartmuseum", "harbor-exporter"];
        let complete = wanted.iter().all(|name| listed.contains(name));
        let excess = optional.iter().any(|o| listed.contains(o) && !wanted.contains(o));
        let same = match Mark::parse(seen.one("prepared")) {
            Some(mark) => {
                mark.is_of(&texts.inputs) && mark.compose_file == seen.one("compose_file")
            }
            // Prepared by somebody else: after harbor.yml was last written, as far as one can see.
            None => !texts.changed && seen.one("composed_newer") == "yes",
        };
        let release = composed == self.release.to_string();
        // A file edited by hand is shown as that file's difference, and what follows from it is not
        // shown again. Only a refresh sees the mark of the edited text: a plan compares its own.
        let same = same || (self.context.reading && texts.edited);
        if same && complete && !excess && release { "done" } else { "outdated" }
    }

    /// Whether the containers were last started with what will be there.
    fn started(&mut self, texts: &Texts) -> bool {
        let Some(mark) = Mark::parse(self.facts.seen.one("up")) else {
            // Started by somebody else: what is there now is what runs.
            return self.facts.seen.one("prepared").is_empty()
                && texts.overrides.0 == texts.overrides.1;
        };
        let inputs = |digest: &str| {
            let mut inputs = texts.inputs.clone();
            inputs.push(digest.to_owned());
            inputs.extend(texts.seeded.iter().cloned());
            inputs
        };
        let (before, after) = (&texts.overrides.0, &texts.overrides.1);
        let fits = mark.is_of(&inputs(after));
        // Compose itself sees what a new override changes; everything else it does not see.
        self.anew |= !fits && !mark.is_of(&inputs(before));
        fits
    }

    /// True if one of them does not run.
    fn containers(&mut self) -> bool {
        let mut off = false;
        for name in layout::containers(self.s, self.release) {
            let state = self.facts.seen.of("container", name);
            let state = state.split(' ').next().unwrap_or_default().to_owned();
            off |= self.plan.status(format!("container {name}"), &state, "running");
        }
        off
    }

    /// Brings the containers up; `all` of them are new then.
    fn start(&mut self, all: bool) {
        let script = scripts::up(self.s, &self.head(), self.compose, self.anew);
        let step = Step::job(HOST, "start Harbor and wait for its containers", "harbor-up", script);
        if !self.running() {
            self.plan.step(step);
            return;
        }
        let sentence = if all {
            format!(
                "Harbor on {} restarts: all its containers are made anew, and pushes and pulls through \
                 this node fail for about 30 s",
                self.name()
            )
        } else {
            format!(
                "Harbor on {} restarts the containers that changed: requests through this node may \
                 fail for about 20 s",
                self.name()
            )
        };
        self.plan.step(step.disruptive(sentence));
    }

    pub(super) fn boot_unit(&mut self) {
        let path = layout::BOOT_UNIT;
        if !self.s.boot_unit {
            if self.was_ours(path) {
                let off = "systemctl disable harbor.service\n";
                self.plan.step(Step::run(HOST, "disable harbor.service", off));
                self.plan.absent(self.context, HOST, path, path, self.facts.file(path));
            }
            return;
        }
        let mut mounts = vec![self.s.data_volume.clone()];
        mounts.extend(self.s.registry_mount());
        let text = boot_unit::render(&boot_unit::Settings {
            directory: self.s.directory.clone(),
            mounts,
            compose_plugin: self.compose == "docker compose",
        });
        let changed = self.write(text.map(|t| File::public(path, headed(&t))), path);
        let words = self.facts.services.get("harbor.service").map(Service::words);
        let off = self.plan.status(
            "service harbor.service",
            &words.unwrap_or_default(),
            "active, enabled",
        );
        if changed || off {
            self.plan.step(Step::run(HOST, "enable harbor.service", scripts::BOOT));
        }
    }

    /// A port that another program has would let `up` fail after the old containers are gone.
    pub(super) fn ports(&mut self) {
        if self.facts.seen.of("container", "nginx").starts_with("running") {
            return;
        }
        let mut ports = vec![("http_port", self.s.http_port)];
        ports.extend(self.s.https.as_ref().map(|h| ("https.port", h.port)));
        for (path, port) in ports {
            let start = format!("{port}");
            let program = self.facts.seen.of("listen", &start).to_owned();
            let published = format!(":{port}->");
            let container = self.facts.seen.all("publish").find(|p| p.contains(&published));
            let container = container.and_then(|p| p.split(' ').next()).map(str::to_owned);
            let who = match (container.as_deref(), program.as_str()) {
                // A proxy without a container is one that is just going away.
                (Some("nginx"), _) | (None, "" | "docker-proxy") => continue,
                (Some(name), _) => format!("The container {name}"),
                (None, "unknown") => "A program".to_owned(),
                (None, program) => format!("The program {program}"),
            };
            let detail = format!(
                "{who} on {} listens on port {port}. Stop it, or give Harbor another port.",
                self.s.ssh.host
            );
            self.refuse(path, format!("Port {port} is in use"), detail);
        }
    }
}
