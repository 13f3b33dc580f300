//! `/health`: what background checks last found, always with status 200.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Method;
use bytes::Bytes;
use serde_json::{Value, json};

use super::sql_tls::explain;
use super::{Core, Shared};
use crate::error::{Result, failure};
use crate::http;
use crate::release::Quirk;

const PERIOD: Duration = Duration::from_secs(10);

/// A component and how to ask it.
enum Check {
    Url(String),
    Database,
    Redis,
}

/// Starts one check per component: the first at once, then every ten seconds.
pub fn watch(core: &Shared) {
    for (name, check) in checks(core) {
        core.health.set(name, None);
        let core = Arc::clone(core);
        tokio::spawn(async move {
            let mut clock = tokio::time::interval(PERIOD);
            loop {
                clock.tick().await;
                let outcome = check.run(&core).await;
                core.health.set(name, Some(outcome));
            }
        });
    }
}

fn checks(core: &Core) -> Vec<(&'static str, Check)> {
    let environment = &core.environment;
    let url = |base: &str, path: &str| Check::Url(format!("{base}{path}"));
    let own = format!("http://127.0.0.1:{}", environment.port);
    let mut checks = vec![
        ("core", url(&own, "/api/v2.0/ping")),
        ("database", Check::Database),
        ("jobservice", url(&environment.jobservice, "/api/v1/stats")),
        ("portal", url(&environment.portal, "/")),
        ("redis", Check::Redis),
        ("registry", url(&environment.registry, "/")),
        ("registryctl", url(&environment.registryctl, "/api/health")),
    ];
    if let Some(base) = &environment.trivy {
        checks.push(("trivy", url(base, "/probe/healthy")));
    }
    if let Some(base) = &environment.notary {
        checks.push(("notary", url(base, "/_notary_server/health")));
    }
    if let Some(base) = &environment.charts {
        checks.push(("chartmuseum", url(base, "/health")));
    }
    checks
}

impl Check {
    async fn run(&self, core: &Core) -> Result<()> {
        match self {
            Self::Url(url) => ask(core, url).await,
            Self::Database => {
                let client = core.database.get().await?;
                let asked = client.batch_execute("SELECT 1").await;
                asked.map_err(|error| explain(&error))
            }
            // In old ones a connection was taken from the pool and not used.
            Self::Redis if !core.release.has(Quirk::RedisHealthAsked) => Ok(()),
            Self::Redis => core.redis.call(&["PING"]).await.map(|_| ()),
        }
    }
}

async fn ask(core: &Core, url: &str) -> Result<()> {
    let (status, body) = http::ask(&core.client, Method::GET, url, &[], Bytes::new())
        .await
        .map_err(|error| failure(format!("failed to check health: {error}")))?;
    if status.is_success() {
        return Ok(());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Err(failure(format!("received unexpected status code: {} {body}", status.as_u16())))
}

/// `GET /health`.
pub async fn get(State(core): State<Shared>) -> Json<Value> {
    let components = core.health.components();
    let healthy = components.iter().all(|part| part["status"] == "healthy");
    let status = if healthy { "healthy" } else { "unhealthy" };
    Json(json!({"status": status, "components": components}))
}
