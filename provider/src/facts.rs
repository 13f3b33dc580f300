//! Facts that several resources ask for: a script and a parser taking `&str`.

// Numbers here come from hosts and users: none of them may overflow.
#![cfg_attr(not(test), warn(clippy::arithmetic_side_effects))]

pub mod file;
pub mod lsn;
pub mod os;
pub mod package;
pub mod service;

/// A word of a POSIX shell. A NUL byte, which no argument can hold, gives an empty word.
pub fn shell(text: &str) -> String {
    render::quote::shell(text).unwrap_or_else(|_| "''".to_owned())
}
