//! From a bare host to a node; Docker.

use super::*;

#[test]
fn a_bare_host_gets_everything_in_order() {
    let mut facts = Facts::default();
    let package = Package { candidate: Some("2.26.1-4".into()), ..Package::default() };
    facts.packages.insert("docker-compose".into(), package);
    let expected = "\
node: write /etc/docker/daemon.json
node: install docker.io, docker-compose
node: write /etc/systemd/system/data-registry.mount
node: write /etc/systemd/system/docker.service.d/10-breakwater.conf
node: mount shared storage at /data/registry
node: start and enable Docker
node: make /opt/harbor
node: bring the installer of Harbor 2.15.2
node: unpack the installer of Harbor 2.15.2
node: load the images of Harbor 2.15.2
node: check that /etc/harbor-secrets holds the shared secrets
node: put the shared secretkey, private_key.pem, root.crt in place
node: write /opt/harbor/tls/server.key
node: write /opt/harbor/tls/server.crt
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

/// Terraform plans again within the apply, when the database may have moved and a component is not
/// healthy for a while: the same must be known then.
#[test]
fn the_components_known_before_do_not_depend_on_their_health_at_that_moment() {
    let s = usual();
    let facts = |healthy, database: &str| {
        let parts = [("trivy", "healthy"), ("database", database)];
        let components = parts.map(|(part, says)| (part.to_owned(), says.to_owned())).into();
        Facts { health: Health::Says { healthy, components }, ..done(&s) }
    };
    let (well, ill) = (facts(true, "healthy"), facts(false, "unhealthy"));
    let known = |s: &HaNode, before: &Facts, now: &Facts| {
        let prior = Some(plan(&usual(), before).outputs);
        let plan = plan_in(s, now, &Context { prior, ..Context::default() });
        assert_ne!(steps(&plan), "");
        plan.outputs_after.get("components").cloned()
    };
    let mut moved = s.clone();
    moved.database.host = "198.51.100.12".into();
    let components = plan(&s, &well).outputs.remove("components");
    assert_eq!(known(&moved, &well, &well), components);
    assert_eq!(known(&moved, &well, &ill), components);
    assert_eq!(known(&moved, &ill, &well), None, "what was ill is seen afterwards");
    moved.trivy = None;
    assert_eq!(known(&moved, &well, &well), None, "another part");
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
    facts.seen = NodeProperties::parse(&format!("pending=reload\n{}", settled(&s, &facts)));
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
fn questions_work_on_a_bare_host_and_hold_no_secret() {
    let s = usual();
    for question in Node::questions(&s) {
        if let crate::resource::Ask::Script(script) = &question.ask {
            assert!(!script.contains("-pass"), "{script}");
            assert!(
                !script.replace("\"$@\"", "").contains('@'),
                "a placeholder is left in {script}"
            );
        }
        assert_eq!(question.host, HOST);
    }
}

#[test]
fn nfs_needs_its_package_and_docker_goes_on() {
    let facts = done(&usual());
    let s = settings(serde_json::json!({"storage": {"shared": {"nfs": "nas.example.com:/x"}}}));
    let steps = steps(&plan(&s, &facts));
    assert!(steps.starts_with("node: install nfs-common\n"), "{steps}");
}

#[test]
fn images_that_somebody_pruned_come_from_the_installer_again() {
    let s = usual();
    let without = |line: &str| {
        let mut facts = done(&s);
        let seen = settled(&s, &facts).replace(line, "");
        facts.seen = NodeProperties::parse(&seen);
        facts
    };
    let pruned = without("images=yes\n");
    let expected = "\
node: make /opt/harbor
node: bring the installer of Harbor 2.15.2
node: unpack the installer of Harbor 2.15.2
node: load the images of Harbor 2.15.2
node: wait until Harbor is healthy
";
    let load = "node: load the images of Harbor 2.15.2\nnode: wait until Harbor is healthy\n";
    assert_eq!(steps(&plan(&s, &pruned)), expected);
    // Nobody says where it is: they are pulled, if they can be.
    let by_hand = HaNode { installer: None, ..s.clone() };
    assert_eq!(steps(&plan(&by_hand, &pruned)), load);
    // A load that was cut off goes on with its archive.
    let mut cut = pruned.clone();
    cut.seen = NodeProperties::parse(&(settled(&s, &cut).replace("images=yes\n", "archive=yes\n")));
    assert_eq!(steps(&plan(&s, &cut)), load);
}

/// What is asked of `apt-get install` where `apt-cache show` says this of docker-cli.
fn asked_for(shown: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().display();
    for (name, text) in [
        ("apt-cache", format!("printf '{shown}'")),
        ("apt-get", format!("case \"$*\" in *install*) echo \"$*\" >>{place}/asked ;; esac")),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("executable");
    }
    let path = format!("{place}:{}", std::env::var("PATH").expect("a path"));
    let script = crate::resources::ha_node::scripts::install(&["docker.io".to_owned()], "");
    let mut shell = std::process::Command::new("sh");
    let status = shell.args(["-euc", &script]).env("PATH", path).status().expect("sh runs");
    assert!(status.success());
    std::fs::read_to_string(folder.path().join("asked")).expect("asked")
}

#[test]
fn the_client_is_installed_where_it_is_a_package() {
    assert!(
        asked_for("Package: docker-cli\nVersion: 26.1.5\n")
            .ends_with("install docker.io docker-cli\n")
    );
    // Other packages name it, and there is none.
    assert!(asked_for("").ends_with("install docker.io\n"));
}
