//! The oldest and the newest PostgreSQL that the pair is made of, each on hosts of its release.
//!
//! The same stories as with the version between, told once each: what differs is PostgreSQL's, see
//! the guide on versions. A rewind is tried on a server that crashed: before 15 PostgreSQL's own way
//! of recovering it first does not find the configuration of Debian's packages.

use testkit::pair::Pair;
use testkit::rig::Distro;
use testkit::story::Story;
use testkit::writers::ROLE;

use crate::roles::failover::ReturnsAs;
use crate::roles::faults::settings;
use crate::roles::{failover, rejoin, switchover};

/// Debian 11.
pub fn of_13(story: &Story) {
    tell(story, Distro::Bullseye, 13);
}

/// Debian 13.
pub fn of_17(story: &Story) {
    tell(story, Distro::Trixie, 17);
}

fn tell(story: &Story, distro: Distro, version: u16) {
    let rig = story
        .section("two bare hosts", || crate::roles::two_hosts(&format!("acc-pg{version}"), distro));
    let mut pair = story.section("a pair", || Pair::applied(&rig, "pair", version));
    story.section("settings rise and fall", || settings::ordered(&mut pair));
    story.section("a role puts decoys where superusers look", || decoys(&mut pair));
    story.section("with sync, a switchover to b", || with_sync(story, &mut pair));
    story.section("b dies with segments of its own, a takes over", || {
        failover::top_up(story, &mut pair, "a", failover::MANY);
    });
    story.section("a dies with a torn tail, b takes over", || {
        failover::top_up(story, &mut pair, "b", failover::TORN);
    });
    story.section("a switchover back", || {
        let _ = switchover::switch(story, &mut pair, "a");
    });
    story.section("WAL over a timeline", || {
        failover::timeline(story, &mut pair, "b", ReturnsAs::Standby);
    });
    story.section("a crashes with commits of its own: refused, then rewound", || {
        rejoin::crashed(&mut pair, "a");
    });
    story.section("two primaries on one timeline: refused, then copied", || {
        rejoin::same_timeline(&mut pair, "b");
    });
}

/// What is looked at and changed as a superuser calls nothing that a role has put there.
fn decoys(pair: &mut Pair) {
    pair.on("a").plant_decoys(ROLE);
    pair.client.plan().is_empty();
    let _ = pair.status();
    pair.set("replication_password_wo", "another one").set("replication_password_wo_version", 2);
    let _ = pair.client.apply().succeeds();
    let on_standby =
        pair.on("b").sh(&format!("cat {}/decoys 2>/dev/null || true", pair.on("b").data()));
    let (ran, superuser) = pair.on("a").remove_decoys(ROLE);
    assert_eq!((ran + &on_standby, superuser), (String::new(), false));
    pair.unset("replication_password_wo").unset("replication_password_wo_version");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// Sync holds on whichever is the primary, and leaving it is an edit.
fn with_sync(story: &Story, pair: &mut Pair) {
    pair.set("sync", "on");
    let _ = pair.client.apply().succeeds();
    let _ = switchover::switch(story, pair, "b");
    let state = pair.on("b").sql("SELECT sync_state FROM pg_stat_replication");
    assert_eq!(state, "sync");
    pair.unset("sync");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("b");
}
