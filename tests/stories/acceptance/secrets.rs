//! Canary secrets, and everywhere they must not be.

mod watch;

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::Stdio;

use base64::Engine as _;
use testkit::demo::Demo;
use testkit::rig::Rig;

pub use watch::Watch;

/// What no place may hold: the secrets that a test gave, and those that hosts made.
pub fn canaries(demo: &Demo) -> BTreeSet<String> {
    let given = ["harbor_admin_password", "database_password", "redis_password"];
    let text = |name: &str| demo.variables[name].as_str().expect("a string").to_owned();
    let mut all: BTreeSet<String> = given.map(text).into();
    let encoded: Vec<_> =
        all.iter().map(|s| base64::engine::general_purpose::STANDARD_NO_PAD.encode(s)).collect();
    all.extend(encoded);
    let key = text("private_key");
    all.extend(key.lines().filter(|l| !l.starts_with("-----")).take(3).map(str::to_owned));
    all
}

/// Secrets that the hosts made: shared ones, the replication password, keys of digests.
pub fn generated(rig: &Rig) -> BTreeSet<String> {
    const SHOW: &str =
        "for f in $(find /etc/breakwater/secrets -type f) /etc/breakwater/digest.key; do
          case $f in *.crt) ;; *) cat $f; echo;; esac
        done | grep -v -e '-----' | head -n 400
        for f in /var/lib/postgresql/.pgpass-*; do sed -n 's/.*://p' $f; done";
    let of = |h: testkit::rig::Host| h.sh(SHOW).expect("the host has secrets");
    let text: String = rig.hosts().map(of).collect();
    // Short lines and the last line of a PEM say nothing.
    let words = text.lines().map(str::trim).filter(|l| l.len() >= 12);
    let words: BTreeSet<String> = words.map(str::to_owned).collect();
    assert!(words.len() >= 5, "only {} secrets were found on the hosts", words.len());
    words
}

/// The canaries that a text holds.
pub fn found(text: &[u8], canaries: &BTreeSet<String>) -> Vec<String> {
    let text = String::from_utf8_lossy(text);
    canaries.iter().filter(|c| text.contains(c.as_str())).cloned().collect()
}

/// Places on hosts that keep what was run: journal, logs, histories.
pub fn found_on_hosts(rig: &Rig, canaries: &BTreeSet<String>) -> Vec<String> {
    const LOOK: &str = "cat > /dev/shm/canaries; trap 'rm -f /dev/shm/canaries' EXIT
        journalctl --no-pager --all -o cat | grep -aF -f /dev/shm/canaries | sed 's/^/journal: /' || true
        find /root /home /var/lib/postgresql -maxdepth 2 -name '.*history' -exec grep -aHF -f /dev/shm/canaries {} + || true
        grep -arF -f /dev/shm/canaries /var/log/postgresql /var/log/apt /var/log/dpkg.log /tmp /run/breakwater /var/lib/breakwater 2>/dev/null || true";
    let patterns: String = canaries.iter().map(|c| format!("{c}\n")).collect();
    let look = |host: testkit::rig::Host| {
        let mut command = host.command(["sh", "-ec", LOOK]).expect("the host runs");
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("a shell starts");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(patterns.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert!(output.status.success(), "the look at {} failed", host.state().name);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(|l| format!("{}: {l}", host.state().name)).collect::<Vec<_>>()
    };
    rig.hosts().flat_map(look).collect()
}
