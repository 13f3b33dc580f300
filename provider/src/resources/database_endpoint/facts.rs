//! What was seen of the host: how the answers read.

use std::collections::BTreeMap;

use render::haproxy::endpoint_conf::{HOLD, SECTION};

use super::files::{CONF_PATH, PACKAGE, UNIT, UNIT_PATH};
use super::scripts;
use crate::facts::file::{self, FileFact};
use crate::facts::package::{self, Package};
use crate::facts::service::{self, Service};
use crate::resource::Answers;

/// Name of the host among the targets.
pub const NODE: &str = "node";
/// Key of our own script's answer.
pub const KEY: &str = "endpoint";

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The package.
    pub package: Package,
    /// HAProxy's configuration.
    pub conf: FileFact,
    /// The unit's file.
    pub unit: FileFact,
    /// The unit.
    pub service: Service,
    /// Interfaces that have the address: `lo`.
    pub interfaces: Vec<String>,
    /// Who listens at the port, at this address or at all: `0.0.0.0:5433 postgres`.
    pub listeners: Vec<String>,
    /// Files of ours are younger than the process that runs.
    pub stale: bool,
    /// What HAProxy says of the servers, by name.
    pub servers: BTreeMap<String, Seen>,
}

/// What HAProxy says of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// It is the primary.
    pub up: bool,
    /// What its last check came to: `L7STS 503`, `L4CON Connection refused`.
    pub check: String,
}

impl Facts {
    /// Whether it runs.
    pub fn runs(&self) -> bool {
        self.service.active == "active"
    }

    /// The servers that say they are the primary.
    pub fn primaries(&self) -> Vec<&str> {
        self.servers.iter().filter(|(_, seen)| seen.up).map(|(name, _)| name.as_str()).collect()
    }
}

/// Read the answers.
pub fn facts(answers: &Answers) -> Facts {
    let mut facts = Facts {
        package: package::facts(answers, NODE).remove(PACKAGE).unwrap_or_default(),
        conf: file::fact(answers, NODE, CONF_PATH),
        unit: file::fact(answers, NODE, UNIT_PATH),
        service: service::facts(answers, NODE).remove(UNIT).unwrap_or_default(),
        ..Facts::default()
    };
    let text = answers.stdout(NODE, KEY).unwrap_or_default();
    let (ours, said) = text.split_once(scripts::MARK).unwrap_or((text, ""));
    for line in ours.lines() {
        match line.split_once('=') {
            Some(("interface", name)) => facts.interfaces.push(name.to_owned()),
            Some(("listener", who)) => facts.listeners.push(who.to_owned()),
            Some(("stale", _)) => facts.stale = true,
            _ => {}
        }
    }
    facts.servers = servers(said);
    facts
}

/// Read HAProxy's `show stat`: lines of values with commas between, the first of them their names.
fn servers(text: &str) -> BTreeMap<String, Seen> {
    let mut lines = text.lines().map(|l| l.split(',').collect::<Vec<_>>());
    let names = lines.by_ref().find(|l| l.first() == Some(&"# pxname")).unwrap_or_default();
    let at = |name: &str| names.iter().position(|n| *n == name);
    let (Some(server), Some(status)) = (at("svname"), at("status")) else { return BTreeMap::new() };
    let details = ["check_status", "check_code", "last_chk"].map(at);
    let mut servers = BTreeMap::new();
    for line in lines.filter(|l| l.first() == Some(&SECTION)) {
        let (Some(name), Some(status)) = (line.get(server), line.get(status)) else { continue };
        if ["FRONTEND", "BACKEND", HOLD].contains(name) {
            continue;
        }
        let words = details.iter().filter_map(|at| line.get((*at)?)).filter(|w| !w.is_empty());
        let check = words.copied().collect::<Vec<_>>().join(" ");
        servers.insert((*name).to_owned(), Seen { up: status.starts_with("UP"), check });
    }
    servers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn haproxy_says_who_is_up_and_why_not() {
        let text = "\
# pxname,svname,qcur,status,check_status,check_code,last_chk,
database,FRONTEND,,OPEN,,,,
database,a,0,UP,L7OK,200,HTTP status check returned code 200,
database,b,0,DOWN 1/2,L7STS,503,,
database,c,0,UP 1/3,L4CON,,Connection refused,
database,hold,0,no check,,,,
database,BACKEND,0,UP,,,,
other,a,0,DOWN,,,,
";
        let servers = servers(text);
        assert_eq!(servers.keys().collect::<Vec<_>>(), ["a", "b", "c"]);
        assert!(servers["a"].up && !servers["b"].up && servers["c"].up);
        assert_eq!(servers["b"].check, "L7STS 503");
        assert_eq!(servers["c"].check, "L4CON Connection refused");
        for text in ["", "Unknown command\n", "# pxname,svname\ndatabase,a\n"] {
            assert!(super::servers(text).is_empty(), "{text}");
        }
    }
}
