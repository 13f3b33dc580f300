//! A mount unit for an NFS export, with options that keep data whole.

use serde::Deserialize;

use super::unit::{Unit, absolute};
use crate::{Error, quote};

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Name or address of the server.
    pub server: String,
    /// The export, an absolute path.
    #[serde(default = "root")]
    pub export: String,
    /// Where it is mounted, an absolute path.
    pub path: String,
    /// Protocol version: `3`, `4.0`, `4.1` or `4.2`.
    #[serde(default = "version")]
    pub version: String,
    /// What is on it.
    pub purpose: Purpose,
    /// Further mount options, without those that this decides.
    #[serde(default)]
    pub options: Vec<String>,
}

fn root() -> String {
    "/".to_owned()
}

fn version() -> String {
    "4.0".to_owned()
}

/// What is on a mount; it decides what clients may cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Purpose {
    /// Image layers that several nodes write. A push that goes through two of them must see what
    /// the other has just written, so attributes and missing names are not cached.
    Registry,
    /// A PostgreSQL data directory or archive, with one writer.
    Database,
}

/// The unit's file name, which systemd demands to follow from the path.
pub fn name(path: &str) -> Result<String, Error> {
    absolute("path", path)?;
    Ok(format!("{}.mount", quote::systemd_path(path).map_err(|e| e.at("path"))?))
}

/// Renders the unit.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check(settings)?;
    let kind = if settings.version.starts_with('4') { "nfs4" } else { "nfs" };
    let what = format!("{}:{}", settings.server, settings.export);
    let unit = Unit::new()
        .section("Unit")
        .value("Description", &format!("NFS mount at {}", settings.path))?
        .fixed("Wants", "network-online.target")
        .fixed("After", "network-online.target")
        .section("Mount")
        .value("What", &what)?
        .path("Where", &settings.path)?
        .fixed("Type", kind)
        .value("Options", &options(settings).join(","))?
        .fixed("TimeoutSec", "120")
        .section("Install")
        .fixed("WantedBy", "remote-fs.target");
    Ok(unit.finish())
}

/// Nobody runs a program of the export as somebody else, and none of its files is a device: who writes
/// there from another machine is not root here. `suid` and `dev` among the options take it back.
const UNTRUSTED: [&str; 2] = ["nosuid", "nodev"];

/// `hard`, because a soft mount turns a slow server into lost writes; a timeout of a minute;
/// `noresvport`, because with a reserved port a client cannot reconnect after a failover of the
/// server while the old connection still counts.
fn options(settings: &Settings) -> Vec<String> {
    let mut options = vec![format!("vers={}", settings.version)];
    let fixed = ["proto=tcp", "hard", "timeo=600", "retrans=2", "noresvport", "noatime", "_netdev"];
    options.extend(fixed.map(str::to_owned));
    options.extend(UNTRUSTED.map(str::to_owned));
    if settings.version == "3" && settings.purpose == Purpose::Registry {
        options.push("nolock".to_owned());
    }
    if settings.purpose == Purpose::Registry {
        options.extend(["lookupcache=positive", "actimeo=0"].map(str::to_owned));
    }
    options.extend(settings.options.iter().cloned());
    options
}

fn check(settings: &Settings) -> Result<(), Error> {
    if !["3", "4.0", "4.1", "4.2"].contains(&settings.version.as_str()) {
        return Err(Error::invalid("version", "must be one of 3, 4.0, 4.1, 4.2"));
    }
    let host = |b: u8| b.is_ascii_alphanumeric() || b".-_[]:".contains(&b);
    if settings.server.is_empty() || !settings.server.bytes().all(host) {
        return Err(Error::invalid("server", "must be a name or an address"));
    }
    absolute("export", &settings.export)?;
    absolute("path", &settings.path)?;
    // systemd takes only the plain form of a path for the one that the unit's name says.
    if settings.path == "/" || settings.path.ends_with('/') || settings.path.contains("//") {
        return Err(Error::invalid("path", "must not be /, end with / or contain //"));
    }
    let decided = ["soft", "softerr", "intr", "hard", "vers", "nfsvers", "minorversion", "proto"];
    for option in &settings.options {
        let name = option.split('=').next().unwrap_or_default();
        let harmless = |b: u8| b.is_ascii_alphanumeric() || b"_=.:/-".contains(&b);
        if name.is_empty() || !option.bytes().all(harmless) {
            let reason = "each must be one mount option, name or name=value";
            return Err(Error::invalid("options", reason));
        }
        if decided.contains(&name) {
            let reason = format!(
                "must not hold {name}: the mount is hard, and version decides the protocol"
            );
            return Err(Error::invalid("options", reason));
        }
    }
    Ok(())
}
