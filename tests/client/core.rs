//! One resource, as Terraform Core treats it, with the checks of what the provider answers. A
//! provider that breaks a rule is an error of the run, worded as there.

mod apply;

use provider::backend::{Backend, PlanRequest, TypeSchema};
use provider::diag::{Diag, Diags, Path, has_error};
use provider::value::Object;

use crate::state::Kept;
use crate::valid::Problem;
use crate::{proposed, valid, values};

/// What happens to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    NoOp,
    Create,
    Update,
    Delete,
    Replace,
}

impl Action {
    /// As `terraform show -json` has them.
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Self::NoOp => &["no-op"],
            Self::Create => &["create"],
            Self::Update => &["update"],
            Self::Delete => &["delete"],
            Self::Replace => &["delete", "create"],
        }
    }
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Planned {
    pub action: Action,
    /// The state that it leads to; none for a destroy.
    pub after: Option<Object>,
    /// The provider's data that goes with it.
    pub private: Vec<u8>,
}

/// An error was said.
#[derive(Debug)]
pub struct Failed;
/// A result, or an error that was said.
pub type Outcome<T> = Result<T, Failed>;

const BUG: &str =
    "This is a bug in the provider, which should be reported in the provider's own issue tracker.";

/// A resource and its provider.
pub struct Core<'a, B> {
    pub backend: &'a B,
    pub schema: &'a TypeSchema,
    pub address: &'a str,
    /// The provider's name in messages and in the state.
    pub provider: &'a str,
}

impl<B: Backend> Core<'_, B> {
    /// Refreshes what is known; none if it is gone.
    pub async fn read(&self, kept: Kept, said: &mut Diags) -> Outcome<Option<Kept>> {
        let Kept { values, private, tainted } = kept;
        let found = self.backend.read(&self.schema.name, values, private).await;
        hear(found.diags, said)?;
        let Some(state) = found.state else { return Ok(None) };
        let values = self.fits(&state, said, "Provider produced invalid object", |p, a, why| {
            format!("Provider {p:?} planned an invalid value for {a} during refresh: {why}.")
        })?;
        self.stores_no_secret(&values, said)?;
        Ok(Some(Kept { values, private: found.private, tainted }))
    }

    /// Plans; without a configuration a destroy.
    pub async fn plan(
        &self,
        config: Option<&Object>,
        kept: Option<&Kept>,
        said: &mut Diags,
    ) -> Outcome<Planned> {
        let Some(config) = config else { return self.plan_destroy(kept, said).await };
        // What was not made to its end is replaced.
        let prior = kept.filter(|k| !k.tainted).map(|k| &k.values);
        let private = kept.map(|k| k.private.clone()).unwrap_or_default();
        let (planned, replace) = self.ask(config, prior, private, said).await?;
        match (kept, prior) {
            (Some(_), Some(_)) if replace => {
                let (anew, _) = self.ask(config, None, planned.private, said).await?;
                Ok(Planned { action: Action::Replace, ..anew })
            }
            (Some(_), None) => Ok(Planned { action: Action::Replace, ..planned }),
            _ => Ok(planned),
        }
    }

    /// One plan, which must be valid; and whether it wants to replace what is there.
    async fn ask(
        &self,
        config: &Object,
        prior: Option<&Object>,
        private: Vec<u8>,
        said: &mut Diags,
    ) -> Outcome<(Planned, bool)> {
        let attributes = &self.schema.attributes;
        let request = PlanRequest {
            config: Some(config.clone()),
            prior: prior.cloned(),
            proposed: Some(proposed::new(attributes, prior, config)),
            private,
        };
        let answer = self.backend.plan(&self.schema.name, request).await;
        hear(answer.diags, said)?;
        let invalid = "Provider produced invalid plan";
        let Some(planned) = answer.planned else {
            said.push(self.invalid_plan(&(Path::root(), absent())));
            return Err(Failed);
        };
        let planned = self.fits(&planned, said, invalid, |p, a, why| {
            format!("Provider {p:?} planned an invalid value for {a}: {why}.")
        })?;
        let problems = valid::problems(attributes, prior, config, &planned);
        hear(problems.iter().map(|p| self.invalid_plan(p)).collect(), said)?;
        let action = match prior {
            None => Action::Create,
            Some(prior) if *prior == planned => Action::NoOp,
            Some(_) => Action::Update,
        };
        let planned = Planned { action, after: Some(planned), private: answer.private };
        Ok((planned, !answer.requires_replace.is_empty()))
    }

    fn invalid_plan(&self, (path, problem): &Problem) -> Diag {
        let Self { address, provider, .. } = self;
        let what = format!(
            "Provider {provider:?} planned an invalid value for {}: {problem}.",
            place(address, path)
        );
        bug("Provider produced invalid plan", &what).at(path.clone())
    }

    async fn plan_destroy(&self, kept: Option<&Kept>, said: &mut Diags) -> Outcome<Planned> {
        let Some(kept) = kept else {
            return Ok(Planned { action: Action::NoOp, after: None, private: Vec::new() });
        };
        let request = PlanRequest {
            config: None,
            prior: Some(kept.values.clone()),
            proposed: None,
            private: kept.private.clone(),
        };
        let answer = self.backend.plan(&self.schema.name, request).await;
        hear(answer.diags, said)?;
        if answer.planned.is_some() {
            let what = format!(
                "Provider {:?} planned a non-null destroy value for {}.",
                self.provider, self.address
            );
            said.push(bug("Provider produced invalid plan", &what));
            return Err(Failed);
        }
        Ok(Planned { action: Action::Delete, after: None, private: answer.private })
    }

    fn stores_no_secret(&self, values: &Object, said: &mut Diags) -> Outcome<()> {
        let Some(path) = values::write_only(&self.schema.attributes, values) else { return Ok(()) };
        let what = format!(
            "Provider {:?} returned a value for the write-only attribute {}.",
            self.provider,
            place(self.address, &path)
        );
        said.push(bug("Provider produced invalid object", &what).at(path));
        Err(Failed)
    }

    /// The object in the form of the schema, or why it has none.
    fn fits(
        &self,
        object: &Object,
        said: &mut Diags,
        summary: &str,
        what: impl Fn(&str, &str, &str) -> String,
    ) -> Outcome<Object> {
        values::fitting(&self.schema.attributes, object, &Path::root()).map_err(|(path, why)| {
            let what = what(self.provider, &place(self.address, &path), why);
            said.push(bug(summary, &what).at(path));
            Failed
        })
    }
}

/// Says it all; an error ends what is under way.
pub fn hear(diags: Diags, said: &mut Diags) -> Outcome<()> {
    let failed = has_error(&diags);
    said.extend(diags);
    if failed { Err(Failed) } else { Ok(()) }
}

fn bug(summary: &str, what: &str) -> Diag {
    Diag::error(summary, format!("{what}\n\n{BUG}"))
}

fn absent() -> String {
    "planned for absence but config wants existence".to_owned()
}

/// A path below an address, as Terraform writes it: `.id` alone.
fn place(address: &str, path: &Path) -> String {
    if path.0.is_empty() { address.to_owned() } else { format!("{address}.{path}") }
}
