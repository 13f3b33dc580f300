//! Shared storage, mounted inside the local data volume.

use render::systemd::docker_dropin;

use super::{Node, headed};
use crate::facts::service::Service;
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::layout;
use crate::resources::ha_node::scripts;
use crate::step::{File, Step};

impl Node<'_> {
    pub(super) fn storage(&mut self) {
        let shared = self.s.storage.as_ref().and_then(|storage| storage.shared.clone());
        let (Some(shared), Some(place)) = (shared, self.s.registry_mount()) else { return };
        let (Some(unit), Some(path)) =
            (layout::mount_unit(self.s), layout::mount_unit_path(self.s))
        else {
            return;
        };
        if self.facts.seen.one("mount") == "data" {
            let detail = format!(
                "{place} on {} holds data and is not a mount: mounting the shared directory there \
                 would hide it. Stop Harbor on this node, move what is in {place} into the shared \
                 directory, and apply again.",
                self.s.ssh.host
            );
            self.refuse("storage.shared", "Image layers are in the local data volume", detail);
        }
        let text = layout::mount_unit_text(&shared, &place);
        let changed = self.write(text.map(|t| File::public(&path, headed(&t))), &path);
        let dropin = docker_dropin::render(&docker_dropin::Settings {
            mounts: vec![place.clone()],
            ..docker_dropin::Settings::default()
        });
        let dropin = dropin.map(|t| File::public(layout::DROPIN, headed(&t)));
        let waits = self.write(dropin, layout::DROPIN);
        let words = self.facts.services.get(&unit).map(Service::words).unwrap_or_default();
        let off = self.plan.status(format!("service {unit}"), &words, "active, enabled");
        if changed || off {
            self.mount(&unit, &place, shared.path.as_deref());
        } else if waits {
            let reload = "systemctl daemon-reload\n";
            self.plan.step(Step::run(HOST, "have systemd read its units again", reload));
        }
    }

    fn mount(&mut self, unit: &str, place: &str, source: Option<&str>) {
        let script = scripts::mount(unit, place, source);
        let step = Step::run(HOST, format!("mount shared storage at {place}"), script);
        if self.facts.seen.one("mount") == "mounted" {
            self.up = true;
            let sentence = format!(
                "Shared storage on {} is mounted anew: Docker restarts with all its containers, which \
                 are down for about 60 s",
                self.name()
            );
            self.plan.step(step.disruptive(sentence));
        } else {
            self.plan.step(step);
        }
    }
}
