//! What a cloud's machine does by itself: its first boot updates the package lists beside an apply,
//! needrestart looks after each package, and a nightly job removes images that no container uses.

use testkit::demo::Demo;
use testkit::rig::Rig;

/// How long the lists are locked, as `apt-daily.service` does; apt asks for them in an apply's first
/// seconds.
const LOCKED: u32 = 30;
const SEEN: &str = "/var/log/needrestart-mode";

/// The hosts have just booted. The lock is a `struct flock` of x86-64 and ARM64: type, whence, start,
/// length and process.
pub fn begins(rig: &Rig) {
    let script = format!(
        r#"cat >/etc/apt/apt.conf.d/99needrestart <<'END'
DPkg::Post-Invoke {{"echo mode=$NEEDRESTART_MODE >>{SEEN}";}};
END
cat >/run/lists.pl <<'END'
use Fcntl;
$| = 1;
open my $lock, '>>', '/var/lib/apt/lists/lock' or die;
my $all = pack('s s x4 q q i x4', F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLKW, $all) or die;
print "locked\n";
sleep {LOCKED};
END
setsid perl /run/lists.pl >/run/lists.said 2>&1 </dev/null &
tries=0
until grep -q locked /run/lists.said; do
  tries=$((tries + 1)); [ "$tries" -lt 100 ] || {{ cat /run/lists.said >&2; exit 1; }}
  sleep 0.1
done
! apt-get update >/dev/null 2>&1"#
    );
    rig.hosts().for_each(|host| drop(host.sh(&script).unwrap()));
}

/// No service was restarted that the plan did not announce: needrestart was told to list only.
pub fn nothing_was_restarted(rig: &Rig) {
    for host in rig.hosts() {
        let seen = host.sh(&format!("sort -u {SEEN}")).unwrap();
        assert_eq!(seen.trim(), "mode=l", "on {}", host.state().name);
    }
}

/// The image of prepare is pruned, and there is no registry to pull it from.
pub fn pruned_images_come_back(demo: &Demo) {
    let node = demo.rig.host("a");
    let image = node.sh("docker images -q goharbor/prepare").unwrap();
    node.sh(&format!("docker rmi -f {}", image.trim())).unwrap();
    let plan = demo.terraform.plan();
    let lines = &plan.changes["harbor_ha_node.node[\"a\"]"].lines;
    assert!(lines.iter().any(|line| line.contains("harbor images")), "{lines:?}");
    let _ = demo.terraform.apply().succeeds();
    node.sh("docker image inspect goharbor/prepare:v2.15.2").unwrap();
    demo.terraform.plan().is_empty();
}
