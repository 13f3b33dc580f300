//! Scripts: what they may rely on, how a word enters one, and which of them no shell could take.

use crate::host::error::{HostError, NulByte};

/// What every script of ours may rely on.
pub(in crate::host) const PREAMBLE: &str = "LC_ALL=C; DEBIAN_FRONTEND=noninteractive; \
     PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; \
     export LC_ALL DEBIAN_FRONTEND PATH; unset LANGUAGE LANG; umask 022; cd /\n";

/// A word of a script, quoted.
pub(super) fn quote(host: &str, doing: &str, word: &str) -> Result<String, HostError> {
    render::quote::shell(word).map_err(|_| refused(host, doing))
}

/// Refuses scripts that a shell could not receive whole.
pub(super) fn check_script(host: &str, doing: &str, script: &str) -> Result<(), HostError> {
    if script.contains('\0') { Err(refused(host, doing)) } else { Ok(()) }
}

fn refused(host: &str, doing: &str) -> HostError {
    HostError::Script { host: host.to_owned(), doing: doing.to_owned(), source: NulByte }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nul_byte_is_refused() {
        assert!(matches!(quote("h", "do it", "a\0b"), Err(HostError::Script { .. })));
        assert!(matches!(check_script("h", "do it", "a\0b"), Err(HostError::Script { .. })));
        assert_eq!(quote("h", "do it", "a'b").expect("no NUL byte"), r"'a'\''b'");
    }
}
