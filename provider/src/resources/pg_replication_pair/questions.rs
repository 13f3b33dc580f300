//! The questions. One script reads everything of PostgreSQL on a host, in every state of it: up,
//! down, half-made or absent. It changes nothing.

use super::names::{NOT_LOWER, OWNED, Paths, REWINDER, assigned, packages, variables};
use super::others::{MANAGED_BY, OTHERS};
use super::role_check;
use super::settings::{Member, Pair, Source};
use super::wal::end::WAL_END;
use crate::facts::{apt_sources, file, os, package};
use crate::resource::Question;
use crate::shell::OWN;

/// The key of the script's answer.
pub const KEY: &str = "postgres";

/// All questions to both hosts.
pub fn questions(settings: &Pair) -> Vec<Question> {
    Member::BOTH.into_iter().flat_map(|member| of_host(settings, member)).collect()
}

/// The files that are read whole, by path.
pub fn files(paths: &Paths) -> [&str; 17] {
    [
        &paths.main_conf,
        &paths.shared_conf,
        &paths.own_conf,
        &paths.hba,
        &paths.dropin,
        &paths.passfile,
        &paths.archive_script,
        &paths.marker,
        &paths.createcluster,
        &paths.sources,
        &paths.key,
        &paths.tls_certificate,
        &paths.tls_key,
        &paths.tls_ca,
        &paths.role_script,
        &paths.role_service,
        &paths.role_socket,
    ]
}

fn of_host(settings: &Pair, member: Member) -> Vec<Question> {
    let (host, paths) = (member.word(), Paths::new(settings, member));
    let names = packages(settings);
    let mut questions = vec![os::question(host), package::question(host, &[&names[0], &names[1]])];
    questions.extend(files(&paths).map(|path| file::question(host, path)));
    if settings.source == Source::Pgdg {
        questions.push(apt_sources::question(host));
    }
    questions.push(role_check::question(host, &paths));
    questions.push(Question::script(host, KEY, script(settings, &paths)));
    questions
}

/// The script: `name=value` lines, then `pg_controldata` and one JSON object between marks.
fn script(settings: &Pair, paths: &Paths) -> String {
    let mut text = head(settings, paths);
    text.push_str(OWN);
    text.push_str(WAL_END);
    text.push_str("look() {");
    text.push_str(HOST);
    text.push_str(OTHERS);
    text.push_str(&SQL.replace("@QUERY@", &query(settings, paths)));
    text.push_str("}\n");
    text.push_str(AT_REST);
    text
}

fn head(settings: &Pair, paths: &Paths) -> String {
    let archive = settings.archive_dir.as_deref().unwrap_or_default();
    let more = [
        ("CLONE", paths.clone.clone()),
        ("MAKING", paths.making.clone()),
        ("PROMOTING", paths.promoting.clone()),
        ("REWINDING", paths.rewinding.clone()),
        ("ARCHIVE", archive.to_owned()),
        ("RELEASE", settings.package_version.clone().unwrap_or_default()),
        ("MANAGED_BY", MANAGED_BY.to_owned()),
        ("WRITTEN", paths.outside().map(String::as_str).join(" ")),
    ];
    variables(settings, paths) + &assigned(&more)
}

/// What the file system, systemd and the network show. `D` becomes the directory that the cluster
/// really has. What is shown of a file in a directory of PostgreSQL's user is read with that user's
/// rights.
const HOST: &str = r#"
[ -x "$B/postgres" ] && echo server=yes
ls /var/lib/apt/lists/*_Packages* >/dev/null 2>&1 && echo lists=yes
if [ -n "$RELEASE" ] && has=$(dpkg-query -W -f '${Version}' "postgresql-$V" 2>/dev/null) && [ -n "$has" ]; then
  dpkg --compare-versions "$has" gt "$RELEASE" && echo newer=yes
fi
[ -e "$ETC" ] && echo etc=yes
if [ -f "$ETC/postgresql.conf" ]; then
  echo cluster=yes
  real=$(pg_conftool -s "$V" "$C" show data_directory 2>/dev/null) && [ -n "$real" ] && D=$real
  echo "conf_port=$(pg_conftool -s "$V" "$C" show port 2>/dev/null)"
  start=$(as postgres sed 's/#.*//; s/[[:space:]]//g; /^$/d' "$ETC/start.conf" 2>/dev/null); echo "start=${start:-auto}"
fi
echo "clock=$(date +%s)"
echo "data=$D"
grep -qs '^Environment=.*PGDATA' /lib/systemd/system/postgresql@.service && echo unit_edited=yes
[ -e "$MAKING" ] && echo making=yes
[ -e "$CLONE" ] && echo clone=yes
[ -e "$PROMOTING" ] && echo promoting=yes
[ -e "$REWINDING" ] && echo rewinding=yes
for kept in "$D".breakwater-diverged.*; do [ -e "$kept" ] && echo "diverged=$kept"; done
mountpoint -q "$D" 2>/dev/null && echo mountpoint=yes
if [ -f "$D/PG_VERSION" ]; then
  echo "dir=data"; echo "dir_mode=$(stat -Lc '%a %U' "$D")"; echo "dir_version=$(as postgres cat "$D/PG_VERSION")"
  [ -e "$D/standby.signal" ] && echo signal=standby
  [ -s "$D/standby.signal" ] && echo signal_text=yes
  [ -e "$D/recovery.signal" ] && echo signal=recovery
elif [ -d "$D" ]; then
  entries=$(ls -A "$D" | head -n 5 | tr '\n' ' ')
  if [ -n "$entries" ]; then echo dir=other; echo "entries=$entries"; else echo dir=empty; fi
elif [ -e "$D" ]; then
  echo dir=other; echo "entries=(not a directory)"
fi
at=$D; while [ ! -d "$at" ]; do at=$(dirname "$at"); done
echo "free=$(df -PB1 "$at" | awk 'NR==2 {print $4}')"
echo "fs=$(findmnt -no FSTYPE,SOURCE -T "$at" 2>/dev/null | tr -s ' ')"
if [ -n "$ARCHIVE" ] && [ -d "$ARCHIVE" ]; then echo "archive=$(stat -Lc %U "$ARCHIVE")"; fi
pid=$(sed -n 1p "$D/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$(readlink -f "$D")" ]; then
  echo "pid=$pid"; RUN=$(sed -n 4p "$D/postmaster.pid"); echo "pid_port=$RUN"
fi
hex=$(printf '%04X' "$PORT")
if awk -v p=":$hex\$" '$4 == "0A" && $2 ~ p {f=1} END {exit !f}' /proc/net/tcp /proc/net/tcp6 2>/dev/null; then
  who=$(ss -Hltnp "sport = :$PORT" 2>/dev/null | sed -n 's/.*users:(("\([^"]*\)",pid=\([0-9]*\).*/\1 \2/p' | head -n 1)
  echo "listener=${who:-unknown}"
fi
echo "active=$(systemctl is-active "$UNIT" 2>/dev/null)"
[ "$(systemctl show -p NeedDaemonReload --value "$UNIT" 2>/dev/null)" = yes ] && echo needs_daemon_reload=yes
for f in "$ETC/postgresql.conf" "$ETC/pg_hba.conf" "$ETC"/conf.d/*.conf "$ETC"/breakwater-server.* "$D/postgresql.auto.conf"; do
  [ -e "$f" ] && stat -Lc 'mtime=%.Y %n' "$f"
done
if [ -x "$B/pg_controldata" ] && [ -f "$D/global/pg_control" ]; then
  echo '@@control'; tool pg_controldata -D "$D" 2>/dev/null; echo '@@end'
  history=$(ls "$D/pg_wal" 2>/dev/null | grep '\.history$' | sort | tail -n 1)
  if [ -n "$history" ]; then
    echo '@@history'; echo "$((0x${history%.history}))"; as postgres cat "$D/pg_wal/$history"; echo; echo '@@end'
  fi
  if [ -z "${RUN:-}" ] && wal_end_of_data; then echo "end=$end_lsn"; echo "end_timeline=$end_tli"; echo "there=$there_lsn"; fi
fi
"#;

/// Looks while nobody changes the cluster, as a rewind goes on when the connection is lost that asked
/// for it, and what is seen half before and half after it is neither. Each change of that kind makes a
/// mark and takes it away, which shows in the time of their folder. Who waits for a rewind does not lock
/// it out.
const AT_REST: &str = r#"
marks=$(dirname "$REWINDING")
tries=0
while :; do
  if [ -e "$REWINDING" ]; then flock -sw 60 "$REWINDING" true || :; fi
  before=$(stat -c %y "$marks" 2>/dev/null || :)
  seen=$(look)
  [ "$(stat -c %y "$marks" 2>/dev/null || :)" = "$before" ] && break
  tries=$((tries + 1))
  [ "$tries" -lt 5 ] || { echo "another process is changing this cluster" >&2; exit 1; }
done
printf '%s\n' "$seen"
"#;

/// What the server says. A server that does not answer leaves its error. A host that is busy may
/// need seconds for what takes milliseconds else; one that hangs must not hold up a plan for long.
const SQL: &str = r#"
if [ -n "${RUN:-}" ]; then
  out=$(PGCONNECT_TIMEOUT=5 PGOPTIONS="$PGOPTIONS -c statement_timeout=20s -c lock_timeout=1s -c default_transaction_read_only=on" \
    timeout 30 runuser -u postgres -- "$B/psql" -X -At -q -v ON_ERROR_STOP=1 -h /var/run/postgresql -p "$RUN" -d postgres 2>&1 <<'BREAKWATER_SQL'
@QUERY@
BREAKWATER_SQL
  ) && echo '@@sql' || echo '@@sql_error'
  printf '%s\n@@end\n' "$out"
fi
true
"#;

/// One JSON object. Only views and columns that every version from 13 on has.
fn query(settings: &Pair, paths: &Paths) -> String {
    QUERY
        .replace("@NAMES@", &literals(&watched(settings)))
        .replace("@ROLES@", &literals(&[settings.replication_user.as_str(), REWINDER]))
        .replace("@REWINDER@", REWINDER)
        .replace("@CONF@", &literals(&[&paths.shared_conf, &paths.own_conf]))
}

/// Settings whose value the server is asked for.
fn watched(settings: &Pair) -> Vec<&str> {
    let baseline =
        ["listen_addresses", "wal_level", "hot_standby", "wal_log_hints", "max_replication_slots"];
    let not_lower = NOT_LOWER.iter().map(|(name, _)| *name);
    let owned = OWNED.iter().map(|(name, _)| *name);
    let given = settings.settings.keys().map(String::as_str);
    baseline.into_iter().chain(not_lower).chain(owned).chain(given).collect()
}

/// An SQL list of strings. Names and paths are checked before, and still quoted here.
fn literals(texts: &[&str]) -> String {
    let quote = |t: &&str| render::quote::sql_literal(t).unwrap_or_else(|_| "''".to_owned());
    texts.iter().map(quote).collect::<Vec<_>>().join(", ")
}

const QUERY: &str = r"SELECT json_build_object(
 'version', current_setting('server_version'),
 'recovery', pg_is_in_recovery(),
 'paused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() ELSE false END,
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline', (SELECT timeline_id FROM pg_control_checkpoint()),
 'lsn', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END - '0/0'::pg_lsn,
 'received', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() - '0/0'::pg_lsn END,
 'wal_timeline', CASE WHEN pg_is_in_recovery() THEN (SELECT greatest(r.min_recovery_end_timeline, c.timeline_id,
   (SELECT received_tli FROM pg_stat_wal_receiver), (SELECT max(('x' || substr(f.name, 1, 8))::bit(32)::int)
    FROM pg_ls_waldir() f, (SELECT s, ((greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/1')::bigint / s) AS n
      FROM (SELECT pg_size_bytes(current_setting('wal_segment_size')) AS s) w) l
    WHERE substr(f.name, 9) = upper(lpad(to_hex(n / (4294967296 / s)), 8, '0') || lpad(to_hex(n % (4294967296 / s)), 8, '0'))))
   FROM pg_control_recovery() r, pg_control_checkpoint() c)
   ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
 'started', pg_postmaster_start_time()::text,
 'last_commit', CASE WHEN pg_is_in_recovery() THEN pg_last_xact_replay_timestamp()::text END,
 'backups', (SELECT count(*) FROM pg_stat_progress_basebackup),
 'prepared', (SELECT count(*) FROM pg_prepared_xacts),
 'archiver_fails', (SELECT coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) FROM pg_stat_archiver),
 'load_time', extract(epoch FROM pg_conf_load_time())::float8,
 'size', (SELECT sum(pg_database_size(oid))::bigint FROM pg_database),
 'wal_size', (SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()),
 'settings', (SELECT coalesce(json_agg(json_build_object('name', lower(name), 'value', setting, 'context', context,
   'pending', pending_restart, 'file', coalesce(sourcefile, ''))), '[]') FROM pg_settings
   WHERE lower(name) IN (@NAMES@) OR pending_restart OR source = 'configuration file'),
 'file_settings', (SELECT coalesce(json_agg(json_build_object('name', lower(name), 'value', setting, 'file', sourcefile,
   'line', sourceline, 'applied', applied, 'error', error)), '[]') FROM pg_file_settings
   WHERE error IS NOT NULL OR sourcefile LIKE '%/postgresql.auto.conf' OR sourcefile IN (@CONF@)),
 'hba_errors', (SELECT coalesce(json_agg(line_number || ': ' || error), '[]') FROM pg_hba_file_rules WHERE error IS NOT NULL),
 'receiver', (SELECT json_build_object('status', status, 'slot', slot_name, 'host', sender_host) FROM pg_stat_wal_receiver),
 'slots', (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'type', slot_type, 'active', active,
   'wal_status', wal_status, 'xmin_age', age(xmin), 'catalog_xmin_age', age(catalog_xmin),
   'held', CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_lsn() - restart_lsn)::bigint END)), '[]') FROM pg_replication_slots),
 'replication', (SELECT coalesce(json_agg(json_build_object('name', application_name, 'user', usename,
   'host', host(client_addr), 'state', state, 'sync', sync_state)), '[]') FROM pg_stat_replication),
 'roles', (SELECT coalesce(json_agg(json_build_object('name', rolname, 'login', rolcanlogin,
   'replication', rolreplication, 'superuser', rolsuper, 'verifier', rolpassword)), '[]')
   FROM pg_authid WHERE rolname IN (@ROLES@)),
 'rewind_grants', (SELECT count(*) FROM pg_authid r, pg_proc p WHERE r.rolname = '@REWINDER@'
   AND p.proname IN ('pg_ls_dir', 'pg_stat_file', 'pg_read_binary_file')
   AND p.oid::regprocedure::text IN ('pg_ls_dir(text,boolean,boolean)', 'pg_stat_file(text,boolean)',
   'pg_read_binary_file(text)', 'pg_read_binary_file(text,bigint,bigint,boolean)')
   AND has_function_privilege(r.oid, p.oid, 'EXECUTE')),
 'tablespaces', (SELECT coalesce(json_agg(spcname), '[]') FROM pg_tablespace WHERE spcname NOT IN ('pg_default', 'pg_global'))
);";

#[cfg(test)]
mod tests {
    use std::process::{Command, Output};

    use super::*;

    /// What is seen when each look but the last is disturbed as given; `$1` is the folder of marks.
    fn seen(disturb: &str, times: u32) -> Output {
        let folder = tempfile::tempdir().expect("a folder");
        let script = format!(
            "REWINDING=$1/main.rewinding\n\
             look() {{ echo x >>\"$0.count\"; n=$(wc -l <\"$0.count\"); echo \"look $n\"; \
             [ \"$n\" -gt {times} ] || {{ {disturb}\n}}; }}\n{AT_REST}"
        );
        let zero = folder.path().join("zero");
        let marks = folder.path().join("marks");
        std::fs::create_dir(&marks).expect("made");
        Command::new("sh").arg("-euc").arg(script).args([zero, marks]).output().expect("sh runs")
    }

    #[test]
    fn what_is_seen_while_a_change_begins_or_ends_is_looked_at_again() {
        let text = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(text(&seen(":", 9)), "look 1\n");
        assert_eq!(text(&seen(": >\"$REWINDING\"", 1)), "look 2\n");
        assert_eq!(
            text(&seen(": >\"$marks/main.making\"; rm \"$marks/main.making\"", 2)),
            "look 3\n"
        );
        let never = seen("mktemp \"$marks/XXXXXX\" >&2", 99);
        assert!(!never.status.success() && text(&never).is_empty());
        assert!(String::from_utf8_lossy(&never.stderr).contains("is changing this cluster"));
    }

    #[test]
    fn a_rewind_that_runs_is_waited_for() {
        let held = "exec 9>\"$REWINDING.new\"; flock -n 9; mv \"$REWINDING.new\" \"$REWINDING\"; \
                    (sleep 0.5; rm \"$REWINDING\") >/dev/null & exec 9>&-";
        let output = seen(held, 1);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "look 2\n");
    }
}
