//! The routes of core, and the calls too small for a file of their own.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post, put};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::answer::{Answer, ApiError};
use super::{Shared, accounts, artifacts, configurations, health, jobs, projects, sessions, token};
use crate::fault;
use crate::release::{self, Quirk};

/// Everything core answers.
pub fn router(core: Shared) -> Router {
    let api = Router::new()
        .route("/ping", get(|| async { "Pong" }))
        .route("/health", get(health::get))
        .route("/systeminfo", get(system_info))
        .route("/configurations", get(configurations::get).put(configurations::put))
        .route("/internalconfig", get(configurations::internal))
        .route("/users", post(accounts::create))
        .route("/users/current", get(accounts::current))
        .route("/users/{id}/password", put(accounts::change_password))
        .route("/projects", get(projects::list).post(projects::create).head(projects::exists))
        .route("/projects/{name}/repositories", get(projects::repositories))
        .route("/replication/executions", post(jobs::start))
        .route("/replication/executions/{id}", get(jobs::get))
        .fallback(|| async { ApiError::not_found("404 page not found") });
    Router::new()
        .nest("/api/v2.0", api)
        .route("/service/token", get(token::issue))
        .route("/service/notifications/executions/{id}", post(jobs::finish))
        .route("/c/login", post(sessions::log_in))
        .route("/v2", any(artifacts::serve))
        .route("/v2/", any(artifacts::serve))
        .route("/v2/{*path}", any(artifacts::serve))
        .layer(from_fn_with_state(core.clone(), sessions::guard))
        .layer(from_fn(hang))
        .with_state(core)
}

/// A switch for tests: core listens and never answers.
async fn hang(request: Request<Body>, next: Next) -> Response {
    if fault::is_set("core-hangs") {
        std::future::pending::<()>().await;
    }
    next.run(request).await
}

/// `GET /systeminfo`: what is told depends on who asks and on the release.
async fn system_info(State(core): State<Shared>, headers: HeaderMap) -> Answer {
    let settings = configurations::all(&core).await?;
    let setting = |name: &str| settings.get(name).cloned().unwrap_or(Value::Null);
    let mut info = json!({
        "auth_mode": setting("auth_mode"),
        "self_registration": setting("self_registration"),
    });
    let version = Value::from(release::with_commit(core.release));
    if core.release.has(Quirk::VersionHidden) {
        info["primary_auth_mode"] = setting("primary_auth_mode");
        info["banner_message"] = setting("banner_message");
        info["oidc_provider_name"] = Value::from("");
    } else {
        info["harbor_version"] = version.clone();
    }
    if accounts::user(&core, &headers).await?.is_some() {
        info["harbor_version"] = version;
        add_private(&core, &mut info, &setting);
    }
    Ok(Json(info).into_response())
}

fn add_private(core: &Shared, info: &mut Value, setting: &dyn Fn(&str) -> Value) {
    let endpoint = core.environment.endpoint.clone();
    let registry = endpoint.split("://").nth(1).unwrap_or(&endpoint).to_owned();
    info["external_url"] = Value::from(endpoint);
    info["registry_url"] = Value::from(registry);
    info["project_creation_restriction"] = setting("project_creation_restriction");
    info["read_only"] = setting("read_only");
    info["notification_enable"] = setting("notification_enable");
    info["registry_storage_provider_name"] =
        Value::from(core.environment.storage_provider.as_str());
    info["has_ca_root"] = Value::from(false);
    if core.release.has(Quirk::TimeShown) {
        info["current_time"] = Value::from(token::rfc3339(token::now()));
    }
    if release::has_chartmuseum(core.release) {
        info["with_chartmuseum"] = Value::from(core.environment.charts.is_some());
    }
    if release::has_notary(core.release) {
        info["with_notary"] = Value::from(core.environment.notary.is_some());
    }
}
