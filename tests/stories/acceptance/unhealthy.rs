//! A change that would take a running node down stops before it, or is taken back.

use std::collections::BTreeSet;

use serde_json::json;
use testkit::demo::Demo;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;

pub fn a_node_that_would_not_come_back_goes_on_as_it_was(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-unhealthy", &hosts).unwrap());
    let demo = story.section("installer", || Demo::new(&rig, "demo", "2.15.2", 15));
    story.section("a Harbor on both", || {
        let _ = demo.terraform.apply().succeeds();
        let _ = demo.is_healthy().succeeds();
    });
    let good = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    story.section("a password that Redis refuses stops the apply before anything", || {
        refused_by_redis(&demo, &good);
    });
    story.section("a Redis that is not there stops it, too", || not_reached(&demo));
    story.section("a setting with which core does not start is taken back", || {
        taken_back(&demo, &good);
    });
    story
        .section("what has a name or a port of Harbor's is seen by the plan", || in_the_way(&demo));
}

/// All containers of both nodes, each with when it was started.
fn containers(rig: &Rig) -> BTreeSet<String> {
    const SHOW: &str = "docker inspect --format '{{.Name}} {{.State.StartedAt}} {{.State.Status}}' $(docker ps -aq)";
    let of = |host: testkit::rig::Host| {
        let said = host.sh(SHOW).unwrap();
        said.lines().map(|line| format!("{}{line}", host.state().name)).collect::<Vec<_>>()
    };
    rig.hosts().flat_map(of).collect()
}

/// The configuration as it was is what is there: nothing is left to do, and clients are served.
fn as_before(demo: &Demo, good: &str) {
    demo.terraform.write("main.tf", good);
    demo.restore().plan().is_empty();
    let _ = demo.is_healthy().succeeds();
}

/// The redis block's own version, raised.
fn raised(good: &str) -> String {
    let (head, rest) = good.split_once("redis_password\n").expect("the example has a redis block");
    let raised = rest.replacen("password_wo_version = 1", "password_wo_version = 2", 1);
    format!("{head}redis_password\n{raised}")
}

fn refused_by_redis(demo: &Demo, good: &str) {
    let before = containers(demo.rig);
    demo.terraform.write("main.tf", &raised(good));
    let terraform = demo.with(&json!({"redis_password": "Aa1-another-7Qx"}));
    let warned = terraform.plan_run(&[]).succeeds();
    let _ = warned.says(&["Redis refuses the login"]);
    let run = terraform.apply().fails();
    let run = run.says(&["Error: Redis refuses the login", "(At redis.password_wo.)"]);
    assert!(!run.readable().contains("Aa1-another-7Qx"), "the password is told");
    assert_eq!(containers(demo.rig), before, "something was restarted");
    as_before(demo, good);
}

fn not_reached(demo: &Demo) {
    let before = containers(demo.rig);
    let mut redis = demo.variables["redis"].clone();
    redis["port"] = json!(6399);
    let run = demo.with(&json!({"redis": redis})).apply().fails();
    let _ = run.says(&["Error: Redis is not reached from", "6399"]);
    assert_eq!(containers(demo.rig), before, "something was restarted");
    demo.restore().plan().is_empty();
}

/// The server's certificate is of nobody whom core knows, which no login from the host shows.
fn taken_back(demo: &Demo, good: &str) {
    let user = "    username            = harbor_external_db.registry.user\n";
    assert!(good.contains(user), "the example has no {user}");
    let strict = format!("{user}    ssl_mode            = \"verify-full\"\n");
    demo.terraform.write("main.tf", &good.replace(user, &strict));
    let run = demo.terraform.apply().fails();
    let text = run.readable();
    for part in ["harbor-core (", "said last", "certificate", "To put things back", "- done: "] {
        assert!(text.contains(part), "the error does not say \"{part}\": {text}");
    }
    assert!(!text.contains("FAILED"), "{text}");
    for host in demo.rig.hosts() {
        host.sh("! grep -q verify-full /opt/harbor/harbor.yml /opt/harbor/common/config/core/env")
            .expect("the previous configuration is back");
        host.sh("[ ! -e /opt/harbor/.breakwater-previous ]").expect("nothing is left of it");
    }
    as_before(demo, good);
}

fn in_the_way(demo: &Demo) {
    let b = demo.rig.host("b");
    b.sh("systemctl stop harbor.service; cd /opt/harbor && docker-compose down 2>/dev/null")
        .unwrap();
    b.sh("docker create --name registry $(docker images -q | head -n 1) true").unwrap();
    let refused = demo.terraform.plan_run(&[]).fails();
    let _ = refused.says(&["The container registry is another's", "no project of Compose"]);
    b.sh("docker rm registry").unwrap();
    let listen = "systemd-run --unit taken --quiet perl -MIO::Socket::INET -e \
                  '@s = IO::Socket::INET->new(LocalAddr => q(127.0.0.1), LocalPort => 1514, Listen => 1) or die; sleep 600'
        for i in $(seq 100); do ss -Hltn 'sport = :1514' | grep -q . && exit 0; sleep 0.1; done; exit 1";
    b.sh(listen).unwrap();
    let refused = demo.terraform.plan_run(&[]).fails();
    let _ = refused.says(&["Port 1514 is in use", "perl"]);
    b.sh("systemctl stop taken").unwrap();
    let _ = demo.terraform.apply().succeeds();
    let _ = demo.is_healthy().succeeds();
}
