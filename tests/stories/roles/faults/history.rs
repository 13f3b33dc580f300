//! History: what a server has that the other does not.

use serde_json::json;
use testkit::pair::{Pair, token};

const SEGMENTS: usize = 8;
const SOME: usize = 300;

/// F21: an interrupted rewind leaves a directory that is good for nothing; it is known as that.
pub fn rewind_is_killed(pair: &mut Pair) {
    pair.partition();
    pair.manual_promotion("b");
    pair.heal();
    pair.on("a").sql("CREATE TABLE lost (x int)");
    pair.on("b").sql("CREATE TABLE won (x int)");
    pair.set("primary", "b");
    let refusal = pair.client.plan_run().fails();
    let token = token(&refusal.readable()).expect("the winner is named by a token");
    pair.set("data_loss_token", token).set("on_divergence", "rewind");
    pair.on("a").signal_at_start("pg_rewind", "KILL");
    let _ = pair.client.apply().fails();
    pair.on("a").assert_signalled();
    pair.unset("data_loss_token");
    let _ = pair.client.apply().fails().says(&["reclone"]);
    pair.set("on_divergence", "reclone");
    let _ = pair.client.apply().succeeds();
    pair.unset("on_divergence");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("b");
    let _ = pair.switch_to("a").succeeds();
    pair.is_whole("a");
}

/// F26: the standby was away for longer than the slot may keep WAL.
pub fn slot_is_lost(pair: &mut Pair) {
    pair.set("slot_keep_mib", 64).set("settings", json!({"wal_keep_size": "0"}));
    let _ = pair.client.apply().succeeds();
    pair.on("b").ctl("stop");
    for number in 0..SEGMENTS {
        pair.on("a").sql(&format!("CREATE TABLE fill_{number} AS SELECT 1 AS x"));
        pair.on("a").sql("SELECT pg_switch_wal()");
        pair.on("a").sql("CHECKPOINT");
    }
    let status = "SELECT wal_status FROM pg_replication_slots";
    assert_eq!(pair.on("a").sql(status), "lost", "the fault could not be made");
    pair.on("b").ctl("start");
    let refused = pair.client.apply().fails();
    let text = refused.text.to_lowercase();
    assert!(text.contains("reclone") && text.contains("slot"), "{text}");
    pair.set("on_divergence", "reclone");
    let _ = pair.client.apply().succeeds();
    pair.unset("on_divergence").unset("slot_keep_mib").unset("settings");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F16: both are in recovery. The one that is behind is not promoted; the one that has all is.
pub fn no_primary(pair: &mut Pair) {
    let load = pair.load(4);
    pair.on("b").block_replication();
    load.wait_for(SOME);
    let last = pair.on("a");
    last.ctl("stop -m fast");
    last.signal();
    last.ctl("start");
    let _ = pair.switch_to("b").fails().says(&["The other server is ahead", "only a has"]);
    assert!(!pair.on("a").is_primary() && !pair.on("b").is_primary());
    let _ = pair.set("primary", "a").client.apply();
    assert!(pair.on("a").is_primary());
    pair.on("b").unblock_replication();
    let _ = pair.client.apply().succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}
