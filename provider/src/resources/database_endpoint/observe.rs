//! What is there.

use super::facts::{Facts, NODE};
use super::files::{CONF_PATH, PACKAGE, UNIT, UNIT_PATH};
use super::settings::{DatabaseEndpoint, Outputs};
use crate::facts::package::Package;
use crate::observation::Observation;
use crate::settings::Settings as _;
use crate::step::File;

/// Where the address should stand.
pub const INTERFACE: &str = "lo";
/// The unit as it should be.
pub const RUNNING: &str = "active, enabled";
/// It runs with the files that are there.
pub const LOADED: &str = "loaded";

/// Names in `status`.
pub fn package() -> String {
    format!("package {PACKAGE}")
}

/// The unit's.
pub fn service() -> String {
    format!("service {}", UNIT.trim_end_matches(".service"))
}

/// The address's.
pub fn address(settings: &DatabaseEndpoint) -> String {
    format!("address {}", settings.address)
}

/// What was read of the configuration.
pub const CONFIGURATION: &str = "configuration";

/// What is there.
pub fn observe(settings: &DatabaseEndpoint, facts: &Facts) -> Observation {
    let mut observed = Observation::default();
    let (installed, _) = Package::status(Some(&facts.package), None);
    observed.status(package(), installed);
    observed.status(service(), facts.service.status());
    observed.status(address(settings), facts.interfaces.join(", "));
    if facts.runs() {
        let words = if facts.stale { "changed since it was started" } else { LOADED };
        observed.status(CONFIGURATION, words);
    }
    observed.file(NODE, CONF_PATH, &facts.conf, &File::public(CONF_PATH, ""));
    observed.file(NODE, UNIT_PATH, &facts.unit, &File::public(UNIT_PATH, ""));
    let primary = match facts.primaries()[..] {
        [one] => Some(one.to_owned()),
        _ => None,
    };
    observed.outputs = Outputs { primary }.to_object();
    observed
}
