//! What happens to a node that runs: edits, changes, cuts, its end.

use super::*;

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
fn a_file_of_others_that_changes_is_prepared_and_announced() {
    let dir = "/etc/harbor/tls/internal";
    for change in [
        serde_json::json!({"internal_tls": {"dir": dir}}),
        serde_json::json!({"storage": {"driver": "s3", "ca_bundle": "/etc/harbor/s3-ca.crt",
            "parameters": {"region": "eu-central-1", "bucket": "images"}}}),
        serde_json::json!({"redis": {"host": "redis.example.com", "password_wo": "Redis-pass",
            "tls": {"root_ca": "/etc/harbor/redis-ca.crt"}}}),
    ] {
        let s = settings(change);
        let mut facts = done(&s);
        assert_eq!(steps(&plan(&s, &facts)), "", "{:?}", layout::read_by_prepare(&s));
        let text = settled(&s, &facts).replace("others=as before", "others=renewed");
        facts.seen = NodeProperties::parse(&text);
        let plan = plan(&s, &facts);
        let text = steps(&plan);
        assert!(text.contains("node: run Harbor's prepare\n"), "{text}");
        assert!(text.contains("[disruptive: Harbor on registry.example.com"), "{text}");
        let seen = |pair: &crate::plan::Pair| pair.actual.as_deref() == Some("outdated");
        assert!(plan.status.values().any(seen), "the plan shows it: {:?}", plan.status);
    }
    // A node that reads no such file has the mark that it always had.
    let s = usual();
    let mut facts = done(&s);
    let text = settled(&s, &facts).replace("others=as before", "others=");
    facts.seen = NodeProperties::parse(&text);
    assert_eq!(steps(&plan(&s, &facts)), "");
}

#[test]
fn a_change_of_harbor_yml_is_prepared_and_announced() {
    let facts = done(&usual());
    let s = settings(serde_json::json!({"log": {"level": "debug"}}));
    assert_eq!(
        steps(&plan(&s, &facts)),
        format!(
            "node: keep a copy of the running configuration\n\
             node: write /opt/harbor/harbor.yml\nnode: run Harbor's prepare\n\
             node: pull images that are missing\n\
             node: start Harbor and wait for its containers [disruptive: Harbor on \
             registry.example.com (198.51.100.11) restarts: all its containers are made anew, and \
             pushes and pulls through this node fail for about 30 s]\n{BACK}\
             node: wait until Harbor is healthy\n{BACK}node: remove the copy of the previous configuration\n"
        )
    );
}

/// What puts the previous configuration back.
const BACK: &str = "  or undo: node: put the previous configuration back, and start Harbor with it\n  \
                    or undo: node: wait until Harbor is healthy\n";

#[test]
fn there_is_no_way_back_where_nothing_is_known_to_work_or_the_schema_has_changed() {
    let debug = settings(serde_json::json!({"log": {"level": "debug"}}));
    let back = |s: &HaNode, facts: &Facts| {
        steps(&plan(s, facts)).contains("put the previous configuration")
    };
    let good = done(&usual());
    assert!(back(&debug, &good));
    let sick = Facts { health: Health::Silent, ..good.clone() };
    assert!(!back(&debug, &sick));
    // A cut apply has kept what worked: the next one can still go back, whatever it sees.
    let seen = format!("{}kept=yes\n", settled(&usual(), &good));
    let cut = Facts { seen: NodeProperties::parse(&seen), ..sick };
    assert!(back(&debug, &cut));
    let upgrade = settings(serde_json::json!({"version": "2.15.3"}));
    assert!(!back(&upgrade, &good));
    assert!(!back(&usual(), &Facts::default()));
}

#[test]
fn a_cut_after_prepare_still_makes_the_containers_anew() {
    let before = usual();
    let s = settings(serde_json::json!({"log": {"level": "debug"}}));
    let changed = plan(&s, &done(&before));
    let mut facts = after(&s, &done(&before), &changed.steps);
    let old = settled(&before, &done(&before));
    let up = old.lines().find(|l| l.starts_with("up=")).expect("a digest");
    let text = settled(&s, &facts);
    let text: Vec<&str> = text.lines().map(|l| if l.starts_with("up=") { up } else { l }).collect();
    facts.seen = NodeProperties::parse(&text.join("\n"));
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
    let plan = plan_in(&s, &facts, &context);
    let steps = steps(&plan);
    let first = "node: keep a copy of the running configuration\n\
                 node: write /opt/harbor/docker-compose.override.yml\n";
    assert!(steps.starts_with(first), "{steps}");
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
    facts.seen = NodeProperties::parse(&text);
    let plan = plan(&s, &facts);
    assert_eq!(plan.status["container nginx"].actual.as_deref(), Some("exited"));
    let steps = steps(&plan);
    assert!(steps.starts_with("node: start Harbor and wait for its containers"), "{steps}");
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
        prior: Some(Object::from([("status".to_owned(), status)])),
        ..Context::default()
    };
    let mut facts = done(&s);
    facts.admin = Admin::Unknown;
    s.admin_password_wo = None;
    s.database.password_wo = None;
    let observed = observed::<Node>(&s, &facts, &context);
    assert_eq!(observed.says("prepare"), "done");
    assert_eq!(observed.says("configuration self_registration"), "false");
    let yml = &observed.files[&s.at("harbor.yml")];
    assert!(yml.contains("(secret)") && !yml.contains("Db-pass"), "{yml}");
    let outputs = Outputs::from_object(&observed.outputs, &Path::root()).expect("outputs");
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
    facts.seen =
        NodeProperties::parse(&format!("{}\narchive=yes\ncomposed_newer=yes\n", text.join("\n")));
    assert_eq!(steps(&plan(&s, &facts)), "");
    // Readable by all: that is put right, and what runs is left alone.
    facts.files.insert(path.clone(), public(&commented));
    let text = steps(&plan(&s, &facts));
    assert_eq!(
        text,
        "node: set owner and mode of /opt/harbor/harbor.yml\nnode: wait until Harbor is healthy\n"
    );
}

#[test]
fn destroy_stops_and_leaves_data_and_has_an_end() {
    let s = usual();
    let facts = done(&s);
    let plan = destroy(&s, &facts);
    let text = steps(&plan);
    assert!(text.starts_with("node: stop Harbor [disruptive:"), "{text}");
    assert!(text.contains("remove /opt/harbor/harbor.yml"), "{text}");
    assert!(!text.contains("destructive") && !text.contains("delete"), "{text}");
    assert_eq!(steps(&destroy(&s, &Facts::default())), "");
    let s = settings(serde_json::json!({"on_destroy": "keep"}));
    assert_eq!(steps(&destroy(&s, &facts)), "");
    let s = settings(serde_json::json!({"on_destroy": "purge"}));
    let text = steps(&destroy(&s, &facts));
    assert!(text.contains("allowed by on_destroy = \"purge\""), "{text}");
}

#[test]
fn a_renewed_certificate_comes_with_its_key_though_the_version_stays() {
    let s = usual();
    let facts = done(&s);
    let (pem, key) = (include_str!("renewed.crt"), include_str!("renewed.key"));
    let renewed = settings(serde_json::json!({
        "https": {"certificate": pem, "private_key_wo": key}
    }));
    let context = Context {
        secrets_unchanged: true,
        as_written: [s.at("tls/server.key"), s.at("harbor.yml")].map(|f| (f, true)).into(),
        ..Context::default()
    };
    let text = steps(&plan_in(&renewed, &facts, &context));
    let both = "node: keep a copy of the running configuration\n\
                node: write /opt/harbor/tls/server.key\nnode: write /opt/harbor/tls/server.crt\n";
    assert!(text.starts_with(both), "{text}");
    // Another key alone is not seen while its version stays.
    let other = settings(serde_json::json!({"https": {"certificate": PEM, "private_key_wo": key}}));
    assert_eq!(steps(&plan_in(&other, &facts, &context)), "");
}
