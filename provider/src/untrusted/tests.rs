//! The targets of `fuzz/` as properties: no input makes any of them panic.

use proptest::collection::vec;
use proptest::prelude::*;

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

fn input() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => vec(any::<u8>(), 0..8),
        1 => ".{0,8}".prop_map(String::into_bytes),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn holds(name: &str) {
    let (_, target) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    proptest!(|(data in input())| target(&data));
}

macro_rules! properties {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            holds(stringify!($name));
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
    facts frames known_hosts lists ownership words wire settings renderers resources imports data_sources
}
