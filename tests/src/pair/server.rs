//! The PostgreSQL server on one host, looked at and hurt past SSH and past the provider.

use crate::rig::Host;

/// Seconds. Replay takes milliseconds; a receiver that was cut off looks again after five seconds.
const REPLAY: u32 = 40;

/// Asks again and again in one session, and each time in a transaction of its own: a longer one could
/// hold up the replay that it waits for.
const REPLAYS: &str = r"SELECT coalesce(pg_last_wal_replay_lsn() >= 'POSITION', false) AS done \gset
\if :done
\q
\endif
SELECT pg_sleep(0.02);";

/// Looks at the processes every 5 ms. What is waited for lives a hundred times as long: a copy, a
/// rewind. A loop without a pause would have one of the two processors for itself, and with
/// `pkill` in it each look would cost a process that reads far more of /proc.
const AMBUSH: &str = r#"until [ "$caught" ]; do
  for file in /proc/[0-9]*/comm; do
    read -r name <"$file" && [ "$name" = NAME ] || continue
    process=${file%/comm}
    kill -SIGNAL "${process#/proc/}" && caught=yes
  done
  [ "$caught" ] || sleep 0.005
done 2>/dev/null"#;

/// The end is where `pg_waldump` cannot go on; segments have 16 MiB, and any but the first may have
/// been made for later.
const TEAR: &str = r#"of() { "$B/pg_controldata" "$D" | sed -n "s/^Latest checkpoint's $1: *//p"; }
tli=$(of TimeLineID)
file() { low=$((0x${1#*/})); printf '%08X%08X%08X' "$tli" "0x${1%/*}" $((low / 16777216)); }
start=$(of 'REDO location')
final=$(ls "$D/pg_wal" | grep -E "^$(printf '%08X' "$tli")[0-9A-F]{16}\$" | sort | tail -n 1)
end=$("$B/pg_waldump" -s "$start" "$D/pg_wal/$(file "$start")" "$final" 2>&1 >/dev/null |
    sed -n 's/.* at \([0-9A-F]*\/[0-9A-F]*\).*/\1/p' | tail -n 1)
seek=$((0x${end#*/} % 16777216))
dd if=/dev/urandom of="$D/pg_wal/$(file "$end")" bs=1 seek=$seek count=300 conv=notrunc status=none
"#;

/// What a role may put where superusers look, see there.
const DECOYS: &str = include_str!("decoys.sql");

/// One server.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Its host.
    pub host: Host<'a>,
    /// Its major version.
    pub version: u16,
}

impl Server<'_> {
    /// What a shell script on the host prints.
    #[track_caller]
    pub fn sh(&self, script: &str) -> String {
        let said = self.host.sh(script);
        said.unwrap_or_else(|e| panic!("{script}: {e}")).trim().to_owned()
    }

    /// What a statement in the database postgres returns; one in a line, as each is a transaction.
    #[track_caller]
    pub fn sql(&self, statement: &str) -> String {
        self.sql_in("postgres", statement)
    }

    /// [`Server::sql`] in a database.
    #[track_caller]
    pub fn sql_in(&self, database: &str, statement: &str) -> String {
        let psql = self.psql();
        self.sh(&format!("{psql} -d {database} <<'END'\n{statement}\nEND"))
    }

    /// As the superuser; the program itself, as Debian's wrapper would start Perl for each.
    fn psql(&self) -> String {
        let program = format!("/usr/lib/postgresql/{}/bin/psql", self.version);
        format!("runuser -u postgres -- {program} -XAtq -v ON_ERROR_STOP=1")
    }

    /// Has a role put decoys into the database postgres, as every role may up to version 14, and has all
    /// sessions there look names up among them first. Until they are gone, [`Server::sql`] runs them.
    #[track_caller]
    pub fn plant_decoys(&self, role: &str) {
        let decoys = DECOYS.replace("@ROLE@", role).replace("@SCHEMA@", "public");
        self.sql(&format!(
            "GRANT CREATE ON SCHEMA public TO {role};
            SET SESSION AUTHORIZATION {role};
            {decoys}
            SELECT public.breakwater_plant('public');
            RESET SESSION AUTHORIZATION;
            ALTER DATABASE postgres SET search_path = public, pg_catalog, pg_temp"
        ));
    }

    /// Takes them out again; those that a superuser has run, and whether the role has become one.
    #[track_caller]
    pub fn remove_decoys(&self, role: &str) -> (String, bool) {
        let safe = "export PGOPTIONS='-c search_path=pg_catalog,pg_temp'";
        let rights = self.sh(&format!(
            "{safe}; {} -d postgres <<'END'
            SELECT rolsuper FROM pg_roles WHERE rolname = '{role}';
            ALTER DATABASE postgres RESET search_path;
            DROP OWNED BY {role} CASCADE;
END",
            self.psql()
        ));
        let ran =
            self.sh(&format!("cat {0}/decoys 2>/dev/null || true; rm -f {0}/decoys", self.data()));
        (ran, rights != "f")
    }

    /// Whether it answers.
    pub fn is_up(&self) -> bool {
        self.host.sh(&format!("{} -c 'SELECT 1'", self.psql())).is_ok()
    }

    /// Whether it takes writes.
    #[track_caller]
    pub fn is_primary(&self) -> bool {
        self.sql("SELECT pg_is_in_recovery()") == "f"
    }

    /// When it was started; another time after a restart.
    #[track_caller]
    pub fn started(&self) -> String {
        self.sql("SELECT pg_postmaster_start_time()")
    }

    /// Its data directory.
    pub fn data(&self) -> String {
        format!("/var/lib/postgresql/{}/main", self.version)
    }

    /// Kills all its processes at once, as a crash does; the unit does not start it again.
    #[track_caller]
    pub fn crash(&self) {
        // Twice: one that was just being made was in no list.
        self.sh("for i in 1 2 3; do pkill -KILL -u postgres -x postgres || true; done
            while pgrep -u postgres -x postgres >/dev/null; do sleep 0.05; done
            systemctl reset-failed 'postgresql@*' || true");
    }

    /// Has the next stop begin late by this many seconds, so that something can be done before.
    #[track_caller]
    pub fn stops_late(&self, seconds: u32) {
        let unit = format!("/run/systemd/system/postgresql@{}-main.service.d", self.version);
        let _ = self.sh(&format!(
            "mkdir -p {unit}
            stop=$(systemctl cat postgresql@.service | sed -n s/^ExecStop=//p | head -n 1)
            printf '[Service]\\nExecStop=\\nExecStop=/bin/sleep {seconds}\\nExecStop=%s\\n' \"$stop\" > {unit}/late.conf
            systemctl daemon-reload"
        ));
    }

    /// Ends that.
    #[track_caller]
    pub fn stops_at_once(&self) {
        let unit = format!("/run/systemd/system/postgresql@{}-main.service.d", self.version);
        let _ = self.sh(&format!("rm -f {unit}/late.conf; systemctl daemon-reload"));
    }

    /// Holds the process that replays; the stream goes on.
    #[track_caller]
    pub fn hold_replay(&self) {
        let _ = self.sh("kill -STOP $(pgrep -f '^postgres:.*startup')");
    }

    /// Ends that.
    #[track_caller]
    pub fn go_on_replaying(&self) {
        let _ = self.sh("kill -CONT $(pgrep -f '^postgres:.*startup')");
    }

    /// Lies in wait for a program: the first process of that name gets the signal at once.
    #[track_caller]
    pub fn signal_at_start(&self, program: &str, signal: &str) {
        // By the kernel's short name, which has 15 characters.
        let name: String = program.chars().take(15).collect();
        let script = AMBUSH.replace("NAME", &name).replace("SIGNAL", signal);
        let _ = self.sh(&format!(
            "cat > /run/ambush <<'END'\n{script}\nEND\nsystemd-run -q --unit=ambush sh /run/ambush"
        ));
    }

    /// The ambush caught something.
    #[track_caller]
    pub fn assert_signalled(&self) {
        let left = self.host.sh("systemctl is-active ambush");
        let _ = self.host.sh("systemctl stop ambush");
        assert!(left.is_err(), "no such process came");
    }

    /// Runs a statement in the writers' database that takes the server down.
    #[track_caller]
    pub fn goes_down(&self, statement: &str) {
        let role = crate::writers::ROLE;
        let run = format!("{} -d {role} -c \"{statement}\"", self.psql());
        let _ = self.host.sh(&run);
        self.wait_until_down();
    }

    /// Waits until it answers.
    #[track_caller]
    pub fn wait_until_up(&self) {
        let up = format!("{} -c 'SELECT 1' >/dev/null 2>&1", self.psql());
        self.waits(&format!("until ({up}); do sleep 0.05; done"), "come up");
    }

    /// Waits until none of its processes is left.
    #[track_caller]
    pub fn wait_until_down(&self) {
        self.waits(
            "while pgrep -u postgres -x postgres >/dev/null; do sleep 0.05; done",
            "go down",
        );
    }

    /// Waits in one command for the end of a loop; `timeout`, as a host's clock may jump.
    #[track_caller]
    fn waits(&self, loop_: &str, what: &str) {
        let ended = self.host.sh(&format!("timeout {REPLAY} sh <<'END'\n{loop_}\nEND"));
        assert!(ended.is_ok(), "the server on {} does not {what}", self.host.state().name);
    }

    /// `pg_ctlcluster`.
    #[track_caller]
    pub fn ctl(&self, action: &str) {
        let _ = self.sh(&format!("pg_ctlcluster {} main {action}", self.version));
    }

    /// Makes its data a standby's; it takes note of that at its next start.
    #[track_caller]
    pub fn signal(&self) {
        let _ = self
            .sh(&format!("install -o postgres -m 600 /dev/null {}/standby.signal", self.data()));
    }

    /// Where the next write goes.
    #[track_caller]
    pub fn write_position(&self) -> String {
        self.sql("SELECT pg_current_wal_lsn()")
    }

    /// Waits until a position is replayed.
    #[track_caller]
    pub fn replays(&self, position: &str) {
        let script = REPLAYS.replace("POSITION", position);
        let psql = self.psql();
        let wait = format!("yes \"{script}\" 2>/dev/null | timeout {REPLAY} {psql} >/dev/null");
        let ended = self.host.sh(&wait);
        let name = &self.host.state().name;
        assert!(ended.is_ok(), "{name} does not replay {position}: {ended:?}");
    }

    /// The timeline that the server's data is on.
    #[track_caller]
    pub fn timeline(&self) -> u32 {
        let text = self.sql(
            "SELECT CASE WHEN pg_is_in_recovery()
             THEN (SELECT received_tli::text FROM pg_stat_wal_receiver)
             ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int::text END",
        );
        text.parse().unwrap_or_else(|_| panic!("no timeline: {text:?}"))
    }

    /// Puts garbage behind the last record of a server that is down, as a torn write leaves it.
    #[track_caller]
    pub fn tear_tail(&self) {
        let names = format!("D={}\nB=/usr/lib/postgresql/{}/bin\n", self.data(), self.version);
        let _ = self.sh(&(names + TEAR));
    }

    /// Blocks the stream from the other host: this standby falls behind, and SSH goes on.
    #[track_caller]
    pub fn block_replication(&self) {
        let rule = "iptables -w -I INPUT -p tcp --sport 5432 -j DROP";
        let _ = self.host.network(rule).expect("the host runs");
    }

    /// Ends that.
    #[track_caller]
    pub fn unblock_replication(&self) {
        let rule = "iptables -w -D INPUT -p tcp --sport 5432 -j DROP || true";
        let _ = self.host.network(rule).expect("the host runs");
    }

    /// Leaves a mark in the data directory, which neither a copy nor a rewind would leave there.
    #[track_caller]
    pub fn mark(&self) {
        let mark = format!("{}/breakwater-test-mark", self.data());
        let script =
            format!("ls -di {} | cut -d' ' -f1 > {mark}; chown postgres: {mark}", self.data());
        let _ = self.sh(&script);
    }

    /// Whether the data directory is the one that was marked, and no `pg_rewind` ran in it.
    pub fn is_marked(&self) -> bool {
        let script = format!(
            "[ \"$(cat {0}/breakwater-test-mark)\" = \"$(ls -di {0} | cut -d' ' -f1)\" ]",
            self.data()
        );
        self.host.sh(&script).is_ok()
    }
}
