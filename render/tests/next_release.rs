//! A release is added as one row of the table and its golden: shown with a made-up 2.16, which is
//! in no table that is shipped.

use std::fs;
use std::path::{Path, PathBuf};

use render::harbor::release::{prepare_flags, upgrade_path};
use render::harbor::releases::{
    Changes, Component, ComposeNeed, Kind, Oldest, Quirk, RELEASES, Row,
};
use render::harbor::{Release, compose_override, harbor_yml, keys};

/// What the made-up minor brings, and takes.
fn row() -> Row {
    Row {
        compose: Some(ComposeNeed { version: Oldest(2, 20, 0), documented: Oldest(2, 20, 0) }),
        webhook_retries: Some(5),
        keys: Changes {
            new: &["jobservice.pace"],
            gone: &["jobservice.logger_sweeper_duration"],
            ..Changes::NONE
        },
        settings: Changes::new(&[("pace_of_jobs", Kind::Number)]),
        quirks: Changes { patched: &[(1, Quirk::ComposeFileVersion)], ..Changes::NONE },
        ..Row::like_the_last(16, "2.16.0", 190, 14)
    }
}

fn table() -> &'static [Row] {
    let mut table = RELEASES.to_vec();
    table.push(row());
    table.leak()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/next_release")
}

fn settings(release: Release) -> harbor_yml::Settings {
    let text = fs::read_to_string(folder().join("settings.toml")).expect("settings.toml");
    let settings = toml::from_str(&text).expect("settings.toml fits the settings");
    let pace = ("jobservice.pace".to_owned(), serde_json::json!("slow"));
    harbor_yml::Settings { release, extra: [pace].into(), ..settings }
}

#[test]
fn its_file_follows_the_row() {
    let release = Release::find(table(), "2.16.0").expect("the table has it");
    let text = harbor_yml::render(&settings(release)).expect("the file");
    let path = folder().join("harbor.yml");
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::write(&path, &text).expect("golden is writable");
    }
    assert_eq!(text, fs::read_to_string(&path).unwrap_or_default());
    let before = Release::find(table(), "2.15.2").expect("the table has it");
    assert!(harbor_yml::render(&settings(before)).is_err(), "the key came with 2.16");
}

#[test]
fn every_question_is_answered_from_the_row() {
    let release = |text| Release::find(table(), text).expect("the table has it");
    let (old, new) = (release("2.15.2"), release("2.16.3"));
    assert_eq!((new.to_string().as_str(), new.schema()), ("2.16.3", 190));
    assert!(keys::is_known(new, "jobservice.pace") && !keys::is_known(old, "jobservice.pace"));
    assert_eq!(
        (old.setting("pace_of_jobs"), new.setting("pace_of_jobs")),
        (None, Some(Kind::Number))
    );
    assert_eq!(new.compose(), row().compose);
    assert_eq!(new.docker(), old.docker(), "what a row does not name is as before");
    assert!(
        !release("2.16.0").has(Quirk::ComposeFileVersion) && new.has(Quirk::ComposeFileVersion)
    );
    let path = |from, to| upgrade_path(release(from), release(to)).map(|path| path.join(" "));
    assert_eq!(path("2.14.0", "2.16.0").as_deref(), Ok("2.16"));
    assert_eq!(path("2.12.0", "2.16.0").as_deref(), Ok("2.15 2.16"));
    assert!(prepare_flags(new, &[Component::Notary]).is_err());
}

#[test]
fn no_release_is_shipped_that_is_not_in_the_table() {
    assert!("2.16.0".parse::<Release>().is_err());
    let names = |release| compose_override::render(&override_settings(release)).expect("a file");
    let release = |text| Release::find(table(), text).expect("the table has it");
    assert!(!names(release("2.16.0")).contains("version:"));
    assert!(names(release("2.16.1")).contains("version:"));
}

fn override_settings(release: Release) -> compose_override::Settings {
    let secret = || "s".repeat(32).into();
    compose_override::Settings {
        release,
        jobservice_secret: secret(),
        core_secret: secret(),
        csrf_key: secret(),
        registry_http_secret: None,
        robot_scanner_name_prefix: None,
        trivy_cache: None,
    }
}
