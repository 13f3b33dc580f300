//! A mount unit that shows one directory at another path, such as a directory of a NAS inside
//! Harbor's data volume.

use serde::Deserialize;

use super::unit::{Unit, absolute};
use crate::Error;

/// One bind mount.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The directory that is shown, absolute; what it is on is mounted first.
    pub source: String,
    /// Where it is shown, absolute.
    pub path: String,
}

/// Renders the unit. Its name is [`super::mount_unit::name`] of the path.
pub fn render(settings: &Settings) -> Result<String, Error> {
    absolute("source", &settings.source)?;
    absolute("path", &settings.path)?;
    let unit = Unit::new()
        .section("Unit")
        .value("Description", &format!("{} at {}", settings.source, settings.path))?
        .words("RequiresMountsFor", [settings.source.as_str()])?
        .section("Mount")
        .path("What", &settings.source)?
        .path("Where", &settings.path)?
        .fixed("Type", "none")
        .fixed("Options", "bind")
        .section("Install")
        .fixed("WantedBy", "multi-user.target");
    Ok(unit.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_mounted_first() {
        let settings = Settings { source: "/srv/nas/x".into(), path: "/data/registry".into() };
        let unit = render(&settings).expect("plain paths");
        assert!(unit.contains("RequiresMountsFor=\"/srv/nas/x\"\n"), "{unit}");
        assert!(unit.contains("What=/srv/nas/x\nWhere=/data/registry\n"), "{unit}");
        assert!(render(&Settings { source: "relative".into(), path: "/x".into() }).is_err());
    }
}
