//! What a decision is made from: settings, facts and what else is known, of both members.

use super::facts::{Facts, Host};
use super::files::{Files, Wanted, password_in};
use super::names::Paths;
use super::scripts::Scripts;
use super::settings::{Member, Pair};
use crate::facts::file::FileFact;
use crate::observation::Observation;
use crate::plan::{self, Context, Known};
use crate::scram;
use crate::secret::Secret;
use crate::step::{File, Step};

/// What a decision is made from.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What the user wants.
    pub settings: &'a Pair,
    /// What was seen.
    pub facts: &'a Facts,
    /// What is there.
    pub observed: &'a Observation,
    /// What else is known.
    pub context: &'a Context,
    known: Known<'a>,
    paths: &'a [Paths; 2],
}

/// One member of the pair.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Which one.
    pub member: Member,
    /// What was seen on its host.
    pub host: &'a Host,
    /// Where things stand there.
    pub paths: &'a Paths,
    /// What its files should be.
    pub files: Files<'a>,
    /// How its steps are done.
    pub scripts: Scripts<'a>,
}

impl<'a> Case<'a> {
    /// A case.
    pub fn new(
        settings: &'a Pair,
        facts: &'a Facts,
        known: Known<'a>,
        paths: &'a [Paths; 2],
    ) -> Self {
        Self { settings, facts, observed: known.observed, context: known.context, known, paths }
    }

    /// One member.
    pub fn side(&self, member: Member) -> Side<'a> {
        let settings = self.settings;
        let paths = match member {
            Member::A => &self.paths[0],
            Member::B => &self.paths[1],
        };
        let host = self.facts.of(member);
        let keeps_name = keeps_name(host, member, paths);
        Side {
            member,
            host,
            paths,
            files: Files { settings, member, paths, keeps_name },
            scripts: Scripts { settings, member, paths },
        }
    }

    /// The member that takes writes.
    pub fn primary(&self) -> Side<'a> {
        self.side(self.settings.primary)
    }

    /// The member that follows.
    pub fn standby(&self) -> Side<'a> {
        self.side(self.settings.standby())
    }

    /// A file of one member as it is there.
    pub fn fact(&self, member: Member, path: &str) -> &'a FileFact {
        static ABSENT: FileFact = FileFact::Absent;
        self.facts.of(member).files.get(path).unwrap_or(&ABSENT)
    }

    /// Whether a file of one member is to be written.
    pub fn differs(&self, member: Member, file: &File) -> bool {
        let fact = self.fact(member, &file.path);
        self.known_of(member, file).differs(&label(member, &file.path), fact, file)
    }

    /// A file of one member as it is and as it should be.
    pub fn pair(&self, member: Member, file: &File) -> plan::Pair {
        let fact = self.fact(member, &file.path);
        self.known_of(member, file).pair(&label(member, &file.path), fact, file)
    }

    /// The step that writes a file, where it differs and can be made.
    pub fn write(&self, member: Member, wanted: Wanted) -> Option<Step> {
        let file = wanted.ok().filter(|file| self.differs(member, file))?;
        Some(plan::write(member.word(), file))
    }

    /// A renewed certificate comes with its key, whatever the version says.
    fn known_of(&self, member: Member, file: &File) -> Known<'a> {
        let paths = self.side(member).paths;
        let found = self.fact(member, &paths.tls_certificate).text();
        let wanted = self.settings.node(member).tls.as_ref().map(|t| t.certificate.as_str());
        self.known.renewed(file.path == paths.tls_key && found != wanted)
    }

    /// The password of the replication role, where it is known: as given, or as one of the hosts
    /// keeps it.
    pub fn password(&self) -> Option<Secret> {
        let primary = self.primary();
        let kept = self.kept_password();
        let label = format!("{}:{}", primary.member.word(), primary.paths.passfile);
        let as_we_wrote =
            self.context.secrets_unchanged && self.context.as_written.get(&label) == Some(&true);
        match &self.settings.replication_password_wo {
            Some(given) if !(as_we_wrote && kept.is_some()) => Some(given.clone()),
            _ => kept,
        }
    }

    /// Of the passwords in the two password files, the one that the server knows; else the
    /// primary's host's.
    pub fn kept_password(&self) -> Option<Secret> {
        let user = &self.settings.replication_user;
        let in_file = |side: Side| {
            let text = side.host.files.get(&side.paths.passfile)?.text()?;
            password_in(text, user)
        };
        let kept: Vec<Secret> =
            [in_file(self.primary()), in_file(self.standby())].into_iter().flatten().collect();
        let roles = self.primary().host.sql.iter().flat_map(|sql| &sql.roles);
        let verifier = roles.filter(|r| r.name == *user).find_map(|r| r.verifier.as_ref());
        let known = kept.iter().find(|p| verifier.is_some_and(|v| scram::is_of(v, p)));
        known.or(kept.first()).cloned()
    }

    /// Whether the password that the server knows is one that a host keeps, and another one is given.
    pub fn rotates(&self) -> bool {
        let (Some(kept), Some(wanted)) = (self.kept_password(), self.password()) else {
            return false;
        };
        let user = &self.settings.replication_user;
        let roles = self.primary().host.sql.iter().flat_map(|sql| &sql.roles);
        let verifier = roles.filter(|r| r.name == *user).find_map(|r| r.verifier.as_ref());
        kept.expose() != wanted.expose() && verifier.is_some_and(|v| scram::is_of(v, &kept))
    }

    /// Why a member's host does not answer, if it does not.
    pub fn missing(&self, member: Member) -> Option<&'a str> {
        self.context.missing.get(member.word()).map(String::as_str)
    }

    /// A text of the state before.
    pub fn prior_text(&self, name: &str) -> Option<&'a str> {
        self.context.prior.as_ref()?.get(name)?.as_str()
    }
}

/// The name of a file of one member in `files`.
pub fn label(member: Member, path: &str) -> String {
    format!("{}:{path}", member.word())
}

/// The name of another thing of one member in `status`.
pub fn named(member: Member, thing: &str) -> String {
    format!("{}: {thing}", member.word())
}

/// Whether a server runs with a `cluster_name` that we did not give.
fn keeps_name(host: &Host, member: Member, paths: &Paths) -> bool {
    let ours = host.files.get(&paths.own_conf).and_then(FileFact::text);
    let settings = host.sql.iter().flat_map(|s| &s.settings);
    let name = settings.clone().find(|s| s.name == "cluster_name").and_then(|s| s.value.as_ref());
    let by_ours = ours.is_some_and(|text| text.contains("\ncluster_name = "));
    name.is_some_and(|name| name != member.word()) && !by_ours
}
