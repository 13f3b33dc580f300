//! Files that somebody changed.

use testkit::pair::Pair;

/// F30: each is in the plan, and one apply puts all back.
pub fn manual_edits(pair: &mut Pair) {
    pair.on("a").sql("ALTER SYSTEM SET max_wal_senders = 12");
    let _ = pair
        .on("a")
        .sh("sed -i '1i host all all 203.0.113.0/24 trust' /etc/postgresql/15/main/pg_hba.conf");
    let _ = pair.on("b").sh("echo manual > /etc/postgresql/15/main/start.conf");
    let plan = pair.client.plan();
    let lines = format!("{:?}", plan.changes);
    for shown in ["max_wal_senders", "203.0.113.0/24", "manual"] {
        assert!(lines.contains(shown), "the plan does not show {shown}: {lines}");
    }
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F33: the number in `postmaster.pid` is that of another living process of the same user.
pub fn stale_pid(pair: &mut Pair) {
    let standby = pair.on("b");
    standby.crash();
    // systemd has tidied up after the crash; after a loss of power nobody does.
    let _ = standby.sh("systemd-run -q -p User=postgres --unit=squatter sleep 900
        D=/var/lib/postgresql/15/main; p=$(systemctl show -p MainPID --value squatter)
        printf '%s\n' $p $D $(date +%s) 5432 /var/run/postgresql '*' > $D/postmaster.pid
        chown postgres: $D/postmaster.pid; chmod 600 $D/postmaster.pid");
    let _ = pair.client.apply().succeeds();
    assert!(
        standby.host.sh("systemctl is-active squatter").is_ok(),
        "a process of others was ended"
    );
    let _ = standby.sh("systemctl stop squatter");
    pair.is_whole("a");
}

/// F39: a data directory that everybody reads, a password file that the group reads.
pub fn modes(pair: &mut Pair) {
    let standby = pair.on("b");
    standby.ctl("stop");
    let _ = standby.sh("chmod 755 /var/lib/postgresql/15/main
        chmod 640 /var/lib/postgresql/.pgpass-breakwater-15-main");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
    let modes =
        "stat -c %a /var/lib/postgresql/15/main /var/lib/postgresql/.pgpass-breakwater-15-main";
    assert_eq!(standby.sh(modes), "700\n600");
}
