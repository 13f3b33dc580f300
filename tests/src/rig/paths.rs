//! Where things are: the cache (made once, kept) and the rigs (thrown away).

use std::env;
use std::path::PathBuf;

use super::error::{Result, RigError};

/// Longest name of a rig: its network namespace is `bw-NAME`.
const RIG_NAME: usize = 32;
/// Longest name of a host: what Linux takes as a host name, halved.
const HOST_NAME: usize = 32;

/// The cache, outside of any checkout: `$BREAKWATER_CACHE` or `/var/cache/breakwater`.
pub fn cache() -> PathBuf {
    from_environment("BREAKWATER_CACHE", "/var/cache/breakwater")
}

/// The folder of all rigs: `$BREAKWATER_RIG` or `/var/lib/breakwater-rig`.
pub fn rigs() -> PathBuf {
    from_environment("BREAKWATER_RIG", "/var/lib/breakwater-rig")
}

/// The folder of one rig.
pub fn rig(name: &str) -> PathBuf {
    rigs().join(name)
}

/// The file that describes a rig that is up.
pub fn state(name: &str) -> PathBuf {
    rig(name).join("rig.json")
}

/// The folder of one host of a rig.
pub fn host(rig_name: &str, host: &str) -> PathBuf {
    rig(rig_name).join("hosts").join(host)
}

/// Checks the name of a rig.
pub fn check_rig_name(name: &str) -> Result<()> {
    check_name("rig", name, RIG_NAME)
}

/// Checks the name of a host.
pub fn check_host_name(name: &str) -> Result<()> {
    check_name("host", name, HOST_NAME)
}

/// Names become path parts, host names and names of namespaces: nothing else may get through.
fn check_name(what: &'static str, name: &str, longest: usize) -> Result<()> {
    let fits = (1..=longest).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !name.starts_with('-')
        && !name.ends_with('-');
    if fits { Ok(()) } else { Err(RigError::Name { what, name: name.to_owned(), longest }) }
}

fn from_environment(variable: &str, otherwise: &str) -> PathBuf {
    env::var_os(variable).filter(|value| !value.is_empty()).map_or(otherwise.into(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_folder_are_refused() {
        for name in ["", "..", "a/b", "A", "-a", "a-", "a b", &"a".repeat(33)] {
            assert!(check_rig_name(name).is_err(), "{name:?}");
        }
        assert!(check_rig_name("pair-1").is_ok());
    }
}
