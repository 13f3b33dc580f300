//! A run over all of a folder: what `terraform plan`, `apply`, `apply -refresh-only`, `destroy` and
//! `import` do.

mod apply;

use std::path::{Path, PathBuf};

use provider::backend::{Backend, TypeSchema};
use provider::diag::{Diag, Diags};
use provider::value::Object;

use crate::config::{Block, Config};
use crate::core::{Core, Failed, Outcome, Planned, hear};
use crate::report::Report;
use crate::state::{Kept, State};
use crate::values;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    Plan,
    Apply,
    Refresh,
    Destroy,
    Import { address: &'a str, id: &'a str },
}

/// A resource of the configuration, the state, or both, and what is planned for it.
struct Subject {
    kind: String,
    name: String,
    config: Option<Object>,
    kept: Option<Kept>,
    planned: Option<Planned>,
}

/// One run. Terraform starts the provider for the plan and again for the apply, which must need
/// nothing that the first remembers; so does this.
pub struct Run<F> {
    folder: PathBuf,
    start: F,
    report: Report,
}

impl<B: Backend, F: Fn() -> B> Run<F> {
    /// In a folder, with providers that are made by `start`.
    pub fn new(folder: &Path, start: F) -> Self {
        Self { folder: folder.to_owned(), start, report: Report::default() }
    }

    /// Does it; whatever was said is in the report.
    pub async fn go(mut self, command: Command<'_>) -> Report {
        // An error was said where it was met.
        let _ = self.all(command).await;
        self.report
    }

    async fn all(&mut self, command: Command<'_>) -> Outcome<()> {
        let backend = (self.start)();
        let config = self.configured(&backend).await?;
        let mut state = self.or_say("", State::load(&self.folder.join("terraform.tfstate")))?;
        if let Command::Import { address, id } = command {
            return self.import(&backend, &mut state, address, id).await;
        }
        let mut subjects = self.subjects(&backend, &config, &state)?;
        self.refresh(&backend, &mut state, &mut subjects).await?;
        self.read_data(&backend, &config, &mut state).await?;
        self.report.prior = state.shown();
        match command {
            Command::Refresh => self.save(&mut state)?,
            _ => self.plan(&backend, &mut subjects, command == Command::Destroy).await?,
        }
        if matches!(command, Command::Apply | Command::Destroy) {
            self.apply(&config, &mut state, subjects).await?;
        }
        Ok(())
    }

    /// The configuration, checked, and the provider with it.
    async fn configured(&mut self, backend: &B) -> Outcome<Config> {
        let path = self.folder.join("main.tf.json");
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Diag::error("Failed to read the configuration", e.to_string()));
        let text = self.or_say("", text)?;
        let config = match Config::read(&text, backend.schemas()) {
            Ok(config) => config,
            Err(diags) => return self.hear("", diags).and(Err(Failed)),
        };
        let mut wrong = self.hear("", backend.validate_provider(config.provider.clone()).await);
        for block in &config.resources {
            let diags = backend.validate(&block.kind, block.config.clone()).await;
            wrong = self.hear(&address(&block.kind, &block.name), diags).and(wrong);
        }
        for block in &config.data {
            let diags = backend.validate_data(&block.kind, block.config.clone()).await;
            wrong = self.hear(&data_address(block), diags).and(wrong);
        }
        wrong?;
        self.hear("", backend.configure(config.provider.clone()).await)?;
        Ok(config)
    }

    /// What is configured, and what is in the state alone.
    fn subjects(&mut self, backend: &B, config: &Config, state: &State) -> Outcome<Vec<Subject>> {
        let mut names: Vec<_> =
            config.resources.iter().map(|b| (b.kind.clone(), b.name.clone())).collect();
        names.extend(
            state.resources().into_iter().filter(|name| !names.contains(name)).collect::<Vec<_>>(),
        );
        let mut subjects = Vec::new();
        for (kind, name) in names {
            let at = address(&kind, &name);
            let schema = self.or_say(&at, schema(backend, &kind))?;
            let kept = self.or_say(&at, state.get(backend, schema, &name))?;
            let block = config.resources.iter().find(|b| (&b.kind, &b.name) == (&kind, &name));
            let config = block.map(|b| b.config.clone());
            subjects.push(Subject { kind, name, config, kept, planned: None });
        }
        Ok(subjects)
    }

    async fn refresh(
        &mut self,
        backend: &B,
        state: &mut State,
        subjects: &mut [Subject],
    ) -> Outcome<()> {
        let provider = provider(backend);
        let mut outcome = Ok(());
        for subject in subjects {
            let Some(kept) = subject.kept.clone() else { continue };
            let at = address(&subject.kind, &subject.name);
            let schema = self.or_say(&at, schema(backend, &subject.kind))?;
            let mut said = Diags::new();
            let core = Core { backend, schema, address: &at, provider: &provider };
            let found = core.read(kept, &mut said).await;
            self.report.say(&at, said);
            match found {
                Ok(kept) => {
                    state.set(schema, &provider, &subject.name, kept.as_ref());
                    subject.kept = kept;
                }
                Err(failed) => outcome = Err(failed),
            }
        }
        outcome
    }

    async fn read_data(&mut self, backend: &B, config: &Config, state: &mut State) -> Outcome<()> {
        let provider = provider(backend);
        state.forget_data();
        for block in &config.data {
            let at = data_address(block);
            let found = backend.read_data(&block.kind, block.config.clone()).await;
            self.hear(&at, found.diags)?;
            let schemas = &backend.schemas().data_sources;
            let schema = self.or_say(&at, find(schemas, &block.kind))?;
            let object = found.state.unwrap_or_default();
            if let Some(path) = values::unknown(&object) {
                let detail = format!(
                    "Provider {provider:?} produced a value for {at} that is not wholly known: \
                     {path}."
                );
                let diag = Diag::error("Provider produced invalid object", detail);
                return self.hear(&at, vec![diag]);
            }
            state.set_data(schema, &provider, &block.name, &object);
        }
        Ok(())
    }

    async fn plan(&mut self, backend: &B, subjects: &mut [Subject], destroy: bool) -> Outcome<()> {
        let provider = provider(backend);
        let mut outcome = Ok(());
        for subject in subjects {
            let at = address(&subject.kind, &subject.name);
            let schema = self.or_say(&at, schema(backend, &subject.kind))?;
            if destroy {
                subject.config = None;
            }
            let mut said = Diags::new();
            let core = Core { backend, schema, address: &at, provider: &provider };
            let planned =
                core.plan(subject.config.as_ref(), subject.kept.as_ref(), &mut said).await;
            self.report.say(&at, said);
            match planned {
                Ok(planned) => {
                    let before = subject.kept.as_ref().map(|k| &k.values);
                    self.report.change(&at, planned.action, before, planned.after.as_ref());
                    subject.planned = Some(planned);
                }
                Err(failed) => outcome = Err(failed),
            }
        }
        outcome
    }

    fn save(&mut self, state: &mut State) -> Outcome<()> {
        let saved = state.save();
        self.report.values = state.shown();
        self.or_say("", saved)
    }

    fn hear(&mut self, address: &str, diags: Diags) -> Outcome<()> {
        let mut said = Diags::new();
        let outcome = hear(diags, &mut said);
        self.report.say(address, said);
        outcome
    }

    fn or_say<T>(&mut self, address: &str, result: Result<T, Diag>) -> Outcome<T> {
        result.map_err(|diag| {
            self.report.say(address, vec![diag]);
            Failed
        })
    }
}

/// As Terraform names the provider in messages and in the state.
fn provider<B: Backend>(backend: &B) -> String {
    format!("provider[\"registry.terraform.io/{}\"]", backend.about().address)
}

fn schema<'a, B: Backend>(backend: &'a B, kind: &str) -> Result<&'a TypeSchema, Diag> {
    find(&backend.schemas().resources, kind)
}

fn find<'a>(types: &'a [TypeSchema], kind: &str) -> Result<&'a TypeSchema, Diag> {
    let unknown = || {
        let detail = format!("The provider does not support the type {kind:?}.");
        Diag::error("Invalid type", detail)
    };
    types.iter().find(|t| t.name == kind).ok_or_else(unknown)
}

fn address(kind: &str, name: &str) -> String {
    format!("{kind}.{name}")
}

fn data_address(block: &Block) -> String {
    format!("data.{}.{}", block.kind, block.name)
}

#[cfg(test)]
mod tests;
