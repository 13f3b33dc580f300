//! A small backend that answers from queues, and does what is right where they are empty.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use provider::backend::{
    ApplyRequest, Backend, FunctionError, PlanRequest, PlanResponse, Schemas, StateResponse,
    TypeSchema,
};
use provider::diag::{Diag, Diags};
use provider::schema::{Attribute, Kind, Spec, attr, computed};
use provider::value::{Object, Value};

/// The fake's only type.
pub const TYPE: &str = "harbor_note";

/// Its attributes, one of each sort.
pub fn attributes() -> Vec<Attribute> {
    let text = |name: &str, spec: Spec| spec.attribute::<Option<String>>(name, &[]);
    let files = Attribute { kind: Kind::Map(Box::new(Kind::String)), ..text("files", attr()) };
    let host = attr().attribute::<String>("host", &[]);
    let place = Attribute { kind: Kind::Object(vec![host]), ..text("place", attr()) };
    let mut all = vec![
        attr().attribute::<String>("name", &[]),
        text("mode", attr().default("0644")),
        text("note", attr()),
        text("token", attr().sensitive()),
        text("password_wo", attr().write_only()),
        place,
    ];
    all.extend(computed(vec![text("id", attr()), files]));
    all
}

/// An object with these texts, and null in all other places.
pub fn object(texts: &[(&str, &str)]) -> Object {
    let mut object: Object = attributes().into_iter().map(|a| (a.name, Value::Null)).collect();
    object.extend(texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).into())));
    object
}

/// The fake; each clone is the same one.
#[derive(Clone)]
pub struct Fake(Arc<Inside>);

/// What it answers next, and what it was asked.
pub struct Inside {
    schemas: Schemas,
    pub plans: Mutex<VecDeque<PlanResponse>>,
    pub applies: Mutex<VecDeque<StateResponse>>,
    pub reads: Mutex<VecDeque<StateResponse>>,
    pub asked: Mutex<Vec<String>>,
}

impl std::ops::Deref for Fake {
    type Target = Inside;

    fn deref(&self) -> &Inside {
        &self.0
    }
}

impl Fake {
    pub fn new() -> Self {
        let schema = |name: &str, attributes| TypeSchema {
            name: name.to_owned(),
            version: 1,
            description: String::new(),
            attributes,
        };
        Self(Arc::new(Inside {
            schemas: Schemas {
                provider: schema("harbor", Vec::new()),
                resources: vec![schema(TYPE, attributes())],
                data_sources: vec![schema(TYPE, attributes())],
                ephemeral: Vec::new(),
                functions: Vec::new(),
            },
            plans: Mutex::default(),
            applies: Mutex::default(),
            reads: Mutex::default(),
            asked: Mutex::default(),
        }))
    }

    /// The next plan is this.
    pub fn plans(&self, planned: Object) -> &Self {
        let response = PlanResponse { planned: Some(planned), ..PlanResponse::default() };
        self.plans.lock().unwrap().push_back(response);
        self
    }

    /// The next apply ends with this.
    pub fn applies(&self, state: Option<Object>, error: Option<&str>) -> &Self {
        let diags = error.map(|text| Diag::error(text, "")).into_iter().collect();
        let response = StateResponse { state, private: b"kept".to_vec(), diags };
        self.applies.lock().unwrap().push_back(response);
        self
    }

    /// The next refresh finds this.
    pub fn reads(&self, state: Option<Object>) -> &Self {
        let response = StateResponse { state, private: b"seen".to_vec(), diags: Vec::new() };
        self.reads.lock().unwrap().push_back(response);
        self
    }

    fn hear(&self, what: impl Into<String>) {
        self.asked.lock().unwrap().push(what.into());
    }
}

impl Backend for Fake {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn validate_provider(&self, _: Object) -> Diags {
        Vec::new()
    }

    async fn configure(&self, _: Object) -> Diags {
        self.hear("configure");
        Vec::new()
    }

    async fn validate(&self, _: &str, config: Object) -> Diags {
        let bad = config["note"].as_str() == Some("bad");
        bad.then(|| Diag::error("Bad note", "It is bad.")).into_iter().collect()
    }

    async fn validate_data(&self, _: &str, _: Object) -> Diags {
        Vec::new()
    }

    async fn plan(&self, _: &str, request: PlanRequest) -> PlanResponse {
        self.hear(if request.config.is_some() { "plan" } else { "plan to destroy" });
        if let Some(planned) = self.plans.lock().unwrap().pop_front() {
            return planned;
        }
        let planned = request.proposed.map(|mut object| {
            object.insert("password_wo".to_owned(), Value::Null);
            for (name, value) in [("id", Value::Unknown), ("mode", "0644".into())] {
                if object[name].is_null() {
                    object.insert(name.to_owned(), value);
                }
            }
            object
        });
        PlanResponse { planned, private: b"planned".to_vec(), ..PlanResponse::default() }
    }

    async fn apply(&self, _: &str, request: ApplyRequest) -> StateResponse {
        self.hear(if request.planned.is_some() { "apply" } else { "destroy" });
        if let Some(done) = self.applies.lock().unwrap().pop_front() {
            return done;
        }
        let state = request.planned.map(|mut object| {
            object.insert("id".to_owned(), "7".into());
            object
        });
        StateResponse { state, private: b"kept".to_vec(), diags: Vec::new() }
    }

    async fn read(&self, _: &str, state: Object, private: Vec<u8>) -> StateResponse {
        self.hear("read");
        let found = self.reads.lock().unwrap().pop_front();
        found.unwrap_or(StateResponse { state: Some(state), private, diags: Vec::new() })
    }

    async fn import(&self, _: &str, id: &str) -> StateResponse {
        let state = Some(object(&[("name", "imported"), ("mode", "0644"), ("id", id)]));
        StateResponse { state, ..StateResponse::default() }
    }

    fn upgrade(&self, _: &str, _: i64, _: serde_json::Value) -> Result<Object, Diag> {
        Ok(object(&[("name", "upgraded"), ("mode", "0644"), ("id", "7")]))
    }

    fn move_state(
        &self,
        _: &str,
        _: &str,
        _: i64,
        _: serde_json::Value,
        _: Vec<u8>,
    ) -> StateResponse {
        StateResponse::default()
    }

    async fn read_data(&self, _: &str, config: Object) -> StateResponse {
        StateResponse { state: Some(config), ..StateResponse::default() }
    }

    async fn call(&self, _: &str, _: Vec<Value>) -> Result<Value, FunctionError> {
        Ok(Value::Null)
    }

    fn stop(&self) {}
}
