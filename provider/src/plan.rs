//! The result of a decision: what is there, what should be, and the steps between.

use std::collections::BTreeMap;

use crate::diag::{Diag, Diags};
use crate::facts::file::FileFact;
use crate::observation::Observation;
use crate::step::{Action, File, Step, Steps};
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
    /// Whether what is decided is done at once. A plan comes before what other resources of the
    /// same apply do.
    pub applying: bool,
    /// Hosts that did not answer, by their names among the targets, and why, in words; only where
    /// the resource says `TOLERATES_MISSING`. There are no answers of them.
    pub missing: BTreeMap<String, String>,
}

/// What a decision looks at beside settings and facts.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// What is there.
    pub observed: &'a Observation,
    /// What else is known.
    pub context: &'a Context,
    /// The secrets of a file count as others than those that were written last.
    renewed: bool,
}

impl<'a> Known<'a> {
    /// Both.
    pub fn new(observed: &'a Observation, context: &'a Context) -> Self {
        Self { observed, context, renewed: false }
    }

    /// The same for a file whose secrets may be others, although their version is the same.
    #[must_use]
    pub fn renewed(self, renewed: bool) -> Self {
        Self { renewed, ..self }
    }

    /// Whether a file is to be written: it has another text, owner or mode.
    pub fn differs(&self, label: &str, actual: &FileFact, file: &File) -> bool {
        let masked = render::mask::mask(label, file.content.expose());
        let keeps_secrets = self.context.secrets_unchanged
            && !self.renewed
            && self.context.as_written.get(label) == Some(&true)
            && actual.text().is_some_and(|t| render::mask::mask(label, t) == masked);
        let same_text = keeps_secrets || actual.text() == Some(file.content.expose());
        !same_text || !actual.has_permissions(file)
    }

    /// A file as it is and as it should be, secrets masked.
    pub fn pair(&self, label: &str, actual: &FileFact, file: &File) -> Pair {
        let wanted = render::mask::mask(label, file.content.expose());
        // Shown in the text: a plan has no other place for a file's owner and mode.
        let masked = |text: &str| render::mask::mask(label, text) + &actual.odd_permissions(file);
        let actual = match actual.text() {
            // Not as written last, and yet as wanted: written a moment ago, or put back by hand.
            Some(text) if text == file.content.expose() => Some(masked(text)),
            text => self.observed.files.get(label).cloned().or_else(|| text.map(masked)),
        };
        Pair { actual, wanted: Some(wanted) }
    }
}

/// A decision.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// In order.
    pub steps: Steps,
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
    pub tolerates_missing: bool,
    /// Why it cannot be done: nothing is touched.
    pub refusals: Diags,
    /// What the user should know.
    pub warnings: Diags,
}

/// The step that writes a file.
pub fn write(host: &str, file: File) -> Step {
    Step::new(host, format!("write {}", file.path), Action::Write(file))
}

impl Plan {
    /// Add a step.
    pub fn step(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Add what another decision came to: its steps come after those of this one.
    pub fn add(&mut self, part: Self) {
        self.steps.extend(part.steps);
        self.files.extend(part.files);
        self.status.extend(part.status);
        self.outputs.extend(part.outputs);
        self.outputs_after.extend(part.outputs_after);
        self.tolerates_missing |= part.tolerates_missing;
        self.refusals.extend(part.refusals);
        self.warnings.extend(part.warnings);
    }

    /// The same, and without a step where something is refused.
    #[must_use]
    pub fn all_or_nothing(self) -> Self {
        let steps = if self.refusals.is_empty() { self.steps } else { Steps::none() };
        Self { steps, ..self }
    }

    /// Warn, at no attribute.
    pub fn warn(&mut self, summary: impl Into<String>, detail: impl Into<String>) {
        self.warnings.push(Diag::warning(summary, detail));
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
        known: Known<'_>,
        host: &str,
        label: impl Into<String>,
        actual: &FileFact,
        wanted: Result<File, String>,
    ) -> bool {
        let label = label.into();
        match wanted {
            Ok(file) => {
                let differs = known.differs(&label, actual, &file);
                self.files.insert(label.clone(), known.pair(&label, actual, &file));
                if differs {
                    self.step(write(host, file));
                }
                differs
            }
            Err(why) => {
                self.present(known, label.clone());
                self.refuse("", format!("Cannot make {label}"), why);
                false
            }
        }
    }

    /// Record a file that is there, where nothing can be said of what should be.
    pub fn present(&mut self, known: Known<'_>, label: impl Into<String>) {
        let label = label.into();
        let actual = known.observed.files.get(&label).cloned();
        self.files.insert(label, Pair { actual, wanted: None });
    }

    /// Record a file that should not be there; true if it is, and then it is removed.
    pub fn absent(
        &mut self,
        known: Known<'_>,
        host: &str,
        path: &str,
        label: impl Into<String>,
        actual: &FileFact,
    ) -> bool {
        let label = label.into();
        let masked = || actual.text().map(|text| render::mask::mask(&label, text));
        let now = known.observed.files.get(&label).cloned().or_else(masked);
        self.files.insert(label, Pair { actual: now, wanted: None });
        let present = actual.is_present();
        if present {
            self.step(Step::new(host, format!("remove {path}"), Action::Remove(path.to_owned())));
        }
        present
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

    fn observed(text: &str, as_written: &BTreeMap<String, bool>) -> (FileFact, Observation) {
        let fact = crate::facts::file::parse(&format!("600 root root\n{text}"));
        let mut observed = Observation::default();
        observed.file("a", "/x.yml", &fact, &File::private("/x.yml", ""));
        (fact, observed.remembering(None, as_written))
    }

    #[test]
    fn a_file_that_is_as_wanted_is_not_called_changed() {
        let text = "password: two\n";
        let as_written = BTreeMap::from([("/x.yml".to_owned(), false)]);
        let (fact, observed) = observed(text, &as_written);
        let context = Context { as_written, ..Context::default() };
        let known = Known::new(&observed, &context);
        let mut plan = Plan::default();
        assert!(!plan.file(known, "a", "/x.yml", &fact, Ok(File::private("/x.yml", text))));
        assert_eq!(plan.files["/x.yml"].actual, plan.files["/x.yml"].wanted);
        let other = Ok(File::private("/x.yml", "password: three\n"));
        assert!(plan.file(known, "a", "/x.yml", &fact, other));
        let shown = plan.files["/x.yml"].actual.clone().unwrap_or_default();
        assert!(shown.contains("changed on the host"), "{shown}");
    }

    #[test]
    fn a_secret_that_was_renewed_is_written_although_its_version_is_the_same() {
        let as_written = BTreeMap::from([("/x.yml".to_owned(), true)]);
        let (fact, observed) = observed("password: two\n", &as_written);
        let context = Context { as_written, secrets_unchanged: true, ..Context::default() };
        let known = Known::new(&observed, &context);
        let file = File::private("/x.yml", "password: three\n");
        assert!(!known.differs("/x.yml", &fact, &file));
        assert!(known.renewed(true).differs("/x.yml", &fact, &file));
    }

    #[test]
    fn what_is_refused_has_no_step_and_is_shown_all_the_same() {
        let mut plan = Plan::default();
        plan.status("x", "", "there");
        plan.step(Step::run("a", "make x", ""));
        assert_eq!(plan.clone().all_or_nothing().steps.len(), 1);
        plan.refuse("", "No", "");
        let refused = plan.all_or_nothing();
        assert!(refused.steps.is_empty() && refused.status.contains_key("x"));
    }
}
