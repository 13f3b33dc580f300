//! The script that says whether a server is the primary, run by the real shell.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};
use std::{fs, path::PathBuf};

use render::postgres::role_check::{Settings, script};

struct Fixture {
    root: tempfile::TempDir,
}

impl Fixture {
    /// A server whose `psql` does this.
    fn new(psql: &str) -> Self {
        let fixture = Self { root: tempfile::tempdir().expect("temporary directory") };
        fs::create_dir(fixture.data()).expect("data");
        fs::write(fixture.data().join("PG_VERSION"), "15\n").expect("PG_VERSION");
        let path = fixture.root.path().join("psql");
        fs::write(&path, format!("#!/bin/sh\n{psql}\n")).expect("psql");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("executable");
        fixture
    }

    fn data(&self) -> PathBuf {
        self.root.path().join("it's $HOME data")
    }

    /// The answer to a request, whole.
    fn answer(&self, request: &str) -> String {
        let text = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
        let settings = Settings {
            address: "10.0.1.11".parse().expect("an address"),
            check_port: 8008,
            port: 5432,
            data: text(self.data()),
            psql: text(self.root.path().join("psql")),
            options: "-c search_path=pg_catalog".to_owned(),
            script: "/x".to_owned(),
        };
        let script = script(&settings).expect("renders");
        let mut shell = Command::new("sh")
            .args(["-c", &script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("sh runs");
        let mut input = shell.stdin.take().expect("piped");
        input.write_all(request.as_bytes()).expect("it reads all of the request");
        drop(input);
        let output = shell.wait_with_output().expect("it ends");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// Its first line.
    fn status(&self, request: &str) -> String {
        self.answer(request).lines().next().unwrap_or_default().to_owned()
    }
}

const GET: &str = "GET /primary HTTP/1.0\r\nhost: a\r\n\r\n";
const YES: &str = "HTTP/1.0 200 OK";
const NO: &str = "HTTP/1.0 503 Service Unavailable";

#[test]
fn a_server_that_takes_writes_is_the_primary_and_no_other_is() {
    assert_eq!(Fixture::new("echo f").status(GET), YES);
    assert_eq!(Fixture::new("echo t").status(GET), NO);
    for psql in ["exit 2", "echo f; exit 2", ":", "echo 'f t'", "printf 'f\\nf\\n'", "sleep 60"] {
        assert_eq!(Fixture::new(psql).status(GET), NO, "{psql}");
    }
}

#[test]
fn what_is_fenced_or_not_there_is_no_primary() {
    for fence in ["standby.signal", "recovery.signal"] {
        let fenced = Fixture::new("echo f");
        fs::write(fenced.data().join(fence), "").expect("written");
        assert_eq!(fenced.status(GET), NO, "{fence}");
    }
    let gone = Fixture::new("echo f");
    fs::remove_file(gone.data().join("PG_VERSION")).expect("removed");
    assert_eq!(gone.status(GET), NO);
}

#[test]
fn the_server_is_asked_by_its_own_port_and_reads_nothing_of_the_request() {
    let asked = Fixture::new("case $* in *'-p 5432 '*) cat; echo f ;; esac");
    assert_eq!(asked.status(GET), YES);
}

#[test]
fn requests_of_load_balancers_are_understood() {
    let primary = Fixture::new("echo f");
    for request in [
        "GET /primary HTTP/1.1\r\nHost: a:8008\r\nUser-Agent: x\r\n\r\n",
        "GET /primary?lag=1 HTTP/1.0\r\n\r\n",
        "OPTIONS /primary HTTP/1.0\r\n\r\n",
        "GET /primary\n\n",
        "GET /primary HTTP/1.0\r\n",
    ] {
        assert_eq!(primary.status(request), YES, "{request:?}");
    }
    let head = primary.answer("HEAD /primary HTTP/1.0\r\n\r\n");
    assert!(head.starts_with(YES) && head.ends_with("\r\n\r\n"), "{head:?}");
    let (_, body) = primary
        .answer(GET)
        .split_once("\r\n\r\n")
        .map(|(h, b)| (h.to_owned(), b.to_owned()))
        .expect("a body");
    assert!(primary.answer(GET).contains(&format!("Content-Length: {}\r\n", body.len())));
}

#[test]
fn anything_else_is_refused_and_asks_nobody() {
    let asked = Fixture::new("touch \"$(dirname \"$0\")/asked\"; echo f");
    for (request, status) in [
        ("GET / HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found"),
        ("GET /primary/../x HTTP/1.0\r\n\r\n", "HTTP/1.0 404 Not Found"),
        ("POST /primary HTTP/1.0\r\n\r\n", "HTTP/1.0 405 Method Not Allowed"),
        ("$(touch x) `id` ; \r\n\r\n", "HTTP/1.0 405 Method Not Allowed"),
    ] {
        assert_eq!(asked.status(request), status, "{request:?}");
    }
    assert_eq!(asked.answer(""), "", "who says nothing gets nothing");
    assert!(!asked.root.path().join("asked").exists());
}
