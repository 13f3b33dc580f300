//! What the servers are to each other.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::{NodeStatus, Outputs, Slot};
use crate::wal::Lsn;

/// Lag, split brain, and what is wrong.
pub fn judge(mut servers: BTreeMap<String, NodeStatus>) -> Outputs {
    let primaries: Vec<String> = with_role(&servers, "primary");
    let split_brain = primaries.len() > 1;
    let primary = if split_brain { None } else { primaries.first().cloned() };
    let written = primary.as_ref().and_then(|name| position(servers.get(name)?.lsn.as_deref()?));
    for server in servers.values_mut().filter(|s| s.role == "standby") {
        let replayed = server.lsn.as_deref().and_then(position);
        let behind = written.zip(replayed).map(|(written, replayed)| {
            // Both are read one after the other: a standby may seem to be ahead.
            i64::try_from(written.saturating_sub(replayed)).unwrap_or(i64::MAX)
        });
        server.lag_bytes = behind;
    }
    let errors = errors(&servers, &primaries);
    Outputs {
        replicating: Some(errors.is_empty() && primary.is_some()),
        servers: Some(servers),
        primary,
        split_brain: Some(split_brain),
        errors: Some(errors),
    }
}

fn with_role(servers: &BTreeMap<String, NodeStatus>, role: &str) -> Vec<String> {
    let found = servers.iter().filter(|(_, server)| server.role == role);
    found.map(|(name, _)| name.clone()).collect()
}

fn errors(servers: &BTreeMap<String, NodeStatus>, primaries: &[String]) -> Vec<String> {
    let mut errors = Vec::new();
    match primaries {
        [] => errors.push("no node is primary".to_owned()),
        [_] => {}
        several => errors.push(format!(
            "{} are primary at the same time: what is written to one is not on the other",
            several.join(" and ")
        )),
    }
    let identifiers: BTreeSet<&String> =
        servers.values().filter_map(|server| server.system_identifier.as_ref()).collect();
    if identifiers.len() > 1 {
        errors.push(
            "the nodes are not copies of one cluster: their system identifiers differ".into(),
        );
    }
    let timeline = match primaries {
        [one] => servers[one].timeline,
        _ => None,
    };
    for (name, server) in servers {
        errors.extend(error(name, server, timeline));
        let lost = |slot: &Slot| slot.wal_status.as_deref() == Some("lost");
        for (slot, _) in server.slots.iter().filter(|(_, slot)| lost(slot)) {
            errors.push(format!("{name}: slot {slot} is lost: its standby must be cloned anew"));
        }
        if server.archiver.as_ref().is_some_and(|archiver| archiver.failing) {
            errors.push(format!("{name}: finished segments cannot be archived"));
        }
    }
    errors
}

fn error(name: &str, server: &NodeStatus, timeline: Option<i64>) -> Option<String> {
    if let Some(why) = &server.error {
        return Some(format!("{name} is {}: {why}", server.role));
    }
    if server.replay_paused == Some(true) {
        return Some(format!("{name} is a standby whose replay is paused"));
    }
    if server.streaming == Some(false) {
        return Some(format!("{name} is a standby that does not receive from the primary"));
    }
    match (server.timeline, timeline) {
        (Some(own), Some(primary)) if own != primary => {
            Some(format!("{name} is on timeline {own}, the primary on {primary}"))
        }
        _ => None,
    }
}

/// A position that a server said, in bytes.
fn position(text: &str) -> Option<u64> {
    text.parse().ok().map(|Lsn(bytes)| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_sources::pg_status::{KEY, PgStatus, QUERY, Settings, absent, server};
    use crate::resource::{Answer, Answers, Ask, DataSource as _, Question};
    use crate::step::{Server, Sql};

    fn node(role: &str, lsn: &str, timeline: i64) -> NodeStatus {
        NodeStatus {
            role: role.to_owned(),
            system_identifier: Some("7".to_owned()),
            timeline: Some(timeline),
            lsn: Some(lsn.to_owned()),
            streaming: (role == "standby").then_some(true),
            error: None,
            ..absent("down", String::new())
        }
    }

    fn pair(a: NodeStatus, b: NodeStatus) -> Outputs {
        judge(BTreeMap::from([("a".to_owned(), a), ("b".to_owned(), b)]))
    }

    #[test]
    fn a_pair_that_replicates() {
        let seen = pair(node("primary", "1/00000010", 2), node("standby", "0/FFFFFFF0", 2));
        assert_eq!(seen.primary.as_deref(), Some("a"));
        assert_eq!((seen.replicating, seen.split_brain), (Some(true), Some(false)));
        assert_eq!(seen.servers.expect("servers")["b"].lag_bytes, Some(32));
    }

    #[test]
    fn a_standby_read_later_is_not_behind() {
        let seen = pair(node("primary", "0/10", 1), node("standby", "0/20", 1));
        assert_eq!(seen.servers.expect("servers")["b"].lag_bytes, Some(0));
    }

    #[test]
    fn two_primaries_are_a_split_brain() {
        let seen = pair(node("primary", "0/10", 1), node("primary", "0/20", 2));
        assert_eq!((seen.split_brain, seen.replicating), (Some(true), Some(false)));
        assert_eq!(seen.primary, None);
        assert!(seen.errors.expect("errors")[0].contains("a and b are primary"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let mut stuck = node("standby", "0/10", 1);
        stuck.streaming = Some(false);
        let errors = |a, b| pair(a, b).errors.expect("errors").join("\n");
        assert!(errors(node("primary", "0/10", 2), stuck).contains("b is a standby that does not"));
        let gone = errors(absent("down", "refused".into()), node("standby", "0/10", 1));
        assert_eq!(gone, "no node is primary\na is down: refused");
        let mut lost = node("primary", "0/10", 1);
        let slot = Slot {
            kind: "physical".to_owned(),
            active: false,
            wal_status: Some("lost".to_owned()),
            held_bytes: None,
            xmin_age: None,
        };
        lost.slots.insert("b".to_owned(), slot);
        assert!(errors(lost, node("standby", "0/10", 1)).contains("cloned anew"));
        let mut other = node("standby", "0/10", 1);
        other.system_identifier = Some("8".to_owned());
        assert!(errors(node("primary", "0/10", 1), other).contains("identifiers differ"));
        let behind = errors(node("primary", "0/10", 3), node("standby", "0/10", 2));
        assert_eq!(behind, "b is on timeline 2, the primary on 3");
    }

    fn output(reported: &str) -> Answer {
        let stdout = format!("{KEPT}\n@@status\n{reported}\n");
        Answer::Output { status: 0, stdout, stderr: String::new() }
    }

    const KEPT: &str = "/var/lib/postgresql/15/main.breakwater-diverged.1700000000";

    #[test]
    fn answers_of_a_real_pair() {
        let mut answers = Answers::default();
        answers.insert("a", KEY, output(include_str!("primary.json")));
        answers.insert("b", KEY, output(include_str!("standby.json")));
        let seen = pair(server(&answers, "a"), server(&answers, "b"));
        assert_eq!(seen.replicating, Some(true), "{:?}", seen.errors);
        let servers = seen.servers.expect("servers");
        let (a, b) = (&servers["a"], &servers["b"]);
        assert_eq!((a.timeline, b.timeline), (Some(1), Some(1)));
        assert_eq!((a.version.as_deref(), b.streaming), (Some("15.20"), Some(true)));
        assert_eq!(a.replicas["b"].sync_state.as_deref(), Some("async"));
        assert!(a.slots["breakwater"].active && a.slots["breakwater"].held_bytes.is_some());
        assert_eq!(b.slot.as_deref(), Some("breakwater"));
        assert_eq!(b.altered, ["work_mem"]);
        assert_eq!(b.diverged_dirs, [KEPT]);
    }

    #[test]
    fn what_does_not_answer_is_said() {
        let mut answers = Answers::default();
        answers.insert("a", KEY, Answer::Failed("no route to host".to_owned()));
        let stderr = "psql: error: connection failed\n".to_owned();
        let stdout = format!("{KEPT}\n@@status\n\n");
        answers.insert("b", KEY, Answer::Output { status: 2, stdout, stderr });
        let seen = pair(server(&answers, "a"), server(&answers, "b"));
        let errors = seen.errors.expect("errors");
        assert_eq!(errors[1], "a is unreachable: no route to host");
        assert_eq!(errors[2], "b is down: psql: error: connection failed");
        assert_eq!(seen.servers.expect("servers")["b"].diverged_dirs, [KEPT]);
    }

    #[tokio::test]
    async fn a_real_server_answers() {
        let Some(postgres) = crate::real_postgres::Postgres::start() else { return };
        let statement = "SELECT pg_create_physical_replication_slot('b', true)";
        let altered = "ALTER SYSTEM SET work_mem = '8MB'";
        postgres.sql("postgres", &[statement, altered]).await;
        let sql = Sql {
            server: Server::Socket(String::new()),
            database: "postgres".to_owned(),
            statements: vec![format!("{QUERY} AS said")],
        };
        let question = Question { host: "a".into(), key: KEY.into(), ask: Ask::Sql(sql) };
        let reported = postgres.answers(&[question]).await;
        let reported = reported.rows("a", KEY).expect("a row")[0]["said"].clone().expect("JSON");
        let mut answers = Answers::default();
        answers.insert("a", KEY, output(&reported));
        let seen = PgStatus::outputs(&one_node(), &answers).expect("an output");
        assert_eq!((seen.primary.as_deref(), seen.errors), (Some("a"), Some(vec![])));
        let server = &seen.servers.expect("servers")["a"];
        assert_eq!((server.timeline, server.role.as_str()), (Some(1), "primary"));
        assert!(server.lsn.as_deref().and_then(position).is_some());
        assert!(!server.slots["b"].active);
        assert_eq!(server.altered, ["work_mem"]);
    }

    #[test]
    fn each_host_is_asked_once() {
        let questions = PgStatus::questions(&one_node());
        let [Question { ask: Ask::Script(script), .. }] = &questions[..] else { panic!("one") };
        assert!(script.contains("-p 5433 "), "{script}");
    }

    fn one_node() -> Settings {
        let ssh = crate::resource::Ssh {
            host: "198.51.100.11".into(),
            port: 22,
            user: None,
            host_key: None,
            credential: None,
        };
        let nodes = BTreeMap::from([("a".to_owned(), super::super::Node { ssh })]);
        Settings { nodes, port: 5433 }
    }
}
