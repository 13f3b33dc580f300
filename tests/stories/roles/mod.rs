//! The pair under changes of roles and faults, on real hosts with writers that record what was
//! acknowledged. Needs root.
//!
//! The pair alone, without Harbor, by the client; by Terraform where a release is rolled out, and where
//! the gap of a switchover is measured. Each file is one theme; each story begins with a pair that was
//! made once and kept as a snapshot.

pub mod cuts;
pub mod failover;
pub mod faults;
pub mod gap;
pub mod oracle;
pub mod rejoin;
pub mod switchover;
pub mod upgrade;
pub mod versions;

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use testkit::fixtures::build_id;
use testkit::pair::Pair;
use testkit::rig::{Distro, Options, Rig, Snapshot};
use testkit::soak::{enabled as soak, runs};
use testkit::story::Story;
use testkit::terraform::{program, provider};

/// Name of the rigs of these stories, each with a number behind it: `acc-roles`, or what
/// `BREAKWATER_HOSTS` says, so that two runs do not meet.
fn shared() -> String {
    std::env::var("BREAKWATER_HOSTS").unwrap_or_else(|_| "acc-roles".to_owned())
}

/// A new pair, `a` the primary, on hosts of its own: they begin as the first apply left them.
fn new_pair(story: &Story) -> Pair<'static> {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let name = format!("{}-{}", shared(), COUNT.fetch_add(1, Ordering::Relaxed));
    story.section("a pair", || {
        let snapshot = snapshot(&format!("{name}-made")).unwrap();
        let rig = Rig::anew_from(&name, &hosts(Distro::Bookworm), &snapshot).unwrap();
        let made = rig.state().folder.join("terraform");
        copy(&snapshot.more(), &made);
        for host in rig.hosts() {
            host.sh("systemctl is-system-running --wait").expect("all of its services start");
        }
        // The story's end takes it down.
        let pair = Pair::new(Box::leak(Box::new(rig)), "pair", 15);
        // The record of a checkpoint is flushed at once, and can only come by the stream.
        pair.on("a").sql("CHECKPOINT");
        pair.on("b").replays(&pair.on("a").write_position());
        pair
    })
}

/// A pair of PostgreSQL 15, made by this build of the provider and of the client.
fn snapshot(rig: &str) -> testkit::rig::Result<Snapshot> {
    let (provider, client) = (build_id(&provider()), build_id(&program("client")));
    Snapshot::ensure(&format!("pair-15-{provider}-{client}"), || {
        let rig = two_hosts(rig, Distro::Bookworm);
        let _ = Pair::applied(&rig, "pair", 15);
        rig
    })
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").args([from, to]).status();
    assert!(copied.expect("there is cp").success());
}

/// Two bare hosts.
fn two_hosts(name: &str, distro: Distro) -> Rig {
    Rig::down(name).unwrap();
    Rig::up_with(name, &hosts(distro)).unwrap()
}

fn hosts(distro: Distro) -> Options {
    Options { load_balancer: false, ..Options::hosts(&[("a", distro), ("b", distro)]) }
}
