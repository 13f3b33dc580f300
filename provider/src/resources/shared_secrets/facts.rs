//! What was seen of each host: the files, the directory, what can be adopted.

use std::collections::{BTreeMap, BTreeSet};

use super::settings::Secrets;
use super::units::Group;
use crate::facts::file::{self, FileFact};
use crate::resource::Answers;

/// What was seen, by host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Each host.
    pub hosts: BTreeMap<String, HostFacts>,
}

/// What was seen on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostFacts {
    /// The files, by name; the two marks of rotation are among them.
    pub files: BTreeMap<String, FileFact>,
    /// `700 root root`, or empty where there is no directory.
    pub directory: String,
    /// Whether openssl is installed.
    pub openssl: bool,
    /// Names of the secrets that stand in `adopt_from`.
    pub adoptable: BTreeSet<String>,
}

impl HostFacts {
    /// A file.
    pub fn file(&self, name: &str) -> &FileFact {
        static ABSENT: FileFact = FileFact::Absent;
        self.files.get(name).unwrap_or(&ABSENT)
    }

    /// The number that the group's mark holds.
    pub fn mark(&self, group: Group) -> Option<i64> {
        self.file(mark_name(group)?).text()?.trim().parse().ok()
    }
}

/// The file that says which rotation the secrets of a group are of.
pub fn mark_name(group: Group) -> Option<&'static str> {
    match group {
        Group::Permanent => None,
        Group::Rotating => Some("rotation"),
        Group::TokenKey => Some("rotate_token_key"),
    }
}

/// The marks.
pub const MARKS: [&str; 2] = ["rotation", "rotate_token_key"];

/// Read the answers.
pub fn facts(settings: &Secrets, answers: &Answers) -> Facts {
    let names: Vec<&str> = settings.names().into_iter().chain(MARKS).collect();
    let hosts = settings.hosts.keys().map(|host| {
        let file =
            |name: &&str| ((*name).to_owned(), file::fact(answers, host, &settings.path(name)));
        let place = answers.stdout(host, "place").unwrap_or_default();
        let mut lines = place.lines();
        let adoptable = answers.stdout(host, "adoptable").unwrap_or_default();
        let facts = HostFacts {
            files: names.iter().map(file).collect(),
            directory: lines.next().unwrap_or_default().to_owned(),
            openssl: lines.next() == Some("openssl"),
            adoptable: adoptable.lines().map(str::to_owned).collect(),
        };
        (host.clone(), facts)
    });
    Facts { hosts: hosts.collect() }
}
