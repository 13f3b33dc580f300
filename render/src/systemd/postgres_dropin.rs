//! `postgresql@V-C.service.d/10-mount.conf`: PostgreSQL waits for the mount of its data. The
//! packaged unit knows `/var/lib/postgresql` alone.

use serde::Deserialize;

use super::unit::{Unit, absolute};
use crate::Error;

/// The mounts of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Absolute paths: the data directory, and an archive that is elsewhere.
    pub paths: Vec<String>,
}

/// Renders the drop-in.
pub fn render(settings: &Settings) -> Result<String, Error> {
    settings.paths.iter().try_for_each(|path| absolute("paths", path))?;
    let paths = settings.paths.iter().map(String::as_str);
    Ok(Unit::new().section("Unit").words("RequiresMountsFor", paths)?.finish())
}
