//! Shared storage, mounted inside the local data volume.

use render::systemd::docker_dropin;

use super::{Node, Part};
use crate::resources::ha_node::facts::HOST;
use crate::resources::ha_node::layout;
use crate::resources::ha_node::scripts;
use crate::resources::ha_node::texts::headed;
use crate::step::{File, Step};

impl Node<'_> {
    pub(super) fn storage(&self) -> Part {
        let mut part = Part::default();
        let shared = self.s.storage.as_ref().and_then(|storage| storage.shared.clone());
        let (Some(shared), Some(place)) = (shared, self.s.registry_mount()) else { return part };
        let (Some(unit), Some(path)) =
            (layout::mount_unit(self.s), layout::mount_unit_path(self.s))
        else {
            return part;
        };
        if self.facts.seen.one("mount") == "data" {
            let detail = format!(
                "{place} on {} holds data and is not a mount: mounting the shared directory there \
                 would hide it. Stop Harbor on this node, move what is in {place} into the shared \
                 directory, and apply again.",
                self.s.ssh.host
            );
            part.refuse("storage.shared", "Image layers are in the local data volume", detail);
        }
        let text = layout::mount_unit_text(&shared, &place);
        let changed = self.write(&mut part, text.map(|t| File::public(&path, headed(&t))), &path);
        let dropin = docker_dropin::render(&docker_dropin::Settings {
            mounts: vec![place.clone()],
            ..docker_dropin::Settings::default()
        });
        let dropin = dropin.map(|t| File::public(layout::DROPIN, headed(&t)));
        let waits = self.write(&mut part, dropin, layout::DROPIN);
        let off = self.status(&mut part, format!("service {unit}"), "active, enabled");
        if changed || off {
            part.add(self.mount(&unit, &place, shared.path.as_deref()));
        } else if waits {
            let reload = "systemctl daemon-reload\n";
            part.step(Step::run(HOST, "have systemd read its units again", reload));
        }
        part
    }

    fn mount(&self, unit: &str, place: &str, source: Option<&str>) -> Part {
        let mut part = Part::default();
        let script = scripts::mount(unit, place, source);
        let step = Step::run(HOST, format!("mount shared storage at {place}"), script)
            .at(if source.is_some() { "storage.shared.path" } else { "storage.shared.nfs" });
        if self.facts.seen.one("mount") == "mounted" {
            part.up = true;
            let sentence = format!(
                "Shared storage on {} is mounted anew: Docker restarts with all its containers, which \
                 are down for about 60 s",
                self.name()
            );
            part.step(step.disruptive(sentence));
        } else {
            part.step(step);
        }
        part
    }
}
