//! The shell text of changes of roles. Each can be run again after it was cut off anywhere.

use super::super::names::REWINDER;
use super::super::scripts::Scripts;
use super::super::wal::end::{WAL_END, segment};
use super::super::wal::lineage::Position;
use crate::shell::word;
use crate::wal::IS_LSN;

/// Nobody may have the data open: a server that is hung is not seen by its socket.
const NOBODY: &str = r#"for cwd in /proc/[0-9]*/cwd; do
  if [ "$(readlink "$cwd" 2>/dev/null)" = "$(readlink -f "$D")" ]; then
    echo "process ${cwd%/cwd} still has $D open" >&2; exit 1
  fi
done
"#;

/// `pg_rewind` that cannot write one file stops half-way, and leaves data of no use.
const WRITABLE: &str = r#"closed=$(runuser -u postgres -- find "$D" ! -type l ! -writable | head -n 5)
if [ -n "$closed" ]; then
  echo "PostgreSQL may not write, and a rewind must (give it to postgres, or chmod u+w): $closed" >&2; exit 1
fi
"#;

/// From now on it comes up as a standby, whoever starts it. If it was asked to become the primary, it
/// has, or it will not: PostgreSQL forgets that when it stops. What stands for that goes first, as
/// one that is fenced is started without another look.
const FENCE: &str = r#"rm -f "$PROMOTING"
runuser -u postgres -- touch "$D/standby.signal"
sync -f "$D"
"#;

/// `t` in recovery, `f` for a primary.
const STATE: &str = "state() { sql -c 'SELECT pg_is_in_recovery()'; }\n";

/// `PROMOTING` stands from before the promotion is asked for until it is seen: the answer `f` of
/// `pg_promote` says only that it takes long, and it may still happen. A server that does not answer
/// is no primary, and ends it here.
const PROMOTE: &str = r#"state=$(state)
if [ "$state" = t ]; then
  mkdir -p "$(dirname "$PROMOTING")"
  : > "$PROMOTING"
  sync "$PROMOTING"
  sql -c 'SELECT pg_promote(true, 60)' >/dev/null
  limit=$(( $(seconds) + 120 ))
  until [ "$(state)" = f ]; do
    if [ "$(seconds)" -ge "$limit" ]; then
      echo "it was asked to become the primary, and did not within 180 s; it still may" >&2
      exit 1
    fi
    sleep 0.1
  done
fi
rm -f "$PROMOTING"
"#;

impl Scripts<'_> {
    fn roles(&self, text: &str) -> String {
        let names = format!(
            "PROMOTING={}\nREWINDING={}\n",
            word(&self.paths.promoting),
            word(&self.paths.rewinding)
        );
        self.with(&format!("{WAL_END}{names}{text}"))
    }

    /// Have it write down what it has in memory, so that its stop is short.
    pub fn checkpoint(&self) -> String {
        self.with("sql -c CHECKPOINT >/dev/null\n")
    }

    /// Stop the primary in good order, fence it, and print where its WAL ends.
    pub fn stop_and_prove(&self, seconds: i64) -> String {
        self.roles(&format!(
            r#"if ! timeout {seconds} systemctl stop "$UNIT" >&2; then
  echo "PostgreSQL did not stop within {seconds} s; is an archive_command hanging?" >&2; exit 1
fi
{NOBODY}wal_end_of_data || {{ echo "the end of its WAL cannot be read" >&2; exit 1; }}
state=$(control 'Database cluster state')
if [ "$state" != "shut down" ]; then echo "it is not shut down, but: $state" >&2; exit 1; fi
{FENCE}lsn_text "$end_lsn"
echo
"#
        ))
    }

    /// Print where the WAL of a server that is down ends, once it is fenced.
    pub fn prove(&self) -> String {
        self.roles(&format!(
            "{NOBODY}{FENCE}trim_wal\nwal_end_of_data || {{ echo \"the end of its WAL cannot be read\" >&2; exit 1; }}\n\
             lsn_text \"$end_lsn\"\necho\n"
        ))
    }

    /// Wait until the position on standard input is replayed; then become the primary. A connection
    /// that is lost before all of it came leaves no line, and that proves nothing.
    pub fn promote_proven(&self, seconds: i64) -> String {
        let text = format!(
            r#"if ! read -r end || ! is_lsn "$end"; then
  echo "where the old primary's WAL ends was not received" >&2; exit 1
fi
limit=$(( $(seconds) + {seconds} ))
replayed=
while [ "$(state)" = t ]; do
  replayed=$(sql -c "SELECT coalesce(pg_last_wal_replay_lsn() >= '$end', false)")
  if [ "$replayed" = t ]; then break; fi
  if [ "$(seconds)" -ge "$limit" ]; then
    echo "the end of the old primary's WAL, $end, was not replayed within {seconds} s; replayed: $(sql -c 'SELECT pg_last_wal_replay_lsn()')" >&2
    exit 1
  fi
  sleep 0.02
done
# One that did not answer has proven nothing, also if it does again.
if [ "$replayed" != t ] && [ "$(state)" != f ]; then
  echo "it did not answer whether the end of the old primary's WAL, $end, is replayed" >&2; exit 1
fi
{PROMOTE}"#
        );
        self.roles(&format!("{STATE}{IS_LSN}{text}"))
    }

    /// Become the primary with what it has.
    pub fn promote(&self) -> String {
        self.roles(&format!("{STATE}{PROMOTE}"))
    }

    /// Print something if the promotion was not asked for; one that is done has taken its mark away,
    /// and the signal file before that.
    pub fn not_promoted(&self) -> String {
        self.roles(
            "if [ -e \"$PROMOTING\" ] || [ ! -e \"$D/standby.signal\" ]; then echo \"it was asked to become the primary, so the old one stays down\" >&2; exit 1; fi\necho no\n",
        )
    }

    /// Take the fence back and start.
    pub fn unfence(&self) -> String {
        self.with("runuser -u postgres -- rm -f \"$D/standby.signal\"\nsync -f \"$D\"\nup\n")
    }

    /// Keep a server that is down from coming up writable, and able to follow.
    pub fn fence(&self) -> String {
        self.roles(&format!("{NOBODY}{FENCE}trim_wal\n"))
    }

    /// Stop a server and fence it.
    pub fn stop_and_fence(&self) -> String {
        self.roles(&format!("timeout 300 systemctl stop \"$UNIT\" >&2\n{NOBODY}{FENCE}"))
    }

    /// List what another server needs of this one's WAL: histories, and the segments from where
    /// that one is to where this one ends, as `SIZE SHA256 NAME`.
    pub fn list_wal(&self, from: &Position, to: &Position, size: u64) -> String {
        let (first, _) = segment(from.timeline, from.end, size);
        let (last, _) = segment(to.timeline, to.end, size);
        self.with(&format!(
            r#"cd "$D/pg_wal"
for f in *; do
  case $f in
    *.history) ;;
    *[!0-9A-F]*) continue ;;
    ????????????????????????)
      # Timelines and numbers, compared as text of one length.
      in_range=$(printf '%s\n' "$f" | awk -v t1={t1} -v t2={t2} -v n1={n1} -v n2={n2} \
        '{{ t = substr($0, 1, 8) ""; n = substr($0, 9) ""; print (t >= (t1 "") && t <= (t2 "") && n >= (n1 "") && n <= (n2 "")) }}')
      [ "$in_range" = 1 ] || continue ;;
    *) continue ;;
  esac
  printf '%s %s %s\n' "$(as postgres stat -Lc %s "./$f")" "$(as postgres sha256sum "./$f" | cut -d' ' -f1)" "$f"
done
"#,
            t1 = word(&first[..8]),
            t2 = word(&last[..8]),
            n1 = word(&first[8..]),
            n2 = word(&last[8..]),
        ))
    }

    /// Take the data back to where it parted from the peer's, keeping what it had written since.
    /// Crash recovery is done here and not by `pg_rewind`, which does not find the configuration
    /// of Debian's packages before version 15.
    ///
    /// A single server refuses to recover beside `standby.signal`, and `pg_rewind` removes it, as the
    /// source has none. So while that may be gone, the cluster is disabled: neither a boot nor
    /// `systemctl start` brings it up, until the fence stands again.
    pub fn rewind(&self) -> String {
        let source = self.conninfo(REWINDER, "postgres");
        self.roles(&format!(
            r#"source={}
{NOBODY}runuser -u postgres -- "$B/psql" -X -At -w -d "$source" -c 'SELECT 1' >/dev/null
{WRITABLE}kept="$D.breakwater-diverged.$(date +%s)"
give "$kept" postgres:postgres 0700
runuser -u postgres -- cp -a "$D/pg_wal" "$D/global/pg_control" "$kept/"
sync -f "$kept"
mkdir -p "$(dirname "$REWINDING")"
# Locked before it is there, so that nobody sees a rewind that runs as one that was cut off; and until
# all of this has ended, whoever asked for it.
exec 9>"$REWINDING.new"
flock -n 9
sync "$REWINDING.new"
mv -f "$REWINDING.new" "$REWINDING"
sync -f "$(dirname "$REWINDING")"
start_conf disabled
control=$(tool pg_controldata -D "$D")
case $(control 'Database cluster state') in
  "shut down"*) ;;
  *)
    runuser -u postgres -- rm -f "$D/standby.signal"
    runuser -u postgres -- "$B/postgres" --single -D "$D" -c "config_file=$ETC/postgresql.conf" template1 </dev/null >&2 ;;
esac
{FENCE}runuser -u postgres -- "$B/pg_rewind" --no-ensure-shutdown --target-pgdata="$D" --source-server="$source" >&2
{FENCE}start_conf auto
rm -f "$REWINDING"
"#,
            word(&source)
        ))
    }

    /// Move the data aside. Nothing of it is removed.
    pub fn move_data_aside(&self) -> String {
        self.roles(&format!(
            r#"if [ -e "$REWINDING" ] && ! flock -sn "$REWINDING" true; then
  echo "a rewind of $D still runs" >&2; exit 1
fi
timeout 300 systemctl stop "$UNIT" >&2
{NOBODY}if [ -e "$D/PG_VERSION" ]; then
  {FENCE}  move "$D" "$D.breakwater-diverged.$(date +%s)"
  sync -f "$(dirname "$D")"
fi
rm -f "$REWINDING"
"#
        ))
    }

    /// Drop the slot whose WAL is gone, so that a new copy gets a new one.
    pub fn drop_lost_slot(&self) -> String {
        let name = &self.settings.slot_name;
        self.with(&format!(
            "sql -c \"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
             WHERE slot_name = '{name}' AND wal_status = 'lost' AND NOT active\" >/dev/null\n"
        ))
    }

    /// Drop the slot that a former primary still keeps for its former standby: it would hold WAL
    /// for ever.
    pub fn drop_stale_slot(&self) -> String {
        let name = &self.settings.slot_name;
        self.with(&format!(
            "sql -c \"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots \
             WHERE slot_name = '{name}' AND NOT active\" >/dev/null\n"
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::super::super::import::skeleton;
    use super::super::super::names::Paths;
    use super::super::super::settings::Member;
    use super::*;

    /// Whether the script succeeds, and whether it asked for the promotion; `sql` is how `psql`
    /// answers.
    fn promoted(stdin: &str, sql: &str) -> (bool, bool) {
        let dir = tempfile::tempdir().expect("a directory");
        let asked = dir.path().join("asked");
        let program = format!(
            "#!/bin/sh\ncase \"$*\" in *pg_promote*) : > {} ;; esac\n{sql}\n",
            asked.display()
        );
        let runuser = dir.path().join("runuser");
        std::fs::write(&runuser, program).expect("written");
        std::fs::set_permissions(&runuser, std::os::unix::fs::PermissionsExt::from_mode(0o755))
            .expect("executable");
        let settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
        let mut paths = Paths::new(&settings, Member::B);
        paths.promoting = dir.path().join("promoting").display().to_string();
        let scripts = Scripts { settings: &settings, member: Member::B, paths: &paths };
        let path = format!("{}:{}", dir.path().display(), std::env::var("PATH").expect("a path"));
        let mut child = Command::new("sh")
            .args(["-euc", &scripts.promote_proven(1)])
            .env("PATH", path)
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("sh runs");
        let mut pipe = child.stdin.take().expect("a pipe");
        pipe.write_all(stdin.as_bytes()).expect("written");
        drop(pipe);
        (child.wait().expect("it ends").success(), asked.exists())
    }

    const REPLAYED: &str = "case \"$*\" in *in_recovery*) [ -e ${0%/*}/asked ] && echo f || echo t ;; *) echo t ;; esac";

    #[test]
    fn a_promotion_needs_the_whole_proof() {
        assert_eq!(promoted("0/34B2B10\n", REPLAYED), (true, true));
        assert_eq!(promoted("0/34B", REPLAYED), (false, false), "a part of a line");
        assert_eq!(promoted("", REPLAYED), (false, false), "no line");
        let sql = "0/0', false); COPY (SELECT 1) TO PROGRAM 'id'; SELECT coalesce('0/0'='0/0\n";
        assert_eq!(promoted(sql, REPLAYED), (false, false), "what another host made up");
        let behind = REPLAYED.replace("*) echo t ;; esac", "*) echo f ;; esac");
        assert_eq!(promoted("0/34B2B10\n", &behind), (false, false), "not replayed");
    }

    /// Whether the old primary would be started again.
    fn handed_back(mark: bool, signal: bool) -> bool {
        let dir = tempfile::tempdir().expect("a directory");
        let settings = skeleton("198.51.100.11,198.51.100.12/15/main").expect("an ID");
        let mut paths = Paths::new(&settings, Member::B);
        paths.data = dir.path().display().to_string();
        paths.promoting = dir.path().join("promoting").display().to_string();
        for (name, there) in [("promoting", mark), ("standby.signal", signal)] {
            if there {
                std::fs::write(dir.path().join(name), "").expect("written");
            }
        }
        let scripts = Scripts { settings: &settings, member: Member::B, paths: &paths };
        let output = Command::new("sh").args(["-euc", &scripts.not_promoted()]).output();
        output.expect("sh runs").status.success()
    }

    #[test]
    fn the_old_primary_is_only_started_again_beside_one_that_still_is_a_standby() {
        assert!(handed_back(false, true));
        assert!(!handed_back(true, true), "it was asked to become the primary");
        assert!(!handed_back(false, false), "it has become the primary, and nobody was told");
    }

    #[test]
    fn a_server_that_does_not_answer_was_not_promoted() {
        assert_eq!(promoted("0/34B2B10\n", "exit 2"), (false, false));
        let behind = REPLAYED.replace("*) echo t ;; esac", "*) echo f ;; esac");
        let once = "[ -e ${0%/*}/once ] || { : > ${0%/*}/once; exit 2; }\n".to_owned() + &behind;
        assert_eq!(promoted("0/34B2B10\n", &once), (false, false), "it answers again");
    }
}

#[cfg(test)]
mod rewind_tests;
