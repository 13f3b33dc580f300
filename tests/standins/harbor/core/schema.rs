//! The database's tables, made and upgraded at core's start.

use tokio_postgres::Client;

use super::database::Pool;
use super::sql_tls::explain;
use crate::error::{Result, failure};
use crate::release::Release;

/// Key of the advisory lock that keeps two cores apart.
const LOCK: i64 = 1_486_364_155;

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_migrations
    (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS harbor_user (
    user_id serial PRIMARY KEY, username varchar(255) UNIQUE, email varchar(255) UNIQUE,
    password varchar(40) NOT NULL, password_version varchar(16) DEFAULT 'sha256',
    realname varchar(255) NOT NULL, comment varchar(30), deleted boolean NOT NULL DEFAULT false,
    salt varchar(40), sysadmin_flag boolean NOT NULL DEFAULT false,
    creation_time timestamptz DEFAULT now(), update_time timestamptz DEFAULT now());
INSERT INTO harbor_user (username, email, password, realname, comment, sysadmin_flag)
    VALUES ('admin', NULL, '', 'system admin', 'admin user', true)
    ON CONFLICT (username) DO NOTHING;
CREATE TABLE IF NOT EXISTS properties (
    id serial PRIMARY KEY, k varchar(64) NOT NULL UNIQUE, v varchar(1024) NOT NULL);
CREATE TABLE IF NOT EXISTS project (
    project_id serial PRIMARY KEY, owner_id int NOT NULL, name varchar(255) NOT NULL UNIQUE,
    public boolean NOT NULL DEFAULT false, deleted boolean NOT NULL DEFAULT false,
    creation_time timestamptz DEFAULT now(), update_time timestamptz DEFAULT now());
INSERT INTO project (owner_id, name, public) VALUES (1, 'library', true)
    ON CONFLICT (name) DO NOTHING;
CREATE TABLE IF NOT EXISTS repository (
    repository_id serial PRIMARY KEY, name varchar(255) NOT NULL UNIQUE,
    project_id int NOT NULL, pull_count int NOT NULL DEFAULT 0,
    creation_time timestamptz DEFAULT now(), update_time timestamptz DEFAULT now());
CREATE TABLE IF NOT EXISTS artifact (
    id serial PRIMARY KEY, repository_name varchar(255) NOT NULL, digest varchar(255) NOT NULL,
    tag varchar(255), media_type varchar(255) NOT NULL, size bigint,
    push_time timestamptz DEFAULT now(), UNIQUE (repository_name, digest));
CREATE TABLE IF NOT EXISTS replication_execution (
    id serial PRIMARY KEY, policy_id int NOT NULL, status varchar(32), status_text text,
    start_time timestamptz DEFAULT now(), end_time timestamptz);
";

/// Brings the schema to the release's version. The first statement is always
/// sent, so a standby ends core here; a newer or a dirty schema does too.
pub async fn migrate(database: &Pool, release: Release) -> Result<()> {
    let client = database.get().await?;
    run(&client, VERSIONS).await?;
    run(&client, &format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let outcome = migrate_locked(&client, release.schema()).await;
    run(&client, &format!("SELECT pg_advisory_unlock({LOCK})")).await?;
    outcome
}

async fn migrate_locked(client: &Client, target: i64) -> Result<()> {
    let found = client
        .query_opt("SELECT version, dirty FROM schema_migrations LIMIT 1", &[])
        .await
        .map_err(|error| explain(&error))?;
    let found: Option<(i64, bool)> = found.map(|row| (row.get(0), row.get(1)));
    match found {
        Some((version, true)) => Err(failure(format!(
            "failed to initialize database: Dirty database version {version}. Fix and force version."
        ))),
        Some((version, _)) if version > target => Err(failure(format!(
            "failed to initialize database: no migration found for version {version}: read down for version {version} .: file does not exist"
        ))),
        Some((version, _)) if version == target => Ok(()),
        _ => upgrade(client, target).await,
    }
}

/// The version is marked dirty first: a core that dies between leaves that.
async fn upgrade(client: &Client, target: i64) -> Result<()> {
    println!("[INFO] upgrading the database schema to version {target}");
    set_version(client, target, true).await?;
    run(client, TABLES).await?;
    set_version(client, target, false).await
}

async fn set_version(client: &Client, version: i64, dirty: bool) -> Result<()> {
    let text = format!(
        "BEGIN; DELETE FROM schema_migrations;
         INSERT INTO schema_migrations VALUES ({version}, {dirty}); COMMIT"
    );
    run(client, &text).await
}

async fn run(client: &Client, text: &str) -> Result<()> {
    client.batch_execute(text).await.map_err(|error| {
        let cause = explain(&error);
        failure(format!("failed to initialize database: {cause}"))
    })
}
