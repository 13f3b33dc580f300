//! Disks: full, empty, of another, not mounted.

use testkit::interruption::apply_and_at;
use testkit::pair::Pair;
use testkit::provider_log::{Event, Line};

const SOME: usize = 300;
/// More than a small disk holds.
const SEGMENTS: usize = 20;

/// What a copy leaves beside the place of the data.
const LEFT: &str = "ls -d /var/lib/postgresql/15/main.breakwater-new/* 2>/dev/null || true";

/// F4: the copy's own process is killed or interrupted; what is left of it is removed by the next
/// apply alone, and the slot is used again.
pub fn copy_is_killed(pair: &mut Pair) {
    let standby = pair.on("b");
    for signal in ["KILL", "INT"] {
        let _ = standby.sh("pg_dropcluster --stop 15 main 2>/dev/null || true");
        standby.signal_at_start("pg_basebackup", signal);
        let _ = pair.client.apply().fails();
        standby.assert_signalled();
        assert_eq!(standby.sh("ls -A /var/lib/postgresql/15/main 2>/dev/null || true"), "");
        let _ = pair.client.apply().succeeds();
        pair.is_whole("a");
        assert_eq!(standby.sh(LEFT), "");
        assert_eq!(pair.on("a").sql("SELECT count(*) FROM pg_replication_slots"), "1");
    }
}

/// F5: refused before it begins; and a disk that somebody fills meanwhile leaves nothing behind.
pub fn no_space_for_a_copy(pair: &mut Pair) {
    let standby = pair.on("b");
    let _ = standby.sh("pg_dropcluster --stop 15 main
        mount -t tmpfs -o size=16m tmpfs /var/lib/postgresql");
    let _ = pair.client.plan_run().fails().says(&["Not enough space for the copy"]);
    assert_eq!(standby.sh("ls -A /var/lib/postgresql; umount /var/lib/postgresql"), "");
    let _ = standby.sh("mount -t tmpfs -o size=1g tmpfs /var/lib/postgresql");
    standby.signal_at_start("pg_basebackup", "STOP");
    let copying = |l: &Line| l.event == Event::Begins && l.step.contains("copy the data");
    let (acted, run) = apply_and_at(&mut pair.client, copying, || {
        let _ = standby.sh("while systemctl -q is-active ambush; do sleep 0.05; done
            dd if=/dev/zero of=/var/lib/postgresql/fill bs=1M status=none 2>/dev/null || true
            pkill -CONT -x runuser");
    });
    assert!(acted, "no copy:\n{}", run.text);
    let _ = run.fails().says(&["No space left on device"]);
    assert_eq!(standby.sh(LEFT), "");
    let _ = standby.sh("umount /var/lib/postgresql");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// Megabytes. Room for all that waits in the slot, as only a checkpoint removes WAL.
const SPARE: usize = 16 * (SEGMENTS + 4);

/// Puts a server's WAL on a small disk of its own.
fn small_wal_disk(pair: &Pair, host: &'static str) {
    let server = pair.on(host);
    server.ctl("stop -m fast");
    let script = "D=/var/lib/postgresql/15/main
        mkdir /srv/wal; mb=$(du -sm $D/pg_wal | cut -f1)
        mount -t tmpfs -o size=$((mb + SPARE))m tmpfs /srv/wal
        cp -a $D/pg_wal /srv/wal/; mv $D/pg_wal $D/../pg_wal.old; ln -s /srv/wal/pg_wal $D/pg_wal
        chown -R postgres: /srv/wal";
    let _ = server.sh(&script.replace("SPARE", &SPARE.to_string()));
    server.ctl("start");
}

/// Puts it back; the server is down.
fn usual_wal_disk(pair: &Pair, host: &'static str) {
    let server = pair.on(host);
    let _ = server.sh("D=/var/lib/postgresql/15/main
        rm $D/pg_wal; cp -a /srv/wal/pg_wal $D/pg_wal; rm -rf $D/../pg_wal.old
        umount /srv/wal; rmdir /srv/wal");
}

const FILL: &str = "dd if=/dev/zero of=/srv/wal/fill bs=1M status=none 2>/dev/null || true";

/// F6: the standby stays behind, which the plan says, the slot keeps the WAL, and with space it goes
/// on.
pub fn standby_is_full(pair: &mut Pair) {
    small_wal_disk(pair, "b");
    pair.on("b").replays(&pair.on("a").write_position());
    let load = pair.load(4);
    let _ = pair.on("b").sh(FILL);
    let kept = "SELECT wal_status <> 'lost' AND pg_current_wal_lsn() - restart_lsn > 4 * 16777216
        FROM pg_replication_slots";
    // It writes over segments that it has before it needs room.
    let full = (0..SEGMENTS).any(|_| {
        load.wait_for(SOME);
        pair.on("a").sql("SELECT pg_switch_wal()");
        pair.on("a").sql(&kept.replace('\n', " ")) == "t"
    });
    assert!(full, "the standby takes it all, or the slot keeps no WAL");
    let _ = pair.client.plan_run().succeeds().says(&["The standby is far behind"]);
    let _ = pair.on("b").sh("rm -f /srv/wal/fill");
    let _ = pair.client.apply().succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
    pair.on("b").ctl("stop -m fast");
    usual_wal_disk(pair, "b");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F7: the primary panics and cannot start; nobody is promoted, no WAL is removed, and with room
/// everything is there.
pub fn primary_is_full(pair: &mut Pair) {
    small_wal_disk(pair, "a");
    let load = pair.load(4);
    load.wait_for(SOME);
    let _ = pair.on("a").sh(FILL);
    pair.on("a").goes_down("INSERT INTO acknowledged SELECT 1000000, generate_series(1, 3000000)");
    let before = pair.on("a").sh("ls /srv/wal/pg_wal");
    let _ = pair.client.apply().fails();
    assert!(!pair.on("b").is_primary(), "the standby was promoted");
    let after = pair.on("a").sh("ls /srv/wal/pg_wal");
    assert!(before.lines().all(|f| after.contains(f)), "WAL was removed: {before}\n{after}");
    let _ = pair.on("a").sh("rm -f /srv/wal/fill");
    usual_wal_disk(pair, "a");
    let _ = pair.client.apply().succeeds();
    let _ = pair.compare(&load.stop(), "a").nothing_lost();
    pair.is_whole("a");
}

/// F17.
pub fn foreign_system(pair: &mut Pair) {
    let standby = pair.on("b");
    let _ = standby.sh(
        "pg_ctlcluster 15 main stop
        mv /var/lib/postgresql/15/main /var/lib/postgresql/15/ours
        install -d -o postgres -m 700 /var/lib/postgresql/15/main
        runuser -u postgres -- /usr/lib/postgresql/15/bin/initdb -k -D /var/lib/postgresql/15/main",
    );
    let identity =
        "/usr/lib/postgresql/15/bin/pg_controldata /var/lib/postgresql/15/main | grep system";
    let before = standby.sh(identity);
    for consent in ["", "rewind", "reclone"] {
        if !consent.is_empty() {
            pair.set("on_divergence", consent);
        }
        let _ = pair.client.apply().fails().says(&["system identifier"]);
        assert_eq!(standby.sh(identity), before, "{consent}");
    }
    pair.unset("on_divergence");
    let _ = standby.sh("rm -r /var/lib/postgresql/15/main
        mv /var/lib/postgresql/15/ours /var/lib/postgresql/15/main");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F18: a standby is copied anew by consent; a primary that has nothing is never made anew.
pub fn data_is_gone(pair: &mut Pair) {
    let _ = pair.on("b").sh("pg_ctlcluster 15 main stop
        rm -r /var/lib/postgresql/15/main");
    let _ = pair.client.apply().fails().says(&["on_divergence = \"reclone\""]);
    assert_eq!(pair.on("b").sh("ls -A /var/lib/postgresql/15"), "");
    pair.set("on_divergence", "reclone");
    let _ = pair.client.apply().succeeds();
    pair.unset("on_divergence");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
    let primary = pair.on("a");
    let _ = primary.sh("pg_ctlcluster 15 main stop -m fast
        mv /var/lib/postgresql/15/main /var/lib/postgresql/15/away");
    let _ = pair.client.apply().fails().says(&["The primary's data is missing"]);
    let left = primary.sh("ls -A /var/lib/postgresql/15/main 2>/dev/null || true");
    assert_eq!(left, "", "a primary was made over a pair that exists");
    assert!(!pair.on("b").is_primary());
    let _ = primary.sh("rmdir /var/lib/postgresql/15/main 2>/dev/null || true
        mv /var/lib/postgresql/15/away /var/lib/postgresql/15/main");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}

/// F35: the primary's data is a mount that does not come at boot; PostgreSQL is not started in the
/// empty directory, and nothing is made there.
pub fn mount_is_missing(pair: &mut Pair) {
    let primary = pair.on("a");
    let _ = primary.sh("pg_ctlcluster 15 main stop -m fast
        D=/var/lib/postgresql/15/main; mkdir -p /srv/disk; mv $D /srv/disk/data; mkdir $D
        chown postgres: $D; chmod 700 $D
        echo \"/srv/disk/data $D none bind,nofail 0 0\" >> /etc/fstab; systemctl daemon-reload
        mount $D; pg_ctlcluster 15 main start");
    pair.on("b").replays(&primary.write_position());
    // Of a directory that is missing, systemd would make one.
    let _ = primary.sh("touch /srv/disk/gone; sed -i s,/srv/disk/data,/srv/disk/gone, /etc/fstab");
    primary.host.kill().unwrap();
    primary.host.boot().unwrap();
    let _ = pair.client.apply().fails();
    let left = "ls -A /var/lib/postgresql/15/main; pgrep -x postgres || true";
    assert_eq!(primary.sh(left), "", "something runs or was made without the mount");
    assert!(!pair.on("b").is_primary());
    let _ = primary.sh("sed -i /srv.disk/d /etc/fstab; systemctl daemon-reload
        rmdir /var/lib/postgresql/15/main; mv /srv/disk/data /var/lib/postgresql/15/main");
    let _ = pair.client.apply().succeeds();
    pair.is_whole("a");
}
