//! Why a file could not be rendered. No variant holds the value of a secret.

/// Why a file could not be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that the software would refuse or misread.
    #[error("invalid {key}: {reason}")]
    Invalid {
        /// Path of the setting, dotted, as in the settings struct or the file.
        key: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A setting was given that this release of the software does not read.
    #[error("{key} is not read by Harbor {release}; it is read by {known}")]
    UnknownKey {
        /// Path of the key in the file.
        key: String,
        /// The release asked for.
        release: String,
        /// The releases that read it, in words.
        known: String,
    },
    /// A release that this crate knows no facts about.
    #[error("unsupported Harbor release {release}: supported are 2.0.0 to {newest}.x")]
    UnsupportedRelease {
        /// What was given.
        release: String,
        /// The newest minor that is supported, like `2.15`.
        newest: String,
    },
    /// A value cannot be written in the syntax of the file.
    #[error("value cannot be written as {syntax}: it {reason}")]
    Unquotable {
        /// The syntax, in words.
        syntax: &'static str,
        /// What the value contains.
        reason: &'static str,
    },
    /// The text that is there already cannot be understood, so it cannot be kept.
    #[error("failed to read the existing {file}: {reason}")]
    Existing {
        /// The file.
        file: &'static str,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// A serializer or a template failed: a mistake in this crate, not in the settings.
    #[error("failed to write {file}: {reason}")]
    Write {
        /// The file.
        file: &'static str,
        /// What the serializer said.
        reason: String,
    },
}

impl Error {
    pub(crate) fn invalid(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), reason: reason.into() }
    }

    /// The setting that the error is about, where it is about one.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Invalid { key, .. } | Self::UnknownKey { key, .. } => Some(key),
            _ => None,
        }
    }

    /// Puts the name of the setting on an error that came from a quoting function.
    pub(crate) fn at(self, key: &str) -> Self {
        match self {
            Self::Unquotable { .. } => Self::invalid(key, self.to_string()),
            other => other,
        }
    }
}
