//! The rig holds what it promises. Needs root, and the network once (for the image).

use std::process::Command;
use std::time::Duration;

use testkit::rig::{Distro, Rig};
use testkit::story::Story;

const NAME: &str = "selftest";

/// Reads the names of things of this rig that the machine has now.
fn traces() -> String {
    let look = format!(
        "ip netns list | grep -w bw-{NAME}
         grep breakwater-rig/{NAME} /proc/self/mountinfo
         find /sys/fs/cgroup -path '*breakwater/{NAME}*'
         grep -l 'breakwater-ri[g]/{NAME}/' /proc/[0-9]*/cmdline 2>/dev/null
         ls -d /var/lib/breakwater-rig/{NAME} 2>/dev/null"
    );
    let out = Command::new("sh").args(["-c", &look]).output().expect("sh runs");
    String::from_utf8_lossy(&out.stdout).into_owned()
}

fn stdout(mut command: Command) -> String {
    let out = command.output().expect("the command starts");
    assert!(out.status.success(), "{command:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// One test with one boot: each part would else boot the hosts anew.
pub fn two_hosts_from_up_to_down(story: &Story) {
    let hosts = [("a", Distro::Bookworm), ("b", Distro::Bookworm)];
    let rig = story.section("two bare hosts", || Rig::up(NAME, &hosts).unwrap());
    story.section("hosts are healthy and bare", || hosts_are_healthy_and_bare(&rig));
    story.section("users log in", || users_log_in(&rig));
    story.section("names resolve for tools", || names_resolve_for_tools(&rig));
    story.section("the share is shared", || the_share_is_shared(&rig));
    story.section("software installs and runs", || software_installs_and_runs(&rig));
    story.section("a cut host is out of reach until restored", || {
        a_cut_host_is_out_of_reach_until_restored(&rig);
    });
    story.section("a slow link delays what is run", || a_slow_link_delays_what_is_run(&rig));
    story.section("a runner outside has one way in", || a_runner_outside_has_one_way_in(&rig));
    story.section("a killed host comes back with its disk", || {
        a_killed_host_comes_back_with_its_disk(&rig);
    });
    story.section("a wiped host has its keys and nothing else", || {
        a_wiped_host_has_its_keys_and_nothing_else(&rig);
    });
    drop(rig);
    assert_eq!(traces(), "", "down left something");
    Rig::down(NAME).expect("down of what is down is fine");
}

fn hosts_are_healthy_and_bare(rig: &Rig) {
    for host in rig.hosts() {
        let name = &host.state().name;
        assert_eq!(host.sh("systemctl is-system-running --wait").unwrap().trim(), "running");
        assert_eq!(host.sh("hostname").unwrap().trim(), name);
        let installed = host.sh("dpkg-query -W -f '${Package}\\n'").unwrap();
        for package in ["docker.io", "docker-ce", "postgresql-15", "redis-server", "nfs-common"] {
            assert!(!installed.lines().any(|line| line == package), "{name} has {package}");
        }
    }
    let ids: Vec<_> = rig.hosts().map(|host| host.sh("cat /etc/machine-id").unwrap()).collect();
    assert_ne!(ids[0], ids[1]);
}

fn users_log_in(rig: &Rig) {
    let host = rig.host("b");
    for (user, sudo) in [("root", true), ("ops", true), ("opspw", false), ("nosudo", false)] {
        assert_eq!(stdout(host.ssh(user, ["id", "-un"])), user);
        let out = host.ssh(user, ["sudo", "-n", "id", "-u"]).output().unwrap();
        assert_eq!(out.status.success(), sudo, "{user}");
    }
    let ssh = &rig.state().ssh;
    let known_hosts = format!("UserKnownHostsFile={}", ssh.known_hosts.display());
    let password = ssh.password_file.to_string_lossy();
    let login = format!("opspw@{}", host.address());
    let typed = "sudo -S -p '' id -u";
    let argv = ["sshpass", "-f", &password, "ssh", "-F", "none", "-o", &known_hosts];
    let mut by_password = rig.command(argv);
    by_password.args(["-o", "PubkeyAuthentication=no", &login, typed]);
    by_password.stdin(std::fs::File::open(&ssh.password_file).unwrap());
    assert_eq!(stdout(by_password), "0");
}

fn names_resolve_for_tools(rig: &Rig) {
    let service = stdout(rig.command(["getent", "hosts", "harbor.example.test"]));
    assert!(service.starts_with("198.51.100.10 "), "{service}");
    assert_eq!(rig.run(["sh", "-c", "exit 7"]).unwrap().status.code(), Some(7));
}

fn the_share_is_shared(rig: &Rig) {
    let mount =
        "mkdir -p /mnt/x && mount -t nfs4 -o vers=4.0,noresvport nas.example.test:/x /mnt/x";
    assert!(rig.host("a").sh(mount).is_err(), "a folder that is not there was mounted");
    rig.host("a").sh(&format!("mkdir /srv/nas/x && {mount} && echo hello > /mnt/x/f")).unwrap();
    assert_eq!(rig.host("b").sh(&format!("{mount} && cat /mnt/x/f")).unwrap(), "hello\n");
    rig.host("a").sh("umount /mnt/x").unwrap();
}

fn software_installs_and_runs(rig: &Rig) {
    let host = rig.host("a");
    let install = "export DEBIAN_FRONTEND=noninteractive
        apt-get update -q && apt-get install -qy docker.io docker-compose postgresql-15";
    host.sh(install).unwrap();
    let clusters = host.sh("pg_lsclusters --no-header").unwrap();
    assert!(clusters.contains("online"), "{clusters}");
    // A container of one program, with what that needs, as no image can be pulled.
    let run = "mkdir -p /tmp/image && cd /tmp/image
        cp --parents $(ldd /bin/echo | grep -o '/[^ ]*') /bin/echo .
        tar -c . | docker import - one:1 >/dev/null
        docker run --rm --publish 8080:80 one:1 /bin/echo from a container";
    assert_eq!(host.sh(run).unwrap(), "from a container\n");
    assert_eq!(host.sh("docker info --format '{{.Driver}}'").unwrap(), "overlay2\n");
}

fn a_cut_host_is_out_of_reach_until_restored(rig: &Rig) {
    let (a, b) = (rig.host("a"), rig.host("b"));
    let ping = format!("ping -c 1 -W 2 {}", b.address());
    b.cut().unwrap();
    assert!(!b.ssh("root", ["true"]).status().unwrap().success(), "SSH is not cut");
    a.sh(&ping).expect("a cut of SSH leaves the hosts connected");
    b.cut_from(testkit::rig::network::Cut::All).unwrap();
    assert!(a.sh(&ping).is_err(), "b is not cut off");
    b.restore().unwrap();
    assert_eq!(stdout(b.ssh("root", ["echo", "back"])), "back");
}

fn a_slow_link_delays_what_is_run(rig: &Rig) {
    const DELAY: Duration = Duration::from_millis(100);
    // Taken inside, around the handshake alone: to start a process takes as long on a busy machine.
    let connect = format!(
        "begun=$EPOCHREALTIME; exec 3<>/dev/tcp/{}/22; done=$EPOCHREALTIME
         echo $((${{done/[.,]/}} - ${{begun/[.,]/}}))",
        rig.host("b").address()
    );
    let fastest = || {
        let times = (0..5).map(|_| {
            let microseconds = stdout(rig.command(["bash", "-c", &connect]));
            Duration::from_micros(microseconds.parse().unwrap())
        });
        times.min().unwrap()
    };
    let near = fastest();
    rig.slow(DELAY).unwrap();
    let far = fastest();
    rig.slow(Duration::ZERO).unwrap();
    let again = fastest();
    assert!(near < DELAY && DELAY <= far && again < DELAY, "{near:?}, {far:?}, {again:?}");
}

fn a_runner_outside_has_one_way_in(rig: &Rig) {
    let (a, b) = (rig.host("a"), rig.host("b"));
    let connect = |address: &str| {
        let connect = format!("exec 3<>/dev/tcp/{address}");
        rig.run(["bash", "-c", &connect]).unwrap().status.success()
    };
    let [to_a, to_b] = [a, b].map(|host| format!("{}/22", host.address()));
    rig.outside(Some("a")).unwrap();
    assert_eq!((connect(&to_a), connect(&to_b)), (true, false));
    a.sh(&format!("ping -c 1 -W 2 {}", b.address())).expect("hosts reach each other");
    rig.inside().unwrap();
    assert!(connect(&to_b), "the runner is still outside");
}

fn a_killed_host_comes_back_with_its_disk(rig: &Rig) {
    let host = rig.host("a");
    host.kill().unwrap();
    assert!(!host.is_running().unwrap());
    assert!(host.sh("true").is_err());
    host.boot().unwrap();
    host.sh("systemctl is-system-running --wait && docker run --rm one:1 /bin/echo").unwrap();
}

fn a_wiped_host_has_its_keys_and_nothing_else(rig: &Rig) {
    let host = rig.host("a");
    host.wipe().unwrap();
    host.boot().unwrap();
    // The pinned host key still fits, or this would fail.
    assert_eq!(stdout(host.ssh("root", ["ls", "-A", "/var/lib/docker"])), "");
    assert!(host.sh("which docker").is_err());
}
