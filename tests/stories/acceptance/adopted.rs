//! What the source article builds on two hosts comes under the provider by `examples/import-existing`:
//! nothing moves, and what restarts is announced.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::demo::is_healthy;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::{Plan, Terraform};

use crate::acceptance::drift::{restarted, running};
use crate::acceptance::hosts::addresses;
use crate::acceptance::manual::{
    DATABASES, HARBOR, HOST, PRIMARY, STANDBY, UNSAFE, built, offered, servers,
};

pub fn two_hosts_built_by_hand_are_adopted_by_the_example(story: &Story) {
    let hosts = [("a", Distro::Bullseye), ("b", Distro::Bullseye)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-adopted", &hosts).unwrap());
    // One for all, as in article.rs.
    let secret = std::fs::read_to_string(&rig.state().redis.password_file).unwrap();
    let secret = secret.trim();
    let certificate = story.section("installer", || offered(&rig));
    made(story, &rig, secret);
    let before = (servers(&rig), running(&rig));
    let terraform = adopting(&rig, &certificate, secret);
    story.section("the plan imports it, and says what restarts and what is unsafe", || {
        shown(&rig, &terraform.plan());
    });
    story.section("apply", || {
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
    });
    story.section("neither PostgreSQL nor Docker has restarted", || {
        assert_eq!(servers(&rig), before.0);
        let again = restarted(&before.1, &running(&rig));
        let services: Vec<_> = again.iter().filter(|s| s.contains(" a service ")).collect();
        assert!(services.is_empty(), "{services:#?}");
    });
    story.section("both serve, and take each other's tokens", || {
        let _ = is_healthy(&terraform, &certificate, secret).succeeds();
    });
    story.section("without imports.tf there is nothing to do", || {
        std::fs::remove_file(terraform.path("imports.tf")).unwrap();
        terraform.plan().is_empty();
    });
}

fn shown(rig: &Rig, plan: &Plan) {
    let summary = "Plan: 4 to import, 1 to add, 4 to change, 0 to destroy.";
    assert!(plan.run.text.contains(summary), "{:#?}", plan.changes);
    assert_eq!(plan.changes["harbor_shared_secrets.shared"].actions, ["create"]);
    let run = plan.run.clone().says(&UNSAFE);
    let said = run.diagnostics();
    let breaks = said.iter().filter(|d| d.summary.contains("interrupts service"));
    let breaks: BTreeSet<&str> = breaks.map(|d| d.detail.as_str()).collect();
    let restarts = |address: &str| {
        format!(
            "- Harbor on harbor.example.test ({address}) restarts: all its containers are made anew, \
             and pushes and pulls through this node fail for about 30 s"
        )
    };
    let expected: Vec<String> = rig.hosts().map(|host| restarts(host.address())).collect();
    assert_eq!(breaks, expected.iter().map(String::as_str).collect());
    for host in rig.hosts() {
        let node = format!("harbor_ha_node.node[\"{}\"]", host.state().name);
        let lines = plan.changes[&node].lines.iter();
        let ours = |l: &&String| ["harbor.yml", "daemon.json"].iter().any(|f| l.contains(f));
        assert_eq!(lines.filter(ours).collect::<Vec<_>>(), HOST_FILES);
    }
}

/// All that changes in the files of Harbor and Docker: who may read the passwords, and what says
/// nothing to Docker, as it is a URL.
const HOST_FILES: [&str; 4] = [
    "files[\"/data/harbor/harbor.yml\"] - (mode 0644 root:root instead of 0600 root:root)",
    "files[\"/etc/docker/daemon.json\"] -     \"https://harbor.example.test\"",
    "files[\"/etc/docker/daemon.json\"] -   \"insecure-registries\": [",
    "files[\"/etc/docker/daemon.json\"] -   ],",
];

/// In the article's order.
fn made(story: &Story, rig: &Rig, secret: &str) {
    let (a, b, urls) = (rig.host("a"), rig.host("b"), &rig.state().urls);
    story.section("NAS, packages and Docker by hand", || {
        std::fs::create_dir(rig.state().nas.join("harbor_nas")).unwrap();
        std::thread::scope(|scope| {
            for host in [a, b] {
                scope.spawn(move || built(&host, HOST, &[&urls.pgdg]));
            }
        });
    });
    story.section("PostgreSQL by hand", || {
        built(&a, PRIMARY, &[b.address()]);
        built(&b, STANDBY, &[a.address()]);
        built(&a, DATABASES, &[secret]);
    });
    story.section("Harbor by hand", || {
        for host in [a, b] {
            let volume = "/data/harbor_nas/harbor_data";
            built(&host, HARBOR, &[&urls.files, secret, a.address(), volume, ""]);
        }
    });
}

/// The example as it is, with its variables and a `known_hosts` file.
fn adopting<'a>(rig: &'a Rig, certificate: &str, secret: &str) -> Terraform<'a> {
    let mut terraform = Terraform::new(rig, "adopted");
    let state = rig.state();
    std::fs::create_dir_all(terraform.path(".ssh")).unwrap();
    std::fs::copy(&state.ssh.known_hosts, terraform.path(".ssh/known_hosts")).unwrap();
    let home = terraform.path("").to_string_lossy().into_owned();
    terraform.env("HOME", home);
    terraform.copy("examples/import-existing").variables(&json!({
        "hosts": addresses(rig),
        "ssh_private_key_path": state.ssh.key,
        "hostname": state.service_name,
        "redis_host": state.redis.address.split(':').next(),
        "certificate": certificate,
        "admin_password": secret,
        "database_password": secret,
        "redis_password": secret,
    }));
    terraform
}
