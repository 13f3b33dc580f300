//! What background checks last found.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};

use crate::error::Result;
use crate::fault;

/// The latest outcome of every component's check.
#[derive(Default)]
pub struct Board(Mutex<BTreeMap<&'static str, Option<Result<()>>>>);

impl Board {
    /// Keeps an outcome; none while nothing is known.
    pub fn set(&self, name: &'static str, outcome: Option<Result<()>>) {
        let mut board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.insert(name, outcome);
    }

    /// All of them, as `/health` shows them.
    pub fn components(&self) -> Vec<Value> {
        let board = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        board.iter().map(|(name, outcome)| component(name, outcome.as_ref())).collect()
    }
}

fn component(name: &str, outcome: Option<&Result<()>>) -> Value {
    let error = match outcome {
        _ if fault::is_set(&format!("unhealthy={name}")) => Some("asked to be".to_owned()),
        Some(Ok(())) => None,
        Some(Err(error)) => Some(error.to_string()),
        None => Some("unknown status".to_owned()),
    };
    match error {
        None => json!({"name": name, "status": "healthy"}),
        Some(error) => json!({"name": name, "status": "unhealthy", "error": error}),
    }
}
