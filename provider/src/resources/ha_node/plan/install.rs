//! The installer on the host, and which release may follow which.

use render::harbor::Release;
use render::harbor::release::upgrade_path;

use super::{Node, Part};
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::observe::has_images;
use crate::resources::ha_node::scripts;
use crate::shell::word;
use crate::step::{Action, Step};

impl Node<'_> {
    pub(super) fn install(&self) -> Part {
        let mut part = self.jump();
        let version = self.release.to_string();
        let other = self.status(&mut part, "harbor installer", &version);
        let seen = &self.facts.seen;
        // They were loaded once, and what they were loaded from is gone since.
        let lost =
            !has_images(self.facts) && seen.one("archive").is_empty() && self.s.installer.is_some();
        let unpack = other || lost;
        if unpack {
            part.add(self.unpack(&version));
        }
        let loaded = !self.status(&mut part, "harbor images", "loaded");
        if unpack || !loaded {
            let script = scripts::images(self.s, &version);
            let what = format!("load the images of Harbor {version}");
            part.step(Step::job(HOST, what, "harbor-images", script));
        }
        part
    }

    fn unpack(&self, version: &str) -> Part {
        let mut part = Part::default();
        let Some(installer) = self.s.installer.clone() else {
            let detail = format!(
                "The installer of Harbor {version} is not in {} on {}, so installer must say where \
                 it is and what its checksum is.",
                self.s.directory, self.s.ssh.host
            );
            part.refuse("installer", "The installer is not there", detail);
            return part;
        };
        let archive = self.s.at(".breakwater-installer.tgz");
        let make = format!("mkdir -p {}\n", word(&self.s.directory));
        part.step(Step::run(HOST, format!("make {}", self.s.directory), make));
        let action = Action::Upload {
            source: installer.url.or(installer.path).unwrap_or_default(),
            sha256: installer.sha256,
            to: archive.clone(),
            mode: 0o600,
        };
        let what = format!("bring the installer of Harbor {version}");
        part.step(Step::new(HOST, what, action));
        let script = scripts::unpack(self.s, &archive, version);
        let what = format!("unpack the installer of Harbor {version}");
        part.step(Step::job(HOST, what, "harbor-unpack", script));
        part
    }

    /// Only jumps that Harbor's documentation covers, and never back: the database's schema goes
    /// forward alone.
    fn jump(&self) -> Part {
        let mut part = Part::default();
        let from = self.facts.composed().and_then(|text| text.parse::<Release>().ok());
        let Some(from) = from.filter(|from| *from != self.release) else { return part };
        let to = self.release;
        match upgrade_path(from, to) {
            Err(_) => {
                let detail = format!(
                    "Harbor {from} runs on {}, and {to} is older. Harbor does not support downgrades: \
                     restore a backup instead.",
                    self.s.ssh.host
                );
                part.refuse("version", "Downgrade", detail);
            }
            Ok(path) if path.len() > 1 => {
                let detail = format!(
                    "Harbor's documentation does not cover the way from {from}, which runs on {}, to \
                     {to} in one step. Go by way of {}, one apply each.",
                    self.s.ssh.host,
                    path.join(", ")
                );
                part.refuse("version", "Upgrade in one step is not supported", detail);
            }
            Ok(_) => self.announce_upgrade(from, &mut part),
        }
        part
    }

    fn announce_upgrade(&self, from: Release, part: &mut Part) {
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
        part.warn("version", format!("Upgrade of Harbor to {}", self.release), detail);
    }
}
