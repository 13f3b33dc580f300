//! The targets of `fuzz/` as properties: no input makes any of them panic. Half of the inputs are made of
//! pieces, half are real texts with edits.

use std::cell::Cell;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::*;

/// Pieces of what hosts print and users write, and of what neither does.
const PIECES: &[&str] = &[
    "\n",
    "\n\n",
    "=",
    ":",
    ": ",
    " ",
    "\t",
    "/",
    ",",
    "|",
    "'",
    "\"",
    "$",
    "{",
    "}",
    "[",
    "]",
    "\\",
    "#",
    "!",
    "@",
    "\0",
    "\r",
    "\u{1e}",
    "\u{1b}[2J",
    "\u{202e}",
    "é",
    "漢",
    "\u{feff}",
    "0",
    "1",
    "-1",
    "15",
    "600",
    "640 postgres postgres\n",
    "4294967296",
    "9223372036854775807",
    "18446744073709551615",
    "18446744073709551616",
    "99999999999999999999999999",
    "1e400",
    "NaN",
    "0/0",
    "FFFFFFFF/FFFFFFFF",
    "null",
    "true",
    "yes",
    "no",
    "server=yes",
    "cluster=yes",
    "data=/x",
    "free=",
    "end=",
    "end_timeline=",
    "there=",
    "clock=",
    "mtime=",
    "dir=data",
    "@@control\n",
    "@@history\n",
    "@@sql\n",
    "@@end\n",
    "Bytes per WAL segment: ",
    "Latest checkpoint's TimeLineID: ",
    "1\t0/3000000\tno reason",
    "Debian",
    "VERSION_CODENAME=bookworm",
    "ID=debian",
    "ii ",
    "active",
    "enabled",
    "200 ",
    "{\"status\":\"healthy\"}",
    "password",
    "password: ",
    "host all all 0.0.0.0/0 md5",
    "https:\n  port: ",
    "hostname: ",
    "user=",
    "SCRAM-SHA-256$4096:",
    "AAAA",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA",
    "|1|",
    "@revoked ",
    "*",
    "?",
    "bw-begin-0123456789abcdef0123456789abcdef\n",
    "bw-end-0123456789abcdef0123456789abcdef:",
    "root@10.0.1.11:22",
    "a=",
    "b=",
    "s",
    "m",
    "h",
    "v2.26.1",
    "5:19.03.6~3-0~ubuntu",
];

/// Inputs that each target is tried with.
const INPUTS: u32 = 1000;

/// What hosts print, what stands on them, and what users give.
const REAL: &[&str] = &[
    include_str!("../resources/ha_node/tests/registry.crt"),
    include_str!("../resources/ha_node/tests/registry.key"),
    include_str!("../data_sources/pg_status/standby.json"),
    include_str!("../../tests/plans/pg_replication_pair/healthy-a.postgres.out"),
    include_str!("../../tests/plans/pg_replication_pair/healthy-a.packages.out"),
    include_str!("../../../render/tests/goldens/hba/again/existing"),
    include_str!("../../../render/tests/goldens/daemon_json/beside-others/daemon.json"),
    include_str!("../../../render/tests/goldens/harbor_yml/article-2.3.2/harbor.yml"),
    "file /etc/apt/sources.list.d/pgdg.list\n deb [signed-by=/x.gpg] https://pg.example/apt a-pgdg main\n\
     file /etc/apt/sources.list.d/pgdg.sources\n URIs: https://pg.example/apt\n Suites: a-pgdg\n",
    "manager=patroni.service is active\nheld=libpq5 installed\nblocked=yes\nowned=x: /y\n",
];

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
        1 => ".{0,8}".prop_map(String::into_bytes),
    ]
}

/// A real text, of which a few bytes somewhere are another piece.
fn edited() -> impl Strategy<Value = Vec<u8>> {
    let edit = (any::<prop::sample::Index>(), 0_usize..40, piece());
    (proptest::sample::select(REAL), vec(edit, 0..6)).prop_map(|(text, edits)| {
        let mut data = text.as_bytes().to_vec();
        for (at, length, piece) in edits {
            let at = at.index(data.len() + 1);
            let end = data.len().min(at + length);
            data.splice(at..end, piece);
        }
        data
    })
}

fn input() -> impl Strategy<Value = Vec<u8>> {
    let pieces = vec(piece(), 0..40).prop_map(|pieces| pieces.concat());
    prop_oneof![pieces, edited()]
}

/// How many inputs a target took.
fn tried(name: &str) -> u32 {
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    let tried = Cell::new(0);
    let config = Config { failure_persistence: None, ..Config::with_cases(INPUTS) };
    let result = TestRunner::new(config).run(&input(), |data| {
        target(&data);
        tried.set(tried.get() + 1);
        Ok(())
    });
    result.unwrap_or_else(|why| panic!("{name}: {why}"));
    tried.get()
}

macro_rules! properties {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            assert!(tried(stringify!($name)) >= INPUTS);
        })*

        #[test]
        fn every_target_is_tried() {
            let tried = [$(stringify!($name)),*];
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, tried);
            // And each is a program for cargo fuzz.
            for name in names {
                let program = format!("{}/../fuzz/targets/{name}.rs", env!("CARGO_MANIFEST_DIR"));
                let program = std::fs::read_to_string(&program).unwrap_or_else(|e| panic!("{program}: {e}"));
                assert!(program.contains(&format!("\"{name}\"")), "{program}");
            }
        }
    };
}

properties! {
    facts frames known_hosts lists ownership words merges certificates wire settings renderers resources imports data_sources
}
