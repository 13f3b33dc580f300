//! `docs/` is generated from the schema, in the Terraform Registry's layout, and is current.
//!
//! `make docs` (`UPDATE_DOCS=1`) writes it; without that, a page that differs fails the test.

mod links;
mod page;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use provider::backend::Backend as _;
use provider::lifecycle::Provider;
use provider::schema::Attribute;

/// The repository.
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
        if let Some(inner) = page::inner(&attribute.kind) {
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

/// Every page, by its path in `docs/`.
fn pages() -> BTreeMap<String, String> {
    let provider = Provider::new();
    let schemas = provider.schemas();
    let mut pages = BTreeMap::new();
    let short = |name: &str| name.strip_prefix("harbor_").unwrap_or(name).to_owned();
    pages.insert("index.md".into(), page::of_provider(&schemas.provider));
    // A second name of a type is told on the page of its first: both pages would have one path.
    for schema in schemas.resources.iter().filter(|s| s.name.starts_with("harbor_")) {
        let name = format!("resources/{}.md", short(&schema.name));
        pages.insert(name, page::of_resource(schema));
    }
    for schema in &schemas.data_sources {
        let name = format!("data-sources/{}.md", short(&schema.name));
        pages.insert(name, page::of_data_source(schema));
    }
    for function in &schemas.functions {
        pages.insert(format!("functions/{}.md", function.name), page::of_function(function));
    }
    pages
}

#[test]
fn links_lead_somewhere() {
    let mut wrong = Vec::new();
    for name in files(&root().join("docs"), "docs/") {
        wrong.extend(links::broken(&root(), &name));
    }
    for name in [
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "examples/README.md",
        "examples/modules/harbor-ha/README.md",
    ] {
        wrong.extend(links::broken(&root(), name));
    }
    assert!(wrong.is_empty(), "links that lead nowhere:\n{}", wrong.join("\n"));
}

/// Who follows the guide is asked for no variable, and sets none that is not there.
#[test]
fn getting_started_sets_every_variable() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).expect("readable");
    let guide = read("docs/guides/getting-started.md");
    let variables = read("examples/existing-hosts/variables.tf");
    let mut names = Vec::new();
    for block in variables.split("\nvariable ").filter(|b| b.contains("description")) {
        let name = block.trim_start_matches("variable ").split('"').nth(1).expect("a name");
        let set = guide.lines().any(|line| {
            let (left, _) = line.split_once('=').unwrap_or_default();
            let left = left.trim().trim_start_matches("export ");
            left == name || left.strip_prefix("TF_VAR_") == Some(name)
        });
        assert!(set || block.contains("  default "), "{name} is not set in the guide");
        names.push(name);
    }
    assert!(names.len() > 10, "the variables of the example: {names:?}");
    for word in guide.split("TF_VAR_").skip(1) {
        let end = word.find(|c: char| c != '_' && !c.is_ascii_alphanumeric()).unwrap_or(word.len());
        assert!(names.contains(&&word[..end]), "there is no variable {}", &word[..end]);
    }
}
