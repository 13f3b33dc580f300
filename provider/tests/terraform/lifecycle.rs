//! Resources, data sources and functions from plan to destroy.

use std::fs;

use crate::case::{Case, assert_says};

crate::tests![
    create_read_update_replace_destroy,
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
