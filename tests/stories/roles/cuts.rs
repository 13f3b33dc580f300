//! A change of roles that dies anywhere is finished by the next apply, and nothing is lost.
//!
//! Each step takes half a minute to strike, so what `make test` strikes is the steps that cannot be
//! undone; `make soak` strikes all.

use std::collections::BTreeSet;

use testkit::interruption::{End, Interruption, apply_until};
use testkit::pair::{Pair, other};
use testkit::story::Story;

/// Commits before a change.
const SOME: usize = 200;
/// A change of roles has fewer steps than this, or it goes in circles.
const MOST: usize = 60;

/// Stops, proves, and promotes: struck at several moments.
const THE_STEP: &str = "become the primary";
const MOMENTS: usize = 6;
/// What cannot be undone.
const DECISIVE: [&str; 3] = [THE_STEP, "rewind it to", "aside, to be copied anew"];

/// For a minute, or until the server is stopped.
const WRITES_ON: &str = r"setsid -f runuser -u postgres -- psql -Xq -c 'DO $$ BEGIN
  FOR number IN 1..6000 LOOP
    INSERT INTO scratch VALUES (number); COMMIT; PERFORM pg_sleep(0.01);
  END LOOP;
END $$' >/dev/null 2>&1";

/// Each step of a switchover, under load; every second change goes back, so that what is struck is
/// the step and not the host.
pub fn switchover(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let load = pair.load(4);
    let interrupted = interrupt_each_step(story, &mut pair, |_, _| load.wait_for(SOME));
    let primary = current(&pair);
    let report = pair.compare(&load.stop(), primary).nothing_lost();
    story.tell(&report.to_string());
    enough(interrupted, 8);
}

/// Each step of a failover from a dead server to a standby that is behind.
pub fn failover(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let load = pair.load(4);
    let interrupted = interrupt_each_step(story, &mut pair, |pair, from| {
        load.wait_for(SOME);
        pair.on(other(from)).block_replication();
        load.wait_for(SOME);
        pair.on(from).crash();
    });
    let primary = current(&pair);
    let report = pair.compare(&load.stop(), primary).nothing_lost();
    story.tell(&report.to_string());
    enough(interrupted, 8);
}

/// Each step of a change in which the old primary crashed with commits of its own: by consent it is
/// rewound, or copied anew.
pub fn rejoin(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    pair.on("a").sql("CREATE TABLE note (side text)");
    pair.on("a").sql("CREATE TABLE scratch (number int)");
    let mut interrupted = 0;
    for how in ["rewind", "reclone"] {
        pair.set("on_divergence", how);
        interrupted += interrupt_each_step(story, &mut pair, |pair, from| {
            let to = other(from);
            pair.on(to).replays(&pair.on(from).write_position());
            pair.partition();
            pair.manual_promotion(to);
            pair.heal();
            pair.on(from).sql("INSERT INTO note VALUES ('lost by consent')");
            pair.on(from).crash();
            pair.on(to).sql("INSERT INTO note VALUES ('kept')");
            // A winner does not wait while the other is rewound.
            let _ = pair.on(to).sh(WRITES_ON);
        });
        let primary = current(&pair);
        let count = |side: &str| format!("SELECT count(*) FROM note WHERE side LIKE '{side}%'");
        assert_eq!(pair.on(primary).sql(&count("lost")), "0");
        assert_ne!(pair.on(primary).sql(&count("kept")), "0");
        pair.on(primary).sql("TRUNCATE note");
    }
    enough(interrupted, 10);
}

fn enough(interrupted: usize, of_all: usize) {
    let least = if crate::roles::soak() { of_all } else { 1 };
    assert!(interrupted > least, "only {interrupted} steps were struck");
}

/// Changes the primary until no step is left that was not struck; how many were. `before` comes
/// before each change, with the primary that is to go.
fn interrupt_each_step(
    story: &Story,
    pair: &mut Pair,
    before: impl Fn(&Pair, &'static str),
) -> usize {
    let (mut interrupted, mut primary, mut quiet) = (BTreeSet::new(), current(pair), 0);
    let (mut moments, last, mut count) =
        if crate::roles::soak() { (MOMENTS, 2, 0) } else { (1, 1, 0) };
    let aim = |step: &str| crate::roles::soak() || DECISIVE.iter().any(|d| step.contains(d));
    for number in 0..MOST {
        let to = other(primary);
        before(pair, primary);
        pair.set("primary", to);
        let interruption = Interruption::of(number);
        match apply_until(&mut pair.client, interruption, aim, &mut interrupted) {
            End::Interrupted(step) => {
                story.tell(&format!("{number}: {interruption:?} in {step}"));
                count += 1;
                // The same step the other way round is no other one.
                let twins: Vec<String> = interrupted.iter().map(|s| twin(pair, s)).collect();
                interrupted.extend(twins);
                // The step that is the change itself is struck at several moments.
                if step.contains(THE_STEP) && moments > 0 {
                    moments -= 1;
                    interrupted.retain(|s: &String| !s.contains(THE_STEP));
                }
                let _ = pair.client.apply().succeeds();
                quiet = 0;
            }
            End::Finished(run) => {
                let _ = run.succeeds();
                quiet += 1;
            }
        }
        pair.rig.hosts().for_each(|h| pair.on(known(&h.state().name)).unblock_replication());
        pair.is_whole(to);
        primary = to;
        // A cut may bring out steps that a change that is not cut does not have.
        if quiet == last {
            return count;
        }
    }
    panic!("{MOST} changes and no end; struck so far: {interrupted:#?}");
}

/// A step with the hosts' names and addresses exchanged.
fn twin(pair: &Pair, step: &str) -> String {
    let [a, b] = ["a", "b"].map(|h| pair.rig.host(h).address().to_owned());
    let ends = |c: char| [' ', ',', ':'].contains(&c);
    let swapped = |word: &str| {
        let bare = word.trim_end_matches(ends);
        let rest = &word[bare.len()..];
        let other = match bare {
            "a" => "b",
            "b" => "a",
            _ if bare == a => &b,
            _ if bare == b => &a,
            same => same,
        };
        format!("{other}{rest}")
    };
    step.split_inclusive(' ').map(swapped).collect()
}

fn known(name: &str) -> &'static str {
    if name == "a" { "a" } else { "b" }
}

fn current(pair: &Pair) -> &'static str {
    if pair.on("a").is_primary() { "a" } else { "b" }
}
