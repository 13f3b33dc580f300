//! SQL through the host against a real server of the test's own.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use provider::host::HostError;
use provider::host::sql::{Endpoint, query};
use provider::secret::Secret;

use crate::sshd::{Sshd, run};

struct Server {
    dir: tempfile::TempDir,
    port: u16,
}

fn as_postgres(args: &[&str]) {
    let mut all = vec!["-u", "postgres", "--"];
    all.extend(args);
    run("runuser", &all);
}

fn program(name: &str) -> String {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed");
    let mut paths: Vec<PathBuf> =
        versions.flatten().map(|v| v.path().join("bin").join(name)).collect();
    paths.sort();
    paths.pop().expect("a version").display().to_string()
}

impl Server {
    /// With peer authentication on its socket, and passwords over TCP, in clear or with TLS.
    fn start() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        run("chown", &["postgres", &dir.path().display().to_string()]);
        std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o755)).expect("set");
        let port = free_port();
        let data = dir.path().join("data").display().to_string();
        as_postgres(&[&program("initdb"), "-D", &data, "-A", "peer", "--no-sync"]);
        let certificate = rcgen::generate_simple_self_signed(vec!["db".into()]).expect("signed");
        write(dir.path(), "server.crt", &certificate.cert.pem());
        write(dir.path(), "server.key", &certificate.signing_key.serialize_pem());
        let rules = "local all postgres peer\nhostssl all tls all scram-sha-256\n\
                     hostnossl all clear all scram-sha-256\n";
        write(dir.path(), "pg_hba.conf", rules);
        let options = format!(
            "-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={data} \
             -c ssl=on -c fsync=off"
        );
        let log = dir.path().join("log").display().to_string();
        as_postgres(&[&program("pg_ctl"), "-D", &data, "-w", "-l", &log, "-o", &options, "start"]);
        Self { dir, port }
    }

    fn socket(&self) -> String {
        self.dir.path().join(format!("data/.s.PGSQL.{}", self.port)).display().to_string()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let data = self.dir.path().join("data").display().to_string();
        as_postgres(&[&program("pg_ctl"), "-D", &data, "-m", "immediate", "stop"]);
    }
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join("data").join(name);
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("set");
    run("chown", &["postgres", &path.display().to_string()]);
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn statements(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[tokio::test]
async fn peer_and_password_logins_run_statements_one_by_one() {
    let (sshd, server) = (Sshd::start(), Server::start());
    let host = sshd.host().await;
    let peer = Endpoint::socket(&server.socket(), "postgres");
    let made = statements(&[
        "CREATE ROLE tls LOGIN PASSWORD 'pass word'",
        "CREATE ROLE clear LOGIN PASSWORD 'pass word'",
        "CREATE DATABASE own",
        "SELECT current_user AS who, NULL AS nothing, 'ä' AS text UNION ALL SELECT 'x', 'y', ''",
    ]);
    let rows = query(&host, &peer, &made).await.expect("as postgres");
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["who"].as_deref(), Some("postgres"));
    assert_eq!(rows[0]["nothing"], None);
    assert_eq!(rows[0]["text"].as_deref(), Some("ä"));
    assert_eq!(rows[1]["text"].as_deref(), Some(""));

    let password = Secret::from("pass word");
    let ask = "SELECT current_user AS who, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    for (user, sslmode, ssl) in [("tls", "require", "t"), ("clear", "disable", "f")] {
        let endpoint = Endpoint::tcp("127.0.0.1", server.port, user, &password, "own", sslmode);
        let rows = query(&host, &endpoint, &statements(&[ask])).await.expect(user);
        assert_eq!(rows[0]["who"].as_deref(), Some(user));
        assert_eq!(rows[0]["ssl"].as_deref(), Some(ssl));
    }
    let wrong = Secret::from("wrong one");
    let endpoint = Endpoint::tcp("127.0.0.1", server.port, "tls", &wrong, "own", "require");
    let error = query(&host, &endpoint, &statements(&["SELECT 1"])).await.expect_err("refused");
    let HostError::Sql { code, .. } = &error else { panic!("{error}") };
    assert_eq!(code.as_deref(), Some("28P01"));
    assert!(!format!("{error} {error:?} {endpoint:?}").contains("wrong one"));
}

/// What is called by a name that the owner of a database chose runs with the rights of who calls it.
#[tokio::test]
async fn names_are_the_servers_own_whatever_a_role_or_a_database_says() {
    let (sshd, server) = (Sshd::start(), Server::start());
    let host = sshd.host().await;
    let evil = "SET search_path = pg_temp, public, pg_catalog";
    let socket = Endpoint::socket(&server.socket(), "postgres");
    let set = [format!("ALTER ROLE postgres {evil}"), format!("ALTER DATABASE postgres {evil}")];
    query(&host, &socket, &set).await.expect("set");
    let rows = query(&host, &socket, &["SHOW search_path".to_owned()]).await.expect("asked");
    assert_eq!(rows[0]["search_path"].as_deref(), Some("pg_catalog,pg_temp"));
}

#[tokio::test]
async fn an_error_carries_the_servers_words_and_not_the_statement() {
    let (sshd, server) = (Sshd::start(), Server::start());
    let host = sshd.host().await;
    let peer = Endpoint::socket(&server.socket(), "postgres");
    let error = query(&host, &peer, &statements(&["SELECT secret_thing FROM nowhere"])).await;
    let error = error.expect_err("no such table");
    let HostError::Sql { code, reason, .. } = &error else { panic!("{error}") };
    assert_eq!(code.as_deref(), Some("42P01"));
    assert!(reason.contains("nowhere") && !reason.contains("secret_thing"), "{error}");
    let none = Endpoint::socket("/nonexistent/.s.PGSQL.5432", "postgres");
    let error = query(&host, &none, &statements(&["SELECT 1"])).await.expect_err("no server");
    assert!(error.to_string().contains("/nonexistent/.s.PGSQL.5432"), "{error}");
}

#[tokio::test]
async fn a_lost_connection_in_a_statement_is_an_error() {
    let (sshd, server) = (Sshd::start(), Server::start());
    let host = sshd.host().await;
    let peer = Endpoint::socket(&server.socket(), "postgres");
    let mark = server.dir.path().join("mark").display().to_string();
    let slow = statements(&[&format!("COPY (SELECT 1) TO '{mark}'"), "SELECT pg_sleep(10)"]);
    let running = tokio::spawn(async move { query(&host, &peer, &slow).await });
    crate::sshd::until("the statement", || Path::new(&mark).exists()).await;
    sshd.kill_sessions();
    running.await.expect("no panic").expect_err("lost");
}
