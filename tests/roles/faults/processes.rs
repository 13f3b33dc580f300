//! Processes and hosts that die, hang or cannot be reached, mostly within a change of roles.

use std::time::Duration;

use testkit::pair::Pair;
use testkit::provider_log::{Event, Line};

use super::disks::switch_and_at;

const SOME: usize = 300;

/// A step of the log, by a word of its name.
fn step(event: Event, word: &'static str) -> impl Fn(&Line) -> bool {
    move |line| line.event == event && line.step.to_lowercase().contains(word)
}

/// F8: in the middle of a copy; the next apply starts the primary and goes on.
pub fn primary_dies(pair: &mut Pair) {
    let _ = pair.on("b").sh("pg_dropcluster --stop 15 main");
    let asks = pair.terraform.plan_run(&[]).readable().contains("on_divergence");
    if asks {
        pair.set("on_divergence", "reclone");
    }
    let primary = pair.on("a");
    let copying = step(Event::Begins, "copy the data");
    let (acted, run) = testkit::cut::apply_and_at(&mut pair.terraform, copying, || primary.crash());
    assert!(acted, "no copy:\n{}", run.text);
    let _ = run.fails();
    let _ = pair.terraform.apply().succeeds();
    if asks {
        pair.unset("on_divergence");
        let _ = pair.terraform.apply().succeeds();
    }
    pair.is_whole("a");
}

/// F9: there is nobody to promote, so the old primary goes on.
pub fn standby_dies(pair: &mut Pair) {
    let standby = pair.on("b");
    let load = pair.load(4);
    let primary = pair.on("a");
    let blow = || {
        // It cannot replay what the stop writes, and so is not promoted before it dies.
        let _ = standby.sh("kill -STOP $(pgrep -f '^postgres:.*startup')");
        primary.wait_until_down();
        standby.crash();
    };
    let run = switch_and_at(pair, "b", step(Event::Begins, "become the primary"), blow).fails();
    assert!(pair.on("a").is_up() && pair.on("a").is_primary(), "{}", run.text);
    load.wait_for(SOME);
    let _ = pair.switch_to("a").succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// F13: whatever is asked for, nothing is done on the other host.
pub fn primary_out_of_reach(pair: &mut Pair) {
    pair.rig.host("a").cut().unwrap();
    let load = pair.load(4);
    let _ = pair.terraform.apply().fails();
    let _ = pair.switch_to("b").fails();
    assert!(!pair.on("b").is_primary());
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.rig.host("a").restore().unwrap();
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F22: what is waited for comes later; nothing is done on the old primary meanwhile.
pub fn promotion_hangs(pair: &mut Pair) {
    let standby = pair.on("b");
    let load = pair.load(4);
    // Longer than `pg_promote` waits, so that it says no and the promotion comes still.
    standby.sql("ALTER SYSTEM SET recovery_end_command = 'sleep 65'");
    standby.sql("SELECT pg_reload_conf()");
    if !pair.switch_to("b").ok() {
        standby.wait_until_primary(Duration::from_secs(120));
        let _ = pair.terraform.apply().succeeds();
    }
    let _ = pair.compare(&load.stop(), "b").nothing_lost();
    pair.is_whole("b");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F23: the archiver hangs, so the server does not end though its control file says that it has;
/// it is not killed, and goes on to its end when the archiver does.
pub fn archiver_hangs(pair: &mut Pair) {
    pair.set("archive_dir", "/srv/archive");
    let _ = pair.terraform.apply().succeeds();
    let primary = pair.on("a");
    let archiver = "p=$(pgrep -f '^postgres:.*archiver')";
    let _ = primary.sh(&format!("{archiver}; kill -STOP $p; echo $p > /run/archiver"));
    let load = pair.load(4);
    load.wait_for(SOME);
    let refused = pair.switch_to("b").fails();
    assert!(!pair.on("b").is_primary(), "{}", refused.text);
    let _ = primary.sh("kill -CONT $(cat /run/archiver)");
    let _ = pair.switch_to("a").succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("archive_dir");
    let _ = pair.terraform.apply().succeeds();
    pair.is_whole("a");
}

/// F24: a session that never ends its transaction.
pub fn long_transaction(pair: &mut Pair) {
    let _ = pair.on("a").sh("systemd-run -q -p User=postgres psql -c \
        'BEGIN; SELECT pg_sleep(600); COMMIT'");
    let load = pair.load(16);
    load.wait_for(SOME);
    let _ = pair.switch_to("b").succeeds();
    load.wait_for(SOME);
    let report = pair.compare(&load.stop(), "b").nothing_lost();
    assert!(report.gap < Duration::from_secs(10), "{report}");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F34: the old primary's host loses its power after the stop, and comes back.
pub fn reboot(pair: &mut Pair) {
    let host = pair.rig.host("a");
    let load = pair.load(4);
    load.wait_for(SOME);
    let _ = switch_and_at(pair, "b", step(Event::Begins, "become the primary"), || {
        host.kill().unwrap();
    });
    host.boot().unwrap();
    let _ = pair.terraform.apply().succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "b").nothing_lost();
    pair.is_whole("b");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}
