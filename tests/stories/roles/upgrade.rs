//! A minor release of the packages: the standby first, then the primary, under load.

use std::process::Command;

use testkit::pair::Pair;
use testkit::rig::paths;
use testkit::story::Story;

/// Commits before and after.
const SOME: usize = 300;

/// Packages of the same programs whose version says that they are newer, in the folder $1 from the
/// pool $2, with an index.
const REPACK: &str = r#"
mkdir -p "$1"
for name in postgresql-15 postgresql-client-15; do
  tree=$(mktemp -d)
  dpkg-deb -R "$2/$name"_*.deb "$tree"
  sed -i 's/^Version: .*/&+rig1/' "$tree/DEBIAN/control"
  dpkg-deb --root-owner-group -Znone -b "$tree" "$1/$name.deb" >/dev/null
  rm -rf "$tree"
done
cd "$1"
apt-ftparchive packages . > Packages
"#;
const INSTALLED: &str =
    "dpkg-query -W -f '${Version} ' postgresql-15 postgresql-client-15 | sed 's/ $//'";

pub fn of_the_package(story: &Story) {
    let mut pair = crate::roles::new_pair(story);
    let old = pair.rig.host("a").sh(INSTALLED).unwrap();
    let old = old.split(' ').next().expect("it is installed").to_owned();
    let new = format!("{old}+rig1");
    story.section("the package source has a newer release", || publish(&pair));
    story.section("the plan says who restarts, and when", || {
        pair.set("package_version", new.as_str());
        let said = pair.client.plan().run.says(&["the standby, is upgraded", "writes wait"]);
        let text = said.readable();
        let at = |host: &str| text.find(&format!("PostgreSQL on {host} ")).expect("announced");
        assert!(at("b") < at("a"), "the standby is not first: {text}");
    });
    story.section("the standby is upgraded, then the primary", || {
        let load = pair.load(4);
        load.wait_for(SOME);
        let started = ["a", "b"].map(|host| pair.on(host).started());
        // By Terraform itself, as its users do it.
        let _ = pair.terraform.apply().succeeds();
        load.wait_for(SOME);
        let report = pair.compare(&load.stop(), "a").nothing_lost();
        story.tell(&report.to_string());
        for (host, before) in ["a", "b"].into_iter().zip(started) {
            assert_eq!(pair.rig.host(host).sh(INSTALLED).unwrap(), format!("{new} {new}"));
            assert_ne!(pair.on(host).started(), before, "{host} runs the old program");
        }
        let [a, b] = ["a", "b"].map(|host| pair.on(host).started());
        assert!(b < a, "the standby was started at {b}, the primary at {a}");
        pair.is_whole("a");
    });
    story.section("no server is taken back to an older release", || {
        let started = ["a", "b"].map(|host| pair.on(host).started());
        pair.set("package_version", old.as_str());
        let refusal = pair.client.plan_run().fails().says(&["newer than"]);
        assert!(refusal.errors().iter().all(|e| e.code.contains("package_version")));
        let _ = pair.unset("package_version").client.apply().succeeds();
        pair.is_whole("a");
        assert_eq!(["a", "b"].map(|host| pair.on(host).started()), started);
    });
    for host in pair.rig.hosts() {
        host.sh("rm /etc/apt/sources.list.d/newer.list").unwrap();
    }
}

/// Hosts see the folder as a package source; none of them has read its index.
fn publish(pair: &Pair) {
    let folder = pair.rig.state().nas.join("newer");
    let pool = paths::cache().join("www/debian/pool/bookworm");
    let mut repack = Command::new("sh");
    let status = repack.args(["-ec", REPACK, "sh"]).arg(&folder).arg(&pool).status();
    assert!(status.expect("there is a shell").success());
    for host in pair.rig.hosts() {
        let line = "echo 'deb [trusted=yes] file:/srv/nas/newer ./' \
                    > /etc/apt/sources.list.d/newer.list";
        host.sh(line).unwrap();
    }
}
