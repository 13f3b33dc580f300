//! Users, and the one of a session.

use axum::http::{HeaderMap, header};

use super::answer::ApiError;
use super::state::Core;
use crate::error::Doing;
use crate::redis::Reply;

/// A user who proved who they are.
#[derive(Debug, Clone)]
pub struct User {
    pub id: i32,
    pub name: String,
    pub is_admin: bool,
}

/// The user of the request's session.
pub async fn of_session(core: &Core, headers: &HeaderMap) -> Result<Option<User>, ApiError> {
    let Some(id) = cookie(headers, "sid") else {
        return Ok(None);
    };
    let found = core.redis.call(&["GET", &format!("session:{id}")]).await?;
    let Reply::Text(text) = found else {
        return Ok(None);
    };
    let mut parts = text.splitn(3, ' ');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let (id, is_admin, name) = (part(), part(), part());
    Ok(Some(User { id: id.parse().doing("read a session")?, is_admin: is_admin == "true", name }))
}

/// A cookie of a request.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).into_iter();
    cookies.filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';')).find_map(
        |pair| {
            let (found, value) = pair.trim().split_once('=')?;
            (found == name).then(|| value.to_owned())
        },
    )
}
