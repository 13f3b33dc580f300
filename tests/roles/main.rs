//! The pair under changes of roles and faults, on real hosts with writers that record what was
//! acknowledged. Needs root.
//!
//! The pair alone, without Harbor, by the client; by Terraform where a release is rolled out, and
//! where the gap of a switchover is measured. Each file is one theme; the stories share hosts, two for each that
//! runs at a time (`--test-threads`, 1 if not said), and each begins with a new pair, which takes a
//! quarter of what new hosts would.

mod cuts;
mod failover;
mod faults;
mod gap;
mod oracle;
mod rejoin;
mod switchover;
mod upgrade;
mod versions;

use std::cell::Cell;
use std::panic::{catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};

use libtest_mimic::{Arguments, Failed, Trial};
use testkit::pair::Pair;
use testkit::rig::{Distro, Options, Rig};
use testkit::story::Story;

/// Name of the rigs whose hosts the stories share, each with a number behind it: `acc-roles`, or what
/// `BREAKWATER_HOSTS` says, so that two runs do not meet.
fn shared() -> String {
    std::env::var("BREAKWATER_HOSTS").unwrap_or_else(|_| "acc-roles".to_owned())
}

/// Rigs that no story uses now; and how many there are.
static FREE: Mutex<(Vec<&'static Rig>, usize)> = Mutex::new((Vec::new(), 0));

thread_local! {
    /// What the story of this thread uses.
    static TAKEN: Cell<Option<&'static Rig>> = const { Cell::new(None) };
}

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Each that runs has hosts of its own.
    arguments.test_threads.get_or_insert(1);
    let story = |name, body: fn(&Story)| {
        Trial::test(name, move || {
            // Another thread may run the next one.
            let told = catch_unwind(|| body(&Story::begin(name)));
            let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
            free.0.extend(TAKEN.take());
            told.map_err(|panic| -> Failed { resume_unwind(panic) })
        })
    };
    let mut stories = vec![
        story("the_oracle_sees_a_loss_and_nothing_else", oracle::sees_a_loss),
        story("switchover_under_load", switchover::under_load),
        story("switchover_refused", switchover::refused),
        story("failover_with_the_dead_disk", failover::topped_up),
        story("failover_over_a_timeline", failover::over_a_timeline),
        story("postgresql_13", versions::of_13),
        story("postgresql_17", versions::of_17),
        story("failover_by_token", failover::by_token),
        story("failover_with_sync", failover::with_sync),
        story("rejoin_of_a_diverged_primary", rejoin::diverged),
        story("what_others_did_by_hand", rejoin::by_hand),
        story("upgrade_of_the_package", upgrade::of_the_package),
        story("faults", faults::each),
        story("switchover_struck_at_each_step", cuts::switchover),
        story("failover_struck_at_each_step", cuts::failover),
        story("rejoin_struck_at_each_step", cuts::rejoin),
        // A measurement, which `make bench` asks for.
        story("write_gap", gap::beside_a_bare_script).with_ignored_flag(true),
    ];
    let names: Vec<String> = stories.iter().map(|s| s.name().to_owned()).collect();
    stories.push(Trial::test("every_fault_has_a_row", move || {
        faults::every_fault_has_a_row(&names);
        Ok(())
    }));
    let conclusion = libtest_mimic::run(&arguments, stories);
    if std::env::var_os("BREAKWATER_KEEP").is_none() {
        for rig in &FREE.lock().unwrap_or_else(PoisonError::into_inner).0 {
            Rig::down(&rig.state().name).expect("the hosts can be removed");
        }
    }
    conclusion.exit_code()
}

/// A new pair, `a` the primary.
fn new_pair(story: &Story) -> Pair<'static> {
    let (rig, number) = {
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        let rig = free.0.pop();
        free.1 += usize::from(rig.is_none());
        (rig, free.1)
    };
    let name = format!("{}-{number}", shared());
    let reused = std::env::var_os("BREAKWATER_REUSE").and_then(|_| Rig::find(&name).ok());
    let found = rig.or_else(|| reused.map(leaked));
    let rig = found.unwrap_or_else(|| {
        leaked(story.section("two bare hosts", || two_hosts(&name, Distro::Bookworm)))
    });
    TAKEN.set(Some(rig));
    if found.is_none() {
        return story.section("a pair", || Pair::made(rig, "pair", 15));
    }
    story.section("a new pair", || {
        let mut pair = Pair::new(rig, "pair", 15);
        pair.start_over();
        pair
    })
}

/// The rigs are taken down when all stories are told.
fn leaked(rig: Rig) -> &'static Rig {
    Box::leak(Box::new(rig))
}

/// Two bare hosts.
fn two_hosts(name: &str, distro: Distro) -> Rig {
    Rig::down(name).unwrap();
    let hosts = ["a", "b"].map(|host| (host.to_owned(), distro)).to_vec();
    Rig::up_with(name, &Options { hosts, load_balancer: false }).unwrap()
}

/// At length: every fault, and every step struck.
fn soak() -> bool {
    std::env::var_os("BREAKWATER_SOAK").is_some()
}

/// How often what must hold each time is tried: `BREAKWATER_RUNS`, or a few times.
fn runs(few: usize) -> usize {
    let told = std::env::var("BREAKWATER_RUNS");
    told.map_or(few, |n| n.parse().expect("BREAKWATER_RUNS: a number"))
}
