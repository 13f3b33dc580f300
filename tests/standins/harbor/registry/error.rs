//! Errors as distribution gives them.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// An error in distribution's form.
pub fn error(status: StatusCode, code: &str, detail: &str) -> Response {
    let message = code.to_lowercase().replace('_', " ");
    let body = json!({"errors": [{"code": code, "message": message, "detail": detail}]});
    (status, Json(body)).into_response()
}
