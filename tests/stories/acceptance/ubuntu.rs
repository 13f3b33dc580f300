//! Ubuntu, by likenesses: the main job on 24.04, which the module starts if it is told nothing else,
//! and plans on the releases before.

use serde_json::json;
use testkit::demo::Demo;
use testkit::fixtures;
use testkit::rig::{Distro, Host, Rig};
use testkit::story::Story;
use testkit::terraform::{Terraform, repository};

/// The demo as somebody writes it for Ubuntu: its own user, `PostgreSQL` from PGDG.
fn prepare(rig: &Rig) -> Demo<'_> {
    let demo = Demo::new(rig, "demo", "2.15.2", 17);
    let key = rig.run(["curl", "-fsS", &format!("{}/ACCC4CF8.asc", rig.state().urls.pgdg)]);
    std::fs::write(demo.terraform.path("pgdg.asc"), key.unwrap().stdout).unwrap();
    let pgdg = format!(
        "source = \"pgdg\"\n  mirror = \"{}\"\n  signing_key = file(\"${{path.module}}/pgdg.asc\")\n  primary",
        rig.state().urls.pgdg
    );
    rewrite(&demo, "source  = \"distro\"\n  primary", &pgdg);
    rewrite(&demo, "user             = \"root\"", "user = \"ubuntu\"");
    demo
}

fn rewrite(demo: &Demo, from: &str, to: &str) {
    let before = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    assert!(before.contains(from), "the example has no {from}");
    demo.terraform.write("main.tf", &before.replacen(from, to, 1));
}

pub fn the_main_job_is_done_on_24_04(story: &Story) {
    let hosts = [("a", Distro::Noble), ("b", Distro::Noble)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-ubuntu", &hosts).unwrap());
    let demo = story.section("installer", || prepare(&rig));
    story.section("what their release has is planned before they have package lists", || {
        releases(&demo);
    });
    story.section("apply, beside unattended-upgrades", || {
        rig.hosts().for_each(|host| updates_itself(&host));
        rig.hosts().for_each(|host| is_updating(&host));
        let _ = demo.terraform.apply().succeeds();
    });
    story.section("the second plan is empty", || demo.terraform.plan().is_empty());
    story.section("a write on the primary is on the standby", || demo.is_replicated().succeeds());
    story.section("both nodes are healthy behind the balancer", || demo.is_healthy().succeeds());
    story.section("what is pushed to one node is pulled from all", || push_and_pull(&demo));
    story.section("all came from Ubuntu and PGDG", || rig.hosts().for_each(|host| origins(&host)));
    story.section("a Compose that does not start is refused", || dead_compose(&demo));
    story.section("needrestart restarts nothing by an apply", || restarts(&demo));
}

/// As at a first boot: lists are read and a security update comes, whose package takes 20 s.
fn updates_itself(host: &Host) {
    let begin = "systemctl start --no-block apt-daily.service apt-daily-upgrade.service";
    let _ = host.sh(begin).unwrap();
}

/// Waits until dpkg is busy.
fn is_updating(host: &Host) {
    let wait = r#"cat >/run/busy.py <<'END'
import fcntl, sys
with open("/var/lib/dpkg/lock-frontend", "w") as lock:
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        sys.exit(0)
sys.exit(1)
END
tries=0
until python3 /run/busy.py; do
  tries=$((tries + 1)); [ "$tries" -lt 600 ] || { journalctl -u 'apt-daily*' >&2; exit 1; }
  sleep 0.1
done"#;
    let _ = host.sh(wait).unwrap();
}

/// The distribution's PostgreSQL is 16. And root does not log in: its key says who does.
fn releases(demo: &Demo) {
    let ours = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    rewrite(demo, "source = \"pgdg\"", "source = \"distro\"");
    let _ = demo.with(&json!({"postgresql_version": 16})).plan_run(&[]).succeeds();
    let _ = demo
        .with(&json!({"postgresql_version": 15}))
        .plan_run(&[])
        .fails()
        .says(&["postgresql-15 is in no package source", "ubuntu 24.04"]);
    rewrite(demo, "user = \"ubuntu\"", "user = \"root\"");
    let _ = demo.restore().plan_run(&[]).fails().says(&["Please login as the user \"ubuntu\""]);
    demo.terraform.write("main.tf", &ours);
}

/// A layer that came through one node is whole from the other and from the balancer.
fn push_and_pull(demo: &Demo) {
    let state = demo.rig.state();
    let (settings, client) =
        (demo.terraform.path("client.json"), repository().join("tests/stories/cloud/registry.py"));
    let told = json!({
        "name": state.service_name,
        "password": demo.variables["harbor_admin_password"],
        "certificate": demo.variables["certificate"],
    });
    std::fs::write(&settings, told.to_string()).unwrap();
    let (settings, client) = (settings.to_string_lossy(), client.to_string_lossy());
    let (a, b) = (demo.rig.host("a").address().to_owned(), demo.rig.host("b").address().to_owned());
    let balancer = state.load_balancer.clone().unwrap();
    for (action, address) in [("push", &a), ("pull", &b), ("pull", &balancer)] {
        let said =
            demo.rig.run(["python3", &client, &settings, action, address, "ubuntu"]).unwrap();
        let why = String::from_utf8_lossy(&said.stderr);
        assert!(said.status.success(), "{action} at {address}: {why}");
    }
}

fn origins(host: &Host) {
    let sh = |script: &str| host.sh(script).unwrap().trim().to_owned();
    let version = |package: &str| {
        sh(&format!(
            "dpkg-query -Wf '${{db:Status-Status}} ${{Version}}' {package} 2>/dev/null || :"
        ))
    };
    for (package, wanted) in [
        ("docker.io", "installed 28.2.2-0ubuntu1~24.04.1"),
        ("docker-compose-v2", "installed 2.37.1+ds1-0ubuntu2~24.04.1"),
        ("docker-compose", ""),
        ("postgresql-17", "installed 17.12-1.pgdg24.04+1"),
        // It was waited for.
        ("media-types", "installed 13.0.0ubuntu0.24.04.1"),
    ] {
        assert_eq!(version(package), wanted, "{package} on {}", host.state().name);
    }
}

/// `docker-compose` by name: the plan knows that of it which an installed one shows.
fn dead_compose(demo: &Demo) {
    let ours = std::fs::read_to_string(demo.terraform.path("main.tf")).unwrap();
    rewrite(
        demo,
        "source           = \"distro\"",
        "source = \"distro\"\n    compose = { source = \"distro\" }",
    );
    let says = ["does not start", "distutils", "docker-compose-v2"];
    let _ = demo.terraform.plan_run(&[]).fails().says(&says);
    let host = demo.rig.host("b");
    let _ = host.sh("DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qy install docker-compose").unwrap();
    let died = host.sh("docker-compose version 2>&1 || :").unwrap();
    assert!(died.contains("No module named 'distutils'"), "{died}");
    let _ = demo.terraform.plan_run(&[]).fails().says(&says);
    demo.terraform.write("main.tf", &ours);
    demo.terraform.plan().is_empty();
}

/// PostgreSQL runs with a library that was replaced. An apply that installs a package leaves it as it
/// is; somebody's `apt-get install` restarts it.
fn restarts(demo: &Demo) {
    let host = demo.rig.host("b");
    let server = || host.sh("head -n 1 /var/lib/postgresql/17/main/postmaster.pid").unwrap();
    let replace = "library=$(readlink -f /usr/lib/*/libzstd.so.1)
        cp -a $library $library.new && mv $library.new $library
        needrestart -b | grep -q 'NEEDRESTART-SVC: postgresql@17-main.service'
        dpkg --remove docker-compose-v2";
    let _ = host.sh(replace).unwrap();
    let before = server();
    let _ = demo.terraform.apply().succeeds();
    let _ = host.sh("docker compose version").unwrap();
    assert_eq!(server(), before, "PostgreSQL was restarted");
    let other = "DEBIAN_FRONTEND=noninteractive apt-get -qy --reinstall install docker-compose";
    let _ = host.sh(other).unwrap();
    assert_ne!(server(), before, "needrestart is not active: the above proves nothing");
    demo.terraform.plan().is_empty();
    let _ = demo.is_replicated().succeeds();
}

/// What is said of a node on 22.04 and 20.04: both have the plugin in their -updates alone.
pub fn older_releases_are_planned_with_what_they_have(story: &Story) {
    let hosts = [("jammy", Distro::Jammy), ("focal", Distro::Focal)];
    let rig = story.section("two bare hosts", || Rig::anew("acc-ubuntu-old", &hosts).unwrap());
    let terraform = story.section("installer", || nodes(&rig));
    story.section("without package lists it is the plugin", || {
        assert_eq!(composes(&terraform), ["docker-compose-v2"; 2]);
    });
    story.section("with package lists, too", || {
        rig.hosts().for_each(|host| drop(host.sh("apt-get update").unwrap()));
        assert_eq!(composes(&terraform), ["docker-compose-v2"; 2]);
    });
    story.section("without their -updates it is Compose 1, if that is new enough", || {
        let without = "sed -i 's/ [a-z]*-updates//' /etc/apt/sources.list.d/ubuntu.sources
            rm -rf /var/lib/apt/lists/*_Packages* && apt-get update";
        let _ = rig.host("jammy").sh(without).unwrap();
        assert_eq!(composes(&terraform), ["docker-compose-v2", "docker-compose"]);
        let _ = rig.host("focal").sh(without).unwrap();
        let says = ["Compose 1.25.0 is too old", "docker.compose"];
        let _ = terraform.plan_run(&[]).fails().says(&says);
    });
}

/// The package of Compose that each host is to have: focal's, jammy's.
fn composes(terraform: &Terraform) -> Vec<&'static str> {
    let plan = terraform.plan();
    let of = |host: &str| {
        let lines = &plan.changes[&format!("harbor_ha_node.node[\"{host}\"]")].lines;
        let wanted = |package: &&str| {
            lines.iter().any(|line| line.contains(&format!("package {package}\"")))
        };
        ["docker-compose-v2", "docker-compose"].into_iter().find(wanted).unwrap()
    };
    ["focal", "jammy"].map(of).to_vec()
}

/// A node on each host.
fn nodes(rig: &Rig) -> Terraform<'_> {
    let terraform = Terraform::new(rig, "nodes");
    let installer = fixtures::installer(&terraform.path(""), "2.15.2");
    let hosts: serde_json::Value = rig
        .hosts()
        .map(|host| {
            let ssh = json!({"host": host.address(), "host_key": host.state().host_key});
            (host.state().name.clone(), ssh)
        })
        .collect();
    terraform.config(&format!(
        "provider \"harbor\" {{\n  ssh = {{\n    user = \"ubuntu\"\n    private_key_path = \"{}\"\n  }}\n}}\n\
         resource \"harbor_ha_node\" \"node\" {{\n  for_each = jsondecode({:?})\n  ssh = each.value\n  \
         version = \"2.15.2\"\n  hostname = \"harbor.example.test\"\n  installer = {{ path = {}, sha256 = {} }}\n  \
         admin_password_wo = \"Adm1n-pass\"\n  admin_password_wo_version = 1\n  \
         database = {{ host = \"db.example.test\", password_wo = \"Db-pass1\", password_wo_version = 1 }}\n  \
         redis = {{ host = \"redis.example.test\" }}\n}}\n",
        rig.state().ssh.key.display(),
        hosts.to_string(),
        installer["path"],
        installer["sha256"],
    ));
    terraform
}
