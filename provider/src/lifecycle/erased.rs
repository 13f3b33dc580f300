//! A resource without its types.

use futures::future::BoxFuture;

use super::managed::Managed;
use super::session::Session;
use super::values;
use crate::backend::{ApplyRequest, PlanRequest, PlanResponse, StateResponse, TypeSchema};
use crate::diag::{Diag, Diags, Path};
use crate::resource::Resource;
use crate::rule;
use crate::value::Object;

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

impl<R: Resource> Managed<R> {
    /// For the list of resources.
    pub fn boxed() -> Box<dyn Erased> {
        Box::new(Self::new())
    }
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
        if diags.is_empty() {
            let config = values::with_defaults(&attributes, config);
            diags.extend(rule::judge(R::rules(), &config));
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
