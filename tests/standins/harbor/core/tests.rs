//! Two cores of two nodes against one real `PostgreSQL` and one Redis.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use bytes::Bytes;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::{Environment, Pool, Shared, api, database, health, start};
use crate::error::Result;
use crate::http::{self, Internal};
use crate::prepare::{make_token_key, random_text};
use crate::redis;
use crate::release;

const ADMIN: &str = "Basic YWRtaW46SGFyYm9yMTIzNDU="; // admin:Harbor12345

/// A throw-away `PostgreSQL` on loopback.
struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    fn start() -> Self {
        let folder = TempDir::new().expect("a folder");
        let programs = std::fs::read_dir("/usr/lib/postgresql")
            .expect("PostgreSQL is installed")
            .flatten()
            .map(|entry| entry.path().join("bin"))
            .max()
            .expect("PostgreSQL is installed");
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("a port").port();
        drop(socket);
        std::os::unix::fs::chown(folder.path(), Some(postgres_user()), None).expect("root's right");
        std::fs::write(folder.path().join("password"), "Secret_1").expect("a file");
        let cluster = Self { folder, programs, port };
        let data = cluster.path("data");
        let password = cluster.path("password");
        cluster.run(
            "initdb",
            &["-D", &data, "-U", "harbor", "-A", "scram-sha-256", "--pwfile", &password],
        );
        let options = format!("-p {port} -k {} -h 127.0.0.1 -c fsync=off", cluster.path(""));
        cluster.run(
            "pg_ctl",
            &["-D", &data, "-w", "-l", &cluster.path("log"), "-o", &options, "start"],
        );
        cluster
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    /// `PostgreSQL`'s programs refuse to be root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let status = Command::new("setpriv")
            .args(["--reuid=postgres", "--regid=postgres", "--clear-groups"])
            .arg(self.programs.join(program))
            .args(arguments)
            .env("PGPASSWORD", "Secret_1")
            .stdout(std::process::Stdio::null())
            .status()
            .expect("setpriv runs");
        assert!(status.success(), "{program} {arguments:?}");
    }

    fn sql(&self, database: &str, text: &str) {
        let port = self.port.to_string();
        self.run(
            "psql",
            &[
                "-h",
                "127.0.0.1",
                "-p",
                &port,
                "-U",
                "harbor",
                "-qX",
                "-v",
                "ON_ERROR_STOP=1",
                "-c",
                text,
                database,
            ],
        );
    }

    fn settings(&self, name: &str) -> database::Settings {
        let text = str::to_owned;
        database::Settings {
            host: text("127.0.0.1"),
            port: self.port.to_string(),
            username: text("harbor"),
            password: text("Secret_1"),
            name: text(name),
            ssl_mode: text("disable"),
            max_idle: text("2"),
            max_open: text("5"),
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.path("data");
        self.run("pg_ctl", &["-D", &data, "-m", "immediate", "stop"]);
    }
}

fn postgres_user() -> u32 {
    let users = std::fs::read_to_string("/etc/passwd").expect("users");
    users
        .lines()
        .find_map(|line| line.strip_prefix("postgres:x:")?.split(':').next()?.parse().ok())
        .expect("the user postgres")
}

/// A core that listens.
struct Node {
    core: Shared,
    url: String,
    client: Internal,
}

impl Node {
    async fn start(
        cluster: &Cluster,
        name: &str,
        environment: Environment,
        release: &str,
    ) -> Result<Self> {
        let release = release::parse(release)?;
        let pool = Pool::new(&cluster.settings(name), release)?;
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("a port").port();
        let environment = Environment { port, ..environment };
        let core = start(release, environment, pool).await?;
        let router = api::router(Arc::clone(&core));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { core, url: format!("http://127.0.0.1:{port}"), client: http::client() })
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        authorization: &str,
        body: Value,
    ) -> (StatusCode, Value) {
        let url = format!("{}{path}", self.url);
        let mut headers = vec![("content-type", "application/json")];
        if !authorization.is_empty() {
            headers.push(("authorization", authorization));
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let (status, bytes) =
            http::ask(&self.client, method, &url, &headers, body).await.expect("an answer");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str, authorization: &str) -> (StatusCode, Value) {
        self.ask(Method::GET, path, authorization, Value::Null).await
    }
}

/// An environment with its own keys in `folder`.
fn environment(folder: &Path, redis: u16) -> Environment {
    let token_key_file = folder.join("private_key.pem");
    if !token_key_file.exists() {
        let (key, _) = make_token_key().expect("a key");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&token_key_file, key).expect("a file");
        std::fs::write(folder.join("key"), random_text(16)).expect("a file");
    }
    let text = str::to_owned;
    Environment {
        port: 0,
        endpoint: text("https://harbor.example.com"),
        redis_url: format!("redis://127.0.0.1:{redis}?idle_timeout_seconds=30"),
        core_secret: text("core"),
        jobservice_secret: text("jobs"),
        csrf_key: "k".repeat(32),
        admin_password: text("Harbor12345"),
        registry_username: text("harbor_registry_user"),
        registry_password: text("password"),
        registry: text("http://127.0.0.1:9"),
        portal: text("http://127.0.0.1:9"),
        jobservice: text("http://127.0.0.1:9"),
        registryctl: text("http://127.0.0.1:9"),
        trivy: None,
        notary: None,
        charts: None,
        storage_provider: text("filesystem"),
        overwrite: None,
        secret_key_file: folder.join("key"),
        token_key_file,
    }
}

async fn redis_server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(redis::server::serve(listener));
    port
}

#[tokio::test]
#[ignore = "needs root and PostgreSQL's server programs"]
async fn behaves_like_core_on_a_real_database() {
    let cluster = Cluster::start();
    let redis = redis_server().await;
    let keys = TempDir::new().expect("a folder");
    let first = environment(&keys.path().join("a"), redis);
    accounts_and_settings(&cluster, &first).await;
    tokens_of_two_nodes(&cluster, &first, environment(&keys.path().join("b"), redis)).await;
    schema_versions(&cluster, &first).await;
}

async fn accounts_and_settings(cluster: &Cluster, environment: &Environment) {
    cluster.sql("postgres", "CREATE DATABASE settings");
    let start =
        |release: &'static str| Node::start(cluster, "settings", environment.clone(), release);
    let old = start("2.3.2").await.expect("core starts");
    let (_, user) = old.get("/api/v2.0/users/current", ADMIN).await;
    assert_eq!((&user["username"], &user["sysadmin_flag"]), (&json!("admin"), &json!(true)));
    let (status, error) = old.get("/api/v2.0/configurations", "").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(error["errors"][0]["code"], "UNAUTHORIZED");
    let (_, before) = old.get("/api/v2.0/configurations", ADMIN).await;
    assert_eq!(before["self_registration"], json!({"editable": true}), "zero is left out");
    let (_, info) = old.get("/api/v2.0/systeminfo", "").await;
    assert_eq!(info["harbor_version"], release::with_commit(old.core.release));

    let new = start("2.15.2").await.expect("core upgrades");
    let put = json!({"self_registration": true, "project_creation_restriction": "adminonly", "no_such_key": 1});
    let (status, _) = new.ask(Method::PUT, "/api/v2.0/configurations", ADMIN, put).await;
    assert_eq!(status, StatusCode::OK, "an unknown key is dropped");
    let (_, after) = new.get("/api/v2.0/configurations", ADMIN).await;
    assert_eq!(after["self_registration"], json!({"value": true, "editable": true}));
    for wrong in [
        json!({"self_registration": "yes"}),
        json!({"token_expiration": 0}),
        json!({"project_creation_restriction": "nobody"}),
    ] {
        let (status, _) = new.ask(Method::PUT, "/api/v2.0/configurations", ADMIN, wrong).await;
        assert_eq!(status, StatusCode::BAD_REQUEST);
    }
    let (_, info) = new.get("/api/v2.0/systeminfo", "").await;
    assert_eq!(info.get("harbor_version"), None);

    let body = json!({"old_password": "Harbor12345", "new_password": "Another12345"});
    let (status, _) = new.ask(Method::PUT, "/api/v2.0/users/1/password", ADMIN, body).await;
    assert_eq!(status, StatusCode::OK);
    let again = start("2.15.2").await.expect("core starts");
    let (status, _) = again.get("/api/v2.0/users/current", ADMIN).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "the first password counts once");
    health_of_a_lonely_core(&again).await;
}

async fn health_of_a_lonely_core(node: &Node) {
    let (_, health) = node.get("/api/v2.0/health", "").await;
    assert_eq!(health["status"], "healthy", "nothing is checked yet");
    health::watch(&node.core);
    let component = |health: &Value, name: &str| {
        let all = health["components"].as_array().expect("a list").clone();
        all.into_iter().find(|part| part["name"] == name).expect("a component")
    };
    loop {
        let (status, health) = node.get("/api/v2.0/health", "").await;
        assert_eq!(status, StatusCode::OK);
        let known = !health.to_string().contains("unknown status");
        if known {
            assert_eq!(component(&health, "database")["status"], "healthy");
            assert_eq!(component(&health, "jobservice")["status"], "unhealthy");
            assert_eq!(health["status"], "unhealthy");
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn tokens_of_two_nodes(cluster: &Cluster, first: &Environment, other: Environment) {
    cluster.sql("postgres", "CREATE DATABASE tokens");
    let mut nodes = Vec::new();
    let same_key = Environment { token_key_file: first.token_key_file.clone(), ..other.clone() };
    for environment in [first.clone(), same_key, other] {
        let node = Node::start(cluster, "tokens", environment, "2.15.2").await;
        nodes.push(node.expect("core starts"));
    }
    let (_, answer) = nodes[0].get("/service/token?service=harbor-registry", ADMIN).await;
    let bearer = format!("Bearer {}", answer["token"].as_str().expect("a token"));
    let mut statuses = Vec::new();
    for node in &nodes {
        statuses.push(node.get("/v2/", &bearer).await.0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 401]);
    let secret = json!({"ldap_search_password": "hidden"});
    let (status, _) = nodes[0].ask(Method::PUT, "/api/v2.0/configurations", ADMIN, secret).await;
    assert_eq!(status, StatusCode::OK);
    let (status, _) = nodes[2].get("/api/v2.0/configurations", ADMIN).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "another secret key cannot decrypt");
}

async fn schema_versions(cluster: &Cluster, environment: &Environment) {
    cluster.sql("postgres", "CREATE DATABASE schema");
    let start =
        |release: &'static str| Node::start(cluster, "schema", environment.clone(), release);
    let refusal = |outcome: Result<Node>| outcome.err().expect("core must not start").to_string();
    start("2.15.2").await.expect("core starts");
    let text = refusal(start("2.14.0").await);
    assert!(text.contains("no migration found for version 180"), "{text}");
    cluster.sql("schema", "UPDATE schema_migrations SET dirty = true");
    let text = refusal(start("2.15.2").await);
    assert!(text.contains("Dirty database version 180"), "{text}");
    cluster.sql("schema", "ALTER DATABASE schema SET default_transaction_read_only = on");
    cluster.sql("postgres", "CREATE DATABASE readonly");
    cluster.sql("postgres", "ALTER DATABASE readonly SET default_transaction_read_only = on");
    let text = refusal(Node::start(cluster, "readonly", environment.clone(), "2.15.2").await);
    assert!(text.contains("cannot execute CREATE TABLE in a read-only transaction"), "{text}");
}
