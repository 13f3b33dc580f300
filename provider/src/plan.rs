//! The result of a decision: what is there, what should be, and the steps between.

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::facts::file::FileFact;
use crate::secret::Secret;
use crate::step::{Action, File, Step};
use crate::value::{Object, Value, shown, shown_object};

/// What is there and what should be, of one thing.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Pair {
    /// On the host now; none: absent.
    pub actual: Option<String>,
    /// After the apply; none: absent.
    pub wanted: Option<String>,
}

impl Pair {
    fn shown(self) -> Self {
        let shown = |text: Option<String>| text.map(|text| shown(&text).into_owned());
        Self { actual: shown(self.actual), wanted: shown(self.wanted) }
    }
}

/// What `plan` knows beside settings and facts.
#[derive(Clone, Debug, Default)]
pub struct Context {
    /// The state before; none when creating.
    pub prior: Option<Object>,
    /// Whether every `_wo_version` is as in the prior state, so that a secret on the host that is
    /// the one we wrote stays, whatever the configuration holds now.
    pub secrets_unchanged: bool,
    /// For each file with secrets, by its name in `files`: whether its text is the one that we
    /// wrote last (by keyed digest). Missing: never written by us.
    pub as_written: BTreeMap<String, bool>,
    /// True in Read: only what is there counts, write-only values are null.
    pub reading: bool,
    /// Hosts that did not answer, by their names among the targets, and why, in words; only where
    /// the resource says `MAY_MISS`. There are no answers of them.
    pub missing: BTreeMap<String, String>,
}

/// The lines of a text that its masked form does not show: an edit of another line is no change
/// of a secret. Both have the same lines in the same order.
fn secret_lines(text: &str, masked: &str) -> Secret {
    let pairs = text.lines().zip(masked.lines());
    let lines: Vec<&str> = pairs.filter(|(line, shown)| line != shown).map(|(l, _)| l).collect();
    Secret::from(lines.join("\n"))
}

/// A decision.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In order.
    pub steps: Vec<Step>,
    /// Texts of the managed files, secrets masked, by name: `path`, or `host:path` where the
    /// resource has several hosts.
    pub files: BTreeMap<String, Pair>,
    /// Managed things that are not files, by name: `package docker.io`, `service postgresql`.
    pub status: BTreeMap<String, Pair>,
    /// Values of the outputs as seen now (`Outputs::to_object`).
    pub outputs: Object,
    /// Outputs whose value after the apply is certain; the others are unknown while there are
    /// steps.
    pub outputs_after: Object,
    /// Whether this (steps, refusals, or that nothing is to be done) holds without the hosts in
    /// `Context::missing`. Where it does not, the user is told that they do not answer.
    pub bears_missing: bool,
    /// Why it cannot be done: nothing is touched.
    pub refusals: Diags,
    /// What the user should know.
    pub warnings: Diags,
    /// Host and full text (unmasked) of the files with secrets, as seen now. Never printed.
    pub(crate) secret_texts: BTreeMap<String, (String, Secret)>,
}

impl Plan {
    /// Add a step.
    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Refuse, at an attribute (dotted), or at none with `""`.
    pub fn refuse(&mut self, path: &str, summary: impl Into<String>, detail: impl Into<String>) {
        let mut diag = Diag::error(summary, detail);
        if !path.is_empty() {
            diag.path = crate::diag::Path::of(path);
        }
        self.refusals.push(diag);
    }

    /// Record one thing that is not a file; true if it differs. An empty text means absent.
    pub fn status(&mut self, name: impl Into<String>, actual: &str, wanted: &str) -> bool {
        let text = |s: &str| (!s.is_empty()).then(|| s.to_owned());
        let pair = Pair { actual: text(actual), wanted: text(wanted) };
        let differs = pair.actual != pair.wanted;
        self.status.insert(name.into(), pair);
        differs
    }

    /// Record a file, and write it if it differs; true if it does. `label` names it in `files`.
    pub fn file(
        &mut self,
        context: &Context,
        host: &str,
        label: impl Into<String>,
        actual: &FileFact,
        wanted: Result<File, String>,
    ) -> bool {
        let label = label.into();
        self.record_actual(context, host, &label, actual);
        match wanted {
            Ok(file) => self.write_if_different(context, host, &label, actual, file),
            Err(why) => {
                if !context.reading {
                    self.refuse("", format!("Cannot make {label}"), why);
                }
                false
            }
        }
    }

    /// Record a file that should not be there; true if it is, and then it is removed.
    pub fn absent(
        &mut self,
        context: &Context,
        host: &str,
        path: &str,
        label: impl Into<String>,
        actual: &FileFact,
    ) -> bool {
        let label = label.into();
        self.record_actual(context, host, &label, actual);
        let present = actual.is_present();
        if present {
            self.step(Step::new(host, format!("remove {path}"), Action::Remove(path.to_owned())));
        }
        present
    }

    fn record_actual(&mut self, context: &Context, host: &str, label: &str, actual: &FileFact) {
        let pair = self.files.entry(label.to_owned()).or_default();
        if let FileFact::Present { text, .. } = actual {
            let mut masked = render::mask::mask(label, text.expose());
            if masked != text.expose() {
                let kept = (host.to_owned(), secret_lines(text.expose(), &masked));
                self.secret_texts.insert(label.to_owned(), kept);
                if context.as_written.get(label) == Some(&false) {
                    masked = masked.replace("(secret)", "(secret, changed on the host)");
                }
            }
            pair.actual = Some(masked);
        }
    }

    fn write_if_different(
        &mut self,
        context: &Context,
        host: &str,
        label: &str,
        actual: &FileFact,
        file: File,
    ) -> bool {
        let masked = render::mask::mask(label, file.content.expose());
        let keeps_secrets = context.secrets_unchanged
            && context.as_written.get(label) == Some(&true)
            && actual.text().is_some_and(|t| render::mask::mask(label, t) == masked);
        let same_text = keeps_secrets || actual.text() == Some(file.content.expose());
        let differs = !same_text || !actual.has_permissions(&file);
        let pair = self.files.entry(label.to_owned()).or_default();
        if actual.text() == Some(file.content.expose()) {
            // Not as written last, and yet as wanted: written a moment ago, or put back by hand.
            pair.actual = Some(masked.clone());
        }
        pair.wanted = Some(masked);
        // Shown in the text: a plan has no other place for a file's owner and mode.
        pair.actual = pair.actual.take().map(|t| t + &actual.odd_permissions(&file));
        if differs {
            let what = format!("write {}", file.path);
            self.step(Step::new(host, what, Action::Write(file)));
        }
        differs
    }

    /// What the prior state has of hosts that are missing (`host:...`) counts as there and wanted,
    /// where this says nothing else of it.
    pub(crate) fn keep_unseen(&mut self, context: &Context) {
        let Some(prior) = context.prior.as_ref().filter(|_| !context.missing.is_empty()) else {
            return;
        };
        let of_missing = |label: &str| {
            label.split_once(':').is_some_and(|(host, _)| context.missing.contains_key(host))
        };
        for (name, pairs) in [("files", &mut self.files), ("status", &mut self.status)] {
            let before = prior.get(name).and_then(Value::as_map).into_iter().flatten();
            for (label, text) in before.filter(|(label, _)| of_missing(label)) {
                let text = text.as_str().map(str::to_owned);
                pairs
                    .entry(label.clone())
                    .or_insert_with(|| Pair { actual: text.clone(), wanted: text });
            }
        }
    }

    /// With every text, which may be what a host said, as it may be shown.
    pub(crate) fn shown(&mut self) {
        for pairs in [&mut self.files, &mut self.status] {
            let each = std::mem::take(pairs).into_iter();
            *pairs = each.map(|(label, pair)| (shown(&label).into_owned(), pair.shown())).collect();
        }
        for outputs in [&mut self.outputs, &mut self.outputs_after] {
            *outputs = shown_object(std::mem::take(outputs));
        }
    }

    /// `files` or `status` as Terraform values: what is there.
    pub fn actual(pairs: &BTreeMap<String, Pair>) -> Value {
        Self::side(pairs, |p| p.actual.as_ref())
    }

    /// `files` or `status` as Terraform values: what will be there.
    pub fn wanted(pairs: &BTreeMap<String, Pair>) -> Value {
        Self::side(pairs, |p| p.wanted.as_ref())
    }

    fn side(pairs: &BTreeMap<String, Pair>, pick: fn(&Pair) -> Option<&String>) -> Value {
        let texts =
            pairs.iter().filter_map(|(k, p)| pick(p).map(|t| (k.clone(), t.clone().into())));
        Value::Map(texts.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_beside_a_secret_leaves_its_digest_alone() {
        let kept = |text: &str| {
            let mut plan = Plan::default();
            let fact = crate::facts::file::parse(&format!("600 root root\n{text}"));
            let wanted = Err(String::new());
            plan.file(
                &Context { reading: true, ..Context::default() },
                "a",
                "/x.yml",
                &fact,
                wanted,
            );
            plan.secret_texts["/x.yml"].1.expose().to_owned()
        };
        let first = kept("level: info\npassword: one\n");
        assert_eq!(first, kept("level: debug\npassword: one\n"));
        assert_ne!(first, kept("level: info\npassword: two\n"));
    }

    #[test]
    fn a_file_that_is_as_wanted_is_not_called_changed() {
        let text = "password: two\n";
        let fact = crate::facts::file::parse(&format!("600 root root\n{text}"));
        let context =
            Context { as_written: [("/x.yml".to_owned(), false)].into(), ..Context::default() };
        let mut plan = Plan::default();
        assert!(!plan.file(&context, "a", "/x.yml", &fact, Ok(File::private("/x.yml", text))));
        assert_eq!(plan.files["/x.yml"].actual, plan.files["/x.yml"].wanted);
        let other = Ok(File::private("/x.yml", "password: three\n"));
        assert!(plan.file(&context, "a", "/x.yml", &fact, other));
        let shown = plan.files["/x.yml"].actual.clone().unwrap_or_default();
        assert!(shown.contains("changed on the host"), "{shown}");
    }
}
