//! Why `prepare` gives up, and how it says so.

use crate::error::Failure;

/// Why `prepare` gave up.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Validation(String),
    #[error("{kind}: {message}")]
    Traceback { kind: &'static str, message: String },
}

impl Refusal {
    pub fn traceback(kind: &'static str, message: String) -> Self {
        Self::Traceback { kind, message }
    }

    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Validation(_) => 255,
            Self::Traceback { .. } => 1,
        }
    }

    pub fn print(&self) {
        match self {
            Self::Validation(text) => {
                println!("Error happened in config validation...");
                eprintln!("ERROR:root:{text}");
            }
            Self::Traceback { kind, message } => {
                eprintln!("Traceback (most recent call last):");
                eprintln!("  File \"main.py\", line 15, in <module>\n    cli()");
                eprintln!("{kind}: {message}");
            }
        }
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self::traceback("OSError", failure.to_string())
    }
}
