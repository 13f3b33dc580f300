//! The decision: from settings and what was seen to steps. Pure.

mod api;
mod beside;
mod docker;
mod files;
mod install;
mod logins;
mod ports;
mod previous;
mod run;
mod storage;
mod versions;

use render::harbor::Release;

use super::facts::{Facts, HOST};
use super::observe::compose_command;
use super::settings::HaNode;
use crate::diag::{Diag, Path};
use crate::plan::{Known, Plan};
use crate::settings::Field;
use crate::step::{Action, File, Step};
use crate::value::{Object, Value};

/// What a decision is made from.
struct Node<'a> {
    s: &'a HaNode,
    facts: &'a Facts,
    known: Known<'a>,
    release: Release,
    /// Compose as a command.
    compose: &'static str,
}

/// What one part of the decision came to.
#[derive(Default)]
struct Part {
    plan: Plan,
    /// Containers must be made anew: what they read at start has changed.
    anew: bool,
    /// Containers must be brought to what the compose files say.
    up: bool,
}

/// What should be there, and the steps to it.
pub fn plan(s: &HaNode, facts: &Facts, known: Known<'_>) -> Plan {
    let Ok(release) = s.version.parse::<Release>() else {
        let mut plan = Plan::default();
        plan.refuse("version", format!("Unknown Harbor release {}", s.version), "");
        return plan;
    };
    let node = Node { s, facts, known, release, compose: compose_command(s, facts) };
    let mut made = Part::default();
    made.add(node.docker());
    made.add(node.storage());
    made.add(node.docker_service());
    made.add(node.install());
    let (files, texts) = node.files();
    let run = node.run(&texts, made.anew || files.anew, made.up || files.up);
    let starts = !run.plan.steps.is_empty();
    let replaces = node.replaces(&texts, starts);
    made.add(node.logins(starts));
    if replaces {
        made.step(node.keep());
    }
    made.add(files);
    made.add(run);
    made.add(node.boot_unit());
    made.add(node.beside());
    made.add(node.ports());
    made.add(node.api(!made.plan.steps.is_empty(), replaces));
    made.add(node.rotation());
    let mut plan = made.plan;
    plan.outputs.clone_from(&known.observed.outputs);
    plan.outputs_after = certain(s, &plan, known.context.prior.as_ref());
    plan
}

impl Part {
    /// Add what another part came to.
    fn add(&mut self, part: Self) {
        self.plan.add(part.plan);
        self.anew |= part.anew;
        self.up |= part.up;
    }

    fn warn(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        self.plan.warnings.push(Diag::warning(summary, detail).at(Path::of(path)));
    }

    fn refuse(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        self.plan.refuse(path, summary, detail);
    }

    fn step(&mut self, step: Step) {
        self.plan.step(step);
    }
}

impl Node<'_> {
    /// The node, as sentences name it.
    fn name(&self) -> String {
        format!("{} ({})", self.s.hostname, self.s.ssh.host)
    }

    /// Record one thing that is not a file; true if it differs.
    fn status(&self, part: &mut Part, name: impl Into<String>, wanted: &str) -> bool {
        let name = name.into();
        let actual = self.known.observed.says(&name);
        part.plan.status(name, actual, wanted)
    }

    /// Secrets that rotate in this very apply are not on the host yet: what will follow is said now.
    fn rotation(&self) -> Part {
        let mut part = Part::default();
        let prior = self.known.context.prior.as_ref();
        let prior = prior.and_then(|p| p.get("shared_secrets_rotation"));
        // A node that was imported had none before: it takes over secrets, and none rotates.
        let prior = prior.filter(|p| !p.is_null());
        let rotates = prior.is_some_and(|p| *p != Field::to_value(&self.s.shared_secrets_rotation));
        if rotates && self.facts.composed().is_some() {
            let detail = format!(
                "The shared secrets rotate: Harbor on {} restarts the containers that use them; \
                 requests through this node may fail for about 20 s.",
                self.name()
            );
            part.warn("shared_secrets_rotation", "This apply interrupts service", detail);
        }
        part
    }

    /// Whether a container of this node runs.
    fn running(&self) -> bool {
        self.facts.seen.all("container").any(|c| c.contains(" running "))
    }

    /// Whether the state before names this managed file.
    fn was_ours(&self, label: &str) -> bool {
        let prior = self.known.context.prior.as_ref();
        prior.is_some_and(|p| !p.get("files").unwrap_or(&Value::Null).get(label).is_null())
    }

    /// Record and write a file of ours; true if its text changes.
    fn write(&self, part: &mut Part, file: Result<File, render::Error>, path: &str) -> bool {
        let actual = self.facts.file(path);
        let same = file.as_ref().is_ok_and(|f| actual.text() == Some(f.content.expose()));
        let file = file.map_err(|e| e.to_string());
        part.plan.file(self.known, HOST, path, actual, file) && !same
    }
}

/// What is known of the outputs before the apply. It ends only when Harbor is healthy; programs
/// keep their version where no package is installed.
fn certain(s: &HaNode, plan: &Plan, prior: Option<&Object>) -> Object {
    let texts = [("url", s.url()), ("address", s.ssh.host.clone()), ("release", s.version.clone())];
    let mut certain: Object =
        texts.into_iter().map(|(name, text)| (name.to_owned(), Value::from(text))).collect();
    certain.insert("healthy".to_owned(), Value::from(true));
    let brings_program = |step: &Step| {
        matches!(&step.action, Action::Job { name, .. } if ["docker-packages", "harbor-unpack"].contains(&name.as_str()))
            || matches!(step.action, Action::Upload { .. })
    };
    if !plan.steps.iter().any(brings_program) {
        for name in ["docker_version", "compose_version"] {
            let seen = plan.outputs.get(name).filter(|v| !v.is_null());
            certain.extend(seen.map(|value| (name.to_owned(), value.clone())));
        }
    }
    let parts = prior.and_then(|prior| same_parts(s, prior));
    certain.extend(parts.map(|parts| ("components".to_owned(), parts.clone())));
    certain
}

/// The components of the state before, all healthy, where they are those of the settings: the same
/// release with the same parts. What a look sees does not count: a database that has just moved
/// makes one of them unhealthy for a while.
fn same_parts<'a>(s: &HaNode, prior: &'a Object) -> Option<&'a Value> {
    let parts = prior.get("components").filter(|parts| !parts.is_null())?;
    let has = |part: &str| !parts.get(part).is_null();
    let same = prior.get("release") == Some(&Value::from(s.version.clone()))
        && has("trivy") == s.trivy.is_some()
        && has("notary") == s.notary
        && has("chartmuseum") == s.chartmuseum.is_some();
    (same && prior.get("healthy") == Some(&Value::from(true))).then_some(parts)
}
