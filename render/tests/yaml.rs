//! What we write as YAML is read back as it was by the readers that matter: our own, and `PyYAML`,
//! which Harbor's prepare uses.

use std::{
    io::Write,
    process::{Command, Stdio},
};

use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use render::harbor::harbor_yml::{Settings, render};
use serde_json::{Value, json};

/// Texts that YAML readers take for something else, or choke on.
const HARD: &[&str] = &[
    "",
    " ",
    "no",
    "yes",
    "on",
    "off",
    "y",
    "n",
    "null",
    "~",
    "true",
    "1_000",
    "12:30:45",
    "0x1f",
    "017",
    "1e3",
    ".inf",
    "2026-01-01",
    "=",
    "<<",
    "- a",
    "a: b",
    "a #b",
    "#a",
    "'",
    "\"",
    "\\",
    "%a",
    "@a",
    "`a",
    "&a",
    "*a",
    "!a",
    "|",
    ">",
    "[a",
    "{a",
    "a\nb",
    "\ta",
    "a\n\tb",
    "\n",
    "é",
    "\u{85}",
    "\u{2028}",
    "\u{7f}",
    "\u{feff}a",
    "---",
    "...",
    "? a",
    ", a",
];

/// The only value that may be any text is a further key's.
fn document(token: &str) -> (String, String) {
    let settings: Settings = serde_json::from_value(json!({
        "release": "2.1.6",
        "hostname": "h",
        "harbor_admin_password": "a",
        "data_volume": "/data",
        "database": {"password": "b"},
        "extra": {"clair.text": token, "clair.map": {token: token}},
    }))
    .expect("settings");
    let text = render(&settings).unwrap_or_else(|error| panic!("{token:?}: {error}"));
    (token.to_owned(), text)
}

fn documents() -> Vec<(String, String)> {
    let mut runner = TestRunner::deterministic();
    let strategy = prop_oneof![any::<String>(), r#"[ a-c'"\\#:,\[\]{}&*!|>%@`\n\t-]{0,16}"#];
    let random = (0..1000).map(|_| strategy.new_tree(&mut runner).expect("value").current());
    let hard = HARD.iter().map(|s| (*s).to_owned());
    hard.chain(random).map(|token| document(&token)).collect()
}

fn holds(document: &Value, token: &str) -> bool {
    document["clair"]["text"] == json!(token)
        && document["clair"]["map"] == json!({ token: token })
        && document["jobservice"]["max_job_workers"] == json!(10)
}

#[test]
fn our_own_reader_reads_every_value_back() {
    for (token, text) in documents() {
        let read: Value = serde_saphyr::from_str(&text).unwrap_or_else(|e| panic!("{text}\n{e}"));
        assert!(holds(&read, &token), "{token:?} in\n{text}");
    }
}

#[test]
fn pyyaml_reads_every_value_back() {
    let script = "import json, sys, yaml\n\
                  json.dump([yaml.safe_load(d) for d in json.load(sys.stdin)], sys.stdout)";
    let importable = Command::new("python3").args(["-c", "import yaml"]).output();
    if !importable.is_ok_and(|output| output.status.success()) {
        eprintln!("SKIPPED: python3 with PyYAML is not installed, nothing was read back by it");
        return;
    }
    let documents = documents();
    let texts: Vec<_> = documents.iter().map(|(_, text)| text).collect();
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 runs");
    let input = serde_json::to_vec(&texts).expect("JSON");
    python.stdin.take().expect("piped").write_all(&input).expect("python3 reads");
    let output = python.wait_with_output().expect("python3 ends");
    assert!(output.status.success(), "PyYAML could not read a document");
    let read: Vec<Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(read.len(), documents.len());
    for ((token, text), read) in documents.iter().zip(&read) {
        assert!(holds(read, token), "{token:?} in\n{text}");
    }
}
