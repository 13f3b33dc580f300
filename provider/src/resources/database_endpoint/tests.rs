//! What an import finds, and the scripts, run by the real shell beside a HAProxy that is none.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path as FsPath;
use std::process::{Command, Output};

use super::*;
use crate::diag::Path;
use crate::resource::Answer;
use crate::settings::Settings as _;
use crate::value::Value;

fn settings() -> DatabaseEndpoint {
    let place = |text: &str| Value::Map(Object::from([("address".to_owned(), Value::from(text))]));
    let servers = Object::from([
        ("a".to_owned(), place("198.51.100.21")),
        ("b".to_owned(), place("2001:db8::22")),
    ]);
    let ssh = Object::from([("host".to_owned(), Value::from("198.51.100.11"))]);
    let object = Object::from([
        ("ssh".to_owned(), Value::Map(ssh)),
        ("port".to_owned(), Value::Int(6432)),
        ("patience".to_owned(), Value::Int(7)),
        ("servers".to_owned(), Value::Map(servers)),
    ]);
    DatabaseEndpoint::from_object(&object, &Path::root()).expect("settings of the schema")
}

#[test]
fn an_import_finds_what_was_written() {
    let wanted = settings();
    let file = files::conf(&wanted).expect("renders");
    let id = "198.51.100.11";
    let mut answers = Answers::default();
    assert!(Endpoint::import(id, &answers).is_err(), "nothing is there");
    let stdout = format!("644 root root\n{}", file.content.expose());
    let answer = Answer::Output { status: 0, stdout, stderr: String::new() };
    answers.insert(facts::NODE, files::CONF_PATH, answer);
    let found = Endpoint::import(id, &answers).expect("found");
    let found = DatabaseEndpoint::from_object(&found, &Path::root()).expect("settings");
    assert_eq!(found.to_object(), wanted.to_object());
    for bad in ["", "root@", "a:b:c:d@"] {
        assert!(Endpoint::import_request(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_configuration_of_others_is_not_imported() {
    let mut answers = Answers::default();
    let stdout = "644 root root\nlisten x\n  bind *:5433\n".to_owned();
    let answer = Answer::Output { status: 0, stdout, stderr: String::new() };
    answers.insert(facts::NODE, files::CONF_PATH, answer);
    assert!(Endpoint::import("root@198.51.100.11:22", &answers).is_err());
}

/// A script beside a `perl` that says this as HAProxy would.
fn beside(stat: &str, script: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let program = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
    };
    program("perl", &format!("cat <<'E'\n{stat}E"));
    program("sleep", ":");
    run(folder.path(), script)
}

fn run(first: &FsPath, script: &str) -> Output {
    let path = format!("{}:{}", first.display(), std::env::var("PATH").expect("a path"));
    Command::new("sh").args(["-euc", script]).env("PATH", path).output().expect("sh runs")
}

const HEAD: &str = "# pxname,svname,status,check_status,check_code,last_chk,\n";

#[test]
fn a_proof_needs_a_check_that_passed() {
    let proves = |lines: &str| beside(&format!("{HEAD}{lines}"), &scripts::prove());
    let up = "database,a,DOWN,L7STS,503,,\ndatabase,b,UP 1/3,L7OK,200,,\n";
    assert!(proves(up).status.success());
    // A server that was not asked yet counts as up, and what nobody listens at always does.
    for lines in [
        "",
        "database,a,UP,INI,,,\n",
        "database,FRONTEND,OPEN,,,,\ndatabase,hold,UP,L7OK,,,\ndatabase,BACKEND,UP,L7OK,,,\n",
        "other,a,UP,L7OK,200,,\n",
    ] {
        assert!(!proves(lines).status.success(), "{lines}");
    }
    let no = proves("database,a,DOWN,L4CON,,Connection refused,\ndatabase,b,DOWN,L7STS,503,,\n");
    let said = String::from_utf8_lossy(&no.stderr).into_owned();
    assert!(
        said.contains("a: L4CON  Connection refused") && said.contains("b: L7STS 503"),
        "{said}"
    );
}

#[test]
fn what_listens_elsewhere_is_not_in_the_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let ss = folder.path().join("ss");
    let lines = "LISTEN 0 128 127.0.0.1:5433 0.0.0.0:* users:((\"one\",pid=1,fd=3))\n\
                 LISTEN 0 128 0.0.0.0:5433 0.0.0.0:* users:((\"two\",pid=2,fd=3))\n\
                 LISTEN 0 128 *:5433 *:*\n\
                 LISTEN 0 128 10.9.9.9:5433 0.0.0.0:* users:((\"three\",pid=3,fd=3))\n";
    std::fs::write(&ss, format!("#!/bin/sh\ncat <<'E'\n{lines}E\n")).expect("written");
    std::fs::set_permissions(&ss, std::fs::Permissions::from_mode(0o755)).expect("executable");
    let output = run(folder.path(), &scripts::look("10.255.255.254", 5433));
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let found: Vec<&str> = said.lines().filter(|l| l.starts_with("listener=")).collect();
    assert_eq!(found, ["listener=0.0.0.0:5433 two", "listener=*:5433 (unknown)"]);
    assert!(said.contains(scripts::MARK));
}

/// What is called, in order, by an install where `apt-get` ends like this.
fn install(apt_get: &str) -> (bool, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("log");
    for (name, ending) in [("systemctl", "true"), ("apt-get", apt_get)] {
        let path = folder.path().join(name);
        let text = format!("#!/bin/sh\necho {name} \"$@\" >>{}\n{ending}\n", log.display());
        std::fs::write(&path, text).expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
            .expect("executable");
    }
    let output = run(folder.path(), &scripts::install());
    (output.status.success(), std::fs::read_to_string(log).expect("something is called"))
}

#[test]
fn the_distribution_s_own_instance_is_kept_from_starting_and_is_not_left_masked() {
    for (apt_get, succeeds) in [("true", true), ("exit 100", false)] {
        let (success, called) = install(apt_get);
        assert_eq!(success, succeeds, "{called}");
        let lines: Vec<&str> = called.lines().collect();
        assert_eq!(lines.first(), Some(&"systemctl mask --runtime --quiet haproxy.service"));
        assert_eq!(lines.last(), Some(&"systemctl unmask --runtime --quiet haproxy.service"));
        assert!(
            lines[1].starts_with("apt-get ") && lines[1].ends_with("install haproxy"),
            "{called}"
        );
    }
}
