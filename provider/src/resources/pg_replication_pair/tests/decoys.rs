//! What a role may put into the database `postgres`, as every role may up to version 14, is never
//! called by the scripts that run there as a superuser.

use std::process::Command;

use super::super::import::skeleton;
use super::super::names::Paths;
use super::super::questions::{KEY, questions};
use super::super::scripts::Scripts;
use super::super::settings::Member;
use crate::data_sources::pg_status::PgStatus;
use crate::real_postgres::{Postgres, programs};
use crate::resource::{Ask, DataSource as _, Question};
use crate::settings::Settings as _;
use crate::value::{Object, Value};

const DECOYS: &str = include_str!("../../../../../tests/src/pair/decoys.sql");

/// The script of the question with this key, or of the only one.
fn script(questions: &[Question], key: &str) -> String {
    let question = questions.iter().find(|q| q.key == key).expect("it is asked");
    let Ask::Script(text) = &question.ask else { panic!("a script") };
    text.clone()
}

/// Runs it as on a host whose server this is; what it prints.
fn run(postgres: &Postgres, text: &str, stdin: &str) -> String {
    let bin = programs().expect("it started").display().to_string();
    let text = text
        .replace("/var/run/postgresql", &postgres.directory().display().to_string())
        .replace("/usr/lib/postgresql/15/bin", &bin)
        .replace("/etc/postgresql/15/main", "/nonexistent")
        .replace("/var/lib/postgresql/15/main", &postgres.data().display().to_string())
        .replace("runuser -u postgres --", "")
        .replace("as postgres", "as nobody");
    let stdin = crate::shell::word(stdin);
    let text = format!("export PGUSER=postgres; printf %s {stdin} | (\n{text}\n)");
    let output = Command::new("sh").args(["-euc", &text]).output().expect("sh runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said
}

#[tokio::test]
async fn no_decoy_in_the_database_of_all_is_called() {
    let Some(postgres) = Postgres::start() else { return };
    let decoys = DECOYS.replace("@ROLE@", "harbor").replace("@SCHEMA@", "public");
    let plant = [
        "CREATE ROLE harbor LOGIN",
        "GRANT CREATE ON SCHEMA public TO harbor",
        "SET SESSION AUTHORIZATION harbor",
        &decoys,
        "SELECT public.breakwater_plant('public')",
        "RESET SESSION AUTHORIZATION",
        "ALTER DATABASE postgres SET search_path = public, pg_catalog, pg_temp",
    ];
    postgres.sql("postgres", &plant).await;

    let mut settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
    settings.port = postgres.port;
    let looked = run(&postgres, &script(&questions(&settings), KEY), "");
    assert!(looked.contains("\n@@sql\n") && looked.contains("\"recovery\" : false"), "{looked}");
    let node = Object::from([(
        "ssh".to_owned(),
        Value::Map(Object::from([("host".to_owned(), "h".into())])),
    )]);
    let nodes = Object::from([("a".to_owned(), Value::Map(node))]);
    let object = Object::from([
        ("nodes".to_owned(), Value::Map(nodes)),
        ("port".to_owned(), Value::Int(postgres.port.into())),
    ]);
    let of_status =
        crate::data_sources::pg_status::Settings::from_object(&object, &crate::diag::Path::root());
    let asked = PgStatus::questions(&of_status.expect("settings"));
    let looked = run(&postgres, &script(&asked, "status"), "");
    assert!(looked.contains("@@status\n{"), "{looked}");

    let paths = Paths::new(&settings, Member::A);
    let scripts = Scripts { settings: &settings, member: Member::A, paths: &paths };
    let role = super::super::plan::access::role_sql(
        super::super::names::REWINDER,
        &crate::scram::verifier(&crate::secret::Secret::from("pencil")),
    );
    for (text, stdin) in [
        (scripts.sql_from_stdin(), role.expose()),
        (scripts.reset(&["work_mem".to_owned()]), ""),
        (scripts.slot(), ""),
        (scripts.slot(), ""),
        (scripts.write_position(), ""),
        (scripts.checkpoint(), ""),
        (scripts.drop_lost_slot(), ""),
        (scripts.drop_stale_slot(), ""),
    ] {
        run(&postgres, &text, stdin);
    }
    let ran = std::fs::read_to_string(postgres.data().join("decoys")).unwrap_or_default();
    assert_eq!(ran, "");
    let statement =
        "SELECT rolname FROM pg_catalog.pg_roles WHERE rolsuper AND rolname <> 'postgres'";
    let superusers = crate::step::Sql {
        server: crate::step::Server::Socket(String::new()),
        database: "postgres".to_owned(),
        statements: vec![statement.to_owned()],
    };
    assert_eq!(postgres.query(&superusers).await, Ok(Vec::new()));

    // They are such that somebody falls for them.
    postgres.sql("postgres", &["SELECT current_setting('port')"]).await;
    assert!(postgres.data().join("decoys").exists());
}
