//! Harbor, installed by its own installer: facts about releases, and the files that we write.

pub mod boot_unit;
pub mod compose_override;
pub mod harbor_yml;
pub mod keys;
pub mod release;
pub mod releases;

pub use release::Release;

use crate::Error;

/// Checks a path that ends up unquoted in places that we do not write (the prepare wrapper, volume
/// arguments): absolute, `[A-Za-z0-9._/-]`, no `..`.
pub(crate) fn check_path(key: &str, path: &str) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._/-".contains(&b);
    if !path.starts_with('/') || !path.bytes().all(plain) || path.split('/').any(|p| p == "..") {
        return Err(Error::invalid(
            key,
            "must be an absolute path of letters, digits and ._-/ without ..: Harbor's scripts \
             pass it on unquoted",
        ));
    }
    Ok(())
}
