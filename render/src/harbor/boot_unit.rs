//! `harbor.service`: brings a node up after Docker and its mounts, and stops it in order.
//!
//! Harbor's containers log to a syslog container on 127.0.0.1:1514. After a boot Docker starts them
//! in any order, those that come before it fail, and Docker does not try again; and bind mounts
//! would be made on the empty local directory if the shared storage comes late.

use serde::{Deserialize, Serialize};

use super::check_path;
use crate::{
    Error,
    template::{self, Format, Text},
};

/// The unit with its fixed parts.
pub const TEMPLATE: &str = include_str!("../../templates/harbor.service.hbs");

/// The boot unit of one node.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The folder of `docker-compose.yml`, absolute.
    pub directory: String,
    /// Paths whose mounts must be there first: the data volume, shared storage.
    #[serde(default)]
    pub mounts: Vec<String>,
    /// Compose is the plugin `docker compose`; else the executable `docker-compose`.
    #[serde(default)]
    pub compose_plugin: bool,
}

#[derive(Serialize)]
struct Values {
    directory: Text,
    mounts: Vec<Text>,
    compose_plugin: bool,
}

/// Renders the unit.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check_path("directory", &settings.directory)?;
    settings.mounts.iter().try_for_each(|path| check_path("mounts", path))?;
    let text = |value: &str| Text::new(Format::Unit, value);
    let values = Values {
        directory: text(&settings.directory)?,
        mounts: settings.mounts.iter().map(|path| text(path)).collect::<Result<_, _>>()?,
        compose_plugin: settings.compose_plugin,
    };
    template::render("harbor.service", Format::Unit, TEMPLATE, &values)
}
