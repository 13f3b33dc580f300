//! An apply that dies anywhere is finished by the next one. Needs root.

use std::collections::BTreeSet;

use testkit::cut::{Blow, End, apply_until};
use testkit::demo::Demo;
use testkit::provider_log::Event;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;

/// An apply has fewer steps than this, or it goes in circles.
const MOST: usize = 250;

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
#[test]
fn an_apply_that_is_cut_at_each_step_in_turn_is_finished_by_the_next() {
    let story = Story::begin("faults");
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-faults", &hosts).unwrap());
    let mut demo = story.section("installer", || Demo::new(&rig, "demo", "2.15.2", 15));
    impatient(&demo);
    let mut struck = BTreeSet::new();
    let last = story.section("applies, each cut at a step that was not cut before", || {
        for number in 0..MOST {
            let blow = Blow::of(number);
            match apply_until(&mut demo.terraform, blow, |_| true, &mut struck) {
                End::Struck(step) => story.tell(&format!("{number}: {blow:?} in {step}")),
                End::Finished(run) => return run,
            }
        }
        panic!("{MOST} applies and no end; cut so far: {struck:#?}");
    });
    let _ = last.succeeds();
    story.tell(&format!("{} steps were cut", struck.len()));
    assert!(struck.len() > 30, "only {} steps were cut: {struck:#?}", struck.len());
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
