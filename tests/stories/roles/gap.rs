//! How long nobody takes writes in a switchover, beside PostgreSQL's own commands. A measurement,
//! which `make bench` prints.

use std::process::Command;
use std::time::Duration;

use testkit::pair::{Pair, other};
use testkit::story::Story;

/// As in the measurement that the aim comes from.
const SESSIONS: usize = 16;
const SOME: usize = 3000;
/// What more than this was measured is a defect.
const AIM: f64 = 1.3;

pub fn beside_a_bare_script(story: &Story) {
    let runs = crate::roles::runs(5);
    let mut pair = crate::roles::new_pair(story);
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    let mut primary = "a";
    // In turn, so that both meet the same noise, and each in both directions.
    for number in 0..2 * runs {
        let to = other(primary);
        let by_script = [0, 3].contains(&(number % 4));
        let (name, gaps) =
            if by_script { ("bare script", &mut bare) } else { ("terraform apply", &mut ours) };
        let load = pair.full_load(SESSIONS);
        load.wait_for(SOME);
        if by_script {
            bare_script(&pair, primary);
        } else {
            let _ = pair.set("primary", to).terraform.apply().succeeds();
        }
        load.wait_for(SOME);
        let report = pair.compare(&load.stop(), to).nothing_lost();
        story.tell(&format!("{number}: {name}: {report}"));
        gaps.push(report.gap);
        // Takes note of what the script did.
        let _ = pair.switch_to(to).succeeds();
        pair.is_whole(to);
        primary = to;
    }
    let (ours, bare) = (median(ours), median(bare));
    let ratio = ours.as_secs_f64() / bare.as_secs_f64();
    println!(
        "write gap of a switchover under {SESSIONS} writers, median of {runs}: {:.0} ms; \
         a bare script of stop, promote, first write: {:.0} ms; ratio {ratio:.2} (aim below {AIM})",
        ours.as_secs_f64() * 1000.0,
        bare.as_secs_f64() * 1000.0
    );
}

fn median(mut gaps: Vec<Duration>) -> Duration {
    gaps.sort();
    gaps[gaps.len() / 2]
}

/// Stop, promote and the old one's return over SSH connections that are open already; nothing is
/// proven. The rest is no part of the gap.
fn bare_script(pair: &Pair, from: &'static str) {
    let to = other(from);
    let ssh = |host: &str, script: &str| {
        let (rig, host) = (pair.rig.state(), pair.rig.host(host));
        let mut words = ["ssh", "-F", "none", "-o", "BatchMode=yes"].map(str::to_owned).to_vec();
        words.extend(["-i".to_owned(), rig.ssh.key.to_string_lossy().into_owned()]);
        let known = format!("UserKnownHostsFile={}", rig.ssh.known_hosts.display());
        let path = format!("ControlPath={}/bare-%h", rig.folder.display());
        for option in [known, path, "ControlMaster=auto".into(), "ControlPersist=60".into()] {
            words.extend(["-o".to_owned(), option]);
        }
        words.extend([format!("root@{}", host.address()), script.to_owned()]);
        let mut command: Command = pair.rig.command(words.iter().map(String::as_str));
        // The connection's keeper would hold a pipe open.
        let null = std::process::Stdio::null;
        let status = command.stdout(null()).stderr(null()).status().expect("ssh is installed");
        assert!(status.success(), "{script}: {status}");
    };
    let psql =
        |statement: &str| format!("cd /; runuser -u postgres -- psql -XAtqc \"{statement}\"");
    let slot = "SELECT pg_create_physical_replication_slot('breakwater')";
    ssh(to, &psql(slot));
    ssh(from, &psql("CHECKPOINT"));
    ssh(from, "pg_ctlcluster 15 main stop -m fast");
    ssh(to, &psql("SELECT pg_promote(true, 60)"));
    ssh(to, &psql("CHECKPOINT"));
    ssh(
        from,
        "install -o postgres -m 600 /dev/null /var/lib/postgresql/15/main/standby.signal
        pg_ctlcluster 15 main start",
    );
    ssh(from, &psql("SELECT pg_drop_replication_slot('breakwater')"));
    pair.on(from).replays(&pair.on(to).write_position());
}
