//! A pair that was built by hand: what the plan says of it beside the lines that change.

use super::super::case::{Case, Side};
use super::super::files::parse_conf;
use super::super::settings::Member;
use crate::diag::{Diag, Diags};
use crate::facts::file::FileFact;

/// What is unsafe, and what gets another value.
pub fn warnings(case: &Case) -> Diags {
    let mut warnings = Diags::new();
    for member in Member::BOTH {
        let side = case.side(member);
        let place = case.settings.place(member);
        let found = [unsafe_things(&side), overridden(&side)];
        let heads = ["is set up unsafely", "gets other settings"];
        for (found, head) in found.into_iter().zip(heads).filter(|(found, _)| !found.is_empty()) {
            let lines: Vec<String> = found.into_iter().map(|l| format!("- {l}")).collect();
            let summary = format!("PostgreSQL on {place} {head}");
            warnings.push(Diag::warning(summary, lines.join("\n")));
        }
    }
    warnings
}

fn unsafe_things(side: &Side) -> Vec<String> {
    let (host, paths) = (side.host, side.paths);
    let text = |path: &str| host.files.get(path).and_then(FileFact::text).unwrap_or_default();
    let mut found = Vec::new();
    for line in text(&paths.hba).lines().filter(|l| !l.trim_start().starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first().is_some_and(|w| w.starts_with("host")) && words.contains(&"trust") {
            found.push(format!(
                "{}: \"{}\" lets in without a password.",
                paths.hba,
                words.join(" ")
            ));
        }
    }
    let main = parse_conf(text(&paths.main_conf));
    let holds_password = |value: &String| value.contains("password=");
    if main.get("primary_conninfo").is_some_and(holds_password) {
        found.push(format!(
            "{}: primary_conninfo holds a password in clear. It has no effect any more, and with the \
             first apply the role has another password; remove the line.",
            paths.main_conf
        ));
    }
    let archive = main.get("archive_command").filter(|c| c.contains("cp ") && c.contains("%p"));
    if let Some(command) = archive {
        found.push(format!(
            "archive_command is \"{command}\": cp does not sync, and a segment that was half copied \
             blocks it for ever. archive_dir sets a safe one."
        ));
    }
    if host.unit_edited {
        found.push(
            "/lib/systemd/system/postgresql@.service sets PGDATA: it has no effect, and the next \
             upgrade of the package takes it back. `apt-get install --reinstall postgresql-common` \
             does so now."
                .to_owned(),
        );
    }
    if host.signal_text {
        found.push(format!(
            "Something is written into {}/standby.signal: PostgreSQL does not read it.",
            host.data
        ));
    }
    if host.sql.is_some() && !host.control.rewindable {
        found.push(
            "It has neither data checksums nor wal_log_hints: pg_rewind cannot work, so after a \
             failover the old primary may have to be copied anew. wal_log_hints = \"on\" needs a \
             restart."
                .to_owned(),
        );
    }
    found
}

/// Values in `postgresql.conf` that our file will override, while it is not there yet.
fn overridden(side: &Side) -> Vec<String> {
    let (host, paths) = (side.host, side.paths);
    let ours_is_there = host.files.get(&paths.shared_conf).is_some_and(FileFact::is_present);
    if ours_is_there || host.sql.is_none() {
        return Vec::new();
    }
    let main = host.files.get(&paths.main_conf).and_then(FileFact::text).unwrap_or_default();
    let before = parse_conf(main);
    let after = side.files.shared_values().unwrap_or_default();
    let other = |(name, new): (&String, &String)| {
        let old = before.get(name).filter(|old| *old != new)?;
        Some(format!("{name}: '{old}' in postgresql.conf, '{new}' after the apply"))
    };
    after.iter().filter_map(other).collect()
}
