//! What changes something: apply, destroy and import.

use provider::backend::Backend;
use provider::diag::{Diag, Diags};
use provider::value::Object;

use super::{Run, Subject, address, provider, schema};
use crate::config::Config;
use crate::core::{Action, Core, Outcome, Planned};
use crate::state::{Kept, State};

impl<B: Backend, F: Fn() -> B> Run<F> {
    /// What was refreshed is saved as well, once something is done or nothing is to do.
    pub(super) async fn apply(
        &mut self,
        config: &Config,
        state: &mut State,
        subjects: Vec<Subject>,
    ) -> Outcome<()> {
        let backend = (self.start)();
        self.hear("", backend.configure(config.provider.clone()).await)?;
        let mut outcome = Ok(());
        for subject in subjects {
            // As if each were needed by the next.
            if outcome.is_ok() && subject.planned.as_ref().is_some_and(|p| p.action != Action::NoOp)
            {
                outcome = self.carry_out(&backend, state, subject).await;
                self.save(state)?;
            }
        }
        self.save(state)?;
        outcome
    }

    async fn carry_out(&mut self, backend: &B, state: &mut State, subject: Subject) -> Outcome<()> {
        let Subject { kind, name, config, mut kept, planned: Some(first) } = subject else {
            return Ok(());
        };
        let (at, provider) = (address(&kind, &name), provider(backend));
        let schema = self.or_say(&at, schema(backend, &kind))?;
        let core = Core { backend, schema, address: &at, provider: &provider };
        let mut said = Diags::new();
        if first.action == Action::Replace {
            let gone = change(&core, None, &mut kept, None, &mut said).await;
            state.set(schema, &provider, &name, kept.as_ref());
            if gone.is_err() {
                self.report.say(&at, said);
                return gone;
            }
        }
        let done = change(&core, config.as_ref(), &mut kept, Some(&first), &mut said).await;
        state.set(schema, &provider, &name, kept.as_ref());
        self.report.say(&at, said);
        done
    }

    pub(super) async fn import(
        &mut self,
        backend: &B,
        state: &mut State,
        at: &str,
        id: &str,
    ) -> Outcome<()> {
        let (kind, name) = at.split_once('.').unwrap_or((at, ""));
        let schema = self.or_say(at, schema(backend, kind))?;
        let found = backend.import(kind, id).await;
        self.hear(at, found.diags)?;
        let missing = || {
            let detail = format!("There is no {kind} with the import ID {id:?}.");
            Diag::error("Cannot import non-existent remote object", detail)
        };
        let values = self.or_say(at, found.state.ok_or_else(missing))?;
        let kept = Kept { values, private: found.private, tainted: false };
        let mut said = Diags::new();
        let provider = provider(backend);
        let core = Core { backend, schema, address: at, provider: &provider };
        let read = core.read(kept, &mut said).await;
        self.report.say(at, said);
        let kept = self.or_say(at, read?.ok_or_else(missing))?;
        state.set(schema, &provider, name, Some(&kept));
        self.save(state)
    }
}

/// Plans once more, compares with the first plan where there was one, and carries it out.
async fn change<B: Backend>(
    core: &Core<'_, B>,
    config: Option<&Object>,
    kept: &mut Option<Kept>,
    first: Option<&Planned>,
    said: &mut Diags,
) -> Outcome<()> {
    // Warnings were said by the first.
    let mut again = Diags::new();
    let planned = core.plan(config, kept.as_ref(), &mut again).await;
    if planned.is_err() || first.is_none() {
        said.append(&mut again);
    }
    let planned = planned?;
    if let Some(first) = first {
        core.still(first, &planned, said)?;
    }
    if planned.action == Action::NoOp {
        return Ok(());
    }
    let (now, outcome) = core.apply(config, kept.as_ref(), &planned, said).await;
    *kept = now;
    outcome
}
