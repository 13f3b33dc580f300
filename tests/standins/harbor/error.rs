//! The one error of the stand-in: a message, with its cause beside it.

use std::fmt::Display;

/// What a role could not do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Failure(pub String);

/// Outcome of a role's work.
pub type Result<T> = std::result::Result<T, Failure>;

/// Says what was being done when a foreign error came.
pub trait Doing<T> {
    /// `failed to {what}: {cause}`.
    fn doing(self, what: &str) -> Result<T>;
}

impl<T, E: Display> Doing<T> for std::result::Result<T, E> {
    fn doing(self, what: &str) -> Result<T> {
        self.map_err(|cause| Failure(format!("failed to {what}: {cause}")))
    }
}

/// A failure from text.
pub fn failure(text: impl Into<String>) -> Failure {
    Failure(text.into())
}
