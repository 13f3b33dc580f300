//! What `prepare` checks by itself, after everything was read.

use std::os::unix::fs::MetadataExt as _;

use super::files::HARBOR;
use super::settings::{Https, Settings};
use super::{Places, Refusal};

/// The template's own value, which means nobody edited it.
const TEMPLATE_CERTIFICATE: &str = "/your/certificate/path";

/// The first check that fails, in the order of the real one.
pub fn validate(places: &Places, settings: &Settings) -> Result<(), Refusal> {
    let refuse = |text: &str| Err(Refusal::Validation(text.to_owned()));
    match settings.hostname.as_str() {
        "127.0.0.1" => return refuse("127.0.0.1 can not be the hostname"),
        "reg.mydomain.com" => return refuse("Please specify hostname"),
        _ => {}
    }
    match &settings.https {
        None if settings.with("notary") => {
            return refuse("Error: the protocol must be https when Harbor is deployed with Notary");
        }
        Some(https) => certificate(https)?,
        None => eprintln!(
            "WARNING:root:WARNING: HTTP protocol is insecure. Harbor will deprecate http protocol in the future. Please make sure to upgrade to https"
        ),
    }
    let (log, late): (Vec<&String>, Vec<&String>) =
        settings.late_checks.iter().partition(|text| text.contains("log endpoint"));
    if let Some(text) = log.first() {
        return refuse(text);
    }
    settings.storage.ca_bundle.as_deref().map_or(Ok(()), |path| ca_bundle(places, path))?;
    match late.first() {
        Some(text) => refuse(text),
        None => Ok(()),
    }
}

/// The template's private key path is not noticed, only its certificate path.
fn certificate(https: &Https) -> Result<(), Refusal> {
    let unset = |path: &str| path.is_empty() || path == TEMPLATE_CERTIFICATE;
    let refuse = |key: &str| {
        Err(Refusal::Validation(format!(
            "Error: The protocol is https but attribute {key} is not set"
        )))
    };
    if unset(&https.certificate) {
        return refuse("ssl_cert");
    }
    if unset(&https.private_key) {
        return refuse("ssl_cert_key");
    }
    Ok(())
}

/// What begins with `/data/` is looked for in the container's own, which is
/// the data volume.
fn ca_bundle(places: &Places, path: &str) -> Result<(), Refusal> {
    let refuse = |text: String| Err(Refusal::Validation(text));
    let file = match path.strip_prefix("/data/") {
        Some(inside) => places.data.join(inside),
        None => places.host.join(path.trim_start_matches('/')),
    };
    let Ok(found) = std::fs::metadata(&file) else {
        return refuse("Can not get file info".to_owned());
    };
    let bit = if found.uid() == HARBOR { 0o400 } else { 0o004 };
    if found.mode() & bit == 0 {
        return refuse(format!(
            "Cert File {path} should be owned by user with uid 10000 or readable by others"
        ));
    }
    Ok(())
}
