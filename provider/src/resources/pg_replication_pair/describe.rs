//! What a server is and does, in the words of `status`.

use super::case::Case;
use super::facts::{Dir, Host};
use super::settings::Member;

/// The role that a server has, in the words of `status`.
pub fn role(case: &Case, host: &Host) -> String {
    match (&host.sql, &host.dir) {
        (Some(sql), _) if sql.recovery => follows(case, host),
        (Some(_), _) => "primary".to_owned(),
        (None, Dir::Data(_)) if host.pid.is_some() => "runs, does not answer".to_owned(),
        (None, Dir::Data(_)) if host.signal == "standby" => "standby, stopped".to_owned(),
        (None, Dir::Data(_)) => format!("stopped ({})", host.control.state),
        (None, _) => String::new(),
    }
}

/// What a standby does, for outputs.
pub fn state(host: &Host) -> String {
    let Some(sql) = &host.sql else {
        return if host.dir.has_data() { "stopped" } else { "absent" }.to_owned();
    };
    if !sql.recovery {
        return "not in recovery".to_owned();
    }
    if sql.paused {
        return "replay paused".to_owned();
    }
    let status = sql.receiver.as_ref().and_then(|r| r.status.clone());
    status.unwrap_or_else(|| "not receiving".to_owned())
}

/// Whom a server in recovery follows, in the words of `status`.
pub fn follows(case: &Case, host: &Host) -> String {
    let receiver = host.sql.as_ref().and_then(|s| s.receiver.as_ref());
    let from = receiver.and_then(|r| r.host.as_deref()).unwrap_or("nobody");
    let member = Member::BOTH.into_iter().find(|m| case.settings.address(*m) == from);
    let from = member.map_or(from, |m| m.word());
    let slot = receiver.and_then(|r| r.slot.as_deref()).unwrap_or_default();
    let mut words = format!("standby of {from}, {}", state(host));
    if receiver.is_some() && slot != case.settings.slot_name {
        words.push_str(", without the slot");
    }
    words
}
