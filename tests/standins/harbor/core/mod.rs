//! Harbor's core: API, users, configuration, tokens, and the way to the
//! registry. State is in `PostgreSQL` and Redis alone, so two cores on two nodes
//! are one Harbor.

mod accounts;
mod answer;
mod api;
mod artifacts;
mod configurations;
mod database;
mod health;
mod jobs;
mod keys;
mod projects;
mod schema;
mod sessions;
mod settings;
mod sql_tls;
#[cfg(test)]
mod tests;
mod token;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use database::Pool;
use health::Board;
use keys::{SecretKey, TokenKey};

use crate::error::{Doing, Failure, Result, failure};
use crate::fault;
use crate::http::{self, Internal};
use crate::redis::Redis;
use crate::release::{self, Release};

/// What every request can reach.
pub struct Core {
    pub release: Release,
    pub environment: Environment,
    pub database: Pool,
    pub redis: Redis,
    pub token_key: TokenKey,
    pub secret_key: SecretKey,
    pub health: Board,
    pub client: Internal,
}

/// A shared [`Core`], as handlers get it.
pub type Shared = Arc<Core>;

/// Variables of core's env file, and the two mounted key files.
#[derive(Clone)]
pub struct Environment {
    pub port: u16,
    pub endpoint: String,
    pub redis_url: String,
    pub core_secret: String,
    pub jobservice_secret: String,
    pub csrf_key: String,
    pub admin_password: String,
    pub registry_username: String,
    pub registry_password: String,
    pub registry: String,
    pub portal: String,
    pub jobservice: String,
    pub registryctl: String,
    pub trivy: Option<String>,
    pub notary: Option<String>,
    pub charts: Option<String>,
    pub storage_provider: String,
    pub overwrite: Option<String>,
    pub token_key_file: PathBuf,
    pub secret_key_file: PathBuf,
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

impl Environment {
    fn read() -> Self {
        let on = |name: &str| variable(name).eq_ignore_ascii_case("true");
        let url = |name: &str, usual: &str| match variable(name) {
            value if value.is_empty() => usual.to_owned(),
            value => value,
        };
        let file = |name: &str, usual: &str| PathBuf::from(url(name, usual));
        Self {
            port: variable("PORT").parse().unwrap_or(8080),
            endpoint: variable("EXT_ENDPOINT"),
            redis_url: variable("_REDIS_URL_CORE"),
            core_secret: variable("CORE_SECRET"),
            jobservice_secret: variable("JOBSERVICE_SECRET"),
            csrf_key: variable("CSRF_KEY"),
            admin_password: variable("HARBOR_ADMIN_PASSWORD"),
            registry_username: variable("REGISTRY_CREDENTIAL_USERNAME"),
            registry_password: variable("REGISTRY_CREDENTIAL_PASSWORD"),
            registry: url("REGISTRY_URL", "http://registry:5000"),
            portal: url("PORTAL_URL", "http://portal:8080"),
            jobservice: url("JOBSERVICE_URL", "http://jobservice:8080"),
            registryctl: url("REGISTRY_CONTROLLER_URL", "http://registryctl:8080"),
            trivy: on("WITH_TRIVY").then(|| url("TRIVY_ADAPTER_URL", "http://trivy-adapter:8080")),
            notary: on("WITH_NOTARY").then(|| url("NOTARY_URL", "http://notary-server:4443")),
            charts: on("WITH_CHARTMUSEUM").then(|| "http://chartmuseum:9999".to_owned()),
            storage_provider: variable("REGISTRY_STORAGE_PROVIDER_NAME"),
            overwrite: std::env::var("CONFIG_OVERWRITE_JSON").ok(),
            token_key_file: file("TOKEN_PRIVATE_KEY_PATH", "/etc/core/private_key.pem"),
            secret_key_file: file("KEY_PATH", "/etc/core/key"),
        }
    }
}

/// Starts core; an error ends the process, and Docker starts it again.
pub async fn run(release: Release) -> Result<()> {
    let environment = Environment::read();
    let port = environment.port;
    if fault::is_set("core-exits") {
        return Err(failure("asked to exit"));
    }
    let pool = Pool::new(&database::Settings::read(), release)?;
    let core = start(release, environment, pool).await?;
    // Core asks itself too: it must listen before the first check.
    let listener = http::listen(port).await?;
    health::watch(&core);
    println!("[INFO] the core service is running, version {}", release::with_commit(release));
    axum::serve(listener, api::router(core)).await.doing("serve")
}

/// Everything that must succeed before the first request.
async fn start(release: Release, environment: Environment, database: Pool) -> Result<Shared> {
    let redis = Redis::parse(&environment.redis_url)?;
    wait_for_redis(&redis).await?;
    database.wait_for_port().await?;
    schema::migrate(&database, release).await?;
    accounts::set_first_password(&database, &environment.admin_password).await?;
    let core = Arc::new(Core {
        token_key: TokenKey::read(&environment.token_key_file)?,
        secret_key: SecretKey::read(&environment.secret_key_file)?,
        health: Board::default(),
        client: http::client(),
        release,
        environment,
        database,
        redis,
    });
    configurations::overwrite(&core).await?;
    Ok(core)
}

/// Core tries for a minute and then dies.
async fn wait_for_redis(redis: &Redis) -> Result<()> {
    let mut last = Failure(String::new());
    for _ in 0..30 {
        match redis.call(&["PING"]).await {
            Ok(_) => return Ok(()),
            Err(error) => last = error,
        }
        println!("[ERROR] failed to ping redis, retry after 2s: {last}");
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
    Err(failure(format!("failed to initialize cache: {last}")))
}
