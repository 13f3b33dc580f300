//! The steps of a destroy.

use std::collections::BTreeMap;

use super::facts::Facts;
use super::scripts;
use super::settings::{OnDestroy, Secrets};
use crate::resource::Plan;
use crate::step::{Risk, Step};

/// The steps of a destroy.
pub fn destroy(settings: &Secrets, facts: &Facts) -> Plan {
    let mut plan = Plan::default();
    if settings.on_destroy == OnDestroy::Keep {
        return plan;
    }
    for (host, here) in &facts.hosts {
        let present: BTreeMap<_, _> = here.files.iter().filter(|(_, f)| f.is_present()).collect();
        if present.is_empty() {
            continue;
        }
        let names: Vec<&str> = present.keys().map(|name| name.as_str()).collect();
        let what = format!("remove the shared secrets in {}", settings.directory);
        let mut step = Step::run(host, what, scripts::purge(&settings.directory, &names));
        step.risk = Risk::Destructive {
            what: format!(
                "{} on {}: without secretkey, what Harbor encrypted in its database can never be \
                 read again",
                names.join(", "),
                settings.place(host)
            ),
            consent: "on_destroy = \"purge\"".to_owned(),
        };
        plan.step(step);
    }
    plan
}
