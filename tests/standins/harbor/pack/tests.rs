//! The installers, looked at as a user would.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

use super::{installer, scripts, write_installers};
use crate::release::{self, Release};

fn release(text: &str) -> Release {
    release::parse(text).expect("a release")
}

/// Path, mode and content of an archive's files.
fn unpack(bytes: &[u8]) -> BTreeMap<String, (u32, Vec<u8>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    let entries = archive.entries().expect("an archive");
    entries
        .map(|entry| {
            let mut entry = entry.expect("an entry");
            let path = entry.path().expect("a path").display().to_string();
            let mode = entry.header().mode().expect("a mode");
            let mut content = Vec::new();
            entry.read_to_end(&mut content).expect("content");
            (path, (mode, content))
        })
        .collect()
}

#[test]
fn images_have_tags_of_the_release_and_one_layer() {
    let folder = tempfile::TempDir::new().expect("a folder");
    let written = write_installers(
        release("2.3.2"),
        &[("standin-harbor".to_owned(), b"program".to_vec())],
        folder.path(),
    )
    .expect("it packs");
    let files = unpack(&std::fs::read(&written[0]).expect("the offline installer"));
    let images = unpack(&files["harbor/harbor.v2.3.2.tar.gz"].1);
    let manifest: Value = serde_json::from_slice(&images["manifest.json"].1).expect("JSON");
    let manifest = manifest.as_array().expect("a list");
    let tags: Vec<&str> =
        manifest.iter().filter_map(|image| image["RepoTags"][0].as_str()).collect();
    assert!(tags.contains(&"goharbor/prepare:v2.3.2"), "{tags:?}");
    assert!(tags.contains(&"goharbor/notary-server-photon:v2.3.2"), "{tags:?}");
    for image in manifest {
        assert_eq!(image["Layers"], manifest[0]["Layers"]);
        assert!(images.contains_key(image["Config"].as_str().unwrap_or_default()));
    }
    let online = unpack(&std::fs::read(&written[1]).expect("the online installer"));
    assert!(!online.keys().any(|path| path.ends_with(".tar.gz")));
    assert_eq!(online["harbor/install.sh"].0, 0o755);
}

#[test]
fn the_same_release_is_the_same_bytes() {
    let pack = || installer(release("2.15.2"), Some(b"images")).expect("it packs");
    assert_eq!(pack(), pack());
}

#[test]
fn scripts_follow_the_release() {
    assert!(scripts::common(release("2.5.3")).contains("docker-compose --version"));
    assert!(scripts::common(release("2.5.4")).contains("docker compose version"));
    assert!(scripts::install(release("2.8.4")).contains("--with-notary)"));
    assert!(!scripts::install(release("2.9.0")).contains("--with-notary)"));
    assert!(scripts::prepare(release("2.9.0")).contains("goharbor/prepare:v2.9.0"));
}

#[test]
fn the_program_is_packed_with_its_loader_and_libraries() {
    let files = super::program::files().expect("strip and ldd");
    let has = |name: &str| files.iter().any(|(path, _)| path.ends_with(name));
    assert!(has("standin-harbor") && has("libc.so.6"), "{:?}", files.iter().map(|f| &f.0));
    assert!(files.iter().any(|(path, _)| path.contains("ld-linux")));
}
