//! Harbor's core: API, users, configuration, tokens, and the way to the
//! registry. State is in `PostgreSQL` and Redis alone, so two cores on two nodes
//! are one Harbor.

mod accounts;
mod answer;
mod api;
mod artifacts;
mod board;
mod configurations;
mod database;
mod environment;
mod health;
mod jobs;
mod keys;
mod projects;
mod schema;
mod sessions;
mod settings;
mod sql_tls;
mod state;
#[cfg(test)]
mod tests;
mod token;
mod user;

use std::sync::Arc;
use std::time::Duration;

use board::Board;
use database::Pool;
use environment::Environment;
use keys::{SecretKey, TokenKey};
use state::{Core, Shared};

use crate::error::{Doing, Failure, Result, failure};
use crate::fault;
use crate::http;
use crate::redis::Redis;
use crate::release::{self, Release};

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
