//! Resources, data sources and functions from plan to destroy.

use std::fs;

use crate::case::{Case, assert_says};

crate::tests![
    create_read_update_replace_destroy,
    unknown_values_are_known_after_apply,
    failed_create_is_kept_and_tainted,
    crash_names_the_operation_and_loses_nothing,
    value_outside_the_schema_is_an_error_with_its_path,
    errors_and_warnings_stand_at_their_attribute,
    import_by_command_and_by_block,
    moved_to_another_type,
    state_of_another_version,
    data_source,
    functions,
    large_values,
];

const FULL: &str = r#"
resource "harbor_note" "a" {
  name    = "first"
  content = "hello"
  place   = { host = "h" }
  labels  = [{ name = "x", hidden = "secret-label" }, { name = "y" }]
  mirrors = { m = { host = "one" }, n = { host = "two", port = 2222 } }
  tags    = { k = "v" }
  token   = "secret-token"
  ratio   = 0.1
}
"#;

fn create_read_update_replace_destroy() {
    let case = Case::new();
    case.config(FULL);
    let plan = case.plan().succeeds();
    assert_says(&plan, &["+ digest = (known after apply)", "+ mode = \"0644\"", "+ port = 22"]);
    assert!(!plan.contains("secret-"), "{plan}");
    case.apply().succeeds();
    assert_eq!(case.note("first").as_deref(), Some("hello"));
    let state = case.attributes("harbor_note.a");
    assert_eq!(state["id"], "first");
    assert_eq!(state["digest"], "length 5");
    assert_eq!(state["place"]["port"], 22);
    assert_eq!(state["mirrors"]["n"]["port"], 2222);
    assert_eq!(state["ratio"].to_string(), "0.1");
    assert_says(&case.plan().succeeds(), &["No changes."]);

    fs::write(case.path("notes/first"), "drifted").unwrap();
    assert_says(&case.plan().succeeds(), &["~ content = \"drifted\" -> \"hello\""]);
    case.apply().succeeds();
    assert_eq!(case.note("first").as_deref(), Some("hello"));

    case.config(&FULL.replace("\"first\"", "\"second\""));
    assert_says(&case.plan().succeeds(), &["\"second\" # forces replacement"]);
    case.apply().succeeds();
    assert_eq!((case.note("first"), case.note("second").as_deref()), (None, Some("hello")));

    fs::remove_file(case.path("notes/second")).unwrap();
    assert_says(&case.plan().succeeds(), &["1 to add"]);
    case.apply().succeeds();
    case.destroy().succeeds();
    assert_eq!(case.note("second"), None);
    assert_eq!(case.litter(), [] as [std::path::PathBuf; 0]);
}

fn unknown_values_are_known_after_apply() {
    let case = Case::new();
    case.config(
        r#"
resource "harbor_note" "a" {
  name    = "a"
  content = "abc"
}
resource "harbor_note" "b" {
  name    = "b"
  content = harbor_note.a.digest
  place   = { host = harbor_note.a.id }
  labels  = [{ name = harbor_note.a.id }]
  tags    = { (harbor_note.a.name) = harbor_note.a.digest }
}
"#,
    );
    assert_says(&case.plan().succeeds(), &["+ host = (known after apply)", "+ port = 22"]);
    case.apply().succeeds();
    assert_eq!(case.note("b").as_deref(), Some("length 3"));
    assert_says(&case.plan().succeeds(), &["No changes."]);
}

fn note(content: &str) -> String {
    format!(
        "resource \"harbor_note\" \"a\" {{\n  name = \"a\"\n  token = \"secret-token\"\n  \
         content = \"{content}\"\n}}\n"
    )
}

fn failed_create_is_kept_and_tainted() {
    let case = Case::new();
    let run = case.config(&note("fail in apply")).apply();
    run.fails_with(&["Error: Failed half way", "with harbor_note.a", "13: content = \"fail"]);
    assert_eq!(case.attributes("harbor_note.a")["id"], "a");
    assert_says(&case.plan().succeeds(), &["harbor_note.a is tainted, so must be replaced"]);
}

fn crash_names_the_operation_and_loses_nothing() {
    let case = Case::new();
    let crash = |content: &str, what: &str, why: &str| {
        let text = case.config(&note(content)).apply().fails_with(&["Crash while", what, why]);
        assert!(!text.contains("secret-token"), "{text}");
    };
    crash("panic in validate", "validating harbor_note", "with the token [REDACTED]");
    crash("panic in apply", "creating harbor_note", "with the token [REDACTED]");
    assert_eq!(case.attributes("harbor_note.a")["content"], "panic in apply");
    case.run(&["untaint", "harbor_note.a"]).succeeds();

    case.config(&note("fine")).apply().succeeds();
    crash("panic in apply again", "updating harbor_note", "with the token [REDACTED]");
    assert_eq!(case.attributes("harbor_note.a")["content"], "fine");

    case.config(&note("panic in destroy")).apply().succeeds();
    case.destroy().fails_with(&["Crash while destroying harbor_note", "cannot destroy"]);
    assert_eq!(case.attributes("harbor_note.a")["content"], "panic in destroy");

    fs::write(case.path("notes/a"), "panic in read").unwrap();
    case.plan().fails_with(&["Crash while reading harbor_note", "unreadable"]);
    assert_eq!(case.attributes("harbor_note.a")["content"], "panic in destroy");
}

fn value_outside_the_schema_is_an_error_with_its_path() {
    let case = Case::new();
    let run = case.config(&note("outside the schema")).plan();
    run.fails_with(&["Value outside the schema", "with harbor_note.a", "surprise"]);
}

fn errors_and_warnings_stand_at_their_attribute() {
    let case = Case::new();
    let labels = "labels = [{ name = \"x\" }, { name = \"odd\" }]";
    let config = note("c").replace("content", &format!("{labels}\n  content"));
    let plan = case.config(&config).plan().succeeds();
    assert_says(&plan, &["Warning: Odd label", "13: labels =", "It is odd. (At labels[1].name.)"]);

    for (port, says) in [("70000", "a whole number from 0 to 65535"), ("1.5", "Not a whole number")]
    {
        let place = format!("place = {{ host = \"h\", port = {port} }}");
        let config = note("c").replace("content", &format!("{place}\n  content"));
        case.config(&config).plan().fails_with(&[says, "place.port", &format!("13: {place}")]);
    }
}

fn import_by_command_and_by_block() {
    let case = Case::new();
    for name in ["a", "b"] {
        fs::write(case.path("notes").join(name), "by hand").unwrap();
    }
    let config = note("by hand").replace("  token = \"secret-token\"\n", "");
    let second = config.replace("\"a\"", "\"b\"");
    case.config(&format!("{config}{second}"));
    case.run(&["import", "-no-color", "harbor_note.a", "a"]).succeeds();
    let run = case.run(&["import", "-no-color", "harbor_note.b", "nowhere"]);
    run.fails_with(&["Nothing to import", "the import ID \"nowhere\""]);
    let block = "import {\n  to = harbor_note.b\n  id = \"b\"\n}\n";
    case.config(&format!("{config}{second}{block}"));
    assert_says(&case.plan().succeeds(), &["1 to import, 0 to add, 0 to change, 0 to destroy"]);
    case.apply().succeeds();
    assert_says(&case.plan().succeeds(), &["No changes."]);
}

fn moved_to_another_type() {
    let case = Case::new();
    case.config(&note("same").replace("harbor_note", "harbor_memo")).apply().succeeds();
    let moved = "moved {\n  from = harbor_memo.a\n  to = harbor_note.a\n}\n";
    case.config(&(note("same") + moved));
    let plan = case.plan().succeeds();
    assert_says(&plan, &["harbor_memo.a has moved to harbor_note.a", "0 to add, 0 to change"]);
    let state = case.state_file();
    let write = |state: &str| fs::write(case.path("config/terraform.tfstate"), state).unwrap();
    write(&older(&state));
    let plan = case.plan().succeeds();
    assert_says(&plan, &["harbor_memo.a has moved to harbor_note.a", "0 to add, 0 to change"]);
    write(&state.replace("\"schema_version\": 1", "\"schema_version\": 7"));
    case.plan().fails_with(&["State of a newer provider"]);
    write(&state);
    case.apply().succeeds();
    assert_eq!(case.attributes("harbor_note.a")["id"], "a");

    case.config("resource \"terraform_data\" \"t\" {}").apply().succeeds();
    let moved = "moved {\n  from = terraform_data.t\n  to = harbor_note.a\n}\n";
    case.config(&(note("same") + moved));
    case.plan().fails_with(&["Cannot move from another provider", "terraform.io/builtin"]);
}

/// The state as version 0 had it.
fn older(state: &str) -> String {
    let older = state
        .replace("\"schema_version\": 1", "\"schema_version\": 0")
        .replace("\"content\":", "\"gone\": true,\n            \"text\":");
    assert!(older != state && older.contains("gone"));
    older
}

fn state_of_another_version() {
    let case = Case::new();
    case.config(&note("kept")).apply().succeeds();
    let state = case.state_file();
    let write = |state: &str| fs::write(case.path("config/terraform.tfstate"), state).unwrap();
    write(&older(&state));
    assert_says(&case.plan().succeeds(), &["No changes."]);

    write(&state.replace("\"schema_version\": 1", "\"schema_version\": 7"));
    case.plan().fails_with(&["harbor_note.a was created by a newer provider version"]);
}

fn data_source() {
    let case = Case::new();
    fs::write(case.path("notes/n1"), "").unwrap();
    fs::write(case.path("notes/n2"), "").unwrap();
    let config = |prefix: &str| {
        format!(
            "data \"harbor_notes\" \"d\" {{{prefix}}}\n\
             output \"names\" {{ value = join(\",\", data.harbor_notes.d.names) }}\n"
        )
    };
    case.config(&config("")).apply().succeeds();
    assert!(case.run(&["output", "names"]).succeeds().contains("n1,n2"));
    case.config(&config(" prefix = \"n2\" ")).apply().succeeds();
    assert_eq!(case.run(&["output", "-raw", "names"]).succeeds(), "n2");
    case.config(&config(" prefix = \"bad\" "))
        .plan()
        .fails_with(&["Bad prefix", "prefix = \"bad\""]);
}

fn functions() {
    let case = Case::new();
    let call = |call: &str| {
        case.config(&format!("output \"o\" {{ value = provider::harbor::{call} }}\n")).plan()
    };
    assert_says(&call("repeat(\"ab\", 3)").succeeds(), &["o = \"ababab\""]);
    assert_says(&call("address({ host = \"h\", port = 1 })").succeeds(), &["o = \"h:1\""]);
    assert_says(&call("address({ host = \"h\" })").succeeds(), &["o = \"h:22\""]);
    call("repeat(\"ab\", -1)").fails_with(&["Invalid value for \"times\"", "it is negative"]);
    call("repeat(\"ab\", 13)").fails_with(&["calling the function repeat: unlucky"]);
}

/// More than gRPC's usual 4 MB in one message.
fn large_values() {
    let case = Case::new();
    fs::write(case.path("config/large"), "x".repeat(6 << 20)).unwrap();
    case.config(&note("LARGE").replace("\"LARGE\"", "file(\"large\")")).apply().succeeds();
    assert_eq!(case.note("a").map(|n| n.len()), Some(6 << 20));
    assert_says(&case.plan().succeeds(), &["No changes."]);
}
