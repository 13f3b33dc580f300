//! `/etc/postgresql-common/createcluster.conf`, written before the server package is installed, so
//! that the package makes no cluster of its own and nothing has to be dropped.

use serde::Deserialize;

use crate::Error;

/// Defaults of `pg_createcluster`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Whether installing the server package makes the cluster `main`.
    #[serde(default)]
    pub create_main_cluster: bool,
}

/// Renders a file that holds our key alone.
pub fn render(settings: &Settings) -> Result<String, Error> {
    merge("", settings)
}

/// Sets our key in the existing text and keeps every other line. The last line of a key counts, so
/// ours replaces all of them, at the place of the first.
pub fn merge(existing: &str, settings: &Settings) -> Result<String, Error> {
    let ours = format!("create_main_cluster = {}\n", settings.create_main_cluster);
    let mut text = String::new();
    let mut written = false;
    for line in existing.split_inclusive('\n') {
        let key = line.split('=').next().unwrap_or_default().trim();
        if key != "create_main_cluster" {
            text.push_str(line);
        } else if !written {
            text.push_str(&ours);
            written = true;
        }
    }
    if !written {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&ours);
    }
    Ok(text)
}
