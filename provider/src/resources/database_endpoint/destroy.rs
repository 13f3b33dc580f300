//! The end: unit, configuration and address go; the package stays.

use super::facts::{Facts, NODE};
use super::files::{CONF_PATH, UNIT_PATH};
use super::scripts;
use super::settings::DatabaseEndpoint;
use crate::plan::Plan;
use crate::step::{Action, Step};

/// The steps of a destroy.
pub fn destroy(settings: &DatabaseEndpoint, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    if facts.unit.is_present() {
        let step = Step::run(NODE, "stop the database endpoint", scripts::stop());
        let sentence = format!(
            "the database endpoint of {} goes: a Harbor that still has it as its database has none",
            settings.place()
        );
        plan.step(if facts.runs() { step.disruptive(sentence) } else { step });
    }
    let files = [(UNIT_PATH, &facts.unit), (CONF_PATH, &facts.conf)];
    for (path, _) in files.iter().filter(|(_, fact)| fact.is_present()) {
        let action = Action::Remove((*path).to_owned());
        plan.step(Step::new(NODE, format!("remove {path}"), action));
    }
    if facts.unit.is_present() {
        plan.step(Step::run(NODE, "have systemd forget it", scripts::forget()));
    }
    plan
}
