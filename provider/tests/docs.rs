//! `docs/` is generated from the schema, in the Terraform Registry's layout, and is current.
//!
//! `make docs` (`UPDATE_DOCS=1`) writes it; without that, a page that differs fails the test.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use provider::backend::{Backend as _, FunctionSchema, TypeSchema};
use provider::lifecycle::Provider;
use provider::schema::{Attribute, Kind, OnChange, Presence};
use provider::value::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn docs_are_current() {
    let pages = pages();
    let docs = root().join("docs");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        for (name, text) in &pages {
            let path = docs.join(name);
            std::fs::create_dir_all(path.parent().expect("inside docs")).expect("a directory");
            std::fs::write(path, text).expect("written");
        }
        return;
    }
    for (name, text) in &pages {
        let have = std::fs::read_to_string(docs.join(name)).unwrap_or_default();
        assert!(have == *text, "docs/{name} is not current: run `make docs`");
    }
    for name in files(&docs, "") {
        let known = pages.contains_key(&name) || name.starts_with("guides/");
        assert!(known, "docs/{name} belongs to nothing in the schema: remove it");
    }
}

#[test]
fn every_attribute_is_described() {
    let provider = Provider::new();
    let schemas = provider.schemas();
    let types = schemas.resources.iter().chain(&schemas.data_sources);
    for schema in types.chain(std::iter::once(&schemas.provider)) {
        described(&schema.name, &schema.attributes);
    }
}

fn described(path: &str, attributes: &[Attribute]) {
    for attribute in attributes {
        let path = format!("{path}.{}", attribute.name);
        assert!(attribute.description.len() > 3, "{path} has no description");
        if let Some(inner) = inner(&attribute.kind) {
            described(&path, inner);
        }
    }
}

fn files(folder: &Path, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            found.extend(files(&entry.path(), &format!("{name}/")));
        } else {
            found.push(name);
        }
    }
    found
}

fn pages() -> BTreeMap<String, String> {
    let provider = Provider::new();
    let schemas = provider.schemas();
    let mut pages = BTreeMap::new();
    let short = |name: &str| name.strip_prefix("harbor_").unwrap_or(name).to_owned();
    pages.insert("index.md".into(), page("provider", "Provider: harbor", &schemas.provider));
    for schema in &schemas.resources {
        let title = format!("{} (Resource)", schema.name);
        pages.insert(
            format!("resources/{}.md", short(&schema.name)),
            page("resource", &title, schema),
        );
    }
    for schema in &schemas.data_sources {
        let title = format!("{} (Data Source)", schema.name);
        pages.insert(
            format!("data-sources/{}.md", short(&schema.name)),
            page("data-source", &title, schema),
        );
    }
    for function in &schemas.functions {
        pages.insert(format!("functions/{}.md", function.name), function_page(function));
    }
    // `pg_replication_pair` has a page of its own name beside `harbor_pg_replication_pair`: the
    // Registry strips the prefix of both, so the alias is told on the one page.
    pages
}

fn summary(text: &str) -> String {
    text.lines().next().unwrap_or_default().replace('"', "'")
}

fn page(kind: &str, title: &str, schema: &TypeSchema) -> String {
    let mut text = format!(
        "---\npage_title: \"{title}\"\ndescription: \"{}\"\n---\n\n# {title}\n\n{}\n",
        summary(&schema.description),
        schema.description.trim_end()
    );
    if let Some(example) = example(kind, &schema.name) {
        let _ = write!(text, "\n## Example\n\n```terraform\n{}\n```\n", example.trim_end());
    }
    text += "\n## Schema\n";
    for (heading, presence) in [
        ("Required", Presence::Required),
        ("Optional", Presence::Optional),
        ("Read-Only", Presence::Computed),
    ] {
        let chosen: Vec<&Attribute> =
            schema.attributes.iter().filter(|a| a.presence == presence).collect();
        if !chosen.is_empty() {
            let _ = write!(text, "\n### {heading}\n\n");
            chosen.iter().for_each(|a| line(&mut text, a, ""));
        }
    }
    nested(&mut text, &schema.attributes, "");
    if let Some(import) = example("import", &schema.name) {
        let _ = write!(text, "\n## Import\n\n```shell\n{}\n```\n", import.trim_end());
    }
    text
}

fn example(kind: &str, name: &str) -> Option<String> {
    let path = match kind {
        "provider" => "examples/provider/provider.tf".to_owned(),
        "resource" => format!("examples/resources/{name}/resource.tf"),
        "import" => format!("examples/resources/{name}/import.sh"),
        "function" => format!("examples/functions/{name}/function.tf"),
        _ => format!("examples/data-sources/{name}/data-source.tf"),
    };
    std::fs::read_to_string(root().join(path)).ok()
}

fn inner(kind: &Kind) -> Option<&[Attribute]> {
    match kind {
        Kind::Object(attributes) => Some(attributes),
        Kind::List(item) | Kind::Map(item) => inner(item),
        _ => None,
    }
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "Boolean".into(),
        Kind::Int | Kind::Float => "Number".into(),
        Kind::String => "String".into(),
        Kind::List(item) if inner(item).is_some() => "Attributes List".into(),
        Kind::Map(item) if inner(item).is_some() => "Attributes Map".into(),
        Kind::List(item) => format!("List of {}", type_name(item)),
        Kind::Map(item) => format!("Map of {}", type_name(item)),
        Kind::Object(_) => "Attributes".into(),
    }
}

fn show(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        Value::String(s) => s.clone(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

fn line(text: &mut String, attribute: &Attribute, prefix: &str) {
    let mut notes = vec![type_name(&attribute.kind)];
    if attribute.write_only {
        notes.push("Write-only".into());
    } else if attribute.sensitive {
        notes.push("Sensitive".into());
    }
    let description = attribute.description.replace('\n', " ");
    let _ = write!(text, "- `{}` ({}) {}", attribute.name, notes.join(", "), description.trim());
    if !attribute.words.is_empty() && attribute.presence != Presence::Computed {
        let words: Vec<String> = attribute.words.iter().map(|w| format!("`{w}`")).collect();
        let _ = write!(text, " One of {}.", words.join(", "));
    }
    if let Some(default) = &attribute.default {
        let _ = write!(text, " Default: `{}`.", show(default));
    }
    let nested = inner(&attribute.kind).is_some();
    if attribute.presence != Presence::Computed
        && !(nested && attribute.on_change == OnChange::InPlace)
    {
        let _ = write!(text, " {}", attribute.on_change.sentence());
    }
    if nested {
        let path = format!("{prefix}{}", attribute.name);
        let _ = write!(text, " See [{path}](#nested-{}).", path.replace('.', "-"));
    }
    text.push('\n');
}

fn nested(text: &mut String, attributes: &[Attribute], prefix: &str) {
    for attribute in attributes {
        let Some(inner) = inner(&attribute.kind) else { continue };
        let path = format!("{prefix}{}", attribute.name);
        let anchor = path.replace('.', "-");
        let _ = write!(text, "\n<a id=\"nested-{anchor}\"></a>\n### {path}\n\n");
        inner.iter().for_each(|a| {
            let required = a.presence == Presence::Required;
            let mut one = String::new();
            line(&mut one, a, &format!("{path}."));
            *text += &if required { one.replacen(" (", " (Required, ", 1) } else { one };
        });
        nested(text, inner, &format!("{path}."));
    }
}

fn function_page(function: &FunctionSchema) -> String {
    let parameters: Vec<String> = function
        .parameters
        .iter()
        .map(|p| format!("- `{}` ({}) {}", p.name, type_name(&p.kind), p.description))
        .collect();
    let names: Vec<&str> = function.parameters.iter().map(|p| p.name.as_str()).collect();
    let example = example("function", &function.name).unwrap_or_default();
    format!(
        "---\npage_title: \"{0} (Function)\"\ndescription: \"{1}\"\n---\n\n# {0} (Function)\n\n{2}\n\n\
         ## Example\n\n```terraform\n{6}\n```\n\n## Signature\n\n```text\nprovider::harbor::{0}({3}) {4}\n```\n\n## Arguments\n\n{5}\n",
        function.name,
        summary(&function.summary),
        function.description,
        names.join(", "),
        type_name(&function.returns).to_lowercase(),
        parameters.join("\n"),
        example.trim_end()
    )
}
