//! What is refused, and where.

use super::*;

#[test]
fn another_secretkey_is_refused_and_another_token_key_replaced() {
    let s = usual();
    let mut facts = done(&s);
    facts.seen =
        NodeProperties::parse(&settled(&s, &facts).replace("secretkey same", "secretkey differs"));
    let plan_1 = plan(&s, &facts);
    assert_eq!(plan_1.refusals[0].path.to_string(), "shared_secrets");
    facts.seen =
        NodeProperties::parse(&settled(&s, &facts).replace("root.crt same", "root.crt missing"));
    let steps = steps(&plan(&s, &facts));
    assert!(steps.starts_with("node: put the shared private_key.pem, root.crt in place\n"));
    assert!(steps.contains("made anew"), "{steps}");
}

#[test]
fn compose_that_cannot_read_the_file_is_refused() {
    let s = usual();
    let mut facts = done(&s);
    facts.seen = NodeProperties::parse(&settled(&s, &facts).replace("2.26.1", "1.24.0"));
    let plan_1 = plan(&s, &facts);
    let refused = refusals(&plan_1);
    assert_eq!(refused[0].0, "docker.compose");
    assert!(refused[0].1.contains("1.27.0") && refused[0].1.contains("1.24.0"), "{refused:?}");
    // The same Compose reads the file of an older release.
    let s = settings(serde_json::json!({"version": "2.3.2"}));
    let mut facts = done(&s);
    facts.seen = NodeProperties::parse(&settled(&s, &facts).replace("2.26.1", "1.24.0"));
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
    let facts = |line: &str| Facts { seen: NodeProperties::parse(line), ..Facts::default() };
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
    let facts = Facts { seen: NodeProperties::parse(&text), ..done(&s) };
    let paths: Vec<_> = refusals(&plan(&s, &facts)).into_iter().map(|r| r.0).collect();
    assert_eq!(paths, ["https.certificate_path", "https.private_key_path"]);
}

#[test]
fn data_is_not_hidden_by_a_mount() {
    let facts = Facts { seen: NodeProperties::parse("mount=data\n"), ..Facts::default() };
    assert_eq!(refusals(&plan(&usual(), &facts))[0].0, "storage.shared");
}

#[test]
fn an_import_id_names_one_host() {
    let host = |id: &str| {
        let request = Node::import_request(id).ok()?;
        let (_, ssh) = request.targets.into_iter().next()?;
        Some((ssh.host, ssh.port))
    };
    for (id, wanted) in [
        ("root@10.0.1.11", Some(("10.0.1.11", 22))),
        ("root@10.0.1.11:2222/data/harbor", Some(("10.0.1.11", 2222))),
        ("root@[2001:db8::1]/opt/harbor", Some(("2001:db8::1", 22))),
        ("root@[2001:db8::1]:2222", Some(("2001:db8::1", 2222))),
        ("root@2001:db8::1", None),
        ("root@2001:db8::1:22", None),
        ("root@10.0.1.11:x", None),
        ("10.0.1.11", None),
        ("@10.0.1.11", None),
        ("root@", None),
        ("root@10.0.1.300", None),
    ] {
        assert_eq!(host(id), wanted.map(|(h, p)| (h.to_owned(), p)), "{id}");
    }
}
