//! Scripts: what they may rely on, and which of them no shell could take.

use crate::host::error::{HostError, NulByte};

/// What every script of ours may rely on.
pub(in crate::host) const PREAMBLE: &str = "LC_ALL=C; DEBIAN_FRONTEND=noninteractive; \
     PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; \
     export LC_ALL DEBIAN_FRONTEND PATH; unset LANGUAGE LANG; umask 022; cd /\n";

/// Refuses scripts that a shell could not receive whole: with a NUL byte, which [`crate::shell::word`]
/// leaves in its word.
pub(super) fn check_script(host: &str, doing: &str, script: &str) -> Result<(), HostError> {
    if !script.contains('\0') {
        return Ok(());
    }
    let (host, doing) = (host.to_owned(), doing.to_owned());
    Err(HostError::Script { host, doing, source: NulByte })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_byte_is_refused() {
        let checked = |word: &str| check_script("h", "do it", &crate::shell::word(word));
        assert!(matches!(checked("a\0b"), Err(HostError::Script { .. })));
        assert!(checked("a'b").is_ok());
    }
}
