//! TLS between the components: the user's folder becomes `secret/tls`, which
//! is deleted first, and the authorities become known to every container.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::files::{self, HARBOR};
use super::settings::Settings;
use super::{Places, Refusal};
use crate::error::Doing as _;

/// The authority, in the user's folder and in the trusted ones.
const AUTHORITY: &str = "harbor_internal_ca.crt";
/// Components that have a certificate and a key.
const PARTS: [&str; 6] = ["proxy", "core", "job_service", "registryctl", "registry", "portal"];

/// Copies the folder and checks what is in it.
pub fn prepare(places: &Places, settings: &Settings) -> Result<(), Refusal> {
    let Some(folder) = &settings.internal_tls else { return Ok(()) };
    let target = places.data.join("secret/tls");
    if target.exists() {
        fs::remove_dir_all(&target).doing("remove the folder of internal TLS")?;
    }
    let source = places.host.join(folder.trim_start_matches('/'));
    let entries = fs::read_dir(&source).map_err(|_| missing(&source))?;
    fs::create_dir_all(&target).doing("make the folder of internal TLS")?;
    for entry in entries.flatten() {
        let copy = target.join(entry.file_name());
        fs::copy(entry.path(), &copy).doing("copy a file of internal TLS")?;
        let key = copy.extension().is_some_and(|extension| extension == "key");
        let database = copy.file_stem().is_some_and(|stem| stem == "harbor_db");
        let owner = if database { files::BUNDLED } else { HARBOR };
        files::own(&copy, owner, if key { 0o600 } else { 0o644 })?;
    }
    let mut parts = PARTS.to_vec();
    if settings.with("trivy") {
        parts.push("trivy_adapter");
    }
    parts.iter().try_for_each(|part| check(&target, part))
}

fn missing(path: &Path) -> Refusal {
    let text = format!("[Errno 2] No such file or directory: '{}'", path.display());
    Refusal::traceback("FileNotFoundError", text)
}

fn check(folder: &Path, part: &str) -> Result<(), Refusal> {
    let key = folder.join(format!("{part}.key"));
    fs::metadata(&key).map_err(|_| missing(&key))?;
    let name = format!("{part}.crt");
    let text = fs::read_to_string(folder.join(&name)).map_err(|_| missing(&folder.join(&name)))?;
    if has_names(&text) {
        return Ok(());
    }
    Err(Refusal::traceback("Exception", format!("cert file {name} should include SAN")))
}

/// Whether a certificate has the extension of names: by the bytes of its OID.
fn has_names(pem: &str) -> bool {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der = STANDARD.decode(body.trim()).unwrap_or_default();
    der.windows(3).any(|bytes| bytes == [0x55, 0x1d, 0x11])
}

/// The trusted authorities of every container, made anew. Harbor's own is
/// looked for below `/data` of the host, wherever the data volume is.
pub fn trust(places: &Places, settings: &Settings) -> Result<(), Refusal> {
    let folder = places.config.join("shared/trust-certificates");
    if folder.exists() {
        fs::remove_dir_all(&folder).doing("remove the trusted certificates")?;
    }
    fs::create_dir_all(&folder).doing("make the folder of trusted certificates")?;
    let own = format!("/data/secret/tls/{AUTHORITY}");
    for (source, name) in [
        (Some(own.as_str()), AUTHORITY),
        (settings.storage.ca_bundle.as_deref(), "storage_ca_bundle.crt"),
        (settings.redis.root_ca.as_deref(), "redis_tls_ca.crt"),
    ] {
        let source = source.map(|path| places.host.join(path.trim_start_matches('/')));
        // One that is not there is told and left out.
        if let Some(source) = source.filter(|path| path.is_file()) {
            let target = folder.join(name);
            fs::copy(&source, &target).doing("copy a trusted certificate")?;
            files::own(&target, HARBOR, 0o644)?;
        }
    }
    Ok(())
}
