//! What a node's plan does, without a host.

use std::collections::BTreeMap;

use super::facts::{Admin, Facts, HOST, Health, Seen};
use super::mark::sha256;
use super::settings::{HaNode, Outputs};
use super::{Node, layout};
use crate::diag::{Diags, Path};
use crate::facts::file::FileFact;
use crate::facts::package::Package;
use crate::facts::service::Service;
use crate::plan::{Context, Plan};
use crate::resource::{Resource, describe};
use crate::secret::Secret;
use crate::settings::Settings;
use crate::step::{Action, Step};
use crate::value::{Object, Value};

const PEM: &str = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n";

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
    Node::plan(s, facts, &Context::default())
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
    for name in layout::packages(s) {
        facts.packages.entry(name.to_owned()).or_default().installed = Some("2.26".into());
    }
    for unit in layout::units(s) {
        let words = ["loaded", "active", "enabled"].map(str::to_owned);
        let [load, active, enabled] = words;
        facts.services.insert(unit, Service { load, active, enabled });
    }
    facts.seen = Seen::parse(&settled(s, &facts));
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
    text.push_str("client=20.10.24\nserver=20.10.24\nstandalone=2.26.1\nprepare_image=yes\n");
    text.extend([format!("installer={0}\ncomposed={0}\ncompose_file=file\n", s.version)]);
    for name in layout::containers(s, s.version.parse().expect("a release")) {
        text.extend([format!("service={name}\ncontainer={name} running 0 image\n")]);
    }
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

#[test]
fn a_bare_host_gets_everything_in_order() {
    let mut facts = Facts::default();
    let package = Package { installed: None, candidate: Some("2.26.1-4".into()) };
    facts.packages.insert("docker-compose".into(), package);
    let expected = "\
node: write /etc/docker/daemon.json
node: install docker.io, docker-compose
node: start and enable Docker
node: write /etc/systemd/system/data-registry.mount
node: write /etc/systemd/system/docker.service.d/10-breakwater.conf
node: mount shared storage at /data/registry
node: make /opt/harbor
node: bring the installer of Harbor 2.15.2
node: unpack the installer of Harbor 2.15.2
node: load the images of Harbor 2.15.2
node: check that /etc/harbor-secrets holds the shared secrets
node: put the shared secretkey, private_key.pem, root.crt in place
node: write /opt/harbor/tls/server.crt
node: write /opt/harbor/tls/server.key
node: write /opt/harbor/harbor.yml
node: write /opt/harbor/docker-compose.override.yml
node: run Harbor's prepare
node: pull images that are missing
node: start Harbor and wait for its containers
node: write /etc/systemd/system/harbor.service
node: enable harbor.service
node: wait until Harbor is healthy
node: set self_registration in Harbor
";
    assert_eq!(steps(&plan(&usual(), &facts)), expected);
}

#[test]
fn a_node_that_is_as_wanted_has_no_steps() {
    for s in [
        usual(),
        settings(serde_json::json!({"version": "2.3.2", "trivy": null})),
        settings(serde_json::json!({"https": null, "storage": null, "shared_secrets": null})),
    ] {
        assert_eq!(steps(&plan(&s, &done(&s))), "");
    }
}

#[test]
fn what_is_planned_first_is_what_is_there_after() {
    let s = usual();
    let first = plan(&s, &Facts::default());
    let last = plan(&s, &done(&s));
    assert_eq!(Plan::wanted(&first.files), Plan::wanted(&last.files));
    assert_eq!(Plan::wanted(&first.status), Plan::wanted(&last.status));
    assert_eq!(Plan::wanted(&last.files), Plan::actual(&last.files));
    assert_eq!(Plan::wanted(&last.status), Plan::actual(&last.status));
    for (name, value) in &first.outputs_after {
        assert_eq!(last.outputs.get(name), Some(value), "{name}");
    }
}

/// Where an apply was cut: the steps up to some point were run, and the next plan ends the work.
#[test]
fn an_edit_of_harbor_yml_is_put_back_without_a_restart() {
    let s = usual();
    let mut facts = done(&s);
    let path = s.at("harbor.yml");
    let text = facts.file(&path).text().expect("written").replace("level: info", "level: debug");
    let FileFact::Present { text: old, .. } = facts.files.get_mut(&path).expect("there") else {
        panic!("it is there");
    };
    *old = Secret::from(text);
    let plan = plan(&s, &facts);
    // prepare was never run with the edit, so nothing that runs has it.
    assert_eq!(
        steps(&plan),
        "node: write /opt/harbor/harbor.yml\nnode: wait until Harbor is healthy\n"
    );
    let pair = &plan.files[&path];
    let lines = |text: &Option<String>| -> Vec<String> {
        text.iter().flat_map(|t| t.lines()).map(str::to_owned).collect()
    };
    let (actual, wanted) = (lines(&pair.actual), lines(&pair.wanted));
    let odd: Vec<_> = actual.iter().zip(&wanted).filter(|(a, w)| a != w).collect();
    assert_eq!(odd.len(), 1, "{odd:?}");
    assert!(odd[0].0.contains("debug") && odd[0].1.contains("info"));
}

#[test]
fn a_change_of_harbor_yml_is_prepared_and_announced() {
    let facts = done(&usual());
    let s = settings(serde_json::json!({"log": {"level": "debug"}}));
    assert_eq!(
        steps(&plan(&s, &facts)),
        "node: write /opt/harbor/harbor.yml\nnode: run Harbor's prepare\n\
         node: pull images that are missing\n\
         node: start Harbor and wait for its containers [disruptive: Harbor on registry.example.com \
         (198.51.100.11) restarts: all its containers are made anew, and pushes and pulls through \
         this node fail for about 30 s]\nnode: wait until Harbor is healthy\n"
    );
}

#[test]
fn a_cut_after_prepare_still_makes_the_containers_anew() {
    let before = usual();
    let s = settings(serde_json::json!({"log": {"level": "debug"}}));
    let changed = plan(&s, &done(&before));
    let mut facts = after(&s, &done(&before), &changed.steps);
    let old = settled(&before, &done(&before));
    let up = old.lines().find(|l| l.starts_with("up=")).expect("a mark");
    let text = settled(&s, &facts);
    let text: Vec<&str> = text.lines().map(|l| if l.starts_with("up=") { up } else { l }).collect();
    facts.seen = Seen::parse(&text.join("\n"));
    let steps = steps(&plan(&s, &facts));
    assert!(steps.starts_with("node: start Harbor and wait"), "{steps}");
    assert!(steps.contains("made anew"), "{steps}");
}

#[test]
fn new_shared_secrets_reach_the_override_whatever_was_written_last() {
    let s = usual();
    let mut facts = done(&s);
    let path = "/etc/harbor-secrets/core_secret".to_owned();
    facts.files.insert(path, public(&"n".repeat(32)));
    let label = s.at("docker-compose.override.yml");
    let context = Context {
        secrets_unchanged: true,
        as_written: [(label, true)].into(),
        ..Context::default()
    };
    let plan = Node::plan(&s, &facts, &context);
    let steps = steps(&plan);
    assert!(steps.starts_with("node: write /opt/harbor/docker-compose.override.yml\n"), "{steps}");
    assert!(steps.contains("restarts the containers that changed"), "{steps}");
    assert_eq!(
        plan.status["secrets in docker-compose.override.yml"].actual.as_deref(),
        Some("others than shared")
    );
}

#[test]
fn a_stopped_container_is_started_and_named() {
    let s = usual();
    let mut facts = done(&s);
    let text = settled(&s, &facts).replace("nginx running 0", "nginx exited 3");
    facts.seen = Seen::parse(&text);
    let plan = plan(&s, &facts);
    assert_eq!(plan.status["container nginx"].actual.as_deref(), Some("exited"));
    let steps = steps(&plan);
    assert!(steps.starts_with("node: start Harbor and wait for its containers"), "{steps}");
}

#[test]
fn mirrors_are_reloaded_and_other_keys_restart_docker() {
    let facts = done(&usual());
    let mirrors = |json| settings(serde_json::json!({ "docker": json }));
    let s = mirrors(serde_json::json!({"registry_mirrors": ["https://other.example"]}));
    assert_eq!(
        steps(&plan(&s, &facts)),
        "node: note that Docker must reload\nnode: write /etc/docker/daemon.json\n\
         node: reload Docker\nnode: wait until Harbor is healthy\n"
    );
    let s = mirrors(serde_json::json!({"settings": {"log-driver": "\"local\""}}));
    let steps = steps(&plan(&s, &facts));
    assert!(steps.contains("node: restart Docker [disruptive: Docker on registry.example.com"));
}

#[test]
fn a_reload_that_was_cut_is_done_later() {
    let s = usual();
    let mut facts = done(&s);
    facts.seen = Seen::parse(&format!("pending=reload\n{}", settled(&s, &facts)));
    assert!(steps(&plan(&s, &facts)).starts_with("node: reload Docker\n"));
}

#[test]
fn keys_of_others_stay_in_daemon_json() {
    let s = usual();
    let mut facts = done(&s);
    let theirs = "{\"data-root\": \"/var/lib/other\"}\n";
    facts.files.insert(layout::DAEMON_JSON.to_owned(), public(theirs));
    let plan = plan(&s, &facts);
    let wanted = plan.files[layout::DAEMON_JSON].wanted.clone().expect("wanted");
    assert!(wanted.contains("/var/lib/other") && wanted.contains("mirror.example"), "{wanted}");
    assert!(describe(&plan.steps).contains("reload Docker"));
}

#[test]
fn another_secretkey_is_refused_and_another_token_key_replaced() {
    let s = usual();
    let mut facts = done(&s);
    facts.seen = Seen::parse(&settled(&s, &facts).replace("secretkey same", "secretkey differs"));
    let plan_1 = plan(&s, &facts);
    assert_eq!(plan_1.refusals[0].path.to_string(), "shared_secrets");
    facts.seen = Seen::parse(&settled(&s, &facts).replace("root.crt same", "root.crt missing"));
    let steps = steps(&plan(&s, &facts));
    assert!(steps.starts_with("node: put the shared private_key.pem, root.crt in place\n"));
    assert!(steps.contains("made anew"), "{steps}");
}

#[test]
fn compose_that_cannot_read_the_file_is_refused() {
    let s = usual();
    let mut facts = done(&s);
    facts.seen = Seen::parse(&settled(&s, &facts).replace("2.26.1", "1.24.0"));
    let plan_1 = plan(&s, &facts);
    let refused = refusals(&plan_1);
    assert_eq!(refused[0].0, "docker.compose");
    assert!(refused[0].1.contains("1.27.0") && refused[0].1.contains("1.24.0"), "{refused:?}");
    // The same Compose reads the file of an older release.
    let s = settings(serde_json::json!({"version": "2.3.2"}));
    let mut facts = done(&s);
    facts.seen = Seen::parse(&settled(&s, &facts).replace("2.26.1", "1.24.0"));
    assert_eq!(steps(&plan(&s, &facts)), "");
}

#[test]
fn jumps_are_those_of_the_documentation() {
    let with = |from: &str, to: &str| {
        let s = settings(serde_json::json!({ "version": from }));
        let facts = done(&s);
        plan(&settings(serde_json::json!({ "version": to })), &facts)
    };
    let far = refusals(&with("2.3.2", "2.15.2"));
    assert_eq!(far[0].0, "version");
    assert!(far[0].1.contains("2.5, 2.7, 2.9, 2.11, 2.14, 2.15"), "{far:?}");
    assert_eq!(refusals(&with("2.15.2", "2.14.0"))[0].0, "version");
    let plan = with("2.14.0", "2.15.2");
    assert!(plan.warnings.iter().any(|w| w.detail.contains("stopped until upgraded")));
    let steps = steps(&plan);
    assert!(steps.contains("unpack the installer of Harbor 2.15.2"), "{steps}");
    assert!(steps.contains("made anew"), "{steps}");
}

#[test]
fn a_port_of_another_program_is_refused() {
    let s = usual();
    let facts = |line: &str| Facts { seen: Seen::parse(line), ..Facts::default() };
    let refused = refusals(&plan(&s, &facts("listen=443 apache2\n")));
    assert_eq!(refused[0].0, "https.port");
    assert!(refused[0].1.contains("apache2"), "{refused:?}");
    let other = "listen=80 docker-proxy\npublish=web 0.0.0.0:80->8080/tcp\n";
    assert_eq!(refusals(&plan(&s, &facts(other)))[0].0, "http_port");
    assert_eq!(refusals(&plan(&s, &facts("publish=nginx 0.0.0.0:80->8080/tcp\n"))), vec![]);
}

#[test]
fn a_certificate_that_is_not_there_is_refused_before_prepare() {
    let https =
        serde_json::json!({"certificate_path": "/etc/x.crt", "private_key_path": "/etc/x.key"});
    let s = settings(serde_json::json!({ "https": https }));
    let text = settled(&s, &done(&s)) + "certificate=-\nkey=-\n";
    let facts = Facts { seen: Seen::parse(&text), ..done(&s) };
    let paths: Vec<_> = refusals(&plan(&s, &facts)).into_iter().map(|r| r.0).collect();
    assert_eq!(paths, ["https.certificate_path", "https.private_key_path"]);
}

#[test]
fn data_is_not_hidden_by_a_mount() {
    let facts = Facts { seen: Seen::parse("mount=data\n"), ..Facts::default() };
    assert_eq!(refusals(&plan(&usual(), &facts))[0].0, "storage.shared");
}

#[test]
fn a_new_admin_password_needs_the_old_one() {
    let mut facts = done(&usual());
    facts.admin = Admin::Refused;
    assert_eq!(refusals(&plan(&usual(), &facts))[0].0, "admin_password_wo");
    let s = settings(serde_json::json!({"admin_old_password_wo": "Old-pass"}));
    let plan = plan(&s, &facts);
    assert_eq!(
        steps(&plan),
        "node: set the password of admin\nnode: set self_registration in Harbor\n"
    );
    assert!(!format!("{plan:?}").contains("Old-pass"));
}

#[test]
fn system_settings_go_by_the_api_alone() {
    let facts = done(&usual());
    let s = settings(serde_json::json!({
        "configuration": {"self_registration": "true", "project_creation_restriction": "adminonly"}
    }));
    assert_eq!(
        steps(&plan(&s, &facts)),
        "node: set project_creation_restriction, self_registration in Harbor\n"
    );
}

#[test]
fn a_read_without_secrets_refuses_nothing_and_keeps_what_the_api_said() {
    let mut s = usual();
    let status = Value::Map([("configuration self_registration".into(), "false".into())].into());
    let context = Context {
        reading: true,
        prior: Some(Object::from([("status".to_owned(), status)])),
        ..Context::default()
    };
    let mut facts = done(&s);
    facts.admin = Admin::Unknown;
    s.admin_password_wo = None;
    s.database.password_wo = None;
    let plan = Node::plan(&s, &facts, &context);
    assert_eq!(plan.status["prepare"].actual.as_deref(), Some("done"));
    assert_eq!(plan.refusals, Vec::new());
    assert_eq!(plan.status["configuration self_registration"].actual.as_deref(), Some("false"));
    let yml = plan.files[&s.at("harbor.yml")].actual.clone().expect("there");
    assert!(yml.contains("(secret)") && !yml.contains("Db-pass"), "{yml}");
    let outputs = Outputs::from_object(&plan.outputs, &Path::root()).expect("outputs");
    assert_eq!(outputs.release.as_deref(), Some("2.15.2"));
    assert_eq!(outputs.healthy, Some(true));
}

#[test]
fn a_file_that_means_the_same_is_left_alone() {
    let s = usual();
    let mut facts = done(&s);
    let path = s.at("harbor.yml");
    let text = facts.file(&path).text().expect("written").to_owned();
    let commented = format!("# by hand\n{text}self_registration: off\n");
    facts.files.insert(path.clone(), FileFact::Absent);
    let mut fact = public(&commented);
    if let FileFact::Present { mode, .. } = &mut fact {
        *mode = 0o600;
    }
    facts.files.insert(path.clone(), fact);
    // Made by hand: no marks, prepare ran after the file was written.
    let text = settled(&s, &facts);
    let text: Vec<&str> =
        text.lines().filter(|l| !l.starts_with("prepared=") && !l.starts_with("up=")).collect();
    facts.seen = Seen::parse(&format!("{}\ncomposed_newer=yes\n", text.join("\n")));
    assert_eq!(steps(&plan(&s, &facts)), "");
}

#[test]
fn destroy_stops_and_leaves_data_and_has_an_end() {
    let s = usual();
    let facts = done(&s);
    let plan = Node::destroy(&s, &facts, &Context::default());
    let text = steps(&plan);
    assert!(text.starts_with("node: stop Harbor [disruptive:"), "{text}");
    assert!(text.contains("remove /opt/harbor/harbor.yml"), "{text}");
    assert!(!text.contains("destructive") && !text.contains("delete"), "{text}");
    assert_eq!(steps(&Node::destroy(&s, &Facts::default(), &Context::default())), "");
    let s = settings(serde_json::json!({"on_destroy": "keep"}));
    assert_eq!(steps(&Node::destroy(&s, &facts, &Context::default())), "");
    let s = settings(serde_json::json!({"on_destroy": "purge"}));
    let text = steps(&Node::destroy(&s, &facts, &Context::default()));
    assert!(text.contains("allowed by on_destroy = \"purge\""), "{text}");
}

fn validate(change: serde_json::Value) -> Vec<String> {
    let diags: Diags = Node::validate(&settings(change));
    diags.iter().map(|d| d.path.to_string()).collect()
}

#[test]
fn each_bad_input_is_refused_at_its_attribute() {
    use serde_json::json;
    assert_eq!(validate(json!({})), Vec::<String>::new());
    let cases = [
        (json!({"version": "2.16.0"}), "version"),
        (json!({"version": "2.3.0-rc1"}), "version"),
        (json!({"hostname": "localhost"}), "hostname"),
        (json!({"hostname": "https://x"}), "hostname"),
        (json!({"hostname": "reg.mydomain.com"}), "hostname"),
        (json!({"admin_password_wo": null}), "admin_password_wo"),
        (json!({"admin_password_wo": "a b"}), "admin_password_wo"),
        (json!({"database": {"host": "h", "password_wo": "p@ss"}}), "database.password_wo"),
        (json!({"database": {"host": "h"}}), "database.password_wo"),
        (json!({"database": {"host": "a,b", "password_wo": "p"}}), "database.host"),
        (
            json!({"database": {"host": "h", "password_wo": "p", "ssl_mode": "on"}}),
            "database.ssl_mode",
        ),
        (json!({"redis": {"host": "h", "password_wo": "p#"}}), "redis.password_wo"),
        (json!({"redis": {"host": "h", "registry_db_index": 0}}), "redis.registry_db_index"),
        (json!({"https": {"certificate": PEM}}), "https.private_key_wo"),
        (json!({"https": {"certificate": PEM, "private_key_wo": "x"}}), "https.private_key_wo"),
        (json!({"https": {"certificate_path": "/a"}}), "https.private_key_path"),
        (json!({"installer": {"sha256": "a"}}), "installer"),
        (
            json!({"docker": {"insecure_registries": ["https://x"]}}),
            "docker.insecure_registries[0]",
        ),
        (json!({"docker": {"source": "docker-ce"}}), "docker.signing_key"),
        (json!({"docker": {"settings": {"debug": "yes"}}}), "docker.settings[\"debug\"]"),
        (
            json!({"docker": {"compose": {"source": "url", "url": "u", "version": "1.2"}}}),
            "docker.compose.sha256",
        ),
        (json!({"notary": true}), "notary"),
        (json!({"settings": {"self_registration": "false"}}), "settings[\"self_registration\"]"),
        (json!({"settings": {"trace.enabled": "maybe"}}), "settings[\"trace.enabled\"]"),
        (
            json!({"version": "2.3.2", "settings": {"trace.enabled": "true"}}),
            "settings[\"trace.enabled\"]",
        ),
        (json!({"settings": {"log.level": "\"info\""}}), "settings[\"log.level\"]"),
        (
            json!({"configuration": {"self_registrations": "false"}}),
            "configuration[\"self_registrations\"]",
        ),
        (
            json!({"configuration": {"self_registration": "no"}}),
            "configuration[\"self_registration\"]",
        ),
        (
            json!({"configuration": {"oidc_client_secret": "x"}}),
            "configuration[\"oidc_client_secret\"]",
        ),
        (json!({"storage": {"driver": "oss", "shared": {"path": "/x"}}}), "storage.shared"),
        (json!({"storage": {"shared": {"nfs": "server"}}}), "storage.shared.nfs"),
    ];
    for (change, path) in cases {
        assert_eq!(validate(change.clone()), vec![path.to_owned()], "{change}");
    }
}

#[test]
fn questions_work_on_a_bare_host_and_hold_no_secret() {
    let s = usual();
    for question in Node::questions(&s) {
        if let crate::resource::Ask::Script(script) = &question.ask {
            assert!(!script.contains("-pass"), "{script}");
            assert!(!script.contains('@'), "a placeholder is left in {script}");
        }
        assert_eq!(question.host, HOST);
    }
}
