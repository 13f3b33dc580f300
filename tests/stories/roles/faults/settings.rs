//! Settings, slots, passwords, locks, and the end of the resource.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;
use testkit::client::{CONFIGURATION, Client, STATE};
use testkit::interruption::{Apply as _, End, Interruption, apply_until, go_on, hold};
use testkit::pair::Pair;
use testkit::provider_log;
use testkit::rig::{Distro, Options, Rig};

const SOME: usize = 300;

/// F25: changed by hand on either side; and a change of the configuration that dies before each of
/// its steps in turn, while the standby follows.
pub fn password(pair: &mut Pair) {
    pair.on("a").sql("ALTER ROLE replicator PASSWORD 'another'");
    repaired(pair);
    let _ = pair
        .on("b")
        .sh("sed -i 's/:[^:]*$/:another/' /var/lib/postgresql/.pgpass-breakwater-15-main");
    repaired(pair);
    let load = pair.load(2);
    let before = pair.on("a").sql(VERIFIER);
    pair.set("replication_password_wo", "another one").set("replication_password_wo_version", 2);
    let mut interrupted = BTreeSet::new();
    while let End::Interrupted(_) =
        apply_until(&mut pair.client, Interruption::Kill(0), |_| true, &mut interrupted)
    {
        assert!(load.goes_on(SOME, Duration::from_secs(5)), "writes wait after {interrupted:?}");
    }
    assert!(interrupted.len() > 1, "only {interrupted:?}");
    assert_ne!(pair.on("a").sql(VERIFIER), before, "it is not changed");
    pair.is_whole("a");
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    // A new login proves it, which the old stream does not.
    pair.on("b").ctl("restart");
    pair.on("b").replays(&pair.on("a").write_position());
    pair.unset("replication_password_wo").unset("replication_password_wo_version");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

const VERIFIER: &str = "SELECT rolpassword FROM pg_authid WHERE rolname = 'replicator'";

/// Shown by the plan, repaired by the apply.
fn repaired(pair: &Pair) {
    assert!(!pair.client.plan().changes.is_empty(), "the plan shows nothing");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F27.
pub fn foreign_slot(pair: &mut Pair) {
    let primary = pair.on("a");
    primary.sql("SELECT pg_create_physical_replication_slot('of_others', true)");
    let plan = pair.client.plan_run().succeeds();
    let _ = plan.says(&["of_others", "bytes of WAL", "xmin"]);
    let _ = pair.client.apply().succeeds();
    let slots = "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 'of_others'";
    assert_eq!(primary.sql(slots), "1");
    primary.sql("SELECT pg_drop_replication_slot('of_others')");
}

/// F28: more on the standby first, less on the primary first.
pub fn ordered(pair: &mut Pair) {
    let load = pair.load(4);
    for value in ["150", "110"] {
        pair.set("settings", json!({"max_connections": value}));
        let _ = pair.client.apply().succeeds();
        for host in ["a", "b"] {
            assert_eq!(pair.on(host).sql("SHOW max_connections"), value, "{host}");
        }
        pair.is_whole("a");
    }
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("settings");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F29: what the configuration shows, what only the server knows, unknown, and a rule.
pub fn bad_value(pair: &mut Pair) {
    let started = ["a", "b"].map(|h| pair.on(h).started());
    let files = "sha256sum /etc/postgresql/15/main/*.conf /etc/postgresql/15/main/conf.d/*";
    let before = ["a", "b"].map(|h| pair.on(h).sh(files));
    let load = pair.load(2);
    let refused = |pair: &Pair, bad: &str, name: &str| {
        let _ = pair.client.apply().fails().says(&[name]);
        assert!(load.goes_on(SOME, Duration::from_secs(5)), "{bad}");
        assert_eq!(["a", "b"].map(|h| pair.on(h).sh(files)), before, "{bad} stays in a file");
    };
    for (name, bad, said) in [
        ("work_mem", "nonsense", "work_mem"),
        ("max_connections", "-3", "max_connections"),
        ("timezone", "Nowhere/Near", "TimeZone"),
        ("no_such", "1", "no_such"),
    ] {
        pair.set("settings", json!({ name: bad }));
        refused(pair, bad, said);
    }
    pair.unset("settings");
    // A network that only the rendered file shows to be none: refused at its attribute.
    pair.set_rule(Some(json!({"connection": "host", "address": "203.0.113.0/99"})));
    refused(pair, "a rule", "client_rules");
    pair.set_rule(None);
    let _ = pair.client.apply().succeeds();
    assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started, "a server was restarted");
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// F36: whoever is second waits, knows who holds the hosts, and then finds nothing to do.
pub fn two_applies(pair: &mut Pair) {
    pair.set("settings", json!({"log_checkpoints": "off"}));
    let mut second = Client::new(pair.rig, "second");
    for file in [CONFIGURATION, STATE] {
        std::fs::copy(pair.client.path(file), second.path(file)).unwrap();
    }
    let (log, second_log) = (pair.client.log_steps("one.log"), second.log_steps("two.log"));
    let one = pair.client.start_apply();
    until("a step of the first", || !provider_log::read(&log).is_empty());
    // It holds the locks for as long as that lasts.
    hold(&one);
    let two = second.start_apply();
    let waits = || std::fs::read_to_string(&second_log).unwrap_or_default();
    until("the second waits", || waits().contains("waiting for the lock"));
    assert!(waits().contains("(terraform-provider-harbor, pid "), "it does not say for whom");
    assert!(provider_log::read(&second_log).is_empty(), "the second does something");
    go_on(&one);
    let _ = pair.client.background(one).succeeds();
    let _ = second.background(two).succeeds();
    assert!(provider_log::read(&second_log).is_empty(), "the second did it again");
    pair.is_whole("a");
    pair.unset("settings");
    let _ = pair.client.apply().succeeds();
}

fn until(what: &str, seen: impl Fn() -> bool) {
    let begun = Instant::now();
    while !seen() {
        assert!(begun.elapsed() < Duration::from_secs(60), "not seen: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// F12: the hosts do not see each other; settings are changed all the same. Roles are not: see the
/// switchovers that are refused.
pub fn partitioned(pair: &mut Pair) {
    let load = pair.load(4);
    pair.partition();
    pair.set("settings", json!({"work_mem": "6MB"}));
    let run = pair.client.apply();
    for host in ["a", "b"] {
        assert_eq!(pair.on(host).sql("SHOW work_mem"), "6MB", "{host}: {}", run.text);
    }
    pair.heal();
    load.wait_for(SOME);
    let _ = pair.client.apply().succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
    pair.unset("settings");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F32: clocks that jump by a day at each look, ahead on one host and back on the other, and files
/// from the future; the roles change as ever.
pub fn clocks(pair: &mut Pair) {
    const JUMPS: &str = "printf '%s\\n' '#!/bin/sh' 'n=$(cat /run/jumps 2>/dev/null || echo SIGN86400)' \
        'echo $((n SIGN 86400)) > /run/jumps' 'exec /bin/date -d \"$n seconds\" \"$@\"' \
        > /usr/local/bin/date; chmod 755 /usr/local/bin/date";
    let _ = pair.on("a").sh(&JUMPS.replace("SIGN", "+"));
    let _ = pair.on("b").sh(&JUMPS.replace("SIGN", "-"));
    for host in ["a", "b"] {
        let _ = pair.on(host).sh("touch -d '1 day' /etc/postgresql/15/main/conf.d/*.conf");
    }
    let _ = pair.client.plan_run().succeeds().says(&["The clocks of the hosts differ"]);
    let load = pair.load(4);
    let _ = pair.switch_to("b").succeeds();
    pair.is_whole("b");
    pair.on("b").crash();
    let _ = pair.switch_to("a").succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
    for host in ["a", "b"] {
        let _ = pair.on(host).sh("rm /usr/local/bin/date /run/jumps");
    }
    pair.is_whole("a");
}

/// F31: packages of two minor versions, and, before anything is made, hosts of two releases.
pub fn versions(pair: &mut Pair) {
    let standby = pair.on("b");
    let left = "ls -A /var/lib/postgresql/15 2>/dev/null | grep -v diverged || true";
    let _ = standby.sh("pg_dropcluster --stop 15 main; cp -p /var/lib/dpkg/status /run/status
        sed -i '/^Package: postgresql-15$/,/^$/ s/^Version: 15[.][0-9]*/Version: 15.1/' /var/lib/dpkg/status");
    let _ = pair.client.apply().fails().says(&["The hosts have different minor versions"]);
    assert_eq!(standby.sh(left), "");
    let _ = standby.sh("mv /run/status /var/lib/dpkg/status");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bullseye)];
    let options = Options { load_balancer: false, ..Options::hosts(&hosts) };
    let name = format!("{}-unlike", pair.rig.state().name);
    let unlike = Rig::up_with(&name, &options).unwrap();
    let mut other = Pair::new(&unlike, "pair", 15);
    let _ = other.client.plan_run().fails().says(&["This version is not available"]);
    other.set("source", "pgdg");
    let _ = other.client.apply().fails().says(&["The hosts differ", "libc 2.36", "libc 2.31"]);
    for host in ["a", "b"] {
        assert_eq!(
            other.on(host).sh("ls -d /etc/postgresql /etc/breakwater 2>/dev/null || true"),
            ""
        );
    }
}

/// F37: the plan says that writes wait; leaving sync is a change, and releases them.
pub fn sync_standby_is_down(pair: &mut Pair) {
    pair.set("sync", "on");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
    let load = pair.load(4);
    load.wait_for(SOME);
    pair.on("b").ctl("stop -m fast");
    // What was acknowledged is on the standby, so nothing can be by now.
    assert!(!load.goes_on(50, Duration::from_secs(3)), "writes do not wait for the standby");
    let plan = pair.client.plan_run();
    assert!(plan.readable().to_lowercase().contains("wait"), "{}", plan.readable());
    pair.set("sync", "off");
    let _ = pair.client.apply().succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("sync");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F40: both go on, and the next apply adopts them.
pub fn destroy(pair: &mut Pair) {
    let started = ["a", "b"].map(|h| pair.on(h).started());
    let load = pair.load(4);
    let _ = pair.client.destroy().succeeds();
    assert!(load.goes_on(SOME, Duration::from_secs(5)), "the primary takes no more writes");
    pair.on("b").replays(&pair.on("a").write_position());
    let _ = pair.client.apply().succeeds();
    assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started, "a server was restarted");
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}
