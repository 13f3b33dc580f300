//! An old primary returns, two primaries, and what others did by hand.

use serde_json::json;
use testkit::pair::{ADDRESS, Pair, other, token};
use testkit::story::Story;
use testkit::terraform::Run;

/// Commits on the side that is to lose.
const LOSING: usize = 7;
/// Others may commit too, such as autovacuum.
const OTHERS: usize = 5;
const NOTE: &str = "CREATE TABLE IF NOT EXISTS note (side text)";

pub fn diverged(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    pair.on("a").sql(NOTE);
    let mut primary = "a";
    for (what, how, fork) in [
        ("promoted", "rewind", promoted as fn(&Pair, &'static str)),
        ("promoted", "reclone", promoted),
        ("without its signal", "reclone", without_its_signal),
    ] {
        let winner = other(primary);
        story.section(&format!("{winner} {what}: refused, with both sides"), || {
            fork(&pair, winner);
            pair.heal();
            diverge(&pair, primary, winner);
            refused(&mut pair, primary, winner);
        });
        story.section(&format!("{winner} is named, {how}"), || {
            named(&mut pair, winner, how);
        });
        primary = winner;
    }
    story.section("harbor_pg_status shows what is kept, and what ALTER SYSTEM set", || {
        status_shows(&mut pair, other(primary));
    });
    story.section("on one timeline a rewind is no way out", || {
        let winner = other(primary);
        without_its_signal(&pair, winner);
        diverge(&pair, primary, winner);
        pair.set("primary", winner).set("on_divergence", "rewind");
        let refusal = pair.client.plan_run().fails();
        assert!(pair.on(primary).is_primary() && pair.on(winner).is_primary());
        let token = token(&refusal.readable()).expect("the winner is named by a token");
        pair.set("data_loss_token", token);
        let refusal = pair.client.apply().fails().says(&["reclone", "not possible here"]);
        counts(&refusal);
        pair.unset("data_loss_token").unset("on_divergence");
        named(&mut pair, winner, "reclone");
    });
}

/// The primary crashes, and what it had last is not the winner's: with consent it is rewound.
pub fn crashed(pair: &mut Pair, loser: &'static str) {
    let winner = other(loser);
    pair.on(loser).sql(NOTE);
    pair.on(winner).replays(&pair.on(loser).write_position());
    promoted(pair, winner);
    pair.heal();
    diverge(pair, loser, winner);
    pair.on(loser).crash();
    pair.set("primary", winner);
    counts(&pair.client.apply().fails().says(&["on_divergence"]));
    named(pair, winner, "rewind");
}

/// Two primaries on one timeline: the hash of their WAL tells them apart, and only a copy helps.
pub fn same_timeline(pair: &mut Pair, loser: &'static str) {
    let winner = other(loser);
    pair.on(loser).sql(NOTE);
    pair.on(winner).replays(&pair.on(loser).write_position());
    without_its_signal(pair, winner);
    diverge(pair, loser, winner);
    refused(pair, loser, winner);
    named(pair, winner, "reclone");
}

/// The hosts do not see each other, and somebody promotes the standby.
fn promoted(pair: &Pair, standby: &'static str) {
    pair.partition();
    pair.manual_promotion(standby);
}

/// Somebody removes the standby's signal: a second primary on the same timeline.
fn without_its_signal(pair: &Pair, standby: &'static str) {
    let server = pair.on(standby);
    server.ctl("stop");
    let _ = server.sh(&format!("rm {}/standby.signal", server.data()));
    server.ctl("start");
    assert_eq!(server.timeline(), pair.on(other(standby)).timeline());
}

fn diverge(pair: &Pair, loser: &'static str, winner: &'static str) {
    for _ in 0..LOSING {
        pair.on(loser).sql(&format!("INSERT INTO note VALUES ('{loser}')"));
    }
    pair.on(winner).sql(&format!("INSERT INTO note VALUES ('{winner} wins')"));
}

/// An apply does nothing, whoever is named. The refusal shows both sides, counts
/// what would be lost, and says how to go on.
fn refused(pair: &mut Pair, loser: &'static str, winner: &'static str) {
    let started = [loser, winner].map(|h| pair.on(h).started());
    for named in [loser, winner] {
        pair.set("primary", named);
        let ways = ["data_loss_token = \"", &format!("write primary = \"{}\"", other(named))];
        let refusal = pair.client.apply().fails().says(&ways);
        for side in [loser, winner] {
            let (host, timeline) = (pair.rig.host(side), pair.on(side).timeline());
            let address = host.address();
            let shown = format!("{side} ({address}): primary, timeline {timeline}, at ");
            let _ = refusal.clone().says(&[&shown]);
        }
        counts(&refusal);
    }
    assert_eq!([loser, winner].map(|h| pair.on(h).started()), started, "a server was restarted");
    assert!(pair.on(loser).is_primary() && pair.on(winner).is_primary());
}

/// It says how many commits of the side that is to lose nobody else has.
#[track_caller]
fn counts(refusal: &Run) {
    let text = refusal.readable();
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut counts = words.windows(2).filter(|w| w[1].starts_with("commit"));
    let fits = |n: usize| (LOSING..LOSING + OTHERS).contains(&n);
    assert!(counts.any(|w| w[0].parse().is_ok_and(fits)), "no count of {LOSING} commits: {text}");
}

/// With consent the winner's data is what both have, and the loser's is kept aside.
fn named(pair: &mut Pair, winner: &'static str, how: &str) {
    let loser = other(winner);
    let before = kept(pair, loser).len();
    pair.set("primary", winner);
    let _ = pair.settle(how);
    pair.is_whole(winner);
    for host in [winner, loser] {
        let of = |side: &str| format!("SELECT count(*) FROM note WHERE side = '{side}'");
        assert_eq!(pair.on(host).sql(&of(&format!("{winner} wins"))), "1", "on {host}");
    }
    let kept = kept(pair, loser);
    assert!(kept.len() > before, "nothing was kept aside: {kept:?}");
    let newest = kept.last().expect("one was kept");
    let what = if how == "rewind" { "pg_control" } else { "global/pg_control" };
    let _ =
        pair.on(loser).sh(&format!("test -e {newest}/{what} && ls {newest}/pg_wal | grep -q 0"));
    pair.on(winner).sql("TRUNCATE note");
}

/// The data source, whether the server answers or not.
fn status_shows(pair: &mut Pair, standby: &'static str) {
    let kept = kept(pair, standby);
    pair.on(standby).sql("ALTER SYSTEM SET work_mem = '8MB'");
    let seen = pair.status();
    assert_eq!(seen["errors"], json!([]));
    assert_eq!(seen["servers"][standby]["altered"], json!(["work_mem"]));
    assert_eq!(seen["servers"][standby]["diverged_dirs"], json!(kept));
    pair.on(standby).sql("ALTER SYSTEM RESET work_mem");
    pair.on(standby).ctl("stop -m fast");
    let seen = pair.status();
    assert_eq!(seen["servers"][standby]["role"], "down");
    assert_eq!(seen["servers"][standby]["diverged_dirs"], json!(kept));
    pair.on(standby).ctl("start");
}

/// Directories that are kept aside on a host.
fn kept(pair: &Pair, host: &str) -> Vec<String> {
    let attributes = pair.client.attributes(ADDRESS);
    let all = attributes["diverged_dirs"].as_array().cloned().unwrap_or_default();
    let of_host = |path: &serde_json::Value| {
        path.as_str()?.strip_prefix(&format!("{host}:")).map(str::to_owned)
    };
    all.iter().filter_map(of_host).collect()
}

pub fn after_manual_changes(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    story.section("switched by hand: the plan says so", || {
        pair.manual_switchover("a");
        let plan = pair.client.plan();
        assert!(!plan.changes.is_empty(), "the plan is empty");
        let ways = ["Somebody changed the roles", "write primary = \"b\"", "PostgreSQL on b stops"];
        let _ = plan.run.says(&ways);
    });
    story.section("the configuration follows: no step", || {
        let started = ["a", "b"].map(|h| pair.on(h).started());
        let _ = pair.switch_to("b").succeeds();
        pair.is_whole("b");
        assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started);
    });
    story.section("or an apply switches back", || {
        pair.manual_switchover("b");
        let _ = pair.client.apply().succeeds();
        pair.is_whole("b");
    });
    story.section("stopped and promoted by hand: the old one follows without a rewind", || {
        pair.on("b").mark();
        pair.on("b").ctl("stop -m fast");
        pair.manual_promotion("a");
        let _ = pair.switch_to("a").succeeds();
        pair.is_whole("a");
        assert!(pair.on("b").is_marked());
    });
    story.section("no primary: the one that is to be it is promoted", || {
        let server = pair.on("a");
        server.ctl("stop -m fast");
        server.signal();
        server.ctl("start");
        let _ = pair.client.apply().succeeds();
        pair.is_whole("a");
    });
    story.section("an old primary that was started again is fenced", || {
        // The way of every failover by hand that forgets the old one.
        pair.on("a").ctl("stop -m fast");
        pair.manual_promotion("b");
        pair.on("a").ctl("start");
        assert!(pair.on("a").is_primary());
        pair.set("primary", "b");
        let _ = pair.settle("rewind");
        pair.is_whole("b");
    });
}
