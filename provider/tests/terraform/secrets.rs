//! What must never be seen.

use crate::case::{Case, assert_says};

crate::tests![
    write_only_values_reach_the_host_and_nothing_else,
    sensitive_provider_settings_are_stored_nowhere,
    no_log_line_shows_a_secret,
];

const WRITE_ONLY: &str = r#"
variable "password" {
  type      = string
  ephemeral = true
}
resource "harbor_note" "a" {
  name        = "a"
  password_wo = var.password
}
"#;

fn write_only_values_reach_the_host_and_nothing_else() {
    let case = Case::new();
    let password = &[("TF_VAR_password", "correct horse battery staple")];
    case.config(WRITE_ONLY);
    let plan = ["plan", "-no-color", "-out=plan"];
    let planned = case.run_with(&plan, password).succeeds();
    assert_says(&planned, &["password_wo = (write-only attribute)"]);
    let shown = case.run(&["show", "-json", "plan"]).succeeds();
    let apply = ["apply", "-no-color", "-auto-approve", "plan"];
    let applied = case.run_with(&apply, password).succeeds();
    assert_eq!(case.note("a").as_deref(), Some(password[0].1));
    for text in [planned, shown, applied, case.state_file()] {
        assert!(!text.contains("horse"), "{text}");
    }
    let again = case.run_with(&["plan", "-no-color"], password).succeeds();
    assert_says(&again, &["No changes."]);
}

const EPHEMERAL: &str = r#"
variable "token" {
  type      = string
  ephemeral = true
}
resource "terraform_data" "late" {
  input = "known-after-apply"
}
resource "harbor_note" "a" {
  name    = "a"
  content = "fine"
  token   = terraform_data.late.output
}
"#;

fn sensitive_provider_settings_are_stored_nowhere() {
    let case = Case::new();
    let provider = format!(
        "provider \"harbor\" {{\n  dir = \"{}\"\n  token = \"${{var.token}}-${{terraform_data.late.output}}\"\n}}\n",
        case.path("notes").display()
    );
    case.whole_config(&(provider + EPHEMERAL));
    let token = &[("TF_VAR_token", "correct-horse")];
    let apply = ["apply", "-no-color", "-auto-approve"];
    let applied = case.run_with(&apply, token).succeeds();
    let shown = case.run(&["show"]).succeeds();
    for text in [applied, shown, case.state_file()] {
        assert!(!text.contains("correct-horse"), "{text}");
    }
}

fn no_log_line_shows_a_secret() {
    let case = Case::new();
    let provider = format!(
        "provider \"harbor\" {{\n  dir = \"{}\"\n  token = \"correct-horse\"\n}}\n",
        case.path("notes").display()
    );
    case.whole_config(&(provider + "data \"harbor_notes\" \"d\" {}\n"));
    let log = case.path("log");
    let log_to = [("TF_LOG_PROVIDER", "TRACE"), ("TF_LOG_PATH", log.to_str().unwrap())];
    case.run_with(&["plan", "-no-color"], &log_to).succeeds();
    let log = std::fs::read_to_string(log).unwrap();
    let ours = log.lines().find(|l| l.contains("configured with the token"));
    let ours = ours.unwrap_or_else(|| panic!("no line of ours in:\n{log}"));
    assert!(ours.contains("[INFO]") && ours.contains("[REDACTED]"), "{ours}");
    assert!(!log.contains("correct-horse"), "{log}");
}
