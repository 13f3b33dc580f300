//! Carrying out a plan.

use provider::backend::{ApplyRequest, Backend};
use provider::diag::Diags;
use provider::value::Object;

use super::{Action, Core, Failed, Outcome, Planned, bug, hear, place};
use crate::state::Kept;
use crate::valid::Problem;
use crate::{compatible, values};

impl<B: Backend> Core<'_, B> {
    /// The plan of the apply must be what was planned, but for what was unknown.
    pub fn still(&self, first: &Planned, second: &Planned, said: &mut Diags) -> Outcome<()> {
        let Self { address, provider, .. } = self;
        let head = format!(
            "When expanding the plan for {address} to include new values learned so far during \
             apply, provider {provider:?}"
        );
        let summary = "Provider produced inconsistent final plan";
        let (was, is) = (first.action, second.action);
        let less = (was, is) == (Action::Update, Action::NoOp);
        let half = (was, is) == (Action::Replace, Action::Create);
        if was != is && !less && !half {
            let what = format!("{head} changed the planned action from {was:?} to {is:?}.");
            said.push(bug(summary, &what));
            return Err(Failed);
        }
        let attributes = &self.schema.attributes;
        let problems =
            compatible::problems(attributes, first.after.as_ref(), second.after.as_ref());
        let say = |(path, problem): Problem| {
            let at = place("", &path);
            let what = format!("{head} produced an invalid new value for {at}: {problem}.");
            bug(summary, &what).at(path)
        };
        hear(problems.into_iter().map(say).collect(), said)
    }

    /// Carries out a plan; what is known afterwards, whether it failed or not.
    pub async fn apply(
        &self,
        config: Option<&Object>,
        prior: Option<&Kept>,
        planned: &Planned,
        said: &mut Diags,
    ) -> (Option<Kept>, Outcome<()>) {
        let request = ApplyRequest {
            config: config.cloned(),
            prior: prior.map(|k| k.values.clone()),
            planned: planned.after.clone(),
            private: planned.private.clone(),
        };
        let done = self.backend.apply(&self.schema.name, request).await;
        let heard = hear(done.diags, said);
        let Some(state) = done.state else {
            // An error without a state leaves what was known.
            let kept = prior.filter(|_| heard.is_err()).cloned();
            let wrong = heard.and_then(|()| self.came_true(planned, None, said));
            return (kept, wrong);
        };
        let invalid = "Provider produced invalid object";
        let fits = self.fits(&state, said, invalid, |p, a, why| {
            format!("Provider {p:?} produced an invalid value after apply for {a}: {why}.")
        });
        let Ok(mut values) = fits else { return (prior.cloned(), Err(Failed)) };
        let known = self.is_known(&mut values, said);
        let secret = self.stores_no_secret(&values, said);
        let whole = heard.and(known).and(secret);
        let outcome = whole.and_then(|()| self.came_true(planned, Some(&values), said));
        // What was being made and is not whole is replaced by the next apply.
        let tainted = outcome.is_err() && prior.is_none();
        (Some(Kept { values, private: done.private, tainted }), outcome)
    }

    /// What was known in the plan is so now.
    fn came_true(&self, planned: &Planned, is: Option<&Object>, said: &mut Diags) -> Outcome<()> {
        if planned.after.is_none() {
            return Ok(());
        }
        let Self { address, provider, .. } = self;
        let problems = compatible::problems(&self.schema.attributes, planned.after.as_ref(), is);
        let say = |(path, problem): Problem| {
            let what = format!(
                "When applying changes to {address}, provider {provider:?} produced an unexpected \
                 new value: {}: {problem}.",
                place("", &path)
            );
            bug("Provider produced inconsistent result after apply", &what).at(path)
        };
        hear(problems.into_iter().map(say).collect(), said)
    }

    /// Nothing is unknown after an apply; the rest is kept.
    fn is_known(&self, values: &mut Object, said: &mut Diags) -> Outcome<()> {
        let Some(path) = values::unknown(values) else { return Ok(()) };
        *values = values::known_object(std::mem::take(values));
        let what = format!(
            "After the apply operation, the provider still indicated an unknown value for {}. All \
             values must be known after apply.",
            place(self.address, &path)
        );
        said.push(bug("Provider returned invalid result object after apply", &what).at(path));
        Err(Failed)
    }
}
