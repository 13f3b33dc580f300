//! Containers of which nothing but "it answers" is used.

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

use crate::error::{Result, failure};
use crate::http;

/// Serves the health endpoint of `role`.
pub async fn run(role: &str) -> Result<()> {
    let (port, path, text) = match role {
        "portal" => (8080, "/", "<!doctype html><title>Harbor</title>"),
        "registryctl" => (8080, "/api/health", "\"healthy\""),
        "trivy-adapter" => (8080, "/probe/healthy", ""),
        "exporter" => (8080, "/metrics", "harbor_up 1\n"),
        "notary-server" => (4443, "/_notary_server/health", "{}"),
        "notary-signer" => (4444, "/_notary_signer/health", "{}"),
        "chartmuseum" => (9999, "/health", "{\"healthy\":true}"),
        "database" => {
            return Err(failure("the stand-in has no PostgreSQL inside: use external_database"));
        }
        other => return Err(failure(format!("{other} is no role"))),
    };
    let mut router = Router::new().route(path, get(move || async move { text }));
    if role == "portal" {
        // A single-page application: every path is the same page.
        router = router.fallback(move || async move { (StatusCode::OK, text) });
    }
    http::serve(port, router).await
}
