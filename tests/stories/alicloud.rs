//! The stand-in cloud does in a rig what the cloud does. Needs root.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value as Json, json};
use testkit::rig::command::wait_until;
use testkit::rig::{Host, Options, Rig};
use testkit::story::Story;
use testkit::terraform::{Run, Terraform};

const NAME: &str = "cloud";

/// What serves on a node: its name, to everyone who connects.
const SERVER: &str = "systemd-run --quiet --unit serve perl -MIO::Socket::INET -e '
    my $s = IO::Socket::INET->new(LocalPort => 443, Listen => 9, ReuseAddr => 1) or die;
    while (my $c = $s->accept) { print $c `hostname`; close $c }'";

struct Cloud<'a> {
    rig: &'a Rig,
    terraform: Terraform<'a>,
    key: PathBuf,
}

impl<'a> Cloud<'a> {
    fn new(rig: &'a Rig) -> Self {
        let terraform = Terraform::new(rig, NAME);
        terraform.copy("tests/stories/alicloud");
        let key = terraform.path("user");
        for key in [&key, &terraform.path("host")] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(key);
            assert!(keygen.status().unwrap().success());
        }
        let cloud = Self { rig, terraform, key };
        cloud.vary(&json!({}));
        cloud
    }

    /// The variables with these changed.
    fn vary(&self, changes: &Json) {
        let read = |name: &str| std::fs::read_to_string(self.terraform.path(name)).unwrap();
        let mut all = json!({
            "public_key": read("user.pub").trim(), "host_public_key": read("host.pub").trim(),
            "host_private_key": read("host"),
        });
        all.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        self.terraform.variables(&all);
    }

    fn output(&self, name: &str) -> Json {
        self.terraform.run(&["output", "-json", name]).succeeds().json()
    }

    fn text(&self, name: &str) -> String {
        self.output(name).as_str().unwrap().to_owned()
    }

    fn faults(&self, faults: &Json) {
        let path = self.rig.state().folder.join("cloud.faults.json");
        testkit::rig::files::write(path, faults.to_string(), 0o644).unwrap();
    }

    /// The objects of a type, as the cloud has them.
    fn objects(&self, kind: &str) -> Vec<Json> {
        let path = self.rig.state().folder.join("cloud.json");
        let all: Json = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let of = all["types"][kind].as_object();
        of.into_iter().flatten().map(|(_, object)| object.clone()).collect()
    }

    /// `user@host` by the user's own key, from where the runner is.
    fn ssh(&self, more: &[&str], host: &str, command: &str) -> Run {
        let key = self.key.to_string_lossy();
        let mut ssh = self.rig.command(["ssh", "-F", "none", "-o", "BatchMode=yes"]);
        ssh.args(["-o", "ConnectTimeout=2", "-o", "StrictHostKeyChecking=no", "-i", &key]);
        ssh.args(["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]).args(more);
        Run::of(&ssh.arg(format!("root@{host}")).arg(command).output().unwrap())
    }
}

/// What something at an address says to whom connects, from a host or from where the runner is.
fn greeting(host: Option<Host>, rig: &Rig, address: &str) -> String {
    let script = format!("timeout 3 bash -c 'cat < /dev/tcp/{address}/443'");
    let said = if let Some(host) = host {
        host.sh(&script).unwrap_or_default()
    } else {
        let out = rig.run(["sh", "-c", &script]).unwrap();
        String::from_utf8_lossy(&out.stdout).into_owned()
    };
    said.trim().to_owned()
}

fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    wait_until(what, Duration::from_secs(30), || Ok(so()), String::new).unwrap();
}

pub fn the_cloud_is_real_in_a_rig(story: &Story) {
    let mut rig = Rig::down(NAME).and_then(|()| Rig::up_with(NAME, &Options::empty())).unwrap();
    rig.outside(None).unwrap();
    {
        let cloud = Cloud::new(&rig);
        story.section("an apply from nothing, and no change after it", || {
            let _ = cloud.terraform.apply().succeeds();
            cloud.terraform.plan().is_empty();
        });
    }
    rig.refresh().unwrap();
    let cloud = Cloud { terraform: again(&rig), key: key(&rig), rig: &rig };
    story.section("only the way through the public address leads in", || a_jump_host(&cloud));
    story.section("user data is acted on", || user_data(&cloud));
    story.section("security groups filter", || security_groups(&cloud));
    story.section("load balancers serve what is healthy", || load_balancers(&cloud));
    story.section("Redis lets in who may", || redis(&cloud));
    story.section("a share mounts where it may, and holds its target", || share(&cloud));
    story.section("a new image wipes in place", || image(&cloud));
    story.section("faults happen on request", || faults(&cloud));
    story.section("destroyed is gone", || destroyed(&cloud));
}

fn key(rig: &Rig) -> PathBuf {
    rig.state().folder.join("terraform").join(NAME).join("user")
}

/// The same configuration with its state.
fn again(rig: &Rig) -> Terraform<'_> {
    Terraform::new(rig, NAME)
}

fn a_jump_host(cloud: &Cloud) {
    let (jump, nodes) = (cloud.text("jump"), cloud.output("nodes"));
    let second = nodes[1].as_str().unwrap();
    assert_eq!(cloud.ssh(&[], &jump, "hostname").succeeds().text.lines().last(), Some("node-1"));
    let _ = cloud.ssh(&[], second, "hostname").fails().says(&["Network is unreachable"]);
    let key = cloud.key.to_string_lossy();
    let proxy = format!(
        "ProxyCommand=ssh -F none -i {key} -o StrictHostKeyChecking=no \
         -o LogLevel=ERROR -o UserKnownHostsFile=/dev/null -W %h:%p root@{jump}"
    );
    let said = cloud.ssh(&["-o", &proxy], second, "hostname").succeeds();
    assert_eq!(said.text.lines().last(), Some("node-2"));
}

fn user_data(cloud: &Cloud) {
    let host = cloud.rig.host("node-2");
    let given = std::fs::read_to_string(cloud.terraform.path("host.pub")).unwrap();
    let keys = host.sh("cat /etc/ssh/ssh_host_*.pub").unwrap();
    assert_eq!(keys.trim(), given.trim(), "the host key that was given, and no other");
    assert_eq!(
        host.sh("getent ahostsv4 own.test | head -n 1").unwrap().split(' ').next(),
        Some("127.0.0.1")
    );
}

fn security_groups(cloud: &Cloud) {
    cloud.vary(&json!({ "runner": "10.20.1.0/24" }));
    let _ = cloud.terraform.apply().succeeds();
    let _ = cloud.ssh(&[], &cloud.text("jump"), "true").fails();
    cloud.vary(&json!({}));
    let _ = cloud.terraform.apply().succeeds();
    let _ = cloud.ssh(&[], &cloud.text("jump"), "true").succeeds();
}

fn load_balancers(cloud: &Cloud) {
    let [one, two] = ["node-1", "node-2"].map(|name| cloud.rig.host(name));
    one.sh(SERVER).unwrap();
    two.sh(SERVER).unwrap();
    let network = cloud.text("network");
    let from_outside = || greeting(None, cloud.rig, &network);
    let from_inside = || greeting(Some(one), cloud.rig, "harbor.registry.test");
    eventually("both nodes to serve", || from_outside() == "node-1" && from_outside() == "node-2");
    eventually("both to serve inside", || from_inside() == "node-1" && from_inside() == "node-2");
    two.sh("systemctl stop serve").unwrap();
    let one_alone = |greet: &dyn Fn() -> String| (0..4).all(|_| greet() == "node-1");
    eventually("the other alone to serve", || one_alone(&from_outside));
    eventually("the other alone to serve inside", || one_alone(&from_inside));
}

fn redis(cloud: &Cloud) {
    let ask = format!(
        "timeout 3 bash -c 'exec 3<>/dev/tcp/{}/6379
         printf \"AUTH Redis-of-the-test-1\\r\\nPING\\r\\nQUIT\\r\\n\" >&3; cat <&3'",
        cloud.text("redis")
    );
    let said = cloud.rig.host("node-1").sh(&ask).unwrap();
    assert_eq!(said.lines().map(str::trim).collect::<Vec<_>>(), ["+OK", "+PONG", "+OK"]);
    let _ = cloud.rig.host("node-2").sh(&ask).expect_err("node-2 is not on the list");
}

fn share(cloud: &Cloud) {
    let share = cloud.text("share");
    let mount = format!("mkdir -p /mnt/s && mount -t nfs4 -o hard {share}:/ /mnt/s");
    let [one, two] = ["node-1", "node-2"].map(|name| cloud.rig.host(name));
    one.sh(&format!("{mount} && echo hello > /mnt/s/file")).unwrap();
    let refused = two.sh(&mount).expect_err("no access rule").to_string();
    assert!(refused.contains("access denied"), "{refused}");
    let target =
        ["destroy", "-auto-approve", "-no-color", "-target=alicloud_nas_mount_target.shared"];
    let _ = cloud.terraform.run(&target).fails().says(&["unmount it first"]);
    one.sh("umount /mnt/s").unwrap();
    let _ = cloud.terraform.run(&target).succeeds();
    let gone = one.sh(&mount).expect_err("there is no target").to_string();
    assert!(gone.contains("Failed to resolve server"), "{gone}");
    let _ = cloud.terraform.apply().succeeds();
    let share = cloud.text("share");
    let mount = format!("mount -t nfs4 {share}:/ /mnt/s && cat /mnt/s/file && umount /mnt/s");
    assert_eq!(one.sh(&mount).unwrap(), "hello\n", "the file system outlives its mount target");
}

fn image(cloud: &Cloud) {
    let (before, nodes) = (cloud.output("disks"), cloud.output("nodes"));
    cloud.rig.host("node-1").sh("touch /root/mine").unwrap();
    let key = cloud.rig.host("node-1").sh("cat /etc/ssh/ssh_host_ed25519_key.pub").unwrap();
    cloud.vary(&json!({ "image": "debian_11_11_x64_20G_alibase_20251120.vhd" }));
    let said = cloud.terraform.apply().succeeds();
    let _ = said.says(&["0 added, 2 changed, 0 destroyed"]);
    // Nothing that depends on the disk was planned: only a refresh tells the new one.
    assert_eq!(cloud.output("disks"), before);
    assert_eq!(cloud.output("nodes"), nodes);
    let _ = cloud.terraform.run(&["refresh", "-no-color"]).succeeds();
    assert_ne!(cloud.output("disks"), before);
    let look = "test ! -e /root/mine && cat /etc/debian_version /etc/ssh/ssh_host_ed25519_key.pub";
    let said = cloud.ssh(&[], &cloud.text("jump"), look).succeeds().text;
    assert!(said.contains("\n11.") || said.starts_with("11."), "{said}");
    assert!(!said.contains(key.trim()), "the host key is the old one");
}

fn faults(cloud: &Cloud) {
    let replace = ["apply", "-auto-approve", "-no-color", "-replace=alicloud_instance.node[1]"];
    let unreachable = json!({
        "unreachable_seconds": 8, "slow_seconds": { "alicloud_instance": 2 },
        "throttled": { "alicloud_instance": 3 },
    });
    cloud.faults(&unreachable);
    let begun = std::time::Instant::now();
    let _ = cloud.terraform.run(&replace).succeeds();
    assert!(begun.elapsed().as_secs_f32() > 3.5, "neither slow nor throttled");
    let rig = Rig::find(NAME).unwrap();
    let login = || rig.host("node-2").ssh("root", ["true"]).status().unwrap().success();
    assert!(!login(), "it can be reached at once");
    eventually("the instance to be reachable", login);

    cloud.faults(&json!({ "throttled": { "alicloud_security_group_rule": 9 } }));
    let rule = "-replace=alicloud_security_group_rule.ssh";
    let again = ["apply", "-refresh=false", "-auto-approve", "-no-color", rule];
    let _ = cloud.terraform.run(&again).fails().says(&["Throttling.User"]);
    cloud.faults(&json!({ "missing_once": ["alicloud_security_group_rule"] }));
    let _ = cloud.terraform.run(&again).fails().says(&["returned a null object"]);
    cloud.faults(&json!({ "replaced_disks": ["node-1"] }));
    cloud.rig.host("node-1").sh("touch /root/mine").unwrap();
    let disks = cloud.output("disks");
    let _ = cloud.terraform.run(&["refresh", "-no-color"]).succeeds();
    assert_ne!(cloud.output("disks")[0], disks[0]);
    let rig = Rig::find(NAME).unwrap();
    assert!(rig.host("node-1").sh("test -e /root/mine").is_err(), "the disk is the old one");
}

fn destroyed(cloud: &Cloud) {
    cloud.faults(&json!({}));
    let _ = cloud.terraform.destroy().succeeds();
    assert_eq!(Rig::find(NAME).unwrap().hosts().count(), 0);
    assert_eq!(cloud.objects("alicloud_instance"), Vec::<Json>::new());
    let names = cloud.rig.state().folder.join("names/records");
    assert_eq!(std::fs::read_to_string(names).unwrap(), "");
    let listening = cloud.rig.run(["pgrep", "-f", "services/(balancers.cfg|redis/r-)"]).unwrap();
    assert_eq!(String::from_utf8_lossy(&listening.stdout), "");
}
