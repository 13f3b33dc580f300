//! An apply that dies anywhere is finished by the next one. Needs root.

use std::collections::BTreeSet;

use testkit::demo::Demo;
use testkit::interruption::{End, Interruption, apply_until};
use testkit::provider_log::Event;
use testkit::rig::{Distro, Rig};
use testkit::soak;
use testkit::story::Story;

/// An apply has fewer steps than this, or it goes in circles.
const MOST: usize = 250;

/// Steps that leave something different behind when they are cut, by what they begin with: struck once
/// each by `make test`, where `make soak` strikes every step.
const KINDS: [&str; 10] = [
    "install ",
    "write ",
    "make the ",
    "copy the ",
    "role ",
    "create database ",
    "unpack ",
    "load ",
    "bring ",
    "set ",
];

/// An apply waits five minutes for a host that boots; here hosts do not, and each cut would cost it.
fn impatient(demo: &Demo) {
    let main = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let block = "provider \"harbor\" {\n";
    assert!(main.contains(block), "the example has no provider block");
    demo.terraform
        .write("main.tf", &main.replace(block, &format!("{block}  boot_timeout = \"10s\"\n")));
}

/// Each step of the whole apply is struck once, at its beginning or a little into it: the provider
/// is killed, or the connections of its host are cut. The next apply meets what is left.
pub fn an_apply_that_is_cut_at_each_step_is_finished_by_the_next(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-faults", &hosts).unwrap());
    let mut demo = story.section("installer", || Demo::new(&rig, "demo", "2.15.2", 15));
    impatient(&demo);
    let mut interrupted: BTreeSet<String> = BTreeSet::new();
    let whole = story.section("applies, each cut at a step that was not cut before", || {
        for number in 0..MOST {
            let interruption = Interruption::of(number);
            let kinds: BTreeSet<&str> = interrupted.iter().filter_map(|step| kind(step)).collect();
            let new = |step: &str| kind(step).is_some_and(|kind| !kinds.contains(kind));
            let aim = |step: &str| soak::enabled() || new(step);
            match apply_until(&mut demo.terraform, interruption, aim, &mut interrupted) {
                End::Interrupted(step) => {
                    story.tell(&format!("{number}: {interruption:?} in {step}"));
                }
                End::Finished(run) => return run,
            }
        }
        panic!("{MOST} applies and no end; cut so far: {interrupted:#?}");
    });
    let _ = whole.succeeds();
    story.tell(&format!("{} steps were cut", interrupted.len()));
    let least = if soak::enabled() { 30 } else { KINDS.len() - 1 };
    assert!(
        interrupted.len() > least,
        "only {} steps were cut: {interrupted:#?}",
        interrupted.len()
    );
    story.section("nothing is left to do", || demo.terraform.plan().is_empty());
    story.section("and all of it works", || {
        let _ = demo.is_replicated().succeeds();
        let _ = demo.is_healthy().succeeds();
    });
    story.section("a clean apply has no steps", || {
        let log = demo.terraform.log_steps("clean.log");
        let _ = demo.terraform.apply().succeeds();
        let steps = testkit::provider_log::read(&log);
        assert!(!steps.iter().any(|l| l.event == Event::Begins), "{steps:?}");
    });
}

/// Which of the kinds a step of the log is of: `198.51.100.11: install docker.io`.
fn kind(step: &str) -> Option<&'static str> {
    let (_, step) = step.split_once(": ")?;
    KINDS.into_iter().find(|kind| step.starts_with(kind))
}
