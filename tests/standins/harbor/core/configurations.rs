//! Harbor's configuration: rows in `PostgreSQL` behind a cache in Redis, which
//! all nodes share and which a change drops.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::answer::{Answer, ApiError};
use super::settings::{Kind, Setting, settings};
use super::sql_tls::explain;
use super::{Core, Shared, accounts};
use crate::error::{Doing, Result, failure};
use crate::redis::Reply;
use crate::release::Quirk;

const CACHE: &str = "harbor:cfgs";
const CACHE_SECONDS: &str = "60";

/// The stored text of every setting that was ever set.
async fn stored(core: &Core) -> Result<BTreeMap<String, String>> {
    if let Ok(Reply::Text(text)) = core.redis.call(&["GET", CACHE]).await
        && let Ok(rows) = serde_json::from_str(&text)
    {
        return Ok(rows);
    }
    let client = core.database.get().await?;
    let rows =
        client.query("SELECT k, v FROM properties", &[]).await.map_err(|error| explain(&error))?;
    let rows: BTreeMap<String, String> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let text = serde_json::to_string(&rows).doing("write the cache")?;
    // A cache that cannot be written only makes the next read slower.
    let _ = core.redis.call(&["SETEX", CACHE, CACHE_SECONDS, &text]).await;
    Ok(rows)
}

/// The value of one setting.
pub async fn value(core: &Core, name: &str) -> Result<Value> {
    let rows = stored(core).await?;
    let setting = settings(core.release)
        .into_iter()
        .find(|setting| setting.name == name)
        .ok_or_else(|| failure(format!("{name} is no setting")))?;
    current(core, &setting, &rows)
}

fn current(core: &Core, setting: &Setting, rows: &BTreeMap<String, String>) -> Result<Value> {
    match rows.get(setting.name) {
        None => Ok(setting.default.clone()),
        Some(text) => match setting.kind {
            Kind::Password => core.secret_key.decrypt(text).map(Value::from),
            Kind::Text | Kind::Choice(_) => Ok(Value::from(text.as_str())),
            _ => serde_json::from_str(text).doing("read a setting"),
        },
    }
}

/// Every setting of this release, passwords too.
pub async fn all(core: &Core) -> Result<Map<String, Value>> {
    let rows = stored(core).await?;
    settings(core.release)
        .iter()
        .map(|setting| Ok((setting.name.to_owned(), current(core, setting, &rows)?)))
        .collect()
}

/// `GET /configurations`. Old ones leave out zero values.
pub async fn get(State(core): State<Shared>, headers: HeaderMap) -> Answer {
    accounts::admin(&core, &headers).await?;
    let editable = core.environment.overwrite.is_none();
    let has_users = other_users(&core).await?;
    let values = all(&core).await?;
    let mut answer = Map::new();
    for setting in settings(core.release) {
        if matches!(setting.kind, Kind::Password) {
            continue;
        }
        let value = &values[setting.name];
        let editable = editable && !(setting.name == "auth_mode" && has_users);
        let entry = if !core.release.has(Quirk::ZeroSettingsShown) && is_zero(value) {
            json!({ "editable": editable })
        } else {
            json!({ "value": value, "editable": editable })
        };
        answer.insert(setting.name.to_owned(), entry);
    }
    Ok(Json(answer).into_response())
}

/// `GET /internalconfig`: for jobservice, with the secret both must share.
pub async fn internal(State(core): State<Shared>, headers: HeaderMap) -> Answer {
    let expected = format!("Harbor-Secret {}", core.environment.jobservice_secret);
    let given = headers.get("authorization").and_then(|v| v.to_str().ok());
    if given != Some(expected.as_str()) {
        return Err(ApiError::unauthorized("unauthorized"));
    }
    Ok(Json(all(&core).await?).into_response())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

async fn other_users(core: &Core) -> Result<bool> {
    let client = core.database.get().await?;
    let row = client
        .query_one("SELECT count(*) FROM harbor_user WHERE user_id > 1 AND NOT deleted", &[])
        .await
        .map_err(|error| explain(&error))?;
    Ok(row.get::<_, i64>(0) > 0)
}

/// `PUT /configurations`: only the keys that are given change; a key that the
/// release does not know is dropped without a word.
pub async fn put(State(core): State<Shared>, headers: HeaderMap, body: Bytes) -> Answer {
    accounts::admin(&core, &headers).await?;
    if core.environment.overwrite.is_some() {
        return Err(ApiError::forbidden(
            "current config is init by env variable: CONFIG_OVERWRITE_JSON, it cannot be updated",
        ));
    }
    let body: Map<String, Value> = serde_json::from_slice(&body).map_err(|error| {
        ApiError::bad_request(&format!(
            "parsing configurations body from \"\" failed, because {error}"
        ))
    })?;
    save(&core, &body).await?;
    Ok(StatusCode::OK.into_response())
}

/// Checks all values, then writes them.
async fn save(core: &Core, body: &Map<String, Value>) -> std::result::Result<(), ApiError> {
    let known = settings(core.release);
    let mut rows = Vec::new();
    for setting in &known {
        if let Some(value) = body.get(setting.name) {
            setting.check(value, core.release).map_err(|text| ApiError::bad_request(&text))?;
            rows.push((setting, value));
        }
    }
    if body.get("auth_mode").is_some_and(|mode| mode != "db_auth") && other_users(core).await? {
        return Err(ApiError::bad_request(
            "the auth mode cannot be modified as new users have been inserted into database",
        ));
    }
    let client = core.database.get().await?;
    for (setting, value) in rows {
        let text = match (&setting.kind, value) {
            (Kind::Password, Value::String(text)) => core.secret_key.encrypt(text)?,
            (_, Value::String(text)) => text.clone(),
            (_, other) => other.to_string(),
        };
        client
            .execute(
                "INSERT INTO properties (k, v) VALUES ($1, $2)
                 ON CONFLICT (k) DO UPDATE SET v = excluded.v",
                &[&setting.name, &text],
            )
            .await
            .map_err(|error| explain(&error))?;
    }
    core.redis.call(&["DEL", CACHE]).await?;
    Ok(())
}

/// Applies `CONFIG_OVERWRITE_JSON`, which also makes everything read-only.
pub async fn overwrite(core: &Core) -> Result<()> {
    let Some(text) =
        core.environment.overwrite.as_ref().filter(|_| core.release.has(Quirk::ConfigOverwrite))
    else {
        return Ok(());
    };
    let body: Map<String, Value> =
        serde_json::from_str(text).doing("read CONFIG_OVERWRITE_JSON")?;
    save(core, &body).await.map_err(|error| failure(error.message))
}
