//! `docker.service.d/10-breakwater.conf`: Docker waits for the mounts that containers use, and gets
//! the proxy that it pulls through.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::unit::{Unit, absolute};
use crate::{Error, Secret};

/// The drop-in of Docker.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Absolute paths whose mounts must be there before Docker starts.
    pub mounts: Vec<String>,
    /// Environment of the daemon, for example `HTTPS_PROXY`; a proxy's URL can hold a password.
    pub environment: BTreeMap<String, Secret>,
}

/// Renders the drop-in.
pub fn render(settings: &Settings) -> Result<String, Error> {
    settings.mounts.iter().try_for_each(|path| absolute("mounts", path))?;
    let mounts = settings.mounts.iter().map(String::as_str);
    let mut unit = Unit::new().section("Unit").words("RequiresMountsFor", mounts)?;
    if !settings.environment.is_empty() {
        unit = unit.section("Service");
    }
    for (name, value) in &settings.environment {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || digit || !name.bytes().all(word) {
            return Err(Error::invalid("environment", "names must be letters, digits and _"));
        }
        let assignment = Secret::new(format!("{name}={}", value.expose()));
        unit = unit.words("Environment", [assignment.expose()])?;
    }
    Ok(unit.finish())
}
