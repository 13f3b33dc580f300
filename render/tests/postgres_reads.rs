//! PostgreSQL itself reads our settings back, where a server is installed.

use std::{fs, path::PathBuf, process::Command};

use render::postgres::{conf, standby_conf};
use serde_json::json;

/// Debian's place of the server; any version reads this file alike.
fn server() -> Option<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?;
    versions.flatten().map(|v| v.path().join("bin/postgres")).find(|path| path.exists())
}

fn read_back(server: &PathBuf, file: &str, name: &str) -> String {
    let directory = tempfile::tempdir().expect("temporary directory");
    fs::write(directory.path().join("postgresql.conf"), file).expect("postgresql.conf");
    let output = Command::new(server)
        .args(["-C", name, "-D"])
        .arg(directory.path())
        .output()
        .expect("postgres runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    text.strip_suffix('\n').expect("a line").to_owned()
}

#[test]
fn postgresql_reads_hard_values_as_they_are() {
    let Some(server) = server() else {
        eprintln!("SKIPPED: no PostgreSQL server is installed, nothing was read back by it");
        return;
    };
    let hard = [
        "",
        " ",
        "a b",
        "it's",
        "''",
        "'",
        "\\",
        "\\'",
        "a\\",
        "\\n",
        "\\101",
        "# no comment",
        "a = 'b'",
        "%p %f",
        "é",
        "\t",
        "$HOME",
        "\"",
        "a'#\\''b",
    ];
    for value in hard {
        let settings = json!({"values": {"log_line_prefix": value, "work_mem": "8MB"}});
        let settings = serde_json::from_value(settings).expect("settings");
        let file = conf::render(&settings).expect("renders");
        assert_eq!(read_back(&server, &file, "log_line_prefix"), value, "{file}");
    }
}

#[test]
fn postgresql_takes_the_standby_file() {
    let Some(server) = server() else {
        eprintln!("SKIPPED: no PostgreSQL server is installed, nothing was read back by it");
        return;
    };
    let settings = json!({
        "host": "10.0.1.11", "user": "replica tor", "passfile": "/var/lib/it's \\ pass",
        "application_name": "b", "primary_slot_name": "breakwater_b", "synchronous_peer": "a",
    });
    let file = standby_conf::render(&serde_json::from_value(settings).expect("settings"));
    let file = file.expect("renders");
    assert_eq!(
        read_back(&server, &file, "primary_conninfo"),
        r"host='10.0.1.11' port='5432' user='replica tor' passfile='/var/lib/it\'s \\ pass' application_name='b' sslmode='require' channel_binding='require'",
    );
    assert_eq!(read_back(&server, &file, "synchronous_standby_names"), "FIRST 1 (\"a\")");
    assert_eq!(read_back(&server, &file, "recovery_target_timeline"), "latest");
}

#[test]
fn the_baseline_is_taken_by_the_server_it_is_for() {
    let Some(server) = server() else {
        eprintln!("SKIPPED: no PostgreSQL server is installed, nothing was read back by it");
        return;
    };
    let major = server.iter().nth(4).expect("version").to_str().expect("UTF-8");
    let values = conf::baseline(major.parse().expect("a number"), 2048).expect("known");
    let file = conf::render(&conf::Settings { values }).expect("renders");
    assert_eq!(read_back(&server, &file, "wal_log_hints"), "on");
    assert_eq!(read_back(&server, &file, "max_slot_wal_keep_size"), "2048");
}

#[test]
fn the_baseline_follows_the_version() {
    let of = |version| conf::baseline(version, 512);
    assert!(of(12).expect("known").contains_key("wal_keep_segments"));
    assert!(!of(12).expect("known").contains_key("max_slot_wal_keep_size"));
    assert_eq!(of(13).expect("known")["max_slot_wal_keep_size"], "512MB");
    assert!(of(11).is_err());
}
