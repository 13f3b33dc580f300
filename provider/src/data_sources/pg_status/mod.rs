//! `harbor_pg_status`: who is primary, who follows, and how far behind.

mod judge;

use std::collections::BTreeMap;

use crate::diag::Diags;
use crate::resource::{Answer, Answers, Ask, DataSource, Question, Ssh};
use crate::step::{Server, Sql};

crate::settings! {
    /// One node.
    pub struct Node {
        /// How to reach its host.
        ssh: Ssh = attr(),
    }

    /// What the user writes.
    pub struct Settings {
        /// The nodes, each with a name of its own.
        nodes: BTreeMap<String, Node> = attr(),
        /// Port of the cluster on each host, which is reached through its unix socket.
        port: u16 = attr().default(5432),
    }

    /// One node's server.
    pub struct NodeStatus {
        /// `primary`, `standby`, or `down`.
        role: String = attr(),
        /// Its version: `15.8`.
        version: Option<String> = attr(),
        /// Its system identifier: the same on all copies of one cluster.
        system_identifier: Option<String> = attr(),
        /// Its timeline: raised by each promotion.
        timeline: Option<i64> = attr(),
        /// What it has written (primary) or replayed (standby): `0/3000148`.
        lsn: Option<String> = attr(),
        /// Of a standby: bytes of the primary's log that it has not replayed.
        lag_bytes: Option<i64> = attr(),
        /// Of a standby: whether it receives from the primary.
        streaming: Option<bool> = attr(),
        /// Of a standby: the slot that it uses.
        slot: Option<String> = attr(),
        /// Of a primary: its slots, each `active` or `inactive`, with what the server says of the
        /// log it keeps for them (`reserved`, `lost`).
        slots: BTreeMap<String, String> = attr(),
        /// Why it is down.
        error: Option<String> = attr(),
    }

    /// What is read.
    pub struct Outputs {
        /// Each node.
        servers: Option<BTreeMap<String, NodeStatus>> = attr(),
        /// Name of the primary; null where there is none or more than one.
        primary: Option<String> = attr(),
        /// Whether more than one node takes changes.
        split_brain: Option<bool> = attr(),
        /// Whether there is one primary, and every other node follows it.
        replicating: Option<bool> = attr(),
        /// What is wrong, a sentence each.
        errors: Option<Vec<String>> = attr(),
    }
}

/// The data source.
pub struct PgStatus;

impl DataSource for PgStatus {
    const NAME: &'static str = "harbor_pg_status";
    const DESCRIPTION: &'static str = "Who of the nodes of a PostgreSQL pair is primary, who follows, and how far behind.\n\nEach \
         server is asked on its own host. A server that does not answer is `down`, which is no \
         error of the data source.";
    type Settings = Settings;
    type Outputs = Outputs;

    fn targets(settings: &Settings) -> Vec<(String, Ssh)> {
        settings.nodes.iter().map(|(name, node)| (name.clone(), node.ssh.clone())).collect()
    }

    fn questions(settings: &Settings) -> Vec<Question> {
        let ask = |host: &String, key: &str, statement: &str| {
            let server = Server::Socket(format!("/var/run/postgresql/.s.PGSQL.{}", settings.port));
            let statements = vec![statement.to_owned()];
            let ask = Ask::Sql(Sql { server, database: "postgres".to_owned(), statements });
            Question { host: host.clone(), key: key.to_owned(), ask }
        };
        let of = |host| {
            [
                ask(host, "server", SERVER),
                ask(host, "receiver", RECEIVER),
                ask(host, "slots", SLOTS),
            ]
        };
        settings.nodes.keys().flat_map(of).collect()
    }

    fn outputs(settings: &Settings, answers: &Answers) -> Result<Outputs, Diags> {
        let servers = settings.nodes.keys().map(|n| (n.clone(), server(answers, n))).collect();
        Ok(judge::judge(servers))
    }
}

/// A primary's timeline is in the name of the file it writes; `pg_control_checkpoint` is one
/// checkpoint behind after a promotion.
const SERVER: &str = "SELECT pg_is_in_recovery()::text AS recovery, \
     current_setting('server_version') AS version, \
     (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier, \
     CASE WHEN pg_is_in_recovery() THEN NULL \
     ELSE substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) END AS timeline_hex, \
     (SELECT timeline_id::text FROM pg_control_checkpoint()) AS timeline, \
     (CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() \
     ELSE pg_current_wal_lsn() END)::text AS lsn";

const RECEIVER: &str = "SELECT status, slot_name, received_tli::text AS timeline \
     FROM pg_stat_wal_receiver";

/// By JSON, because `wal_status` is there from version 13 on only.
const SLOTS: &str = "SELECT slot_name AS name, active::text AS active, \
     to_jsonb(s)->>'wal_status' AS wal FROM pg_replication_slots s ORDER BY 1";

type Row = BTreeMap<String, Option<String>>;

fn text(row: &Row, column: &str) -> Option<String> {
    row.get(column).and_then(Clone::clone).filter(|text| !text.is_empty())
}

fn server(answers: &Answers, name: &str) -> NodeStatus {
    let rows = |key: &str| answers.rows(name, key).unwrap_or_default();
    let Some(row) = rows("server").first() else {
        let why = match answers.get(name, "server") {
            Some(Answer::Failed(why)) => why.clone(),
            _ => "no answer".to_owned(),
        };
        return down(why);
    };
    let standby = matches!(text(row, "recovery").as_deref(), Some("true" | "t"));
    let receiver = rows("receiver").first();
    let of_receiver = |column| receiver.and_then(|row| text(row, column));
    let hex = text(row, "timeline_hex").and_then(|hex| i64::from_str_radix(&hex, 16).ok());
    let number = |text: Option<String>| text.and_then(|t| t.parse().ok());
    let timeline = hex.or_else(|| number(of_receiver("timeline")));
    let streaming = of_receiver("status").as_deref() == Some("streaming");
    NodeStatus {
        role: if standby { "standby" } else { "primary" }.to_owned(),
        version: text(row, "version").and_then(|v| v.split(' ').next().map(str::to_owned)),
        system_identifier: text(row, "system_identifier"),
        timeline: timeline.or_else(|| number(text(row, "timeline"))),
        lsn: text(row, "lsn"),
        lag_bytes: None,
        streaming: standby.then_some(streaming),
        slot: of_receiver("slot_name"),
        slots: if standby { BTreeMap::new() } else { slots(rows("slots")) },
        error: None,
    }
}

fn slots(rows: &[Row]) -> BTreeMap<String, String> {
    let slot = |row: &Row| {
        let active = matches!(text(row, "active").as_deref(), Some("true" | "t"));
        let word = if active { "active" } else { "inactive" };
        let state = text(row, "wal").map_or(word.to_owned(), |wal| format!("{word}, {wal}"));
        Some((text(row, "name")?, state))
    };
    rows.iter().filter_map(slot).collect()
}

fn down(why: String) -> NodeStatus {
    NodeStatus {
        role: "down".to_owned(),
        version: None,
        system_identifier: None,
        timeline: None,
        lsn: None,
        lag_bytes: None,
        streaming: None,
        slot: None,
        slots: BTreeMap::new(),
        error: Some(why),
    }
}
