//! The registry serves while its database moves: no node is touched, and no client tries twice.

use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::json;
use testkit::demo::Demo;
use testkit::outcomes::Outcomes;
use testkit::rig::{Distro, Rig};
use testkit::story::Story;
use testkit::terraform::repository;

use crate::acceptance::drift::{restarted, running};

/// The port at which the hosts say whether they are the primary.
const CHECK_PORT: u16 = 8008;
/// How much longer than usual a client may come to nothing in a planned change of roles, in seconds: the
/// database's own gap of about a second and a half, the second within which the endpoint sees it, and
/// the push or pull that failed and is made again.
const GAP: f64 = 6.0;
/// Each file that a change of roles must leave alone, with its digest.
const FILES: &str = "find /opt /data /etc/haproxy /etc/systemd/system -type f \
     \\( -name '*.yml' -o -name env -o -name '*.conf' -o -name 'breakwater-database*' \\) \
     -exec sha256sum {} + 2>/dev/null | sort";

/// Clients of the registry, of the balancer and of each node.
struct Clients {
    watch: PathBuf,
    said: PathBuf,
    child: Child,
}

impl Clients {
    fn begin(demo: &Demo, name: &str) -> Self {
        let path = |ending: &str| demo.terraform.path(&format!("{name}.{ending}"));
        let (watch, settings, said) = (path("watch"), path("json"), path("out"));
        let state = demo.rig.state();
        let told = json!({
            "name": state.service_name, "certificate": demo.variables["certificate"],
            "password": demo.variables["harbor_admin_password"], "watch": watch,
        });
        std::fs::write(&settings, told.to_string()).unwrap();
        std::fs::write(&watch, "").unwrap();
        let balancer = state.load_balancer.clone().expect("the rig has a balancer");
        let nodes = demo.rig.hosts().map(|host| host.address().to_owned());
        let addresses: Vec<String> = std::iter::once(balancer).chain(nodes).collect();
        let program = repository().join("tests/stories/cloud/registry.py");
        let words = [program, settings].map(|p| p.to_string_lossy().into_owned());
        let argv = ["python3", &words[0], &words[1], "load", &addresses.join(","), name];
        let output = std::fs::File::create(&said).unwrap();
        let child = demo.rig.command(argv).stdin(Stdio::null()).stdout(output).spawn().unwrap();
        let clients = Self { watch, said, child };
        clients.wait_for(60);
        clients
    }

    /// Until so many more pushes and pulls are done.
    fn wait_for(&self, more: usize) {
        let count = || std::fs::read_to_string(&self.said).unwrap_or_default().lines().count();
        let wanted = count() + more;
        let end = std::time::Instant::now() + std::time::Duration::from_secs(120);
        while count() < wanted {
            assert!(std::time::Instant::now() < end, "the clients come to nothing");
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
    }

    fn end(mut self) -> Outcomes {
        self.wait_for(60);
        std::fs::remove_file(&self.watch).unwrap();
        assert!(self.child.wait().unwrap().success(), "the clients failed");
        Outcomes::read(&std::fs::read_to_string(&self.said).unwrap())
    }
}

pub fn the_registry_serves_while_its_database_moves(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-serving", &hosts).unwrap());
    let demo = story.section("installer", || Demo::new(&rig, "demo", "2.15.2", 15));
    story.section("a Harbor whose nodes name the primary", || {
        let _ = demo.terraform.apply().succeeds();
    });
    let on = json!({"role_check_port": CHECK_PORT, "database_endpoint": true});
    story.section("its nodes adopt the endpoint, one after the other", || adopt(story, &demo, &on));
    for (number, to) in ["b", "a"].into_iter().enumerate() {
        let section = format!("the primary moves to {to}");
        story.section(&section, || switch(story, &demo, to, &format!("switch{number}")));
    }
    story.section("what was edited and stopped by hand comes back", || drift(&demo));
    story.section("its host boots, and it is there before Harbor", || boot(&demo));
    story.section("the nodes name the primary again, and nothing is left", || leave(&demo));
}

fn adopt(story: &Story, demo: &Demo, on: &serde_json::Value) {
    let clients = Clients::begin(demo, "adopt");
    let _ = demo.with(on).apply().succeeds();
    story.tell(&clients.end().told());
    demo.terraform.plan().is_empty();
    let _ = demo.is_healthy().succeeds();
    for host in demo.rig.hosts() {
        let used =
            host.sh("ss -Htn state established '( dport = :5433 or sport = :5433 )'").unwrap();
        assert!(!used.trim().is_empty(), "no container uses the endpoint on {}", host.state().name);
    }
}

/// Nothing but the pair is touched, and no client fails twice.
fn switch(story: &Story, demo: &Demo, to: &str, name: &str) {
    let look = || -> Vec<String> { demo.rig.hosts().map(|h| h.sh(FILES).unwrap()).collect() };
    let (before, files) = (running(demo.rig), look());
    let usual = Clients::begin(demo, &format!("{name}-before")).end();
    story.tell(&format!("without a change: {}", usual.told()));
    assert_eq!(usual.most_failures(), 0, "clients fail without a change: {}", usual.told());
    let clients = Clients::begin(demo, name);
    let main = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    let from = if to == "a" { "b" } else { "a" };
    let moved = main.replace(&format!("primary = \"{from}\""), &format!("primary = \"{to}\""));
    assert_ne!(moved, main, "the example names no primary {from}");
    demo.terraform.write("main.tf", &moved);
    let _ = demo.terraform.apply().succeeds();
    let outcomes = clients.end();
    story.tell(&outcomes.told());
    assert!(outcomes.most_failures() <= 1, "a client failed twice: {}", outcomes.told());
    let longer = outcomes.longest_gap() - usual.longest_gap();
    assert!(longer < GAP, "the gap is {longer:.1} s longer than usual: {}", outcomes.told());
    let touched = restarted(&before, &running(demo.rig));
    let touched: Vec<_> = touched.iter().filter(|what| !what.contains("postgresql")).collect();
    assert!(touched.is_empty(), "restarted: {touched:?}");
    assert_eq!(look(), files, "a file of a node changed");
    demo.terraform.plan().is_empty();
    for node in ["a", "b"] {
        let endpoint = format!("harbor_database_endpoint.node[\"{node}\"]");
        assert_eq!(demo.terraform.attributes(&endpoint)["files"].as_object().unwrap().len(), 2);
    }
}

/// What the plan shows is mended. The database stays where it is meanwhile.
fn drift(demo: &Demo) {
    demo.rig
        .host("a")
        .sh("sed -i 's/fall 2/fall 9/' /etc/haproxy/breakwater-database.cfg")
        .unwrap();
    demo.rig.host("b").sh("systemctl stop breakwater-role-15-main.socket").unwrap();
    let plan = demo.terraform.run(&["plan", "-input=false", "-no-color"]).succeeds();
    let _ = plan.says(&["fall 9", "breakwater-role-15-main"]);
    let _ = demo.terraform.apply().succeeds();
    demo.terraform.plan().is_empty();
    let _ = demo.is_healthy().succeeds();
}

fn boot(demo: &Demo) {
    let host = demo.rig.host("b");
    host.shut_down().unwrap();
    host.boot().unwrap();
    let end = std::time::Instant::now() + std::time::Duration::from_secs(180);
    while demo.is_healthy().code != Some(0) {
        assert!(std::time::Instant::now() < end, "not healthy after the boot");
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
    demo.terraform.plan().is_empty();
}

fn leave(demo: &Demo) {
    let port_alone = json!({"role_check_port": CHECK_PORT, "database_endpoint": false});
    let _ = demo.with(&port_alone).apply().succeeds();
    demo.terraform.plan().is_empty();
    let _ = demo.restore().apply().succeeds();
    demo.terraform.plan().is_empty();
    let _ = demo.is_healthy().succeeds();
    for host in demo.rig.hosts() {
        let left = host
            .sh("ls -d /etc/haproxy/breakwater* /etc/systemd/system/breakwater-[dr]* \
                 /usr/local/lib/breakwater/role-* 2>/dev/null || :
                 ip -o -4 address show to 10.255.255.254/32
                 systemctl is-active haproxy.service | grep -x active || :
                 ss -Hltn 'sport = :8008 or sport = :5433'")
            .unwrap();
        assert_eq!(left.trim(), "", "left on {}", host.state().name);
    }
}
