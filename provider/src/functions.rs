//! Provider functions.

use crate::backend::{FunctionError, FunctionSchema};
use crate::value::Value;

/// Their signatures.
pub fn schemas() -> Vec<FunctionSchema> {
    Vec::new()
}

/// Call one.
pub fn call(name: &str, _arguments: &[Value]) -> Result<Value, FunctionError> {
    Err(FunctionError { text: format!("unknown function {name}"), argument: None })
}
