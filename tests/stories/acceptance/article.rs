//! A node that was built by hand comes under the provider: nothing restarts, and what is known of
//! it is what the generated configuration says.

use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::Terraform;

use crate::acceptance::drift::running;
use crate::acceptance::manual::{DATABASES, HARBOR, built, offered};

/// What the configuration must be generated with, as it is not the default.
const EDITS: &str = "s/webhook_job_max_retry: .*/webhook_job_max_retry: 7/
$a uaa: {ca_file: /data/harbor/ssl/harbor.cer}";

pub fn a_node_built_by_hand_is_imported_as_it_is(story: &Story) {
    let rig = story
        .section("a bare host", || Rig::anew("acc-article", &[("a", Distro::Bookworm)]).unwrap());
    let state = rig.state();
    // PostgreSQL, Redis and Harbor get the same one: the generated configuration names each alike.
    let secret = std::fs::read_to_string(&state.redis.password_file).unwrap().trim().to_owned();
    let certificate = offered(&rig);
    story.section("Harbor by hand", || {
        let (a, files) = (rig.host("a"), &state.urls.files);
        built(&a, include_str!("article.sh"), &[&state.urls.docker]);
        built(&a, DATABASES, &[&secret]);
        let volume = "/srv/nas/harbor_data";
        built(&a, HARBOR, &[files, &secret, a.address(), volume, EDITS, "--with-trivy"]);
    });
    let before = running(&rig);
    let terraform = Terraform::new(&rig, "article");
    story.section("the configuration is generated", || generated(&rig, &terraform, &secret));
    story.section("its own certificate must be trusted", || {
        let run = terraform.plan_run(&[]).succeeds();
        let _ = run.says(&["Harbor's certificate is not trusted", "https.trust"]);
        let text = std::fs::read_to_string(terraform.path("generated.tf")).unwrap();
        let trust = text.lines().find(|l| l.trim_start().starts_with("trust ")).unwrap();
        let with = format!("trust = {certificate:?}");
        terraform.write("generated.tf", &text.replace(trust, &with));
    });
    story.section("the plan has one line: who may read harbor.yml", || {
        let plan = terraform.plan();
        let change = plan.only("harbor_ha_node.node");
        // And its health, which could not be asked for without trust.
        let of_host = |l: &&str| l.starts_with("files") || l.starts_with("status");
        let lines = change.lines.iter().map(String::as_str).filter(of_host);
        let lines: Vec<_> = lines.filter(|l| !l.starts_with("status.health ")).collect();
        let mode =
            "files[\"/data/harbor/harbor.yml\"] - (mode 0644 root:root instead of 0600 root:root)";
        assert_eq!(lines, [mode]);
        let warnings = plan.run.readable();
        assert!(!warnings.contains("interrupts service"), "{warnings}");
    });
    story.section("apply", || {
        let _ = terraform.apply().succeeds();
        terraform.plan().is_empty();
        assert_eq!(running(&rig), before);
    });
    story.section("a change is announced, and is that line", || {
        let main = std::fs::read_to_string(terraform.path("generated.tf")).unwrap();
        let retries = |line: &str| match line.split_once("webhook_job_max_retry") {
            Some((before, after)) => {
                format!("{before}webhook_job_max_retry{}", after.replace('7', "8"))
            }
            None => line.to_owned(),
        };
        let main: Vec<String> = main.lines().map(retries).collect();
        terraform.write("generated.tf", &(main.join("\n") + "\n"));
        let plan = terraform.plan();
        let lines = &plan.only("harbor_ha_node.node").lines;
        let yml = lines.iter().filter(|l| l.contains("harbor.yml") && l.contains("webhook"));
        let yml: Vec<_> = yml.map(|l| l.rsplit(' ').next().unwrap_or_default()).collect();
        assert_eq!(yml, ["8", "7"], "{lines:#?}");
        assert!(plan.run.readable().contains("restarts: all its containers are made anew"));
    });
}

/// By `terraform plan -generate-config-out`, with the secrets filled in.
fn generated(rig: &Rig, terraform: &Terraform, secret: &str) {
    let (a, key) = (rig.host("a"), &rig.state().ssh.key);
    terraform.config(&format!(
        "provider \"harbor\" {{\n  ssh = {{ private_key_path = \"{}\" }}\n  \
           known_hosts = [\"{}\"]\n}}\n\
         import {{\n  to = harbor_ha_node.node\n  id = \"root@{}:22/data/harbor\"\n}}\n",
        key.display(),
        rig.state().ssh.known_hosts.display(),
        a.address()
    ));
    let _ = terraform.plan_run(&["-generate-config-out=generated.tf"]);
    let text = std::fs::read_to_string(terraform.path("generated.tf")).unwrap();
    let secrets = ["admin_password_wo", "password_wo"];
    let fill = |line: &str| match line.split_once('=') {
        Some((name, _)) if secrets.contains(&name.trim()) => format!("{name}= \"{secret}\"\n"),
        _ => format!("{line}\n"),
    };
    terraform.write("generated.tf", &text.lines().map(fill).collect::<String>());
}
