//! `/v2`: who may, then on to this node's own registry.

use std::fmt::Write as _;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::answer::{Answer, ApiError};
use super::projects::{self, Pushed};
use super::{Core, Shared, accounts, configurations, token};
use crate::error::Doing;
use crate::http;

/// Every request below `/v2/`.
pub async fn serve(State(core): State<Shared>, request: Request<Body>) -> Response {
    let wanted = Wanted::of(&request);
    match allowed(&core, request.headers(), &wanted).await {
        Ok(true) => pass(&core, request, &wanted).await.unwrap_or_else(IntoResponse::into_response),
        Ok(false) => challenge(&core, &wanted),
        Err(error) => error.into_response(),
    }
}

/// What a request wants of which repository.
struct Wanted {
    repository: Option<String>,
    action: &'static str,
    is_manifest: bool,
    reference: String,
}

impl Wanted {
    fn of(request: &Request<Body>) -> Self {
        let path = request.uri().path().trim_start_matches("/v2/");
        let action = match *request.method() {
            Method::GET | Method::HEAD => "pull",
            Method::DELETE => "delete",
            _ => "push",
        };
        let found = ["/manifests/", "/blobs/", "/tags/"]
            .iter()
            .find_map(|part| path.rsplit_once(part).map(|split| (*part, split)));
        let (part, repository, reference) = match found {
            Some((part, (repository, reference))) => (part, Some(repository), reference),
            None => ("", None, ""),
        };
        Self {
            repository: repository.map(str::to_owned),
            is_manifest: part == "/manifests/",
            reference: reference.to_owned(),
            // The state of an upload is asked for while pushing.
            action: if reference.starts_with("uploads/") { "push" } else { action },
        }
    }
}

/// By password, or by a token that this core's own key signed.
async fn allowed(core: &Core, headers: &HeaderMap, wanted: &Wanted) -> Result<bool, ApiError> {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if let Some(bearer) = bearer {
        return Ok(match core.token_key.verify(bearer, token::now()) {
            Ok(claims) => grants(&claims, wanted),
            Err(error) => {
                eprintln!("[WARNING] failed to verify a token: {error}");
                false
            }
        });
    }
    let user = accounts::user(core, headers).await?;
    match &wanted.repository {
        None => Ok(user.is_some()),
        Some(name) => Ok(projects::may(core, user.as_ref(), name, wanted.action).await?),
    }
}

fn grants(claims: &Value, wanted: &Wanted) -> bool {
    let Some(repository) = &wanted.repository else {
        // Nobody's token opens the front door to nobody.
        return claims["sub"].as_str().is_some_and(|name| !name.is_empty());
    };
    let entries = claims["access"].as_array().into_iter().flatten();
    entries
        .filter(|entry| entry["name"] == repository.as_str())
        .flat_map(|entry| entry["actions"].as_array().into_iter().flatten())
        .any(|action| action == wanted.action || action == "*")
}

fn challenge(core: &Core, wanted: &Wanted) -> Response {
    let mut text = format!(
        "Bearer realm=\"{}/service/token\",service=\"harbor-registry\"",
        core.environment.endpoint
    );
    let message = match &wanted.repository {
        Some(name) => {
            let actions = if wanted.action == "push" { "pull,push" } else { wanted.action };
            let _ = write!(text, ",scope=\"repository:{name}:{actions}\"");
            format!(
                "unauthorized to access repository: {name}, action: {}: unauthorized to access repository: {name}, action: {}",
                wanted.action, wanted.action
            )
        }
        None => "unauthorized: unauthorized".to_owned(),
    };
    let mut answer = ApiError::unauthorized(&message).into_response();
    if let Ok(value) = HeaderValue::from_str(&text) {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    }
    version_header(answer.headers_mut());
    answer
}

fn version_header(headers: &mut HeaderMap) {
    headers.insert("docker-distribution-api-version", HeaderValue::from_static("registry/2.0"));
}

/// Sends a request to the registry with core's own credentials.
async fn pass(core: &Core, mut request: Request<Body>, wanted: &Wanted) -> Answer {
    let Some(repository) = &wanted.repository else {
        let mut answer = (StatusCode::OK, "{}").into_response();
        version_header(answer.headers_mut());
        return Ok(answer);
    };
    let writes = wanted.action != "pull";
    if writes && configurations::value(core, "read_only").await? == true {
        return Err(ApiError {
            code: "DENIED",
            ..ApiError::forbidden(
                "The system is in read only mode. Any modification is prohibited.",
            )
        });
    }
    let is_push = wanted.is_manifest && request.method() == Method::PUT;
    let media_type = text_of(request.headers(), "content-type");
    let credentials =
        format!("{}:{}", core.environment.registry_username, core.environment.registry_password);
    let value = format!("Basic {}", STANDARD.encode(credentials));
    let value = HeaderValue::from_str(&value).doing("write a header")?;
    request.headers_mut().insert(header::AUTHORIZATION, value);
    let authority = core.environment.registry.trim_start_matches("http://");
    let answer = http::forward(&core.client, authority, request).await;
    let answer = match answer {
        Ok(answer) if answer.status() == StatusCode::UNAUTHORIZED => {
            return Ok((StatusCode::INTERNAL_SERVER_ERROR, "registry credentials").into_response());
        }
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("[ERROR] http: proxy error: {error}");
            return Ok(StatusCode::BAD_GATEWAY.into_response());
        }
    };
    if is_push && answer.status() == StatusCode::CREATED {
        let pushed = Pushed {
            repository,
            reference: &wanted.reference,
            digest: &text_of(answer.headers(), "docker-content-digest"),
            media_type: &media_type,
        };
        projects::note_push(core, &pushed).await?;
    }
    Ok(answer)
}

fn text_of(headers: &HeaderMap, name: &str) -> String {
    let value = headers.get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}
