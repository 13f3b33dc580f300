//! The script behind `archive_command`.
//!
//! `test ! -f X && cp Y X` stops for ever at a segment whose copy was cut off, and leaves a torn
//! segment behind. This one is atomic (temporary file, sync, link) and idempotent (the same content
//! again is a success; other content is a failure that is shown).

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    template::{self, Format, Text},
};

/// The script with its fixed parts.
pub const TEMPLATE: &str = include_str!("../../templates/archive.sh.hbs");

/// Where one member archives to.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The archive, an absolute path that must exist: the script never makes it, because a missing
    /// directory is a missing mount. Use one per system identifier.
    pub directory: String,
    /// The name of this member; keeps the temporary files of two members apart.
    pub member: String,
}

#[derive(Serialize)]
struct Values {
    directory: Text,
    member: Text,
}

/// Renders the script. Call it as `archive_command = '<script> %p %f'`.
pub fn render(settings: &Settings) -> Result<String, Error> {
    if !settings.directory.starts_with('/') {
        return Err(Error::invalid("directory", "must be an absolute path"));
    }
    let word = |b: u8| b.is_ascii_alphanumeric() || b"_.-".contains(&b);
    if settings.member.is_empty() || !settings.member.bytes().all(word) {
        return Err(Error::invalid("member", "must be letters, digits, _ . and -"));
    }
    let text = |key: &str, value: &str| Text::new(Format::Shell, value).map_err(|e| e.at(key));
    let values = Values {
        directory: text("directory", &settings.directory)?,
        member: text("member", &settings.member)?,
    };
    template::render("archive script", Format::Shell, TEMPLATE, &values)
}
