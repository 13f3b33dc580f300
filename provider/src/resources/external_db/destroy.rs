//! The end: nothing by default, and data only with consent.

use std::collections::BTreeMap;

use super::facts::{Database, Facts, Reachability};
use super::labels::{risky, step};
use super::settings::{ExternalDb, OnDestroy};
use super::sql;
use crate::diag::{Diag, Path};
use crate::resource::Plan;
use crate::step::Risk;

/// The steps of a destroy.
pub fn destroy(settings: &ExternalDb, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    let with_data = match settings.on_destroy {
        OnDestroy::Keep => return plan,
        OnDestroy::Drop => false,
        OnDestroy::DropWithData => true,
    };
    let place = settings.place();
    if facts.reach != Reachability::Answers {
        let why =
            if let Reachability::Silent(why) = &facts.reach { why } else { "it was not asked" };
        plan.refuse(
            "on_destroy",
            "PostgreSQL does not answer",
            format!(
                "{place} does not answer, so its databases cannot be dropped. Set on_destroy = \
             \"keep\" and apply it to leave them. The reason: {why}"
            ),
        );
        return plan;
    }
    if facts.cluster.in_recovery {
        plan.refuse("ssh.host", "PostgreSQL is a standby", format!("{place} takes no changes."));
        return plan;
    }
    if !with_data && let Some(refusal) = holds_data(&place, &facts.databases) {
        plan.refusals.push(refusal);
        return plan;
    }
    for (name, database) in &facts.databases {
        plan.add(drop_database(settings, name, database));
    }
    if facts.role.is_some() {
        let what = format!("drop role {}", settings.user);
        plan.add(step(settings, what, sql::MAINTENANCE, vec![sql::drop_role(&settings.user)]));
    }
    plan
}

fn holds_data(place: &str, databases: &BTreeMap<String, Database>) -> Option<Diag> {
    let holds = |(name, database): (&String, &Database)| match &database.inside {
        Some(inside) if inside.tables == 0 => None,
        Some(inside) => Some(format!("{name} holds {} tables", inside.tables)),
        None => Some(format!("{name} could not be opened")),
    };
    let found: Vec<String> = databases.iter().filter_map(holds).collect();
    let detail = format!(
        "On {place}: {}. Nothing was dropped. Set on_destroy = \"drop_with_data\" and apply it to \
         lose them, or \"keep\" to leave them.",
        found.join(", ")
    );
    let refusal = Diag::error("Databases hold data", detail).at(Path::of("on_destroy"));
    (!found.is_empty()).then_some(refusal)
}

fn drop_database(settings: &ExternalDb, name: &str, database: &Database) -> Plan {
    let tables = database
        .inside
        .as_ref()
        .map_or("an unknown number of".to_owned(), |inside| inside.tables.to_string());
    let risk = Risk::Destructive {
        what: format!("database {name} of {} with {tables} tables", settings.place()),
        consent: format!("on_destroy = \"{}\"", settings.on_destroy.word()),
    };
    let what = format!("drop database {name}");
    risky(settings, risk, what, sql::MAINTENANCE, vec![sql::drop_database(name)])
}
