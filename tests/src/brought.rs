//! What a user brings to a configuration: Harbor's installer, a certificate, keys.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::terraform::{Run, repository};

/// Packs the stand-in's installer of a release into a folder; the setting `installer` of it.
pub fn installer(folder: &Path, release: &str) -> Json {
    let build = repository().join("tests/standins/harbor/build");
    make(folder, &format!("'{}' \"$PWD\" {release}", build.display()));
    let path = folder.join(format!("harbor-offline-installer-v{release}.tgz"));
    let sum = Sha256::digest(std::fs::read(&path).expect("it was made"));
    let sha256: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "path": path, "sha256": sha256 })
}

/// Makes a certificate of a name and its key, as `harbor.crt` and `harbor.key`; both as text.
pub fn certificate(folder: &Path, name: &str) -> [String; 2] {
    make(
        folder,
        &format!(
            "openssl req -x509 -newkey rsa:2048 -nodes -days 365 -subj /CN={name} \
             -addext subjectAltName=DNS:{name} -keyout harbor.key -out harbor.crt"
        ),
    );
    ["harbor.crt", "harbor.key"].map(|file| read(folder, file))
}

/// Makes an SSH key of this name; its public half, and its private one.
pub fn ssh_key(folder: &Path, name: &str) -> [String; 2] {
    make(folder, &format!("ssh-keygen -q -t ed25519 -N '' -C '' -f {name}"));
    [&format!("{name}.pub"), name].map(|file| read(folder, file))
}

fn make(folder: &Path, script: &str) {
    let mut shell = Command::new("sh");
    let made = shell.args(["-ec", script]).current_dir(folder).output();
    let _ = Run::of(&made.expect("there is a shell")).succeeds();
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).expect("it was made")
}
