//! `docker-compose.override.yml`, beside Harbor's generated compose file: the secrets that must be
//! equal on every node. `prepare` makes new ones at each run and writes them to env files, and
//! `environment` in the override beats those and survives every run.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::releases::Quirk;
use super::{Release, check_path};
use crate::{Error, Secret, yaml};

/// Where the scanner keeps its database, inside its container.
const TRIVY_CACHE: &str = "/home/scanner/.cache/trivy";

/// The override of one node.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The Harbor release, for the form of the file.
    pub release: Release,
    /// `JOBSERVICE_SECRET`: replication jobs carry it from one node to the other.
    pub jobservice_secret: Secret,
    /// `CORE_SECRET`.
    pub core_secret: Secret,
    /// `CSRF_KEY`, exactly 32 characters.
    pub csrf_key: Secret,
    /// `REGISTRY_HTTP_SECRET`; without it every Harbor has the same well-known value.
    pub registry_http_secret: Option<Secret>,
    /// `ROBOT_SCANNER_NAME_PREFIX`, where scanner robots are named by prefix.
    pub robot_scanner_name_prefix: Option<String>,
    /// A local directory for the scanner's database, where the data volume is shared: the
    /// database cannot be on a shared volume. Needs Trivy to be installed.
    pub trivy_cache: Option<String>,
}

/// Renders the override.
pub fn render(settings: &Settings) -> Result<String, Error> {
    check(settings)?;
    let jobservice = settings.jobservice_secret.expose();
    let core = settings.core_secret.expose();
    let both = json!({"CORE_SECRET": core, "JOBSERVICE_SECRET": jobservice});

    let mut core_environment = json!({
        "CORE_SECRET": core,
        "JOBSERVICE_SECRET": jobservice,
        "CSRF_KEY": settings.csrf_key.expose(),
    });
    if let Some(prefix) = &settings.robot_scanner_name_prefix {
        core_environment["ROBOT_SCANNER_NAME_PREFIX"] = json!(prefix);
    }

    let mut services = Map::new();
    let mut environment = |service: &str, values: Value| {
        services.insert(service.to_owned(), json!({ "environment": values }));
    };
    environment("core", core_environment);
    environment("jobservice", both.clone());
    environment("registryctl", both);
    if let Some(secret) = &settings.registry_http_secret {
        environment("registry", json!({"REGISTRY_HTTP_SECRET": secret.expose()}));
    }
    if let Some(source) = &settings.trivy_cache {
        let volume = json!({"type": "bind", "source": source, "target": TRIVY_CACHE});
        services.insert("trivy-adapter".to_owned(), json!({ "volumes": [volume] }));
    }
    yaml::write("docker-compose.override.yml", &document(settings.release, services))
}

/// Where the generated file says `version: '2.3'`, the override must agree.
fn document(release: Release, services: Map<String, Value>) -> Value {
    let mut document = Map::new();
    if release.has(Quirk::ComposeFileVersion) {
        document.insert("version".to_owned(), json!("2.3"));
    }
    document.insert("services".to_owned(), Value::Object(services));
    Value::Object(document)
}

fn check(settings: &Settings) -> Result<(), Error> {
    plain_secret("jobservice_secret", &settings.jobservice_secret)?;
    plain_secret("core_secret", &settings.core_secret)?;
    plain_secret("csrf_key", &settings.csrf_key)?;
    if settings.csrf_key.expose().len() != 32 {
        return Err(Error::invalid("csrf_key", "must have exactly 32 characters"));
    }
    if let Some(secret) = &settings.registry_http_secret {
        plain_secret("registry_http_secret", secret)?;
    }
    if let Some(prefix) = &settings.robot_scanner_name_prefix
        && (prefix.is_empty()
            || !prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)))
    {
        return Err(Error::invalid("robot_scanner_name_prefix", "must be letters, digits and _-."));
    }
    settings.trivy_cache.as_deref().map_or(Ok(()), |path| check_path("trivy_cache", path))
}

/// Compose interpolates `$` in these values, so they are kept to characters that mean nothing.
fn plain_secret(key: &str, secret: &Secret) -> Result<(), Error> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
    if secret.expose().is_empty() || !secret.expose().bytes().all(plain) {
        return Err(Error::invalid(key, "must be letters, digits, _ and - only, and not empty"));
    }
    Ok(())
}
