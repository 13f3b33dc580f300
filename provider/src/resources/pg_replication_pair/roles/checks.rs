//! What must hold before a running primary is stopped.

use super::super::case::Case;
use super::super::facts::Sql;
use super::super::names::NOT_LOWER;
use super::decision::Transition;
use crate::diag::{Diag, Diags, Path};

/// Refuse a switchover that would hang, fail, or leave the old primary unable to follow.
pub fn refusals(case: &Case, change: Transition) -> Diags {
    let mut refusals = Diags::new();
    if change != Transition::Switchover {
        return refusals;
    }
    let (wanted, other) = (case.primary(), case.standby());
    let (Some(new), Some(old)) = (&wanted.host.sql, &other.host.sql) else { return refusals };
    let place = case.settings.place(other.member);
    let mut refuse = |summary: &str, detail: String| {
        let refusal = Diag::error(summary, format!("{detail} Nothing was touched."));
        refusals.push(refusal.at(Path::of("primary")));
    };
    if old.backups > 0 {
        let detail = format!(
            "{} base backups of {place} are under way: a stop would end them.",
            old.backups
        );
        refuse("A base backup is under way", detail);
    }
    if old.prepared > 0 {
        let detail = format!(
            "{place} has {} prepared transactions: commit them or roll them back.",
            old.prepared
        );
        refuse("There are prepared transactions", detail);
    }
    if old.archiver_fails {
        let detail = format!(
            "The last attempt of {place} to archive WAL failed: its stop could wait for that without an end. Repair archive_command first."
        );
        refuse("The archive fails", detail);
    }
    for name in lower(old, new) {
        let detail = format!(
            "{name} is lower on {place} than on the new primary, which it could not follow. Apply the settings first, with the old primary."
        );
        refuse("The old primary could not follow", detail);
    }
    refusals
}

/// The settings that the old primary has lower than the new one.
fn lower(old: &Sql, new: &Sql) -> Vec<&'static str> {
    let value = |sql: &Sql, name: &str| -> Option<i64> {
        sql.settings.iter().find(|s| s.name == name)?.value.as_ref()?.parse().ok()
    };
    let is_lower = |name: &&str| value(old, name).zip(value(new, name)).is_some_and(|(o, n)| o < n);
    NOT_LOWER.iter().map(|(name, _)| *name).filter(is_lower).collect()
}
