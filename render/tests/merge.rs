//! Files that others also write to: what is theirs stays.

use proptest::prelude::*;
use render::{docker::daemon_json, postgres::hba};
use serde_json::{Map, Value, json};

fn block(user: &str) -> String {
    let settings = json!({"rules": [
        {"connection": "local", "databases": ["all"], "users": [user], "method": "peer"},
    ]});
    hba::render(&serde_json::from_value(settings).expect("settings")).expect("renders")
}

/// A failure prints its input; nothing is kept beside the sources.
fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn pg_hba_keeps_what_others_wrote(theirs in "([ -~\t]{0,20}(\n|\r\n))*[ -~]{0,10}") {
        let (one, two) = (block("one"), block("two"));
        let merged = hba::merge(&theirs, &one).expect("merges");
        prop_assert!(merged.starts_with(&one), "first match wins, so ours is first");
        prop_assert_eq!(&hba::without_block(&merged).expect("pairs"), &theirs);
        prop_assert_eq!(hba::block(&merged), Some(one.as_str()));
        prop_assert_eq!(&hba::merge(&merged, &one).expect("merges"), &merged, "nothing to do");
        prop_assert_eq!(hba::merge(&merged, &two), hba::merge(&theirs, &two));
    }

    #[test]
    fn daemon_json_keeps_keys_and_order_of_others(
        keys in proptest::collection::btree_map("[a-z-]{1,8}", any::<u32>(), 0..6), debug: bool,
    ) {
        let theirs: Map<String, Value> =
            keys.iter().rev().map(|(k, v)| (k.clone(), json!(v))).collect();
        let existing = serde_json::to_string(&theirs).expect("JSON");
        let settings = serde_json::from_value(json!({
            "registry_mirrors": ["https://m.example.com"], "settings": {"Debug": debug},
        })).expect("settings");
        let merged = daemon_json::merge(&existing, &settings).expect("merges");
        let read: Map<String, Value> = serde_json::from_str(&merged).expect("JSON");
        let expected: Vec<_> = theirs.keys().map(String::as_str).chain(daemon_json::our_keys(&settings)).collect();
        prop_assert_eq!(read.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        prop_assert_eq!(&daemon_json::merge(&merged, &settings).expect("merges"), &merged);
        let without = daemon_json::remove(&merged, &daemon_json::our_keys(&settings)).expect("removes");
        prop_assert_eq!(serde_json::from_str::<Map<String, Value>>(&without).expect("JSON"), theirs);
    }
}
