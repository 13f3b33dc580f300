//! An old primary returns, two primaries, and what others did by hand.

use testkit::pair::{ADDRESS, Pair, other, token};
use testkit::story::Story;
use testkit::terraform::Run;

/// Commits on the side that is to lose.
const LOSING: usize = 7;
/// Others may commit too, such as autovacuum.
const OTHERS: usize = 5;
const NOTE: &str = "CREATE TABLE IF NOT EXISTS note (side text)";

pub fn diverged(story: &Story) {
    let mut pair = crate::new_pair(story);
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
            pair.join();
            diverge(&pair, primary, winner);
            refused(&mut pair, primary, winner);
        });
        story.section(&format!("{winner} is named, {how}"), || {
            named(&mut pair, winner, how);
        });
        primary = winner;
    }
    story.section("on one timeline a rewind is no way out", || {
        let winner = other(primary);
        without_its_signal(&pair, winner);
        diverge(&pair, primary, winner);
        pair.set("primary", winner).set("on_divergence", "rewind");
        let refusal = pair.terraform.plan_run(&[]).fails();
        assert!(pair.on(primary).is_primary() && pair.on(winner).is_primary());
        let token = token(&refusal.readable()).expect("the winner is named by a token");
        pair.set("data_loss_token", &token);
        let _ = pair.terraform.apply().fails();
        let _ = pair.terraform.plan_run(&[]).fails().says(&["reclone"]);
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
    pair.join();
    diverge(pair, loser, winner);
    pair.on(loser).crash();
    pair.set("primary", winner);
    let refusal = pair.terraform.apply().fails().says(&["on_divergence"]);
    assert!(counted(&refusal).is_some(), "no count of {LOSING}: {}", refusal.readable());
    named(pair, winner, "rewind");
}

/// Two primaries on one timeline: the hash of their WAL tells them apart, and only a copy helps.
pub fn same_timeline(pair: &mut Pair, loser: &'static str) {
    let winner = other(loser);
    pair.on(loser).sql(NOTE);
    pair.on(winner).replays(&pair.on(loser).write_position());
    without_its_signal(pair, winner);
    diverge(pair, loser, winner);
    pair.set("primary", winner);
    let _ = pair.terraform.apply().fails().says(&["data_loss_token"]);
    assert!(pair.on(loser).is_primary() && pair.on(winner).is_primary());
    named(pair, winner, "reclone");
}

/// The hosts do not see each other, and somebody promotes the standby.
fn promoted(pair: &Pair, standby: &'static str) {
    pair.part();
    pair.promote_by_hand(standby);
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

/// Neither plan nor apply does anything, whoever is named; the refusal counts what would be lost.
fn refused(pair: &mut Pair, loser: &'static str, winner: &'static str) {
    let started = [loser, winner].map(|h| pair.on(h).started());
    let split = pair.terraform.plan_run(&[]).fails();
    let text = split.readable();
    let hosts = [loser, winner].map(|h| pair.rig.host(h).address().to_owned());
    assert!(hosts.iter().all(|h| text.contains(h)) || text.contains("both"), "{text}");
    pair.set("primary", winner);
    let refusal = pair.terraform.plan_run(&[]).fails().says(&["data_loss_token"]);
    // Without a history that says where they parted there is no point to count from.
    let on_one = pair.on(loser).timeline() == pair.on(winner).timeline();
    let count = counted(&refusal);
    assert!(on_one || count.is_some(), "no count of {LOSING} commits: {}", refusal.readable());
    let _ = pair.terraform.apply().fails();
    assert_eq!([loser, winner].map(|h| pair.on(h).started()), started, "a server was restarted");
    assert!(pair.on(loser).is_primary() && pair.on(winner).is_primary());
}

/// A number of commits that fits, somewhere in the text.
fn counted(refusal: &Run) -> Option<usize> {
    let text = refusal.readable();
    let words: Vec<&str> = text.split_whitespace().collect();
    let counts = words.windows(2).filter(|w| w[1].starts_with("commit"));
    counts.filter_map(|w| w[0].parse().ok()).find(|n| (LOSING..LOSING + OTHERS).contains(n))
}

/// With consent the winner's data is what both have, and the loser's is kept aside.
fn named(pair: &mut Pair, winner: &'static str, how: &str) {
    pair.set("primary", winner);
    let _ = pair.settle(how);
    pair.is_whole(winner);
    let loser = other(winner);
    for host in [winner, loser] {
        let of = |side: &str| format!("SELECT count(*) FROM note WHERE side = '{side}'");
        assert_eq!(pair.on(host).sql(&of(&format!("{winner} wins"))), "1", "on {host}");
    }
    let kept = &pair.terraform.attributes(ADDRESS)["diverged_dirs"];
    assert!(kept.as_array().is_some_and(|k| !k.is_empty()), "nothing was kept aside: {kept}");
    pair.on(winner).sql("TRUNCATE note");
}

pub fn by_hand(story: &Story) {
    let mut pair = crate::new_pair(story);
    story.section("switched by hand: the plan says so", || {
        pair.switch_by_hand("a");
        let plan = pair.terraform.plan();
        let said: String = plan
            .run
            .diagnostics()
            .iter()
            .map(|d| format!("{} {}\n", d.summary, d.detail))
            .collect();
        assert!(!plan.changes.is_empty(), "the plan is empty");
        assert!(said.contains("stops"), "the way back is not announced: {said}");
    });
    story.section("the configuration follows: no step", || {
        let started = ["a", "b"].map(|h| pair.on(h).started());
        let _ = pair.switch_to("b").succeeds();
        pair.is_whole("b");
        assert_eq!(["a", "b"].map(|h| pair.on(h).started()), started);
    });
    story.section("or an apply switches back", || {
        pair.switch_by_hand("b");
        let _ = pair.terraform.apply().succeeds();
        pair.is_whole("b");
    });
    story.section("stopped and promoted by hand: the old one follows without a rewind", || {
        pair.on("b").mark();
        pair.on("b").ctl("stop -m fast");
        pair.promote_by_hand("a");
        let _ = pair.switch_to("a").succeeds();
        pair.is_whole("a");
        assert!(pair.on("b").is_marked());
    });
    story.section("no primary: the one that is to be it is promoted", || {
        let server = pair.on("a");
        server.ctl("stop -m fast");
        server
            .sh(&format!("install -o postgres -m 600 /dev/null {}/standby.signal", server.data()));
        server.ctl("start");
        let _ = pair.terraform.apply().succeeds();
        pair.is_whole("a");
    });
    story.section("an old primary that was started again is fenced", || {
        // The way of every failover by hand that forgets the old one.
        pair.on("a").ctl("stop -m fast");
        pair.promote_by_hand("b");
        pair.on("a").ctl("start");
        assert!(pair.on("a").is_primary());
        pair.set("primary", "b");
        let _ = pair.settle("rewind");
        pair.is_whole("b");
    });
}
