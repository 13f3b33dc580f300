//! What was seen of a node: how the answers read.

use std::collections::BTreeMap;

use serde_json::Value;

use super::settings::HaNode;
use super::{configuration, layout};
use crate::facts::apt_sources::{self, AptSource};
use crate::facts::file::{self, FileFact};
use crate::facts::os::{self, Os};
use crate::facts::package::{self, Package};
use crate::facts::service::{self, Service};
use crate::question::Verdict;
use crate::resource::{Answer, Answers};

/// Name of the one host among the targets.
pub const HOST: &str = "node";

/// Key of the answer of the database.
pub const DATABASE: &str = "login database";
/// Key of the answer of Redis.
pub const REDIS: &str = "login redis";

/// Everything that was seen of one node. All of it is empty on a bare host.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Operating system.
    pub os: Os,
    /// Packages of Docker and Compose.
    pub packages: BTreeMap<String, Package>,
    /// Units.
    pub services: BTreeMap<String, Service>,
    /// Files, by path.
    pub files: BTreeMap<String, FileFact>,
    /// What the node's script said.
    pub seen: NodeProperties,
    /// Harbor's health by its API.
    pub health: Health,
    /// Whether its API showed a certificate that is not trusted.
    pub untrusted: bool,
    /// What became of asking Harbor's API as admin.
    pub admin: Admin,
    /// Whether Redis and the database let this node in.
    pub logins: Logins,
    /// What apt knows.
    pub sources: Vec<AptSource>,
}

/// Harbor's health as its API says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// The API was not reached.
    #[default]
    Silent,
    /// It answered: each component's state.
    Says {
        /// Whether all are healthy.
        healthy: bool,
        /// State by component.
        components: BTreeMap<String, String>,
    },
}

/// What became of asking Harbor's API as admin.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Admin {
    /// Not asked, or the API was not reached.
    #[default]
    Unknown,
    /// The password was refused.
    Refused,
    /// System settings, by key.
    Settings(BTreeMap<String, Value>),
}

/// What became of logging in from this node; none where it was not asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logins {
    /// To the database.
    pub database: Option<Verdict>,
    /// To Redis outside Harbor.
    pub redis: Option<Verdict>,
}

/// Lines `key=value` of the node's script. A key may come more than once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeProperties(Vec<(String, String)>);

impl NodeProperties {
    /// Read the script's output.
    pub fn parse(output: &str) -> Self {
        let pairs = output.lines().filter_map(|l| l.split_once('='));
        Self(pairs.map(|(k, v)| (k.to_owned(), v.trim().to_owned())).collect())
    }

    /// The first value of a key; empty if there is none.
    pub fn one(&self, key: &str) -> &str {
        self.all(key).next().unwrap_or_default()
    }

    /// All values of a key.
    pub fn all<'a, 'k>(&'a self, key: &'k str) -> impl Iterator<Item = &'a str> + use<'a, 'k> {
        self.0.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str())
    }

    /// The rest of the value of `key` that starts with this word: `container=harbor-core running`.
    pub fn of(&self, key: &str, word: &str) -> &str {
        let found = self.all(key).find_map(|v| v.strip_prefix(word)?.strip_prefix(' '));
        found.unwrap_or_default()
    }
}

impl Facts {
    /// A file; absent if it was not asked for.
    pub fn file(&self, path: &str) -> &FileFact {
        static ABSENT: FileFact = FileFact::Absent;
        self.files.get(path).unwrap_or(&ABSENT)
    }

    /// The release that is installed: that of the installer's `prepare`.
    pub fn installed(&self) -> Option<&str> {
        Some(self.seen.one("installer")).filter(|r| !r.is_empty())
    }

    /// The release that the compose file runs.
    pub fn composed(&self) -> Option<&str> {
        Some(self.seen.one("composed")).filter(|r| !r.is_empty())
    }

    /// Whether a package is installed.
    pub fn has(&self, package: &str) -> bool {
        self.packages.get(package).is_some_and(|p| p.installed.is_some())
    }
}

/// Read the answers.
pub fn read(s: &HaNode, answers: &Answers) -> Facts {
    let files = layout::files(s).into_iter();
    Facts {
        os: os::fact(answers, HOST),
        packages: package::facts(answers, HOST),
        services: service::facts(answers, HOST),
        files: files.map(|p| (p.clone(), file::fact(answers, HOST, &p))).collect(),
        seen: answers.stdout(HOST, "node").map(NodeProperties::parse).unwrap_or_default(),
        health: health(answers.get(HOST, "health")),
        untrusted: untrusted(answers.get(HOST, "health")),
        admin: admin(answers.get(HOST, "configuration")),
        logins: Logins { database: verdict(answers, DATABASE), redis: verdict(answers, REDIS) },
        sources: apt_sources::facts(answers, HOST),
    }
}

fn verdict(answers: &Answers, key: &str) -> Option<Verdict> {
    match answers.get(HOST, key) {
        Some(Answer::Login(verdict)) => Some(verdict.clone()),
        _ => None,
    }
}

fn health(answer: Option<&Answer>) -> Health {
    let Some(Answer::Response { status: 200, body }) = answer else { return Health::Silent };
    let Ok(json) = serde_json::from_str::<Value>(body) else { return Health::Silent };
    let text = |v: &Value, key: &str| v[key].as_str().unwrap_or_default().to_owned();
    let components = json["components"].as_array().into_iter().flatten();
    Health::Says {
        healthy: text(&json, "status") == "healthy",
        components: components.map(|c| (text(c, "name"), text(c, "status"))).collect(),
    }
}

/// In the words of the TLS library.
fn untrusted(answer: Option<&Answer>) -> bool {
    matches!(answer, Some(Answer::Failed(why)) if why.contains("invalid peer certificate"))
}

fn admin(answer: Option<&Answer>) -> Admin {
    match answer {
        Some(Answer::Response { status: 401 | 403, .. }) => Admin::Refused,
        Some(Answer::Response { status: 200, body }) => {
            configuration::parse(body).map_or(Admin::Unknown, Admin::Settings)
        }
        _ => Admin::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_lines_with_spaces_and_equal_signs() {
        let seen = NodeProperties::parse(
            "a=1=2\ncontainer=nginx running 0 x\ncontainer=redis exited 3 y\nz\n",
        );
        assert_eq!(seen.one("a"), "1=2");
        assert_eq!(seen.of("container", "redis"), "exited 3 y");
        assert_eq!(seen.of("container", "red"), "");
        assert_eq!(seen.one("z"), "");
    }

    #[test]
    fn health_is_the_body_and_not_the_status_code() {
        let body = r#"{"status":"unhealthy","components":[{"name":"core","status":"healthy"},
                       {"name":"database","status":"unhealthy","error":"x"}]}"#;
        let answer = Answer::Response { status: 200, body: body.to_owned() };
        let Health::Says { healthy, components } = health(Some(&answer)) else {
            panic!("it answered");
        };
        assert!(!healthy);
        assert_eq!(components["database"], "unhealthy");
        assert_eq!(health(Some(&Answer::Failed("refused".into()))), Health::Silent);
    }
}
