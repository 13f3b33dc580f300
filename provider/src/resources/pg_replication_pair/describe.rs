//! What a server is and does, in the words of `status`.

use super::case::Case;
use super::facts::{Dir, Host, Role};
use super::names::{REWIND_FUNCTIONS_COUNT, REWINDER};
use super::settings::Member;
use crate::scram;
use crate::secret::Secret;

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

/// Its unit: whether it runs, and whether it starts at boot.
pub fn service(host: &Host) -> String {
    let start = match host.start.as_str() {
        "auto" => "enabled",
        other => other,
    };
    let runs = host.sql.is_some() || host.pid.is_some();
    let active = if runs { "active" } else { "inactive" };
    if host.cluster { format!("{active}, {start}") } else { String::new() }
}

/// A role that replicates, and whether this is its password.
pub fn access(host: &Host, role: &Role, password: Option<&Secret>) -> String {
    let grants = host.sql.as_ref().map_or(0, |s| s.rewind_grants);
    let rewinds = role.name == REWINDER && grants == REWIND_FUNCTIONS_COUNT;
    let good = role.verifier.as_ref().zip(password).is_some_and(|(v, p)| scram::is_of(v, p));
    let mut words = Vec::new();
    words.extend(role.login.then_some("login"));
    words.extend((role.replication && role.name != REWINDER).then_some("replication"));
    words.extend(rewinds.then_some("rewind"));
    words.push(match (&role.verifier, good) {
        (None, _) => "no password",
        (Some(_), true) => "password of the password file",
        (Some(_), false) => "another password",
    });
    words.join(", ")
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
