//! The scripts run for real: a directory stands for each host. Only root makes files of root's, so
//! that for others these tests pass over.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::*;
use crate::resource::{Answer, Ask};

/// In scripts, the root directory of the host.
const ROOT: &str = "/HOST-ROOT";

struct Hosts {
    directory: tempfile::TempDir,
}

impl Hosts {
    fn start() -> Option<Self> {
        if fs::metadata("/proc/self").map_or(1, |m| m.uid()) != 0 {
            eprintln!("passed over: not root");
            return None;
        }
        let hosts = Self { directory: tempfile::tempdir().expect("temporary directory") };
        for host in ["a", "b"] {
            fs::create_dir(hosts.root(host)).expect("own directory");
        }
        Some(hosts)
    }

    fn root(&self, host: &str) -> PathBuf {
        self.directory.path().join(host)
    }

    fn path(&self, host: &str, name: &str) -> PathBuf {
        self.root(host).join("secrets/harbor").join(name)
    }

    fn read(&self, host: &str, name: &str) -> String {
        fs::read_to_string(self.path(host, name)).expect("there and readable")
    }

    fn sh(&self, host: &str, script: &str) -> Answer {
        let script = script.replace(ROOT, &self.root(host).display().to_string());
        let mut child = Command::new("sh")
            .args(["-eu", "-s"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("sh starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(script.as_bytes()).expect("sh reads");
        drop(stdin);
        let output = child.wait_with_output().expect("sh ends");
        Answer::Output {
            status: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    fn facts(&self, settings: &Secrets) -> Facts {
        let mut answers = Answers::default();
        for question in SharedSecrets::questions(settings) {
            let Ask::Script(script) = &question.ask else { panic!("only scripts are asked") };
            answers.insert(&question.host, &question.key, self.sh(&question.host, script));
        }
        SharedSecrets::facts(settings, &answers).expect("facts")
    }

    fn step(&self, step: &crate::step::Step) -> Result<(), String> {
        match &step.action {
            Action::Run { script, .. } => match self.sh(&step.host, script) {
                Answer::Output { status: 0, stdout, stderr }
                    if stdout.is_empty() && stderr.is_empty() =>
                {
                    Ok(())
                }
                other => Err(format!("{other:?}")),
            },
            Action::Write(file) => {
                let path = file.path.replace(ROOT, &self.root(&step.host).display().to_string());
                fs::write(&path, file.content.expose()).expect("written");
                fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).expect("mode");
                Ok(())
            }
            other => panic!("{other:?}"),
        }
    }

    /// What an apply does; the number of rounds.
    fn apply(&self, settings: &Secrets) -> usize {
        let first = plan(settings, &self.facts(settings));
        for round in 0..5 {
            let plan = plan(settings, &self.facts(settings));
            assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
            assert_eq!(Plan::wanted(&plan.files), Plan::wanted(&first.files));
            if plan.steps.is_empty() {
                assert_eq!(Plan::actual(&plan.files), Plan::wanted(&plan.files));
                assert_eq!(Plan::actual(&plan.status), Plan::wanted(&plan.status));
                assert_eq!(in_step(&plan), Some(&Value::Bool(true)));
                self.equal(settings);
                return round;
            }
            self.shows_nothing(settings, &plan);
            for step in &plan.steps {
                self.step(step).unwrap_or_else(|why| panic!("{step:?}: {why}"));
            }
        }
        panic!("steps remain");
    }

    fn equal(&self, settings: &Secrets) {
        for name in settings.names() {
            assert_eq!(self.read("a", name), self.read("b", name), "{name}");
            let mode = fs::metadata(self.path("b", name)).expect("there").mode();
            assert_eq!(mode & 0o7777, 0o600, "{name}");
        }
    }

    /// No secret of a host stands in what could be printed.
    fn shows_nothing(&self, settings: &Secrets, plan: &Plan) {
        let facts = self.facts(settings);
        let actions: Vec<&Action> = plan.steps.iter().map(|s| &s.action).collect();
        let all = format!("{plan:?}{facts:?}{actions:?}{}", describe(&plan.steps));
        for name in settings.names().into_iter().filter(|n| self.path("a", n).exists()) {
            let secret = self.read("a", name);
            let word = secret.lines().nth(1).unwrap_or(&secret);
            assert!(!all.contains(word), "{name} is shown");
        }
    }
}

fn here(extra: &[(&str, Value)]) -> Secrets {
    settings(&format!("{ROOT}/secrets/harbor"), extra)
}

#[test]
fn secrets_are_made_once_and_kept_equal() {
    let Some(hosts) = Hosts::start() else { return };
    assert_eq!(hosts.apply(&here(&[])), 2);
    assert_eq!(hosts.read("a", "secretkey").len(), 16);
    assert!(hosts.read("a", "private_key.pem").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    let of_all = || settings_of(&hosts);
    let before = of_all();

    // All of a is lost, and one file of b.
    fs::remove_dir_all(hosts.root("a").join("secrets")).expect("lost");
    hosts.apply(&here(&[]));
    assert_eq!(of_all(), before);

    let changed = |rotated: &Secrets| {
        let before = of_all();
        hosts.apply(rotated);
        let after = of_all();
        let differ = after.iter().filter(|(name, text)| before[*name] != **text);
        differ.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        changed(&here(&[("rotation", Value::Int(2))])),
        [
            "core_secret",
            "csrf_key",
            "jobservice_secret",
            "registry_http_secret",
            "robot_scanner_name_prefix"
        ]
    );
    let both = here(&[("rotation", Value::Int(2)), ("rotate_token_key", Value::Int(7))]);
    assert_eq!(changed(&both), ["private_key.pem", "root.crt"]);

    let purge = here(&[("on_destroy", Value::from("purge"))]);
    fs::write(hosts.path("b", "note"), "by hand").expect("written");
    let plan = destroy(&purge, &hosts.facts(&purge));
    for step in &plan.steps {
        hosts.step(step).expect("removed");
    }
    assert!(!hosts.path("a", "").exists(), "nothing else was in it");
    assert_eq!(fs::read_dir(hosts.path("b", "")).expect("kept").count(), 1);
}

fn settings_of(hosts: &Hosts) -> BTreeMap<String, String> {
    let names = here(&[]).names();
    names.iter().map(|name| ((*name).to_owned(), hosts.read("b", name))).collect()
}

#[test]
fn a_harbor_set_up_by_hand_keeps_its_secrets() {
    let Some(hosts) = Hosts::start() else { return };
    let data = hosts.root("b").join("data");
    let env = hosts.root("b").join("harbor/common/config/core");
    for folder in ["secret/keys", "secret/core"] {
        fs::create_dir_all(data.join(folder)).expect("own directory");
    }
    fs::create_dir_all(&env).expect("own directory");
    fs::write(data.join("secret/keys/secretkey"), "0123456789abcdef\n").expect("written");
    fs::write(data.join("defaultalias"), "oldalias").expect("written");
    let key = data.join("secret/core/private_key.pem");
    // A key in the other form, which Harbor's core does not read.
    let mut openssl = Command::new("openssl");
    openssl.args(["genpkey", "-algorithm", "RSA", "-out"]).arg(&key).stderr(Stdio::null());
    assert!(openssl.status().is_ok_and(|s| s.success()));
    fs::write(env.join("env"), "CORE_SECRET=coreSecret012345\nCSRF_KEY=k\n").expect("written");

    let from = |directory: Option<&str>| {
        let mut from = Object::from([
            ("host".to_owned(), Value::from("b")),
            ("data_volume".to_owned(), Value::from(format!("{ROOT}/data"))),
        ]);
        let directory = directory.map(|d| Value::from(format!("{ROOT}/{d}")));
        from.extend(directory.map(|d| ("directory".to_owned(), d)));
        here(&[("adopt_from", Value::Map(from)), ("harbor_version", Value::from("2.3.2"))])
    };
    // A CSRF key that Harbor refuses is not taken over.
    let broken = from(Some("harbor"));
    let steps = plan(&broken, &hosts.facts(&broken)).steps;
    let why = steps.iter().find_map(|step| hosts.step(step).err()).expect("it fails");
    assert!(why.contains("CSRF_KEY in") && why.contains("32 characters"), "{why}");
    fs::write(env.join("env"), "CORE_SECRET=coreSecret012345\n").expect("written");

    hosts.apply(&from(Some("harbor")));
    assert_eq!(hosts.read("a", "secretkey"), "0123456789abcdef");
    assert_eq!(hosts.read("a", "defaultalias"), "oldalias");
    assert_eq!(hosts.read("a", "core_secret"), "coreSecret012345");
    assert_eq!(hosts.read("a", "csrf_key").len(), 32);
    assert!(hosts.read("a", "private_key.pem").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    let public = |path: &std::path::Path| {
        let output = Command::new("openssl").args(["rsa", "-pubout", "-in"]).arg(path).output();
        output.expect("openssl runs").stdout
    };
    assert_eq!(public(&hosts.path("a", "private_key.pem")), public(&key));
}
