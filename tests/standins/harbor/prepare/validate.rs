//! What `prepare` checks by itself, after everything was read.

use super::Refusal;
use super::settings::{Https, Settings};

/// The template's own value, which means nobody edited it.
const TEMPLATE_CERTIFICATE: &str = "/your/certificate/path";

/// The first check that fails, in the order of the real one.
pub fn validate(settings: &Settings) -> Result<(), Refusal> {
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
    match settings.late_checks.first() {
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
