//! Users: who a request comes from, and their passwords.

use std::num::NonZeroU32;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};

use super::answer::{Answer, ApiError};
use super::database::Pool;
use super::sql_tls::explain;
use super::state::{Core, Shared};
use super::user;
use super::user::User;
use crate::error::Result;
use crate::hex::hex;

/// Sets the administrator's password from the environment, once: a salt says
/// that it was done before.
pub async fn set_first_password(database: &Pool, password: &str) -> Result<()> {
    let client = database.get().await?;
    let salt = random_salt();
    let changed = client
        .execute(
            "UPDATE harbor_user SET salt = $1, password = $2, password_version = 'sha256'
             WHERE user_id = 1 AND coalesce(salt, '') = ''",
            &[&salt, &hashed(password, &salt)],
        )
        .await
        .map_err(|error| explain(&error))?;
    if changed == 0 {
        println!("[INFO] User id: 1 already has its encrypted password.");
    } else {
        println!("[INFO] User id: 1 updated its encrypted password successfully.");
    }
    Ok(())
}

fn random_salt() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 32)
}

fn hashed(password: &str, salt: &str) -> String {
    let rounds = NonZeroU32::new(4096).expect("it is not zero");
    let mut bytes = [0; 16];
    let kind = ring::pbkdf2::PBKDF2_HMAC_SHA256;
    ring::pbkdf2::derive(kind, rounds, salt.as_bytes(), password.as_bytes(), &mut bytes);
    hex(&bytes)
}

/// Checks a name and a password.
pub async fn log_in(database: &Pool, name: &str, password: &str) -> Result<Option<User>> {
    let client = database.get().await?;
    let row = client
        .query_opt(
            "SELECT user_id, username, sysadmin_flag, password, salt FROM harbor_user
             WHERE (username = $1 OR email = $1) AND NOT deleted AND salt IS NOT NULL",
            &[&name],
        )
        .await
        .map_err(|error| explain(&error))?;
    Ok(row.and_then(|row| {
        let (stored, salt): (String, String) = (row.get(3), row.get(4));
        (stored == hashed(password, &salt)).then(|| User {
            id: row.get(0),
            name: row.get(1),
            is_admin: row.get(2),
        })
    }))
}

/// Name and password of an Authorization header.
pub fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let bytes = STANDARD.decode(value.strip_prefix("Basic ")?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (name, password) = text.split_once(':')?;
    Some((name.to_owned(), password.to_owned()))
}

/// The user of a request, by password or by session. A wrong password is
/// nobody, as it is in the real one.
pub async fn user(core: &Core, headers: &HeaderMap) -> std::result::Result<Option<User>, ApiError> {
    if let Some((name, password)) = basic(headers) {
        return Ok(log_in(&core.database, &name, &password).await?);
    }
    user::of_session(core, headers).await
}

/// The user, or 401.
pub async fn required(core: &Core, headers: &HeaderMap) -> std::result::Result<User, ApiError> {
    user(core, headers).await?.ok_or_else(|| ApiError::unauthorized("unauthorized"))
}

/// The administrator, or 401 or 403.
pub async fn admin(core: &Core, headers: &HeaderMap) -> std::result::Result<User, ApiError> {
    let user = required(core, headers).await?;
    if user.is_admin { Ok(user) } else { Err(ApiError::forbidden("forbidden")) }
}

/// `GET /users/current`.
pub async fn current(State(core): State<Shared>, headers: HeaderMap) -> Answer {
    let user = required(&core, &headers).await?;
    let client = core.database.get().await?;
    let row = client
        .query_one(
            "SELECT coalesce(email, ''), realname, coalesce(comment, ''),
                to_char(creation_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'),
                to_char(update_time AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')
             FROM harbor_user WHERE user_id = $1",
            &[&user.id],
        )
        .await
        .map_err(|error| explain(&error))?;
    let text = |index: usize| row.get::<_, String>(index);
    Ok(Json(json!({
        "user_id": user.id, "username": user.name, "sysadmin_flag": user.is_admin,
        "admin_role_in_auth": false, "email": text(0), "realname": text(1),
        "comment": text(2), "creation_time": text(3), "update_time": text(4),
    }))
    .into_response())
}

/// `POST /users`: by the administrator, or by anyone where they may.
pub async fn create(
    State(core): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    admin(&core, &headers).await?;
    let field = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    check_strength(&field("password"))?;
    let salt = random_salt();
    let client = core.database.get().await?;
    let made = client
        .execute(
            "INSERT INTO harbor_user (username, email, realname, comment, password, salt)
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            &[
                &field("username"),
                &field("email"),
                &field("realname"),
                &field("comment"),
                &hashed(&field("password"), &salt),
                &salt,
            ],
        )
        .await
        .map_err(|error| explain(&error))?;
    if made == 0 {
        return Err(ApiError::conflict("user already exists"));
    }
    Ok(StatusCode::CREATED.into_response())
}

/// `PUT /users/{id}/password`.
pub async fn change_password(
    State(core): State<Shared>,
    Path(id): Path<i32>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let user = required(&core, &headers).await?;
    let field = |name: &str| body[name].as_str().unwrap_or_default();
    let (old, new) = (field("old_password"), field("new_password"));
    if user.id != id && !user.is_admin {
        return Err(ApiError::forbidden("Not authorized to update password"));
    }
    if user.id == id && log_in(&core.database, &user.name, old).await?.is_none() {
        return Err(ApiError::forbidden("Current password is incorrect"));
    }
    check_strength(new)?;
    if user.id == id && old == new {
        return Err(ApiError::bad_request("the new password can't be same with the old one"));
    }
    let salt = random_salt();
    let client = core.database.get().await?;
    let changed = client
        .execute(
            "UPDATE harbor_user SET salt = $1, password = $2, update_time = now()
             WHERE user_id = $3 AND NOT deleted",
            &[&salt, &hashed(new, &salt), &id],
        )
        .await
        .map_err(|error| explain(&error))?;
    if changed == 0 {
        return Err(ApiError::not_found(&format!("user {id} not found")));
    }
    Ok(StatusCode::OK.into_response())
}

fn check_strength(password: &str) -> std::result::Result<(), ApiError> {
    let has = |kind: fn(char) -> bool| password.chars().any(kind);
    let long_enough = (8..=128).contains(&password.len());
    let mixed = has(|c| c.is_ascii_uppercase())
        && has(|c| c.is_ascii_lowercase())
        && has(|c| c.is_ascii_digit());
    if long_enough && mixed {
        Ok(())
    } else {
        Err(ApiError::bad_request(
            "the password or secret must be longer than 8 chars with at least 1 uppercase letter, 1 lowercase letter and 1 number",
        ))
    }
}
