//! jobservice: takes jobs from core, keeps them in Redis, runs them against
//! its own core.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::error::{Doing, Result, failure};
use crate::http::{self, Internal};
use crate::redis::{Redis, Reply};

const CONFIGURATION: &str = "/etc/jobservice/config.yml";
const QUEUE: &str = "{harbor_job_service_namespace}:jobs:REPLICATION";

struct Jobservice {
    core_url: String,
    core_secret: String,
    own_secret: String,
    redis: Redis,
    client: Internal,
}

/// Serves until it is stopped. It needs Redis and its core's configuration to
/// start: with another secret than core's it never does.
pub async fn run() -> Result<()> {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let path = std::env::var("JOBSERVICE_CONFIG").unwrap_or_else(|_| CONFIGURATION.to_owned());
    let text = std::fs::read_to_string(path).doing("read config.yml")?;
    let config: Value = serde_saphyr::from_str(&text).doing("read config.yml")?;
    let url = &config["worker_pool"]["redis_pool"]["redis_url"];
    let service = Arc::new(Jobservice {
        core_url: variable("CORE_URL"),
        core_secret: variable("CORE_SECRET"),
        own_secret: variable("JOBSERVICE_SECRET"),
        redis: Redis::parse(url.as_str().unwrap_or_default())?,
        client: http::client(),
    });
    let loggers = config["job_loggers"].as_array().map_or(0, Vec::len);
    if loggers == 0 {
        return Err(failure("error: no logger is configured"));
    }
    service.redis.call(&["PING"]).await?;
    service.load_configuration().await?;
    let port = variable("PORT").parse().unwrap_or(8080);
    let router = Router::new()
        .route("/api/v1/stats", get(stats))
        .route("/api/v1/jobs", post(take))
        .with_state(Arc::clone(&service));
    tokio::try_join!(http::serve(port, router), service.work()).map(|_| ())
}

async fn stats(State(service): State<Arc<Jobservice>>) -> impl IntoResponse {
    match service.redis.call(&["PING"]).await {
        Ok(_) => (StatusCode::OK, json!({"worker_pools": []}).to_string()),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
    }
}

async fn take(
    State(service): State<Arc<Jobservice>>,
    headers: HeaderMap,
    job: String,
) -> StatusCode {
    let expected = format!("Harbor-Secret {}", service.core_secret);
    let given = headers.get("authorization").and_then(|v| v.to_str().ok());
    if given != Some(expected.as_str()) {
        return StatusCode::UNAUTHORIZED;
    }
    match service.redis.call(&["RPUSH", QUEUE, &job]).await {
        Ok(_) => StatusCode::ACCEPTED,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Jobservice {
    /// Core may come up later than this; a wrong secret does not get better.
    async fn load_configuration(&self) -> Result<()> {
        let url = format!("{}/api/v2.0/internalconfig", self.core_url);
        for _ in 0..30 {
            let secret = format!("Harbor-Secret {}", self.own_secret);
            let headers = [("authorization", secret.as_str())];
            let asked = http::ask(&self.client, Method::GET, &url, &headers, Bytes::new()).await;
            match asked {
                Ok((StatusCode::OK, _)) => return Ok(()),
                Ok((StatusCode::UNAUTHORIZED, _)) => {
                    return Err(failure("failed to load configuration: 401 Unauthorized"));
                }
                Ok((status, _)) => eprintln!("[ERROR] core answered {status}"),
                Err(error) => eprintln!("[ERROR] {error}"),
            }
            tokio::time::sleep(Duration::from_secs(2)).await;
        }
        Err(failure("failed to load configuration from core"))
    }

    async fn work(&self) -> Result<()> {
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        loop {
            clock.tick().await;
            if let Ok(Reply::Text(job)) = self.redis.call(&["LPOP", QUEUE]).await
                && let Err(error) = self.run_job(&job).await
            {
                eprintln!("[ERROR] {error}");
            }
        }
    }

    /// Asks its own core with the secret that came with the job.
    async fn run_job(&self, job: &str) -> Result<()> {
        let job: Value = serde_json::from_str(job).doing("read a job")?;
        let carried = &job["src_resource"]["registry"]["credential"]["access_secret"];
        let url = format!("{}/api/v2.0/internalconfig", self.core_url);
        let secret = format!("Harbor-Secret {}", carried.as_str().unwrap_or_default());
        let headers = [("authorization", secret.as_str())];
        let (status, _) =
            http::ask(&self.client, Method::GET, &url, &headers, Bytes::new()).await?;
        let outcome = if status.is_success() {
            json!({"status": "Succeed", "status_text": ""})
        } else {
            json!({"status": "Failed", "status_text": format!("http error: code {}", status.as_u16())})
        };
        self.report(&job["execution"], &outcome).await
    }

    async fn report(&self, execution: &Value, outcome: &Value) -> Result<()> {
        let url = format!("{}/service/notifications/executions/{execution}", self.core_url);
        let secret = format!("Harbor-Secret {}", self.own_secret);
        let headers = [("authorization", secret.as_str()), ("content-type", "application/json")];
        let body = Bytes::from(outcome.to_string());
        http::ask(&self.client, Method::POST, &url, &headers, body).await.map(|_| ())
    }
}
