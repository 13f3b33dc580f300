//! Scripts, run by a shell with programs of ours in place of the host's.

use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output};

use super::super::scripts;
use super::*;

fn programs(folder: &Path, all: &[(&str, &str)]) {
    std::fs::create_dir_all(folder.join("bin")).expect("made");
    for (name, text) in all {
        let path = folder.join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, mode).expect("executable");
    }
}

fn run(folder: &Path, script: &str) -> Output {
    let path = format!("{}/bin:{}", folder.display(), std::env::var("PATH").expect("one"));
    let mut sh = Command::new("sh");
    sh.args(["-euc", script]).env("PATH", path).env("HERE", folder);
    sh.output().expect("sh runs")
}

#[test]
fn what_is_beside_harbor_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    programs(
        here,
        &[
            (
                "docker",
                "case $1 in ps) echo 'nginx|0.0.0.0:80->80/tcp, :::80->80/tcp|site|/srv/site'
                 echo 'registry|||'; echo 'harbor-log|127.0.0.1:1514->10514/tcp|harbor|' ;; esac",
            ),
            (
                "ss",
                "case $2 in
                 *:1514) echo 'LISTEN 0 25 10.0.0.5:1514 0.0.0.0:* users:((\"other\",pid=1,fd=3))'
                   echo 'LISTEN 0 25 127.0.0.1:1514 0.0.0.0:* users:((\"rsyslogd\",pid=1,fd=3))' ;;
                 *:80) echo 'LISTEN 0 511 *:80 *:* users:((\"caddy\",pid=7,fd=4),(\"caddy\",pid=8,fd=4))' ;;
                 *:443) echo 'LISTEN 0 511 [::]:443 [::]:*' ;; esac",
            ),
            ("ip", "echo '172.18.0.0/16 dev br-1 proto kernel'; echo '10.0.0.0/8 dev eth0 proto kernel'"),
            ("systemctl", "echo 'k3s.service loaded active running Lightweight Kubernetes'"),
        ],
    );
    std::fs::create_dir_all(here.join("disk/harbor")).expect("made");
    symlink(here.join("disk"), here.join("data")).expect("linked");
    let at = |name: &str| here.join(name).display().to_string();
    let s = settings(serde_json::json!({
        "directory": at("data/harbor"), "data_volume": at("data/volume"), "storage": null,
    }));
    let output = run(here, &scripts::observe(&s));
    assert!(output.status.success(), "{output:?}");
    let seen = NodeProperties::parse(&String::from_utf8_lossy(&output.stdout));
    let all = |key: &str| seen.all(key).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(all("named"), ["nginx|site|/srv/site", "registry||", "harbor-log|harbor|"]);
    assert_eq!(
        all("publish"),
        ["nginx 0.0.0.0:80->80/tcp, :::80->80/tcp", "harbor-log 127.0.0.1:1514->10514/tcp"]
    );
    assert_eq!(all("listen"), ["1514 rsyslogd", "80 caddy", "443 unknown"]);
    assert_eq!(all("network"), ["172.18.0.0/16 br-1"]);
    assert_eq!(all("kubernetes"), ["k3s"]);
    assert_eq!(all("directory"), [at("disk/harbor")]);
    assert_eq!(all("link"), [format!("{} {}", at("data"), at("disk/volume"))]);
}

#[test]
fn a_share_on_which_root_may_give_nothing_away_is_not_left_mounted() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path();
    let mounts = [
        (
            "systemctl",
            "echo \"$*\" >>$HERE/called; case $1 in restart) touch $HERE/mounted ;; esac",
        ),
        ("mountpoint", "[ -e $HERE/mounted ]"),
    ];
    programs(here, &mounts);
    programs(
        here,
        &[("chown", "echo 'chown: changing ownership: Operation not permitted' >&2; exit 1")],
    );
    let place = here.join("share").display().to_string();
    let script = scripts::mount("share.mount", &place, None);
    let called = || std::fs::read_to_string(here.join("called")).unwrap_or_default();
    let squashed = run(here, &script);
    let said = String::from_utf8_lossy(&squashed.stderr).into_owned();
    assert!(!squashed.status.success());
    assert!(said.contains("no_root_squash") && said.contains("Operation not permitted"), "{said}");
    assert!(called().ends_with("stop share.mount\n"), "{}", called());
    assert_eq!(std::fs::read_dir(&place).expect("there").count(), 0, "nothing is left there");
    // One that is mounted already is in use, and not tried.
    assert!(run(here, &script).status.success());
    std::fs::remove_file(here.join("mounted")).expect("unmounted");
    programs(here, &[("chown", "exit 0")]);
    let plain = run(here, &script);
    assert!(plain.status.success(), "{plain:?}");
    assert_eq!(std::fs::read_dir(&place).expect("there").count(), 0, "nothing is left there");
}
