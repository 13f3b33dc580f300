//! What is odd and no reason to stop.

use super::super::case::{Case, Side};
use super::super::settings::Member;
use crate::diag::{Diag, Diags};

/// Seconds between two clocks that are worth a word. Hosts that take their time from somewhere are within
/// milliseconds of each other; both are asked at the same time, and a busy one may answer seconds later.
const CLOCKS: u64 = 10;

/// What is odd and no reason to stop.
pub fn warnings(case: &Case) -> Diags {
    let mut warnings = Diags::new();
    let lag = case.observed.outputs.get("lag_bytes");
    if let Some(crate::value::Value::Int(lag)) = lag
        && *lag > case.settings.max_lag_bytes
    {
        let summary = "The standby is far behind";
        let detail = format!(
            "{} has {lag} bytes of WAL still to replay; max_lag_bytes is {}.",
            case.settings.place(case.settings.standby()),
            case.settings.max_lag_bytes
        );
        warnings.push(Diag::warning(summary, detail));
    }
    for member in Member::BOTH {
        warnings.extend(of_files(case, &case.side(member)));
        warnings.extend(of_slots(case, &case.side(member)));
    }
    warnings.extend(of_minors(case));
    warnings.extend(of_clocks(case));
    warnings.extend(of_waiting(case));
    warnings
}

/// A primary that waits for a standby which confirms nothing.
fn of_waiting(case: &Case) -> Diags {
    let mut warnings = Diags::new();
    let sides = Member::BOTH.map(|m| case.side(m));
    let Some(side) = sides.iter().find(|side| side.host.takes_writes()) else { return warnings };
    let Some(sql) = &side.host.sql else { return warnings };
    let names = sql.settings.iter().find(|s| s.name == "synchronous_standby_names");
    let waits = names.and_then(|s| s.value.as_ref()).is_some_and(|names| !names.is_empty());
    let confirmed = sql.replication.iter().any(|r| r.sync.as_deref() == Some("sync"));
    if waits && !confirmed {
        let detail = format!(
            "Each commit on {} waits until {} has it, and that one does not follow. They go on when \
             it does. To go on without it, write sync = \"off\" and apply: from then on what only {} \
             has can be lost with it.",
            case.settings.place(side.member),
            case.settings.place(side.member.peer()),
            side.member.word()
        );
        warnings.push(Diag::warning("Writes wait for the standby", detail));
    }
    warnings
}

/// No decision here uses the time, but certificates and passwords that expire do.
fn of_clocks(case: &Case) -> Diags {
    let mut warnings = Diags::new();
    let (a, b) = (case.side(Member::A), case.side(Member::B));
    let Some((on_a, on_b)) = a.host.clock.zip(b.host.clock) else { return warnings };
    let apart = on_a.abs_diff(on_b);
    if apart > CLOCKS {
        let ahead = if on_a > on_b { &a } else { &b };
        let detail = format!(
            "The clock of {} is {apart} s ahead of the other's. Roles change by positions in the \
             WAL and never by the time; but certificates and passwords that expire do so too early \
             or too late. Have both hosts take their time from one source.",
            case.settings.place(ahead.member)
        );
        warnings.push(Diag::warning("The clocks of the hosts differ", detail));
    }
    warnings
}

/// Slots of others hold WAL and old rows; whether somebody still needs that is not known here.
fn of_slots(case: &Case, side: &Side) -> Diags {
    let mut warnings = Diags::new();
    let slots = side.host.sql.iter().flat_map(|s| &s.slots);
    for slot in slots.filter(|s| s.name != case.settings.slot_name && !s.active) {
        let age = slot.xmin_age.max(slot.catalog_xmin_age);
        let xmin = match age {
            Some(age) => format!("and rows deleted since {age} transactions"),
            None => "and no deleted rows (no xmin)".to_owned(),
        };
        let detail = format!(
            "Nobody uses the {} slot {} on {}; it keeps {} bytes of WAL{}, {xmin}. It is not the \
             pair's and is never dropped by it. If nobody needs it: SELECT \
             pg_drop_replication_slot('{}').",
            slot.r#type,
            slot.name,
            case.settings.place(side.member),
            slot.held.unwrap_or_default(),
            slot.wal_status.as_ref().map(|s| format!(" (wal_status {s})")).unwrap_or_default(),
            slot.name
        );
        warnings.push(Diag::warning("A slot of somebody else holds WAL", detail));
    }
    warnings
}

/// The servers that run may differ for the time of an upgrade; a standby must not stay the older.
fn of_minors(case: &Case) -> Diags {
    let mut warnings = Diags::new();
    let running = |side: &Side| {
        let version = side.host.sql.as_ref()?.version.split(' ').next()?;
        Some((version.to_owned(), version.split_once('.')?.1.parse::<u32>().ok()?))
    };
    let (primary, standby) = (case.primary(), case.standby());
    let (Some((p, p_minor)), Some((s, s_minor))) = (running(&primary), running(&standby)) else {
        return warnings;
    };
    if p_minor != s_minor {
        let (older, newer) = if p_minor > s_minor {
            (
                &standby,
                "Upgrade the standby soon: it reads what a newer server wrote. package_version does it.",
            )
        } else {
            (
                &primary,
                "The standby is upgraded; to finish, set package_version, which upgrades the primary.",
            )
        };
        let detail = format!(
            "{} runs PostgreSQL {p}, {} {s}: {} is the older. {newer}",
            case.settings.place(primary.member),
            case.settings.place(standby.member),
            older.member.word()
        );
        warnings.push(Diag::warning("The servers are of different minor versions", detail));
    }
    warnings
}

fn of_files(case: &Case, side: &Side) -> Diags {
    let mut warnings = Diags::new();
    let Some(sql) = &side.host.sql else { return warnings };
    let ours = [&side.paths.shared_conf, &side.paths.own_conf];
    for line in &sql.file_settings {
        let (Some(name), Some(file)) = (&line.name, &line.file) else { continue };
        let hidden = ours.contains(&file) && !line.applied && line.error.is_none();
        let by = sql.settings.iter().find(|s| s.name == *name).map_or("", |s| s.file.as_str());
        let ours_or_repaired = ours.iter().any(|o| *o == by)
            || by.ends_with("/postgresql.auto.conf")
            || by == side.paths.main_conf;
        if hidden && !by.is_empty() && !ours_or_repaired {
            let detail = format!(
                "On {}, {by} is read after our files and sets {name}. Remove it there.",
                case.settings.place(side.member)
            );
            warnings.push(Diag::warning(format!("{name} is set by another file"), detail));
        }
    }
    warnings
}
