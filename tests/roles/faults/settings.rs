//! Settings, slots, passwords, locks, and the end of the resource.

use std::time::Duration;

use testkit::pair::Pair;
use testkit::terraform::Run;

const SOME: usize = 300;

/// F25: by hand, on either side.
pub fn password(pair: &mut Pair) {
    pair.on("a").sql("ALTER ROLE replicator PASSWORD 'another'");
    repaired(pair);
    let _ = pair
        .on("b")
        .sh("sed -i 's/:[^:]*$/:another/' /var/lib/postgresql/.pgpass-breakwater-15-main");
    repaired(pair);
    // A new login proves it, which the old stream does not.
    pair.on("b").ctl("restart");
    pair.on("b").replays(&pair.on("a").write_position());
    pair.is_whole("a");
}

/// Shown by the plan, repaired by the apply.
fn repaired(pair: &Pair) {
    assert!(!pair.terraform.plan().changes.is_empty(), "the plan shows nothing");
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
}

/// F27.
pub fn foreign_slot(pair: &mut Pair) {
    let primary = pair.on("a");
    primary.sql("SELECT pg_create_physical_replication_slot('of_others', true)");
    let plan = pair.terraform.plan_run(&[]).succeeds();
    let _ = plan.says(&["of_others"]);
    let _ = pair.terraform.apply().succeeds();
    let slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'of_others'";
    assert_eq!(primary.sql(slots), "1");
    primary.sql("SELECT pg_drop_replication_slot('of_others')");
}

/// F28: more on the standby first, less on the primary first.
pub fn ordered(pair: &mut Pair) {
    let load = pair.load(4);
    for value in ["150", "110"] {
        pair.set_raw("settings", &format!("{{ max_connections = \"{value}\" }}"));
        let _ = pair.terraform.apply().succeeds();
        for host in ["a", "b"] {
            assert_eq!(pair.on(host).sql("SHOW max_connections"), value, "{host}");
        }
        pair.is_whole("a");
    }
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("settings");
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
}

/// F29: for a reload, for a restart, unknown, and a rule.
pub fn bad_value(pair: &mut Pair) {
    let started = ["a", "b"].map(|h| pair.on(h).started());
    let load = pair.load(2);
    for bad in ["work_mem = \"nonsense\"", "max_connections = \"-3\"", "no_such_setting = \"1\""] {
        pair.set_raw("settings", &format!("{{ {bad} }}"));
        let _ = pair.terraform.apply().fails();
        assert!(load.goes_on(SOME, Duration::from_secs(5)), "{bad}");
    }
    pair.unset("settings");
    let _ = pair.terraform.apply().succeeds();
    assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started, "a server was restarted");
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// F36: whoever is second says who holds the hosts, or finds nothing to do.
pub fn two_applies(pair: &mut Pair) {
    pair.set_raw("settings", "{ log_checkpoints = \"off\" }");
    let second = testkit::terraform::Terraform::new(pair.rig, "second");
    for file in ["main.tf", "terraform.tfstate"] {
        std::fs::copy(pair.terraform.path(file), second.path(file)).unwrap();
    }
    let (one, two) = (pair.terraform.start_apply(), second.start_apply());
    let (one, two) = (pair.terraform.background(one), second.background(two));
    assert!(one.ok() || two.ok(), "both failed:\n{}\n{}", one.text, two.text);
    let refused = |run: &Run| !run.ok();
    for run in [&one, &two].into_iter().filter(|r| refused(r)) {
        assert!(run.text.contains("another") || run.text.contains("lock"), "{}", run.text);
    }
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
    pair.unset("settings");
    let _ = pair.terraform.apply().succeeds();
}

/// F37: the plan says that writes wait; leaving sync is a change, and releases them.
pub fn sync_standby_is_down(pair: &mut Pair) {
    pair.set("sync", "on");
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
    let load = pair.load(4);
    load.wait_for(SOME);
    pair.on("b").ctl("stop -m fast");
    // What was acknowledged is on the standby, so nothing can be by now.
    assert!(!load.goes_on(50, Duration::from_secs(3)), "writes do not wait for the standby");
    let plan = pair.terraform.plan_run(&[]);
    assert!(plan.readable().to_lowercase().contains("wait"), "{}", plan.readable());
    pair.set("sync", "off");
    let _ = pair.terraform.apply().succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("sync");
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
}

/// F40: both go on, and the next apply adopts them.
pub fn destroy(pair: &mut Pair) {
    let started = ["a", "b"].map(|h| pair.on(h).started());
    let load = pair.load(4);
    let _ = pair.terraform.destroy().succeeds();
    assert!(load.goes_on(SOME, Duration::from_secs(5)), "the primary takes no more writes");
    pair.on("b").replays(&pair.on("a").write_position());
    let _ = pair.terraform.apply().succeeds();
    assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started, "a server was restarted");
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}
