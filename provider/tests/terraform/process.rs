//! How the process begins and ends, whatever happens to Terraform.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::case::{Case, assert_says};

crate::tests![
    interrupt_of_the_group_ends_at_a_safe_point,
    work_goes_on_when_terraform_is_killed,
    terminated_provider_finishes_its_work,
    started_by_hand,
    wrong_cookie,
    reattach_serves_many,
];

const WAIT: &str = "resource \"harbor_note\" \"a\" {\n  name = \"a\"\n  content = \"wait\"\n}\n";

fn signal(name: &str, to: &str) {
    let status = Command::new("kill").args([name, "--", to]).status().unwrap();
    assert!(status.success());
}

/// The process of the provider that applies.
fn provider(case: &Case) -> String {
    case.note("alive").unwrap().trim().to_owned()
}

/// Returns when no provider process of the case is left.
fn all_gone(case: &Case) {
    let (gone, is_gone) = mpsc::channel();
    let alive = case.path("notes/alive");
    std::thread::spawn(move || {
        let alive = fs::File::open(alive).unwrap();
        alive.lock().unwrap();
        gone.send(()).unwrap();
    });
    is_gone.recv_timeout(Duration::from_secs(30)).expect("the provider ends");
}

#[track_caller]
fn assert_no_litter(case: &Case) {
    assert_eq!(case.litter(), [] as [std::path::PathBuf; 0]);
}

fn interrupt_of_the_group_ends_at_a_safe_point() {
    let case = Case::new();
    let (started, _go) = (case.fifo("started"), case.fifo("go"));
    let terraform = case.config(WAIT).start_apply();
    fs::read(started).unwrap();
    signal("-INT", &format!("-{}", terraform.id()));
    let output = terraform.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_says(&text, &["Interrupt received."]);
    assert!(case.note("stopped").is_some(), "the backend was not told to stop:\n{text}");
    assert_eq!(case.attributes("harbor_note.a")["id"], "a");
    all_gone(&case);
    assert_no_litter(&case);
}

fn work_goes_on_when_terraform_is_killed() {
    let case = Case::new();
    let (started, _go) = (case.fifo("started"), case.fifo("go"));
    let mut terraform = case.config(WAIT).start_apply();
    fs::read(started).unwrap();
    terraform.kill().unwrap();
    terraform.wait().unwrap();
    all_gone(&case);
    assert_eq!(case.note("a").as_deref(), Some("wait"), "the step was not finished");
    assert!(case.note("stopped").is_some());
    assert_no_litter(&case);
}

fn terminated_provider_finishes_its_work() {
    let case = Case::new();
    let (started, _go) = (case.fifo("started"), case.fifo("go"));
    let terraform = case.config(WAIT).start_apply();
    fs::read(started).unwrap();
    signal("-TERM", &provider(&case));
    let output = terraform.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(case.attributes("harbor_note.a")["id"], "a");
    all_gone(&case);
    assert_no_litter(&case);
}

const BINARY: &str = env!("CARGO_BIN_EXE_terraform-provider-harbor");

fn started_by_hand() {
    let output = Command::new(BINARY).stdin(Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    assert_says(&String::from_utf8_lossy(&output.stderr), &["it is started by Terraform"]);

    let output = Command::new(BINARY).arg("--version").output().unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    assert_eq!(version.trim(), format!("terraform-provider-harbor {}", env!("CARGO_PKG_VERSION")));
}

fn wrong_cookie() {
    let mut command = Command::new(BINARY);
    let output = command.env("TF_PLUGIN_MAGIC_COOKIE", "wrong").output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
}

fn reattach_serves_many() {
    let case = Case::new();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("--debug").env("TMPDIR", case.path("tmp")).stdout(Stdio::piped());
    let mut provider = command.spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(provider.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    let value = line.trim().strip_prefix("export TF_REATTACH_PROVIDERS='").unwrap();
    let reattach = [("TF_REATTACH_PROVIDERS", value.strip_suffix('\'').unwrap())];

    // Not by the override, which names this same binary.
    fs::remove_file(case.path("bin/terraform-provider-harbor")).unwrap();
    case.config(&WAIT.replace("wait", "fine"));
    case.run_with(&["apply", "-no-color", "-auto-approve"], &reattach).succeeds();
    let again = case.run_with(&["plan", "-no-color"], &reattach).succeeds();
    assert_says(&again, &["No changes."]);
    signal("-TERM", &provider.id().to_string());
    assert!(provider.wait().unwrap().success());
    stdout.read_to_string(&mut line).unwrap();
    assert_no_litter(&case);
}
