//! The main job: two bare hosts become a highly available Harbor, and stay as they are described.

use testkit::demo::Demo;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;

use crate::acceptance::{destroy, drift, first_boot, replaced, secrets};

/// A demo on its rig, with statements logged.
fn prepare<'a>(rig: &'a Rig, release: &str, postgresql: u16) -> Demo<'a> {
    let demo = Demo::new(rig, "demo", release, postgresql);
    let main = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let more = main.replace(
        "max_connections = \"300\"",
        "max_connections = \"300\"\n    log_statement = \"all\"",
    );
    assert_ne!(main, more, "the example has no max_connections");
    demo.terraform.write("main.tf", &more);
    demo
}

pub fn two_bare_hosts_become_a_harbor_and_stay_as_described(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-main", &hosts).unwrap());
    let mut demo = story.section("installer", || prepare(&rig, "2.15.2", 15));
    let mut problems = Vec::new();
    story.section("apply, with eyes on all processes", || {
        first_boot::begins(&rig);
        let watch = secrets::Watch::begin(secrets::canaries(&demo));
        let trace = demo.terraform.path("trace.log");
        demo.terraform.env("TF_LOG", "TRACE").env("TF_LOG_PATH", trace.to_string_lossy());
        let _ = demo.terraform.plan_run(&[]).succeeds();
        let run = demo.terraform.apply().succeeds();
        std::fs::write(demo.terraform.path("apply.out"), run.text).unwrap();
        demo.terraform.env("TF_LOG", "").env("TF_LOG_PATH", "");
        problems.extend(watch.end().into_iter().map(|s| format!("seen in a process: {s}")));
    });
    story.section("the second plan is empty", || demo.terraform.plan().is_empty());
    story.section("a write on the primary is on the standby", || demo.is_replicated().succeeds());
    story.section("both nodes are healthy behind the balancer", || demo.is_healthy().succeeds());
    story.section("needrestart was told to restart nothing", || {
        first_boot::nothing_was_restarted(&rig);
    });
    story.section("no secret is anywhere", || problems.extend(leaks(&demo)));
    story.section("pruned images come back", || first_boot::pruned_images_come_back(&demo));
    story.section("a node that is made anew first leaves its successor alone", || {
        replaced::leaves_its_successor_alone(&demo);
    });
    problems.extend(drift::manual_changes(story, &mut demo));
    problems.extend(drift::lost_standby(story, &demo));
    problems.extend(destroy::and_again(story, &demo));
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
}

fn leaks(demo: &Demo) -> Vec<String> {
    let mut all = secrets::canaries(demo);
    all.extend(secrets::generated(demo.rig));
    let mut leaks = Vec::new();
    let mut look = |name: &str, text: &[u8]| {
        let found = secrets::found(text, &all);
        leaks.extend(found.into_iter().map(|c| format!("{name} holds {c}")));
    };
    let terraform = &demo.terraform;
    for name in ["terraform.tfstate", "trace.log", "apply.out", "plan.bin"] {
        look(name, &std::fs::read(terraform.path(name)).unwrap());
    }
    let shown = terraform.run(&["show", "-json", "plan.bin"]).succeeds();
    look("terraform show -json", shown.text.as_bytes());
    // The zip is compressed: what is in it, unpacked.
    let unzip = "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); \
                 [sys.stdout.buffer.write(z.read(n)) for n in z.namelist()]";
    let plan = terraform.path("plan.bin");
    let unpacked = std::process::Command::new("python3").args(["-c", unzip]).arg(plan).output();
    let unpacked = unpacked.unwrap();
    assert!(unpacked.status.success() && unpacked.stdout.len() > 1000, "the plan is a zip");
    look("plan file", &unpacked.stdout);
    leaks.extend(secrets::found_on_hosts(demo.rig, &all));
    leaks
}

/// The oldest of all: PostgreSQL 13, Compose 1.25, Harbor 2.3.2 with its Notary databases.
pub fn the_article_s_releases_work_are_kept_and_are_purged(story: &Story) {
    const KEEP: &[(&str, &str)] = &[("harbor_ha_node", "keep")];
    const PURGE: &[(&str, &str)] = &[
        ("harbor_pg_replication_pair", "purge"),
        ("harbor_external_db", "drop_with_data"),
        ("harbor_shared_secrets", "purge"),
        ("harbor_ha_node", "purge"),
    ];
    let hosts = [("a", Distro::Bullseye), ("b", Distro::Bullseye)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-old", &hosts).unwrap());
    let demo = story.section("installer", || prepare(&rig, "2.3.2", 13));
    let main = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    demo.terraform.write("main.tf", &destroy::on_destroy(&main, KEEP));
    story.section("apply", || demo.terraform.apply().succeeds());
    story.section("the second plan is empty", || demo.terraform.plan().is_empty());
    story.section("replicated and healthy", || {
        let _ = demo.is_replicated().succeeds();
        let _ = demo.is_healthy().succeeds();
    });
    let problems = destroy::and_again(story, &demo);
    assert!(problems.is_empty(), "{}", problems.join("\n\n"));
    story.section("what a destroy does is changed without touching a host", || {
        demo.terraform.write("main.tf", &destroy::on_destroy(&main, PURGE));
        let before = drift::running(&rig);
        let _ = demo.terraform.apply().succeeds();
        assert_eq!(drift::running(&rig), before);
    });
    destroy::purged(story, &demo);
}
