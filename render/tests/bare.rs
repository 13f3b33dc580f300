//! What [`Bare`] says of a text is what readers of YAML make of it when it stands bare behind a
//! key, and `harbor.yml` is refused where Harbor's prepare would lose a value in this way.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use render::harbor::harbor_yml::{Settings, render};
use render::yaml::Bare;
use serde_json::{Value, json};

/// Texts that a reader takes as they are.
const CARRIED: &[&str] = &[
    "abc/def+gh==",
    "AKIA0123",
    "a:b",
    "a#b",
    "a  b",
    "-x",
    "?x",
    ":x",
    "---",
    "a'b\"c",
    "a,b[c]{d}",
    "https://s3.example.com:9000/x?y=z&w#v",
    "x%y@z!*",
    "2026-01-01x",
    "0123a",
    "1.2.3.4:6379",
    "nullx",
    "yess",
    "é",
];

/// Whole numbers and truth values, whose text stays.
const SCALARS: &[&str] = &["0", "1", "-5", "5242880", "true", "false"];

/// Texts that become other values.
const CHANGED: &[&str] = &[
    "a #b",
    "'q'",
    "\"q\"",
    "a: b",
    "x:",
    "%x",
    "@x",
    "!x",
    "*x",
    "&x",
    "`x",
    "|",
    ">",
    "#x",
    "0123",
    "yes",
    "No",
    "ON",
    "y",
    "True",
    "null",
    "~",
    "",
    "[x]",
    "{x}",
    ",x",
    "- x",
    "-",
    "?",
    ": x",
    " a",
    "a ",
    "a\nb",
    "a\tb",
    "\u{85}",
    "1.0",
    "1e5",
    "+5",
    "-0",
    "1_000",
    "0x1f",
    "0o17",
    "0b1",
    "1:30",
    ".5",
    ".inf",
    "-.NaN",
    "99999999999999999999",
    "2026-01-01",
    "2026-1-1",
    "2026-01-01 10:00:00",
    "=",
    "<<",
];

fn settings(map: &str, name: &str, value: &str) -> Settings {
    let mut settings = json!({
        "release": "2.15.2",
        "hostname": "h",
        "harbor_admin_password": "a",
        "data_volume": "/data",
        "database": {"password": "b"},
        "storage": {"driver": "s3", "parameters": {"bucket": "b"}},
    });
    settings["storage"][map][name] = json!(value);
    serde_json::from_value(settings).expect("settings")
}

#[test]
fn parameters_are_refused_where_they_would_change_and_secrets_are_not_shown() {
    for (map, name) in [("parameters", "rootdirectory"), ("secret_parameters", "secretkey")] {
        for value in CARRIED.iter().chain(SCALARS) {
            assert!(render(&settings(map, name, value)).is_ok(), "{value:?} in {map}");
        }
        for value in CHANGED {
            let error = render(&settings(map, name, value)).expect_err(value);
            assert_eq!(error.key(), Some(format!("storage.{map}.{name}").as_str()), "{value:?}");
            let long = value.len() > 4;
            assert!(!long || !error.to_string().contains(value), "{error}");
        }
    }
}

#[test]
fn the_password_of_redis_may_read_as_a_number_and_not_as_nothing() {
    let with = |password: &str| {
        let mut settings = settings("parameters", "region", "r");
        let redis = json!({"host": "r", "password": password});
        settings.external_redis = serde_json::from_value(redis).expect("Redis");
        render(&settings).map_err(|error| error.key().unwrap_or_default().to_owned())
    };
    // The registry wants a text there, and takes the one in the file.
    for password in ["0123", "yes", "1e5", "12345678", "2026-01-01", "--", "-a"] {
        assert!(with(password).is_ok(), "{password}");
    }
    for password in ["null", "Null", "NULL", "-"] {
        assert_eq!(with(password), Err("external_redis.password".to_owned()), "{password}");
    }
}

/// Texts of all kinds.
fn texts() -> Vec<String> {
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![
        any::<String>(),
        r#"[ a-c0-2'"\\#:,\[\]{}&*!|>%@`\n\t?~=<._+-]{0,8}"#,
        "[0-9+-][0-9._:eExob+-]{0,8}",
        "[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}[Tt ]?[0-9:]{0,5}",
        "[yYnNoOtTfF~nu][a-zA-Z]{0,4}",
    ];
    let random = (0..6000).map(|_| strategy.new_tree(&mut runner).expect("value").current());
    let known = [CARRIED, SCALARS, CHANGED].concat();
    known.into_iter().map(str::to_owned).chain(random).collect()
}

fn document(text: &str) -> String {
    format!("map:\n  before: x\n  key: {text}\n  after: x\n")
}

/// The value that a document holds, if it holds one and what is around it is whole.
fn value(read: &Value) -> Option<&Value> {
    let map = read.get("map")?.as_object()?;
    let whole = map.len() == 3 && map.get("before") == map.get("after");
    map.get("key").filter(|_| whole && map.get("before") == Some(&json!("x")))
}

/// A value as the registry's drivers take it: as text.
fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[test]
fn our_own_reader_reads_what_is_carried() {
    for text in texts().iter().filter(|text| Bare::of(text).changed().is_none()) {
        let read: Value = serde_saphyr::from_str(&document(text))
            .unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let value = value(&read).unwrap_or_else(|| panic!("{text:?} in {read}"));
        assert_eq!(as_text(value).as_deref(), Some(text.as_str()));
    }
}

/// What `PyYAML` reads of each document, null for one that it refuses; none where it is not there.
fn pyyaml(texts: &[String]) -> Option<Vec<Value>> {
    let script = "import json, sys, yaml\n\
                  def read(text):\n  try: return yaml.safe_load(text)\n  except Exception: return None\n\
                  json.dump([read(d) for d in json.load(sys.stdin)], sys.stdout, default=lambda _: [])";
    let importable = Command::new("python3").args(["-c", "import yaml"]).output();
    if !importable.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with PyYAML is not installed, nothing was read back by it");
        return None;
    }
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let documents: Vec<String> = texts.iter().map(|text| document(text)).collect();
    let input = serde_json::to_vec(&documents).expect("JSON");
    python.stdin.take().expect("piped").write_all(&input).expect("python3 reads");
    let output = python.wait_with_output().expect("python3 ends");
    assert!(output.status.success(), "python3 failed");
    // Infinite numbers are no JSON; no text is one.
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let text = ["-Infinity", "Infinity", "NaN"].iter().fold(text, |t, w| t.replace(w, "[]"));
    Some(serde_json::from_str(&text).expect("JSON"))
}

#[test]
fn pyyaml_reads_what_is_carried_and_changes_the_rest() {
    let texts = texts();
    let Some(read) = pyyaml(&texts) else { return };
    for (text, read) in texts.iter().zip(&read) {
        let back = value(read).and_then(as_text);
        let same = back.as_deref() == Some(text.as_str());
        match Bare::of(text) {
            Bare::Text => assert_eq!(value(read), Some(&json!(text)), "{text:?}"),
            Bare::Scalar => assert!(same, "{text:?} reads as {back:?}"),
            // Other readers of YAML know more numbers and words.
            Bare::Other(_) | Bare::Null(_) => {}
            Bare::Broken(_) => assert!(!same, "{text:?} is carried"),
        }
    }
}

/// The rule does not refuse more than it has to: a word of letters is only lost if it has a meaning.
#[test]
fn words_are_carried() {
    let meanings = "y n yes no on off true false null";
    proptest!(|(word in "[A-Za-z][A-Za-z0-9/+=_.-]{0,20}")| {
        let means = meanings.split(' ').any(|known| known.eq_ignore_ascii_case(&word));
        prop_assert!(means || Bare::of(&word) == Bare::Text, "{word}");
    });
}
