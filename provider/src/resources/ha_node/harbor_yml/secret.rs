//! Secrets, on their way into the file.

use crate::secret::Secret;

/// Where a secret is not known: in Read, where what is wanted does not count.
const UNKNOWN: &str = "unknown";

/// A secret as `render` takes it.
pub fn secret(given: Option<&Secret>) -> Secret {
    Secret::from(given.map_or(UNKNOWN, Secret::expose).to_owned())
}
