//! What a user relies on; `server` proves the SQL against a real PostgreSQL, and `decoys`
//! that it calls nothing which the database's owner has put there.

mod decoys;
mod server;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::facts::{Cluster, Database, Facts, Inside, Reachability, Role, StoredPassword};
use super::*;
use crate::diag::Path;
use crate::resource::{Context, decided, describe, observed};
use crate::scram;
use crate::secret::Secret;
use crate::settings::{Field as _, Settings as _, check};
use crate::value::Value;

pub fn settings(extra: &[(&str, Value)]) -> ExternalDb {
    let ssh = Object::from([("host".to_owned(), Value::from("198.51.100.11"))]);
    let mut object = Object::from([
        ("ssh".to_owned(), Value::Map(ssh)),
        ("password_wo".to_owned(), Value::from("s3cret-Word")),
    ]);
    object.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), v.clone())));
    ExternalDb::from_object(&object, &Path::root()).expect("settings of the schema")
}

fn plan_in(settings: &ExternalDb, facts: &Facts, context: &Context) -> Plan {
    decided::<ExternalDatabase>(settings, facts, context, false)
}

fn destroy(settings: &ExternalDb, facts: &Facts) -> Plan {
    decided::<ExternalDatabase>(settings, facts, &Context::default(), true)
}

fn there(user: &str, password: StoredPassword) -> Facts {
    let inside = Inside { public: true, may_create: Some(true), ..Inside::default() };
    let database =
        Database { owner: user.to_owned(), encoding: "UTF8".to_owned(), inside: Some(inside) };
    Facts {
        reach: Reachability::Answers,
        cluster: Cluster { version: 150_008, in_recovery: false, superuser: true },
        role: Some(Role { login: true, superuser: false, connections: -1, usable: true, password }),
        databases: BTreeMap::from([("registry".to_owned(), database)]),
    }
}

fn right() -> StoredPassword {
    StoredPassword::Verifier(scram::verifier(&Secret::from("s3cret-Word")))
}

fn wrong() -> StoredPassword {
    StoredPassword::Verifier(scram::verifier(&Secret::from("another")))
}

fn updating(as_written: Option<bool>) -> Context {
    let label = "role harbor (198.51.100.11:22)".to_owned();
    Context {
        prior: Some(Object::new()),
        secrets_unchanged: true,
        as_written: as_written.map(|known| (label, known)).into_iter().collect(),
        ..Context::default()
    }
}

fn nothing_there() -> Facts {
    Facts {
        reach: Reachability::Answers,
        cluster: Cluster { version: 150_008, in_recovery: false, superuser: true },
        ..Facts::default()
    }
}

#[test]
fn an_empty_server_gets_role_and_databases() {
    let settings = settings(&[("harbor_version", Value::from("2.3.2"))]);
    let plan = plan_in(&settings, &nothing_there(), &Context::default());
    assert_eq!(
        describe(&plan.steps),
        "node: create role harbor\nnode: create database registry\n\
         node: create database notarysigner\nnode: create database notaryserver\n"
    );
    let wanted = plan.status["role harbor"].wanted.as_deref();
    assert_eq!(wanted, Some("login, password as wanted"));
}

#[test]
fn as_wanted_needs_no_step() {
    let plan = plan_in(&settings(&[]), &there("harbor", right()), &Context::default());
    assert_eq!(describe(&plan.steps), "");
    assert!(plan.status.values().all(|pair| pair.actual == pair.wanted), "{:?}", plan.status);
    assert!(plan.refusals.is_empty() && plan.warnings.is_empty());
}

#[test]
fn a_server_made_in_the_same_apply_must_answer_first() {
    let facts =
        Facts { reach: Reachability::Silent("connection refused".into()), ..Facts::default() };
    let plan = plan_in(&settings(&[]), &facts, &Context::default());
    assert_eq!(
        describe(&plan.steps),
        "node: reach PostgreSQL on 198.51.100.11 (port 5432)\nnode: create role harbor\n\
         node: create database registry\n"
    );
    let later = plan_in(&settings(&[]), &nothing_there(), &Context::default());
    assert_eq!(plan.status, later.status);
    assert_eq!(plan.outputs_after, later.outputs_after);
}

#[test]
fn a_server_that_fell_silent_is_not_changed_and_not_forgotten() {
    let facts =
        Facts { reach: Reachability::Silent("connection refused".into()), ..Facts::default() };
    let plan = plan_in(&settings(&[]), &facts, &updating(None));
    assert_eq!(plan.refusals.len(), 1);
    assert!(plan.steps.is_empty());
    let status = Object::from([("database registry".to_owned(), Value::from("owner harbor"))]);
    let prior = Object::from([("status".to_owned(), Value::Map(status.clone()))]);
    let context = Context { prior: Some(prior), ..Context::default() };
    let observed = observed::<ExternalDatabase>(&settings(&[]), &facts, &context);
    let kept = observed.status.iter().map(|(name, text)| (name.clone(), text.as_str().into()));
    assert_eq!(kept.collect::<Object>(), status);
    assert_eq!(observed.outputs.get("server_version"), None);
}

#[test]
fn a_standby_is_refused_at_the_host() {
    let mut facts = there("harbor", right());
    facts.cluster.in_recovery = true;
    let plan = plan_in(&settings(&[]), &facts, &Context::default());
    assert!(plan.steps.is_empty());
    assert_eq!(plan.refusals[0].path, Path::of("ssh.host"));
    assert!(plan.refusals[0].detail.contains("primary_ssh"), "{:?}", plan.refusals);
}

#[test]
fn a_role_of_another_is_adopted_and_its_password_change_is_announced() {
    let mut facts = there("postgres", wrong());
    facts.role.as_mut().expect("there").login = false;
    facts.databases.get_mut("registry").expect("there").inside = Some(Inside {
        tables: 2,
        public: true,
        may_create: Some(false),
        foreign: 2,
        foreign_owners: "postgres".to_owned(),
    });
    let plan = plan_in(&settings(&[]), &facts, &Context::default());
    assert_eq!(
        describe(&plan.steps),
        "node: let role harbor log in\n\
         node: set the password of role harbor [disruptive: role harbor of PostgreSQL on \
         198.51.100.11 (port 5432) gets another password: whoever logs in with the one before is \
         refused until it has the new one; open connections stay]\n\
         node: give database registry of postgres to harbor\n\
         node: hand 2 things of postgres in registry to harbor\n"
    );
    let actual = |name: &str| plan.status[name].actual.clone().unwrap_or_default();
    assert_eq!(actual("role harbor"), "no login, another password");
    assert_eq!(actual("database registry"), "owner postgres, 2 things of postgres");
}

#[test]
fn an_md5_hash_of_the_password_is_replaced_and_nobody_is_refused() {
    let hash = postgres_protocol::password::md5(b"s3cret-Word", "harbor");
    let facts = there("harbor", StoredPassword::Verifier(Secret::from(hash.as_str())));
    let plan = plan_in(&settings(&[]), &facts, &Context::default());
    assert_eq!(describe(&plan.steps), "node: set the password of role harbor\n");
}

#[test]
fn what_was_written_stays_until_its_version_changes() {
    // An ephemeral password is another one in each run: the configuration's is not what counts.
    let plan = |stored: StoredPassword, context: &Context| {
        describe(&plan_in(&settings(&[]), &there("harbor", stored), context).steps)
    };
    assert_eq!(plan(wrong(), &updating(Some(true))), "");
    assert_eq!(plan(wrong(), &updating(None)), "");
    assert!(plan(wrong(), &updating(Some(false))).contains("set the password"));
    let raised = Context { secrets_unchanged: false, ..updating(Some(true)) };
    assert!(plan(wrong(), &raised).contains("set the password"));
    assert_eq!(plan(right(), &raised), "");
}

#[test]
fn a_read_says_what_is_there_without_the_password() {
    let mut settings = settings(&[]);
    settings.password_wo = None;
    let words = |as_written| {
        let (facts, context) = (there("harbor", right()), updating(as_written));
        let observed = observed::<ExternalDatabase>(&settings, &facts, &context);
        observed.says("role harbor").to_owned()
    };
    assert_eq!(words(Some(true)), "login, password as wanted");
    assert_eq!(words(Some(false)), "login, password changed on the server");
    assert_eq!(words(None), "login, password not checked");
}

#[test]
fn no_step_shows_the_password() {
    let settings = settings(&[("server", Value::Map(server()))]);
    let facts = Facts { reach: Reachability::Answers, ..Facts::default() };
    let plan = plan_in(&settings, &facts, &Context::default());
    let all = format!("{settings:?} {plan:?} {:?}", ExternalDatabase::questions(&settings));
    let actions = format!("{:?}", plan.steps.iter().map(|s| &s.action).collect::<Vec<_>>());
    assert!(actions.contains("CREATE ROLE"));
    for secret in ["s3cret-Word", "adm1n-Word"] {
        assert!(!all.contains(secret) && !actions.contains(secret));
    }
}

fn server() -> Object {
    Object::from([
        ("host".to_owned(), Value::from("pg.example")),
        ("admin_user".to_owned(), Value::from("admin")),
        ("admin_password_wo".to_owned(), Value::from("adm1n-Word")),
    ])
}

#[test]
fn a_server_elsewhere_needs_its_password_and_keeps_its_data() {
    let mut broken =
        settings(&[("server", Value::Map(server())), ("on_destroy", Value::from("drop"))]);
    assert_eq!(ExternalDatabase::validate(&broken)[0].path, Path::of("on_destroy"));
    broken.server.as_mut().expect("set").admin_password_wo = None;
    broken.password_wo = None;
    let paths: Vec<String> =
        ExternalDatabase::validate(&broken).iter().map(|d| d.path.to_string()).collect();
    assert_eq!(paths, ["password_wo", "server.admin_password_wo", "on_destroy"]);
    assert!(ExternalDatabase::questions(&broken).is_empty(), "a read cannot log in");
}

#[test]
fn a_password_that_cannot_be_proven_is_said_to_be_so() {
    let settings = settings(&[("server", Value::Map(server()))]);
    let facts =
        there("harbor", StoredPassword::Unknown("no pg_hba.conf entry for host".to_owned()));
    let plan = plan_in(&settings, &facts, &Context::default());
    assert_eq!(plan.refusals[0].path, Path::of("password_wo"));
    assert!(plan.refusals[0].detail.contains("no pg_hba.conf entry"));
}

#[test]
fn a_database_off_the_list_is_left() {
    let prior = Object::from([(
        "database_names".to_owned(),
        vec!["registry".to_owned(), "notaryserver".to_owned()].to_value(),
    )]);
    let context = Context { prior: Some(prior), ..Context::default() };
    let plan = plan_in(&settings(&[]), &there("harbor", right()), &context);
    assert!(plan.steps.is_empty());
    assert!(plan.warnings[0].detail.contains("notaryserver"));
}

#[test]
fn a_destroy_loses_data_only_with_the_word_for_it() {
    let mut facts = there("harbor", right());
    let inside = facts.databases.get_mut("registry").and_then(|d| d.inside.as_mut());
    inside.expect("there").tables = 51;
    let destroy = |word: &str| {
        let settings = settings(&[("on_destroy", Value::from(word))]);
        destroy(&settings, &facts)
    };
    assert!(destroy("keep").steps.is_empty());
    let refused = destroy("drop");
    assert!(refused.refusals[0].detail.contains("registry holds 51 tables"));
    assert_eq!(
        describe(&destroy("drop_with_data").steps),
        "node: drop database registry [destructive: database registry of PostgreSQL on \
         198.51.100.11 (port 5432) with 51 tables; allowed by on_destroy = \"drop_with_data\"]\n\
         node: drop role harbor\n"
    );
}

#[test]
fn harbor_2_9_needs_postgresql_12() {
    let settings = settings(&[("harbor_version", Value::from("2.9.0"))]);
    let mut facts = there("harbor", right());
    facts.cluster.version = 110_022;
    let plan = plan_in(&settings, &facts, &Context::default());
    assert_eq!(plan.refusals[0].path, Path::of("harbor_version"));
}

fn errors(name: &str, value: Value) -> usize {
    let object = Object::from([(name.to_owned(), value)]);
    check(&ExternalDb::attributes(), &object, &Path::root()).len()
}

#[test]
fn names_of_the_server_are_not_harbors() {
    for name in ["postgres", "pg_monitor", "", "a b"] {
        assert_eq!(errors("user", Value::from(name)), 1, "{name}");
    }
    let list = |names: &[&str]| Value::List(names.iter().map(|n| Value::from(*n)).collect());
    for names in [&["template1"][..], &[], &["registry", "registry"], &["x\""]] {
        assert!(errors("databases", list(names)) > 0, "{names:?}");
    }
    assert_eq!(errors("databases", list(&["registry"])), 0);
}

proptest! {
    #[test]
    fn a_password_holds_only_what_harbor_carries(text in "\\PC{1,12}") {
        let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c));
        prop_assert_eq!(errors("password_wo", Value::from(text)) == 0, plain);
    }
}
