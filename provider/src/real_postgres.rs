//! A real PostgreSQL server for tests, on a unix socket and loopback of a temporary directory.
//! Tests that need it are passed over where its programs are not installed.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;

use tokio_postgres::{Config, NoTls, SimpleQueryMessage};

use crate::resource::{Answer, Answers, Ask, Question};
use crate::step::{Server, Sql};

/// `nobody`: the server refuses to run as root.
const NOBODY: u32 = 65534;

/// Column name to value.
pub type Rows = Vec<BTreeMap<String, Option<String>>>;

/// A way in which a server logs statements.
pub struct LogWay {
    settings: &'static [(&'static str, &'static str)],
    /// A statement that is logged by it, with WORD in it.
    told: &'static str,
}

/// All ways.
pub const LOG_WAYS: &[LogWay] = &[
    LogWay { settings: &[("log_statement", "all")], told: "SELECT 'WORD'" },
    LogWay { settings: &[("log_min_duration_statement", "0")], told: "SELECT 'WORD'" },
    LogWay {
        settings: &[("log_min_duration_sample", "0"), ("log_statement_sample_rate", "1")],
        told: "SELECT 'WORD'",
    },
    LogWay { settings: &[("log_transaction_sample_rate", "1")], told: "SELECT 'WORD'" },
    LogWay { settings: &[("log_min_error_statement", "error")], told: "SELECT 'WORD', 1 / 0" },
];

/// A server that ends with this value.
pub struct Postgres {
    directory: tempfile::TempDir,
    /// Of loopback.
    pub port: u16,
    runs: bool,
}

impl Postgres {
    /// None where the programs are not installed.
    pub fn start() -> Option<Self> {
        if programs().is_none() {
            eprintln!("passed over: PostgreSQL is not installed");
            return None;
        }
        let directory = tempfile::tempdir().expect("temporary directory");
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(directory.path(), mode).expect("own directory");
        if is_root() {
            chown(directory.path(), Some(NOBODY), Some(NOBODY)).expect("own directory");
        }
        let port = free_port();
        let server = Self { directory, port, runs: true };
        server.run(&["initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-N"]);
        let hba = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
        std::fs::write(server.directory.path().join("data/pg_hba.conf"), hba).expect("pg_hba.conf");
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c fsync=off \
             -c unix_socket_directories={}",
            server.directory.path().display()
        );
        server.run(&["pg_ctl", "-D", "data", "-w", "-l", "log", "-o", &options, "start"]);
        Some(server)
    }

    /// Its directory: of its socket, and of [`Postgres::data`].
    pub fn directory(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// Its data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Where its socket is.
    pub fn sockets(&self) -> PathBuf {
        self.directory.path().to_owned()
    }

    /// What it has written into its log.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).expect("a log")
    }

    /// Log statements in one way and in no other, from the next session on. `told` is a statement
    /// that is then logged.
    pub async fn log_by(&self, way: &LogWay) {
        let set = way.settings.iter().map(|(n, v)| format!("ALTER SYSTEM SET {n} = '{v}'"));
        let mut statements = vec!["ALTER SYSTEM RESET ALL".to_owned()];
        statements.extend(set);
        statements.push("SELECT pg_reload_conf()".to_owned());
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        self.sql("postgres", &statements).await;
        let word = format!("marked by {}", way.settings[0].0);
        let told = way.told.replace("WORD", &word);
        for _ in 0..100 {
            let server = Server::Socket(String::new());
            let database = "postgres".to_owned();
            let sql = Sql { server, database, statements: vec![told.clone()] };
            let _ = self.query(&sql).await;
            if self.log().contains(&word) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{told} is not logged by {:?}", way.settings);
    }

    /// Stop it in good order.
    pub fn stop(&mut self) {
        self.end("fast");
    }

    fn end(&mut self, mode: &str) {
        if std::mem::take(&mut self.runs) {
            self.run(&["pg_ctl", "-D", "data", "-w", "-m", mode, "stop"]);
        }
    }

    fn run(&self, argv: &[&str]) {
        let mut command = Command::new(programs().expect("it started").join(argv[0]));
        command.args(&argv[1..]).current_dir(self.directory.path()).env("LC_ALL", "C");
        command.stdout(std::process::Stdio::null());
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let status = command.status().expect("program starts");
        assert!(status.success(), "{argv:?}");
    }

    /// The configuration of a server: a socket path means ours.
    fn config(&self, server: &Server) -> Config {
        let mut config = Config::new();
        config.port(self.port);
        match server {
            Server::Socket(_) => config.host_path(self.directory.path()).user("postgres"),
            Server::Tcp { user, password, .. } => {
                config.host("127.0.0.1").user(user).password(password.expose())
            }
        };
        config
    }

    /// Run it in a session that begins as every one of ours does; the rows of the last statement.
    pub async fn query(&self, sql: &Sql) -> Result<Rows, String> {
        let mut config = self.config(&sql.server);
        config.options(crate::sql::STARTUP);
        Self::run_in(config, sql).await
    }

    /// The same as anybody else begins one.
    pub async fn as_others(&self, sql: &Sql) -> Result<Rows, String> {
        Self::run_in(self.config(&sql.server), sql).await
    }

    async fn run_in(mut config: Config, sql: &Sql) -> Result<Rows, String> {
        let (client, connection) =
            config.dbname(&sql.database).connect(NoTls).await.map_err(|e| text(&e))?;
        let connection = tokio::spawn(connection);
        let mut rows = Vec::new();
        for statement in &sql.statements {
            let messages = client.simple_query(statement).await.map_err(|e| text(&e))?;
            rows = messages.into_iter().filter_map(row).collect();
        }
        drop(client);
        connection.await.expect("no panic").map_err(|e| text(&e))?;
        Ok(rows)
    }

    /// Statements of a test, as superuser.
    pub async fn sql(&self, database: &str, statements: &[&str]) {
        let statements = statements.iter().map(|s| (*s).to_owned()).collect();
        let server = Server::Socket(String::new());
        let sql = Sql { server, database: database.to_owned(), statements };
        self.as_others(&sql).await.expect("statements of the test");
    }

    /// The answers to questions that are SQL.
    pub async fn answers(&self, questions: &[Question]) -> Answers {
        let mut answers = Answers::default();
        for question in questions {
            let Ask::Sql(sql) = &question.ask else { panic!("only SQL is asked") };
            let answer = self.query(sql).await.map_or_else(Answer::Failed, Answer::Rows);
            answers.insert(&question.host, &question.key, answer);
        }
        answers
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end("immediate");
    }
}

/// Where the server's programs are: Debian keeps them off the PATH.
pub fn programs() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders = debian.map(|e| e.path().join("bin")).chain(std::env::split_paths(&path));
    folders.find(|folder| folder.join("initdb").is_file())
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|m| std::os::unix::fs::MetadataExt::uid(&m) == 0)
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback");
    listener.local_addr().expect("bound").port()
}

fn text(error: &tokio_postgres::Error) -> String {
    let code = error.as_db_error().map(|e| format!("{} ({})", e.message(), e.code().code()));
    code.unwrap_or_else(|| error.to_string())
}

fn row(message: SimpleQueryMessage) -> Option<BTreeMap<String, Option<String>>> {
    let SimpleQueryMessage::Row(row) = message else { return None };
    let columns = row.columns().iter().enumerate();
    Some(columns.map(|(i, c)| (c.name().to_owned(), row.get(i).map(str::to_owned))).collect())
}
