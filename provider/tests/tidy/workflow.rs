//! The workflow of a release, as far as it can be tried without a runner.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::Value;

/// What a release is made for.
const TARGETS: [&str; 6] = [
    "x86_64-unknown-linux-musl",
    "aarch64-unknown-linux-musl",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
    "x86_64-pc-windows-msvc",
    "aarch64-pc-windows-msvc",
];

/// What is wrong with a workflow of this text.
pub fn faults(text: &str) -> Vec<String> {
    let workflow: Value = match serde_saphyr::from_str(text) {
        Ok(workflow) => workflow,
        Err(e) => return vec![format!("it is no YAML: {e}")],
    };
    let built = &workflow["jobs"]["build"]["strategy"]["matrix"]["include"];
    let targets: Vec<&str> =
        built.as_array().into_iter().flatten().filter_map(|row| row["target"].as_str()).collect();
    let mut faults = Vec::new();
    if targets != TARGETS {
        faults.push(format!("it builds for {targets:?}"));
    }
    let scripts = scripts(&workflow);
    for step in ["build", "sums", "sign"] {
        if !scripts.iter().any(|s| s.contains(&format!(".ci/release {step}"))) {
            faults.push(format!("it does not call `.ci/release {step}`"));
        }
    }
    faults.extend(scripts.iter().filter(|s| !is_shell(s)).map(|s| format!("no shell: {s}")));
    faults
}

/// The scripts of all steps.
fn scripts(workflow: &Value) -> Vec<String> {
    let jobs = workflow["jobs"].as_object().into_iter().flat_map(|jobs| jobs.values());
    jobs.flat_map(|job| job["steps"].as_array().into_iter().flatten())
        .filter_map(|step| step["run"].as_str())
        .map(without_expressions)
        .collect()
}

/// A script with a word in place of each `${{ }}`, which the runner fills in before the shell reads it.
fn without_expressions(script: &str) -> String {
    let mut parts = script.split("${{");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text.push_str("word");
        text.push_str(part.split_once("}}").map_or("'", |(_, rest)| rest));
    }
    text
}

fn is_shell(script: &str) -> bool {
    let mut bash = Command::new("bash")
        .arg("-n")
        .stdin(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("bash");
    bash.stdin.take().expect("piped").write_all(script.as_bytes()).expect("written");
    bash.wait().expect("it ends").success()
}
