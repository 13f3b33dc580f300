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
pub mod decision;
mod messages;
#[cfg(test)]
mod model;
pub mod observed;
mod operations;
mod rows;
mod scripts;
mod steps;
pub mod table;

use std::cmp::Ordering;

use self::decision::{Consents, Refusal, Row, Transition};
use self::observed::Observed;
use self::table::row;
use super::case::Case;
use super::settings::{OnDivergence, UnreachablePrimary};
use super::wal::lineage::position;
use crate::diag::{Diag, Path};
use crate::plan::Plan;
use crate::value::Value;

/// What is decided on the roles.
pub struct Roles {
    seen: Observed,
    /// The row of the table that decides.
    pub row: &'static Row,
}

/// Decide on the roles.
pub fn decide(case: &Case) -> Roles {
    let seen = Observed::of(case);
    let row = row(&seen, &consents(case));
    tracing::debug!(seen = row.when, because = row.reason, "decided on the pair's roles");
    Roles { seen, row }
}

impl Roles {
    /// The steps of a change. They take the place of all others, which are planned anew when the
    /// roles have changed.
    pub fn change(&self, case: &Case, change: Transition) -> Plan {
        let mut plan = Plan { refusals: checks::refusals(case, change), ..Plan::default() };
        let (summary, detail) = messages::of_change(case, self.row);
        plan.warn(summary, detail);
        plan.warnings.extend(changed_outside(case));
        steps::steps(case, &self.seen, change, &mut plan);
        plan
    }

    /// Why nothing is touched.
    pub fn refusal(&self, case: &Case, why: Refusal) -> Diag {
        let message = messages::refusal(case, &self.seen, why);
        Diag::error(message.summary, message.detail).at(Path::of(message.at))
    }
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
        new_primary: than_recorded(case) == Some(Ordering::Greater),
        superseded: than_recorded(case) == Some(Ordering::Less),
        other_recorded: recorded.is_some_and(|recorded| recorded != wanted),
        rewindable: messages::rewind_works(case.standby().host, case),
    }
}

/// How the wanted one's timeline stands to that of the state: each promotion makes a later one.
fn than_recorded(case: &Case) -> Option<Ordering> {
    let before = case.context.prior.as_ref()?.get("timeline")?;
    let Value::Int(before) = before else { return None };
    Some(position(case.primary().host)?.timeline.cmp(before))
}

/// The roles are not as the last apply left them, and the configuration did not change.
fn changed_outside(case: &Case) -> Option<Diag> {
    let (wanted, other) = (case.primary(), case.standby());
    let changed =
        other.host.takes_writes() && case.prior_text("primary") == Some(wanted.member.word());
    changed.then(|| {
        let detail = format!(
            "The configuration says primary = \"{0}\", and {1} takes writes. To accept that, write \
             primary = \"{2}\": nothing is done on the hosts then. This apply changes the roles back.",
            wanted.member.word(),
            case.settings.place(other.member),
            other.member.word()
        );
        Diag::warning("Somebody changed the roles", detail)
    })
}
