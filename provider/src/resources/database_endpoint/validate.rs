//! What the configuration alone shows.

use super::files;
use super::settings::DatabaseEndpoint;
use crate::diag::Path;
use crate::rule::{Findings, Rule};

/// Across settings.
pub const RULES: &[Rule<DatabaseEndpoint>] =
    &[Rule { reads: &["address", "port", "servers", "patience"], check: renders }];

/// What `render` says of it, at the attribute that it names.
fn renders(settings: &DatabaseEndpoint, found: &mut Findings) {
    let Some(wanted) = files::conf_settings(settings) else { return };
    if let Err(error) = render::haproxy::endpoint_conf::render(&wanted) {
        let at = error.key().map_or_else(Path::root, path);
        found.error(at, "Invalid endpoint", crate::diag::sentence(&error.to_string()));
    }
}

/// `servers.a.port` is `servers["a"].port`.
fn path(key: &str) -> Path {
    match key.split('.').collect::<Vec<_>>()[..] {
        [map, name, field] => Path::of(map).key(name).attribute(field),
        _ => Path::of(key),
    }
}
