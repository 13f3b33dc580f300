//! Why something is refused, what would be lost, and what the user can do.

use sha2::{Digest, Sha256};

use super::super::case::{Case, Side};
use super::super::describe::role;
use super::super::facts::Host;
use super::super::wal::lineage::{Fork, Lineage, compare, position};
use super::conditions::both_write;
use super::decision::{Refusal, Row};
use super::observed::{Observed, Server, Who, lag};
use crate::wal::Lsn;

/// Where it is refused, in which words, and why.
pub struct Message {
    /// Attribute.
    pub at: &'static str,
    /// In a few words.
    pub summary: &'static str,
    /// What was seen, and the ways out.
    pub detail: String,
}

/// A text that agrees to a loss in just this state: it is made from what was seen, and so it agrees
/// to nothing else. Digits and letters.
pub fn token(case: &Case) -> String {
    let of = |side: Side| {
        let position = position(side.host);
        let timeline = position.as_ref().map_or(0, |p| p.timeline);
        let still = side.host.sql.as_ref().is_none_or(|s| s.recovery);
        let end = position.filter(|_| still).map_or(0, |p| p.end);
        // What a running primary has written goes on; when it was started stays.
        let started = side.host.sql.as_ref().map(|s| s.started.as_str()).unwrap_or_default();
        let mark = if still { side.host.prefix.as_deref().unwrap_or_default() } else { started };
        format!("{}|{timeline}|{end}|{mark}", side.host.control.system_identifier)
    };
    let (wanted, other) = (case.primary(), case.standby());
    let text = format!("{}|{}|{}", wanted.member.word(), of(wanted), of(other));
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(6).fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
}

/// Whether the token of this state was given.
pub fn agreed(case: &Case) -> bool {
    case.settings.data_loss_token.as_ref().is_some_and(|given| given.trim() == token(case))
}

/// `a (10.0.0.1): primary, timeline 2, at 0/5000000`
fn seen_of(case: &Case, side: &Side) -> String {
    let place = case.settings.place(side.member);
    if let Some(why) = case.missing(side.member) {
        return format!("{place} does not answer: {why}");
    }
    let state = match role(case, side.host) {
        state if state.is_empty() => "no data".to_owned(),
        state => state,
    };
    let Some(position) = position(side.host) else { return format!("{place}: {state}") };
    let after = match &side.host.after_fork {
        Some(after) if after.commits > 0 => format!(
            ", {} committed transactions of its own since they parted (from {} to {})",
            after.commits, after.first, after.last
        ),
        Some(_) => ", no committed transaction of its own since they parted".to_owned(),
        None => String::new(),
    };
    format!(
        "{place}: {state}, timeline {}, at {}{after}",
        position.timeline,
        Lsn(position.end).to_string()
    )
}

fn both(case: &Case) -> String {
    let fork = match (position(case.primary().host), position(case.standby().host)) {
        (Some(a), Some(b)) => match compare(&a, &b) {
            Fork::At(at) => format!(" They parted at {}.", Lsn(at)),
            Fork::Nowhere | Fork::Unknown => String::new(),
        },
        _ => String::new(),
    };
    format!("{}; {}.{fork}", seen_of(case, &case.primary()), seen_of(case, &case.standby()))
}

/// What is lost by a promotion; none where nothing can be.
pub fn loss(case: &Case, seen: &Observed) -> Option<String> {
    let complete = matches!(seen.lineage, Lineage::Level | Lineage::WantedAhead);
    if complete && matches!(seen.other, Server::Standby(_)) {
        return None;
    }
    Some(format!(
        "transactions that only {} has are not served any more",
        case.standby().member.word()
    ))
}

/// The setting that agreed to that loss.
pub fn consent(case: &Case) -> String {
    if agreed(case) {
        "data_loss_token".to_owned()
    } else {
        "unreachable_primary = \"promote_if_sync\"".to_owned()
    }
}

/// What is not served any more when one of two primaries is stopped.
pub fn of_both(case: &Case) -> String {
    let other = case.standby();
    let commits = other
        .host
        .after_fork
        .as_ref()
        .map_or("what".to_owned(), |a| format!("{} transactions that", a.commits));
    format!(
        "{commits} only {} has are not served any more; its data stays there",
        other.member.word()
    )
}

/// What is not served any more when diverged data is taken back.
pub fn of_rewind(case: &Case, side: &Side) -> String {
    let name = side.member.word();
    match &side.host.after_fork {
        Some(after) => format!(
            "{} transactions that only {name} has leave its data; what it had is kept beside {}",
            after.commits, side.paths.data
        ),
        None => format!(
            "what only {name} has leaves its data; it is kept beside {} on {}",
            side.paths.data,
            case.settings.place(side.member)
        ),
    }
}

/// What was seen, and why the roles change.
pub fn of_change(case: &Case, row: &Row) -> (String, String) {
    let lag = lag(case)
        .map(|l| format!(" The standby lacks {l} bytes at this moment."))
        .unwrap_or_default();
    let detail = format!("{}{lag} Why: {}.", both(case), row.reason);
    ("The roles of the pair change".to_owned(), detail)
}

/// What a fence means.
pub fn of_fence(case: &Case, side: &Side) -> (String, String) {
    let place = case.settings.place(side.member);
    let detail = format!(
        "{} This apply only keeps PostgreSQL on {place} from coming up writable; the next step needs \
         on_divergence = \"rewind\" or \"reclone\".",
        both(case)
    );
    (format!("{place} has, or may have, writes that the primary has not"), detail)
}

/// The words for a refusal.
pub fn refusal(case: &Case, seen: &Observed, why: Refusal) -> Message {
    let (at, summary) = heading(seen, why);
    let detail = format!("{} {} Nothing was touched.", both(case), ways(case, seen, why));
    Message { at, summary, detail }
}

/// The attribute, and what is wrong in a few words.
fn heading(seen: &Observed, why: Refusal) -> (&'static str, &'static str) {
    let summary = match why {
        Refusal::Foreign => return ("nodes", "The data is of another cluster"),
        Refusal::Diverged(Who::Other) => {
            return ("on_divergence", "The standby has writes that the primary has not");
        }
        Refusal::Unusable => return ("on_divergence", "The standby's data cannot be used"),
        Refusal::SlotLost => return ("on_divergence", "The standby cannot catch up"),
        Refusal::WantedEmpty => "The primary's data is missing",
        Refusal::WantedUnreadable => "The primary's data cannot be read",
        Refusal::Gone | Refusal::GoneAndDown => "The primary's host does not answer",
        Refusal::OtherEmpty | Refusal::OtherUnreadable => "What the old primary had cannot be read",
        Refusal::SplitBrain if both_write(seen) => "Both servers take writes",
        Refusal::SplitBrain => "Each server has writes that the other has not",
        Refusal::Diverged(Who::Wanted) => "The wanted primary has another history",
        Refusal::Paused => "The replay is paused",
        Refusal::Detached => "The standby does not follow",
        Refusal::Behind => "The standby is too far behind",
        Refusal::NoPrimary => "Neither server takes writes",
        Refusal::OtherAhead => "The other server is ahead",
        Refusal::Unproven => "What the old primary had cannot be brought over",
        Refusal::Wait => "A server is just starting",
    };
    ("primary", summary)
}

/// The ways out.
fn ways(case: &Case, seen: &Observed, why: Refusal) -> String {
    let (wanted, other) = (case.primary(), case.standby());
    let (w, o) = (wanted.member.word(), other.member.word());
    let token = token(case);
    match why {
        Refusal::Foreign => {
            "It is no copy of the pair's: move it away, or choose another directory.".to_owned()
        }
        Refusal::WantedEmpty => format!(
            "A new cluster would take its place, so none is made. If a mount is missing, mount it; \
             if the data is lost, write primary = \"{o}\"."
        ),
        Refusal::WantedUnreadable => format!(
            "A rewind of it may have been cut off. Write primary = \"{o}\"; then on_divergence = \
             \"reclone\" copies {w} anew."
        ),
        Refusal::Gone => gone(case, seen, &token),
        Refusal::GoneAndDown => format!(
            "PostgreSQL on {w} is down, so what it has cannot be compared: start it (systemctl \
             start {}) and plan again.",
            wanted.paths.unit
        ),
        Refusal::OtherEmpty | Refusal::OtherUnreadable => match seen.wanted {
            Server::Down(stopped) if stopped.fenced || !stopped.was_primary => format!(
                "If a mount is missing on {o}, mount it. Else start PostgreSQL on {w} (systemctl \
                 start {}) and plan again: it comes up as a standby, and what it has is seen.",
                wanted.paths.unit
            ),
            _ => format!(
                "If a mount is missing on {o}, mount it. To go on with {w} all the same, and lose \
                 what only {o} had, write data_loss_token = \"{token}\"."
            ),
        },
        Refusal::Unusable => format!(
            "A rewind of {} on {o} was cut off or still runs, or the data there is damaged. \
             on_divergence = \"reclone\" moves it aside and copies it anew.",
            other.paths.data
        ),
        Refusal::SplitBrain => format!(
            "Only you can say whose writes count. To keep those of {w}, write data_loss_token = \
             \"{token}\": {o} is stopped, and its data is kept. To keep those of {o}, write primary \
             = \"{o}\" and plan again."
        ),
        Refusal::Diverged(Who::Other) => format!(
            "on_divergence = \"rewind\" takes {o} back to where they parted{}; \"reclone\" moves \
             its data aside and copies it anew. Both keep what it had beside {}.",
            rewindable(case),
            other.paths.data
        ),
        Refusal::Diverged(Who::Wanted) => format!(
            "{w} cannot take over from {o}. Write primary = \"{o}\", and on_divergence = \"rewind\" \
             or \"reclone\" makes {w} its standby again; change primary afterwards."
        ),
        Refusal::SlotLost => format!(
            "The primary has removed WAL that {o} needs (slot {} is lost; slot_keep_mib is {}). \
             on_divergence = \"reclone\" moves its data aside and copies it anew.",
            case.settings.slot_name, case.settings.slot_keep_mib
        ),
        Refusal::Paused => format!(
            "{w} has {} bytes still to replay. On {w} run SELECT pg_wal_replay_resume(), and plan again.",
            lag(case).unwrap_or_default()
        ),
        Refusal::Detached => format!(
            "The primary is not stopped for a standby that receives nothing. Write primary = \
             \"{o}\" and apply: that repairs the pair; change primary when it streams."
        ),
        Refusal::Behind => format!(
            "It has {} bytes still to replay, and max_lag_bytes is {}. Wait, or raise max_lag_bytes.",
            lag(case).unwrap_or_default(),
            case.settings.max_lag_bytes
        ),
        Refusal::NoPrimary => format!(
            "Their WAL cannot be compared, so it is not proven that {w} has all that {o} has. If {o} \
             is the one to go on with, write primary = \"{o}\". To go on with {w}, and lose what only \
             {o} has, write data_loss_token = \"{token}\"."
        ),
        Refusal::OtherAhead => format!(
            "If {w} took writes now, what only {o} has would be lost. Write primary = \"{o}\"."
        ),
        Refusal::Unproven => format!(
            "Start PostgreSQL on {o} (write primary = \"{o}\" and apply), or, to lose what only {o} \
             has, write data_loss_token = \"{token}\"."
        ),
        Refusal::Wait => wait(seen, &wanted, &other),
    }
}

fn wait(seen: &Observed, wanted: &Side, other: &Side) -> String {
    let o = other.member.word();
    match seen.other {
        Server::Down(_) => format!(
            "{o} was asked to become the primary, and went down before that was seen: write primary = \
             \"{o}\" to finish that."
        ),
        Server::Starting { standby: true }
            if seen.wanted != Server::Starting { standby: false } =>
        {
            format!(
                "What {o} has is seen when it answers: plan again then. If it does not come up without \
                 {}, stop it (systemctl stop {}): what it has can then be read from its disk.",
                wanted.member.word(),
                other.paths.unit
            )
        }
        _ => "Wait until it has started or stopped, and plan again.".to_owned(),
    }
}

fn rewindable(case: &Case) -> &'static str {
    if rewind_works(case.standby().host, case) {
        ""
    } else {
        " (not possible here: it needs wal_log_hints or data checksums, and another timeline)"
    }
}

/// Whether `pg_rewind` finds what to do: it reads hints or checksums, and compares timelines alone.
pub fn rewind_works(host: &Host, case: &Case) -> bool {
    let (w, o) = (position(case.primary().host), position(host));
    host.control.rewindable && w.zip(o).is_some_and(|(w, o)| matches!(compare(&w, &o), Fork::At(_)))
}

fn gone(case: &Case, seen: &Observed, token: &str) -> String {
    let (wanted, other) = (case.primary(), case.standby());
    let (w, o) = (wanted.member.word(), other.member.word());
    let sql = wanted.host.sql.as_ref();
    let last = sql.and_then(|s| s.last_commit.clone()).unwrap_or_else(|| "unknown".to_owned());
    let before = case.context.prior.as_ref().and_then(|p| p.get("lag_bytes"));
    let lag = match before {
        Some(crate::value::Value::Int(lag)) => format!("{lag} bytes at the last refresh"),
        _ => "unknown".to_owned(),
    };
    let sync = case.prior_text("sync_state").unwrap_or("unknown");
    let receiving = match seen.wanted {
        Server::Standby(follower) if follower.attached => {
            format!(" {w} still receives from it: it is alive, and only not reachable from here.")
        }
        _ => String::new(),
    };
    format!(
        "The last transaction that {w} replayed was committed at {last}; its lag was {lag}; replication was {sync}.{receiving} \
         {o} may hold transactions that {w} has not, and may still take writes. Bring {o} back; or, if it is gone for good, \
         write data_loss_token = \"{token}\" (valid for just this state){}.",
        if case.settings.sync_wanted() {
            ", or unreachable_primary = \"promote_if_sync\", as every acknowledged write was confirmed by the standby"
        } else {
            ""
        }
    )
}
