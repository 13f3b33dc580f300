//! Destroy, and apply again.

use testkit::demo::Demo;
use testkit::story::Story;

use crate::acceptance::drift::{restarted, running};

const MARK: &str =
    "CREATE TABLE IF NOT EXISTS kept (mark text); INSERT INTO kept VALUES ('still here')";
const IDENTIFIER: &str = "SELECT system_identifier FROM pg_control_system()";

/// A destroy that keeps leaves the data; the apply after it adopts all of it.
pub fn and_again(story: &Story, demo: &Demo) -> Vec<String> {
    let mut problems = Vec::new();
    let (identity, before) = story.section("something worth keeping", || {
        demo.sql("a", "registry", MARK);
        (demo.sql("a", "postgres", IDENTIFIER), running(demo.rig))
    });
    story.section("destroy", || {
        let _ = demo.terraform.destroy().succeeds();
        let state = demo.terraform.state();
        assert!(state["values"].is_null(), "something is left in the state: {state}");
    });
    story.section("the data is still there", || {
        assert_eq!(demo.sql("a", "registry", "SELECT DISTINCT mark FROM kept"), "still here");
        let stopped = restarted(&before, &running(demo.rig));
        problems.extend(
            stopped
                .iter()
                .filter(|s| s.contains(" a service "))
                .map(|s| format!("the destroy restarted {s}")),
        );
    });
    story.section("apply again adopts it", || {
        let _ = demo.terraform.apply().succeeds();
        demo.terraform.plan().is_empty();
        assert_eq!(demo.sql("a", "registry", "SELECT DISTINCT mark FROM kept"), "still here");
        assert_eq!(demo.sql("a", "postgres", IDENTIFIER), identity);
        let _ = demo.is_replicated().succeeds();
        let _ = demo.is_healthy().succeeds();
        let postgresql = |s: &&String| s.contains("postgresql");
        let again = restarted(&before, &running(demo.rig));
        let again: Vec<_> = again.iter().filter(postgresql).collect();
        problems.extend((!again.is_empty()).then(|| format!("the apply restarted {again:?}")));
    });
    problems
}

/// Every resource with `on_destroy` set to these words; the example has none.
pub fn on_destroy(main: &str, words: &[(&str, &str)]) -> String {
    let mut text = main.to_owned();
    for (resource, word) in words {
        let at = text.find(&format!("resource \"{resource}\"")).expect("the example has it");
        let open = at + text[at..].find("{\n").expect("a block opens") + 2;
        text.insert_str(open, &format!("  on_destroy = \"{word}\"\n"));
    }
    text
}

/// A destroy that is told to remove the data does, and the apply after it begins anew.
pub fn purged(story: &Story, demo: &Demo) {
    let before = demo.sql("a", "postgres", IDENTIFIER);
    story.section("destroy with all data", || {
        let _ = demo.terraform.destroy().succeeds();
        for host in demo.rig.hosts() {
            let left = "ls -d /var/lib/postgresql/*/main /data/secret /opt/harbor /etc/breakwater/secrets/harbor 2>/dev/null || true
                ss -Hltn 'sport = :5432 or sport = :443'";
            let left = host.sh(left).unwrap();
            assert_eq!(left, "", "left on {}", host.state().name);
        }
    });
    story.section("apply begins anew", || {
        let _ = demo.terraform.apply().succeeds();
        demo.terraform.plan().is_empty();
        assert_ne!(demo.sql("a", "postgres", IDENTIFIER), before);
        let _ = demo.is_replicated().succeeds();
        let _ = demo.is_healthy().succeeds();
    });
}
