//! One page of the documentation, from a schema and the examples.

use std::fmt::Write as _;

use provider::backend::{FunctionSchema, TypeSchema};
use provider::schema::{Attribute, Kind, OnChange, Presence};
use provider::value::Value;

use super::root;

/// What stands in brackets at the end of an attribute, and what it means.
const CHANGES: [(OnChange, &str); 6] = [
    (OnChange::Provider, "touches no host"),
    (OnChange::InPlace, ""),
    (OnChange::Reload, "reload"),
    (OnChange::Restart, "restart"),
    (OnChange::Replace, "replacement"),
    (OnChange::Refused, "refused"),
];

/// A page while it is written.
struct Page {
    text: String,
    /// Only a resource changes something.
    changes: bool,
    /// Blocks that are written already, with their names.
    said: Vec<(Vec<Attribute>, String)>,
}

pub fn of_provider(schema: &TypeSchema) -> String {
    let provider = example("examples/provider/provider.tf");
    let mut page = Page::new(false, "Provider: harbor", schema).example(provider);
    let parts = ["versions", "main", "variables"];
    let whole: Vec<String> =
        parts.iter().filter_map(|p| example(&format!("examples/existing-hosts/{p}.tf"))).collect();
    let _ = write!(
        page.text,
        "\n## Two hosts, the whole of it\n\nAs `examples/existing-hosts` has it. \
         [Getting started](guides/getting-started.md) fills in the variables.\n\n\
         ```terraform\n{}\n```\n",
        whole.join("\n\n")
    );
    page.schema(schema).text
}

pub fn of_resource(schema: &TypeSchema) -> String {
    let folder = format!("examples/resources/{}", schema.name);
    let title = format!("{} (Resource)", schema.name);
    let mut page = Page::new(true, &title, schema)
        .example(example(&format!("{folder}/resource.tf")))
        .schema(schema);
    if let Some(import) = example(&format!("{folder}/import.sh")) {
        let _ = write!(page.text, "\n## Import\n\n```shell\n{import}\n```\n");
    }
    page.text
}

pub fn of_data_source(schema: &TypeSchema) -> String {
    let title = format!("{} (Data Source)", schema.name);
    let example = example(&format!("examples/data-sources/{}/data-source.tf", schema.name));
    Page::new(false, &title, schema).example(example).schema(schema).text
}

pub fn of_function(function: &FunctionSchema) -> String {
    let name = &function.name;
    let title = format!("{name} (Function)");
    let example = example(&format!("examples/functions/{name}/function.tf"));
    let mut text =
        Page::titled(false, &title, &function.summary, &function.description).example(example).text;
    let names: Vec<&str> = function.parameters.iter().map(|p| p.name.as_str()).collect();
    let returns = type_name(&function.returns).to_lowercase();
    let _ = write!(
        text,
        "\n## Signature\n\n```text\nprovider::harbor::{name}({}) {returns}\n```\n\n## Arguments\n\n",
        names.join(", ")
    );
    for p in &function.parameters {
        let _ = writeln!(text, "- `{}` ({}) {}", p.name, type_name(&p.kind), p.description);
    }
    text
}

/// The attributes inside an attribute.
pub fn inner(kind: &Kind) -> Option<&[Attribute]> {
    match kind {
        Kind::Object(attributes) => Some(attributes),
        Kind::List(item) | Kind::Set(item) | Kind::Map(item) => inner(item),
        _ => None,
    }
}

impl Page {
    fn new(changes: bool, title: &str, schema: &TypeSchema) -> Self {
        Self::titled(changes, title, &schema.description, &schema.description)
    }

    fn titled(changes: bool, title: &str, summary: &str, description: &str) -> Self {
        let summary = summary.lines().next().unwrap_or_default().replace('"', "'");
        let text = format!(
            "---\npage_title: \"{title}\"\ndescription: \"{summary}\"\n---\n\n# {title}\n\n{}\n",
            description.trim_end()
        );
        Self { text, changes, said: Vec::new() }
    }

    fn example(mut self, example: Option<String>) -> Self {
        if let Some(example) = example {
            let _ = write!(self.text, "\n## Example\n\n```terraform\n{example}\n```\n");
        }
        self
    }

    fn schema(mut self, schema: &TypeSchema) -> Self {
        self.text += "\n## Schema\n";
        if self.changes {
            self.legend();
        }
        for (heading, presence) in [
            ("Required", Presence::Required),
            ("Optional", Presence::Optional),
            ("Read-Only", Presence::Computed),
        ] {
            let mut chosen = schema.attributes.iter().filter(|a| a.presence == presence).peekable();
            if chosen.peek().is_some() {
                let _ = write!(self.text, "\n### {heading}\n\n");
                chosen.for_each(|a| self.line(a, "", OnChange::InPlace));
            }
        }
        self.blocks(&schema.attributes, "");
        self
    }

    fn legend(&mut self) {
        self.text += "\nAn attribute is changed in place and without interruption, unless its line \
                      ends with another word; that of a block counts for all that is in it:\n\n";
        for (change, word) in CHANGES.iter().filter(|(_, word)| !word.is_empty()) {
            let _ = writeln!(self.text, "- *{word}*: {}", change.sentence());
        }
    }

    /// One attribute. What is said of its block as a whole is not said again.
    fn line(&mut self, attribute: &Attribute, prefix: &str, of_block: OnChange) {
        let mut notes = vec![type_name(&attribute.kind)];
        if !prefix.is_empty() && attribute.presence == Presence::Required {
            notes.insert(0, "Required".into());
        }
        if attribute.write_only {
            notes.push("Write-only".into());
        } else if attribute.sensitive {
            notes.push("Sensitive".into());
        }
        let description = attribute.description.replace('\n', " ");
        let (name, notes) = (&attribute.name, notes.join(", "));
        let _ = write!(self.text, "- `{name}` ({notes}) {}", description.trim());
        self.words(attribute);
        if let Some(default) = &attribute.default {
            let _ = write!(self.text, " Default: `{}`.", show(default));
        }
        if let Some(block) = inner(&attribute.kind) {
            let path = self.written(block).unwrap_or_else(|| format!("{prefix}{name}"));
            let _ = write!(self.text, " See [{path}](#{}).", anchor(&path));
        }
        let change = attribute.on_change;
        let word = CHANGES.iter().find(|(c, _)| *c == change).map_or("", |(_, word)| word);
        let ours = self.changes && attribute.presence != Presence::Computed;
        if ours && !word.is_empty() && change != of_block {
            let _ = write!(self.text, " *{word}*");
        }
        self.text.push('\n');
    }

    /// The words of a choice, where the description does not tell all of them.
    fn words(&mut self, attribute: &Attribute) {
        let words: Vec<String> = attribute.words.iter().map(|w| format!("`{w}`")).collect();
        let told = words.iter().all(|word| attribute.description.contains(word));
        if !told && attribute.presence != Presence::Computed {
            let _ = write!(self.text, " One of {}.", words.join(", "));
        }
    }

    fn written(&self, block: &[Attribute]) -> Option<String> {
        self.said.iter().find(|(said, _)| said == block).map(|(_, path)| path.clone())
    }

    fn blocks(&mut self, attributes: &[Attribute], prefix: &str) {
        for attribute in attributes {
            let Some(block) = inner(&attribute.kind) else { continue };
            let path = format!("{prefix}{}", attribute.name);
            if let Some(known) = self.written(block) {
                // The line of an attribute beside it was written before the block was.
                let link = |path: &str| format!("[{path}](#{})", anchor(path));
                self.text = self.text.replace(&link(&path), &link(&known));
                continue;
            }
            let _ = write!(self.text, "\n<a id=\"{}\"></a>\n### {path}\n\n", anchor(&path));
            self.said.push((block.to_vec(), path.clone()));
            for a in block {
                self.line(a, &format!("{path}."), attribute.on_change);
            }
            self.blocks(block, &format!("{path}."));
        }
    }
}

fn anchor(path: &str) -> String {
    format!("nested-{}", path.replace('.', "-"))
}

fn example(path: &str) -> Option<String> {
    let text = std::fs::read_to_string(root().join(path)).ok()?;
    Some(text.trim_end().to_owned())
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "Boolean".into(),
        Kind::Int | Kind::Float => "Number".into(),
        Kind::String => "String".into(),
        Kind::List(item) if inner(item).is_some() => "Attributes List".into(),
        Kind::Map(item) if inner(item).is_some() => "Attributes Map".into(),
        Kind::Set(item) if inner(item).is_some() => "Attributes Set".into(),
        Kind::List(item) => format!("List of {}", type_name(item)),
        Kind::Set(item) => format!("Set of {}", type_name(item)),
        Kind::Map(item) => format!("Map of {}", type_name(item)),
        Kind::Object(_) => "Attributes".into(),
    }
}

/// A default, as it is written in a configuration, a text without its quotes.
fn show(value: &Value) -> String {
    match value {
        Value::Null | Value::Unknown => String::new(),
        Value::Bool(b) => b.to_string(),
        Value::Int(i) => i.to_string(),
        Value::Float(f) => f.to_string(),
        Value::String(s) => s.clone(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(show).collect::<Vec<_>>().join(", "))
        }
        Value::Map(map) => {
            let entries: Vec<String> =
                map.iter().map(|(k, v)| format!("{k} = {}", show(v))).collect();
            format!("{{{}}}", entries.join(", "))
        }
    }
}
