//! The provider as the protocol layer sees it.

use std::collections::BTreeMap;

use super::configuration::{self, Configuration};
use super::session::Session;
use super::{Erased, ErasedData};
use crate::backend::{
    ApplyRequest, Backend, FunctionError, PlanRequest, PlanResponse, Schemas, StateResponse,
    TypeSchema,
};
use crate::diag::{Diag, Diags, Path};
use crate::rule;
use crate::settings::{Settings as _, check};
use crate::value::{Object, Value};

/// All resources and data sources, and what they share.
pub struct Provider {
    schemas: Schemas,
    session: Session,
    resources: BTreeMap<&'static str, usize>,
    list: Vec<Box<dyn Erased>>,
    data: Vec<Box<dyn ErasedData>>,
}

impl Default for Provider {
    fn default() -> Self {
        Self::new()
    }
}

impl Provider {
    /// The provider with every resource of the list.
    pub fn new() -> Self {
        Self::of(crate::resources::all(), crate::resources::data_sources())
    }

    /// A provider of these alone.
    pub fn of(list: Vec<Box<dyn Erased>>, data: Vec<Box<dyn ErasedData>>) -> Self {
        let mut resources = BTreeMap::new();
        let mut schemas = Vec::new();
        for (i, resource) in list.iter().enumerate() {
            for name in resource.names() {
                resources.insert(name, i);
                schemas.push(TypeSchema { name: name.to_owned(), ..resource.schema() });
            }
        }
        let provider = TypeSchema {
            name: "harbor".into(),
            version: 0,
            description: include_str!("../../templates/provider.md").to_owned(),
            attributes: Configuration::attributes(),
        };
        let schemas = Schemas {
            provider,
            resources: schemas,
            data_sources: data.iter().map(|d| d.schema()).collect(),
            ephemeral: Vec::new(),
            functions: crate::functions::schemas(),
        };
        Self { schemas, session: Session::default(), resources, list, data }
    }

    fn resource(&self, name: &str) -> Result<&dyn Erased, Diag> {
        let found = self.resources.get(name).and_then(|i| self.list.get(*i));
        found.map(AsRef::as_ref).ok_or_else(|| unknown("resource", name))
    }

    fn data(&self, name: &str) -> Result<&dyn ErasedData, Diag> {
        let found = self.data.iter().find(|d| d.name() == name);
        found.map(AsRef::as_ref).ok_or_else(|| unknown("data source", name))
    }
}

fn unknown(what: &str, name: &str) -> Diag {
    Diag::error(format!("Unknown {what}"), format!("This provider has no {what} \"{name}\"."))
}

/// No plan, and why.
fn unplanned(diag: Diag) -> PlanResponse {
    PlanResponse { diags: vec![diag], ..PlanResponse::default() }
}

/// No state, and why.
fn nothing(diag: Diag) -> StateResponse {
    StateResponse { diags: vec![diag], ..StateResponse::default() }
}

impl Backend for Provider {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn validate_provider(&self, config: Object) -> Diags {
        let mut diags = check(&Configuration::attributes(), &config, &Path::root());
        if diags.is_empty() {
            diags.extend(rule::judge(configuration::RULES, &config));
        }
        diags
    }

    async fn configure(&self, config: Object) -> Diags {
        self.session.configure(&config)
    }

    async fn validate(&self, name: &str, config: Object) -> Diags {
        self.resource(name).map_or_else(|d| vec![d], |r| r.validate(&config))
    }

    async fn validate_data(&self, name: &str, config: Object) -> Diags {
        self.data(name).map_or_else(|d| vec![d], |r| r.validate(&config))
    }

    async fn plan(&self, name: &str, request: PlanRequest) -> PlanResponse {
        match self.resource(name) {
            Ok(resource) => {
                let plan = resource.plan(&self.session, request);
                self.session.unless_stopped(name, plan).await.unwrap_or_else(unplanned)
            }
            Err(diag) => unplanned(diag),
        }
    }

    async fn apply(&self, name: &str, request: ApplyRequest) -> StateResponse {
        match self.resource(name) {
            Ok(resource) => resource.apply(&self.session, request).await,
            Err(diag) => nothing(diag),
        }
    }

    async fn read(&self, name: &str, state: Object, private: Vec<u8>) -> StateResponse {
        match self.resource(name) {
            Ok(resource) => {
                let kept = StateResponse {
                    state: Some(state.clone()),
                    private: private.clone(),
                    diags: Vec::new(),
                };
                let read = resource.read(&self.session, state, private);
                let read = self.session.unless_stopped(name, read).await;
                read.unwrap_or_else(|diag| StateResponse { diags: vec![diag], ..kept })
            }
            Err(diag) => nothing(diag),
        }
    }

    async fn import(&self, name: &str, id: &str) -> StateResponse {
        match self.resource(name) {
            Ok(resource) => {
                let import = resource.import(&self.session, id);
                self.session.unless_stopped(name, import).await.unwrap_or_else(nothing)
            }
            Err(diag) => nothing(diag),
        }
    }

    fn upgrade(&self, name: &str, version: i64, state: serde_json::Value) -> Result<Object, Diag> {
        self.resource(name)?.upgrade(version, &state)
    }

    fn move_state(
        &self,
        source: &str,
        target: &str,
        version: i64,
        state: serde_json::Value,
        private: Vec<u8>,
    ) -> StateResponse {
        let (from, to) = (self.resources.get(source), self.resources.get(target));
        match (from, to) {
            (Some(from), Some(to)) if from == to => match self.list[*to].upgrade(version, &state) {
                Ok(state) => {
                    StateResponse { state: Some(state), private, ..StateResponse::default() }
                }
                Err(diag) => nothing(diag),
            },
            _ => {
                let detail = format!(
                    "A {source} cannot become a {target}: only the two names of one type can be \
                     moved into each other."
                );
                nothing(Diag::error("Move refused", detail))
            }
        }
    }

    async fn read_data(&self, name: &str, config: Object) -> StateResponse {
        match self.data(name) {
            Ok(data) => {
                let read = data.read(&self.session, config);
                self.session.unless_stopped(name, read).await.unwrap_or_else(nothing)
            }
            Err(diag) => nothing(diag),
        }
    }

    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        crate::functions::call(name, &arguments)
    }

    fn stop(&self) {
        self.session.stop();
    }
}
