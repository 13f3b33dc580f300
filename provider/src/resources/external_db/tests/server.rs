//! The SQL against a real server, on a unix socket and loopback of a temporary directory. It is
//! passed over where PostgreSQL's programs are not installed.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use super::super::facts::NODE;
use super::*;
use crate::resource::{Answer, Ask};
use crate::step::{Action, Server, Sql};

/// `nobody`: the server refuses to run as root.
const NOBODY: u32 = 65534;

/// A server that ends with this value.
struct Postgres {
    directory: tempfile::TempDir,
    port: u16,
}

impl Postgres {
    fn start() -> Option<Self> {
        if Command::new("initdb").arg("--version").output().is_err() {
            eprintln!("passed over: initdb is not installed");
            return None;
        }
        let directory = tempfile::tempdir().expect("temporary directory");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), mode).expect("own directory");
        if is_root() {
            chown(directory.path(), Some(NOBODY), Some(NOBODY)).expect("own directory");
        }
        let port = free_port();
        let server = Self { directory, port };
        server.run(&["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N"]);
        let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(server.directory.path().join("data/pg_hba.conf"), hba).expect("pg_hba.conf");
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off \
             -c unix_socket_directories={}",
            server.directory.path().display()
        );
        server.run(&["pg_ctl", "-D", "data", "-w", "-l", "log", "-o", &options, "start"]);
        Some(server)
    }

    fn run(&self, argv: &[&str]) {
        let mut command = Command::new(argv[0]);
        command.args(&argv[1..]).current_dir(self.directory.path()).env("LC_ALL", "C");
        command.stdout(std::process::Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status().expect("program starts");
        assert!(status.success(), "{argv:?}");
    }

    /// The configuration of a server: a socket path means ours.
    fn config(&self, server: &Server) -> Config {
        let mut config = Config::new();
        config.port(self.port);
        match server {
            Server::Socket(_) => config.host_path(self.directory.path()).user("postgres"),
            Server::Tcp { user, password, .. } => {
                config.host("127.0.0.1").user(user).password(password.expose())
            }
        };
        config
    }

    async fn query(&self, sql: &Sql) -> Result<Vec<BTreeMap<String, Option<String>>>, String> {
        let mut config = self.config(&sql.server);
        let (client, connection) =
            config.dbname(&sql.database).connect(NoTls).await.map_err(|e| text(&e))?;
        let connection = tokio::spawn(connection);
        let mut rows = Vec::new();
        for statement in &sql.statements {
            let messages = client.simple_query(statement).await.map_err(|e| text(&e))?;
            rows = messages.into_iter().filter_map(row).collect();
        }
        drop(client);
        connection.await.expect("no panic").map_err(|e| text(&e))?;
        Ok(rows)
    }

    async fn sql(&self, database: &str, statements: &[&str]) {
        let statements = statements.iter().map(|s| (*s).to_owned()).collect();
        let server = Server::Socket(String::new());
        let sql = Sql { server, database: database.to_owned(), statements };
        self.query(&sql).await.expect("statements of the test");
    }

    async fn facts(&self, settings: &ExternalDb) -> Facts {
        let mut answers = Answers::default();
        for question in ExternalDatabase::questions(settings) {
            let Ask::Sql(sql) = &question.ask else { panic!("only SQL is asked") };
            let answer = self.query(sql).await.map_or_else(Answer::Failed, Answer::Rows);
            answers.insert(NODE, &question.key, answer);
        }
        ExternalDatabase::facts(settings, &answers).expect("facts")
    }

    /// What an apply does; the steps of each round.
    async fn apply(&self, settings: &ExternalDb, context: &Context) -> Vec<String> {
        let mut rounds = Vec::new();
        for _ in 0..4 {
            let facts = self.facts(settings).await;
            let plan = ExternalDatabase::plan(settings, &facts, context);
            assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
            if plan.steps.is_empty() {
                assert!(plan.status.values().all(|p| p.actual == p.wanted), "{:?}", plan.status);
                return rounds;
            }
            for step in &plan.steps {
                let Action::Sql(sql) = &step.action else { panic!("only SQL is run") };
                self.query(sql).await.unwrap_or_else(|why| panic!("{step:?}: {why}"));
            }
            rounds.push(describe(&plan.steps));
        }
        panic!("steps remain: {rounds:?}");
    }

    async fn as_harbor(&self, password: &str, statement: &str) -> Result<(), String> {
        let server = Server::Tcp {
            host: "127.0.0.1".into(),
            port: self.port,
            user: "harbor".into(),
            password: Secret::from(password),
            sslmode: "disable".into(),
        };
        self.query(&sql::one(server, "registry", statement)).await.map(drop)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.run(&["pg_ctl", "-D", "data", "-w", "-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

fn text(error: &tokio_postgres::Error) -> String {
    let code = error.as_db_error().map(|e| format!("{} ({})", e.message(), e.code().code()));
    code.unwrap_or_else(|| error.to_string())
}

fn row(message: SimpleQueryMessage) -> Option<BTreeMap<String, Option<String>>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let columns = row.columns().iter().enumerate();
    Some(columns.map(|(i, c)| (c.name().to_owned(), row.get(i).map(str::to_owned))).collect())
}

#[tokio::test]
async fn a_role_and_its_databases_are_made_once_and_work() {
    let Some(postgres) = Postgres::start() else { return };
    let settings =
        settings(&[("harbor_version", Value::from("2.3.2")), ("connection_limit", Value::Int(70))]);
    let rounds = postgres.apply(&settings, &Context::default()).await;
    assert_eq!(rounds.len(), 1, "one round makes all: {rounds:?}");
    // PostgreSQL 15 and later: schema public is not open to everyone.
    let table = "CREATE TABLE schema_migrations (version bigint)";
    postgres.as_harbor("s3cret-Word", table).await.expect("a migration runs");
    assert!(postgres.as_harbor("wrong", "SELECT 1").await.is_err());

    let facts = postgres.facts(&settings).await;
    assert_eq!(facts.databases["registry"].inside.as_ref().map(|i| i.tables), Some(1));
    assert_eq!(facts.role.expect("made").connections, 70);
}

#[tokio::test]
async fn what_was_made_by_hand_is_adopted() {
    let Some(postgres) = Postgres::start() else { return };
    postgres
        .sql("postgres", &["CREATE ROLE harbor PASSWORD 'old'", "CREATE DATABASE registry"])
        .await;
    let by_hand = [
        "ALTER SCHEMA public OWNER TO postgres",
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        "CREATE TABLE project (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY)",
        "CREATE TABLE \"Odd name\" (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE part PARTITION OF \"Odd name\" FOR VALUES FROM (0) TO (9)",
        "CREATE VIEW v AS SELECT * FROM project",
        "CREATE MATERIALIZED VIEW m AS SELECT * FROM project",
        "CREATE SEQUENCE s",
        "CREATE TYPE mood AS ENUM ('ok')",
        "CREATE TYPE pair AS (a int, b int)",
        "CREATE DOMAIN small AS int CHECK (value < 9)",
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "CREATE PROCEDURE p() LANGUAGE sql AS 'SELECT 1'",
    ];
    postgres.sql("registry", &by_hand).await;
    let settings = settings(&[]);
    let rounds = postgres.apply(&settings, &Context::default()).await;
    assert!(rounds[0].contains("give database registry of postgres to harbor"), "{rounds:?}");
    assert!(rounds[0].contains("hand 11 things of postgres in registry to harbor"), "{rounds:?}");
    let alter = "ALTER TABLE part ADD COLUMN x int";
    postgres.as_harbor("s3cret-Word", alter).await.expect_err("a partition follows its parent");
    for statement in [
        "ALTER TABLE project ADD COLUMN x int",
        "DROP FUNCTION touch()",
        "ALTER TYPE mood ADD VALUE 'better'",
        "CREATE TABLE more (id int)",
    ] {
        postgres.as_harbor("s3cret-Word", statement).await.expect(statement);
    }
    let inside = postgres.facts(&settings).await.databases["registry"].inside.clone();
    assert_eq!(inside.expect("open").tables, 4);
}

#[tokio::test]
async fn an_administrator_without_superuser_is_enough() {
    let Some(postgres) = Postgres::start() else { return };
    let admin = "CREATE ROLE admin LOGIN CREATEDB CREATEROLE PASSWORD 'adm1n-Word'";
    postgres.sql("postgres", &[admin]).await;
    let mut settings = settings(&[("server", Value::Map(server()))]);
    let rounds = postgres.apply(&settings, &Context::default()).await;
    assert!(rounds[0].contains("become a member of role harbor"), "{rounds:?}");
    postgres.as_harbor("s3cret-Word", "CREATE TABLE t (id int)").await.expect("a migration runs");

    // Another password: the server refuses it at the probe, and then has it.
    settings.password_wo = Some(Secret::from("next-Word"));
    let context = Context { prior: Some(Object::new()), ..Context::default() };
    let rounds = postgres.apply(&settings, &context).await;
    assert!(rounds[0].contains("set the password"), "{rounds:?}");
    postgres.as_harbor("next-Word", "SELECT 1").await.expect("the new password");
}

#[tokio::test]
async fn a_destroy_drops_what_is_empty() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[("on_destroy", Value::from("drop"))]);
    postgres.apply(&settings, &Context::default()).await;
    let facts = postgres.facts(&settings).await;
    let plan = ExternalDatabase::destroy(&settings, &facts, &Context::default());
    for step in &plan.steps {
        let Action::Sql(sql) = &step.action else { panic!("only SQL is run") };
        postgres.query(sql).await.expect("dropped");
    }
    let facts = postgres.facts(&settings).await;
    assert!(facts.role.is_none() && facts.databases.is_empty());
}
