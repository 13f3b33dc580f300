//! Keys: GPG keys that sign the local repositories, SSH keys of users and hosts.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::command::{check, command};
use super::error::{At, Result};
use super::{files, paths};

/// Kinds of host key that sshd offers by default.
const HOST_KEYS: [&str; 3] = ["ed25519", "rsa", "ecdsa"];
/// Passphrase of `id_encrypted`. Not a secret: the hosts live for one test.
const PASSPHRASE: &str = "passphrase-of-the-rig";

/// The public key (armored) of a repository's signing key; makes the key if there is none.
pub fn archive_key(name: &str) -> Result<PathBuf> {
    let folder = paths::cache().join("keys");
    let public = folder.join(format!("{name}.asc"));
    if public.is_file() {
        return Ok(public);
    }
    let home = gpg_home(name);
    files::remove(&home)?;
    files::folder(&home)?;
    std::fs::set_permissions(&home, Permissions::from_mode(0o700)).at("set mode of", &home)?;
    let user = format!("{name} test archive <{name}@example.test>");
    gpg(name, &["--passphrase", "", "--quick-gen-key", &user, "rsa3072", "sign", "never"])?;
    let armored = gpg(name, &["--armor", "--export"])?;
    files::write(&public, armored, 0o644)?;
    Ok(public)
}

/// Signs a release file in place of its detached signature.
pub fn clearsign(name: &str, from: &Path, to: &Path) -> Result<()> {
    archive_key(name)?;
    let (from, to) = (from.to_string_lossy(), to.to_string_lossy());
    gpg(name, &["--yes", "--output", &to, "--clearsign", &from]).map(drop)
}

fn gpg_home(name: &str) -> PathBuf {
    paths::cache().join("keys").join(name)
}

/// Runs gpg; its agent does not outlive the call.
fn gpg(name: &str, arguments: &[&str]) -> Result<String> {
    let home = gpg_home(name);
    let out = check(command(["gpg", "--batch", "--quiet", "--homedir"]).arg(&home).args(arguments));
    let _ = check(command(["gpgconf", "--kill", "all"]).env("GNUPGHOME", &home));
    out
}

/// Makes the user's key pair, its encrypted copy, and the file with the passphrase.
pub fn make_user_keys(folder: &Path) -> Result<()> {
    let plain = folder.join("id_ed25519");
    if plain.is_file() {
        return Ok(());
    }
    files::folder(folder)?;
    ssh_keygen(&["-t", "ed25519", "-N", "", "-C", "rig"], &plain)?;
    let encrypted = folder.join("id_encrypted");
    std::fs::copy(&plain, &encrypted).at("copy", &plain)?;
    std::fs::set_permissions(&encrypted, Permissions::from_mode(0o600))
        .at("set mode of", &encrypted)?;
    ssh_keygen(&["-p", "-P", "", "-N", PASSPHRASE], &encrypted)?;
    std::fs::copy(folder.join("id_ed25519.pub"), folder.join("id_encrypted.pub"))
        .at("copy", &plain)?;
    files::write(folder.join("passphrase"), PASSPHRASE, 0o600)
}

/// Takes the host keys of one host, kind, private and public, instead of making them.
pub fn take_host_keys<'a>(
    folder: &Path,
    given: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Result<()> {
    for (kind, private, public) in given {
        let key = folder.join(format!("ssh_host_{kind}_key"));
        files::write(&key, format!("{}\n", private.trim()), 0o600)?;
        files::write(key.with_extension("pub"), format!("{}\n", public.trim()), 0o644)?;
    }
    Ok(())
}

/// Makes the host keys of one host, if it has none.
pub fn make_host_keys(folder: &Path) -> Result<()> {
    files::folder(folder)?;
    for kind in HOST_KEYS {
        let key = folder.join(format!("ssh_host_{kind}_key"));
        if !key.is_file() {
            // 2048 bits: half a second less per host, and as good for a test.
            let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
            ssh_keygen(&[&["-t", kind, "-N", "", "-C", "host"], bits].concat(), &key)?;
        }
    }
    Ok(())
}

/// The public host keys in a folder, `TYPE BASE64` each, ed25519 first.
pub fn host_key_lines(folder: &Path) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    for kind in HOST_KEYS {
        let path = folder.join(format!("ssh_host_{kind}_key.pub"));
        // A host that was given its keys has those alone.
        if kind != HOST_KEYS[0] && !path.is_file() {
            continue;
        }
        let text = files::read(path)?;
        lines.push(text.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    }
    Ok(lines)
}

/// `SHA256:...` of the ed25519 host key in a folder.
pub fn fingerprint(folder: &Path) -> Result<String> {
    let key = folder.join("ssh_host_ed25519_key.pub");
    let out = check(command(["ssh-keygen", "-l", "-E", "sha256", "-f"]).arg(key))?;
    Ok(out.split_whitespace().nth(1).unwrap_or_default().to_owned())
}

fn ssh_keygen(arguments: &[&str], key: &Path) -> Result<()> {
    check(command(["ssh-keygen", "-q"]).args(arguments).arg("-f").arg(key)).map(drop)
}
