//! A change of `primary` while both hosts are up: nothing lost, or refused and nothing stopped.

use std::time::Duration;

use testkit::pair::{Pair, other};
use testkit::story::Story;
use testkit::writers::Load;

/// Commits before and after each change.
const SOME: usize = 300;
/// How soon a primary that was not stopped takes the next commit.
const AT_ONCE: Duration = Duration::from_secs(5);

pub fn under_load(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let (mut primary, mut gaps) = ("a", Vec::new());
    for number in 0..crate::roles::runs(2) {
        let to = other(primary);
        story.section(&format!("{number}: {primary} to {to}"), || {
            gaps.push(switch(story, &mut pair, to));
        });
        primary = to;
    }
    gaps.sort();
    story.tell(&format!("median gap {:.2} s", gaps[gaps.len() / 2].as_secs_f64()));
}

/// Where it would not be safe; and a standby that is down, which is started and caught up before.
pub fn refused(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    story.section("a standby that is down is started first", || {
        let load = pair.load(4);
        pair.on("b").ctl("stop");
        load.wait_for(SOME);
        let _ = pair.switch_to("b").succeeds();
        load.wait_for(SOME);
        let _ = pair.compare(&load.stop(), "b").nothing_lost();
        pair.is_whole("b");
        let _ = pair.switch_to("a").succeeds();
        pair.is_whole("a");
    });
    for (what, cause) in &REFUSED {
        story.section(what, || refused_by(&mut pair, "a", cause));
    }
}

/// One switchover; its longest gap.
pub fn switch(story: &Story, pair: &mut Pair, to: &'static str) -> Duration {
    let old = other(to);
    let timeline = pair.on(old).timeline();
    pair.on(old).mark();
    let load = pair.load(8);
    load.wait_for(SOME);
    announced(pair.set("primary", to), old);
    let _ = pair.client.apply().succeeds();
    load.wait_for(SOME);
    let report = pair.compare(&load.stop(), to).nothing_lost();
    story.tell(&report.to_string());
    pair.is_whole(to);
    assert_eq!(pair.on(to).timeline(), timeline + 1);
    assert!(pair.on(old).is_marked(), "the old primary's data was copied or rewound");
    let slots = "SELECT count(*) FROM pg_replication_slots";
    assert_eq!(pair.on(old).sql(slots), "0", "the old primary keeps its slot, and so its WAL");
    report.gap
}

/// The plan says who is stopped, how far behind the other is, and how long writes wait.
fn announced(pair: &Pair, old: &str) {
    let stops = format!("PostgreSQL on {old} stops");
    let _ = pair.client.plan().run.says(&[&stops, "bytes", "writes wait"]);
}

/// Why a primary is not stopped. Which of these is met first depends on how fast the hosts are: a dead
/// link is one over which nobody can log in, then one whose standby receives nothing or is behind.
const REASONS: [&str; 4] =
    ["still to replay", "has not replayed", "cannot log in", "receives nothing"];

/// What makes a switchover unsafe, and how it ends.
struct Unsafe {
    begin: fn(&Pair, &'static str),
    end: fn(&Pair, &'static str),
}

/// Each is found by the active check alone or by what the standby says of itself.
const REFUSED: [(&str, Unsafe); 4] = [
    (
        "refused: the standby's replay is paused",
        Unsafe {
            begin: |pair, standby| drop(pair.on(standby).sql("SELECT pg_wal_replay_pause()")),
            end: |pair, standby| drop(pair.on(standby).sql("SELECT pg_wal_replay_resume()")),
        },
    ),
    (
        "refused: the link is dead, and both views still say streaming",
        Unsafe {
            begin: |pair, _| {
                // Else both would have seen it by then, on a busy machine.
                timeouts(pair, |name| format!("SET {name} = '10min'"));
                pair.partition();
            },
            end: |pair, _| {
                pair.heal();
                timeouts(pair, |name| format!("RESET {name}"));
            },
        },
    ),
    (
        "refused: the standby cannot receive",
        Unsafe {
            begin: |pair, standby| pair.on(standby).block_replication(),
            end: |pair, standby| pair.on(standby).unblock_replication(),
        },
    ),
    (
        "refused: the standby replays an hour late",
        Unsafe {
            begin: |pair, standby| altered(pair, standby, "SET recovery_min_apply_delay = '1h'"),
            end: |pair, standby| altered(pair, standby, "RESET recovery_min_apply_delay"),
        },
    ),
];

/// Changes how long a connection over which nothing comes counts as one.
fn timeouts(pair: &Pair, change: impl Fn(&str) -> String) {
    for server in ["a", "b"] {
        altered(pair, server, &change("wal_receiver_timeout"));
        altered(pair, server, &change("wal_sender_timeout"));
    }
}

fn altered(pair: &Pair, server: &'static str, change: &str) {
    pair.on(server).sql(&format!("ALTER SYSTEM {change}"));
    pair.on(server).sql("SELECT pg_reload_conf()");
}

/// The primary is not stopped and goes on taking writes; the next apply makes the pair whole.
fn refused_by(pair: &mut Pair, primary: &'static str, cause: &Unsafe) {
    let standby = other(primary);
    let load = pair.load(4);
    load.wait_for(SOME);
    let before = pair.on(primary).started();
    (cause.begin)(pair, standby);
    let said = pair.switch_to(standby).fails();
    assert!(REASONS.iter().any(|why| said.readable().contains(why)), "{}", said.readable());
    still_writing(&load);
    assert_eq!(pair.on(primary).started(), before, "the primary was stopped:\n{}", said.text);
    assert!(pair.on(primary).is_primary(), "{}", said.text);
    assert!(!pair.on(standby).is_primary(), "{}", said.text);
    (cause.end)(pair, standby);
    let _ = pair.switch_to(primary).succeeds();
    let _ = pair.compare(&load.stop(), primary).nothing_lost();
    pair.is_whole(primary);
}

fn still_writing(load: &Load) {
    assert!(load.goes_on(SOME, AT_ONCE), "the primary takes no more writes");
}
