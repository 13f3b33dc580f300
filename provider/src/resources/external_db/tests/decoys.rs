//! What the owner of a database puts into it is never called by who administers the server.

use super::server::{apply, as_harbor, seen};
use super::*;
use crate::real_postgres::Postgres;
use crate::step::Action;

const DECOYS: &str = include_str!("../../../../../tests/src/pair/decoys.sql");

/// Names of all sessions are looked up among the decoys first; a role may say so of its own sessions,
/// and an owner of those in its database.
const SEARCH_PATHS: [&str; 2] =
    ["harbor, public, pg_catalog, pg_temp", "pg_temp, public, harbor, pg_catalog"];

/// With a function that fits better than the server's own, which is found without any search path.
const BETTER: &str = "CREATE FUNCTION public.has_schema_privilege(oid, regnamespace, text) RETURNS boolean \
     LANGUAGE plpgsql AS $$ BEGIN PERFORM public.breakwater_decoy('better'); RETURN true; END $$";

fn own_decoys(schema: &str) -> String {
    DECOYS.replace("@ROLE@", "harbor").replace("@SCHEMA@", schema)
}

async fn harbor(postgres: &Postgres, statement: &str) {
    as_harbor(postgres, "s3cret-Word", statement).await.unwrap_or_else(|why| panic!("{why}"));
}

/// Decoys in every schema that the role may write to.
async fn plant(postgres: &Postgres) {
    harbor(postgres, "CREATE SCHEMA harbor").await;
    for schema in ["public", "harbor"] {
        harbor(postgres, &own_decoys(schema)).await;
        harbor(postgres, &format!("SELECT {schema}.breakwater_plant('{schema}')")).await;
    }
    harbor(postgres, BETTER).await;
}

fn superuser() -> crate::step::Server {
    crate::step::Server::Socket(String::new())
}

/// The decoys that a superuser has run.
fn ran(postgres: &Postgres) -> String {
    std::fs::read_to_string(postgres.data().join("decoys")).unwrap_or_default()
}

async fn is_superuser(postgres: &Postgres) -> bool {
    let statement = "SELECT rolsuper::text AS is FROM pg_catalog.pg_roles WHERE rolname = 'harbor'";
    let rows = postgres.query(&sql::one(superuser(), "postgres", statement)).await;
    rows.expect("it answers")[0]["is"].as_deref() == Some("true")
}

#[tokio::test]
async fn no_decoy_in_a_database_of_another_is_called() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[]);
    apply(&postgres, &settings, &Context::default()).await;
    plant(&postgres).await;
    let by_hand = [
        "CREATE TABLE public.left (id int PRIMARY KEY)",
        "CREATE VIEW public.seen AS SELECT 1 AS x",
    ];
    for path in SEARCH_PATHS {
        postgres.sql("registry", &by_hand).await;
        harbor(&postgres, &format!("ALTER DATABASE registry SET search_path = {path}")).await;
        harbor(&postgres, &format!("ALTER ROLE harbor SET search_path = {path}")).await;
        let facts = seen(&postgres, &settings).await;
        let inside =
            facts.databases["registry"].inside.clone().expect("the database was looked into");
        assert_eq!((inside.foreign, inside.may_create), (2, Some(true)));
        let rounds = apply(&postgres, &settings, &Context::default()).await;
        assert!(
            rounds[0].contains("hand 2 things of postgres in registry to harbor"),
            "{rounds:?}"
        );
        assert_eq!(ran(&postgres), "", "with {path}");
        harbor(&postgres, "DROP VIEW public.seen").await;
        harbor(&postgres, "DROP TABLE public.left").await;
    }
    let dropping = super::settings(&[("on_destroy", Value::from("drop"))]);
    let plan = destroy(&dropping, &seen(&postgres, &settings).await);
    for step in &plan.steps {
        let Action::Sql(sql) = &step.action else { panic!("only SQL is run") };
        postgres.query(sql).await.expect("dropped");
    }
    assert_eq!(ran(&postgres), "");
}

#[tokio::test]
async fn the_decoys_are_called_by_who_looks_names_up_as_the_owner_wants() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[]);
    apply(&postgres, &settings, &Context::default()).await;
    harbor(&postgres, &own_decoys("public")).await;
    harbor(&postgres, BETTER).await;
    let inside = sql::one(superuser(), "registry", sql::inside("harbor"));
    assert!(!is_superuser(&postgres).await);
    postgres.as_others(&inside).await.expect("it answers");
    assert_eq!(ran(&postgres), "better\nbetter\n", "as usage and as creation");
    assert!(is_superuser(&postgres).await);
}

#[tokio::test]
async fn the_decoys_gain_nothing_from_who_looks_in_as_the_owner() {
    let Some(postgres) = Postgres::start() else { return };
    let settings = settings(&[]);
    apply(&postgres, &settings, &Context::default()).await;
    harbor(&postgres, &own_decoys("public")).await;
    harbor(&postgres, BETTER).await;
    let questions = questions::questions(&settings);
    let inside = questions.iter().find(|question| question.key == "inside registry");
    let crate::resource::Ask::Sql(inside) = &inside.expect("it is asked").ask else {
        panic!("a query")
    };
    // Without the search path that keeps them from being called.
    let rows = postgres.as_others(inside).await.expect("it answers");
    assert_eq!(rows[0]["may_create"].as_deref(), Some("true"), "a decoy has answered");
    assert_eq!(ran(&postgres), "");
    assert!(!is_superuser(&postgres).await);
}

/// Each kind, so that none of them is a decoy that nobody could fall for.
#[tokio::test]
async fn there_are_decoys_of_everything() {
    let Some(postgres) = Postgres::start() else { return };
    apply(&postgres, &settings(&[]), &Context::default()).await;
    harbor(&postgres, &own_decoys("public")).await;
    let statement = "SELECT * FROM public.breakwater_plant('public')";
    let row = postgres.as_others(&sql::one(superuser(), "registry", statement)).await;
    let row = row.expect("planted").remove(0);
    for (kind, at_least) in [
        ("functions", 2000),
        ("aggregates", 100),
        ("operators", 600),
        ("types", 50),
        ("relations", 120),
    ] {
        let number: usize = row[kind].as_deref().and_then(|n| n.parse().ok()).expect("a number");
        assert!(number >= at_least, "{number} {kind}");
    }
    let evil = "SET search_path = public, pg_catalog, pg_temp";
    for (statement, decoy) in [
        ("SELECT current_setting('port')", "function current_setting(text)"),
        ("SELECT count(*)", "function count()"),
        ("SELECT 1 = 2", "operator =(integer,integer)"),
        ("SELECT 'pg_class'::regclass", "type regclass"),
        ("SELECT 1 FROM pg_class", "relation pg_class"),
    ] {
        let statements = vec![evil.to_owned(), statement.to_owned()];
        let sql = crate::step::Sql { server: superuser(), database: "registry".into(), statements };
        // Some of them end in an error, after they have run.
        let _ = postgres.as_others(&sql).await;
        assert!(ran(&postgres).lines().any(|line| line == decoy), "{decoy}: {}", ran(&postgres));
    }
}
