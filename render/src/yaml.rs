//! YAML for readers of YAML 1.1 (`PyYAML` in Harbor's prepare) and 1.2 (Compose).

mod bare;

pub use bare::Bare;

use serde_json::Value;

use crate::Error;

/// Writes a document. Strings that any reader could take for something else are quoted.
///
/// Block scalars are off: with them libyaml and Go's reader fail on a text whose first line starts
/// with a tab.
pub fn write(file: &'static str, document: &Value) -> Result<String, Error> {
    let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
    let mut text = String::new();
    serde_saphyr::to_fmt_writer_with_options(&mut text, document, options)
        .map_err(|e| Error::Write { file, reason: e.to_string() })?;
    Ok(text)
}
