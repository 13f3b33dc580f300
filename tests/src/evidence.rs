//! What a person needs to see of a story that failed: what the provider logged and what the hosts'
//! journals have since the section began.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::rig::{Host, Rig, used};

/// How much of one log or journal is shown, in lines from its end.
const LINES: usize = 150;

thread_local! {
    /// Since when what this thread's story does is to be shown, if it fails.
    static SINCE: Cell<Option<SystemTime>> = const { Cell::new(None) };
}

/// What comes now is shown if it fails; what was before is not. Rigs of a thread that fails stay until
/// [`take_down`].
pub fn begin() {
    SINCE.set(Some(SystemTime::now()));
    used::leave_when_failing();
}

/// Shows it, if it was not shown.
pub fn show() {
    if let Some(begun) = SINCE.take() {
        eprintln!("{}", since(begun));
    }
}

/// Takes down what is still up of this thread's rigs, unless `BREAKWATER_KEEP` is set.
pub fn take_down() {
    for rig in used::names() {
        if !crate::rig::keep()
            && let Err(why) = Rig::down(&rig)
        {
            eprintln!("rig: failed to take {rig} down: {why}");
        }
    }
}

/// All that was logged since, of this thread's rigs.
fn since(begun: SystemTime) -> String {
    let mut text = String::new();
    for rig in used::names().iter().filter_map(|name| Rig::find(name).ok()) {
        for folder in folders(&rig.state().folder.join("terraform")) {
            text += &logs(&folder, begun);
        }
        rig.hosts().for_each(|host| text += &journal(&host, begun));
    }
    text
}

/// A folder and those in it, as an environment is a folder deeper than others.
fn folders(folder: &Path) -> Vec<std::path::PathBuf> {
    let below = entries(folder).into_iter().filter(|path| path.is_dir() && !path.is_symlink());
    let below: Vec<_> = below.flat_map(|path| folders(&path)).collect();
    std::iter::once(folder.to_owned()).chain(below).collect()
}

fn entries(folder: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.flatten().map(|entry| entry.path()).collect()
}

/// The end of each log in a folder that was written to since.
fn logs(folder: &Path, begun: SystemTime) -> String {
    let is_log = |path: &&std::path::PathBuf| path.extension().is_some_and(|e| e == "log");
    let is_new = |path: &&std::path::PathBuf| {
        let changed = path.metadata().and_then(|m| m.modified());
        changed.is_ok_and(|changed| changed >= begun)
    };
    let all = entries(folder);
    let logs = all.iter().filter(is_log).filter(is_new);
    logs.map(|path| {
        let text = fs::read(path).unwrap_or_default();
        let text = String::from_utf8_lossy(&text).into_owned();
        let lines: Vec<&str> = text.lines().filter(|line| is_step(line)).collect();
        shown(&path.display().to_string(), &last(&lines))
    })
    .collect()
}

/// What a log has of the provider, without what Terraform says of itself: as Terraform writes it, or as
/// the provider does.
fn is_step(line: &str) -> bool {
    ["@module=harbor", "\"@module\":\"harbor", ": step "].iter().any(|sign| line.contains(sign))
}

fn journal(host: &Host, begun: SystemTime) -> String {
    let seconds = begun.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs());
    let script = format!(
        "journalctl --no-pager --quiet -o short-iso --since @{seconds} | tail -n {LINES}
         for err in /run/breakwater/jobs/*/err; do
           [ ! -s \"$err\" ] || {{ echo \"--- $err\"; tail -n 20 \"$err\"; }}
         done"
    );
    let said = host.sh(&script).unwrap_or_else(|why| why.to_string());
    shown(&format!("journal of {}", host.state().name), &said)
}

fn last(lines: &[&str]) -> String {
    lines[lines.len().saturating_sub(LINES)..].join("\n")
}

fn shown(what: &str, text: &str) -> String {
    format!("\n--- {what}\n{}\n", text.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_of_a_section_are_found_wherever_they_are_and_old_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let below = folder.path().join("environments/production");
        fs::create_dir_all(&below).unwrap();
        let line = "2026 [INFO]  provider: step begins: host=root@h:22 step=\"x\" @module=harbor\n";
        fs::write(below.join("provider.log"), format!("2026 [INFO]  CLI args\n{line}")).unwrap();
        let text: String = folders(folder.path()).iter().map(|f| logs(f, UNIX_EPOCH)).collect();
        assert!(text.contains("provider.log\n2026 [INFO]  provider: step begins"), "{text}");
        assert!(!text.contains("CLI args"), "{text}");
        let own = "{\"@message\":\"step begins\",\"@module\":\"harbor.provider::lifecycle\"}\n";
        fs::write(below.join("client.log"), own).unwrap();
        assert!(logs(&below, UNIX_EPOCH).contains("step begins\",\"@module"));
        let later = SystemTime::now() + std::time::Duration::from_secs(60);
        assert_eq!(logs(&below, later), "");
    }
}
