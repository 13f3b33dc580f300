//! What the image of a cloud does with user data: the parts of cloud-init that are used here. What
//! is not known is refused, as a host that silently lacks something is a riddle.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value as Json;

use super::error::{At, Result, RigError};
use super::files;

/// User data, understood.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct UserData {
    /// Run early at each boot.
    bootcmd: Vec<Json>,
    /// Run once, when all has started; nobody waits for it.
    runcmd: Vec<Json>,
    /// Written before the first boot.
    write_files: Vec<File>,
    /// Whether keys of the image are replaced, which they are in any case.
    ssh_deletekeys: bool,
    /// `ed25519_private`, `ed25519_public`, ...
    ssh_keys: BTreeMap<String, String>,
    /// A script instead of all that; run as `runcmd` is.
    #[serde(skip)]
    script: Option<String>,
}

/// A file of `write_files`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct File {
    path: String,
    content: String,
    /// Octal: `0644`.
    permissions: Option<String>,
}

/// Runs before anything that matters, each time.
const EACH_BOOT: &str = "[Unit]\nDescription=Boot commands of the user data\n\
    DefaultDependencies=no\nAfter=local-fs.target\nBefore=sysinit.target\n\n[Service]\n\
    Type=oneshot\nExecStart=/bin/sh /var/lib/cloud/bootcmd\n";
/// Runs after everything, once.
const FIRST_BOOT: &str = "[Unit]\nDescription=User data\nAfter=multi-user.target\n\
    ConditionPathExists=!/var/lib/cloud/done\n\n[Service]\n\
    ExecStart=/bin/sh -c '/var/lib/cloud/user-data; touch /var/lib/cloud/done'\n";

impl UserData {
    /// Understands a script (`#!`) or a `#cloud-config`.
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |why: String| RigError::UserData(why);
        if text.starts_with("#!") {
            return Ok(Self { script: Some(text.to_owned()), ..Self::default() });
        }
        let Some(yaml) = text.strip_prefix("#cloud-config") else {
            return Err(refuse("it begins with neither #! nor #cloud-config".to_owned()));
        };
        let data: Self = serde_saphyr::from_str(yaml).map_err(|why| refuse(why.to_string()))?;
        if !data.ssh_keys.is_empty() && data.host_keys().next().is_none() {
            return Err(refuse("ssh_keys has no pair of ed25519 keys".to_owned()));
        }
        Ok(data)
    }

    /// Host keys that are given: kind, private, public. One of ed25519 is among them, or none.
    pub fn host_keys(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        let kinds = ["ed25519", "ecdsa", "rsa"].into_iter();
        let pair = |kind: &'static str| {
            let private = self.ssh_keys.get(&format!("{kind}_private"))?;
            let public = self.ssh_keys.get(&format!("{kind}_public"))?;
            Some((kind, private.as_str(), public.as_str()))
        };
        let given = self.ssh_keys.contains_key("ed25519_private");
        kinds.filter_map(pair).filter(move |_| given)
    }

    /// Puts it on a disk before the first boot.
    pub fn write(&self, root: &Path) -> Result<()> {
        for file in &self.write_files {
            let mode = file.permissions.as_deref().unwrap_or("0644");
            let mode = u32::from_str_radix(mode, 8)
                .map_err(|_| RigError::UserData(format!("permissions {mode:?} are no mode")))?;
            files::write(root.join(file.path.trim_start_matches('/')), &file.content, mode)?;
        }
        let folder = root.join("var/lib/cloud");
        if !self.bootcmd.is_empty() {
            files::write(folder.join("bootcmd"), script(&self.bootcmd), 0o700)?;
            unit(root, "cloud-bootcmd.service", EACH_BOOT, "sysinit.target")?;
        }
        let once = self.script.clone().or_else(|| {
            (!self.runcmd.is_empty()).then(|| format!("#!/bin/sh\n{}", script(&self.runcmd)))
        });
        if let Some(once) = once {
            files::write(folder.join("user-data"), once, 0o700)?;
            unit(root, "cloud-final.service", FIRST_BOOT, "multi-user.target")?;
        }
        Ok(())
    }
}

fn unit(root: &Path, name: &str, text: &str, wanted_by: &str) -> Result<()> {
    let units = root.join("etc/systemd/system");
    files::write(units.join(name), text, 0o644)?;
    let wants = units.join(format!("{wanted_by}.wants"));
    files::folder(&wants)?;
    let link = wants.join(name);
    std::os::unix::fs::symlink(format!("../{name}"), &link).at("link", &link)
}

/// A command is a line for the shell, or a list of words.
fn script(commands: &[Json]) -> String {
    let quoted = |word: &Json| {
        let word = word.as_str().map_or_else(|| word.to_string(), str::to_owned);
        format!("'{}'", word.replace('\'', r"'\''"))
    };
    let line = |command: &Json| match command {
        Json::Array(words) => words.iter().map(quoted).collect::<Vec<_>>().join(" ") + "\n",
        other => other.as_str().unwrap_or_default().to_owned() + "\n",
    };
    commands.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cloud_config_is_understood_or_refused() {
        let text = "#cloud-config\nbootcmd: [\"echo 'a b'\", [touch, \"it's\"]]\n\
            ssh_keys: {ed25519_private: \"-----\\nx\\n\", ed25519_public: ssh-ed25519 AAAA}\n";
        let data = UserData::parse(text).unwrap();
        assert_eq!(script(&data.bootcmd), "echo 'a b'\n'touch' 'it'\\''s'\n");
        let keys: Vec<_> = data.host_keys().collect();
        assert_eq!(keys, [("ed25519", "-----\nx\n", "ssh-ed25519 AAAA")]);
        let refused = UserData::parse("#cloud-config\nswap: {size: 1}\n").unwrap_err().to_string();
        assert!(refused.contains("swap"), "{refused}");
        assert!(UserData::parse("echo x").is_err());
    }
}
