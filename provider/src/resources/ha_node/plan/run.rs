//! prepare, the containers, the boot unit, the ports.

use render::harbor::boot_unit;

use super::files::Texts;
use super::{Node, Part};
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::input_digest::InputDigest;
use crate::resources::ha_node::observe::{made, ran_with};
use crate::resources::ha_node::texts::{self, headed};
use crate::resources::ha_node::{layout, scripts};
use crate::step::{File, Step};

/// How the containers were last started.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Started {
    /// With what will be there.
    So,
    /// With that, but for the compose override: Compose itself sees what a new one changes.
    WithOldOverride,
    /// With something else, which Compose does not see.
    Otherwise,
    /// Nobody knows.
    Unknown,
}

impl Node<'_> {
    /// `anew`: containers must be made anew; `up`: they must be brought to what the compose files
    /// say.
    pub(super) fn run(&self, texts: &Texts, anew: bool, up: bool) -> Part {
        let mut part = Part::default();
        let prepare = part.plan.status("prepare", self.prepared(texts), "done");
        if prepare {
            let (head, flags) =
                (texts::head(self.s, self.release), texts::flags(self.s, self.release));
            let script = scripts::prepare(self.s, &head, &flags);
            let what = "run Harbor's prepare";
            part.step(Step::job(HOST, what, "harbor-prepare", script));
            let pull = scripts::pull(self.s, self.compose);
            part.step(Step::job(HOST, "pull images that are missing", "harbor-pull", pull));
        }
        let started = self.started(texts);
        let anew = anew || prepare || started == Started::Otherwise;
        let off = self.containers(&mut part);
        if anew || up || off || started != Started::So {
            // Compose 1 takes every service for another when its first override comes.
            let (before, after) = (&texts.overrides.0, &texts.overrides.1);
            let first = self.compose == "docker-compose" && before == "-" && after != "-";
            let start = self.start(anew, anew || first);
            part.step(self.or_back(start, self.replaces(texts, true)));
        }
        part
    }

    /// Whether prepare was last run with what will be there.
    pub(super) fn prepared(&self, texts: &Texts) -> &'static str {
        if self.facts.composed().is_none() {
            return "";
        }
        let made = made(self.s, self.facts, self.release);
        let fits = made && ran_with(self.facts, &texts.inputs, texts.changed);
        if fits { "done" } else { "outdated" }
    }

    /// How the containers were last started.
    fn started(&self, texts: &Texts) -> Started {
        let (before, after) = (&texts.overrides.0, &texts.overrides.1);
        let Some(recorded) = InputDigest::parse(self.facts.seen.one("up")) else {
            // Started by somebody else: what is there now is what runs.
            let by_hand = self.facts.seen.one("prepared").is_empty();
            return if by_hand && before == after { Started::So } else { Started::Unknown };
        };
        let with = |digest: &String| {
            let seeded = texts.seeded.iter();
            let inputs: Vec<String> =
                texts.inputs.iter().chain([digest]).chain(seeded).cloned().collect();
            recorded.is_of(&inputs)
        };
        match (with(after), with(before)) {
            (true, _) => Started::So,
            (false, true) => Started::WithOldOverride,
            (false, false) => Started::Otherwise,
        }
    }

    /// True if one of them does not run.
    fn containers(&self, part: &mut Part) -> bool {
        let mut off = false;
        for name in layout::containers(self.s, self.release) {
            off |= self.status(part, format!("container {name}"), "running");
        }
        off
    }

    /// Brings the containers up, made `anew`; `all` of them are new then.
    fn start(&self, anew: bool, all: bool) -> Step {
        let head = texts::head(self.s, self.release);
        let script = scripts::up(self.s, &head, self.compose, anew);
        let step = Step::job(HOST, "start Harbor and wait for its containers", "harbor-up", script);
        if !self.running() {
            return step;
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
        step.disruptive(sentence)
    }

    pub(super) fn boot_unit(&self) -> Part {
        let mut part = Part::default();
        let path = layout::BOOT_UNIT;
        if !self.s.boot_unit {
            if self.was_ours(path) {
                let off = "systemctl disable harbor.service\n";
                part.step(Step::run(HOST, "disable harbor.service", off));
                part.plan.absent(self.known, HOST, path, path, self.facts.file(path));
            }
            return part;
        }
        let mut mounts = vec![self.s.data_volume.clone()];
        mounts.extend(self.s.registry_mount());
        let text = boot_unit::render(&boot_unit::Settings {
            directory: self.s.directory.clone(),
            mounts,
            compose_plugin: self.compose == "docker compose",
        });
        let file = text.map(|t| File::public(path, headed(&t)));
        let changed = self.write(&mut part, file, path);
        let off = self.status(&mut part, "service harbor.service", "active, enabled");
        if changed || off {
            part.step(Step::run(HOST, "enable harbor.service", scripts::BOOT));
        }
        part
    }
}
