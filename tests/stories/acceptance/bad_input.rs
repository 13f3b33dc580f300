//! Bad input is refused before anything is touched, at the attribute that is wrong.

use serde_json::json;
use testkit::demo::Demo;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::Terraform;

use crate::acceptance::hosts::fingerprints;

/// A plan of bare hosts takes less, whoever listens there.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);

/// One mistake: what to replace in the configuration by what, and what must be said where.
struct Mistake {
    name: &'static str,
    replace: (&'static str, String),
    /// Text of the source lines that the error points to.
    at: &'static str,
    says: &'static str,
}

fn mistakes(rig: &Rig) -> Vec<Mistake> {
    let (a, b) = (rig.host("a").state().clone(), rig.host("b").state().clone());
    let mistake =
        |name, old, new: &str, at, says| Mistake { name, replace: (old, new.to_owned()), at, says };
    let hostname = "  hostname = var.hostname\n";
    let unknown_key = format!("{hostname}  settings = {{ \"no_such.key\" = \"1\" }}\n");
    let node_b = "b = { ssh = local.ssh[\"b\"] }";
    let ssh_of = |host: &str, key: &str, more: &str| {
        format!("b = {{ ssh = {{ host = \"{host}\", host_key = \"{key}\"{more} }} }}")
    };
    vec![
        mistake(
            "an unknown release of Harbor",
            "version  = var.harbor_version",
            "version  = \"2.99.0\"",
            "version",
            "2.99.0",
        ),
        mistake("a key the release does not know", hostname, &unknown_key, "settings", "no_such"),
        mistake(
            "equal hosts for primary and standby",
            node_b,
            "b = { ssh = local.ssh[\"a\"] }",
            "nodes",
            "a pair needs two hosts",
        ),
        mistake(
            "a wrong host key",
            node_b,
            &ssh_of(&b.address, &a.host_key, ""),
            "nodes",
            "presented the host key",
        ),
        mistake(
            "a refused key",
            node_b,
            &ssh_of(&b.address, &b.host_key, ", user = \"nobody\""),
            "nodes",
            "failed to log in",
        ),
        mistake(
            "a user who may not use sudo",
            node_b,
            &ssh_of(&b.address, &b.host_key, ", user = \"nosudo\""),
            "nodes",
            "failed to become root",
        ),
        mistake(
            "a version of PostgreSQL that is not available",
            "version = var.postgresql_version",
            "version = 17",
            "version",
            "postgresql-17",
        ),
        mistake(
            "an installer whose checksum differs",
            "sha256 = var.installer_sha256",
            &format!("sha256 = \"{}\"", "0".repeat(64)),
            "sha256",
            "SHA-256",
        ),
    ]
}

pub fn bad_input_is_refused_at_its_attribute_and_nothing_is_touched(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-bad", &hosts).unwrap());
    let demo = story.section("installer", || Demo::new(&rig, "demo", "2.15.2", 15));
    let before = fingerprints(&rig);
    let good = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let mut wrong = Vec::new();
    for mistake in mistakes(&rig) {
        let (old, new) = &mistake.replace;
        assert!(good.contains(old), "{}: the example has no {old}", mistake.name);
        demo.terraform.write("main.tf", &good.replace(old, new));
        story.section(mistake.name, || {
            wrong.extend(refusal(&demo.terraform, mistake.name, mistake.at, mistake.says));
        });
    }
    demo.terraform.write("main.tf", &good);
    story.section("a password that Harbor cannot carry", || {
        let name = "a password that Harbor cannot carry";
        let terraform = demo.with(&json!({"database_password": "with space and $"}));
        wrong.extend(refusal(terraform, name, "password_wo", "quote nothing"));
        demo.restore();
    });
    story.section("a port in use", || {
        let name = "a port in use";
        // systemd-run replaces what looks like a variable, so Perl's is an array.
        let listen = "systemd-run --unit taken --quiet perl -MIO::Socket::INET -e \
                      '@s = IO::Socket::INET->new(LocalPort => 443, Listen => 1) or die; sleep 600'
            for i in $(seq 100); do
              ss -Hltn 'sport = :443' | grep -q . && exit 0; sleep 0.1
            done; exit 1";
        rig.host("a").sh(listen).unwrap();
        let begun = std::time::Instant::now();
        wrong.extend(refusal(&demo.terraform, name, "https", "443"));
        // What listens there accepts and never answers.
        let took = begun.elapsed();
        wrong.extend((took > PATIENCE).then(|| format!("{name}: refused after {took:?}")));
        rig.host("a").sh("systemctl stop taken").unwrap();
    });
    if fingerprints(&rig) != before {
        wrong.push(format!("something was touched: {before:#?} is now {:#?}", fingerprints(&rig)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// What is wrong with the refusal of a mistake: the plan must fail, with an error that says this
/// and points to source lines with that. Another resource of the same host may say it too.
fn refusal(terraform: &Terraform, name: &str, at: &str, says: &str) -> Option<String> {
    let run = terraform.plan_run(&[]);
    let errors = run.errors();
    let full = |d: &testkit::terraform::Diagnostic| format!("{}: {}", d.summary, d.detail);
    let saying: Vec<_> = errors.iter().filter(|e| full(e).contains(says)).collect();
    match saying.first() {
        None => Some(format!("{name}: no error says \"{says}\"; all was:\n{}", run.readable())),
        Some(error) if !saying.iter().any(|e| e.code.contains(at)) => {
            Some(format!("{name}: \"{}\" points to \"{}\", not {at}", full(error), error.code))
        }
        Some(_) => None,
    }
}
