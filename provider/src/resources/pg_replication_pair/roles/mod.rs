//! Who is the primary, and how that changes.
//!
//! # Map
//! - [`observed`]: what was seen of both, in the words of the table.
//! - [`table`]: for everything that can be seen, what is done, and why; [`rows`] are its rows.
//! - [`operations`]: the steps of each change, as data, which a model executes; [`steps`] says them in
//!   words and scripts. [`scripts`]: their shell text.
//! - [`messages`]: why something is refused, and what the user can do.
//!
//! # Invariants
//! - A server is promoted only when it has replayed the end of the other's WAL, or when the user
//!   has agreed to lose what may be missing.
//! - Until a promotion is asked for, everything is undone on failure; afterwards only forward.
//! - Data that has parted from the primary's is kept aside, never overwritten without consent.

mod checks;
mod conditions;
mod decision;
mod messages;
#[cfg(test)]
mod model;
pub mod observed;
mod operations;
mod rows;
mod scripts;
mod steps;
pub mod table;

use self::decision::{Consents, Decision};
use self::observed::Observed;
use self::table::row;
use super::case::Case;
use super::settings::{OnDivergence, UnreachablePrimary};
use crate::diag::Diag;
use crate::resource::Plan;

/// Decide on the roles; true if they change. That takes the place of all other steps, which are
/// planned anew when it is done.
pub fn plan(case: &Case, plan: &mut Plan) -> bool {
    let seen = Observed::of(case);
    without_missing(case, plan);
    plan.bears_missing = !case.context.missing.is_empty();
    let row = row(&seen, &consents(case));
    tracing::debug!(seen = row.when, because = row.reason, "decided on the pair's roles");
    match row.then {
        Decision::Maintain => {}
        Decision::NeedsBoth => plan.bears_missing = false,
        Decision::Do(change) => {
            plan.steps.clear();
            checks::check(case, change, plan);
            let (summary, detail) = messages::of_change(case, row);
            plan.warnings.push(Diag::warning(summary, detail));
            by_hand(case, plan);
            steps::steps(case, &seen, change, plan);
        }
        Decision::Refuse(why) => {
            if plan.refusals.is_empty() {
                let message = messages::refusal(case, &seen, why);
                plan.refuse(message.at, message.summary, message.detail);
            }
        }
    }
    matches!(row.then, Decision::Do(_))
}

fn consents(case: &Case) -> Consents {
    let settings = case.settings;
    let before = case.prior_text("current_primary");
    let wanted = settings.primary.word();
    // Where neither ran at the last refresh, the last apply knows.
    let recorded = before.or_else(|| case.prior_text("primary"));
    Consents {
        rewind: settings.on_divergence == OnDivergence::Rewind,
        reclone: settings.on_divergence == OnDivergence::Reclone,
        data_loss: messages::agreed(case),
        synchronous: settings.unreachable_primary == UnreachablePrimary::PromoteIfSync
            && case.prior_text("sync_state") == Some("sync"),
        new_primary: before.is_some_and(|before| before != wanted) && is_newer(case),
        other_recorded: recorded.is_some_and(|recorded| recorded != wanted),
        rewindable: messages::rewind_works(case.standby().host, case),
    }
}

/// The wanted one was promoted since the state was written: an older primary that is all that can be
/// reached is none that goes on alone.
fn is_newer(case: &Case) -> bool {
    let before = case.context.prior.as_ref().and_then(|p| p.get("timeline"));
    let now = case.primary().host.sql.as_ref().map(|s| s.wal_timeline);
    match (before, now) {
        (Some(crate::value::Value::Int(before)), Some(now)) => now > *before,
        _ => false,
    }
}

/// Nothing is done on a host that does not answer, and of what it has only its role is known anew:
/// none. The rest stays as the state says.
fn without_missing(case: &Case, plan: &mut Plan) {
    for member in case.context.missing.keys() {
        let prefix = format!("{member}:");
        plan.steps.retain(|step| step.host != *member);
        plan.files.retain(|label, _| !label.starts_with(&prefix));
        plan.status.retain(|label, _| !label.starts_with(&prefix));
        plan.status(format!("{member}: role"), "does not answer", "does not answer");
    }
}

/// The roles are not as the last apply left them, and the configuration did not change.
fn by_hand(case: &Case, plan: &mut Plan) {
    let (wanted, other) = (case.primary(), case.standby());
    if other.host.takes_writes() && case.prior_text("primary") == Some(wanted.member.word()) {
        let detail = format!(
            "The configuration says primary = \"{0}\", and {1} takes writes. To accept that, write \
             primary = \"{2}\": nothing is done on the hosts then. This apply changes the roles back.",
            wanted.member.word(),
            case.settings.place(other.member),
            other.member.word()
        );
        plan.warnings.push(Diag::warning("Somebody changed the roles", detail));
    }
}
