use base64::Engine as _;

use super::*;
use crate::diag::Path;
use crate::settings::{Settings as _, check};
use crate::value::Object;
use crate::value::Value;

fn settings() -> Settings {
    let node = |address: &str| {
        let ssh = Object::from([("host".to_owned(), Value::from(address))]);
        Value::Map(Object::from([("ssh".to_owned(), Value::Map(ssh))]))
    };
    let nodes = Object::from([
        ("a".to_owned(), node("198.51.100.11")),
        ("b".to_owned(), node("198.51.100.12")),
    ]);
    let object = Object::from([
        ("nodes".to_owned(), Value::Map(nodes)),
        ("hostname".to_owned(), Value::from("hub.example")),
    ]);
    Settings::from_object(&object, &Path::root()).expect("settings of the schema")
}

fn ok(body: &str) -> Answer {
    Answer::Response { status: 200, body: body.to_owned() }
}

fn token(kid: &str) -> Answer {
    let head = format!(r#"{{"typ":"JWT","alg":"RS256","kid":"{kid}"}}"#);
    let head = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(head);
    ok(&format!(r#"{{"token":"{head}.e30.c2ln","expires_in":1800}}"#))
}

const HEALTHY: &str = r#"{"status":"healthy","components":[{"name":"core","status":"healthy"},
    {"name":"redis","status":"healthy"}]}"#;

fn answers(a: &Answer, b: &Answer, keys: [&str; 2]) -> Answers {
    let mut answers = Answers::default();
    for (name, health, kid) in [("a", a, keys[0]), ("b", b, keys[1])] {
        answers.insert(name, "health", health.clone());
        answers.insert(name, "ping", ok("Pong"));
        answers.insert(name, "token", token(kid));
    }
    answers
}

fn outputs(answers: &Answers) -> Outputs {
    Health::outputs(&settings(), answers).expect("an output")
}

#[test]
fn two_healthy_nodes_with_one_key() {
    let seen = outputs(&answers(&ok(HEALTHY), &ok(HEALTHY), ["K", "K"]));
    assert_eq!((seen.healthy, seen.tokens_accepted), (Some(true), Some(true)));
    assert_eq!(seen.errors, Some(vec![]));
    assert_eq!(seen.nodes_health.expect("nodes")["b"].components["redis"], "healthy");
}

#[test]
fn different_keys_are_not_healthy() {
    let seen = outputs(&answers(&ok(HEALTHY), &ok(HEALTHY), ["K", "L"]));
    assert_eq!((seen.healthy, seen.tokens_accepted), (Some(false), Some(false)));
    assert!(seen.errors.expect("errors")[0].contains("a and b sign tokens with different keys"));
}

#[test]
fn clocks_that_differ_are_not_healthy() {
    let with = |a: Option<i64>, b: Option<i64>| {
        let mut answers = answers(&ok(HEALTHY), &ok(HEALTHY), ["K", "K"]);
        for (name, made) in [("a", a), ("b", b)] {
            let Answer::Response { body, .. } = token("K") else { panic!("a token") };
            let claims = made.map_or("{}".to_owned(), |made| format!(r#"{{"iat":{made}}}"#));
            let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
            answers.insert(name, "token", ok(&body.replace(".e30.", &format!(".{claims}."))));
        }
        let seen = outputs(&answers);
        (seen.healthy, seen.errors.expect("errors").concat())
    };
    let (healthy, error) = with(Some(1_700_000_000), Some(1_700_000_300));
    assert_eq!(healthy, Some(false));
    assert!(error.contains("clock of b is about 300 s ahead of that of a"), "{error}");
    for (a, b) in [(Some(1_700_000_300), Some(1_700_000_280)), (None, Some(7)), (None, None)] {
        assert_eq!(with(a, b), (Some(true), String::new()));
    }
    assert_eq!(with(Some(i64::MIN), Some(i64::MAX)).0, Some(false));
}

#[test]
fn mixed_releases_name_keys_differently_and_prove_nothing() {
    let seen = outputs(&answers(&ok(HEALTHY), &ok(HEALTHY), ["AB12:CD34", "thumbprint"]));
    assert_eq!((seen.healthy, seen.tokens_accepted), (Some(true), None));
}

#[test]
fn a_sick_node_names_its_components() {
    let sick = r#"{"status":"unhealthy","components":[{"name":"core","status":"healthy"},
        {"name":"database","status":"unhealthy","error":"dial tcp: refused"}]}"#;
    let seen = outputs(&answers(&ok(sick), &Answer::Failed("refused".into()), ["K", "K"]));
    assert_eq!(
        seen.errors.expect("errors"),
        ["a: database is unhealthy: dial tcp: refused", "b: refused"]
    );
    let nodes = seen.nodes_health.expect("nodes");
    assert_eq!(
        (nodes["a"].status.as_str(), nodes["b"].status.as_str()),
        ("unhealthy", "unreachable")
    );
}

#[test]
fn what_is_not_harbor_is_not_healthy() {
    let gone = Answer::Response { status: 502, body: String::new() };
    let seen = outputs(&answers(&gone, &ok("<html>"), ["K", "K"]));
    let errors = seen.errors.expect("errors");
    assert_eq!(errors[0], "a: health answers with HTTP 502; core answers a ping");
    assert!(errors[1].starts_with("b: its health is no answer of Harbor"));
}

#[test]
fn each_node_is_asked_for_itself_by_harbors_name() {
    let questions = Health::questions(&settings());
    assert_eq!(questions.len(), 6);
    let Ask::Http(http) = &questions[1].ask else { panic!("a request") };
    assert_eq!(http.url, "https://hub.example:443/api/v2.0/health");
    assert_eq!((http.connect.as_str(), questions[1].host.as_str()), ("127.0.0.1", "a"));
    let object = Object::from([("hostname".to_owned(), Value::from("https://hub.example"))]);
    assert_eq!(check(&Settings::attributes(), &object, &Path::root()).len(), 1);
}
