//! Ask, observe and decide: once, for refresh, plan and apply.

use std::collections::BTreeMap;

use super::connect::Reached;
use super::ownership::Ownership;
use super::private::Private;
use super::session::Session;
use super::{Managed, ObserveError, ask, ownership};
use crate::diag::Diag;
use crate::host::Host;
use crate::observation::Observation;
use crate::plan::{Context, Known, Plan};
use crate::question::{Answers, Question};
use crate::resource::Resource;
use crate::value::Object;

/// What was seen of a resource, decided on: the plan, and the private data that goes with it.
pub(super) struct Decision {
    pub plan: Plan,
    pub private: Private,
    /// For a destroy of an object whose hosts carry another life of it: what is said, and that is all.
    pub another_life: Option<Diag>,
}

/// What is decided.
#[derive(Clone, Copy)]
pub(super) struct PlanMode {
    pub destroying: bool,
    /// For plan: what the refresh of the same run was answered counts, and nobody is asked twice.
    pub remembering: bool,
}

/// What a decision is made with, beside settings and facts.
#[derive(Clone, Copy)]
pub(super) struct PlanInputs<'a> {
    /// The state before.
    pub prior: Option<&'a Object>,
    /// Name of this configuration.
    pub owner: &'a str,
    pub mode: PlanMode,
    pub secrets_unchanged: bool,
}

/// For whom hosts are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// A refresh: what it is answered is kept for the plan that follows.
    Refresh,
    /// That plan.
    Plan,
    /// Anybody else.
    Other,
}

/// What is there, and what goes with it.
struct ObservedState<R: Resource> {
    facts: R::Facts,
    ownership: BTreeMap<String, Ownership>,
    observed: Observation,
    /// Of each text with secrets.
    digests: BTreeMap<String, String>,
    /// Whether it is the one that was written last.
    as_written: BTreeMap<String, bool>,
}

impl<R: Resource> ObservedState<R> {
    /// The private data of an object that was imported: it goes on with the life that is there.
    fn adopted(&self, mut private: Private) -> Private {
        if private.adopt && private.uid.is_empty() {
            private.uid = self.ownership.values().find_map(|m| m.uid.clone()).unwrap_or_default();
        }
        private
    }
}

impl<R: Resource> Managed<R> {
    /// Ask the questions, and those that follow from their answers.
    async fn answers(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        settings: &R::Settings,
        phase: Phase,
    ) -> Result<Answers, ObserveError> {
        let mut questions = R::questions(settings);
        let id = R::id(settings);
        let life = ownership::Life { resource: R::NAME, id: &id, uid: "" };
        questions.extend(hosts.keys().map(|host| ownership::question(host, life)));
        let mut answers = Self::ask(session, hosts, questions, phase).await?;
        let more = R::follow_up(settings, &answers);
        if !more.is_empty() {
            answers.0.extend(Self::ask(session, hosts, more, phase).await?.0);
        }
        Ok(answers)
    }

    /// One round trip, or none where the refresh just before was answered the same questions.
    async fn ask(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        questions: Vec<Question>,
        phase: Phase,
    ) -> Result<Answers, ObserveError> {
        let recalled = session.recall(hosts, &questions).filter(|_| phase == Phase::Plan);
        let answers = match recalled {
            Some(answers) => answers,
            None => ask::ask_all(hosts, &questions)
                .await
                .map_err(|(name, error)| Self::unreached(name, error))?,
        };
        if phase == Phase::Refresh {
            session.remember(hosts, questions, &answers);
        }
        Ok(answers)
    }

    /// Ask, and say what is there.
    async fn observed_state(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        prior: Option<&Object>,
        private: &Private,
        phase: Phase,
    ) -> Result<ObservedState<R>, ObserveError> {
        let answers = Self::answers(session, &reached.hosts, settings, phase).await?;
        let facts = R::facts(settings, &answers).map_err(ObserveError::Diags)?;
        let ownership = ownership::facts(&answers, reached.hosts.keys());
        let observed = R::observe(settings, &facts, &reached.reasons());
        let (digests, as_written) =
            ownership::compare(&observed.secrets, &ownership, &private.digests);
        let observed = observed.remembering(prior, &as_written);
        Ok(ObservedState { facts, ownership, observed, digests, as_written })
    }

    /// What is there, as it may be shown: for a refresh.
    pub(super) async fn observe(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        prior: &Object,
        private: Private,
    ) -> Result<(Observation, Private), ObserveError> {
        let phase = Phase::Refresh;
        let state =
            Self::observed_state(session, reached, settings, Some(prior), &private, phase).await?;
        let private = state.adopted(private);
        Ok((state.observed.shown(), private))
    }

    /// What is there, and what is to be done.
    pub(super) async fn observe_and_plan(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        private: Private,
        inputs: PlanInputs<'_>,
    ) -> Result<Decision, ObserveError> {
        let PlanInputs { prior, owner, mode, secrets_unchanged } = inputs;
        let phase = if mode.remembering { Phase::Plan } else { Phase::Other };
        let state =
            Self::observed_state(session, reached, settings, prior, &private, phase).await?;
        let id = R::id(settings);
        if mode.destroying {
            let life = ownership::Life { resource: R::NAME, id: &id, uid: &private.uid };
            let another_life = ownership::of_another_life(&state.ownership, life);
            if another_life.is_some() {
                return Ok(Decision { plan: Plan::default(), private, another_life });
            }
        }
        let mut private = state.adopted(private);
        let ObservedState { facts, ownership, observed, digests, as_written } = state;
        let missing = reached.reasons();
        let (is_new, applying) = (prior.is_none(), !mode.remembering);
        let prior = prior.cloned();
        let context = Context { prior, secrets_unchanged, as_written, applying, missing };
        let known = Known::new(&observed, &context);
        let decide = if mode.destroying { R::destroy } else { R::plan };
        let mut plan = decide(settings, &facts, known);
        if let Some((name, absent)) = reached.missing.first_key_value()
            && !plan.tolerates_missing
        {
            return Err(Self::unreached(name.clone(), absent.error()));
        }
        plan.keep_unseen(&context);
        // From here on as Terraform is told, which compares it with what it was told before.
        plan.shown();
        ownership::refuse_other_owners(&mut plan, &ownership, owner, private.adopt, R::NAME);
        let life = ownership::Life { resource: R::NAME, id: &id, uid: &private.uid };
        // A new object takes over what is there; one that was made before there were UIDs has none.
        if !is_new && !life.uid.is_empty() && !mode.destroying {
            ownership::refuse_other_lives(&mut plan, &ownership, life);
        }
        // Those of a host that is missing count again when it is back.
        if reached.missing.is_empty() {
            private.digests.clear();
        }
        private.digests.extend(digests);
        private.missing = reached.missing.keys().cloned().collect();
        Ok(Decision { plan, private, another_life: None })
    }
}
