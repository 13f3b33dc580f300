//! The configuration: Terraform's JSON syntax with literal values.

use provider::backend::{Schemas, TypeSchema};
use provider::diag::{Diag, Diags, Path};
use provider::protocol::mask;
use provider::schema::{Attribute, Kind};
use provider::value::{Object, Value};
use serde_json::{Map, Value as Json};

use crate::values::{fitting, is_required, is_settable, visit, wanted};

/// What the user wrote.
#[derive(Debug)]
pub struct Config {
    /// The provider block.
    pub provider: Object,
    /// Resources, in the order of their addresses.
    pub resources: Vec<Block>,
    /// Data sources.
    pub data: Vec<Block>,
}

/// A block of one resource or data source.
#[derive(Debug)]
pub struct Block {
    /// Its type.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it says.
    pub config: Object,
}

impl Config {
    /// Of the text of `main.tf.json`.
    pub fn read(text: &str, schemas: &Schemas) -> Result<Self, Diags> {
        let json: Json = serde_json::from_str(text)
            .map_err(|e| vec![Diag::error("Invalid configuration", e.to_string())])?;
        let mut diags = Vec::new();
        let block = json["provider"].as_object().and_then(|all| all.get(&schemas.provider.name));
        let empty = Json::Object(Map::new());
        let provider = decoded(&schemas.provider, block.unwrap_or(&empty), &mut diags);
        let resources = blocks(&json["resource"], &schemas.resources, &mut diags);
        let data = blocks(&json["data"], &schemas.data_sources, &mut diags);
        if diags.is_empty() { Ok(Self { provider, resources, data }) } else { Err(diags) }
    }
}

fn blocks(json: &Json, types: &[TypeSchema], diags: &mut Diags) -> Vec<Block> {
    let mut found = Vec::new();
    for (kind, named) in json.as_object().into_iter().flatten() {
        let Some(schema) = types.iter().find(|t| t.name == *kind) else {
            let detail = format!("The provider does not support the type {kind:?}.");
            diags.push(Diag::error("Invalid type", detail));
            continue;
        };
        for (name, block) in named.as_object().into_iter().flatten() {
            let config = decoded(schema, block, diags);
            found.push(Block { kind: kind.clone(), name: name.clone(), config });
        }
    }
    found
}

/// By its schema; its secrets are masked in the log from here on.
fn decoded(schema: &TypeSchema, json: &Json, diags: &mut Diags) -> Object {
    let Value::Map(read) = object(&schema.attributes, json, &Path::root(), diags) else {
        return Object::new();
    };
    visit(&schema.attributes, &read, &Path::root(), &mut |attribute, value, _| {
        if let Some(secret) = value.as_str().filter(|_| attribute.sensitive) {
            mask::register(secret);
        }
    });
    fitting(&schema.attributes, &read, &Path::root()).unwrap_or(read)
}

fn object(attributes: &[Attribute], json: &Json, path: &Path, diags: &mut Diags) -> Value {
    let Json::Object(map) = json else { return mismatch("an object is required", path, diags) };
    let mut say = |summary: &str, detail: String| {
        diags.push(Diag::error(summary, detail).at(path.clone()));
    };
    for name in map.keys() {
        match attributes.iter().find(|a| a.name == *name) {
            None => say(
                "Unsupported argument",
                format!("An argument named {name:?} is not expected here."),
            ),
            Some(a) if !is_settable(a) => say(
                "Value for unconfigurable attribute",
                format!(
                    "Can't configure a value for {name:?}: its value will be decided automatically."
                ),
            ),
            Some(_) => {}
        }
    }
    for a in attributes.iter().filter(|a| is_required(a)) {
        if map.get(&a.name).is_none_or(Json::is_null) {
            let name = &a.name;
            let detail = format!("The argument {name:?} is required, but no definition was found.");
            say("Missing required argument", detail);
        }
    }
    let read = attributes.iter().map(|a| {
        let json = map.get(&a.name).unwrap_or(&Json::Null);
        (a.name.clone(), value(&a.kind, json, &path.attribute(&a.name), diags))
    });
    Value::Map(read.collect())
}

fn value(kind: &Kind, json: &Json, path: &Path, diags: &mut Diags) -> Value {
    match (kind, json) {
        (_, Json::Null) => Value::Null,
        (Kind::List(item) | Kind::Set(item), Json::Array(items)) => {
            let items = items.iter().enumerate();
            Value::List(items.map(|(i, v)| value(item, v, &path.index(i), diags)).collect())
        }
        (Kind::Map(item), Json::Object(map)) => {
            let read = map.iter().map(|(k, v)| (k.clone(), value(item, v, &path.key(k), diags)));
            Value::Map(read.collect())
        }
        (Kind::Object(inner), _) => object(inner, json, path, diags),
        _ => provider::json::value(kind, json, path)
            .unwrap_or_else(|_| mismatch(wanted(kind), path, diags)),
    }
}

fn mismatch(wanted: &str, path: &Path, diags: &mut Diags) -> Value {
    let detail = format!("Inappropriate value for attribute {:?}: {wanted}.", path.to_string());
    diags.push(Diag::error("Incorrect attribute value type", detail).at(path.clone()));
    Value::Null
}

#[cfg(test)]
mod tests {
    use provider::backend::Backend as _;
    use serde_json::json;

    use super::*;
    use crate::fake::{Fake, TYPE};

    fn read(block: &Json) -> Result<Config, Diags> {
        let text = json!({"resource": {TYPE: {"a": block}}}).to_string();
        Config::read(&text, Fake::new().schemas())
    }

    #[test]
    fn what_is_not_said_is_null() {
        let config = read(&json!({"name": "a", "place": {"host": "h"}})).unwrap();
        let [Block { config, .. }] = &config.resources[..] else { panic!() };
        assert_eq!(config["place"].get("host").as_str(), Some("h"));
        assert_eq!((&config["mode"], &config["id"]), (&Value::Null, &Value::Null));
    }

    #[test]
    fn what_the_schema_does_not_have_is_an_error() {
        let summaries = |block: Json| -> Vec<String> {
            read(&block).unwrap_err().into_iter().map(|d| d.summary).collect()
        };
        assert_eq!(summaries(json!({"name": "a", "nmae": "b"})), ["Unsupported argument"]);
        assert_eq!(
            summaries(json!({"name": "a", "id": "7"})),
            ["Value for unconfigurable attribute"]
        );
        assert_eq!(summaries(json!({})), ["Missing required argument"]);
        assert_eq!(summaries(json!({"name": 7})), ["Incorrect attribute value type"]);
    }
}
