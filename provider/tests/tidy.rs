//! The walls of the design stand, and nothing that belongs to a type is missing.

#[path = "tidy/imports.rs"]
mod imports;
#[path = "tidy/workflow.rs"]
mod workflow;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use provider::backend::Backend as _;
use provider::lifecycle::Provider;

/// A file of product code that grows past this is usually two things.
const LINES: usize = 450;

/// A file: its path from the repository's root, and its text.
struct Source {
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// All text files below a folder of the repository.
fn files(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(root().join(&folder)).expect("a folder of the repository");
        for entry in entries {
            let entry = entry.expect("an entry");
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if let Ok(text) = std::fs::read_to_string(entry.path()) {
                found.push(Source { path, text });
            }
        }
    }
    assert!(!found.is_empty(), "{folder} holds nothing");
    found
}

/// Sources that are shipped, of a folder.
fn product(folder: &str) -> Vec<Source> {
    let mut sources = files(folder);
    sources.retain(|s| {
        let rust = s.is("rs");
        let test = s.path.contains("/tests/") || s.path.ends_with("tests.rs");
        rust && !test && !s.path.contains("/generated/") && !s.path.ends_with("real_postgres.rs")
    });
    sources
}

impl Source {
    fn is(&self, extension: &str) -> bool {
        Path::new(&self.path).extension().is_some_and(|e| e == extension)
    }

    /// Its code: without comments, and without the tests at its end.
    fn code(&self) -> String {
        let code = self.text.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

/// Each of the words that the code of these sources has, with its place.
fn named(sources: &[Source], words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let code = source.code();
        let here = words.iter().filter(|word| code.contains(**word));
        found.extend(here.map(|word| format!("{} has `{word}`", source.path)));
    }
    found
}

fn none(found: &[String], why: &str) {
    assert!(found.is_empty(), "{why}:\n{}", found.join("\n"));
}

#[test]
fn only_the_host_module_knows_ssh() {
    let mut sources = product("provider/src");
    sources.retain(|s| !s.path.starts_with("provider/src/host"));
    none(&named(&sources, &["russh::", "russh as"]), "SSH is for provider/src/host alone");
}

#[test]
fn only_the_protocol_module_knows_the_protocol() {
    let mut sources = product("provider/src");
    sources.retain(|s| !s.path.starts_with("provider/src/protocol"));
    let words = ["tonic::", "prost::", "tonic_prost::", "rmp::"];
    none(&named(&sources, &words), "gRPC and msgpack are for provider/src/protocol alone");
}

#[test]
fn a_resource_does_nothing_itself() {
    let mut sources = product("provider/src/resources");
    sources.extend(product("provider/src/data_sources"));
    sources.extend(product("provider/src/facts"));
    let words = [
        "async ",
        ".await",
        "tokio",
        "futures::",
        "std::fs",
        "std::net::Tcp",
        "std::process",
        "std::env",
        "std::time::Instant",
        "SystemTime",
        "crate::host",
        "crate::lifecycle",
        "crate::protocol",
    ];
    none(&named(&sources, &words), "questions and steps are data; the lifecycle acts");
}

/// Steps are kept in `Steps`, which takes more at its end and gives nothing back: who reads a part of
/// a decision knows all of its steps.
#[test]
fn nobody_edits_a_list_of_steps() {
    let mut sources = product("provider/src/resources");
    sources.extend(product("provider/src/lifecycle"));
    sources.extend(product("provider/src").into_iter().filter(|s| s.path.ends_with("src/plan.rs")));
    // A model that tests use has steps of its own.
    sources.retain(|s| !s.path.contains("/model/"));
    let words = ["Vec<Step>", ".steps = ", "steps: Vec::"];
    none(&named(&sources, &words), "steps are added, and never changed or taken back");

    let list = files("provider/src/step");
    let doors = ["DerefMut", "IndexMut", "Steps(pub", "&mut Vec", "-> &mut"];
    none(&named(&list, &doors), "a list of steps only grows");
}

/// What root does to files by their names, where others may exchange what is called so.
#[test]
fn root_writes_and_gives_files_by_one_way() {
    let mut sources = product("provider/src");
    sources.retain(|s| s.path != "provider/src/shell.rs");
    let mut found = named(
        &sources,
        &["chown ", "mktemp", "install -d", "install -o", "install -m", "sed -i", "/run/lock"],
    );
    let pair = "provider/src/resources/pg_replication_pair";
    let known = [
        // In /tmp and in a directory of apt's.
        format!("{pair}/plan/install.rs has `mktemp`"),
        format!("{pair}/plan/install.rs has `install -m`"),
        // As PostgreSQL's user.
        format!("{pair}/scripts/trial.rs has `mktemp`"),
        format!("{pair}/scripts.rs has `sed -i`"),
    ];
    found.retain(|line| !known.contains(line));
    none(&found, "`put`, `write`, `give` and `own` of provider/src/shell.rs do this safely");
}

/// Every session begins with what keeps it from calling what others have put into a database.
#[test]
fn every_session_of_sql_looks_names_up_in_the_servers_own() {
    let sources = product("provider/src");
    let starts = ["/psql\"", " psql ", "Config::new()"];
    let bare: Vec<&Source> =
        sources.iter().filter(|s| starts.iter().any(|word| s.code().contains(word))).collect();
    assert!(bare.len() >= 4, "the programs and the client are still called so");
    let ours =
        |s: &&&Source| !["STARTUP", "PGOPTIONS", "self.with("].iter().any(|w| s.code().contains(w));
    let found: Vec<String> = bare.iter().filter(ours).map(|s| s.path.clone()).collect();
    none(&found, "a session of SQL that does not begin with sql::STARTUP");
}

#[test]
fn rendering_touches_nothing() {
    let words =
        ["std::fs", "std::process", "std::env", "std::io", "std::thread", "Instant", "SystemTime"];
    let sources = product("render/src");
    none(&named(&sources, &words), "render takes settings and gives text");
    let sockets = ["std::net::Tcp", "std::net::Udp", "ToSocketAddrs", "async "];
    none(&named(&sources, &sockets), "render takes settings and gives text");

    let manifest = std::fs::read_to_string(root().join("render/Cargo.toml")).expect("a manifest");
    let manifest: toml::Table = manifest.parse().expect("TOML");
    let dependencies: BTreeSet<&str> =
        manifest["dependencies"].as_table().expect("a table").keys().map(String::as_str).collect();
    // None of them opens a file or a connection, as they are used here.
    let known = [
        "handlebars",
        "ipnet",
        "semver",
        "serde",
        "serde-saphyr",
        "serde_json",
        "thiserror",
        "zeroize",
    ];
    assert_eq!(dependencies, BTreeSet::from(known));
}

/// What differs between Harbor's releases is in one table, which is asked by name.
#[test]
fn only_the_table_of_releases_compares_their_numbers() {
    let mut sources = product("render/src");
    sources.retain(|s| !s.path.starts_with("render/src/harbor/release"));
    sources.extend(product("provider/src"));
    sources.extend(product("tests/standins/harbor"));
    let words = [
        ".minor()",
        ".patch()",
        "release.minor",
        "release.patch",
        ".minor <",
        ".minor >",
        ".minor =",
        ".since(",
        " < (2,",
        " <= (2,",
        " > (2,",
        " >= (2,",
    ];
    none(&named(&sources, &words), "releases are compared in render/src/harbor/releases.rs alone");
}

#[test]
fn every_type_has_its_example_page_and_cases() {
    let provider = Provider::new();
    let schemas = provider.schemas();
    let mut missing = Vec::new();
    let mut need = |path: String| {
        if !root().join(&path).is_file() {
            missing.push(path);
        }
    };
    for schema in &schemas.resources {
        let Some(short) = schema.name.strip_prefix("harbor_") else { continue };
        need(format!("examples/resources/{}/resource.tf", schema.name));
        need(format!("examples/resources/{}/import.sh", schema.name));
        need(format!("docs/resources/{short}.md"));
    }
    for schema in &schemas.data_sources {
        let short = schema.name.strip_prefix("harbor_").expect("the prefix of every type");
        need(format!("examples/data-sources/{}/data-source.tf", schema.name));
        need(format!("docs/data-sources/{short}.md"));
    }
    for function in &schemas.functions {
        need(format!("examples/functions/{}/function.tf", function.name));
        need(format!("docs/functions/{}.md", function.name));
    }
    none(&missing, "missing");
}

#[test]
fn every_resource_has_a_case_in_which_nothing_is_to_be_done() {
    let provider = Provider::new();
    for schema in &provider.schemas().resources {
        let Some(short) = schema.name.strip_prefix("harbor_") else { continue };
        let folder = format!("provider/tests/plans/{short}");
        assert!(
            root().join(&folder).is_dir(),
            "{folder} is missing: plan cases of {}",
            schema.name
        );
        // A refusal has no steps either, and proves nothing.
        let quiet = files(&folder).into_iter().any(|s| {
            let has = |line: &str| s.text.lines().any(|l| l == line);
            s.is("txt") && has("steps: none") && has("refusals: none")
        });
        assert!(quiet, "{folder} has no case without steps");
    }
}

/// Who reads one file can read on to what it needs, and comes to an end.
#[test]
fn no_files_import_each_other_in_a_circle() {
    let crates = [
        "render/src",
        "provider/src",
        "tests/src",
        "tests/rig",
        "tests/client",
        "tests/stories",
        "tests/standins/harbor",
        "tests/standins/alicloud",
    ];
    let found: Vec<String> =
        crates.iter().flat_map(|root| imports::circles(root, &product(root))).collect();
    none(&found, "these files import each other in a circle");
}

/// Who has seen the folder of one resource finds the way in all.
#[test]
fn every_resource_has_the_same_rooms() {
    const ROOMS: [&str; 9] = [
        "mod",
        "settings",
        "validate",
        "questions",
        "facts",
        "observe",
        "plan",
        "destroy",
        "import",
    ];
    let paths: Vec<String> =
        product("provider/src/resources").into_iter().map(|s| s.path).collect();
    let of = |folder: &str, room: &str| paths.contains(&format!("{folder}/{room}.rs"));
    let folders = paths.iter().filter_map(|path| path.strip_suffix("/mod.rs"));
    let folders: Vec<&str> = folders.filter(|folder| of(folder, "settings")).collect();
    assert!(folders.len() > 4, "{folders:?}");
    let lacks = |folder: &&str| {
        let rooms = ROOMS.into_iter().filter(|room| !of(folder, room)).map(str::to_owned);
        let acts = of(folder, "scripts") || of(folder, "sql");
        let lacking = rooms.chain((!acts).then(|| "scripts".to_owned()));
        lacking.map(|room| format!("{folder} has no {room}.rs")).collect::<Vec<_>>()
    };
    none(&folders.iter().flat_map(lacks).collect::<Vec<_>>(), "each resource is laid out alike");
}

#[test]
fn no_file_of_the_product_is_too_long() {
    let sources = product("provider/src").into_iter().chain(product("render/src"));
    let long: Vec<String> = sources
        .map(|s| (s.text.lines().count(), s.path))
        .filter(|(lines, _)| *lines > LINES)
        .map(|(lines, path)| format!("{path}: {lines} lines"))
        .collect();
    none(&long, "too long");
}

#[test]
fn nothing_is_left_undone() {
    let mut sources = product("provider/src");
    sources.extend(product("render/src"));
    sources.extend(product("tests/src"));
    // With a gap, so that this file does not name them itself.
    let words: Vec<String> = ["todo", "unimplemented", "dbg"].map(|w| format!("{w}!(")).to_vec();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    none(&named(&sources, &words), "left over");
}

/// A path of one machine works on no other; crates come from the public registry alone.
#[test]
fn nothing_names_one_machine() {
    let homes = ["work", "Users"].map(|folder| format!("/{folder}/"));
    let mut found = Vec::new();
    for folder in ["render", "provider", "tests", "examples", "docs"] {
        for source in files(folder) {
            let here = homes.iter().filter(|home| source.text.contains(*home));
            found.extend(here.map(|home| format!("{} has `{home}`", source.path)));
        }
    }
    none(&found, "paths of one machine");

    let lock = std::fs::read_to_string(root().join("Cargo.lock")).expect("a lock file");
    let elsewhere: Vec<String> = lock
        .lines()
        .filter(|line| line.starts_with("source = ") && !line.starts_with("source = \"registry+"))
        .map(str::to_owned)
        .collect();
    none(&elsewhere, "not from the public registry");
}

#[test]
fn the_workflow_of_a_release_calls_the_script_for_each_platform() {
    let path = root().join(".github/workflows/release.yml");
    let text = std::fs::read_to_string(path).expect("the workflow");
    none(&workflow::faults(&text), "the workflow of a release");

    for (from, to) in [
        ("run: .ci/release sign", "run: true"),
        ("aarch64-apple-darwin", "aarch64-apple-ios"),
        ("jobs:", "jobs"),
        ("grep -qx \"", "grep -qx \"\""),
    ] {
        let broken = text.replacen(from, to, 1);
        assert_ne!(broken, text, "the workflow has `{from}`");
        assert!(!workflow::faults(&broken).is_empty(), "`{to}` is not found");
    }
}
