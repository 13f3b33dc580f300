//! What a host that loses power between two lines of a script comes back with.

use super::super::super::names::Paths;
use super::super::super::settings::{Member, Pair};
use super::*;
use crate::diag::Path;
use crate::settings::Settings as _;
use crate::value::{Object, Value};

fn settings(version: i64) -> Pair {
    let map = |name: &str, value| Value::Map(Object::from([(name.to_owned(), value)]));
    let node = |host: &str| map("ssh", map("host", Value::from(host)));
    let nodes = Object::from([
        ("a".to_owned(), node("198.51.100.11")),
        ("b".to_owned(), node("198.51.100.12")),
    ]);
    let object = Object::from([
        ("version".to_owned(), Value::Int(version)),
        ("nodes".to_owned(), Value::Map(nodes)),
    ]);
    Pair::from_object(&object, &Path::root()).expect("settings of the schema")
}

/// What keeps a server from coming up writable, after each line of a script that begins with the
/// fence.
fn after_each_line(script: &str) -> Vec<(&str, bool, &'static str)> {
    let (mut fence, mut start) = (true, "auto");
    let mut states = Vec::new();
    for line in script.lines().map(str::trim) {
        match line {
            _ if line.contains("touch \"$D/standby.signal\"") => fence = true,
            // It removes what its source has not.
            _ if line.contains("rm -f \"$D/standby.signal\"") || line.contains("/pg_rewind\"") => {
                fence = false;
            }
            // Whole or not at all, and on disk when it returns.
            "start_conf disabled" => start = "disabled",
            "start_conf auto" => start = "auto",
            _ => {}
        }
        states.push((line, fence, start));
    }
    states
}

#[test]
fn no_reboot_in_a_rewind_brings_the_server_up_writable() {
    for version in [13, 15, 17] {
        let settings = settings(version);
        let paths = Paths::new(&settings, Member::B);
        let script = Scripts { settings: &settings, member: Member::B, paths: &paths }.rewind();
        let states = after_each_line(&script);
        assert!(states.iter().any(|(_, fence, _)| !fence), "the fence is taken away:\n{script}");
        for (line, fence, start) in &states {
            assert!(*fence || *start == "disabled", "unprotected after {line:?} of:\n{script}");
        }
        assert_eq!(states.last(), Some(&("rm -f \"$REWINDING\"", true, "auto")), "{script}");
    }
}

#[test]
fn that_a_cluster_is_disabled_is_on_disk_before_its_fence_goes() {
    let settings = settings(15);
    let paths = Paths::new(&settings, Member::B);
    let script = Scripts { settings: &settings, member: Member::B, paths: &paths }.rewind();
    let in_order = [
        "exec 9>\"$REWINDING.new\"",
        "flock -n 9",
        "sync \"$REWINDING.new\"",
        "mv -f \"$REWINDING.new\" \"$REWINDING\"",
        "sync -f",
        "start_conf disabled",
        "rm -f \"$D/standby.signal\"",
        "--single",
        "pg_rewind\"",
        "touch \"$D/standby.signal\"",
        "sync -f \"$D\"",
        "start_conf auto",
        "rm -f \"$REWINDING\"",
    ];
    let mut rest = script.as_str();
    for text in in_order {
        let at = rest.find(text).unwrap_or_else(|| panic!("no {text:?} in its place:\n{script}"));
        rest = &rest[at..];
    }
}
