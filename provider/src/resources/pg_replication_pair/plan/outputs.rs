//! The outputs that a plan promises.

use super::super::case::Case;
use super::super::settings::{Outputs, Sync};
use super::upgrade;
use crate::settings::Settings;
use crate::value::Object;

/// As seen now, but for the lag: it moves with every write. Only a refresh takes note of it, or each
/// plan would show a change.
pub fn now(case: &Case) -> Object {
    let mut outputs = case.observed.outputs.clone();
    if let Some(prior) = &case.context.prior {
        let before = prior.get("lag_bytes").cloned().unwrap_or_default();
        outputs.insert("lag_bytes".to_owned(), before);
    }
    outputs
}

/// What is certain after an apply that succeeds: the roles, and what an apply never changes.
pub fn after(case: &Case, change: bool) -> Object {
    let now = &case.observed.outputs;
    let (primary, standby) = (case.settings.primary, case.settings.standby());
    let certain = Outputs {
        system_identifier: None,
        timeline: None,
        current_primary: Some(primary.word().to_owned()),
        primary_host: Some(case.settings.address(primary).to_owned()),
        primary_ssh: Some(case.settings.node(primary).ssh.clone()),
        standby_host: Some(case.settings.address(standby).to_owned()),
        standby_state: Some(match case.missing(standby) {
            Some(_) => "unreachable".to_owned(),
            None => "streaming".to_owned(),
        }),
        lag_bytes: None,
        sync_state: case.missing(standby).is_none().then(|| match case.settings.sync {
            Sync::On => "sync".to_owned(),
            Sync::Off => "async".to_owned(),
        }),
        split_brain: Some(false),
        diverged_dirs: None,
        slot: Some(case.settings.slot_name.clone()),
        server_version: None,
    };
    let mut after: Object = certain.to_object();
    for name in ["system_identifier", "timeline", "server_version"] {
        after.insert(name.to_owned(), now.get(name).cloned().unwrap_or_default());
    }
    if [case.primary(), case.standby()].iter().any(|side| upgrade::is_due(case, side)) {
        after.remove("server_version");
    }
    if change {
        // The new timeline, and what is kept aside, are seen afterwards.
        after.remove("timeline");
    } else {
        let kept = now.get("diverged_dirs").cloned().unwrap_or_default();
        after.insert("diverged_dirs".to_owned(), kept);
    }
    after.retain(|_, value| !value.is_null());
    after
}
