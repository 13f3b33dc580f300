//! A small backend for the protocol layer: notes, which are files in a directory. What a note says
//! can make it misbehave.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{OnceLock, PoisonError, RwLock};

use provider::backend::{
    ApplyRequest, Backend, FunctionError, FunctionSchema, Parameter, PlanRequest, PlanResponse,
    Schemas, StateResponse, TypeSchema,
};
use provider::diag::{Diag, Diags, Path, has_error};
use provider::json;
use provider::schema::{Attribute, Kind, attr, computed};
use provider::secret::Secret;
use provider::settings::{Field, Settings, check, field};
use provider::value::{Object, Value};
use tokio::sync::Notify;

provider::settings! {
    /// The provider block.
    pub struct Config {
        /// Where the notes are.
        dir: String = attr(),
        /// Nobody sees it.
        token: Option<String> = attr().sensitive(),
        /// A default in a provider block.
        retries: u16 = attr().default(3),
    }

    /// A host.
    pub struct Place {
        /// Its name.
        host: String = attr(),
        /// Its port.
        port: u16 = attr().default(22),
    }

    /// A label.
    pub struct Label {
        /// Its name; "odd" is warned of.
        name: String = attr(),
        /// Hidden.
        hidden: Option<String> = attr().sensitive(),
    }

    /// A note.
    pub struct Note {
        /// File name.
        name: String = attr().on_change(OnChange::Replace),
        /// What it says.
        content: Option<String> = attr(),
        /// With a default.
        mode: String = attr().default("0644"),
        /// An object.
        place: Option<Place> = attr(),
        /// A list of objects.
        labels: Option<Vec<Label>> = attr(),
        /// A map of objects.
        mirrors: Option<BTreeMap<String, Place>> = attr(),
        /// A map.
        tags: Option<BTreeMap<String, String>> = attr(),
        /// Shown to nobody.
        token: Option<String> = attr().sensitive(),
        /// Kept nowhere.
        password_wo: Option<Secret> = attr().write_only(),
    }

    /// What the provider knows of a note.
    pub struct Known {
        /// Its name.
        id: String = attr(),
        /// Of what it says.
        digest: String = attr(),
    }

    /// A search.
    pub struct Search {
        /// How names begin.
        prefix: String = attr().default(""),
    }

    /// What was found.
    pub struct Found {
        /// Names of notes.
        names: Vec<String> = attr(),
    }
}

pub struct Fake {
    schemas: Schemas,
    config: RwLock<Object>,
    stop: Notify,
    /// Held locked as long as the process lives.
    alive: OnceLock<fs::File>,
}

impl Fake {
    pub fn new() -> Self {
        Self {
            schemas: schemas(),
            config: RwLock::default(),
            stop: Notify::new(),
            alive: OnceLock::new(),
        }
    }

    fn setting(&self, name: &str) -> String {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        config.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    fn dir(&self) -> PathBuf {
        PathBuf::from(self.setting("dir"))
    }

    /// Whether private data came back: what apply gave, or the plan's where apply crashed.
    fn kept(&self, private: &[u8]) -> bool {
        private == b"applied" || (self.dir().join("crashed").exists() && private == b"planned")
    }

    /// Tells the test that it has begun, and goes on when the test or the host says so.
    async fn wait(&self) {
        let (started, go) = (self.dir().join("started"), self.dir().join("go"));
        // Made before anybody can say stop: it is told of that from now on.
        let stopped = self.stop.notified();
        tokio::task::spawn_blocking(move || fs::write(started, "x")).await.unwrap().unwrap();
        tokio::select! {
            _ = tokio::fs::read(go) => {}
            () = stopped => fs::write(self.dir().join("stopped"), "").unwrap(),
        }
    }
}

fn schemas() -> Schemas {
    let mut note = Note::attributes();
    note.push(Attribute {
        kind: Kind::Float,
        ..attr().attribute::<Option<String>>("ratio", &["A fraction."])
    });
    note.extend(computed(Known::attributes()));
    let mut search = Search::attributes();
    search.extend(computed(Found::attributes()));
    let schema = |name: &str, version, attributes| TypeSchema {
        name: name.to_owned(),
        version,
        description: "For tests.".to_owned(),
        attributes,
    };
    Schemas {
        provider: schema("harbor", 0, Config::attributes()),
        resources: vec![schema("harbor_note", 1, note.clone()), schema("harbor_memo", 1, note)],
        data_sources: vec![schema("harbor_notes", 0, search)],
        ephemeral: Vec::new(),
        functions: vec![
            function("repeat", &[("text", Kind::String), ("times", Kind::Int)]),
            function("address", &[("place", Place::kind())]),
        ],
    }
}

fn function(name: &str, parameters: &[(&str, Kind)]) -> FunctionSchema {
    let parameter = |(name, kind): &(&str, Kind)| Parameter {
        name: (*name).to_owned(),
        description: "A parameter.".to_owned(),
        kind: kind.clone(),
    };
    FunctionSchema {
        name: name.to_owned(),
        summary: "For tests.".to_owned(),
        description: "For tests.".to_owned(),
        parameters: parameters.iter().map(parameter).collect(),
        returns: Kind::String,
    }
}

/// The proposed values, with a default wherever the configuration has null.
fn with_defaults(attributes: &[Attribute], config: &Object, proposed: &Object) -> Object {
    let plan = |a: &Attribute| {
        let given = config.get(&a.name).unwrap_or(&Value::Null);
        let value = match (&a.default, &a.kind, given) {
            (Some(default), _, Value::Null) => default.clone(),
            (_, kind, _) => default_inner(kind, given, &proposed[&a.name]),
        };
        (a.name.clone(), value)
    };
    attributes.iter().map(plan).collect()
}

fn default_inner(kind: &Kind, given: &Value, proposed: &Value) -> Value {
    match (kind, given, proposed) {
        (Kind::Object(inner), Value::Map(given), Value::Map(proposed)) => {
            Value::Map(with_defaults(inner, given, proposed))
        }
        (Kind::List(item), Value::List(given), Value::List(proposed)) => {
            let pairs = given.iter().zip(proposed);
            Value::List(pairs.map(|(g, p)| default_inner(item, g, p)).collect())
        }
        (Kind::Map(item), Value::Map(given), Value::Map(proposed)) => {
            let pair = |(k, p): (&String, &Value)| (k.clone(), default_inner(item, &given[k], p));
            Value::Map(proposed.iter().map(pair).collect())
        }
        _ => proposed.clone(),
    }
}

/// What a note's file has: its content, or its password where it has none.
fn text(object: &Object) -> String {
    let text = |name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    text("content").or_else(|| text("password_wo")).unwrap_or_default()
}

fn digest(object: &Object) -> Value {
    format!("length {}", text(object).len()).into()
}

impl Backend for Fake {
    fn schemas(&self) -> &Schemas {
        &self.schemas
    }

    async fn validate_provider(&self, config: Object) -> Diags {
        check(&self.schemas.provider.attributes, &config, &Path::root())
    }

    async fn configure(&self, config: Object) -> Diags {
        *self.config.write().unwrap() = config;
        if self.dir().is_dir() {
            let mut alive = fs::File::options();
            let alive = alive.write(true).create(true).truncate(false);
            let mut alive = alive.open(self.dir().join("alive")).unwrap();
            // The process that applies is the last one to come.
            alive.lock_shared().unwrap();
            write!(alive, "{:<10}", std::process::id()).unwrap();
            let _ = self.alive.set(alive);
        }
        tracing::info!("configured with the token {}", self.setting("token"));
        Vec::new()
    }

    async fn validate(&self, _: &str, config: Object) -> Diags {
        let mut diags = check(&self.schemas.resources[0].attributes, &config, &Path::root());
        if let (place @ Value::Map(_), true) = (&config["place"], config["place"].is_known()) {
            diags.extend(Place::from_value(place, &Path::of("place")).err().unwrap_or_default());
        }
        if let Value::List(labels) = &config["labels"] {
            for (i, label) in labels.iter().enumerate() {
                if label.get("name").as_str() == Some("odd") {
                    let at = Path::of("labels").index(i).attribute("name");
                    diags.push(Diag::warning("Odd label", "It is odd.").at(at));
                }
            }
        }
        let token = config["token"].as_str().unwrap_or_default();
        assert!(text(&config) != "panic in validate", "with the token {token}");
        diags
    }

    async fn validate_data(&self, _: &str, config: Object) -> Diags {
        if config["prefix"].as_str() == Some("bad") {
            return vec![Diag::error("Bad prefix", "It is bad.").at(Path::of("prefix"))];
        }
        Vec::new()
    }

    async fn plan(&self, _: &str, request: PlanRequest) -> PlanResponse {
        let mut diags = Vec::new();
        if request.prior.is_some() && !self.kept(&request.private) {
            diags.push(Diag::error("Private data lost at plan", ""));
        }
        let (Some(config), Some(proposed)) = (request.config, request.proposed) else {
            let private = b"planned".to_vec();
            return PlanResponse { private, diags, ..Default::default() };
        };
        let mut planned = with_defaults(&self.schemas.resources[0].attributes, &config, &proposed);
        let before = request.prior.unwrap_or_default();
        let renamed = before.get("name") != planned.get("name");
        let rewritten = before.get("content") != planned.get("content");
        let requires_replace =
            if !before.is_empty() && renamed { vec![Path::of("name")] } else { Vec::new() };
        if before.is_empty() || rewritten {
            planned.insert("digest".to_owned(), Value::Unknown);
        }
        if before.get("id").is_none_or(Value::is_null) || renamed {
            planned.insert("id".to_owned(), Value::Unknown);
        }
        // The layer must take this out.
        planned.insert("password_wo".to_owned(), config["password_wo"].clone());
        if text(&config) == "outside the schema" {
            planned.insert("surprise".to_owned(), true.into());
        }
        PlanResponse {
            planned: Some(planned),
            requires_replace,
            private: b"planned".to_vec(),
            diags,
        }
    }

    async fn apply(&self, _: &str, request: ApplyRequest) -> StateResponse {
        let mut diags = Vec::new();
        if request.private != b"planned" {
            diags.push(Diag::error("Private data lost at apply", ""));
        }
        let private = b"applied".to_vec();
        let Some(mut state) = request.planned else {
            let prior = request.prior.unwrap_or_default();
            if text(&prior) == "panic in destroy" {
                fs::write(self.dir().join("crashed"), "").unwrap();
                panic!("cannot destroy");
            }
            fs::remove_file(self.dir().join(prior["name"].as_str().unwrap())).unwrap();
            return StateResponse { state: None, private, diags };
        };
        let config = request.config.unwrap_or_default();
        let (text, name) = (text(&config), state["name"].as_str().unwrap().to_owned());
        if text == "wait" {
            self.wait().await;
        }
        fs::write(self.dir().join(&name), &text).unwrap();
        if text.starts_with("panic in apply") {
            fs::write(self.dir().join("crashed"), "").unwrap();
            panic!("with the token {}", config["token"].as_str().unwrap_or_default());
        }
        if text == "fail in apply" {
            diags.push(Diag::error("Failed half way", "It did.").at(Path::of("content")));
        }
        state.insert("id".to_owned(), name.into());
        state.insert("digest".to_owned(), digest(&config));
        state.insert("password_wo".to_owned(), config["password_wo"].clone());
        StateResponse { state: Some(state), private, diags }
    }

    async fn read(&self, _: &str, mut state: Object, private: Vec<u8>) -> StateResponse {
        let mut diags = Vec::new();
        if !self.kept(&private) {
            diags.push(Diag::error("Private data lost at read", ""));
        }
        let name = state["name"].as_str().unwrap().to_owned();
        let Ok(text) = fs::read_to_string(self.dir().join(name)) else {
            return StateResponse { private, diags, ..Default::default() };
        };
        assert!(text != "panic in read", "unreadable");
        if state["content"].as_str().is_some() {
            state.insert("content".to_owned(), text.into());
        }
        StateResponse { state: Some(state), private, diags }
    }

    async fn import(&self, name: &str, id: &str) -> StateResponse {
        let Ok(text) = fs::read_to_string(self.dir().join(id)) else {
            return StateResponse::default();
        };
        let schema = self.schemas.resources.iter().find(|s| s.name == name).unwrap();
        let mut state: Object =
            schema.attributes.iter().map(|a| (a.name.clone(), Value::Null)).collect();
        state.insert("name".to_owned(), id.into());
        state.insert("id".to_owned(), id.into());
        state.insert("mode".to_owned(), "0644".into());
        state.insert("content".to_owned(), text.into());
        let length = digest(&state);
        state.insert("digest".to_owned(), length);
        StateResponse { state: Some(state), private: b"applied".to_vec(), diags: Vec::new() }
    }

    /// Version 0 had `text` for `content`.
    fn upgrade(&self, _: &str, version: i64, mut state: serde_json::Value) -> Result<Object, Diag> {
        assert_eq!(version, 0);
        state["content"] = state["text"].take();
        json::object(&self.schemas.resources[0].attributes, &state, &Path::root())
    }

    fn move_state(
        &self,
        source: &str,
        _: &str,
        version: i64,
        state: serde_json::Value,
        private: Vec<u8>,
    ) -> StateResponse {
        let attributes = &self.schemas.resources[0].attributes;
        let moved = match version {
            0 => self.upgrade(source, version, state),
            _ => json::object(attributes, &state, &Path::root()),
        };
        match moved {
            Ok(state) => StateResponse { state: Some(state), private, diags: Vec::new() },
            Err(diag) => StateResponse { state: None, private, diags: vec![diag] },
        }
    }

    async fn read_data(&self, _: &str, mut config: Object) -> StateResponse {
        let prefix: Result<String, _> = field(&config, &Search::attributes()[0], &Path::root());
        let prefix = prefix.unwrap();
        let names = self.dir().read_dir().unwrap().map(|e| e.unwrap().file_name());
        let mut names: Vec<String> = names.map(|n| n.into_string().unwrap()).collect();
        names.retain(|n| n.starts_with(&prefix));
        names.sort();
        config.insert("names".to_owned(), names.to_value());
        config.insert("prefix".to_owned(), prefix.into());
        StateResponse { state: Some(config), ..Default::default() }
    }

    async fn call(&self, name: &str, arguments: Vec<Value>) -> Result<Value, FunctionError> {
        match (name, &arguments[..]) {
            ("repeat", [Value::String(text), Value::Int(times)]) => match usize::try_from(*times) {
                Ok(13) => panic!("unlucky"),
                Ok(times) => Ok(text.repeat(times).into()),
                Err(_) => {
                    Err(FunctionError { text: "it is negative".to_owned(), argument: Some(1) })
                }
            },
            (_, [place]) => match Place::from_value(place, &Path::root()) {
                Ok(place) => Ok(format!("{}:{}", place.host, place.port).into()),
                Err(diags) => {
                    assert!(has_error(&diags));
                    Err(FunctionError { text: diags[0].detail.clone(), argument: Some(0) })
                }
            },
            _ => unreachable!("no such function"),
        }
    }

    fn stop(&self) {
        self.stop.notify_waiters();
    }
}
