//! `/service/token`: tokens for registry clients.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use rand::distr::{Alphanumeric, SampleString};
use serde_json::{Value, json};

use super::answer::{Answer, ApiError};
use super::user::User;
use super::{Core, Shared, accounts, configurations, projects};
use crate::error::Result;

/// Seconds since 1970.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs()
}

/// `GET /service/token?service=…&scope=…`. Without credentials the token is
/// nobody's; with wrong ones there is none.
pub async fn issue(
    State(core): State<Shared>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = query.unwrap_or_default();
    let parameters: Vec<(String, String)> =
        url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let service = parameters.iter().find(|(name, _)| name == "service");
    let service = service.map_or("harbor-registry", |(_, value)| value);
    let user = accounts::user(&core, &headers).await?;
    if user.is_none() && headers.contains_key("authorization") {
        return Err(ApiError::unauthorized("unauthorized"));
    }
    let mut access = Vec::new();
    for (_, scope) in parameters.iter().filter(|(name, _)| name == "scope") {
        for scope in scope.split_whitespace() {
            access.extend(grant(&core, user.as_ref(), scope).await?);
        }
    }
    let subject = user.map(|user| user.name).unwrap_or_default();
    let minutes = configurations::value(&core, "token_expiration").await?;
    let lifetime = minutes.as_u64().unwrap_or(30) * 60;
    let token = core.token_key.sign(&claims(service, &subject, lifetime, &access))?;
    let mut answer = json!({"token": token, "access_token": "", "expires_in": lifetime});
    answer["issued_at"] = Value::from(rfc3339(now()));
    Ok(Json(answer).into_response())
}

fn claims(service: &str, subject: &str, lifetime: u64, access: &[Value]) -> Value {
    let now = now();
    json!({
        "iss": "harbor-token-issuer", "sub": subject, "aud": service,
        "iat": now, "nbf": now, "exp": now + lifetime,
        "jti": Alphanumeric.sample_string(&mut rand::rng(), 16), "access": access,
    })
}

/// What of `repository:NAME:ACTIONS` this user may do.
async fn grant(core: &Core, user: Option<&User>, scope: &str) -> Result<Option<Value>> {
    let mut parts = scope.splitn(2, ':');
    let (kind, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Some((name, actions)) = rest.rsplit_once(':') else {
        return Ok(None);
    };
    if kind != "repository" {
        return Ok(None);
    }
    let mut granted = Vec::new();
    for action in actions.split(',') {
        let needed = if action == "*" { "delete" } else { action };
        if projects::may(core, user, name, needed).await? {
            granted.push(action);
        }
    }
    Ok(Some(json!({"type": kind, "name": name, "actions": granted})))
}

/// A time as text, in UTC.
pub fn rfc3339(seconds: u64) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}Z",
        rest / 3600,
        rest / 60 % 60,
        rest % 60
    )
}

/// Year, month and day of a number of days since 1970, by eras of 400 years.
fn civil(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day) = (shifted / 146_097, shifted % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let month_of_year = if month < 10 { month + 3 } else { month - 9 };
    (
        year + era * 400 + u64::from(month_of_year <= 2),
        month_of_year,
        of_year - (153 * month + 2) / 5 + 1,
    )
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn writes_times() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_825_599), "2000-02-29T11:59:59Z");
        assert_eq!(rfc3339(1_795_391_999), "2026-11-22T23:59:59Z");
    }
}
