//! A change of `primary` while the old one is down.

use testkit::pair::{Pair, other, token};
use testkit::story::Story;

/// Commits before and after each change.
const SOME: usize = 300;
/// Segments of WAL that the standby does not have.
const SEGMENTS: usize = 4;
/// Kinds of [`top_up`], and two of them: many segments; a torn tail.
const KINDS: usize = 3;
pub const MANY: usize = 1;
pub const TORN: usize = 2;

/// Asynchronous replication, and a standby that is segments behind: what it lacks is carried from
/// the dead server's disk.
pub fn topped_up(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let mut primary = "a";
    for number in 0..crate::roles::runs(KINDS) {
        let to = other(primary);
        story.section(&format!("{number}: {primary} dies, {to} takes over"), || {
            top_up(story, &mut pair, to, number);
        });
        primary = to;
    }
}

/// What the dead server has and the other lacks begins on an older timeline: it took over while
/// the other was down. It is carried to a standby; to an old primary that could not tell what it
/// missed it is refused until the dead server runs again. Nothing is lost either way.
pub fn over_a_timeline(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    timeline(story, &mut pair, "b", ReturnsAs::Standby);
    timeline(story, &mut pair, "b", ReturnsAs::Primary);
}

/// As what the one that is down comes back, if at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum ReturnsAs {
    /// It stays down, an old primary.
    Primary,
    /// Somebody has made it a standby, and it receives nothing.
    Standby,
}

/// `last` takes over by hand while the other is down, and dies; the other is to be the primary.
pub fn timeline(story: &Story, pair: &mut Pair, last: &'static str, back: ReturnsAs) {
    let wanted = other(last);
    let load = pair.load(4);
    story.section(&format!("{last} takes over by hand while {wanted} is down, and dies"), || {
        load.wait_for(SOME);
        pair.on(wanted).ctl("stop -m fast");
        pair.manual_promotion(last);
        if back == ReturnsAs::Standby {
            pair.on(wanted).block_replication();
            pair.on(wanted).signal();
            pair.on(wanted).ctl("start");
        }
        load.wait_for(SOME);
        pair.on(last).sql("SELECT pg_switch_wal()");
        load.wait_for(SOME);
        pair.on(last).crash();
        pair.on(wanted).unblock_replication();
    });
    story.section(&format!("{wanted} is to be the primary"), || {
        let run = pair.client.apply();
        match back {
            ReturnsAs::Standby => drop(run.succeeds()),
            ReturnsAs::Primary => {
                let _ = run.fails().says(&["The other server is ahead"]);
                assert!(!pair.on(wanted).is_up(), "it was refused, and started");
                pair.on(last).ctl("start");
                let _ = pair.client.apply().succeeds();
            }
        }
        let report = pair.compare(&load.stop(), wanted).nothing_lost();
        story.tell(&report.to_string());
        pair.is_whole(wanted);
    });
}

/// `to` lacks WAL; the primary dies, and `to` takes over.
pub fn top_up(story: &Story, pair: &mut Pair, to: &'static str, number: usize) {
    let from = other(to);
    pair.on(from).mark();
    let load = pair.load(8);
    load.wait_for(SOME);
    pair.on(to).block_replication();
    // In turn the segment that is being written, many of them, and a torn tail.
    if number % KINDS == MANY {
        for _ in 0..SEGMENTS {
            load.wait_for(SOME);
            pair.on(from).sql("SELECT pg_switch_wal()");
        }
    }
    load.wait_for(SOME);
    pair.on(from).crash();
    if number % KINDS == TORN {
        pair.on(from).tear_tail();
    }
    let _ = pair.switch_to(to).succeeds();
    load.wait_for(SOME);
    let report = pair.compare(&load.stop(), to).nothing_lost();
    story.tell(&report.to_string());
    pair.on(to).unblock_replication();
    pair.is_whole(to);
    assert!(pair.on(from).is_marked(), "the old primary's data was copied or rewound");
}

pub fn by_token(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let token = story.section("a is gone: refused, with the facts", || {
        let load = pair.load(4);
        load.wait_for(SOME);
        drop(load.stop());
        pair.rig.host("a").kill().unwrap();
        pair.set("primary", "b");
        let refusal = pair.client.apply().fails().says(&[
            "The last transaction that b replayed was committed at 20",
            "bytes at the last refresh; replication was async",
            "data_loss_token",
        ]);
        assert!(!pair.on("b").is_primary());
        token(&refusal.readable()).unwrap_or_else(|| panic!("no token: {}", refusal.readable()))
    });
    story.section("a token that was not printed does nothing", || {
        pair.set("data_loss_token", format!("{token}0"));
        let _ = pair.client.apply().fails();
        assert!(!pair.on("b").is_primary());
    });
    story.section("the one that was printed does", || {
        pair.set("data_loss_token", token.as_str());
        let run = pair.client.apply();
        assert!(pair.on("b").is_primary(), "{}", run.text);
        let load = pair.load(4);
        load.wait_for(SOME);
        let _ = pair.compare(&load.stop(), "b").nothing_lost();
    });
    story.section("a returns and follows", || returns(&mut pair, "b"));
    story.section("at the same accident again that token does nothing", || {
        let _ = pair.switch_to("a").succeeds();
        pair.rig.host("a").kill().unwrap();
        pair.set("data_loss_token", token.as_str());
        let _ = pair.switch_to("b").fails().says(&["data_loss_token"]);
        assert!(!pair.on("b").is_primary());
        pair.rig.host("a").boot().unwrap();
        let _ = pair.unset("data_loss_token").switch_to("a").succeeds();
        pair.is_whole("a");
    });
}

/// The host that was gone is booted; it comes up writable, and the next apply ends that. What it
/// had and nobody else is dealt with as the user says.
fn returns(pair: &mut Pair, primary: &'static str) {
    let back = other(primary);
    pair.rig.host(back).boot().unwrap();
    let _ = pair.settle("rewind");
    pair.is_whole(primary);
}

pub fn with_sync(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    story.section("sync is switched on", || {
        pair.set("sync", "on");
        let _ = pair.client.apply().succeeds();
        pair.is_whole("a");
        let state = pair.on("a").sql("SELECT sync_state FROM pg_stat_replication");
        assert_eq!(state, "sync");
    });
    let mut primary = "a";
    for number in 0..crate::roles::runs(2) {
        let to = other(primary);
        story.section(&format!("{number}: {primary} is gone, {to} takes over"), || {
            let load = pair.load(8);
            load.wait_for(SOME);
            pair.rig.host(primary).kill().unwrap();
            let _ = pair.switch_to(to).fails();
            assert!(!pair.on(to).is_primary());
            pair.set("unreachable_primary", "promote_if_sync");
            let run = pair.client.apply();
            assert!(pair.on(to).is_primary(), "{}", run.text);
            let report = pair.compare(&load.stop(), to).nothing_lost();
            story.tell(&report.to_string());
            pair.unset("unreachable_primary");
            returns(&mut pair, to);
        });
        primary = to;
    }
}
