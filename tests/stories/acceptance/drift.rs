//! What is changed by hand on a host is shown line by line, and put back alone.

use std::collections::{BTreeMap, BTreeSet};

use testkit::demo::Demo;
use testkit::provider_log;
use testkit::rig::Rig;
use testkit::story::Story;

/// Something done by hand.
struct ManualChange {
    name: &'static str,
    host: &'static str,
    script: &'static str,
    /// The resource that shows it.
    address: &'static str,
    /// The line as it was made, and as it comes back; one of them may be missing.
    goes: &'static [&'static str],
    comes: &'static [&'static str],
    /// What may restart by the repair: nothing else does.
    restarts: &'static str,
}

const PAIR: &str = "harbor_pg_replication_pair.db";
const NODE_A: &str = "harbor_ha_node.node[\"a\"]";
const NODE_B: &str = "harbor_ha_node.node[\"b\"]";

const MANUAL_CHANGES: [ManualChange; 5] = [
    ManualChange {
        name: "a rule added to pg_hba.conf",
        host: "a",
        script: "echo 'host all all 203.0.113.0/24 trust' >> /etc/postgresql/15/main/pg_hba.conf",
        address: PAIR,
        goes: &["host all all 203.0.113.0/24 trust"],
        comes: &[],
        restarts: "nothing",
    },
    ManualChange {
        name: "a value changed in the PostgreSQL settings",
        host: "b",
        script: "sed -i \"s/^max_connections = .*/max_connections = '250'/\" \
                 /etc/postgresql/15/main/conf.d/90-breakwater.conf",
        address: PAIR,
        goes: &["max_connections = '250'"],
        comes: &["max_connections = '300'"],
        restarts: "nothing",
    },
    ManualChange {
        name: "a setting changed by ALTER SYSTEM",
        host: "a",
        script: "cd /; runuser -u postgres -- psql -qc \"ALTER SYSTEM SET log_statement = 'none'\" \
                 -c 'SELECT pg_reload_conf()' >/dev/null",
        address: PAIR,
        goes: &["'none'"],
        comes: &[],
        restarts: "nothing",
    },
    ManualChange {
        name: "a mirror changed in daemon.json",
        host: "b",
        script: "sed -i 's#https://mirror.gcr.io#https://other.example.test#' \
                 /etc/docker/daemon.json",
        address: NODE_B,
        goes: &["https://other.example.test"],
        comes: &["https://mirror.gcr.io"],
        restarts: "nothing",
    },
    ManualChange {
        name: "the name changed in harbor.yml",
        host: "a",
        script: "sed -i 's/^hostname: .*/hostname: other.example.test/' /opt/harbor/harbor.yml",
        address: NODE_A,
        goes: &["hostname: other.example.test"],
        comes: &["hostname: harbor.example.test"],
        restarts: "a container",
    },
];

/// Each in turn; the problems found.
pub fn manual_changes(story: &Story, demo: &mut Demo) -> Vec<String> {
    let mut problems = Vec::new();
    for change in &MANUAL_CHANGES {
        story.section(change.name, || problems.extend(one(demo, change)));
    }
    problems
}

fn one(demo: &mut Demo, change: &ManualChange) -> Vec<String> {
    let mut problems = Vec::new();
    let before = running(demo.rig);
    demo.rig.host(change.host).sh(change.script).unwrap();
    problems.extend(wrong_lines(demo, change));
    let log = demo.terraform.log_steps("repair.log");
    let _ = demo.terraform.apply().succeeds();
    let other = if change.host == "a" { "b" } else { "a" };
    let other = demo.rig.host(other).address().to_owned();
    let steps = provider_log::done(&log);
    for step in steps.iter().filter(|s| s.starts_with(&other)) {
        problems.push(format!("{}: a step on the other host: {step}", change.name));
    }
    if steps.is_empty() {
        problems.push(format!("{}: no step was run", change.name));
    }
    for restarted in restarted(&before, &running(demo.rig)) {
        let allowed = format!("{} {}", change.host, change.restarts);
        if !restarted.starts_with(&allowed) {
            problems.push(format!("{}: {restarted} was restarted by {steps:?}", change.name));
        }
    }
    let left = demo.terraform.plan().changes;
    if !left.is_empty() {
        problems.push(format!("{}: the plan after the repair: {left:#?}", change.name));
    }
    problems
}

/// The plan shows the lines that were changed and no other.
fn wrong_lines(demo: &Demo, change: &ManualChange) -> Option<String> {
    let plan = demo.terraform.plan();
    let addresses: Vec<_> = plan.changes.keys().collect();
    if addresses != [change.address] {
        return Some(format!("{}: the plan has {:#?}", change.name, plan.changes));
    }
    let lines = &plan.changes[change.address].lines;
    let has = |sign: &str, text: &str| {
        lines.iter().any(|l| l.contains(&format!(" {sign} ")) && l.ends_with(text))
            || lines.iter().any(|l| l.contains(&format!(" {sign} ")) && l.contains(text))
    };
    let all = change.goes.iter().all(|t| has("-", t)) && change.comes.iter().all(|t| has("+", t));
    let expected = change.goes.len() + change.comes.len();
    (!all || lines.len() != expected).then(|| format!("{}: the plan shows {lines:#?}", change.name))
}

/// A standby that has lost its cluster, first on a disk too small for the copy.
pub fn lost_standby(story: &Story, demo: &Demo) -> Vec<String> {
    const LOSE: &str = "pg_dropcluster --stop 15 main
        mount -t tmpfs -o size=16m tmpfs /var/lib/postgresql";
    let mut problems = Vec::new();
    let before = running(demo.rig);
    story.section("no space for the copy is refused", || {
        demo.rig.host("b").sh(LOSE).unwrap();
        let run = demo.terraform.plan_run(&[]);
        let errors = run.errors();
        let said = errors.iter().find(|e| e.summary.contains("Not enough space"));
        if !said.is_some_and(|e| e.code.contains("nodes")) {
            problems.push(format!("no space, and the plan says:\n{}", run.readable()));
        }
        let left = demo.rig.host("b").sh("ls -A /var/lib/postgresql; umount /var/lib/postgresql");
        let left = left.unwrap();
        if !left.is_empty() {
            problems.push(format!("the refused plan left {left}"));
        }
    });
    story.section("with space the standby is made anew", || {
        let _ = demo.terraform.apply().succeeds();
        demo.terraform.plan().is_empty();
        let _ = demo.is_replicated().succeeds();
        let again = restarted(&before, &running(demo.rig));
        let others: Vec<_> =
            again.iter().filter(|s| !s.contains("b a service postgresql")).collect();
        if !others.is_empty() {
            problems.push(format!("the new standby restarted {others:?}"));
        }
    });
    problems
}

/// Services and containers with the moment they started, as `a postgresql`.
pub fn running(rig: &Rig) -> BTreeMap<String, String> {
    const LOOK: &str = "for u in docker.service $(systemctl list-units --plain --no-legend 'postgresql@*' | cut -d' ' -f1); do
          echo \"service $u=$(systemctl show -p MainPID --value $u)\"
        done
        if command -v docker >/dev/null; then
          docker ps --format '{{.Names}}' | xargs -r docker inspect --format 'container {{.Name}}={{.State.StartedAt}}'
        fi";
    let mut all = BTreeMap::new();
    for host in rig.hosts() {
        let text = host.sh(LOOK).expect("the host answers");
        for (what, since) in text.lines().filter_map(|l| l.split_once('=')) {
            all.insert(format!("{} a {what}", host.state().name), since.to_owned());
        }
    }
    all
}

/// What is there before and started anew, or is gone.
pub fn restarted(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> BTreeSet<String> {
    before.iter().filter(|(k, v)| after.get(*k) != Some(*v)).map(|(k, _)| k.clone()).collect()
}
