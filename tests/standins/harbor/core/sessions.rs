//! Sessions of the web interface, and the check against forged requests that
//! applies to them alone.

use axum::Form;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::distr::{Alphanumeric, SampleString};
use ring::hmac;
use serde::Deserialize;

use super::accounts;
use super::answer::{Answer, ApiError};
use super::state::Shared;
use super::user::cookie;
use crate::error::{Doing, Result};
use crate::release::Quirk;

const TOKEN_HEADER: HeaderName = HeaderName::from_static("x-harbor-csrf-token");
const TOKEN_COOKIE: &str = "_gorilla_csrf";
const SESSION_SECONDS: &str = "3600";

/// The form of `POST /c/login`.
#[derive(Deserialize)]
pub struct Login {
    principal: String,
    password: String,
}

/// `POST /c/login`: a cookie for a session in Redis, which every node sees.
pub async fn log_in(State(core): State<Shared>, Form(form): Form<Login>) -> Answer {
    let user = accounts::log_in(&core.database, &form.principal, &form.password).await?;
    let Some(user) = user else {
        return Err(ApiError::unauthorized("Invalid credentials"));
    };
    let id = Alphanumeric.sample_string(&mut rand::rng(), 32);
    let value = format!("{} {} {}", user.id, user.is_admin, user.name);
    let key = format!("session:{id}");
    core.redis.call(&["SETEX", &key, SESSION_SECONDS, &value]).await?;
    let cookie = format!("sid={id}; Path=/; HttpOnly");
    Ok((StatusCode::OK, [(header::SET_COOKIE, cookie)]).into_response())
}

/// Checks requests that carry a session, and hands out the token for the next.
pub async fn guard(State(core): State<Shared>, request: Request<Body>, next: Next) -> Response {
    let path = request.uri().path();
    let excluded = ["/v2", "/api", "/service"].iter().any(|prefix| path.starts_with(prefix));
    let has_session = cookie(request.headers(), "sid").is_some();
    if excluded && !has_session {
        return next.run(request).await;
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, core.environment.csrf_key.as_bytes());
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
    // The login form itself carries no token in this stand-in.
    let checked = !safe.contains(request.method()) && path != "/c/login";
    let key_is_usable =
        core.environment.csrf_key.len() == 32 || !core.release.has(Quirk::WholeCsrfKey);
    if checked && !(key_is_usable && token_matches(&key, request.headers())) {
        return ApiError::forbidden("CSRF token invalid").into_response();
    }
    let mut answer = next.run(request).await;
    if let Ok((cookie, token)) = new_token(&key) {
        answer.headers_mut().append(header::SET_COOKIE, cookie);
        answer.headers_mut().insert(TOKEN_HEADER, token);
    }
    answer
}

fn token_matches(key: &hmac::Key, headers: &HeaderMap) -> bool {
    let given = headers.get(TOKEN_HEADER).and_then(|value| value.to_str().ok());
    let (Some(cookie), Some(given)) = (cookie(headers, TOKEN_COOKIE), given) else {
        return false;
    };
    let Ok(tag) = URL_SAFE_NO_PAD.decode(given) else {
        return false;
    };
    hmac::verify(key, cookie.as_bytes(), &tag).is_ok()
}

fn new_token(key: &hmac::Key) -> Result<(HeaderValue, HeaderValue)> {
    let random = Alphanumeric.sample_string(&mut rand::rng(), 32);
    let token = URL_SAFE_NO_PAD.encode(hmac::sign(key, random.as_bytes()));
    let cookie = format!("{TOKEN_COOKIE}={random}; Path=/; HttpOnly");
    Ok((
        HeaderValue::from_str(&cookie).doing("write a cookie")?,
        HeaderValue::from_str(&token).doing("write a token")?,
    ))
}
