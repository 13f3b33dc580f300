//! What the configuration alone shows.

use super::settings::Secrets;
use crate::diag::Path;
use crate::rule::{Findings, Rule};

/// Across settings.
pub const RULES: &[Rule<Secrets>] =
    &[Rule { reads: &["hosts{}", "authority", "adopt_from.host"], check: hosts }];

/// Hosts are named where there are some.
fn hosts(settings: &Secrets, found: &mut Findings) {
    if settings.hosts.is_empty() {
        found.error(Path::of("hosts"), "No hosts", "hosts must name at least one host.");
    }
    let adopted = settings.adopt_from.as_ref().and_then(|a| a.host.as_ref());
    for (path, name) in [("authority", settings.authority.as_ref()), ("adopt_from.host", adopted)] {
        let names: Vec<&str> = settings.hosts.keys().map(String::as_str).collect();
        if let Some(name) = name.filter(|n| !settings.hosts.contains_key(*n)) {
            let detail =
                format!("\"{name}\" is not a key of hosts, which are: {}.", names.join(", "));
            found.error(Path::of(path), "Unknown host", detail);
        }
    }
}
