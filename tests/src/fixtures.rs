//! What a user brings to a configuration: Harbor's installer, a certificate, keys.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use crate::rig::{cache, paths};
use crate::terraform::{Run, program};

/// Puts the stand-in's installer of a release into a folder; the setting `installer` of it.
pub fn installer(folder: &Path, release: &str) -> Json {
    pack(folder, release);
    let path = folder.join(format!("harbor-offline-installer-v{release}.tgz"));
    let sum = Sha256::digest(fs::read(&path).expect("it was made"));
    let sha256: String = sum.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({ "path": path, "sha256": sha256 })
}

/// Puts all that the stand-in packs for a release into a folder. It is packed once for each build of the
/// stand-in and kept beside the images.
pub fn pack(folder: &Path, release: &str) {
    let program = program("standin-harbor");
    let (all, build) = (paths::cache().join("installers"), build_id(&program));
    let kept = all.join(&build).join(release);
    let _one_at_a_time = cache::lock().expect("the cache is ours");
    if !kept.is_dir() {
        remove_others(&all, &build);
        let aside = kept.with_extension("new");
        let _ = fs::remove_dir_all(&aside);
        let mut pack = Command::new(&program);
        let packed = pack.args(["pack", "--version", release, "--out"]).arg(&aside).output();
        let _ = Run::of(&packed.expect("it is built")).succeeds();
        fs::rename(&aside, &kept).expect("moved into place");
    }
    for file in fs::read_dir(&kept).expect("it is there").flatten() {
        fs::copy(file.path(), folder.join(file.file_name())).expect("copied");
    }
}

/// Removes what is kept of other builds.
fn remove_others(all: &Path, build: &str) {
    for entry in fs::read_dir(all).into_iter().flatten().flatten() {
        if entry.file_name() != build {
            fs::remove_dir_all(entry.path()).expect("the cache is ours");
        }
    }
}

/// When a program was built: what is kept of one build is of no use to another.
pub fn build_id(program: &Path) -> String {
    let built = fs::metadata(program).and_then(|m| m.modified()).expect("it is built");
    let since = built.duration_since(std::time::UNIX_EPOCH).expect("it is past");
    since.as_millis().to_string()
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
    fs::read_to_string(folder.join(name)).expect("it was made")
}
