//! The state, in Terraform's own file and form.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use provider::backend::{Backend, TypeSchema};
use provider::diag::{self, Diag};
use provider::value::Object;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::json;

/// What is known of one resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Its attributes.
    pub values: Object,
    /// The provider's own data.
    pub private: Vec<u8>,
    /// It was not made to its end, and is to be replaced.
    pub tainted: bool,
}

/// The file.
pub struct State {
    path: PathBuf,
    file: File,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u64,
    terraform_version: String,
    serial: u64,
    lineage: String,
    outputs: Json,
    resources: Vec<Entry>,
    check_results: Json,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    name: String,
    provider: String,
    instances: Vec<Instance>,
}

#[derive(Serialize, Deserialize)]
struct Instance {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    schema_version: i64,
    attributes: Json,
    #[serde(default)]
    sensitive_attributes: Json,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    private: Option<String>,
}

const MANAGED: &str = "managed";
const DATA: &str = "data";
/// A state of a Terraform that is older than this one's tests is none.
const TERRAFORM: &str = "1.11.4";

impl State {
    /// Of a file; empty if there is none.
    pub fn load(path: &Path) -> Result<Self, Diag> {
        let file = match fs::read_to_string(path) {
            Ok(text) => serde_json::from_str(&text)
                .map_err(|e| Diag::error("Failed to read the state", e.to_string()))?,
            Err(_) => File {
                version: 4,
                terraform_version: TERRAFORM.to_owned(),
                serial: 0,
                lineage: "client".to_owned(),
                outputs: json!({}),
                resources: Vec::new(),
                check_results: Json::Null,
            },
        };
        Ok(Self { path: path.to_owned(), file })
    }

    /// Moves it into its place, whole.
    pub fn save(&mut self) -> Result<(), Diag> {
        self.file.serial += 1;
        let beside = self.path.with_extension("new");
        let text = serde_json::to_vec_pretty(&self.file).unwrap_or_default();
        let write = || {
            let mut file = fs::File::create(&beside)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&beside, &self.path)
        };
        write().map_err(|e| Diag::error("Failed to save state", e.to_string()))
    }

    /// Type and name of each resource.
    pub fn resources(&self) -> Vec<(String, String)> {
        let managed = self.file.resources.iter().filter(|e| e.mode == MANAGED);
        managed.map(|e| (e.kind.clone(), e.name.clone())).collect()
    }

    /// What is known of a resource, by the schema of today.
    pub fn get<B: Backend>(
        &self,
        backend: &B,
        schema: &TypeSchema,
        name: &str,
    ) -> Result<Option<Kept>, Diag> {
        let found = self.file.resources.iter().find(|e| e.is(MANAGED, &schema.name, name));
        let Some(instance) = found.and_then(|e| e.instances.first()) else { return Ok(None) };
        let stored = instance.attributes.clone();
        let values = match instance.schema_version.cmp(&schema.version) {
            std::cmp::Ordering::Equal => {
                provider::json::object(&schema.attributes, &stored, &diag::Path::root())?
            }
            std::cmp::Ordering::Less => {
                backend.upgrade(&schema.name, instance.schema_version, stored)?
            }
            std::cmp::Ordering::Greater => {
                let detail = format!("The state of {name} was written by a newer provider.");
                return Err(Diag::error(
                    "Resource instance managed by newer provider version",
                    detail,
                ));
            }
        };
        let private = instance.private.as_deref().unwrap_or_default();
        let private = STANDARD
            .decode(private)
            .map_err(|e| Diag::error("Failed to read the state", e.to_string()))?;
        let tainted = instance.status.as_deref() == Some("tainted");
        Ok(Some(Kept { values, private, tainted }))
    }

    /// What is known of a resource from now on; nothing where it is gone.
    pub fn set(&mut self, schema: &TypeSchema, provider: &str, name: &str, kept: Option<&Kept>) {
        let instance = kept.map(|kept| Instance {
            status: kept.tainted.then(|| "tainted".to_owned()),
            schema_version: schema.version,
            attributes: json::object(&kept.values),
            sensitive_attributes: json!([]),
            private: Some(STANDARD.encode(&kept.private)),
        });
        self.replace(MANAGED, &schema.name, provider, name, instance);
    }

    /// What a data source was answered.
    pub fn set_data(&mut self, schema: &TypeSchema, provider: &str, name: &str, found: &Object) {
        let instance = Instance {
            status: None,
            schema_version: schema.version,
            attributes: json::object(found),
            sensitive_attributes: json!([]),
            private: None,
        };
        self.replace(DATA, &schema.name, provider, name, Some(instance));
    }

    /// Each run asks data sources anew, and keeps those that are still configured.
    pub fn forget_data(&mut self) {
        self.file.resources.retain(|e| e.mode != DATA);
    }

    fn replace(
        &mut self,
        mode: &str,
        kind: &str,
        provider: &str,
        name: &str,
        instance: Option<Instance>,
    ) {
        self.file.resources.retain(|e| !e.is(mode, kind, name));
        self.file.resources.extend(instance.map(|instance| Entry {
            mode: mode.to_owned(),
            kind: kind.to_owned(),
            name: name.to_owned(),
            provider: provider.to_owned(),
            instances: vec![instance],
        }));
    }

    /// Each resource and data source as `terraform show -json` has them.
    pub fn shown(&self) -> Json {
        let shown = self.file.resources.iter().filter_map(|e| {
            let data = if e.mode == DATA { "data." } else { "" };
            let address = format!("{data}{}.{}", e.kind, e.name);
            let values = &e.instances.first()?.attributes;
            Some(json!({"address": address, "type": e.kind, "name": e.name, "values": values}))
        });
        json!({"root_module": {"resources": shown.collect::<Vec<_>>()}})
    }
}

impl Entry {
    fn is(&self, mode: &str, kind: &str, name: &str) -> bool {
        (self.mode.as_str(), self.kind.as_str(), self.name.as_str()) == (mode, kind, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, TYPE, object};

    #[test]
    fn what_was_saved_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terraform.tfstate");
        let (fake, mut state) = (Fake::new(), State::load(&path).unwrap());
        let schema = &fake.schemas().resources[0];
        let values = object(&[("name", "a"), ("id", "7")]);
        let kept = Kept { values, private: b"\xff{}".to_vec(), tainted: true };
        state.set(schema, "p", "a", Some(&kept));
        state.save().unwrap();
        let mut read = State::load(&path).unwrap();
        assert_eq!(read.get(&fake, schema, "a").unwrap(), Some(kept));
        assert_eq!(read.resources(), [(TYPE.to_owned(), "a".to_owned())]);
        read.set(schema, "p", "a", None);
        assert_eq!(read.get(&fake, schema, "a").unwrap(), None);
    }

    #[test]
    fn an_older_state_is_upgraded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("terraform.tfstate");
        let (fake, mut state) = (Fake::new(), State::load(&path).unwrap());
        let schema = &fake.schemas().resources[0];
        let old = TypeSchema { version: 0, ..schema.clone() };
        let kept = Kept { values: Object::new(), private: Vec::new(), tainted: false };
        state.set(&old, "p", "a", Some(&kept));
        let found = state.get(&fake, schema, "a").unwrap().unwrap();
        assert_eq!(found.values["name"].as_str(), Some("upgraded"));
    }
}
