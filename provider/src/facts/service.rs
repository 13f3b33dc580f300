//! systemd units: running, enabled, as `systemctl show` says.

use std::collections::BTreeMap;

use crate::question::{Answers, Question};

/// The state of one unit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Service {
    /// `loaded`, `not-found`, ...
    pub load: String,
    /// `active`, `inactive`, `failed`, ...
    pub active: String,
    /// `enabled`, `disabled`, `static`, or empty.
    pub enabled: String,
}

impl Service {
    /// What `status` shows: `active, enabled`.
    pub fn status(&self) -> String {
        if self.load == "not-found" || self.load.is_empty() {
            return String::new();
        }
        if self.enabled.is_empty() {
            return self.active.clone();
        }
        format!("{}, {}", self.active, self.enabled)
    }
}

/// The question whose answer `facts` reads.
pub fn question(host: &str, units: &[&str]) -> Question {
    let units: Vec<String> = units.iter().map(|u| crate::shell::word(u)).collect();
    let script = format!(
        "systemctl show -p Id,LoadState,ActiveState,UnitFileState {} 2>/dev/null; true",
        units.join(" ")
    );
    Question::script(host, "services", script)
}

/// The facts from the answers, by unit name (`docker.service`).
pub fn facts(answers: &Answers, host: &str) -> BTreeMap<String, Service> {
    answers.stdout(host, "services").map(parse).unwrap_or_default()
}

/// Read blocks of `Key=Value` lines, divided by empty lines.
pub fn parse(output: &str) -> BTreeMap<String, Service> {
    let mut services = BTreeMap::new();
    for block in output.split("\n\n") {
        let pairs: BTreeMap<&str, &str> = block.lines().filter_map(|l| l.split_once('=')).collect();
        let get = |k: &str| (*pairs.get(k).unwrap_or(&"")).to_owned();
        if pairs.contains_key("Id") {
            let (load, active) = (get("LoadState"), get("ActiveState"));
            let service = Service { load, active, enabled: get("UnitFileState") };
            services.insert(get("Id"), service);
        }
    }
    services
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_in_any_order() {
        let text = "Id=docker.service\nLoadState=loaded\nActiveState=active\nUnitFileState=enabled\n\
                    \n\nUnitFileState=\nId=x.service\nLoadState=not-found\nActiveState=inactive\n";
        let facts = parse(text);
        assert_eq!(facts["docker.service"].status(), "active, enabled");
        assert_eq!(facts["x.service"].status(), "");
    }
}
