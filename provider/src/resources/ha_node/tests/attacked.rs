//! The data volume is Harbor's containers' own: what root does in it, while they may be at work there.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};

use super::super::scripts;
use super::settings;
use crate::shell::tests::attack::{self, Place};

fn node(place: &Place) -> super::HaNode {
    let at = |name: &str| place.path(name).display().to_string();
    settings(serde_json::json!({
        "data_volume": at("theirs"),
        "directory": at("installer"),
        "shared_secrets": at("secrets"),
    }))
}

fn give_secrets(place: &Place) {
    std::fs::create_dir(place.path("secrets")).expect("made");
    std::fs::write(place.path("secrets/secretkey"), "0123456789abcdef").expect("written");
}

#[test]
fn secrets_come_to_their_places_whatever_stands_there() {
    let Some(place) = Place::new() else { return };
    give_secrets(&place);
    let names = [("secretkey", "conf.d/secretkey"), ("secretkey", "data/new/secretkey")];
    let script = scripts::seed(&node(&place), &names);
    let before = place.prey();
    for way in attack::WAYS {
        let owner = place.attacked(way, &["secretkey", "secretkey.breakwater", "new"]);
        attack::root_does(&script, 25);
        drop(owner);
        assert_eq!(place.prey(), before, "{way:?}");
    }
    let place = Place::new().expect("root");
    give_secrets(&place);
    attack::root_does(&scripts::seed(&node(&place), &names), 1);
    let there = place.path("theirs/data/new/secretkey");
    assert_eq!(std::fs::read_to_string(&there).expect("there"), "0123456789abcdef");
    let meta = std::fs::metadata(&there).expect("there");
    assert_eq!((meta.uid(), meta.gid(), meta.permissions().mode() & 0o777), (10000, 10000, 0o600));
}

#[test]
fn a_certificate_that_prepare_wiped_comes_back_into_the_same_directory() {
    let Some(place) = Place::new() else { return };
    let cert = place.path("theirs/secret/cert");
    std::fs::create_dir_all(&cert).expect("made");
    std::fs::write(cert.join("server.key"), "key").expect("written");
    chown(cert.join("server.key"), Some(10000), Some(10000)).expect("given");
    std::os::unix::fs::symlink(place.path("prey/shadow"), cert.join("link")).expect("linked");
    let installer = place.path("installer");
    std::fs::create_dir(&installer).expect("made");
    let prepare = format!("#!/bin/sh\nrm {}\nexit 1\n", attack::word(&cert.join("server.key")));
    std::fs::write(installer.join("prepare"), prepare).expect("written");
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(installer.join("prepare"), mode).expect("executable");
    let directory = std::fs::metadata(&cert).expect("there").ino();
    let script = scripts::prepare(&node(&place), "head", "");
    let output = std::process::Command::new("sh").args(["-euc", &script]).output();
    let output = output.expect("sh runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("the node runs on with the one before"), "{said}");
    let key = std::fs::metadata(cert.join("server.key")).expect("it is back");
    assert_eq!((key.uid(), std::fs::metadata(&cert).expect("there").ino()), (10000, directory));
    let held: String = std::fs::read_dir(&cert)
        .expect("listed")
        .flatten()
        .filter(|name| name.metadata().is_ok_and(|meta| meta.is_file()))
        .map(|name| std::fs::read_to_string(name.path()).expect("read"))
        .collect();
    assert_eq!(held, "key", "what a link leads to is not given away");
}
