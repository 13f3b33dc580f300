//! What is there, of one resource: what a refresh takes note of, and what a plan begins with.

use std::collections::BTreeMap;

use crate::facts::file::FileFact;
use crate::secret::Secret;
use crate::step::File;
use crate::value::{Object, Value, shown, shown_object};

/// What stands in a masked text in the place of a secret.
const MASK: &str = render::mask::MASK;
/// The same, of a text that is not the one that we wrote last.
const CHANGED: &str = "(secret, changed on the host)";

/// What is there.
#[derive(Clone, Debug, Default)]
pub struct Observation {
    /// Texts of the managed files that are there, secrets masked, by name: `path`, or `host:path`
    /// where the resource has several hosts.
    pub files: BTreeMap<String, String>,
    /// Managed things that are there and are no files, by name: `package docker.io`.
    pub status: BTreeMap<String, String>,
    /// Values of the outputs (`Outputs::to_object`).
    pub outputs: Object,
    /// Things of `status` that could not be looked at: they stay as the state has them.
    pub unseen: BTreeMap<String, Unseen>,
    /// The texts with secrets.
    pub(crate) secrets: BTreeMap<String, SecretText>,
}

/// What could not be looked at, of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unseen {
    /// All of it.
    All,
    /// Whether a phrase is true of it: where the state before has the phrase, the thing reads so.
    Phrase(&'static str, String),
}

/// A text with secrets as it is on a host, unmasked. Never printed.
#[derive(Clone, Debug)]
pub(crate) struct SecretText {
    /// Name of the host, which keeps the key of its digest.
    pub host: String,
    /// The text, or the part of it whose change is one of a secret.
    pub text: Secret,
    /// Where it shows whether it is the one that we wrote last.
    shows: Shows,
    /// Where it is not: a thing of `status` that only follows from that, and how it reads then.
    follows: Option<(String, String)>,
}

/// Where a secret's change shows.
#[derive(Clone, Debug)]
enum Shows {
    /// Nowhere: it is as it should be.
    Nowhere,
    /// In the file of its name, which reads so when the secret is not the one that we wrote last.
    File(String),
    /// In this thing of `status`, which reads so when it is the one, and so when it is not.
    Status { name: String, ours: String, changed: String },
}

/// The lines of a text that its masked form does not show: an edit of another line is no change
/// of a secret.
fn secret_lines(text: &str, masked: &str) -> Secret {
    let pairs = text.lines().zip(masked.lines());
    let lines: Vec<&str> = pairs.filter(|(line, shown)| line != shown).map(|(l, _)| l).collect();
    Secret::from(lines.join("\n"))
}

impl Observation {
    /// Take note of a file. `like` is the file that should stand there: an owner and a mode other
    /// than its own are shown, and a secret that is its own counts as ours.
    pub fn file(&mut self, host: &str, label: impl Into<String>, fact: &FileFact, like: &File) {
        let label = label.into();
        let FileFact::Present { text, .. } = fact else { return };
        let masked = render::mask::mask(&label, text.expose());
        let odd = fact.odd_permissions(like);
        if masked != text.expose() {
            let shows = if *text == like.content {
                Shows::Nowhere
            } else {
                Shows::File(masked.replace(MASK, CHANGED) + &odd)
            };
            let text = secret_lines(text.expose(), &masked);
            self.keep(host, label.clone(), text, shows);
        }
        self.files.insert(label, masked + &odd);
    }

    /// Take note of a file that is a secret from end to end, and of how it reads.
    pub fn secret_file(
        &mut self,
        host: &str,
        label: impl Into<String>,
        text: &Secret,
        words: &str,
    ) {
        let label = label.into();
        let shows =
            Shows::File(words.replacen(words.lines().next().unwrap_or_default(), CHANGED, 1));
        self.keep(host, label.clone(), text.clone(), shows);
        self.files.insert(label, words.to_owned());
    }

    /// Take note of a secret that is in no file; `ours` and `changed` are what the thing of `status`
    /// reads when it is the one that we wrote last, and when it is not.
    pub fn secret(&mut self, host: &str, label: String, text: &Secret, status: [String; 3]) {
        let [name, ours, changed] = status;
        let shows = Shows::Status { name, ours, changed };
        self.keep(host, label, text.clone(), shows);
    }

    fn keep(&mut self, host: &str, label: String, text: Secret, shows: Shows) {
        let secret = SecretText { host: host.to_owned(), text, shows, follows: None };
        self.secrets.insert(label, secret);
    }

    /// Where the secrets of a file are not those that we wrote last, a thing of `status` that only
    /// follows from that reads so.
    pub fn follows(&mut self, label: &str, name: &str, text: &str) {
        if let Some(secret) = self.secrets.get_mut(label) {
            secret.follows = Some((name.to_owned(), text.to_owned()));
        }
    }

    /// Take note of one thing that is not a file. An empty text means absent.
    pub fn status(&mut self, name: impl Into<String>, text: impl Into<String>) {
        let text = text.into();
        if !text.is_empty() {
            self.status.insert(name.into(), text);
        }
    }

    /// How one thing that is not a file reads; empty if it is absent.
    pub fn says(&self, name: &str) -> &str {
        self.status.get(name).map_or("", String::as_str)
    }

    /// With every text, which may be what a host said, as it may be shown.
    #[must_use]
    pub(crate) fn shown(self) -> Self {
        let each = |texts: BTreeMap<String, String>| {
            let texts = texts.into_iter();
            texts.map(|(n, t)| (shown(&n).into_owned(), shown(&t).into_owned())).collect()
        };
        let (files, status) = (each(self.files), each(self.status));
        Self { files, status, outputs: shown_object(self.outputs), ..self }
    }

    /// The same with what the state before has of the unseen, and with what the digests say: for
    /// each secret text whether it is the one that we wrote last.
    #[must_use]
    pub fn remembering(
        mut self,
        prior: Option<&Object>,
        as_written: &BTreeMap<String, bool>,
    ) -> Self {
        let before = prior.and_then(|p| p.get("status")).and_then(Value::as_map);
        for (name, unseen) in &self.unseen {
            let Some(text) = before.and_then(|b| b.get(name)).and_then(Value::as_str) else {
                continue;
            };
            match unseen {
                Unseen::All => self.status.insert(name.clone(), text.to_owned()),
                Unseen::Phrase(phrase, same) if text.contains(phrase) => {
                    self.status.insert(name.clone(), same.clone())
                }
                Unseen::Phrase(..) => None,
            };
        }
        for (label, secret) in &self.secrets {
            match (as_written.get(label), &secret.shows) {
                (Some(false), Shows::File(text)) => {
                    self.files.insert(label.clone(), text.clone());
                    self.status.extend(secret.follows.clone());
                }
                (Some(ours), Shows::Status { name, ours: same, changed }) => {
                    let text = if *ours { same } else { changed };
                    self.status.insert(name.clone(), text.clone());
                }
                _ => {}
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(text: &str) -> Observation {
        let fact = crate::facts::file::parse(&format!("600 root root\n{text}"));
        let mut observed = Observation::default();
        observed.file("a", "/x.yml", &fact, &File::private("/x.yml", "password: ours\n"));
        observed
    }

    fn recall(observed: Observation, ours: bool) -> Observation {
        observed.remembering(None, &[("/x.yml".to_owned(), ours)].into())
    }

    #[test]
    fn an_edit_beside_a_secret_leaves_its_digest_alone() {
        let kept = |text: &str| observed(text).secrets["/x.yml"].text.expose().to_owned();
        let first = kept("level: info\npassword: one\n");
        assert_eq!(first, kept("level: debug\npassword: one\n"));
        assert_ne!(first, kept("level: info\npassword: two\n"));
    }

    #[test]
    fn a_secret_is_called_changed_where_it_is_neither_as_written_nor_as_it_should_be() {
        let shown = |text: &str, ours| recall(observed(text), ours).files["/x.yml"].clone();
        assert_eq!(shown("password: theirs\n", true), "password: (secret)\n");
        assert_eq!(shown("password: theirs\n", false), "password: (secret, changed on the host)\n");
        assert_eq!(shown("password: ours\n", false), "password: (secret)\n");
    }

    #[test]
    fn what_follows_from_a_changed_secret_is_not_shown_again() {
        let words = |ours| {
            let mut observed = observed("password: theirs\n");
            observed.status("run", "outdated");
            observed.follows("/x.yml", "run", "done");
            recall(observed, ours).says("run").to_owned()
        };
        assert_eq!((words(true).as_str(), words(false).as_str()), ("outdated", "done"));
    }

    #[test]
    fn what_could_not_be_looked_at_stays_as_the_state_has_it() {
        let status = |pairs: &[(&str, &str)]| {
            let texts = pairs.iter().map(|(n, t)| ((*n).to_owned(), Value::from(*t))).collect();
            Object::from([("status".to_owned(), Value::Map(texts))])
        };
        let prior = status(&[("a", "old"), ("b", "old, good"), ("c", "old"), ("gone", "old")]);
        let mut observed = Observation::default();
        let part = || Unseen::Phrase("good", "new, good".to_owned());
        observed.unseen = [("b".to_owned(), part()), ("c".to_owned(), part())].into();
        observed.unseen.extend([("a".to_owned(), Unseen::All), ("never".to_owned(), Unseen::All)]);
        observed.status("b", "new");
        observed.status("c", "new");
        let said = observed.remembering(Some(&prior), &BTreeMap::new()).status;
        let said: Vec<(&str, &str)> = said.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
        assert_eq!(said, [("a", "old"), ("b", "new, good"), ("c", "new")]);
    }
}
