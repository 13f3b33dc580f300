//! What `validate` says of a configuration, as data: `validate/<type>.toml` has a configuration that
//! is right, and changes of it, a line each.
//!
//! - `settings`: the configuration; nothing is said of it, and no unknown value in it makes an error;
//! - `right`: changes of which no error is said either: `set` is laid over `settings`, table by
//!   table; `unset` are top-level attributes that are taken away;
//! - `wrong`: changes with one error, `at` its attribute, whose text has `says`; unless it
//!   `needs_host`, it is said too while `ssh` or `hosts` is unknown, as where a host is still to be
//!   made;
//! - `warned`: changes of which no error is said, and a warning `at` an attribute.

#[path = "validate/certificates.rs"]
mod certificates;

use std::path::{Path, PathBuf};

use futures::executor::block_on;
use provider::backend::{Backend as _, PlanRequest};
use provider::diag::{Diag, Severity};
use provider::lifecycle::Provider;
use provider::value::{Object, Value};

struct Table {
    name: String,
    table: toml::Table,
    provider: Provider,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/validate")
}

fn table(name: &str) -> Table {
    let path = folder().join(format!("{name}.toml"));
    let text = std::fs::read_to_string(&path).expect("readable");
    let table = text.parse().unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    Table { name: name.to_owned(), table, provider: Provider::new() }
}

fn tables() -> Vec<Table> {
    let entries = std::fs::read_dir(folder()).expect("the folder is there");
    let paths = entries.filter_map(|e| e.ok().map(|e| e.path()));
    let mut names: Vec<String> = paths
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    names.iter().map(|name| table(name)).collect()
}

impl Table {
    fn diags(&self, config: Object) -> Vec<Diag> {
        let schemas = self.provider.schemas();
        let name = &self.name;
        if name == "provider" {
            return block_on(self.provider.validate_provider(config));
        }
        if schemas.data_sources.iter().any(|s| s.name == *name) {
            return block_on(self.provider.validate_data(name, config));
        }
        block_on(self.provider.validate(name, config))
    }

    fn settings(&self) -> &toml::Table {
        self.table["settings"].as_table().expect("settings are a table")
    }

    /// What is right.
    fn config(&self) -> Object {
        object(self.settings())
    }

    fn changes(&self, kind: &str) -> Vec<&toml::Table> {
        let list = self.table.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        list.map(|change| change.as_table().expect("a change is a table")).collect()
    }

    fn changed(&self, change: &toml::Table) -> Object {
        let mut all = self.settings().clone();
        for name in change.get("unset").and_then(toml::Value::as_array).into_iter().flatten() {
            all.remove(name.as_str().expect("a name"));
        }
        if let Some(set) = change.get("set") {
            lay(&mut all, set.as_table().expect("a table"));
        }
        object(&all)
    }
}

fn lay(below: &mut toml::Table, above: &toml::Table) {
    for (name, value) in above {
        match (below.get_mut(name), value) {
            (Some(toml::Value::Table(below)), toml::Value::Table(above)) => lay(below, above),
            _ => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}

fn object(table: &toml::Table) -> Object {
    table.iter().map(|(name, v)| (name.clone(), value(v))).collect()
}

fn value(toml: &toml::Value) -> Value {
    match toml {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(n) => Value::Int(*n),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Array(items) => Value::List(items.iter().map(value).collect()),
        toml::Value::Table(table) => Value::Map(object(table)),
        other => panic!("no such value: {other}"),
    }
}

fn of(diags: &[Diag], severity: Severity) -> Vec<&Diag> {
    diags.iter().filter(|d| d.severity == severity).collect()
}

fn lines(diags: &[&Diag]) -> String {
    let line = |d: &&Diag| format!("  {}: {}. {}\n", d.path, d.summary, d.detail);
    diags.iter().map(line).collect()
}

/// Fails with all that is wrong at once.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn what_is_right_is_right() {
    let mut wrong = Vec::new();
    for table in tables() {
        let base = table.diags(table.config());
        if !base.is_empty() {
            wrong.push(format!(
                "{} settings:\n{}",
                table.name,
                lines(&base.iter().collect::<Vec<_>>())
            ));
        }
        for change in table.changes("right") {
            let diags = table.diags(table.changed(change));
            let errors = of(&diags, Severity::Error);
            if !errors.is_empty() {
                wrong.push(format!("{} {change}:\n{}", table.name, lines(&errors)));
            }
        }
    }
    none(&wrong);
}

#[test]
fn what_is_wrong_is_said_at_its_attribute() {
    let mut wrong = Vec::new();
    for table in tables() {
        for change in table.changes("wrong") {
            let diags = table.diags(table.changed(change));
            let errors = of(&diags, Severity::Error);
            let (at, says) = (text(change, "at"), text(change, "says"));
            let fits = |d: &&Diag| {
                d.path.to_string() == at && format!("{}. {}", d.summary, d.detail).contains(says)
            };
            if !matches!(&errors[..], [one] if fits(one)) {
                wrong.push(format!("{} {change}:\n{}", table.name, lines(&errors)));
            }
        }
    }
    none(&wrong);
}

#[test]
fn what_may_be_wrong_is_warned_of() {
    let mut wrong = Vec::new();
    for table in tables() {
        for change in table.changes("warned") {
            let diags = table.diags(table.changed(change));
            let at = text(change, "at");
            let warned = of(&diags, Severity::Warning).iter().any(|d| d.path.to_string() == at);
            if !warned || !of(&diags, Severity::Error).is_empty() {
                let all: Vec<&Diag> = diags.iter().collect();
                wrong.push(format!("{} {change}:\n{}", table.name, lines(&all)));
            }
        }
    }
    none(&wrong);
}

fn text<'a>(change: &'a toml::Table, key: &str) -> &'a str {
    change.get(key).and_then(toml::Value::as_str).unwrap_or_else(|| panic!("{change} has no {key}"))
}

/// What a host's address has to do with nothing is judged before there is a host.
#[test]
fn what_is_wrong_is_said_before_there_is_a_host() {
    let mut wrong = Vec::new();
    for table in tables() {
        let unknown: Vec<&str> =
            ["ssh", "hosts"].into_iter().filter(|n| table.settings().contains_key(*n)).collect();
        for change in table.changes("wrong") {
            let at = text(change, "at");
            let of_host = unknown.iter().any(|name| at.starts_with(name));
            if unknown.is_empty() || of_host || change.contains_key("needs_host") {
                continue;
            }
            let mut config = table.changed(change);
            for name in &unknown {
                config.insert((*name).to_owned(), Value::Unknown);
            }
            let diags = table.diags(config);
            if !diags.iter().any(|d| d.path.to_string() == at) {
                let all: Vec<&Diag> = diags.iter().collect();
                wrong.push(format!("{} {change}: not said\n{}", table.name, lines(&all)));
            }
        }
    }
    none(&wrong);
}

/// Each value for itself, and each object and list that holds it, is made unknown.
#[test]
fn an_unknown_value_makes_no_error() {
    let mut wrong = Vec::new();
    for table in tables() {
        let base = Value::Map(table.config());
        for (path, config) in with_one_unknown(&base) {
            let Value::Map(config) = config else { continue };
            let diags = table.diags(config);
            let errors = of(&diags, Severity::Error);
            if !errors.is_empty() {
                wrong.push(format!("{} with {path} unknown:\n{}", table.name, lines(&errors)));
            }
        }
    }
    none(&wrong);
}

/// The same value with one part of it unknown, in all ways, each with the part's place.
fn with_one_unknown(value: &Value) -> Vec<(String, Value)> {
    let mut all = vec![(String::new(), Value::Unknown)];
    match value {
        Value::Map(map) => {
            for (name, inner) in map {
                for (path, inner) in with_one_unknown(inner) {
                    let mut map = map.clone();
                    map.insert(name.clone(), inner);
                    all.push((format!(".{name}{path}"), Value::Map(map)));
                }
            }
        }
        Value::List(items) => {
            for (i, inner) in items.iter().enumerate() {
                for (path, inner) in with_one_unknown(inner) {
                    let mut items = items.clone();
                    items[i] = inner;
                    all.push((format!("[{i}]{path}"), Value::List(items)));
                }
            }
        }
        _ => {}
    }
    all
}

/// It is known only with the provider block, when a plan or a read asks for the hosts.
#[test]
fn an_unknown_credential_is_said_at_the_host_that_names_it() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (name, set, at) in [
        ("harbor_ha_node", "ssh.credential = 'nobody'", "ssh.credential"),
        ("harbor_external_db", "ssh.credential = 'nobody'", "ssh.credential"),
        (
            "harbor_pg_replication_pair",
            "nodes.b.ssh.credential = 'nobody'",
            "nodes.b.ssh.credential",
        ),
        (
            "harbor_shared_secrets",
            "hosts.b.ssh.credential = 'nobody'",
            "hosts[\"b\"].ssh.credential",
        ),
        ("harbor_health", "nodes.a.ssh.credential = 'nobody'", "nodes[\"a\"].ssh.credential"),
    ] {
        let table = table(name);
        let mut settings = table.settings().clone();
        lay(&mut settings, &set.parse().expect("TOML"));
        let config = object(&settings);
        let diags = runtime.block_on(async {
            let provider = &table.provider;
            assert_eq!(provider.configure(Object::new()).await, Vec::new());
            if provider.schemas().data_sources.iter().any(|s| s.name == name) {
                return provider.read_data(name, config).await.diags;
            }
            let proposed = Some(config.clone());
            let request = PlanRequest { config: Some(config), proposed, ..PlanRequest::default() };
            provider.plan(name, request).await.diags
        });
        let errors = of(&diags, Severity::Error);
        let [error] = errors[..] else { panic!("{name}:\n{}", lines(&errors)) };
        assert_eq!(
            (error.path.to_string().as_str(), error.summary.as_str()),
            (at, "Unknown credential")
        );
    }
}
