//! Read, plan, apply, import: once, for all resources.
//!
//! Observe, plan, apply, observe again. A plan is made from what is on the hosts and not from what
//! an earlier run thinks it did, so an apply that dies anywhere is finished by the next one.

mod apply;
mod ask;
pub mod configuration;
mod data;
mod marks;
mod planning;
mod private;
mod provider;
mod reach;
mod read;
mod run;
mod see;
mod session;
mod values;

use std::collections::BTreeSet;
use std::marker::PhantomData;

use futures::future::BoxFuture;

use crate::backend::{ApplyRequest, PlanRequest, PlanResponse, StateResponse, TypeSchema};
use crate::diag::{Diag, Diags, Path};
use crate::host::HostError;
use crate::resource::Resource;
use crate::schema::{Attribute, Kind, computed};
use crate::settings::Settings;
use crate::value::{Object, Value};

pub use data::{Data, ErasedData};
pub use provider::Provider;
use reach::Absentees;
use session::Session;

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

/// Why nothing could be seen.
enum Blind {
    /// The provider block is not known yet.
    Unconfigured,
    /// A host did not answer; and the attribute that says how to reach it.
    Host(String, HostError, Path),
    /// Some hosts did not answer, as this resource may bear, and others did.
    Away(Absentees),
    /// The answers made no sense.
    Diags(Diags),
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
                vec![unreached(&name, resource, error).at(path)]
            }
            Self::Away(absent) => {
                let diag = |(name, absent): (&String, &reach::Absent)| {
                    unreached(name, resource, absent.error())
                };
                absent.iter().map(diag).collect()
            }
            Self::Diags(diags) => diags,
        }
    }

    /// In words, for a warning about the resource.
    fn why(self, resource: &str) -> String {
        match self {
            Self::Away(absent) => {
                let line = |(name, absent): (&String, &reach::Absent)| {
                    format!("Host {name}: {}", run::say(absent.error()))
                };
                absent.iter().map(line).collect::<Vec<_>>().join("\n")
            }
            other => other.diags(resource).into_iter().map(|d| d.detail).collect(),
        }
    }

    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Host(_, error, _) if error.is_unreachable())
    }

    /// Whether one of these hosts did not answer.
    fn is_one_of(&self, hosts: &BTreeSet<String>) -> bool {
        matches!(self, Self::Host(name, error, _) if error.is_unreachable() && hosts.contains(name))
    }
}

fn unreached(name: &str, resource: &str, error: HostError) -> Diag {
    Diag::error(format!("Failed to reach host {name} of {resource}"), run::say(error))
}

/// An object with the computed attributes of what is there.
fn observed(mut object: Object, id: &str, files: Value, status: Value, outputs: Object) -> Object {
    object.insert("id".into(), id.into());
    object.insert("files".into(), files);
    object.insert("status".into(), status);
    object.extend(outputs);
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
