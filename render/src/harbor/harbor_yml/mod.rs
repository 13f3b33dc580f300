//! `harbor.yml` for each Harbor release, rendered natively: never by `prepare migrate`, which
//! switches ciphers on and brings a bundled database back.
//!
//! A key that the release does not read is never written, and asking for one is an error; a key
//! that it demands always is (see [`super::keys`]). What `prepare` would refuse is refused here,
//! because by then `prepare` has wiped the old configuration.

mod check;
mod owned;
mod settings;
mod tree;
mod write;

pub use owned::setting_of;
pub use settings::*;

use crate::{Error, yaml};

const FILE: &str = "harbor.yml";

/// Renders the file.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check::all(settings)?;
    let text = yaml::write(FILE, &write::document(settings)?)?;
    check::data_volume_line(&text, &settings.data_volume)?;
    Ok(text)
}
