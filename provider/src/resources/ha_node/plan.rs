//! The decision: from settings and what was seen to steps. Pure.

mod api;
mod docker;
mod files;
mod install;
mod run;
mod storage;
mod versions;

use render::harbor::{Release, release};

use super::facts::{Facts, HOST, Health};
use super::layout;
use super::settings::{ComposeSource, HaNode, Outputs};
use crate::plan::{Context, Plan};
use crate::settings::{Field, Settings};
use crate::step::{Action, Step};
use crate::value::{Object, Value};

/// First line of files that are ours alone and take comments.
const HEADER: &str = "# Managed by Breakwater (terraform-provider-harbor); changes made by hand \
                      are shown by the next plan.\n";

/// A file of ours with its first line.
fn headed(text: &str) -> String {
    format!("{HEADER}{text}")
}

/// A decision while it is made.
struct Node<'a> {
    s: &'a HaNode,
    facts: &'a Facts,
    context: &'a Context,
    release: Release,
    plan: Plan,
    /// Compose as a command.
    compose: &'static str,
    /// Flags of prepare.
    flags: String,
    /// Containers must be made anew: what they read at start has changed.
    anew: bool,
    /// Containers must be brought to what the compose files say.
    up: bool,
}

/// What is there, what should be there, and the steps between.
pub fn plan(s: &HaNode, facts: &Facts, context: &Context) -> Plan {
    let Ok(release) = s.version.parse::<Release>() else {
        let mut plan = Plan::default();
        plan.refuse("version", format!("Unknown Harbor release {}", s.version), "");
        return plan;
    };
    let mut node = Node::new(s, facts, context, release);
    node.docker();
    node.storage();
    node.docker_service();
    node.install();
    let texts = node.files();
    node.run(&texts);
    node.boot_unit();
    node.ports();
    node.api();
    node.rotation();
    node.plan.outputs = outputs(s, facts, node.compose).to_object();
    node.plan.outputs_after = certain(s, &node.plan, context.prior.as_ref());
    node.plan
}

impl<'a> Node<'a> {
    fn new(s: &'a HaNode, facts: &'a Facts, context: &'a Context, release: Release) -> Self {
        let flags = release::prepare_flags(release, &layout::parts(s));
        Self {
            s,
            facts,
            context,
            release,
            plan: Plan::default(),
            compose: compose(s, facts),
            flags: flags.unwrap_or_default().join(" "),
            anew: false,
            up: false,
        }
    }

    /// What prepare is run with, beside the files: first line of its mark.
    fn head(&self) -> String {
        format!("{} {}", self.release, self.flags)
    }

    /// The node, as sentences name it.
    fn name(&self) -> String {
        format!("{} ({})", self.s.hostname, self.s.ssh.host)
    }

    /// Secrets that rotate in this very apply are not on the host yet: what will follow is said now.
    fn rotation(&mut self) {
        let prior = self.context.prior.as_ref().and_then(|p| p.get("shared_secrets_rotation"));
        // A node that was imported had none before: it takes over secrets, and none rotates.
        let prior = prior.filter(|p| !p.is_null());
        let rotates = prior.is_some_and(|p| *p != Field::to_value(&self.s.shared_secrets_rotation));
        if rotates && self.facts.composed().is_some() {
            let detail = format!(
                "The shared secrets rotate: Harbor on {} restarts the containers that use them; \
                 requests through this node may fail for about 20 s.",
                self.name()
            );
            self.warn("shared_secrets_rotation", "This apply interrupts service", detail);
        }
    }

    /// Refuse, but not in Read, where nothing is decided.
    fn refuse(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        if !self.context.reading {
            self.plan.refuse(path, summary, detail);
        }
    }

    fn warn(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        if !self.context.reading {
            let diag = crate::diag::Diag::warning(summary, detail);
            self.plan.warnings.push(diag.at(crate::diag::Path::of(path)));
        }
    }

    /// Whether a container of this node runs.
    fn running(&self) -> bool {
        self.facts.seen.all("container").any(|c| c.contains(" running "))
    }

    /// Whether the state before names this managed file.
    fn was_ours(&self, label: &str) -> bool {
        let prior = self.context.prior.as_ref();
        prior.is_some_and(|p| !p.get("files").unwrap_or(&Value::Null).get(label).is_null())
    }

    /// What the state before says of one thing of `status`.
    fn prior_status(&self, name: &str) -> String {
        let status = self.context.prior.as_ref().and_then(|p| p.get("status"));
        status.unwrap_or(&Value::Null).get(name).as_str().unwrap_or_default().to_owned()
    }

    /// Record and write a file of ours; true if its text changes.
    fn write(&mut self, file: Result<crate::step::File, render::Error>, path: &str) -> bool {
        let actual = self.facts.file(path);
        let same = file.as_ref().is_ok_and(|f| actual.text() == Some(f.content.expose()));
        let file = file.map_err(|e| e.to_string());
        self.plan.file(self.context, HOST, path, actual, file) && !same
    }
}

/// Compose as the command that this node uses.
pub fn compose(s: &HaNode, facts: &Facts) -> &'static str {
    let plugin = match s.compose_source() {
        ComposeSource::Plugin => true,
        ComposeSource::Distro | ComposeSource::Url => false,
        // Harbor's own choice where both are there.
        ComposeSource::None => !facts.seen.one("plugin").is_empty(),
    };
    if plugin { "docker compose" } else { "docker-compose" }
}

fn outputs(s: &HaNode, facts: &Facts, compose: &str) -> Outputs {
    let text = |key: &str| Some(facts.seen.one(key).to_owned()).filter(|t| !t.is_empty());
    let (healthy, components) = match &facts.health {
        Health::Silent => (facts.installed().map(|_| false), None),
        Health::Says { healthy, components } => (Some(*healthy), Some(components.clone())),
    };
    Outputs {
        url: Some(s.url()),
        address: Some(s.ssh.host.clone()),
        release: facts.composed().map(str::to_owned),
        healthy,
        components,
        docker_version: text("server"),
        compose_version: text(if compose == "docker compose" { "plugin" } else { "standalone" }),
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
