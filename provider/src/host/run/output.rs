//! What a script gave back.

use std::borrow::Cow;
use std::fmt;

use crate::host::channel::frame::Frame;
use crate::host::error::HostError;

/// Bytes of standard output that one script may print.
pub(in crate::host) const OUTPUT_LIMIT: usize = 16 << 20;

/// What a script printed, and its exit status.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// 0 to 255; 128 + n when a signal ended it.
    pub status: i32,
    /// All of standard output, byte by byte.
    pub stdout_bytes: Vec<u8>,
    /// The end of standard error, at least 64 KiB of it.
    pub stderr_bytes: Vec<u8>,
}

impl Output {
    pub(in crate::host) fn new(frame: Frame, status: i32) -> Self {
        Self { status, stdout_bytes: frame.out.data, stderr_bytes: frame.err.data }
    }

    /// Whether the status is 0.
    pub fn success(&self) -> bool {
        self.status == 0
    }

    /// Standard output as text; what is not UTF-8 is replaced.
    pub fn stdout(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout_bytes)
    }

    /// Standard error as text.
    pub fn stderr(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr_bytes)
    }

    /// Itself, or [`HostError::Failed`] with the end of what it said when the status is not 0.
    pub fn require(self, host: &str, doing: &str) -> Result<Self, HostError> {
        if self.success() {
            return Ok(self);
        }
        let said = if self.stderr_bytes.is_empty() { self.stdout() } else { self.stderr() };
        Err(HostError::Failed {
            host: host.to_owned(),
            doing: doing.to_owned(),
            status: self.status,
            stderr: tail(said.trim(), 2000).to_owned(),
        })
    }
}

impl fmt::Debug for Output {
    /// The sizes alone: what a host printed may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { status, stdout_bytes, stderr_bytes } = self;
        let (out, err) = (stdout_bytes.len(), stderr_bytes.len());
        write!(f, "Output {{ status: {status}, stdout: {out} bytes, stderr: {err} bytes }}")
    }
}

/// The last `limit` bytes of `text` or a little less, whole characters.
fn tail(text: &str, limit: usize) -> &str {
    let mut from = text.len().saturating_sub(limit);
    while !text.is_char_boundary(from) {
        from += 1;
    }
    &text[from..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_end_of_what_was_said() {
        let stderr_bytes = format!("{}é the reason\n", "é".repeat(5000)).into_bytes();
        let output = Output { status: 3, stdout_bytes: b"secret".to_vec(), stderr_bytes };
        assert!(!format!("{output:?}").contains("secret"));
        let error = output.require("h", "do it").expect_err("status 3");
        let text = error.to_string();
        assert!(text.starts_with("failed to do it on h: exit status 3: é"), "{text}");
        assert!(text.ends_with("the reason") && text.len() < 2100, "{text}");
    }
}
