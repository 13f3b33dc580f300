//! `harbor_pg_status`: who is primary, who follows, and how far behind.

mod judge;
mod settings;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::diag::Diags;
use crate::resource::{Answer, Answers, DataSource, Question, Ssh};

pub use settings::{Archiver, Node, NodeStatus, Outputs, Replica, Settings, Slot};

/// The data source.
pub struct PgStatus;

impl DataSource for PgStatus {
    const NAME: &'static str = "harbor_pg_status";
    const TOLERATES_MISSING: bool = true;
    const DESCRIPTION: &'static str = "Who of the nodes of a PostgreSQL pair is primary, who follows, and how far behind.\n\nEach \
         server is asked on its own host. A server that does not answer is `down`, a host that does not \
         answer `unreachable`; neither is an error of the data source. No password is used: each is asked \
         as the system user postgres on its socket. What is found stands in the state in clear, as of \
         every data source; nothing of it is secret.";
    type Settings = Settings;
    type Outputs = Outputs;

    fn targets(settings: &Settings) -> Vec<(String, Ssh)> {
        settings.nodes.iter().map(|(name, node)| (name.clone(), node.ssh.clone())).collect()
    }

    fn questions(settings: &Settings) -> Vec<Question> {
        let script = SCRIPT.replace("@PORT@", &settings.port.to_string()).replace("@QUERY@", QUERY);
        let script = script.replace("@STARTUP@", crate::sql::STARTUP);
        settings.nodes.keys().map(|host| Question::script(host, KEY, script.as_str())).collect()
    }

    fn outputs(settings: &Settings, answers: &Answers) -> Result<Outputs, Diags> {
        let servers = settings.nodes.keys().map(|n| (n.clone(), server(answers, n))).collect();
        Ok(judge::judge(servers))
    }
}

const KEY: &str = "status";

/// Directories of other histories, a line each; then the answer, or why there is none. In one round
/// trip.
const SCRIPT: &str = r#"cd /; export LC_ALL=C
out=$(PGCONNECT_TIMEOUT=5 PGOPTIONS='@STARTUP@ -c statement_timeout=5s -c lock_timeout=1s -c default_transaction_read_only=on' \
  timeout 15 runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -h /var/run/postgresql -p @PORT@ -d postgres <<'BREAKWATER_SQL'
SHOW data_directory;
@QUERY@;
BREAKWATER_SQL
)
status=$?
if [ "$status" -eq 0 ]; then data=$(printf '%s\n' "$out" | head -n 1)
else data=$(pg_lsclusters -h 2>/dev/null | awk '$3 == @PORT@ { print $6; exit }'); fi
if [ -n "$data" ]; then
  for kept in "$data".breakwater-diverged.*; do [ -e "$kept" ] && printf '%s\n' "$kept"; done
fi
echo @@status
printf '%s\n' "$out" | tail -n +2
exit "$status"
"#;

/// A primary's timeline is in the name of the file it writes; `pg_control_checkpoint` is one
/// checkpoint behind after a promotion. By JSON, because versions have other columns.
const QUERY: &str = r"SELECT json_build_object(
 'standby', pg_is_in_recovery(),
 'version', current_setting('server_version'),
 'system_identifier', (SELECT system_identifier::text FROM pg_control_system()),
 'timeline_hex', CASE WHEN pg_is_in_recovery() THEN NULL ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END,
 'timeline', (SELECT timeline_id FROM pg_control_checkpoint()),
 'lsn', (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END)::text,
 'received', CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()::text END,
 'paused', CASE WHEN pg_is_in_recovery() THEN pg_is_wal_replay_paused() END,
 'receiver', (SELECT json_build_object('status', status, 'slot', slot_name, 'timeline', received_tli, 'host', sender_host)
   FROM pg_stat_wal_receiver),
 'slots', (SELECT coalesce(json_object_agg(slot_name, json_build_object('kind', slot_type, 'active', active,
   'wal_status', to_jsonb(s)->>'wal_status', 'xmin_age', greatest(age(xmin), age(catalog_xmin)),
   'held', CASE WHEN NOT pg_is_in_recovery() THEN (pg_current_wal_lsn() - restart_lsn)::bigint END)), '{}') FROM pg_replication_slots s),
 'replicas', (SELECT coalesce(json_object_agg(application_name, json_build_object('address', host(client_addr),
   'state', state, 'sync_state', sync_state)), '{}') FROM pg_stat_replication),
 'archives', current_setting('archive_mode') <> 'off',
 'archiver', (SELECT json_build_object('archived', archived_count, 'failed', failed_count, 'last_archived', last_archived_wal,
   'last_failed', last_failed_wal, 'failing', coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false))
   FROM pg_stat_archiver),
 'pending_restart', (SELECT coalesce(json_agg(name ORDER BY name), '[]') FROM pg_settings WHERE pending_restart),
 'altered', (SELECT coalesce(json_agg(DISTINCT lower(name)), '[]') FROM pg_file_settings
   WHERE name IS NOT NULL AND sourcefile LIKE '%/postgresql.auto.conf'))";

/// What a server says.
#[derive(Deserialize)]
struct ReportedStatus {
    standby: bool,
    version: String,
    system_identifier: String,
    timeline_hex: Option<String>,
    timeline: i64,
    lsn: Option<String>,
    received: Option<String>,
    paused: Option<bool>,
    receiver: Option<ReportedReceiver>,
    slots: BTreeMap<String, ReportedSlot>,
    replicas: BTreeMap<String, ReportedReplica>,
    archives: bool,
    archiver: ReportedArchiver,
    pending_restart: Vec<String>,
    altered: Vec<String>,
}

#[derive(Deserialize)]
struct ReportedReceiver {
    status: Option<String>,
    slot: Option<String>,
    timeline: Option<i64>,
    host: Option<String>,
}

#[derive(Deserialize)]
struct ReportedSlot {
    kind: String,
    active: bool,
    wal_status: Option<String>,
    held: Option<i64>,
    xmin_age: Option<i64>,
}

#[derive(Deserialize)]
struct ReportedReplica {
    address: Option<String>,
    state: Option<String>,
    sync_state: Option<String>,
}

#[derive(Deserialize)]
struct ReportedArchiver {
    archived: i64,
    failed: i64,
    failing: bool,
    last_archived: Option<String>,
    last_failed: Option<String>,
}

fn server(answers: &Answers, name: &str) -> NodeStatus {
    let (status, stdout, stderr) = match answers.get(name, KEY) {
        Some(Answer::Output { status, stdout, stderr }) => (*status, stdout, stderr),
        Some(Answer::Failed(why)) => return absent("unreachable", why.clone()),
        _ => return absent("unreachable", "no answer".to_owned()),
    };
    let (kept, reported) = stdout.split_once("@@status\n").unwrap_or_default();
    let server = match serde_json::from_str(reported) {
        _ if status != 0 => absent("down", stderr.trim().to_owned()),
        Ok(reported) => answered(reported),
        Err(error) => absent("down", format!("its answer cannot be read: {error}")),
    };
    NodeStatus { diverged_dirs: kept.lines().map(str::to_owned).collect(), ..server }
}

fn answered(reported: ReportedStatus) -> NodeStatus {
    let receiver = reported.receiver;
    let hex = reported.timeline_hex.and_then(|hex| i64::from_str_radix(&hex, 16).ok());
    let timeline = hex.or_else(|| receiver.as_ref().and_then(|r| r.timeline));
    let streaming = receiver.as_ref().is_some_and(|r| r.status.as_deref() == Some("streaming"));
    let archiver = |a: ReportedArchiver| Archiver {
        archived: a.archived,
        failed: a.failed,
        failing: a.failing,
        last_archived: a.last_archived,
        last_failed: a.last_failed,
    };
    NodeStatus {
        role: if reported.standby { "standby" } else { "primary" }.to_owned(),
        version: reported.version.split(' ').next().map(str::to_owned),
        system_identifier: Some(reported.system_identifier),
        timeline: timeline.or(Some(reported.timeline)),
        lsn: reported.lsn,
        received_lsn: reported.received,
        lag_bytes: None,
        streaming: reported.standby.then_some(streaming),
        receives_from: receiver.as_ref().and_then(|r| r.host.clone()),
        replay_paused: reported.paused,
        slot: receiver.and_then(|r| r.slot).filter(|slot| !slot.is_empty()),
        slots: reported.slots.into_iter().map(|(name, s)| (name, slot(s))).collect(),
        replicas: reported.replicas.into_iter().map(|(name, r)| (name, replica(r))).collect(),
        archiver: reported.archives.then(|| archiver(reported.archiver)),
        pending_restart: reported.pending_restart,
        altered: reported.altered,
        diverged_dirs: Vec::new(),
        error: None,
    }
}

fn slot(reported: ReportedSlot) -> Slot {
    let ReportedSlot { kind, active, wal_status, held, xmin_age } = reported;
    Slot { kind, active, wal_status, held_bytes: held, xmin_age }
}

fn replica(reported: ReportedReplica) -> Replica {
    let ReportedReplica { address, state, sync_state } = reported;
    Replica { address, state, sync_state }
}

fn absent(role: &str, why: String) -> NodeStatus {
    NodeStatus {
        role: role.to_owned(),
        version: None,
        system_identifier: None,
        timeline: None,
        lsn: None,
        received_lsn: None,
        lag_bytes: None,
        streaming: None,
        receives_from: None,
        replay_paused: None,
        slot: None,
        slots: BTreeMap::new(),
        replicas: BTreeMap::new(),
        archiver: None,
        pending_restart: Vec::new(),
        altered: Vec::new(),
        diverged_dirs: Vec::new(),
        error: Some(why),
    }
}
