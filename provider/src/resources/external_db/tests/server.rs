//! The SQL against a real server.

use super::*;
use crate::real_postgres::{LOG_WAYS, Postgres};
use crate::resource::Ask;
use crate::step::{Action, Server, Sql};

pub async fn seen(postgres: &Postgres, settings: &ExternalDb) -> Facts {
    let answers = postgres.answers(&ExternalDatabase::questions(settings)).await;
    ExternalDatabase::facts(settings, &answers).expect("facts")
}

/// What an apply does; the steps of each round.
pub async fn apply(postgres: &Postgres, settings: &ExternalDb, context: &Context) -> Vec<String> {
    let mut rounds = Vec::new();
    for _ in 0..4 {
        let facts = seen(postgres, settings).await;
        let plan = plan_in(settings, &facts, context);
        assert!(plan.refusals.is_empty(), "{:?}", plan.refusals);
        if plan.steps.is_empty() {
            assert!(plan.status.values().all(|p| p.actual == p.wanted), "{:?}", plan.status);
            return rounds;
        }
        for step in &plan.steps {
            let Action::Sql(sql) = &step.action else { panic!("only SQL is run") };
            postgres.query(sql).await.unwrap_or_else(|why| panic!("{step:?}: {why}"));
        }
        rounds.push(describe(&plan.steps));
    }
    panic!("steps remain: {rounds:?}");
}

pub async fn as_harbor(postgres: &Postgres, password: &str, statement: &str) -> Result<(), String> {
    let server = Server::Tcp {
        host: "127.0.0.1".into(),
        port: postgres.port,
        user: "harbor".into(),
        password: Secret::from(password),
        sslmode: "disable".into(),
    };
    postgres.as_others(&sql::one(server, "registry", statement)).await.map(drop)
}

#[tokio::test]
async fn a_role_and_its_databases_are_made_once_and_work() {
    let Some(postgres) = Postgres::start() else { return };
    let settings =
        settings(&[("harbor_version", Value::from("2.3.2")), ("connection_limit", Value::Int(70))]);
    let rounds = apply(&postgres, &settings, &Context::default()).await;
    assert_eq!(rounds.len(), 1, "one round makes all: {rounds:?}");
    // PostgreSQL 15 and later: schema public is not open to everyone.
    let table = "CREATE TABLE schema_migrations (version bigint)";
    as_harbor(&postgres, "s3cret-Word", table).await.expect("a migration runs");
    assert!(as_harbor(&postgres, "wrong", "SELECT 1").await.is_err());

    let facts = seen(&postgres, &settings).await;
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
    let rounds = apply(&postgres, &settings, &Context::default()).await;
    assert!(rounds[0].contains("give database registry of postgres to harbor"), "{rounds:?}");
    assert!(rounds[0].contains("hand 11 things of postgres in registry to harbor"), "{rounds:?}");
    let alter = "ALTER TABLE part ADD COLUMN x int";
    as_harbor(&postgres, "s3cret-Word", alter).await.expect_err("a partition follows its parent");
    for statement in [
        "ALTER TABLE project ADD COLUMN x int",
        "DROP FUNCTION touch()",
        "ALTER TYPE mood ADD VALUE 'better'",
        "CREATE TABLE more (id int)",
    ] {
        as_harbor(&postgres, "s3cret-Word", statement).await.expect(statement);
    }
    let inside = seen(&postgres, &settings).await.databases["registry"].inside.clone();
    assert_eq!(inside.expect("open").tables, 4);
}

/// What is sent into a database of another is done as its owner; what is not, its owner cannot do.
#[tokio::test]
async fn what_the_owner_may_do_is_not_done_by_a_superuser() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[]);
    apply(&postgres, &settings, &Context::default()).await;
    let own = sql::as_role("harbor");
    for question in questions::questions(&settings) {
        let Ask::Sql(asked) = &question.ask else { panic!("only SQL is asked") };
        let inside = asked.database != sql::MAINTENANCE;
        assert_eq!(asked.statements[0] == own, inside, "{}", question.key);
    }
    let mut kept = Vec::new();
    for by_hand in [
        &["DROP SCHEMA public"][..],
        &[
            "ALTER SCHEMA public OWNER TO postgres",
            "REVOKE ALL ON SCHEMA public FROM PUBLIC, harbor",
        ],
        &["CREATE TABLE public.left (id int)"],
    ] {
        postgres.sql("registry", by_hand).await;
        let facts = seen(&postgres, &settings).await;
        let plan = decided::<ExternalDatabase>(&settings, &facts, &Context::default(), false);
        for step in &plan.steps {
            let Action::Sql(done) = &step.action else { panic!("only SQL is run") };
            assert_eq!(done.database, "registry", "{}", step.describe());
            if done.statements[0] != own {
                let statements = done.statements.join(";\n");
                let refused = as_harbor(&postgres, "s3cret-Word", &statements).await;
                let why = refused.expect_err(&step.describe());
                assert!(why.contains("42501"), "its owner could do it: {} {why}", step.describe());
                kept.push(step.describe());
            }
            postgres.query(done).await.expect("done");
        }
    }
    assert_eq!(kept.len(), 2, "a superuser opens its own schema and hands over its own: {kept:?}");
}

#[tokio::test]
async fn an_administrator_without_superuser_is_enough() {
    let Some(postgres) = Postgres::start() else { return };
    let admin = "CREATE ROLE admin LOGIN CREATEDB CREATEROLE PASSWORD 'adm1n-Word'";
    postgres.sql("postgres", &[admin]).await;
    let mut settings = settings(&[("server", Value::Map(server()))]);
    let rounds = apply(&postgres, &settings, &Context::default()).await;
    assert!(rounds[0].contains("become a member of role harbor"), "{rounds:?}");
    as_harbor(&postgres, "s3cret-Word", "CREATE TABLE t (id int)").await.expect("a migration runs");

    // Another password: the server refuses it at the probe, and then has it.
    settings.password_wo = Some(Secret::from("next-Word"));
    let context = Context { prior: Some(Object::new()), ..Context::default() };
    let rounds = apply(&postgres, &settings, &context).await;
    assert!(rounds[0].contains("set the password"), "{rounds:?}");
    as_harbor(&postgres, "next-Word", "SELECT 1").await.expect("the new password");
}

#[tokio::test]
async fn a_destroy_drops_what_is_empty() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[("on_destroy", Value::from("drop"))]);
    apply(&postgres, &settings, &Context::default()).await;
    let facts = seen(&postgres, &settings).await;
    let plan = destroy(&settings, &facts);
    for step in &plan.steps {
        let Action::Sql(sql) = &step.action else { panic!("only SQL is run") };
        postgres.query(sql).await.expect("dropped");
    }
    let facts = seen(&postgres, &settings).await;
    assert!(facts.role.is_none() && facts.databases.is_empty());
}

#[tokio::test]
async fn no_verifier_stands_in_the_servers_log() {
    let Some(postgres) = Postgres::start() else { return };
    for way in LOG_WAYS {
        postgres.log_by(way).await;
        let password = Secret::from("s3cret-Word");
        for statements in [
            sql::create_role("harbor", &password, Some(5)),
            sql::set_password("harbor", &password),
            // It fails, and that is logged with the statement.
            sql::set_password("nobody", &password),
        ] {
            let server = Server::Socket(String::new());
            let sql = Sql { server, database: sql::MAINTENANCE.to_owned(), statements };
            let _ = postgres.query(&sql).await;
        }
        assert!(!postgres.log().contains("SCRAM-SHA-256$"), "{}", postgres.log());
    }
    let role = seen(&postgres, &settings(&[])).await.role.expect("made");
    let StoredPassword::Verifier(verifier) = role.password else { panic!("a verifier") };
    assert!(scram::is_of(&verifier, &Secret::from("s3cret-Word")));
}
