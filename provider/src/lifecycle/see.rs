//! Observe and decide: once, for refresh, plan and apply.

use std::collections::BTreeMap;

use super::private::Private;
use super::reach::Reached;
use super::session::Session;
use super::{Blind, Managed, marks, observe};
use crate::diag::Diag;
use crate::host::Host;
use crate::plan::{Context, Plan};
use crate::resource::{Answers, Question, Resource};
use crate::value::Object;

/// What was seen of a resource, decided on: the plan, and the private data that goes with it.
pub(super) struct Seen {
    pub plan: Plan,
    pub private: Private,
    /// For a destroy of an object whose hosts carry another life of it: what is said, and that is all.
    pub another_life: Option<Diag>,
}

/// How `see` goes about it.
#[derive(Clone, Copy)]
pub(super) struct Sight {
    /// For Read: only what is there counts.
    pub reading: bool,
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
    pub sight: Sight,
    pub secrets_unchanged: bool,
}

impl<R: Resource> Managed<R> {
    /// Ask the questions, and those that follow from their answers.
    async fn answers(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        settings: &R::Settings,
        sight: Sight,
    ) -> Result<Answers, Blind> {
        let mut questions = R::questions(settings);
        let id = R::id(settings);
        let life = marks::Life { resource: R::NAME, id: &id, uid: "" };
        questions.extend(hosts.keys().map(|host| marks::question(host, life)));
        let mut answers = Self::ask(session, hosts, questions, sight).await?;
        let more = R::follow_up(settings, &answers);
        if !more.is_empty() {
            answers.0.extend(Self::ask(session, hosts, more, sight).await?.0);
        }
        Ok(answers)
    }

    /// One round trip, or none where the refresh just before was answered the same questions.
    async fn ask(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        questions: Vec<Question>,
        sight: Sight,
    ) -> Result<Answers, Blind> {
        let recalled = session.recall(hosts, &questions).filter(|_| sight.remembering);
        let answers = match recalled {
            Some(answers) => answers,
            None => observe::observe(hosts, &questions)
                .await
                .map_err(|(name, error)| Self::unreached(name, error))?,
        };
        if sight.reading {
            session.remember(hosts, questions, &answers);
        }
        Ok(answers)
    }

    /// Observe and decide.
    pub(super) async fn see(
        session: &Session,
        reached: &Reached,
        settings: &R::Settings,
        mut private: Private,
        view: View<'_>,
    ) -> Result<Seen, Blind> {
        let View { prior, owner, sight, secrets_unchanged } = view;
        let answers = Self::answers(session, &reached.hosts, settings, sight).await?;
        let facts = R::facts(settings, &answers).map_err(Blind::Diags)?;
        let marks = marks::facts(&answers, reached.hosts.keys());
        if sight.destroying {
            let life = marks::Life { resource: R::NAME, id: &R::id(settings), uid: &private.uid };
            let another_life = marks::of_another_life(&marks, life);
            if another_life.is_some() {
                return Ok(Seen { plan: Plan::default(), private, another_life });
            }
        }
        if private.adopt && private.uid.is_empty() {
            private.uid = marks.values().find_map(|m| m.uid.clone()).unwrap_or_default();
        }
        let decide = |context: &Context| {
            if sight.destroying {
                R::destroy(settings, &facts, context)
            } else {
                R::plan(settings, &facts, context)
            }
        };
        let mut context = Context {
            prior: prior.cloned(),
            secrets_unchanged,
            reading: sight.reading,
            missing: reached.reasons(),
            ..Context::default()
        };
        // Decided once to learn which texts hold secrets, and again with the digests of those.
        let texts = decide(&context).secret_texts;
        let (digests, as_written) = marks::compare(&texts, &marks, &private.digests);
        context.as_written = as_written;
        let mut plan = decide(&context);
        if let Some((name, absent)) = reached.missing.first_key_value()
            && !plan.bears_missing
        {
            return Err(Self::unreached(name.clone(), absent.error()));
        }
        plan.keep_unseen(&context);
        // From here on as Terraform is told, which compares it with what it was told before.
        plan.shown();
        if !sight.reading {
            marks::refuse_other_owners(&mut plan, &marks, owner, private.adopt, R::NAME);
            // Those of a host that is missing count again when it is back.
            if reached.missing.is_empty() {
                private.digests.clear();
            }
            private.digests.extend(digests);
            private.missing = reached.missing.keys().cloned().collect();
        }
        Ok(Seen { plan, private, another_life: None })
    }
}
