//! Switches that make the stand-in fail on purpose: words in a file of the
//! data volume, so that a test sets them with one write and no restart.

use std::path::Path;

/// File inside the data volume, as `prepare` and `core` see it.
pub const FILE: &str = "/data/standin-fault";

/// Whether `word` stands in the fault file.
///
/// Words: `prepare-fails`, `prepare-dies` (after the wipe, before any file),
/// `core-exits`, `core-hangs` (no API call is answered), and
/// `unhealthy=COMPONENT` for the answer of `/health`.
pub fn is_set(word: &str) -> bool {
    is_set_in(Path::new(FILE), word)
}

/// [`is_set`] with the file given.
pub fn is_set_in(file: &Path, word: &str) -> bool {
    std::fs::read_to_string(file)
        .is_ok_and(|text| text.split_whitespace().any(|found| found == word))
}
