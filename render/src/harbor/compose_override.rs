//! `docker-compose.override.yml`, beside Harbor's generated compose file: the secrets that must be
//! equal on every node. `prepare` makes new ones at each run and writes them to env files, and
//! `environment` in the override beats those and survives every run.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::releases::Quirk;
use super::{Release, check_path};
use crate::{Error, Secret, yaml};

/// The file.
const FILE: &str = "docker-compose.override.yml";

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

/// What is ours in each service's `environment`.
const OURS: &[(&str, &[&str])] = &[
    ("core", &["CORE_SECRET", "JOBSERVICE_SECRET", "CSRF_KEY", "ROBOT_SCANNER_NAME_PREFIX"]),
    ("jobservice", &["CORE_SECRET", "JOBSERVICE_SECRET"]),
    ("registryctl", &["CORE_SECRET", "JOBSERVICE_SECRET"]),
    ("registry", &["REGISTRY_HTTP_SECRET"]),
];

/// Renders the override.
pub fn render(settings: &Settings) -> Result<String, Error> {
    yaml::write(FILE, &whole(settings)?)
}

/// The override with all that others have written into the one that is there; none where nobody
/// has.
///
/// # Errors
/// Where the text is no YAML, or of a form in which nothing can be added to it.
pub fn merge(existing: &str, settings: &Settings) -> Result<Option<String>, Error> {
    let ours = whole(settings)?;
    let Some(mut rest) = others(existing)? else { return Ok(None) };
    if let Some(rest) = rest.as_object_mut() {
        rest.remove("version");
    }
    lay_over(&mut rest, ours, "")?;
    yaml::write(FILE, &rest).map(Some)
}

/// What others have written into an override, without ours; none where that is nothing.
///
/// # Errors
/// As [`merge`].
pub fn without(existing: &str) -> Result<Option<String>, Error> {
    others(existing)?.map(|rest| yaml::write(FILE, &rest)).transpose()
}

fn others(existing: &str) -> Result<Option<Value>, Error> {
    let invalid = |why: &str| Error::invalid(FILE, why);
    let read = serde_saphyr::from_str::<Value>(existing);
    // The first line says where and why; those after it show the text, with the secrets in it.
    let why = |text: String| text.lines().next().unwrap_or_default().to_owned();
    let mut document =
        read.map_err(|e| invalid(&format!("cannot be read: {}", why(e.to_string()))))?;
    if document.is_null() {
        return Ok(None);
    }
    let root = document.as_object_mut().ok_or_else(|| invalid("is no mapping"))?;
    let version = root.remove("version");
    if let Some(Value::Object(services)) = root.get_mut("services") {
        for (service, names) in OURS {
            if let Some(body) = services.get_mut(*service) {
                take_ours(body, names);
            }
        }
        services.retain(|_, body| !is_empty(body));
    }
    root.retain(|_, part| !is_empty(part));
    let left = !root.is_empty();
    root.extend(version.filter(|_| left).map(|version| ("version".to_owned(), version)));
    Ok(left.then_some(document))
}

/// Removes our variables, in whichever of its two forms the environment is written.
fn take_ours(body: &mut Value, names: &[&str]) {
    let Value::Object(body) = body else { return };
    match body.get_mut("environment") {
        Some(Value::Object(variables)) => {
            variables.retain(|name, _| !names.contains(&name.as_str()));
        }
        Some(environment @ Value::Array(_)) => {
            let list = environment.as_array().into_iter().flatten();
            // As Compose reads it: a name alone is passed on from the shell.
            let pairs = list.filter_map(Value::as_str).map(|text| match text.split_once('=') {
                Some((name, value)) => (name.to_owned(), json!(value)),
                None => (text.to_owned(), Value::Null),
            });
            let kept: Map<String, Value> =
                pairs.filter(|(name, _)| !names.contains(&name.as_str())).collect();
            *environment = Value::Object(kept);
        }
        _ => {}
    }
    body.retain(|_, part| !is_empty(part));
}

/// Nothing, or a mapping of nothing: what is left where all was ours.
fn is_empty(part: &Value) -> bool {
    part.is_null() || part.as_object().is_some_and(Map::is_empty)
}

/// Lays ours over theirs, mapping by mapping.
fn lay_over(theirs: &mut Value, ours: Value, path: &str) -> Result<(), Error> {
    match (theirs, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (key, value) in ours {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                match theirs.get_mut(&key) {
                    Some(part) => lay_over(part, value, &path)?,
                    None => drop(theirs.insert(key, value)),
                }
            }
            Ok(())
        }
        (_, Value::Object(_)) => {
            Err(Error::invalid(FILE, format!("has at {path} no mapping, so nothing can be added")))
        }
        (theirs, ours) => {
            *theirs = ours;
            Ok(())
        }
    }
}

/// The whole document as it is without others.
fn whole(settings: &Settings) -> Result<Value, Error> {
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
    Ok(document(settings.release, services))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(release: &str) -> Settings {
        Settings {
            release: release.parse().expect("a release"),
            jobservice_secret: "Jobservice-1".into(),
            core_secret: "Core-1".into(),
            csrf_key: "Csrf-Key-of-32-characters-000001".into(),
            registry_http_secret: Some("Registry-1".into()),
            robot_scanner_name_prefix: Some("scanner".to_owned()),
            trivy_cache: None,
        }
    }

    const THEIRS: &str = "# by hand\nservices:\n  core:\n    extra_hosts: [\"ldap:10.0.0.5\"]\n    \
        environment:\n      - CORE_SECRET=old\n      - HTTP_PROXY=http://proxy:3128\n      - TZ\n  \
        proxy: {ports: [\"8443:8443\"]}\nnetworks:\n  harbor: {ipam: {config: [{subnet: 10.9.0.0/24}]}}\n";

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).expect("YAML")
    }

    #[test]
    fn what_others_wrote_stays_and_ours_is_laid_over_it() {
        let merged = merge(THEIRS, &settings("2.15.2")).expect("merged").expect("theirs");
        let document = read(&merged);
        let core = &document["services"]["core"];
        assert_eq!(core["extra_hosts"], json!(["ldap:10.0.0.5"]));
        assert_eq!(core["environment"]["HTTP_PROXY"], "http://proxy:3128");
        assert_eq!(core["environment"]["TZ"], Value::Null);
        assert_eq!(core["environment"]["CORE_SECRET"], "Core-1");
        assert_eq!(document["services"]["proxy"], json!({"ports": ["8443:8443"]}));
        assert_eq!(
            document["services"]["registry"]["environment"]["REGISTRY_HTTP_SECRET"],
            "Registry-1"
        );
        assert_eq!(document["networks"]["harbor"]["ipam"]["config"][0]["subnet"], "10.9.0.0/24");
        // Written once, it stays as it is, also with another secret or release.
        assert_eq!(merge(&merged, &settings("2.15.2")).expect("again").as_deref(), Some(&*merged));
        let old = merge(&merged, &settings("2.3.2")).expect("merged").expect("theirs");
        assert_eq!(read(&old)["version"], "2.3");
        assert_eq!(merge(&old, &settings("2.15.2")).expect("back").as_deref(), Some(&*merged));
        // Given up, theirs alone is left.
        let left = read(&without(&merged).expect("read").expect("theirs"));
        assert_eq!(
            left["services"]["core"]["environment"],
            json!({"HTTP_PROXY": "http://proxy:3128", "TZ": null})
        );
        assert!(
            left["services"].get("registry").is_none() && left["services"].get("proxy").is_some()
        );
    }

    #[test]
    fn a_file_of_ours_alone_has_nothing_of_others() {
        for release in ["2.3.2", "2.15.2"] {
            let text = render(&settings(release)).expect("rendered");
            assert_eq!(merge(&text, &settings(release)), Ok(None));
            assert_eq!(without(&text), Ok(None));
        }
        assert_eq!(merge("", &settings("2.15.2")), Ok(None));
        assert_eq!(without("# nothing\nversion: '2.3'\nservices: {}\n"), Ok(None));
    }

    #[test]
    fn what_cannot_be_merged_is_refused() {
        for text in [
            "- a\n",
            "services: [core]\n",
            "services: {core: [x]}\n",
            "a: [\n",
            "services: {core: {environment: x}}\n",
        ] {
            assert!(merge(text, &settings("2.15.2")).is_err(), "{text}");
        }
        let secret =
            "services:\n  core: [\n    environment:\n      CORE_SECRET: Core-1\n      X: y\n";
        let why = without(secret).expect_err("no YAML").to_string();
        assert!(why.contains("line") && !why.contains("Core-1"), "{why}");
    }
}
