//! The scripts that keep the configuration that runs, and put it back.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::super::scripts;
use super::*;

/// A node's directories, with programs in place of Docker and Compose.
struct There {
    folder: TempDir,
    s: HaNode,
}

const PROGRAMS: [(&str, &str); 2] = [
    ("docker-compose", "echo \"$*\" >>\"$HERE/called\"; [ ! -e \"$HERE/broken-$1\" ]"),
    (
        "docker",
        "for last; do :; done
         case $* in *Health*) cat \"$HERE/state-$last\" 2>/dev/null || echo running ;; *) echo running ;; esac",
    ),
];

impl There {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name).display().to_string();
        let s = settings(serde_json::json!({
            "directory": at("harbor"),
            "data_volume": at("data"),
            "log": {"location": at("log")},
        }));
        let there = Self { folder, s };
        for (name, text) in PROGRAMS {
            there.write(&format!("bin/{name}"), &format!("#!/bin/sh\n{text}\n"));
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(there.path(&format!("bin/{name}")), mode).expect("executable");
        }
        there.write(
            "harbor/docker-compose.yml",
            "services:\n  core:\n    container_name: harbor-core\n  proxy:\n    container_name: nginx\n",
        );
        there
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    fn read(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }

    /// Everything that a start goes by, of this name.
    fn configure(&self, name: &str) {
        for file in [
            "harbor/harbor.yml",
            "harbor/common/config/core/env",
            "harbor/tls/server.crt",
            "harbor/tls/server.key",
            "data/secret/cert/server.crt",
        ] {
            self.write(file, name);
        }
        self.write("harbor/.breakwater-prepared", &format!("prepared with {name}"));
    }

    fn configured(&self) -> [Option<String>; 5] {
        [
            "harbor/harbor.yml",
            "harbor/common/config/core/env",
            "harbor/tls/server.key",
            "data/secret/cert/server.crt",
            "harbor/.breakwater-prepared",
        ]
        .map(|file| self.read(file))
    }

    fn run(&self, script: &str) -> Output {
        let path =
            format!("{}:{}", self.path("bin").display(), std::env::var("PATH").expect("one"));
        let mut sh = Command::new("sh");
        sh.args(["-euc", script]).env("PATH", path).env("HERE", self.folder.path());
        sh.output().expect("sh runs")
    }

    fn keep(&self) {
        let output = self.run(&scripts::keep(&self.s));
        assert!(output.status.success(), "{output:?}");
    }

    fn put_back(&self) -> Output {
        self.run(&scripts::put_back(&self.s, "docker-compose"))
    }
}

fn of(name: &str) -> [Option<String>; 5] {
    let mut all = [name, name, name, name, ""].map(|text| Some(text.to_owned()));
    all[4] = Some(format!("prepared with {name}"));
    all
}

const UP: &str = "harbor/.breakwater-up";

#[test]
fn what_ran_comes_back_with_its_marks_and_what_came_new_goes() {
    let there = There::new();
    there.configure("old");
    there.write(UP, "up with old");
    there.keep();
    let kept = std::fs::metadata(there.path("harbor/.breakwater-previous")).expect("kept");
    assert_eq!(kept.permissions().mode() & 0o777, 0o700);
    there.configure("new");
    there.write("harbor/common/config/new/env", "new");
    there.write("harbor/docker-compose.override.yml", "new");
    there.write(UP, "up with new");
    let output = there.put_back();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(there.configured(), of("old"));
    assert_eq!(there.read(UP).as_deref(), Some("up with old"));
    for gone in ["common/config/new/env", "docker-compose.override.yml", ".breakwater-previous"] {
        assert!(!there.path(&format!("harbor/{gone}")).exists(), "{gone}");
    }
    let called = there.read("called").expect("called");
    assert_eq!(called, "down --remove-orphans\nup -d --remove-orphans\n");
    // It is used up.
    let again = there.put_back();
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("no configuration of before"));
    assert_eq!(there.configured(), of("old"));
}

#[test]
fn what_was_never_started_takes_no_one_s_place() {
    for started in [None, Some("up with old")] {
        let there = There::new();
        there.configure("old");
        let _ = started.map(|mark| there.write(UP, mark));
        there.keep();
        // Cut here: what is there now was prepared, and nobody has started it.
        there.configure("untried");
        there.keep();
        let kept = || there.read("harbor/.breakwater-previous/harbor.yml");
        assert_eq!(kept().as_deref(), Some("old"), "{started:?}");
        // Cut later: it was started, and is healthy, or it would not be kept.
        there.write(UP, "up with untried");
        there.keep();
        assert_eq!(kept().as_deref(), Some("untried"), "{started:?}");
    }
}

#[test]
fn cut_anywhere_it_claims_nothing_and_is_done_again() {
    for broken in ["down", "up"] {
        let there = There::new();
        there.configure("old");
        there.write(UP, "up with old");
        there.keep();
        there.configure("new");
        there.write(UP, "up with new");
        there.write(&format!("broken-{broken}"), "");
        assert!(!there.put_back().status.success());
        assert_eq!(there.configured(), of("old"), "{broken}");
        assert_eq!(there.read(UP).as_deref(), Some("-\n-\n-\n"), "{broken}");
        std::fs::remove_file(there.path(&format!("broken-{broken}"))).expect("mended");
        assert!(there.put_back().status.success());
        assert_eq!(there.read(UP).as_deref(), Some("up with old"), "{broken}");
    }
    // Before the marks of the old are back there are none of the new.
    let there = There::new();
    there.configure("old");
    there.keep();
    there.configure("new");
    let whole = scripts::put_back(&there.s, "docker-compose");
    let steps = whole.find("for file in harbor.yml").expect("it puts files back");
    let _ = there.run(&whole[..steps]);
    for mark in ["prepared", "up"] {
        let text = there.read(&format!("harbor/.breakwater-{mark}")).expect("a digest");
        let line = text.replace('\n', " ");
        let recorded = super::super::input_digest::InputDigest::parse(&line).expect("read as one");
        assert!(!recorded.is_of(&[]), "it fits nothing");
    }
    assert!(there.put_back().status.success());
    assert_eq!((there.configured(), there.read(UP)), (of("old"), None));
}

#[test]
fn a_node_that_ran_healthy_gives_up_what_was_kept() {
    let there = There::new();
    there.configure("old");
    there.keep();
    assert!(there.run(&scripts::forget(&there.s)).status.success());
    assert!(!there.path("harbor/.breakwater-previous").exists());
    assert_eq!(there.configured(), of("old"));
}

#[test]
fn the_last_words_of_core_and_of_what_does_not_run_are_told_without_secrets() {
    let there = There::new();
    there.write(
        "log/core.log",
        "begins\nfailed to ping redis://:Pass-1@10.0.0.4:6379/0: WRONGPASS\n",
    );
    there.write("log/proxy.log", "POSTGRESQL_PASSWORD=Pass-2 password: Pass-3 end\n");
    let said = |there: &There| {
        let output = there.run(&scripts::explain(&there.s));
        assert!(output.status.success(), "{output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let core = "harbor-core (running) said last:\nbegins\nfailed to ping \
                redis://:(secret)@10.0.0.4:6379/0: WRONGPASS\n";
    assert_eq!(said(&there), core);
    there.write("state-nginx", "restarting, unhealthy");
    let nginx = "nginx (restarting, unhealthy) said last:\nPOSTGRESQL_PASSWORD=(secret) password: \
                 (secret) end\n";
    assert_eq!(said(&there), format!("{core}{nginx}"));
    // Nothing at all is there: nothing is said, and nothing fails.
    std::fs::remove_dir_all(there.path("harbor")).expect("removed");
    assert_eq!(said(&there), "");
}
