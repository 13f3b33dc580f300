//! Processes and hosts that die, hang or cannot be reached, mostly within a change of roles.

use std::time::{Duration, Instant};

use serde_json::json;
use testkit::pair::{ADDRESS, Pair, other};
use testkit::provider_log::{Event, Line};
use testkit::terraform::Run;

const SOME: usize = 300;
/// How long `pg_promote` is asked to wait, and how long it may take in all.
const ANSWER: Duration = Duration::from_secs(60);
const PROMOTION: Duration = Duration::from_secs(120);

/// A step of the log, by a word of its name.
fn step(event: Event, word: &'static str) -> impl Fn(&Line) -> bool {
    move |line| line.event == event && line.step.to_lowercase().contains(word)
}

/// Switches, acts when the log has such a line, and says how the apply ended.
fn switch_and_at(
    pair: &mut Pair,
    to: &'static str,
    at: impl Fn(&Line) -> bool,
    act: impl FnOnce(),
) -> Run {
    pair.set("primary", to);
    let (acted, run) = testkit::interruption::apply_and_at(&mut pair.client, at, act);
    let from = other(to);
    assert!(acted, "no such step in a change from {from} to {to}:\n{}", run.text);
    run
}

/// F8: in the middle of a copy, and in a switchover before it is stopped; the next apply starts it,
/// and goes on.
pub fn primary_dies(pair: &mut Pair) {
    let _ = pair.on("b").sh("pg_dropcluster --stop 15 main");
    let primary = pair.on("a");
    let copying = step(Event::Begins, "copy the data");
    let (acted, run) =
        testkit::interruption::apply_and_at(&mut pair.client, copying, || primary.crash());
    assert!(acted, "no copy:\n{}", run.text);
    let _ = run.fails();
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
    let load = pair.load(4);
    load.wait_for(SOME);
    let dies = || primary.crash();
    let _ = switch_and_at(pair, "b", step(Event::Begins, "write a checkpoint"), dies).fails();
    assert!(!pair.on("b").is_primary(), "the standby was promoted by itself");
    let _ = pair.switch_to("a").succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// A switchover to b in which a has stopped and is fenced, and b has not replayed all of it.
fn in_between(pair: &mut Pair, act: impl FnOnce()) -> Run {
    let (old, new) = (pair.on("a"), pair.on("b"));
    // So that the replay is held before there is an end to replay.
    old.stops_late(3);
    let interruption = || {
        new.hold_replay();
        old.wait_until_down();
        let fenced = format!("until [ -e {}/standby.signal ]; do sleep 0.02; done", old.data());
        let _ = old.sh(&fenced);
        act();
    };
    switch_and_at(pair, "b", step(Event::Begins, "become the primary"), interruption)
}

/// F9: there is nobody to promote, so the old primary goes on.
pub fn standby_dies(pair: &mut Pair) {
    let standby = pair.on("b");
    let load = pair.load(4);
    let run = in_between(pair, || standby.crash()).fails();
    assert!(pair.on("a").is_up() && pair.on("a").is_primary(), "{}", run.text);
    pair.on("a").stops_at_once();
    load.wait_for(SOME);
    let _ = pair.switch_to("a").succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// F13: whatever is asked for, nothing is done on the other host.
pub fn primary_out_of_reach(pair: &mut Pair) {
    pair.rig.host("a").cut().unwrap();
    let load = pair.load(4);
    pair.set("settings", json!({"work_mem": "5MB"}));
    let _ = pair.client.apply().fails();
    let refused = pair.switch_to("b").fails();
    let _ = refused.says(&["data_loss_token", "b still receives from it: it is alive"]);
    assert!(!pair.on("b").is_primary());
    assert_ne!(pair.on("b").sql("SHOW work_mem"), "5MB", "settings went to one host alone");
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.rig.host("a").restore().unwrap();
    pair.unset("settings");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F22: what is waited for comes later than `pg_promote` waits, so that it says no and the promotion
/// comes still; nothing is done on the old primary meanwhile.
pub fn promotion_hangs(pair: &mut Pair) {
    let (old, standby) = (pair.on("a"), pair.on("b"));
    let load = pair.load(4);
    standby.sql("ALTER SYSTEM SET recovery_end_command = 'sleep 65'");
    standby.sql("SELECT pg_reload_conf()");
    let untouched = || {
        old.wait_until_down();
        let begun = Instant::now();
        while !standby.is_primary() {
            assert!(!old.is_up(), "the old primary was started while the other is promoted");
            assert!(begun.elapsed() < PROMOTION, "it is not promoted");
            std::thread::sleep(Duration::from_secs(1));
        }
        assert!(begun.elapsed() > ANSWER, "the promotion did not hang");
    };
    let _ = switch_and_at(pair, "b", step(Event::Begins, "become the primary"), untouched);
    standby.sql("ALTER SYSTEM RESET recovery_end_command");
    standby.sql("SELECT pg_reload_conf()");
    let _ = pair.client.apply().succeeds();
    let _ = pair.compare(&load.stop(), "b").nothing_lost();
    pair.is_whole("b");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F23: the archiver hangs, so the server does not end though its control file says that it has. The
/// other is not promoted; the server is not killed, and takes writes again when it has ended.
pub fn archiver_hangs(pair: &mut Pair) {
    pair.set("archive_dir", "/srv/archive").set("switchover_timeout", 15);
    let _ = pair.client.apply().succeeds();
    let primary = pair.on("a");
    let recovered =
        "grep -c 'not properly shut down' /var/log/postgresql/postgresql-15-main.log || true";
    let before = primary.sh(recovered);
    // systemd lets it go on when `pg_ctl` has waited for a minute.
    let _ = primary.sh("kill -STOP $(pgrep -f '^postgres:.*archiver')");
    let load = pair.load(4);
    load.wait_for(SOME);
    let refused = pair.switch_to("b").fails().says(&["archive_command"]);
    assert!(!pair.on("b").is_primary(), "{}", refused.text);
    assert!(pair.on("a").is_primary(), "{}", refused.text);
    assert_eq!(primary.sh(recovered), before, "it was killed");
    let _ = pair.switch_to("a").succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.unset("archive_dir").unset("switchover_timeout");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// Seconds that a transaction would still go on.
const LONG: u64 = 600;

/// F24: a session that does not end its transaction: it is not waited for.
pub fn long_transaction(pair: &mut Pair) {
    let _ = pair.on("a").sh(&format!(
        "systemd-run -q -p User=postgres psql -c 'BEGIN; SELECT pg_sleep({LONG}); COMMIT'"
    ));
    let load = pair.load(16);
    load.wait_for(SOME);
    let _ = pair.switch_to("b").succeeds();
    load.wait_for(SOME);
    let report = pair.compare(&load.stop(), "b").nothing_lost();
    assert!(report.gap < Duration::from_secs(LONG / 2), "{report}");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F34: the old primary's host loses its power when it has stopped and is fenced, and comes back: as
/// a standby, so that there is no primary until the next apply makes one.
pub fn reboot(pair: &mut Pair) {
    let host = pair.rig.host("a");
    let load = pair.load(4);
    load.wait_for(SOME);
    pair.set("switchover_timeout", 15);
    let _ = in_between(pair, || host.kill().unwrap()).fails();
    pair.on("b").go_on_replaying();
    assert!(!pair.on("b").is_primary(), "promoted without proof");
    host.boot().unwrap();
    pair.on("a").wait_until_up();
    assert!(!pair.on("a").is_primary(), "it came up writable");
    let _ = pair.client.apply().succeeds();
    load.wait_for(SOME);
    let _ = pair.compare(&load.stop(), "b").nothing_lost();
    pair.is_whole("b");
    pair.unset("switchover_timeout");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F19: an old primary that is started after a failover comes up read-only; one whose fence somebody
/// took away is shown as the second primary, and nothing is done before a winner is named.
pub fn old_primary_returns(pair: &mut Pair) {
    let old = pair.on("a");
    old.crash();
    let _ = pair.switch_to("b").succeeds();
    pair.is_whole("b");
    old.ctl("restart -m fast");
    assert!(!old.is_primary(), "it comes up writable");
    old.ctl("stop -m fast");
    let _ = old.sh(&format!("rm {}/standby.signal", old.data()));
    old.ctl("start");
    assert!(old.is_primary());
    let _ = pair.client.refresh().succeeds();
    assert_eq!(pair.client.attributes(ADDRESS)["split_brain"], true);
    let _ = pair.client.plan_run().fails().says(&["Both servers take writes"]);
    assert!(old.is_primary() && pair.on("b").is_primary());
    let _ = pair.settle("reclone");
    pair.is_whole("b");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}
