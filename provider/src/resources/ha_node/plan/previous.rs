//! The way back: to the configuration that the node ran healthy with, where the new one does not.

use super::Node;
use super::files::Texts;
use crate::resources::ha_node::facts::{HOST, Health};
use crate::resources::ha_node::scripts;
use crate::step::Step;

impl Node<'_> {
    /// Whether a node that is healthy is about to be started with another configuration. There is no
    /// way back from another release: it changes the database's schema.
    pub(super) fn replaces(&self, texts: &Texts, starts: bool) -> bool {
        let healthy = matches!(self.facts.health, Health::Says { healthy: true, .. });
        let changes = texts.changed
            || texts.overrides.0 != texts.overrides.1
            || self.prepared(texts) != "done";
        starts && healthy && changes && self.is_installed()
    }

    /// Whether an earlier, cut apply has kept one.
    fn kept(&self) -> bool {
        self.facts.seen.one("kept") == "yes" && self.is_installed()
    }

    /// Whether there is one to go back to, or will be.
    pub(super) fn goes_back(&self, replaces: bool) -> bool {
        replaces || self.kept()
    }

    /// The step, with what puts the previous configuration back where there is one.
    pub(super) fn or_back(&self, step: Step, replaces: bool) -> Step {
        if !self.goes_back(replaces) {
            return step;
        }
        let script = scripts::put_back(self.s, self.compose);
        let what = "put the previous configuration back, and start Harbor with it";
        // Of the name of the start, so that it never works beside one that still runs.
        step.or_undo(vec![Step::job(HOST, what, "harbor-up", script), self.wait_healthy()])
    }

    pub(super) fn keep(&self) -> Step {
        let what = "keep a copy of the running configuration";
        Step::run(HOST, what, scripts::keep(self.s))
    }

    pub(super) fn forget(&self) -> Step {
        Step::run(HOST, "remove the copy of the previous configuration", scripts::forget(self.s))
    }
}
