//! The commands of the boot unit, taken from the unit as systemd takes them and run by the shell.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, process::Command};

use render::harbor::boot_unit::{Settings, render};

/// The words of a command line of the unit: quotes of both kinds, `$$`.
fn words(unit: &str, name: &str) -> Vec<String> {
    let line = unit.lines().find_map(|line| line.strip_prefix(name)).expect("command");
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match c {
            c if quote == Some(c) => quote = None,
            '"' | '\'' if quote.is_none() => quote = Some(c),
            ' ' if quote.is_none() => words.push(String::new()),
            c => words.last_mut().expect("never empty").push(c),
        }
    }
    words.iter().map(|word| word.replace("$$", "$")).collect()
}

/// Puts a program into the folder that is the whole PATH.
fn program(folder: &Path, name: &str, body: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\n{body}\n")).expect("program");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode");
}

/// Runs a command of the unit with a Compose that fails so many times; what Compose was asked for.
fn run(command: &str, failures: u32, plugin: bool) -> (bool, Vec<String>) {
    let root = tempfile::tempdir().expect("temporary directory");
    let bin = root.path().join("bin");
    let directory = root.path().join("harbor");
    fs::create_dir(&bin).expect("bin");
    fs::create_dir(&directory).expect("harbor");
    let log = root.path().join("log");
    let compose = format!(
        "echo \"$PWD $0 $*\" >> {log}\n[ $(/usr/bin/wc -l < {log}) -gt {failures} ]",
        log = log.display()
    );
    program(&bin, "docker", &compose);
    program(&bin, "docker-compose", &compose);
    program(&bin, "sleep", "");

    let settings = Settings {
        directory: directory.to_str().expect("UTF-8").to_owned(),
        mounts: Vec::new(),
        compose_plugin: plugin,
    };
    let unit = render(&settings).expect("renders");
    let words = words(&unit, command);
    let status = Command::new(&words[0]).args(&words[1..]).env("PATH", &bin).status();
    let log = fs::read_to_string(log).expect("log");
    let calls = log.lines().map(|line| line.replace(root.path().to_str().expect("UTF-8"), ""));
    (status.expect("sh runs").success(), calls.collect())
}

#[test]
fn start_tries_again_until_every_container_is_up() {
    let (ok, calls) = run("ExecStart=", 2, true);
    assert!(ok);
    assert_eq!(calls, vec!["/harbor /bin/docker compose up -d"; 3]);
}

#[test]
fn start_gives_up_in_the_end() {
    let (ok, calls) = run("ExecStart=", 1000, false);
    assert!(!ok);
    assert_eq!(calls, vec!["/harbor /bin/docker-compose up -d"; 30]);
}

#[test]
fn stop_stops_and_removes_nothing() {
    let (ok, calls) = run("ExecStop=", 0, false);
    assert!(ok);
    assert_eq!(calls, vec!["/harbor /bin/docker-compose stop"]);
}
