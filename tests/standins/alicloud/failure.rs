//! An error of the cloud, as its provider shows it.

use provider::diag::Diag;

/// What a call to the cloud's API failed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("ErrorCode: {code} Message: {message}")]
pub struct Failure {
    /// `InvalidVpcId.NotFound`
    pub code: String,
    /// For people.
    pub message: String,
}

/// A result of the cloud.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// One with this code.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }

    /// The diagnostic; `doing` is a phrase such as `creating alicloud_vpc`.
    pub fn diag(&self, doing: &str) -> Diag {
        let detail = format!("[ERROR] terraform-provider-alicloud: {doing} failed: [SDK] {self}");
        Diag::error(format!("{doing}: {}", self.code), detail)
    }
}
