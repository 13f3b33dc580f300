//! Replication runs: the job carries the submitting core's secret through the
//! Redis that all nodes share, and any node's jobservice may take it.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::{Answer, ApiError};
use super::sql_tls::explain;
use super::{Shared, accounts};
use crate::error::{Result, failure};
use crate::http;

/// `POST /replication/executions`: hands a job to this node's jobservice.
pub async fn start(
    State(core): State<Shared>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    accounts::admin(&core, &headers).await?;
    let policy = body["policy_id"].as_i64().unwrap_or(0);
    let client = core.database.get().await?;
    let row = client
        .query_one(
            "INSERT INTO replication_execution (policy_id, status)
             VALUES ($1, 'InProgress') RETURNING id",
            &[&i32::try_from(policy).unwrap_or(0)],
        )
        .await
        .map_err(|error| explain(&error))?;
    let id: i32 = row.get(0);
    let job = json!({
        "name": "REPLICATION", "execution": id,
        "src_resource": {"registry": {
            "name": "Local",
            "credential": {"type": "secret", "access_secret": core.environment.jobservice_secret},
        }},
    });
    submit(&core, &job).await?;
    let location = format!("/api/v2.0/replication/executions/{id}");
    Ok((StatusCode::CREATED, [(header::LOCATION, location)]).into_response())
}

async fn submit(core: &super::Core, job: &Value) -> Result<()> {
    let url = format!("{}/api/v1/jobs", core.environment.jobservice);
    let secret = format!("Harbor-Secret {}", core.environment.core_secret);
    let headers = [("authorization", secret.as_str())];
    let body = Bytes::from(job.to_string());
    let (status, _) = http::ask(&core.client, Method::POST, &url, &headers, body).await?;
    if status == StatusCode::ACCEPTED {
        Ok(())
    } else {
        Err(failure(format!("failed to submit a job: jobservice answered {status}")))
    }
}

/// `GET /replication/executions/{id}`.
pub async fn get(State(core): State<Shared>, Path(id): Path<i32>, headers: HeaderMap) -> Answer {
    accounts::admin(&core, &headers).await?;
    let client = core.database.get().await?;
    let row = client
        .query_opt(
            "SELECT policy_id, status, coalesce(status_text, '')
             FROM replication_execution WHERE id = $1",
            &[&id],
        )
        .await
        .map_err(|error| explain(&error))?
        .ok_or_else(|| ApiError::not_found(&format!("execution {id} not found")))?;
    Ok(Json(json!({
        "id": id, "policy_id": row.get::<_, i32>(0),
        "status": row.get::<_, String>(1), "status_text": row.get::<_, String>(2),
    }))
    .into_response())
}

/// Called by a jobservice that took a job: first with the secret of the job,
/// then with its own to say how it went.
pub async fn finish(
    State(core): State<Shared>,
    Path(id): Path<i32>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Answer {
    let expected = format!("Harbor-Secret {}", core.environment.jobservice_secret);
    let given = headers.get("authorization").and_then(|v| v.to_str().ok());
    if given != Some(expected.as_str()) {
        return Err(ApiError::unauthorized("unauthorized"));
    }
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let client = core.database.get().await?;
    client
        .execute(
            "UPDATE replication_execution SET status = $1, status_text = $2, end_time = now()
             WHERE id = $3",
            &[&text("status"), &text("status_text"), &id],
        )
        .await
        .map_err(|error| explain(&error))?;
    Ok(StatusCode::OK.into_response())
}
