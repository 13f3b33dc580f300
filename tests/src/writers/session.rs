//! The sessions themselves.

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::{PASSWORD, ROLE};

/// Until a host that drops packets is given up. A client would use a similar value.
const CONNECT: Duration = Duration::from_secs(2);
/// Until a connection is given up whose packets nobody acknowledges.
const SILENT: Duration = Duration::from_secs(3);
/// Between two searches for a server: short beside any gap that is measured.
const SEARCH_AGAIN: Duration = Duration::from_millis(5);
/// A record: writer, number, microsecond.
type Record = (i32, i64, u64);

/// Writes through whichever of the hosts takes writes, with sessions numbered from `first`, until
/// standard input ends, and pauses after each commit. Each acknowledged commit becomes a line of the file `record`.
pub fn write(
    hosts: &str,
    (first, sessions): (i32, i32),
    pause: Duration,
    record: &Path,
) -> std::io::Result<()> {
    let file = std::fs::File::create(record)?;
    tokio::runtime::Runtime::new()?.block_on(async {
        let (told, records) = unbounded_channel();
        let config = config(hosts);
        let numbers = first..first + sessions;
        let tasks: Vec<_> = numbers
            .map(|n| tokio::spawn(session(config.clone(), n, pause, told.clone())))
            .collect();
        drop(told);
        let recorder = tokio::spawn(keep(records, file));
        let mut end = Vec::new();
        tokio::io::stdin().read_to_end(&mut end).await?;
        // A session may wait for a server for ever. One that is ended between the server's answer
        // and its record has no more than a row that was not acknowledged.
        tasks.iter().for_each(tokio::task::JoinHandle::abort);
        recorder.await?
    })
}

fn config(hosts: &str) -> Config {
    let mut config = Config::new();
    for host in hosts.split(',') {
        config.host(host);
    }
    config.user(ROLE).password(PASSWORD).dbname(ROLE).application_name(ROLE);
    config.target_session_attrs(TargetSessionAttrs::ReadWrite);
    config.connect_timeout(CONNECT).tcp_user_timeout(SILENT).keepalives_idle(SILENT);
    config
}

/// One writer: a number is used once, whether its commit was acknowledged or not.
async fn session(config: Config, writer: i32, pause: Duration, told: UnboundedSender<Record>) {
    let mut seq = 0;
    loop {
        let Ok((client, insert)) = connect(&config).await else {
            tokio::time::sleep(SEARCH_AGAIN).await;
            continue;
        };
        while client.execute(&insert, &[&writer, &seq]).await.is_ok() {
            if told.send((writer, seq, now())).is_err() {
                return;
            }
            seq += 1;
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        seq += 1;
    }
}

async fn connect(config: &Config) -> Result<(Client, Statement), tokio_postgres::Error> {
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    let insert = client.prepare("INSERT INTO acknowledged VALUES ($1, $2)").await?;
    Ok((client, insert))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or_default()
}

/// Each batch is on disk when it is seen: who reads the file while it grows sees the truth.
async fn keep(
    mut records: UnboundedReceiver<Record>,
    mut file: std::fs::File,
) -> std::io::Result<()> {
    let mut batch = Vec::new();
    while records.recv_many(&mut batch, 10_000).await > 0 {
        let lines: String = batch.drain(..).map(|(w, s, t)| format!("{w} {s} {t}\n")).collect();
        file.write_all(lines.as_bytes())?;
    }
    Ok(())
}
