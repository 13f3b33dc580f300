//! What the configuration alone shows.

use super::settings::{ExternalDb, OnDestroy};
use crate::diag::Path;
use crate::rule::{Findings, Rule};

/// Across settings.
pub const RULES: &[Rule<ExternalDb>] = &[
    Rule { reads: &["user", "password_wo"], check: password },
    Rule { reads: &["server", "on_destroy"], check: elsewhere },
];

fn missing(found: &mut Findings, path: &str, whose: &str) {
    let detail = format!("{path} must be set: the password of {whose}.");
    found.error(Path::of(path), "Missing password", detail);
}

fn password(settings: &ExternalDb, found: &mut Findings) {
    if settings.password_wo.is_none() {
        missing(found, "password_wo", &format!("the role {}", settings.user));
    }
}

fn elsewhere(settings: &ExternalDb, found: &mut Findings) {
    let Some(server) = &settings.server else { return };
    if server.admin_password_wo.is_none() {
        missing(found, "server.admin_password_wo", &server.admin_user);
    }
    if settings.on_destroy != OnDestroy::Keep {
        let detail = "A destroy has no configuration, and so no password for this server: \
                      on_destroy must be \"keep\" with server. Drop the databases by hand when \
                      they are no longer needed.";
        found.error(Path::of("on_destroy"), "Destroy cannot log in", detail);
    }
}
