//! The installer on the host, and which release may follow which.

use render::harbor::Release;
use render::harbor::release::upgrade_path;

use super::Node;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::scripts;
use crate::shell::word;
use crate::step::{Action, Step};

impl Node<'_> {
    pub(super) fn install(&mut self) {
        self.jump();
        let version = self.release.to_string();
        let installed = self.facts.installed().unwrap_or_default().to_owned();
        let other = self.plan.status("harbor installer", &installed, &version);
        let seen = &self.facts.seen;
        let images = seen.one("images") == "yes";
        // They were loaded once, and what they were loaded from is gone since.
        let lost = !images && seen.one("archive").is_empty() && self.s.installer.is_some();
        let unpack = other || lost;
        if unpack {
            self.unpack(&version);
        }
        let seen = &self.facts.seen;
        // An archive that is still there was not loaded to its end; somebody else may have left it.
        let by_hand = seen.one("prepared").is_empty() && self.facts.composed() == Some(&version);
        let whole = seen.one("archive").is_empty() || by_hand;
        let loaded = images && whole;
        self.plan.status("harbor images", if loaded { "loaded" } else { "" }, "loaded");
        if unpack || !loaded {
            let script = scripts::images(self.s, &version);
            let what = format!("load the images of Harbor {version}");
            self.plan.step(Step::job(HOST, what, "harbor-images", script));
        }
    }

    fn unpack(&mut self, version: &str) {
        let Some(installer) = self.s.installer.clone() else {
            let detail = format!(
                "The installer of Harbor {version} is not in {} on {}, so installer must say where \
                 it is and what its checksum is.",
                self.s.directory, self.s.ssh.host
            );
            self.refuse("installer", "The installer is not there", detail);
            return;
        };
        let archive = self.s.at(".breakwater-installer.tgz");
        let make = format!("mkdir -p {}\n", word(&self.s.directory));
        self.plan.step(Step::run(HOST, format!("make {}", self.s.directory), make));
        let action = Action::Upload {
            source: installer.url.or(installer.path).unwrap_or_default(),
            sha256: installer.sha256,
            to: archive.clone(),
            mode: 0o600,
        };
        let what = format!("bring the installer of Harbor {version}");
        self.plan.step(Step::new(HOST, what, action));
        let script = scripts::unpack(self.s, &archive, version);
        let what = format!("unpack the installer of Harbor {version}");
        self.plan.step(Step::job(HOST, what, "harbor-unpack", script));
    }

    /// Only jumps that Harbor's documentation covers, and never back: the database's schema goes
    /// forward alone.
    fn jump(&mut self) {
        let from = self.facts.composed().and_then(|text| text.parse::<Release>().ok());
        let Some(from) = from.filter(|from| *from != self.release) else { return };
        let to = self.release;
        match upgrade_path(from, to) {
            Err(_) => {
                let detail = format!(
                    "Harbor {from} runs on {}, and {to} is older. Harbor does not support downgrades: \
                     restore a backup instead.",
                    self.s.ssh.host
                );
                self.refuse("version", "Downgrade", detail);
            }
            Ok(path) if path.len() > 1 => {
                let detail = format!(
                    "Harbor's documentation does not cover the way from {from}, which runs on {}, to \
                     {to} in one step. Go by way of {}, one apply each.",
                    self.s.ssh.host,
                    path.join(", ")
                );
                self.refuse("version", "Upgrade in one step is not supported", detail);
            }
            Ok(_) => self.announce_upgrade(from),
        }
    }

    fn announce_upgrade(&mut self, from: Release) {
        let peers: Vec<String> =
            self.s.peers.iter().flatten().map(|(name, at)| format!("{name} ({at})")).collect();
        let others = if peers.is_empty() {
            "Every other node of this Harbor".to_owned()
        } else {
            peers.join(", ")
        };
        let detail = format!(
            "Harbor {from} on {} becomes {}. The first new node changes the database's schema, and \
             there is no way back but a backup: make one of the databases and the secrets first. \
             {others} should be stopped until upgraded too: an old release must not work on a new \
             schema.",
            self.s.ssh.host, self.release
        );
        self.warn("version", format!("Upgrade of Harbor to {}", self.release), detail);
    }
}
