//! Units, typed: each setting is written by the function for its kind, because systemd reads kinds
//! differently (some are unquoted, some expand `$`, all expand `%`).

use std::fmt::Write;

use crate::{Error, quote};

/// A unit while it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    text: String,
}

impl Unit {
    /// An empty unit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts a section: `Unit`, `Service`, `Mount`, `Install`.
    #[must_use]
    pub fn section(mut self, name: &'static str) -> Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.put(format_args!("[{name}]"));
        self
    }

    /// A setting that is ours, word for word.
    #[must_use]
    pub fn fixed(mut self, name: &'static str, value: &'static str) -> Self {
        self.put(format_args!("{name}={value}"));
        self
    }

    /// A setting that systemd takes as it stands, such as `Description`.
    pub fn value(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let value = quote::systemd_value(value).map_err(|e| e.at(name))?;
        self.put(format_args!("{name}={value}"));
        Ok(self)
    }

    /// A path in a setting that is one path, such as `Where`, and so takes no quotes.
    pub fn path(self, name: &'static str, path: &str) -> Result<Self, Error> {
        absolute(name, path)?;
        self.value(name, path)
    }

    /// One line for each word of a setting that is a list of words, such as `RequiresMountsFor` or
    /// `Environment`.
    pub fn words<'a>(
        mut self,
        name: &'static str,
        words: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, Error> {
        for word in words {
            let word = quote::systemd_word(word).map_err(|e| e.at(name))?;
            self.put(format_args!("{name}={word}"));
        }
        Ok(self)
    }

    /// A command line.
    pub fn exec(mut self, name: &'static str, command: &[&str]) -> Result<Self, Error> {
        let words = command
            .iter()
            .map(|word| quote::systemd_exec_word(word))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| e.at(name))?;
        self.put(format_args!("{name}={}", words.join(" ")));
        Ok(self)
    }

    /// The text of the unit.
    pub fn finish(self) -> String {
        self.text
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a String cannot fail.
        let _ = self.text.write_fmt(line);
        self.text.push('\n');
    }
}

/// Checks that a path is absolute, without `..` and control characters.
pub(crate) fn absolute(key: &str, path: &str) -> Result<(), Error> {
    let up = path.split('/').any(|part| part == "..");
    if !path.starts_with('/') || up || path.contains(char::is_control) {
        return Err(Error::invalid(
            key,
            "must be an absolute path without .. or control characters",
        ));
    }
    Ok(())
}
