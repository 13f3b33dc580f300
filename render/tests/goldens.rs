//! Each folder `goldens/<config file>/<case>/` holds `settings.toml` and the file that it gives
//! under its real name, or `error.txt`. `existing` is the text that a merged file starts from.
//!
//! `UPDATE_GOLDENS=1 cargo test -p breakwater-render --test goldens` rewrites them all.

use std::{
    fs,
    path::{Path, PathBuf},
};

use render::{Error, apt, docker, haproxy, harbor, postgres, systemd};
use serde::de::DeserializeOwned;

/// Settings as TOML, and the existing text, to the file.
type Render = fn(&str, &str) -> Result<String, Error>;

/// The folder, the real name of the file, and its renderer.
const FILES: &[(&str, &str, Render)] = &[
    ("harbor_yml", "harbor.yml", |s, _| harbor::harbor_yml::render(&parse(s))),
    ("compose_override", "docker-compose.override.yml", |s, _| {
        harbor::compose_override::render(&parse(s))
    }),
    ("boot_unit", "harbor.service", |s, _| harbor::boot_unit::render(&parse(s))),
    ("daemon_json", "daemon.json", |s, old| docker::daemon_json::merge(old, &parse(s))),
    ("apt_source", "repository.sources", |s, _| apt::source::render(&parse(s))),
    ("conf", "90-breakwater.conf", |s, _| postgres::conf::render(&parse(s))),
    ("standby_conf", "91-standby.conf", |s, _| postgres::standby_conf::render(&parse(s))),
    ("hba", "pg_hba.conf", |s, old| postgres::hba::merge(old, &postgres::hba::render(&parse(s))?)),
    ("passfile", "pgpass-breakwater", |s, _| postgres::passfile::render(&parse(s))),
    ("archive_script", "breakwater-archive", |s, _| postgres::archive_script::render(&parse(s))),
    ("role_check_script", "role-15-main", |s, _| postgres::role_check::script(&parse(s))),
    ("role_check_socket", "breakwater-role-15-main.socket", |s, _| {
        postgres::role_check::socket(&parse(s))
    }),
    ("role_check_service", "breakwater-role-15-main@.service", |s, _| {
        postgres::role_check::service(&parse(s))
    }),
    ("createcluster_conf", "createcluster.conf", |s, old| {
        postgres::createcluster_conf::merge(old, &parse(s))
    }),
    ("mount_unit", "nas.mount", |s, _| systemd::mount_unit::render(&parse(s))),
    ("postgres_dropin", "10-mount.conf", |s, _| systemd::postgres_dropin::render(&parse(s))),
    ("endpoint_conf", "breakwater-database.cfg", |s, _| haproxy::endpoint_conf::render(&parse(s))),
    ("endpoint_unit", "breakwater-database.service", |s, _| {
        haproxy::endpoint_unit::render(&parse(s))
    }),
    ("docker_dropin", "10-breakwater.conf", |s, _| systemd::docker_dropin::render(&parse(s))),
];

fn parse<T: DeserializeOwned>(settings: &str) -> T {
    toml::from_str(settings).expect("settings.toml fits the settings")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens")
}

fn folders(path: &Path) -> Vec<PathBuf> {
    let mut all: Vec<_> = fs::read_dir(path)
        .unwrap_or_else(|e| panic!("{}: {e}", path.display()))
        .map(|entry| entry.expect("readable").path())
        .filter(|path| path.is_dir())
        .collect();
    all.sort();
    all
}

/// Renders one case and gives the name and text of what it should hold.
fn outcome(case: &Path, name: &str, render: Render) -> (String, String) {
    let settings = fs::read_to_string(case.join("settings.toml")).expect("settings.toml");
    let existing = fs::read_to_string(case.join("existing")).unwrap_or_default();
    let first = render(&settings, &existing);
    assert_eq!(first, render(&settings, &existing), "{}: not deterministic", case.display());
    match first {
        Ok(text) => (name.to_owned(), text),
        Err(error) => ("error.txt".to_owned(), format!("{error}\n")),
    }
}

#[test]
fn every_case_gives_its_file() {
    let update = std::env::var_os("UPDATE_GOLDENS").is_some();
    let mut wrong = Vec::new();
    for (folder, name, render) in FILES {
        let cases = folders(&root().join(folder));
        assert!(!cases.is_empty(), "{folder} has no case");
        for case in cases {
            let (file, text) = outcome(&case, name, *render);
            if update {
                for old in [*name, "error.txt"] {
                    let _ = fs::remove_file(case.join(old));
                }
                fs::write(case.join(&file), &text).expect("golden is writable");
            }
            let golden = fs::read_to_string(case.join(&file)).unwrap_or_default();
            if golden != text {
                wrong.push(format!("{}/{file}:\n{text}", case.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "differ from their goldens:\n{}", wrong.join("\n"));
}

#[test]
fn every_folder_has_its_renderer_and_no_stray_files() {
    for folder in folders(&root()) {
        let name = folder.file_name().expect("named").to_string_lossy().into_owned();
        let Some((_, file, _)) = FILES.iter().find(|(known, ..)| *known == name) else {
            panic!("no renderer for {name}");
        };
        for case in folders(&folder) {
            for entry in fs::read_dir(&case).expect("readable") {
                let entry = entry.expect("readable").file_name();
                let known = ["settings.toml", "existing", "error.txt", file];
                assert!(known.iter().any(|k| entry == **k), "{}: {entry:?}", case.display());
            }
        }
    }
}
