//! The registry container: OCI distribution over a folder, behind the
//! password that core knows.

mod error;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod uploads;

use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use store::Store;

use crate::error::{Doing, Result};
use crate::http;

const CONFIGURATION: &str = "/etc/registry/config.yml";
const PASSWORDS: &str = "/etc/registry/passwd";

/// The registry's folder and who may use it.
pub struct Registry {
    store: Store,
    /// `user:bcrypt` lines.
    passwords: String,
}

/// Serves port 5000 until it is stopped. Any storage driver is played by the
/// folder `/storage`.
pub async fn run() -> Result<()> {
    let text = std::fs::read_to_string(CONFIGURATION).doing("read config.yml")?;
    let config: Value = serde_saphyr::from_str(&text).doing("read config.yml")?;
    let folder = config["storage"]["filesystem"]["rootdirectory"].as_str().unwrap_or("/storage");
    let registry = Registry {
        store: Store::new(Path::new(folder)),
        passwords: std::fs::read_to_string(PASSWORDS).doing("read passwd")?,
    };
    http::serve(5000, router(registry)).await
}

/// The registry's whole interface.
pub fn router(registry: Registry) -> Router {
    Router::new().fallback(serve).with_state(Arc::new(registry))
}

async fn serve(State(registry): State<Arc<Registry>>, request: Request<Body>) -> Response {
    if request.uri().path() == "/" {
        return StatusCode::OK.into_response();
    }
    if !registry.admits(request.headers()) {
        let basic = "Basic realm=\"harbor-registry-basic-realm\"";
        return (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, basic)]).into_response();
    }
    routes::serve(&registry.store, request).await.unwrap_or_else(|error| {
        eprintln!("[error] {error}");
        StatusCode::INTERNAL_SERVER_ERROR.into_response()
    })
}

impl Registry {
    fn admits(&self, headers: &HeaderMap) -> bool {
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.strip_prefix("Basic "))
            .and_then(|text| STANDARD.decode(text).ok())
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((user, password)) = given.as_deref().and_then(|text| text.split_once(':')) else {
            return false;
        };
        self.passwords
            .lines()
            .filter_map(|line| line.split_once(':'))
            .any(|(name, hash)| name == user && bcrypt::verify(password, hash).unwrap_or(false))
    }
}
