//! What a user relies on; `hosts` runs the scripts for real, in directories that stand for hosts.

mod hosts;

use std::collections::{BTreeMap, BTreeSet};

use super::choose::label;
use super::facts::{Facts, HostFacts};
use super::*;
use crate::diag::{Path, Severity};
use crate::facts::file::FileFact;
use crate::resource::{Context, decided, describe, observed};
use crate::secret::Secret;
use crate::settings::Settings as _;
use crate::step::Action;
use crate::value::Value;

pub fn settings(directory: &str, extra: &[(&str, Value)]) -> Secrets {
    let host = |address: &str| {
        let ssh = Object::from([("host".to_owned(), Value::from(address))]);
        Value::Map(Object::from([("ssh".to_owned(), Value::Map(ssh))]))
    };
    let hosts = Object::from([
        ("a".to_owned(), host("198.51.100.11")),
        ("b".to_owned(), host("198.51.100.12")),
    ]);
    let mut object = Object::from([
        ("hosts".to_owned(), Value::Map(hosts)),
        ("directory".to_owned(), Value::from(directory)),
    ]);
    object.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    Secrets::from_object(&object, &Path::root()).expect("settings of the schema")
}

const DIRECTORY: &str = "/etc/breakwater/secrets/harbor";

fn usual(extra: &[(&str, Value)]) -> Secrets {
    settings(DIRECTORY, extra)
}

fn file(text: &str, mode: u32) -> FileFact {
    let owner = || "root".to_owned();
    FileFact::Present { text: Secret::from(text), owner: owner(), group: owner(), mode }
}

/// A host that holds all secrets, made from a letter.
fn full(letter: char) -> HostFacts {
    let of = |length: usize| letter.to_string().repeat(length);
    let mut files = BTreeMap::new();
    for (name, text) in [
        ("secretkey", of(16)),
        ("core_secret", of(16)),
        ("jobservice_secret", of(16)),
        ("csrf_key", of(32)),
        ("robot_scanner_name_prefix", of(8)),
        ("registry_http_secret", of(32)),
        ("private_key.pem", format!("-----BEGIN RSA PRIVATE KEY-----\n{letter}\n")),
        ("root.crt", format!("-----BEGIN CERTIFICATE-----\n{letter}\n")),
    ] {
        files.insert(name.to_owned(), file(&text, 0o600));
    }
    for mark in facts::MARKS {
        files.insert(mark.to_owned(), file("1\n", 0o644));
    }
    HostFacts {
        files,
        directory: "700 root root".to_owned(),
        openssl: true,
        adoptable: BTreeSet::new(),
    }
}

fn two(a: HostFacts, b: HostFacts) -> Facts {
    Facts { hosts: BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]) }
}

fn plan(settings: &Secrets, facts: &Facts) -> Plan {
    plan_in(settings, facts, &Context::default())
}

fn plan_in(settings: &Secrets, facts: &Facts, context: &Context) -> Plan {
    decided::<SharedSecrets>(settings, facts, context, false)
}

fn destroy(settings: &Secrets, facts: &Facts) -> Plan {
    decided::<SharedSecrets>(settings, facts, &Context::default(), true)
}

fn in_step(plan: &Plan) -> Option<&Value> {
    plan.outputs.get("in_step")
}

#[test]
fn equal_hosts_need_no_step() {
    let plan = plan(&usual(&[]), &two(full('x'), full('x')));
    assert_eq!(describe(&plan.steps), "");
    assert!(plan.files.values().chain(plan.status.values()).all(|p| p.actual == p.wanted));
    assert_eq!(in_step(&plan), Some(&Value::Bool(true)));
}

#[test]
fn new_hosts_get_the_same_secrets() {
    let plan = plan(&usual(&[]), &two(HostFacts::default(), HostFacts::default()));
    assert_eq!(
        describe(&plan.steps),
        "a: make the directory /etc/breakwater/secrets/harbor\n\
         b: make the directory /etc/breakwater/secrets/harbor\n\
         a: install openssl\n\
         a: make secretkey, core_secret, jobservice_secret, csrf_key, robot_scanner_name_prefix, \
         registry_http_secret, private_key.pem, root.crt\n"
    );
    let wanted = |name: &str| plan.files[&format!("b:{DIRECTORY}/{name}")].wanted.clone();
    assert_eq!(wanted("secretkey").as_deref(), Some("(secret)"));
    assert_eq!(wanted("rotation").as_deref(), Some("1\n"));
    assert_eq!(in_step(&plan), Some(&Value::Bool(false)));
}

#[test]
fn notary_has_one_secret_more() {
    assert!(usual(&[("harbor_version", Value::from("2.8.4"))]).names().contains(&"defaultalias"));
    assert!(!usual(&[("harbor_version", Value::from("2.9.0"))]).names().contains(&"defaultalias"));
}

#[test]
fn a_lost_copy_is_repaired_from_another_host() {
    let mut a = full('x');
    a.files.remove("secretkey");
    a.files.remove("root.crt");
    let plan = plan(&usual(&[]), &two(a, full('x')));
    assert_eq!(
        describe(&plan.steps),
        "a: write /etc/breakwater/secrets/harbor/secretkey\n\
         a: write /etc/breakwater/secrets/harbor/root.crt\n"
    );
    let Action::Write(file) = &plan.steps[0].action else { panic!("a file is written") };
    assert_eq!((file.content.expose(), file.mode), ("xxxxxxxxxxxxxxxx", 0o600));
}

#[test]
fn a_copy_that_others_may_read_is_closed() {
    let mut b = full('x');
    b.files.insert("csrf_key".to_owned(), file(&"x".repeat(32), 0o644));
    let plan = plan(&usual(&[]), &two(full('x'), b));
    assert_eq!(describe(&plan.steps), "b: write /etc/breakwater/secrets/harbor/csrf_key\n");
    let shown = plan.files[&format!("b:{DIRECTORY}/csrf_key")].actual.clone().unwrap_or_default();
    assert_eq!(shown, "(secret)\n(mode 0644 root:root instead of 0600 root:root)");
}

#[test]
fn hosts_that_differ_are_refused_by_name_and_nothing_is_shown() {
    let facts = two(full('x'), full('y'));
    let refused = plan(&usual(&[]), &facts);
    assert!(refused.steps.is_empty());
    let all = format!("{:?}", refused.refusals);
    for name in ["secretkey", "csrf_key", "private_key.pem, root.crt"] {
        assert!(all.contains(name), "{name} in {all}");
    }
    assert!(all.contains("a (198.51.100.11) and b (198.51.100.12)"));
    assert!(!all.contains("xxxx") && !all.contains("yyyy"));
    assert_eq!(refused.refusals.len(), 1);
    assert_eq!(refused.refusals[0].path, Path::of("authority"));

    let settled = plan(&usual(&[("authority", Value::from("b"))]), &facts);
    let steps = describe(&settled.steps);
    assert!(steps.starts_with(
        "a: keep the other secretkey as /etc/breakwater/secrets/harbor/secretkey.replaced\n\
         a: write /etc/breakwater/secrets/harbor/secretkey\n"
    ));
    assert!(!steps.contains("b:"), "{steps}");
}

#[test]
fn a_read_of_hosts_that_differ_says_so_and_goes_on() {
    let facts = two(full('x'), full('y'));
    let observed = observed::<SharedSecrets>(&usual(&[]), &facts, &Context::default());
    assert_eq!(observed.outputs.get("in_step"), Some(&Value::Bool(false)));
}

#[test]
fn what_we_wrote_stands_against_a_change_by_hand() {
    let mut b = full('x');
    b.files.insert("secretkey".to_owned(), file(&"y".repeat(16), 0o600));
    let path = format!("{DIRECTORY}/secretkey");
    let as_written = [(label("a", &path), true), (label("b", &path), false)].into();
    let context = Context { as_written, ..Context::default() };
    let plan = plan_in(&usual(&[]), &two(full('x'), b), &context);
    assert_eq!(
        describe(&plan.steps),
        "b: keep the other secretkey as /etc/breakwater/secrets/harbor/secretkey.replaced\n\
         b: write /etc/breakwater/secrets/harbor/secretkey\n"
    );
    let shown = plan.files[&label("b", &path)].actual.as_deref();
    assert_eq!(shown, Some("(secret, changed on the host)"));
}

#[test]
fn a_rotation_changes_what_may_change_and_says_what_it_interrupts() {
    let rotated = usual(&[("rotation", Value::Int(2))]);
    let first = plan(&rotated, &two(full('x'), full('x')));
    assert_eq!(
        describe(&first.steps),
        "a: make core_secret, jobservice_secret, csrf_key, robot_scanner_name_prefix, \
         registry_http_secret anew [disruptive: the secrets between Harbor's parts change: each \
         node that uses them must restart, jobs that are queued at that moment fail, and open \
         browser sessions must reload]\n"
    );
    // The next round: a has them and the mark, b has the ones before.
    let mut a = full('y');
    let x = full('x');
    for kept in ["secretkey", "private_key.pem", "root.crt"] {
        a.files.insert(kept.to_owned(), x.files[kept].clone());
    }
    a.files.insert("rotation".to_owned(), file("2\n", 0o644));
    let second = plan(&rotated, &two(a, x));
    let steps = describe(&second.steps);
    assert_eq!(steps.lines().count(), 6, "{steps}");
    assert!(steps.ends_with("b: write /etc/breakwater/secrets/harbor/rotation\n"), "{steps}");
}

#[test]
fn the_token_key_is_made_anew_only_by_its_own_number() {
    let rotated = usual(&[("rotate_token_key", Value::Int(2))]);
    let steps = describe(&plan(&rotated, &two(full('x'), full('x'))).steps);
    assert!(steps.starts_with("a: make private_key.pem, root.crt anew [disruptive: "), "{steps}");
    assert_eq!(steps.lines().count(), 1);
}

#[test]
fn a_secretkey_that_harbor_cannot_take_is_not_replaced() {
    let spoilt = || {
        let mut host = full('x');
        host.files.insert("secretkey".to_owned(), file(&format!("{}\n", "x".repeat(16)), 0o600));
        host
    };
    let refused = plan(&usual(&[]), &two(spoilt(), spoilt()));
    assert!(refused.steps.is_empty());
    assert!(refused.refusals[0].detail.contains("has 17 characters instead of 16"));
    // With a good copy elsewhere it is repaired.
    let repaired = plan(&usual(&[]), &two(spoilt(), full('x')));
    assert!(describe(&repaired.steps).contains("a: write"));
}

#[test]
fn adoption_without_the_keys_is_refused() {
    let from = Object::from([("data_volume".to_owned(), Value::from("/data"))]);
    let adopting = usual(&[("adopt_from", Value::Map(from))]);
    let empty = || HostFacts { openssl: true, ..HostFacts::default() };
    let refused = plan(&adopting, &two(empty(), empty()));
    assert_eq!(refused.refusals.len(), 2);
    assert!(refused.steps.is_empty());
    let mut a = empty();
    a.adoptable = ["secretkey", "private_key.pem"].map(str::to_owned).into();
    let steps = describe(&plan(&adopting, &two(a, empty())).steps);
    assert!(steps.contains("a: adopt or make secretkey"), "{steps}");
}

#[test]
fn a_destroy_leaves_the_files_unless_told() {
    let facts = two(full('x'), HostFacts::default());
    let destroy = |settings: &Secrets| destroy(settings, &facts).steps;
    assert!(destroy(&usual(&[])).is_empty());
    let steps = destroy(&usual(&[("on_destroy", Value::from("purge"))]));
    let text = describe(&steps);
    assert!(text.starts_with("a: remove the shared secrets in") && text.lines().count() == 1);
    assert!(text.contains("[destructive: ") && text.contains("on_destroy = \"purge\""));
}

#[test]
fn names_of_unknown_hosts_are_refused_where_they_stand() {
    let diags = SharedSecrets::validate(&usual(&[("authority", Value::from("c"))]));
    assert_eq!((diags[0].severity, &diags[0].path), (Severity::Error, &Path::of("authority")));
    assert!(diags[0].detail.contains("a, b"));
}

#[test]
fn an_import_finds_hosts_directory_and_rotation() {
    let id = "a=root@198.51.100.11:22,b=root@198.51.100.12:22/srv/keys";
    let request = SharedSecrets::import_request(id).expect("a good id");
    assert_eq!(request.targets.len(), 2);
    let mut answers = Answers::default();
    let found = |text: &str| crate::resource::Answer::Output {
        status: 0,
        stdout: format!("600 root root\n{text}"),
        stderr: String::new(),
    };
    assert!(SharedSecrets::import(id, &answers).is_err());
    answers.insert("b", "/srv/keys/secretkey", found("xxxxxxxxxxxxxxxx"));
    answers.insert("b", "/srv/keys/rotation", found("3\n"));
    let object = SharedSecrets::import(id, &answers).expect("found");
    assert_eq!(object["rotation"], Value::Int(3));
    assert_eq!(object["directory"], Value::from("/srv/keys"));
    for bad in ["", "a", "a=", "=root@h", "a=root@h/"] {
        assert!(SharedSecrets::import_request(bad).is_err(), "{bad}");
    }
}
