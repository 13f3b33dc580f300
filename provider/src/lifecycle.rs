//! Read, plan, apply, import: once, for all resources.
//!
//! Observe, plan, apply, observe again. A plan is made from what is on the hosts and not from what
//! an earlier run thinks it did, so an apply that dies anywhere is finished by the next one.

mod apply;
pub mod configuration;
mod data;
mod marks;
mod observe;
mod planning;
mod private;
mod provider;
mod read;
mod run;
mod session;
mod values;

use std::collections::BTreeMap;
use std::marker::PhantomData;

use futures::future::BoxFuture;

use crate::backend::{ApplyRequest, PlanRequest, PlanResponse, StateResponse, TypeSchema};
use crate::diag::{Diag, Diags, Path};
use crate::host::{Host, HostError, Patience};
use crate::plan::{Context, Plan};
use crate::resource::{Answers, Question, Resource, Ssh};
use crate::schema::{Attribute, Kind, computed};
use crate::settings::Settings;
use crate::value::{Object, Value};

pub use data::{Data, ErasedData};
use private::Private;
pub use provider::Provider;
use session::{Configured, Session};

crate::settings! {
    /// Limits for the whole of an operation, such as `45m`. A step that runs is never cut; the
    /// operation stops before the next one, and the next apply goes on from there.
    struct Timeouts {
        /// Limit for creating; `2h` if not set.
        create: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
        /// Limit for changing; `2h` if not set.
        update: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
        /// Limit for destroying; `2h` if not set.
        delete: Option<String> = attr().check(configuration::is_duration).on_change(OnChange::Provider),
    }

    /// What every resource has beside its own attributes.
    struct Shared {
        /// Limits for the whole of an operation, such as `45m`. A step that runs is never cut; the
        /// next apply goes on from where it stopped.
        timeouts: Option<Timeouts> = attr().on_change(OnChange::Provider),
    }
}

/// A resource without its types: what the list of resources holds.
pub trait Erased: Send + Sync {
    /// Its names; the second is an alias.
    fn names(&self) -> Vec<&'static str>;
    /// Its schema, under its first name.
    fn schema(&self) -> TypeSchema;
    /// Check a configuration.
    fn validate(&self, config: &Object) -> Diags;
    /// Plan.
    fn plan<'a>(
        &'a self,
        session: &'a Session,
        request: PlanRequest,
    ) -> BoxFuture<'a, PlanResponse>;
    /// Apply.
    fn apply<'a>(
        &'a self,
        session: &'a Session,
        request: ApplyRequest,
    ) -> BoxFuture<'a, StateResponse>;
    /// Refresh.
    fn read<'a>(
        &'a self,
        session: &'a Session,
        state: Object,
        private: Vec<u8>,
    ) -> BoxFuture<'a, StateResponse>;
    /// Import.
    fn import<'a>(&'a self, session: &'a Session, id: &'a str) -> BoxFuture<'a, StateResponse>;
    /// Bring a JSON state to this schema.
    fn upgrade(&self, version: i64, state: &serde_json::Value) -> Result<Object, Diag>;
}

/// A resource of type `R` under the lifecycle.
pub struct Managed<R>(PhantomData<R>);

impl<R: Resource> Managed<R> {
    /// For the list of resources.
    pub fn boxed() -> Box<dyn Erased> {
        Box::new(Self(PhantomData))
    }

    fn attributes() -> Vec<Attribute> {
        let mut attributes = vec![given("id", "Identity of the resource.", Kind::String)];
        attributes.extend(R::Settings::attributes());
        attributes.extend(Shared::attributes());
        let texts = || Kind::Map(Box::new(Kind::String));
        let files = "Texts of the managed files as they are on the hosts, by path, secrets masked. \
                     A plan shows here each line that it will change.";
        let status = "Managed things that are not files (packages, services, settings of a server) \
                      as they are on the hosts.";
        attributes.push(given("files", files, texts()));
        attributes.push(given("status", status, texts()));
        attributes.extend(computed(R::Outputs::attributes()));
        attributes
    }

    fn settings(object: &Object) -> Result<R::Settings, Diags> {
        R::Settings::from_object(object, &Path::root())
    }
}

fn given(name: &str, description: &str, kind: Kind) -> Attribute {
    let spec = crate::schema::attr();
    let attribute = spec.attribute::<Option<String>>(name, &[description]);
    let [attribute] = <[Attribute; 1]>::try_from(computed(vec![Attribute { kind, ..attribute }]))
        .unwrap_or_else(|_| unreachable!("one attribute in, one out"));
    attribute
}

/// What was seen of a resource, decided on: the plan, and the private data that goes with it.
struct Seen {
    plan: Plan,
    private: Private,
}

/// Why nothing could be seen.
enum Blind {
    /// The provider block is not known yet.
    Unconfigured,
    /// A host did not answer; and the attribute that says how to reach it.
    Host(String, HostError, Path),
    /// The answers made no sense.
    Diags(Diags),
}

/// How `see` goes about it.
#[derive(Clone, Copy)]
struct Sight {
    /// For Read: only what is there counts.
    reading: bool,
    destroying: bool,
    /// For plan: what the refresh of the same run was answered counts, and nobody is asked twice.
    remembering: bool,
}

/// What a decision is made with, beside settings and facts.
struct View<'a> {
    /// The state before.
    prior: Option<&'a Object>,
    /// Name of this configuration.
    owner: &'a str,
    sight: Sight,
    secrets_unchanged: bool,
}

impl<R: Resource> Managed<R> {
    /// Connect to all hosts of the resource.
    async fn hosts(
        configured: &Configured,
        settings: &R::Settings,
        private: &mut Private,
        patience: Patience,
    ) -> Result<BTreeMap<String, Host>, Blind> {
        let targets = R::targets(settings);
        let diags = configured.check_credentials(&targets);
        if !diags.is_empty() {
            return Err(Blind::Diags(diags));
        }
        let hosts = connect(configured, &targets, private, patience).await;
        hosts.map_err(|blind| match blind {
            Blind::Host(name, error, _) => {
                let path = place(&Self::attributes(), &name, &error);
                Blind::Host(name, error, path)
            }
            other => other,
        })
    }

    /// Ask the questions, and those that follow from their answers.
    async fn answers(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        settings: &R::Settings,
        sight: Sight,
    ) -> Result<Answers, Blind> {
        let mut questions = R::questions(settings);
        questions.extend(hosts.keys().map(|host| marks::question(host, R::NAME)));
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
            None => observe::observe(hosts, &questions).await.map_err(|(name, error)| {
                let path = place(&Self::attributes(), &name, &error);
                Blind::Host(name, error, path)
            })?,
        };
        if sight.reading {
            session.remember(hosts, questions, &answers);
        }
        Ok(answers)
    }

    /// Observe and decide.
    async fn see(
        session: &Session,
        hosts: &BTreeMap<String, Host>,
        settings: &R::Settings,
        mut private: Private,
        view: View<'_>,
    ) -> Result<Seen, Blind> {
        let View { prior, owner, sight, secrets_unchanged } = view;
        let answers = Self::answers(session, hosts, settings, sight).await?;
        let facts = R::facts(settings, &answers).map_err(Blind::Diags)?;
        let marks = marks::facts(&answers, hosts.keys());
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
            ..Context::default()
        };
        // Decided once to learn which texts hold secrets, and again with the digests of those.
        let texts = decide(&context).secret_texts;
        let (digests, as_written) = marks::compare(&texts, &marks, &private.digests);
        context.as_written = as_written;
        let mut plan = decide(&context);
        if !sight.reading {
            marks::refuse_other_owners(&mut plan, &marks, owner, private.adopt, R::NAME);
            private.digests = digests;
        }
        Ok(Seen { plan, private })
    }
}

/// The attribute that says how to reach a host: `ssh`, `nodes.NAME.ssh` or `hosts["NAME"].ssh`.
fn place(attributes: &[Attribute], host: &str, error: &HostError) -> Path {
    let has_ssh =
        |kind: &Kind| matches!(kind, Kind::Object(inner) if inner.iter().any(|a| a.name == "ssh"));
    let of = |attribute: &Attribute| match &attribute.kind {
        Kind::Object(_) if attribute.name == "ssh" => Some(Path::of("ssh")),
        Kind::Object(inner) if inner.iter().any(|a| a.name == host && has_ssh(&a.kind)) => {
            Some(Path::of(&attribute.name).attribute(host).attribute("ssh"))
        }
        Kind::Map(item) if has_ssh(item) => {
            Some(Path::of(&attribute.name).key(host).attribute("ssh"))
        }
        _ => None,
    };
    let Some(ssh) = attributes.iter().find_map(of) else { return Path::root() };
    match error {
        HostError::HostKeyChanged { .. } => ssh.attribute("host_key"),
        _ => ssh,
    }
}

async fn connect(
    configured: &Configured,
    targets: &[(String, Ssh)],
    private: &mut Private,
    patience: Patience,
) -> Result<BTreeMap<String, Host>, Blind> {
    let attempts = targets.iter().map(|(name, ssh)| {
        let mut pins = private.clone();
        async move {
            let host = configured.host(ssh, &mut pins, patience).await;
            (name.clone(), host.map(|h| (h, pins.pins)))
        }
    });
    let mut hosts = BTreeMap::new();
    for (name, result) in futures::future::join_all(attempts).await {
        let (host, pins) = result.map_err(|e| Blind::Host(name.clone(), e, Path::root()))?;
        private.pins.extend(pins);
        hosts.insert(name, host);
    }
    Ok(hosts)
}

impl Blind {
    /// As diagnostics.
    fn diags(self, resource: &str) -> Diags {
        match self {
            Self::Unconfigured => vec![Diag::error(
                "The provider is not configured yet",
                format!("{resource}: the provider block holds values that are not known yet."),
            )],
            Self::Host(name, error, path) => {
                let summary = format!("Failed to reach host {name} of {resource}");
                vec![Diag::error(summary, run::say(error)).at(path)]
            }
            Self::Diags(diags) => diags,
        }
    }

    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Host(_, error, _) if error.is_unreachable())
    }
}

/// An object with the computed attributes of what is there.
fn observed(mut object: Object, id: &str, plan: &Plan) -> Object {
    object.insert("id".into(), id.into());
    object.insert("files".into(), Plan::actual(&plan.files));
    object.insert("status".into(), Plan::actual(&plan.status));
    object.extend(plan.outputs.clone());
    object
}

impl<R: Resource> Erased for Managed<R> {
    fn names(&self) -> Vec<&'static str> {
        std::iter::once(R::NAME).chain(R::ALIAS).collect()
    }

    fn schema(&self) -> TypeSchema {
        TypeSchema {
            name: R::NAME.to_owned(),
            version: R::VERSION,
            description: R::DESCRIPTION.to_owned(),
            attributes: Self::attributes(),
        }
    }

    fn validate(&self, config: &Object) -> Diags {
        let attributes = Self::attributes();
        let mut diags = crate::settings::check(&attributes, config, &Path::root());
        if diags.is_empty() && config.values().all(Value::is_known) {
            match Self::settings(&values::with_defaults(&attributes, config)) {
                Ok(settings) => diags.extend(R::validate(&settings)),
                Err(more) => diags.extend(more),
            }
        }
        diags
    }

    fn plan<'a>(
        &'a self,
        session: &'a Session,
        request: PlanRequest,
    ) -> BoxFuture<'a, PlanResponse> {
        Box::pin(Self::plan_any(session, request))
    }

    fn apply<'a>(
        &'a self,
        session: &'a Session,
        request: ApplyRequest,
    ) -> BoxFuture<'a, StateResponse> {
        Box::pin(Self::apply_any(session, request))
    }

    fn read<'a>(
        &'a self,
        session: &'a Session,
        state: Object,
        private: Vec<u8>,
    ) -> BoxFuture<'a, StateResponse> {
        Box::pin(Self::refresh(session, state, private))
    }

    fn import<'a>(&'a self, session: &'a Session, id: &'a str) -> BoxFuture<'a, StateResponse> {
        Box::pin(Self::import_id(session, id))
    }

    fn upgrade(&self, _version: i64, state: &serde_json::Value) -> Result<Object, Diag> {
        crate::json::object(&Self::attributes(), state, &Path::root())
    }
}
