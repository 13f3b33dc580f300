//! Every script that writes where PostgreSQL's user may, while that user is at work there.

use super::super::import::skeleton;
use super::super::names::Paths;
use super::super::scripts::Scripts;
use super::super::settings::Member;
use crate::shell::tests::attack::{self, Place};

/// Paths in the place.
fn paths(place: &Place, paths: Paths) -> Paths {
    let at = |name: &str| place.path(name).display().to_string();
    Paths {
        main_conf: at("theirs/postgresql.conf"),
        shared_conf: at("theirs/conf.d/90-breakwater.conf"),
        own_conf: at("theirs/conf.d/91-standby.conf"),
        hba: at("theirs/pg_hba.conf"),
        passfile: at("theirs/passfile"),
        tls_certificate: at("theirs/server.crt"),
        tls_key: at("theirs/server.key"),
        tls_ca: at("theirs/ca.crt"),
        clone: at("theirs/data.breakwater-new"),
        data: at("theirs/data"),
        etc: at("theirs"),
        bin: at("bin"),
        ..paths
    }
}

/// Stand-ins for PostgreSQL's, with which every script comes to its end.
fn programs(place: &Place) {
    std::fs::create_dir(place.path("bin")).expect("made");
    let programs = [
        ("psql", "echo 7000 1 0/$(date +%N)"),
        ("postgres", "echo 'FATAL: required WAL directory'; exit 1"),
        ("pg_basebackup", "exit 0"),
        ("pg_verifybackup", "exit 0"),
    ];
    for (name, text) in programs {
        let path = place.path("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("executable");
    }
}

/// The scripts, with `nobody` for PostgreSQL's user, and nothing that waits.
fn scripts(place: &Place) -> Vec<String> {
    let settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
    let paths = paths(place, Paths::new(&settings, Member::A));
    let scripts = Scripts { settings: &settings, member: Member::A, paths: &paths };
    programs(place);
    let files = [&paths.shared_conf, &paths.own_conf, &paths.hba].map(Clone::clone);
    let texts = [
        scripts.start_conf("auto"),
        scripts.data_dir_mode(),
        Scripts::keep_previous(&files),
        scripts.put_back(),
        scripts.reload(),
        scripts.comment_out(&["port".to_owned()]),
        scripts.make_password("a:@PASSWORD@\n"),
        Scripts::archive_dir(&place.path("theirs/archive").display().to_string()),
        scripts.register(),
        scripts.clone(),
        scripts.drop_cluster(),
    ];
    let stand_ins =
        "systemctl() { :; }; sleep() { :; }; pg_dropcluster() { :; }; timeout() { shift; \"$@\"; }";
    texts
        .map(|text| {
            let text = text.replace("postgres:postgres", "nobody:nogroup");
            let text = text.replace("-u postgres", "-u nobody").replace("as postgres", "as nobody");
            format!("set -eu; {stand_ins}\n{text}")
        })
        .to_vec()
}

/// What `nobody` may now read of what only root could.
fn given_away(place: &Place) -> String {
    let found = std::process::Command::new("grep")
        .args(["-rlsD", "skip", "root's"])
        .args([place.path("theirs"), "/tmp/breakwater-trial.x".into()])
        .output();
    String::from_utf8_lossy(&found.expect("grep runs").stdout).into_owned()
}

#[test]
fn no_script_writes_or_gives_away_what_is_not_of_the_server() {
    let Some(place) = Place::new() else { return };
    let (before, scripts) = (place.prey(), scripts(&place));
    let names = [
        "start.conf",
        "postgresql.conf",
        "pg_hba.conf",
        "passfile",
        "archive",
        "start.conf.breakwater-tmp",
        "90-breakwater.conf",
        "90-breakwater.conf.breakwater-prev",
        "90-breakwater.conf.breakwater-none",
        "pg_hba.conf.breakwater-prev",
        "postgresql.auto.conf",
        "PG_VERSION",
        "data.breakwater-new",
    ];
    for way in attack::WAYS {
        let owner = place.attacked(way, &names);
        for script in &scripts {
            attack::root_does(script, 6);
        }
        drop(owner);
        assert_eq!(place.prey(), before, "{way:?}");
        assert_eq!(given_away(&place), "", "{way:?}");
    }
}

#[test]
fn left_alone_the_scripts_do_what_they_are_for() {
    let Some(place) = Place::new() else { return };
    let settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
    let paths = paths(&place, Paths::new(&settings, Member::A));
    let scripts = Scripts { settings: &settings, member: Member::A, paths: &paths };
    let does = |text: String, stdin: &str| {
        let text =
            text.replace("postgres:postgres", "nobody:nogroup").replace("-u postgres", "-u nobody");
        let script = format!("systemctl() {{ :; }}\n{text}");
        let mut sh = std::process::Command::new("sh");
        sh.args(["-euc", &script]).stdin(std::process::Stdio::piped());
        let mut child = sh.spawn().expect("sh runs");
        std::io::Write::write_all(&mut child.stdin.take().expect("a pipe"), stdin.as_bytes())
            .expect("taken");
        assert!(child.wait().expect("it ends").success(), "{text}");
    };
    let read = |name: &str| std::fs::read_to_string(place.path(name)).unwrap_or_default();
    does(scripts.register(), "include_dir = 'conf.d'\nport = 5433\nwork_mem = 1\n");
    assert_eq!(
        (read("theirs/start.conf").as_str(), read("theirs/pg_ident.conf").as_str()),
        ("auto\n", "")
    );
    does(scripts.start_conf("manual"), "");
    assert_eq!(read("theirs/start.conf"), "manual\n");
    does(scripts.comment_out(&["port".to_owned()]), "");
    let commented = "include_dir = 'conf.d'\n#breakwater: port = 5433\nwork_mem = 1\n";
    assert_eq!(read("theirs/postgresql.conf"), commented);
    does(scripts.make_password("a:b:@PASSWORD@\n# c\n"), "");
    let passfile = read("theirs/passfile");
    assert!(
        passfile.starts_with("a:b:") && passfile.lines().next().is_some_and(|l| l.len() == 36),
        "{passfile}"
    );

    programs(&place);
    does(scripts.clone(), "");
    assert!(place.path("theirs/data/standby.signal").exists(), "the copy took its place");
    for directory in ["base", "global", "pg_wal"] {
        std::fs::create_dir(place.path("theirs/data").join(directory)).expect("made");
    }
    for file in ["PG_VERSION", "global/pg_control"] {
        std::fs::write(place.path("theirs/data").join(file), "15").expect("written");
    }
    does(scripts.reload(), "");

    // What is kept comes back, and what was not there goes again.
    std::fs::write(&paths.hba, "old").expect("written");
    std::fs::write(&paths.shared_conf, "as it was").expect("written");
    let kept = [&paths.hba, &paths.own_conf, &paths.shared_conf].map(Clone::clone);
    does(Scripts::keep_previous(&kept), "");
    std::fs::write(place.path("theirs/new"), "new").expect("written");
    std::fs::rename(place.path("theirs/new"), &paths.hba).expect("replaced");
    std::fs::write(&paths.own_conf, "new").expect("written");
    does(scripts.put_back(), "");
    assert_eq!(read("theirs/pg_hba.conf"), "old");
    let left = std::fs::read_dir(place.path("theirs/conf.d")).expect("listed").flatten();
    let left: Vec<_> = left.map(|name| name.file_name()).collect();
    assert_eq!(left, ["90-breakwater.conf"]);
    assert_eq!(read("theirs/conf.d/90-breakwater.conf"), "as it was");
    assert!(!place.path("theirs/pg_hba.conf.breakwater-prev").exists());
}
