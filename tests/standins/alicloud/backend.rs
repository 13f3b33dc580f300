//! The cloud as a provider of the protocol layer.

use std::sync::Arc;

use provider::backend::{
    About, ApplyRequest, Backend, FunctionError, PlanRequest, PlanResponse, Schemas, StateResponse,
};
use provider::diag::{Diag, Diags, Path};
use provider::schema::Attribute;
use provider::value::{Object, Value};
use serde_json::Value as Json;

use super::catalog::Body;
use super::cloud::Cloud;
use super::failure::Failure;
use super::{data, kinds, plan, rules};

/// The provider.
pub struct Alicloud {
    cloud: Arc<Cloud>,
}

impl Alicloud {
    /// In the cloud that the environment names.
    pub fn new() -> Self {
        Self { cloud: Arc::new(Cloud::from_env()) }
    }

    fn resource(&self, kind: &str) -> Option<&Body> {
        self.cloud.catalog.resources.get(kind).map(|t| &t.body)
    }

    /// A call to the cloud, which may take its time.
    async fn call_cloud<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Cloud) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let cloud = Arc::clone(&self.cloud);
        match tokio::task::spawn_blocking(move || call(&cloud)).await {
            Ok(result) => result,
            Err(why) => Err(Failure::new("StandInFailure", why.to_string())),
        }
    }

    fn object(&self, kind: &str, json: &Json) -> Result<Object, Diag> {
        provider::json::object(self.cloud.attributes(kind), json, &Path::root())
    }

    async fn create(&self, kind: &str, planned: Object) -> StateResponse {
        let name = kind.to_owned();
        let made = self.call_cloud(move |cloud| cloud.create(&name, &planned)).await;
        match made.map_err(|why| why.diag(&format!("creating {kind}"))) {
            Ok(None) => StateResponse::default(),
            Ok(Some(made)) => answer(self.object(kind, &Json::Object(made)), None),
            Err(diag) => answer(Err(diag), None),
        }
    }

    async fn update(
        &self,
        kind: &str,
        prior: Object,
        config: Object,
        planned: Object,
    ) -> StateResponse {
        let name = kind.to_owned();
        let made = self.call_cloud(move |cloud| cloud.update(&name, &config, &planned)).await;
        let made = made.map_err(|why| why.diag(&format!("updating {kind}")));
        answer(made.and_then(|made| self.object(kind, &Json::Object(made))), Some(prior))
    }

    async fn delete(&self, kind: &str, prior: Object) -> StateResponse {
        let (name, id) = (kind.to_owned(), id_of(&prior));
        let done = self.call_cloud(move |cloud| cloud.delete(&name, &id)).await;
        match done {
            Ok(()) => StateResponse::default(),
            Err(why) => answer(Err(why.diag(&format!("deleting {kind}"))), Some(prior)),
        }
    }
}

fn id_of(object: &Object) -> String {
    object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The new state, or the one that is left with the error.
fn answer(state: Result<Object, Diag>, left: Option<Object>) -> StateResponse {
    match state {
        Ok(state) => StateResponse { state: Some(state), ..StateResponse::default() },
        Err(diag) => StateResponse { state: left, diags: vec![diag], ..StateResponse::default() },
    }
}

impl Backend for Alicloud {
    fn about(&self) -> About {
        About { address: "aliyun/alicloud", version: "1.289.0", legacy: true }
    }

    fn schemas(&self) -> &Schemas {
        &self.cloud.schemas
    }

    async fn validate_provider(&self, config: Object) -> Diags {
        rules::check(&self.cloud.catalog.provider, &config)
    }

    async fn configure(&self, config: Object) -> Diags {
        if let Some(region) = config.get("region").and_then(Value::as_str) {
            self.cloud.set_region(region);
        }
        Vec::new()
    }

    async fn validate(&self, name: &str, config: Object) -> Diags {
        self.resource(name).map(|body| rules::check(body, &config)).unwrap_or_default()
    }

    async fn validate_data(&self, name: &str, config: Object) -> Diags {
        let found = self.cloud.catalog.data_sources.get(name);
        found.map(|t| rules::check(&t.body, &config)).unwrap_or_default()
    }

    async fn plan(&self, name: &str, request: PlanRequest) -> PlanResponse {
        let mut response = PlanResponse { private: request.private, ..PlanResponse::default() };
        if let (Some(body), Some(config)) = (self.resource(name), &request.config)
            && request.proposed.is_some()
        {
            let planned = plan::planned(body, config, request.prior.as_ref());
            if let Some(prior) = &request.prior {
                response.requires_replace =
                    plan::replacing(self.cloud.attributes(name), prior, &planned);
            }
            response.planned = Some(planned);
        }
        response
    }

    async fn apply(&self, name: &str, request: ApplyRequest) -> StateResponse {
        let config = request.config.unwrap_or_default();
        match (request.prior, request.planned) {
            (None, Some(planned)) => self.create(name, planned).await,
            (Some(prior), Some(planned)) => self.update(name, prior, config, planned).await,
            (Some(prior), None) => self.delete(name, prior).await,
            (None, None) => StateResponse::default(),
        }
    }

    async fn read(&self, name: &str, state: Object, private: Vec<u8>) -> StateResponse {
        let (kind, left) = (name.to_owned(), state.clone());
        let read = self.call_cloud(move |cloud| cloud.read(&kind, &state)).await;
        let read = match read.map_err(|why| why.diag(&format!("reading {name}"))) {
            Ok(None) => StateResponse::default(),
            Ok(Some(found)) => answer(self.object(name, &found), Some(left)),
            Err(diag) => answer(Err(diag), Some(left)),
        };
        StateResponse { private, ..read }
    }

    async fn import(&self, name: &str, id: &str) -> StateResponse {
        if !self.cloud.catalog.resources.get(name).is_some_and(|t| t.importable) {
            let what = format!("resource {name} doesn't support import");
            return answer(Err(Diag::error(what, "")), None);
        }
        let mut state: Object =
            self.cloud.attributes(name).iter().map(|a| (a.name.clone(), Value::Null)).collect();
        state.insert("id".to_owned(), id.into());
        self.read(name, state, Vec::new()).await
    }

    fn upgrade(&self, name: &str, _version: i64, state: Json) -> Result<Object, Diag> {
        self.object(name, &state)
    }

    fn move_state(&self, source: &str, target: &str, _: i64, _: Json, _: Vec<u8>) -> StateResponse {
        let what = format!("a {source} cannot become a {target}");
        answer(Err(Diag::error(what, "")), None)
    }

    async fn read_data(&self, name: &str, config: Object) -> StateResponse {
        let Some(found) = self.cloud.catalog.data_sources.get(name) else {
            return StateResponse::default();
        };
        let attributes: Vec<Attribute> = kinds::attributes(&found.body);
        let (kind, asked) = (name.to_owned(), plan::planned(&found.body, &config, None));
        let read =
            self.call_cloud(move |cloud| data::read(cloud, &kind, &attributes, &asked)).await;
        answer(read.map_err(|why| why.diag(&format!("reading {name}"))), None)
    }

    async fn call(&self, name: &str, _: Vec<Value>) -> Result<Value, FunctionError> {
        Err(FunctionError { text: format!("there is no function {name}"), argument: None })
    }

    fn stop(&self) {}
}
