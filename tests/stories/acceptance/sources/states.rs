//! What is done to the state alone touches no host.

use testkit::rig::Rig;
use testkit::story::Story;
use testkit::terraform::Terraform;

use crate::acceptance::drift::running;

/// A refresh alone, and the pair under its other name and back.
pub fn kept(story: &Story, rig: &Rig, terraform: &Terraform) {
    let before = running(rig);
    story.section("a refresh alone finds nothing", || {
        let run = terraform.run(&["plan", "-refresh-only", "-input=false", "-no-color"]);
        let _ = run.succeeds().says(&["No changes."]);
    });
    story.section("a refresh alone takes up what was done by hand", || {
        let edit =
            "echo 'host all all 203.0.113.7/32 trust' >> /etc/postgresql/15/main/pg_hba.conf";
        rig.host("a").sh(edit).unwrap();
        let run = terraform.run(&["plan", "-refresh-only", "-input=false", "-no-color"]).succeeds();
        assert!(run.text.contains("203.0.113.7/32"), "{}", run.text);
        let _ = terraform.apply().succeeds();
    });
    let long = std::fs::read_to_string(terraform.path("main.tf")).unwrap();
    let short = long
        .replace(
            "\"harbor_pg_replication_pair\" \"db\" {",
            "\"pg_replication_pair\" \"db\" {\n  provider = harbor",
        )
        .replace("harbor_pg_replication_pair.db.", "pg_replication_pair.db.");
    let names = ["harbor_pg_replication_pair.db", "pg_replication_pair.db"];
    for (text, [from, to]) in [(&short, names), (&long, [names[1], names[0]])] {
        story.section(&format!("the pair becomes {to}"), || {
            let moved = format!("{text}\nmoved {{\n  from = {from}\n  to   = {to}\n}}\n");
            terraform.write("main.tf", &moved);
            let plan = terraform.plan();
            assert!(plan.changes.is_empty(), "{:#?}", plan.changes);
            let _ = terraform.apply().succeeds();
            terraform.write("main.tf", text);
            terraform.plan().is_empty();
        });
    }
    assert_eq!(running(rig), before);
}
