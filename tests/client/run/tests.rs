use std::fs;

use provider::value::Value;
use serde_json::{Value as Json, json};
use tempfile::TempDir;

use super::*;
use crate::fake::{Fake, TYPE, object};

/// A folder with one note, and its provider.
struct Case {
    folder: TempDir,
    fake: Fake,
}

impl Case {
    fn new(block: Json) -> Self {
        let case = Self { folder: tempfile::tempdir().unwrap(), fake: Fake::new() };
        case.config(block);
        case
    }

    #[expect(clippy::needless_pass_by_value, reason = "a literal at each call")]
    fn config(&self, block: Json) {
        let text = json!({"resource": {TYPE: {"a": block}}}).to_string();
        fs::write(self.folder.path().join("main.tf.json"), text).unwrap();
    }

    fn go(&self, command: Command<'_>) -> Json {
        let run = Run::new(self.folder.path(), || self.fake.clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(run.go(command)).json()
    }

    fn state(&self) -> Json {
        let text = fs::read_to_string(self.folder.path().join("terraform.tfstate"));
        let file: Json = text.map_or(json!({}), |text| serde_json::from_str(&text).unwrap());
        file["resources"][0]["instances"][0].clone()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.fake.asked.lock().unwrap())
    }

    /// One that is there already.
    fn made() -> Self {
        let case = Self::new(json!({"name": "a"}));
        assert_eq!(errors(&case.go(Command::Apply)), [""; 0]);
        case.asked();
        case
    }
}

fn errors(report: &Json) -> Vec<String> {
    let all = report["diagnostics"].as_array().unwrap().iter();
    let errors = all.filter(|d| d["severity"] == "error");
    errors.map(|d| format!("{}: {}", d["summary"], d["detail"]).replace('"', "")).collect()
}

#[track_caller]
fn only(report: &Json, says: &str) {
    let [error] = &errors(report)[..] else { panic!("{report:#}") };
    assert!(error.contains(says), "{error}");
}

fn with_id(id: &str) -> Object {
    object(&[("name", "a"), ("mode", "0644"), ("id", id)])
}

#[test]
fn what_was_made_is_in_the_state_and_then_there_is_nothing_to_do() {
    let case = Case::new(json!({"name": "a", "password_wo": "secret"}));
    let report = case.go(Command::Apply);
    assert_eq!(report["resource_changes"][0]["change"]["actions"], json!(["create"]));
    assert_eq!(report["resource_changes"][0]["change"]["after_unknown"], json!({"id": true}));
    assert_eq!(case.state()["attributes"]["id"], "7");
    assert_eq!(case.state()["attributes"]["password_wo"], Json::Null);
    assert_eq!(case.asked(), ["configure", "plan", "configure", "plan", "apply"]);
    let report = case.go(Command::Plan);
    assert_eq!(report["resource_changes"][0]["change"]["actions"], json!(["no-op"]));
    assert_eq!(report["prior_state"]["values"]["root_module"]["resources"][0]["values"]["id"], "7");
    assert_eq!(case.asked(), ["configure", "read", "plan"]);
}

#[test]
fn what_the_configuration_alone_tells_is_refused_before_a_host_is_asked() {
    let case = Case::new(json!({"name": "a", "note": "bad"}));
    only(&case.go(Command::Apply), "Bad note");
    assert_eq!(case.asked(), [""; 0]);
}

#[test]
fn an_invalid_plan_is_not_applied() {
    let case = Case::new(json!({"name": "a"}));
    case.fake.plans(object(&[("name", "b")]));
    only(&case.go(Command::Apply), "Provider produced invalid plan");
    assert_eq!(case.asked(), ["configure", "plan"]);
}

#[test]
fn a_plan_outside_of_the_schema_is_invalid() {
    let case = Case::new(json!({"name": "a"}));
    let mut planned = with_id("7");
    planned.insert("files".to_owned(), Value::Bool(true));
    case.fake.plans(planned);
    only(&case.go(Command::Plan), "harbor_note.a.files: a map is required");
}

#[test]
fn the_second_plan_takes_no_other_value_for_one_that_was_known() {
    let case = Case::new(json!({"name": "a"}));
    case.fake.plans(with_id("7")).plans(with_id("8"));
    only(&case.go(Command::Apply), "Provider produced inconsistent final plan");
    assert_eq!(case.asked(), ["configure", "plan", "configure", "plan"]);
}

#[test]
fn a_second_plan_that_does_something_else_is_refused() {
    let case = Case::made();
    case.config(json!({"name": "b"}));
    let planned = object(&[("name", "b"), ("mode", "0644"), ("id", "7")]);
    case.fake.plans(planned.clone()).plans(planned.clone()).plans(planned);
    case.fake.plans.lock().unwrap()[1].requires_replace.push(provider::diag::Path::of("name"));
    let changed = "changed the planned action from Update to Replace";
    only(&case.go(Command::Apply), changed);
    assert_eq!(case.state()["attributes"]["name"], "a");
}

#[test]
fn a_result_that_was_not_planned_is_an_error_and_is_kept() {
    let case = Case::made();
    case.config(json!({"name": "b"}));
    case.fake.applies(Some(with_id("7")), None);
    only(&case.go(Command::Apply), "Provider produced inconsistent result after apply");
    assert_eq!(case.state()["attributes"]["name"], "a");
    assert_eq!(case.state()["status"], Json::Null);
}

#[test]
fn nothing_is_unknown_after_an_apply() {
    let case = Case::new(json!({"name": "a"}));
    let mut state = with_id("7");
    state.insert("id".to_owned(), Value::Unknown);
    case.fake.applies(Some(state), None);
    only(&case.go(Command::Apply), "still indicated an unknown value for harbor_note.a.id");
    assert_eq!(case.state()["attributes"]["name"], "a");
}

#[test]
fn a_secret_is_never_stored() {
    let case = Case::made();
    let mut state = with_id("7");
    state.insert("password_wo".to_owned(), "secret".into());
    case.fake.reads(Some(state));
    only(
        &case.go(Command::Refresh),
        "a value for the write-only attribute harbor_note.a.password_wo",
    );
    assert_eq!(case.state()["attributes"]["password_wo"], Json::Null);
}

#[test]
fn a_change_that_failed_leaves_its_state_and_its_error() {
    let case = Case::made();
    case.config(json!({"name": "b"}));
    case.fake.applies(Some(object(&[("name", "half")])), Some("Half way"));
    only(&case.go(Command::Apply), "Half way");
    assert_eq!(case.state()["attributes"]["name"], "half");
    case.fake.applies(None, Some("At once"));
    only(&case.go(Command::Apply), "At once");
    assert_eq!(case.state()["attributes"]["name"], "half");
}

#[test]
fn what_was_not_made_to_its_end_is_replaced() {
    let case = Case::new(json!({"name": "a"}));
    case.fake.applies(None, Some("At once"));
    only(&case.go(Command::Apply), "At once");
    assert_eq!(case.state(), Json::Null);
    case.fake.applies(Some(with_id("6")), Some("Half way"));
    only(&case.go(Command::Apply), "Half way");
    assert_eq!(case.state()["status"], "tainted");
    case.asked();
    let report = case.go(Command::Apply);
    assert_eq!(report["resource_changes"][0]["change"]["actions"], json!(["delete", "create"]));
    let anew = ["configure", "read", "plan", "configure"];
    let replaced = ["plan to destroy", "destroy", "plan", "apply"];
    assert_eq!(case.asked(), [anew, replaced].concat());
    assert_eq!(
        (&case.state()["status"], &case.state()["attributes"]["id"]),
        (&Json::Null, &json!("7"))
    );
}

#[test]
fn a_refresh_keeps_what_it_found() {
    let case = Case::made();
    case.fake.reads(Some(object(&[("name", "drifted"), ("id", "7")])));
    assert_eq!(errors(&case.go(Command::Refresh)), [""; 0]);
    assert_eq!(case.state()["attributes"]["name"], "drifted");
    case.fake.reads(None);
    let report = case.go(Command::Plan);
    assert_eq!(report["resource_changes"][0]["change"]["actions"], json!(["create"]));
    assert_eq!(case.state()["attributes"]["name"], "drifted");
}

#[test]
fn a_destroy_leaves_nothing_and_one_that_failed_all() {
    let case = Case::made();
    case.fake.applies(None, Some("Not now"));
    only(&case.go(Command::Destroy), "Not now");
    assert_eq!(case.state()["attributes"]["id"], "7");
    assert_eq!(errors(&case.go(Command::Destroy)), [""; 0]);
    assert_eq!(case.state(), Json::Null);
}

#[test]
fn what_is_no_longer_configured_is_destroyed() {
    let case = Case::made();
    fs::write(case.folder.path().join("main.tf.json"), "{}").unwrap();
    assert_eq!(errors(&case.go(Command::Apply)), [""; 0]);
    assert_eq!(
        case.asked(),
        ["configure", "read", "plan to destroy", "configure", "plan to destroy", "destroy"]
    );
    assert_eq!(case.state(), Json::Null);
}

#[test]
fn an_import_is_read_and_kept() {
    let case = Case::new(json!({"name": "imported"}));
    let import = Command::Import { address: "harbor_note.a", id: "9" };
    assert_eq!(errors(&case.go(import)), [""; 0]);
    assert_eq!(case.state()["attributes"]["id"], "9");
    assert_eq!(case.asked(), ["configure", "read"]);
    let report = case.go(Command::Plan);
    assert_eq!(report["resource_changes"][0]["change"]["actions"], json!(["no-op"]));
}

#[test]
fn a_data_source_is_beside_the_resources() {
    let case = Case::new(json!({"name": "a"}));
    let data = json!({"data": {TYPE: {"seen": {"name": "b"}}}}).to_string();
    fs::write(case.folder.path().join("main.tf.json"), data).unwrap();
    let report = case.go(Command::Refresh);
    let seen = &report["values"]["root_module"]["resources"][0];
    assert_eq!(
        (&seen["address"], &seen["values"]["name"]),
        (&json!("data.harbor_note.seen"), &json!("b"))
    );
    case.config(json!({"name": "a"}));
    let report = case.go(Command::Refresh);
    assert_eq!(report["values"]["root_module"]["resources"], json!([]));
}
