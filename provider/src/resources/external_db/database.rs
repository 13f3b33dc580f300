//! A database: made, owned by the role, open to it.

use super::facts::{Database, Facts};
use super::labels::{database_label, step};
use super::settings::ExternalDb;
use super::sql;
use crate::resource::Plan;

/// What a database needs.
pub(super) fn plan(settings: &ExternalDb, facts: &Facts, name: &str) -> Plan {
    let mut plan = Plan::default();
    let user = &settings.user;
    let wanted = format!("owner {user}");
    let Some(database) = facts.databases.get(name) else {
        plan.status(database_label(name), "", &wanted);
        let what = format!("create database {name}");
        plan.add(step(settings, what, sql::MAINTENANCE, vec![sql::create_database(name, user)]));
        return plan;
    };
    plan.status(database_label(name), &text(settings, database), &wanted);
    if database.owner != *user {
        let what = format!("give database {name} of {} to {user}", database.owner);
        plan.add(step(settings, what, sql::MAINTENANCE, vec![sql::own_database(name, user)]));
    }
    let Some(inside) = &database.inside else { return plan };
    // A new owner may have the right through the database: the next round sees.
    if database.owner == *user && inside.may_create == Some(false)
        || !inside.public && facts.role.is_some()
    {
        let what = format!("open schema public of {name} to {user}");
        plan.add(step(settings, what, name, sql::open_schema(user, inside.public)));
    }
    if inside.foreign > 0 {
        let what = format!(
            "hand {} things of {} in {name} to {user}",
            inside.foreign, inside.foreign_owners
        );
        plan.add(step(settings, what, name, sql::hand_over(user)));
    }
    plan
}

/// A database as it is, in `status`.
pub(super) fn text(settings: &ExternalDb, database: &Database) -> String {
    let mut text = format!("owner {}", database.owner);
    let Some(inside) = &database.inside else { return text };
    if !inside.public {
        text.push_str(", no schema public");
    } else if database.owner == settings.user && inside.may_create == Some(false) {
        text.push_str(", schema public closed");
    }
    if inside.foreign > 0 {
        let (count, owners) = (inside.foreign, &inside.foreign_owners);
        return format!("{text}, {count} things of {owners}");
    }
    text
}
