//! The secrets of this process's configurations, so that no log line and no diagnostic shows one,
//! whoever wrote it. The one global of the provider: log lines come from everywhere.

use std::borrow::Cow;
use std::sync::{PoisonError, RwLock};

use zeroize::Zeroizing;

use crate::value;

/// Longest first, so that a secret that contains another goes as a whole.
static SECRETS: RwLock<Vec<Zeroizing<String>>> = RwLock::new(Vec::new());

/// Shorter ones are not masked: they would take ordinary words out of every line, and show by that
/// what they are.
const SHORTEST: usize = 4;

/// A line of a longer secret, such as a private key, is masked by itself from this length on.
const SHORTEST_LINE: usize = 16;

/// Mask this text from now on, and its lines, as programs quote parts of keys.
pub fn register(secret: &str) {
    let lines = secret.lines().map(str::trim).filter(|l| l.len() >= SHORTEST_LINE);
    let mut secrets = SECRETS.write().unwrap_or_else(PoisonError::into_inner);
    for text in std::iter::once(secret.trim()).chain(lines) {
        if text.len() >= SHORTEST && !secrets.iter().any(|s| s.as_str() == text) {
            let at = secrets.partition_point(|s| s.len() > text.len());
            secrets.insert(at, Zeroizing::new(text.to_owned()));
        }
    }
}

/// The text as anybody may see it, also on a terminal: with `[REDACTED]` for every registered secret,
/// and with what would act on a terminal written out. Every text that leaves the process passes here,
/// but for values, which pass [`super::values::encode`].
pub fn masked(text: &str) -> Cow<'_, str> {
    let secrets = SECRETS.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        if text.contains(secret.as_str()) {
            text = Cow::Owned(text.replace(secret.as_str(), "[REDACTED]"));
        }
    }
    match value::shown(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(shown) => Cow::Owned(shown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_their_lines_are_masked() {
        register("hunter2-and-more");
        register("hunter2");
        register("-----BEGIN-----\n  b3BlbnNzaC1rZXktdjEA\nzz\n-----END-----");
        assert_eq!(masked("x hunter2-and-more y hunter2"), "x [REDACTED] y [REDACTED]");
        assert_eq!(masked("line b3BlbnNzaC1rZXktdjEA of a key"), "line [REDACTED] of a key");
        assert_eq!(masked("zz is too short"), "zz is too short");
        assert_eq!(masked("\x1b[2Jhunter2"), "\\u{1b}[2J[REDACTED]");
    }
}
