//! Ask, observe and decide: once, for refresh, plan and apply.

use std::collections::BTreeMap;

use super::marks::Marks;
use super::private::Private;
use super::reach::Reached;
use super::session::Session;
use super::{Blind, Managed, ask, marks};
use crate::diag::Diag;
use crate::host::Host;
use crate::observation::Observation;
use crate::plan::{Context, Known, Plan};
use crate::question::{Answers, Question};
use crate::resource::Resource;
use crate::value::Object;

/// What was seen of a resource, decided on: the plan, and the private data that goes with it.
pub(super) struct Seen {
    pub plan: Plan,
    pub private: Private,
    /// For a destroy of an object whose hosts carry another life of it: what is said, and that is all.
    pub another_life: Option<Diag>,
}

/// What is decided.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    pub destroying: bool,
    /// For plan: what the refresh of the same run was answered counts, and nobody is asked twice.
    pub remembering: bool,
}

/// What a decision is made with, beside settings and facts.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    /// The state before.
    pub prior: Option<&'a Object>,
    /// Name of this configuration.
    pub owner: &'a str,
    pub aim: Aim,
    pub secrets_unchanged: bool,
}

/// For whom hosts are asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asker {
    /// A refresh: what it is answered is kept for the plan that follows.
    Refresh,
    /// That plan.
    Plan,
    /// Anybody else.
    Other,
}

/// What is there, and what goes with it.
struct Look<R: Resource> {
    facts: R::Facts,
    marks: BTreeMap<String, Marks>,
    observed: Observation,
    /// Of each text with secrets.
    digests: BTreeMap<String, String>,
    /// Whether it is the one that was written last.
    as_written: BTreeMap<String, bool>,
}

impl<R: Resource> Look<R> {
    /// The private data of an object that was imported: it goes on with the life that is there.
    fn adopted(&self, mut private: Private) -> Private {
        if private.adopt && private.uid.is_empty() {
            private.uid = self.marks.values().find_map(|m| m.uid.clone()).unwrap_or_default();
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
        asker: Asker,
    ) -> Result<Answers, Blind> {
        let mut questions = R::questions(settings);
        let id = R::id(settings);
        let life = marks::Life { resource: R::NAME, id: &id, uid: "" };
        questions.extend(hosts.keys().map(|host| marks::question(host, life)));
        let mut answers = Self::ask(session, hosts, questions, asker).await?;
        let more = R::follow_up(settings, &answers);
        if !more.is_empty() {
            answers.0.extend(Self::ask(session, hosts, more, asker).await?.0);
        }
        Ok(answers)
    }

    /// One round trip, or none where the refresh just before was answered the same questions.
    async fn ask(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        questions: Vec<Question>,
        asker: Asker,
    ) -> Result<Answers, Blind> {
        let recalled = session.recall(hosts, &questions).filter(|_| asker == Asker::Plan);
        let answers = match recalled {
            Some(answers) => answers,
            None => ask::ask_all(hosts, &questions)
                .await
                .map_err(|(name, error)| Self::unreached(name, error))?,
        };
        if asker == Asker::Refresh {
            session.remember(hosts, questions, &answers);
        }
        Ok(answers)
    }

    /// Ask, and say what is there.
    async fn look(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        prior: Option<&Object>,
        private: &Private,
        asker: Asker,
    ) -> Result<Look<R>, Blind> {
        let answers = Self::answers(session, &reached.hosts, settings, asker).await?;
        let facts = R::facts(settings, &answers).map_err(Blind::Diags)?;
        let marks = marks::facts(&answers, reached.hosts.keys());
        let observed = R::observe(settings, &facts, &reached.reasons());
        let (digests, as_written) = marks::compare(&observed.secrets, &marks, &private.digests);
        let observed = observed.remembering(prior, &as_written);
        Ok(Look { facts, marks, observed, digests, as_written })
    }

    /// What is there, as it may be shown: for a refresh.
    pub(super) async fn observe(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        prior: &Object,
        private: Private,
    ) -> Result<(Observation, Private), Blind> {
        let asker = Asker::Refresh;
        let look = Self::look(session, reached, settings, Some(prior), &private, asker).await?;
        let private = look.adopted(private);
        Ok((look.observed.shown(), private))
    }

    /// What is there, and what is to be done.
    pub(super) async fn see(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        private: Private,
        view: View<'_>,
    ) -> Result<Seen, Blind> {
        let View { prior, owner, aim, secrets_unchanged } = view;
        let asker = if aim.remembering { Asker::Plan } else { Asker::Other };
        let look = Self::look(session, reached, settings, prior, &private, asker).await?;
        let id = R::id(settings);
        if aim.destroying {
            let life = marks::Life { resource: R::NAME, id: &id, uid: &private.uid };
            let another_life = marks::of_another_life(&look.marks, life);
            if another_life.is_some() {
                return Ok(Seen { plan: Plan::default(), private, another_life });
            }
        }
        let mut private = look.adopted(private);
        let Look { facts, marks, observed, digests, as_written } = look;
        let missing = reached.reasons();
        let context = Context { prior: prior.cloned(), secrets_unchanged, as_written, missing };
        let known = Known::new(&observed, &context);
        let decide = if aim.destroying { R::destroy } else { R::plan };
        let mut plan = decide(settings, &facts, known);
        if let Some((name, absent)) = reached.missing.first_key_value()
            && !plan.bears_missing
        {
            return Err(Self::unreached(name.clone(), absent.error()));
        }
        plan.keep_unseen(&context);
        // From here on as Terraform is told, which compares it with what it was told before.
        plan.shown();
        marks::refuse_other_owners(&mut plan, &marks, owner, private.adopt, R::NAME);
        let life = marks::Life { resource: R::NAME, id: &id, uid: &private.uid };
        // A new object takes over what is there; one that was made before there were UIDs has none.
        if prior.is_some() && !life.uid.is_empty() && !aim.destroying {
            marks::refuse_other_lives(&mut plan, &marks, life);
        }
        // Those of a host that is missing count again when it is back.
        if reached.missing.is_empty() {
            private.digests.clear();
        }
        private.digests.extend(digests);
        private.missing = reached.missing.keys().cloned().collect();
        Ok(Seen { plan, private, another_life: None })
    }
}
