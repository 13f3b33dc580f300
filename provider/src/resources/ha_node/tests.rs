//! What a node's plan does, without a host.

mod attacked;

mod install;
mod parts;
mod previous;
mod refused;
mod running;
mod scripted;
mod which_compose;

use std::collections::BTreeMap;

use super::facts::{Admin, Facts, HOST, Health, NodeProperties};
use super::input_digest::sha256;
use super::settings::{HaNode, Outputs};
use super::{Node, compose, layout};
use crate::diag::Path;
use crate::facts::file::FileFact;
use crate::facts::package::Package;
use crate::facts::service::Service;
use crate::plan::{Context, Plan};
use crate::resource::{Resource, decided, describe, observed};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::step::{Action, Step};
use crate::value::{Object, Value};

const PEM: &str = include_str!("tests/registry.crt");
const KEY: &str = include_str!("tests/registry.key");

fn object(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Object(map) => {
            Value::Map(map.iter().map(|(k, v)| (k.clone(), object(v))).collect())
        }
        serde_json::Value::Array(items) => Value::List(items.iter().map(object).collect()),
        serde_json::Value::String(s) => Value::String(s.clone()),
        serde_json::Value::Bool(b) => Value::Bool(*b),
        serde_json::Value::Number(n) => Value::Int(n.as_i64().unwrap_or_default()),
        serde_json::Value::Null => Value::Null,
    }
}

/// A node of the usual kind; `change` replaces top-level attributes.
fn settings(change: serde_json::Value) -> HaNode {
    let mut all = serde_json::json!({
        "ssh": {"host": "198.51.100.11"},
        "version": "2.15.2",
        "installer": {"url": "https://mirror.example/harbor.tgz", "sha256": "a".repeat(64)},
        "hostname": "registry.example.com",
        "https": {"certificate": PEM, "private_key_wo": KEY},
        "admin_password_wo": "Adm1n-pass",
        "storage": {"shared": {"path": "/srv/nas/harbor"}},
        "database": {"host": "db.example.com", "password_wo": "Db-pass"},
        "redis": {"host": "redis.example.com", "password_wo": "Redis-pass"},
        "shared_secrets": "/etc/harbor-secrets",
        "docker": {"registry_mirrors": ["https://mirror.example"]},
        "trivy": {"skip_update": true},
        "configuration": {"self_registration": "false"},
    });
    if let (Some(all), serde_json::Value::Object(change)) = (all.as_object_mut(), change) {
        all.extend(change);
    }
    let Value::Map(object) = object(&all) else { unreachable!("an object") };
    HaNode::from_object(&object, &Path::root()).expect("settings that fit the schema")
}

fn usual() -> HaNode {
    settings(serde_json::json!({}))
}

fn plan(s: &HaNode, facts: &Facts) -> Plan {
    plan_in(s, facts, &Context::default())
}

fn plan_in(s: &HaNode, facts: &Facts, context: &Context) -> Plan {
    decided::<Node>(s, facts, context, false)
}

fn destroy(s: &HaNode, facts: &Facts) -> Plan {
    decided::<Node>(s, facts, &Context::default(), true)
}

fn steps(plan: &Plan) -> String {
    assert_eq!(plan.refusals, Vec::new(), "refused");
    describe(&plan.steps)
}

fn refusals(plan: &Plan) -> Vec<(String, String)> {
    plan.refusals.iter().map(|d| (d.path.to_string(), d.detail.clone())).collect()
}

fn public(text: &str) -> FileFact {
    FileFact::Present {
        text: Secret::from(text),
        owner: "root".into(),
        group: "root".into(),
        mode: 0o644,
    }
}

/// The host as it is after the steps of a plan were run.
fn after(s: &HaNode, facts: &Facts, steps: &[Step]) -> Facts {
    let mut facts = facts.clone();
    let mut files = facts.files.clone();
    for step in steps {
        if let Action::Write(file) = &step.action {
            let fact = FileFact::Present {
                text: file.content.clone(),
                owner: file.owner.clone(),
                group: file.group.clone(),
                mode: file.mode,
            };
            files.insert(file.path.clone(), fact);
        }
    }
    facts.files = files;
    for name in layout::packages(s, compose::source(s, &facts)) {
        facts.packages.entry(name.to_owned()).or_default().installed = Some("2.26".into());
    }
    for unit in layout::units(s) {
        let words = ["loaded", "active", "enabled"].map(str::to_owned);
        let [load, active, enabled] = words;
        facts.services.insert(unit, Service { load, active, enabled });
    }
    facts.seen = NodeProperties::parse(&settled(s, &facts));
    facts.health = Health::Says { healthy: true, components: BTreeMap::new() };
    let off = [("self_registration".to_owned(), serde_json::json!(false))];
    facts.admin = Admin::Settings(off.into());
    facts
}

/// What the node's script prints of a host where everything was done.
fn settled(s: &HaNode, facts: &Facts) -> String {
    let digest = |path: &str| facts.file(path).text().map_or("-".to_owned(), sha256);
    let flags = if s.trivy.is_some() { "--with-trivy" } else { "" };
    let mut inputs = vec![
        format!("{} {flags}", s.version),
        digest(&s.at("harbor.yml")),
        digest(&s.at("tls/server.crt")),
        digest(&s.at("tls/server.key")),
    ];
    if !layout::read_by_prepare(s).is_empty() {
        inputs.push("as before".to_owned());
    }
    let sum = |lines: &[String]| sha256(&format!("salt\n{}\n", lines.join("\n")));
    let prepared = sum(&inputs);
    inputs.push(digest(&s.at("docker-compose.override.yml")));
    let mut text = String::new();
    for (name, _) in layout::seeded(s) {
        text.extend([format!("shared={name}\nseed={name} same\nplace={name} {}\n", sha256(name))]);
        if s.shared_secrets.is_some() {
            inputs.push(sha256(name));
        }
    }
    text.extend([format!("prepared=salt {prepared} file\nup=salt {} file\n", sum(&inputs))]);
    text.push_str("client=20.10.24\nserver=20.10.24\nstandalone=2.26.1\nimages=yes\n");
    text.extend([format!("installer={0}\ncomposed={0}\ncompose_file=file\n", s.version)]);
    for name in layout::containers(s, s.version.parse().expect("a release")) {
        text.extend([format!("service={name}\ncontainer={name} running 0 image\n")]);
    }
    text.push_str("others=as before\n");
    text.push_str("mount=mounted\nlisten=443 docker-proxy\n");
    text
}

/// Everything done, with the secrets that the other resource made.
fn done(s: &HaNode) -> Facts {
    let mut facts = Facts::default();
    for name in layout::OVERRIDE_SECRETS {
        let text = format!("{name:x<32}\n");
        facts.files.insert(format!("/etc/harbor-secrets/{name}"), public(&text));
    }
    let first = plan(s, &facts);
    after(s, &facts, &first.steps)
}
