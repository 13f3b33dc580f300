//! What clients other than Terraform, and a provider beside ours, ask of our schema.

use std::collections::BTreeSet;
use std::path::Path;

use provider::backend::{Backend as _, Schemas};
use provider::lifecycle::Provider;
use provider::schema::{Attribute, Kind, Presence};
use serde_json::Value;

/// The prefix of every type, and the name of the package that Pulumi makes of the provider.
const PREFIX: &str = "harbor_";

/// What the guide for Pulumi leaves out by `--exclude`: the second name of a type.
const EXCLUDED: &str = "pg_replication_pair";

fn schemas() -> Schemas {
    Provider::new().schemas().clone()
}

fn text(path: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::fs::read_to_string(root.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

/// Every attribute at every depth, with its path.
fn walk(path: &str, attributes: &[Attribute], visit: &mut impl FnMut(&str, &Attribute)) {
    for attribute in attributes {
        let path = format!("{path}.{}", attribute.name);
        visit(&path, attribute);
        let mut kind = &attribute.kind;
        while let Kind::List(item) | Kind::Set(item) | Kind::Map(item) = kind {
            kind = item;
        }
        if let Kind::Object(inner) = kind {
            walk(&path, inner, visit);
        }
    }
}

/// Pulumi's bridge takes one prefix for all resources that are left, and refuses the others.
fn without_prefix(resources: &[&str]) -> Vec<String> {
    let wrong = |name: &&&str| !name.starts_with(PREFIX);
    resources.iter().filter(wrong).map(|name| (*name).to_owned()).collect()
}

/// The bridge wants no `id`, or one that is a text, not a secret, and given by the provider alone.
fn wrong_ids(name: &str, attributes: &[Attribute]) -> Vec<String> {
    let wrong = |a: &&Attribute| {
        a.name == "id"
            && (a.presence != Presence::Computed || a.kind != Kind::String || a.sensitive)
    };
    attributes.iter().filter(wrong).map(|_| format!("{name}.id")).collect()
}

/// A client that keeps what is write-only, as Pulumi keeps inputs, encrypts it because it is sensitive.
fn stored_in_clear(name: &str, attributes: &[Attribute]) -> Vec<String> {
    let mut found = Vec::new();
    walk(name, attributes, &mut |path, attribute| {
        if attribute.write_only && !attribute.sensitive {
            found.push(path.to_owned());
        }
    });
    found
}

#[test]
fn pulumi_takes_every_resource_but_the_second_name_of_one() {
    let schemas = schemas();
    let names: Vec<&str> = schemas.resources.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(without_prefix(&names), [EXCLUDED]);
    for path in ["docs/guides/pulumi.md", "examples/pulumi/Pulumi.yaml"] {
        assert!(text(path).contains(EXCLUDED), "{path} leaves {EXCLUDED} out");
    }
    for schema in schemas.data_sources.iter().chain(&schemas.ephemeral) {
        assert!(schema.name.starts_with(PREFIX), "{} needs the prefix", schema.name);
    }
}

#[test]
fn pulumi_takes_every_id() {
    for schema in &schemas().resources {
        assert!(schema.attributes.iter().any(|a| a.name == "id"), "{} has an id", schema.name);
        assert_eq!(wrong_ids(&schema.name, &schema.attributes), Vec::<String>::new());
    }
}

#[test]
fn what_is_write_only_is_sensitive_too() {
    let schemas = schemas();
    let mut secrets = 0;
    for schema in &schemas.resources {
        assert_eq!(stored_in_clear(&schema.name, &schema.attributes), Vec::<String>::new());
        walk("", &schema.attributes, &mut |_, attribute| {
            secrets += usize::from(attribute.write_only);
        });
    }
    assert!(secrets > 10, "the passwords are write-only");
}

#[test]
fn the_rules_find_what_breaks_them() {
    let node = schemas().resources.into_iter().find(|s| s.name == "harbor_ha_node");
    let mut attributes = node.expect("the type of a node").attributes;
    assert_eq!(without_prefix(&["harbor_ha_node", "harbour_node"]), ["harbour_node"]);
    for attribute in attributes.iter_mut().filter(|a| a.name == "id") {
        attribute.presence = Presence::Optional;
    }
    assert_eq!(wrong_ids("x", &attributes), ["x.id"]);
    for attribute in attributes.iter_mut().filter(|a| a.name == "admin_password_wo") {
        attribute.sensitive = false;
    }
    assert_eq!(stored_in_clear("x", &attributes), ["x.admin_password_wo"]);
}

/// Terraform would tell two types of one name apart, and people would not.
#[test]
fn no_type_has_the_name_of_one_of_goharbors() {
    let list = text("provider/tests/clients/goharbor-types.txt");
    let theirs: BTreeSet<&str> = list.lines().filter(|line| !line.is_empty()).collect();
    assert!(theirs.contains("harbor_project") && theirs.len() > 20, "the list is whole");
    let schemas = schemas();
    let ours = schemas.resources.iter().chain(&schemas.data_sources).chain(&schemas.ephemeral);
    let both: Vec<&str> =
        ours.map(|s| s.name.as_str()).filter(|name| theirs.contains(name)).collect();
    assert_eq!(both, Vec::<&str>::new());
}

/// `passwordWo` in Pulumi is `password_wo`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(letter.to_lowercase());
    }
    text
}

/// What is wrong with the properties of an object, a reference to a variable followed.
fn misnamed(at: &str, given: &Value, schema: &[Attribute], variables: &Value) -> Vec<String> {
    let Some(given) = resolved(given, variables).as_object() else { return Vec::new() };
    let names: BTreeSet<String> = given.keys().map(|name| snake(name)).collect();
    let mut wrong: Vec<String> = schema
        .iter()
        .filter(|a| a.presence == Presence::Required && !names.contains(&a.name))
        .map(|a| format!("{at} lacks {}", a.name))
        .collect();
    for (name, value) in given {
        match schema.iter().find(|a| a.name == snake(name)) {
            None => wrong.push(format!("{at} has no {name}")),
            Some(a) => {
                wrong.extend(misfit(&format!("{at}.{name}"), value, &a.kind, variables));
            }
        }
    }
    wrong
}

fn misfit(at: &str, given: &Value, kind: &Kind, variables: &Value) -> Vec<String> {
    let each = |item: &Kind, values: Vec<&Value>| {
        values.into_iter().flat_map(|value| misfit(at, value, item, variables)).collect()
    };
    match kind {
        Kind::Object(inner) => misnamed(at, given, inner, variables),
        Kind::Map(item) => {
            each(item, given.as_object().into_iter().flat_map(|map| map.values()).collect())
        }
        Kind::List(item) | Kind::Set(item) => {
            each(item, given.as_array().into_iter().flatten().collect())
        }
        _ => Vec::new(),
    }
}

/// A variable of the program in place of its name.
fn resolved<'a>(value: &'a Value, variables: &'a Value) -> &'a Value {
    let name = value.as_str().and_then(|s| s.strip_prefix("${")?.strip_suffix('}'));
    name.and_then(|name| variables.get(name)).unwrap_or(value)
}

/// What in a program of Pulumi does not fit our schema.
fn unfit(program: &Value, schemas: &Schemas) -> Vec<String> {
    let variables = &program["variables"];
    let resources = program["resources"].as_object().expect("resources");
    let mut wrong = Vec::new();
    for (name, resource) in resources {
        let kind = resource["type"].as_str().expect("a type");
        let properties = &resource["properties"];
        let attributes = if kind == "pulumi:providers:harbor" {
            &schemas.provider.attributes
        } else {
            let ours = kind.strip_prefix("harbor:").map(|k| format!("{PREFIX}{}", snake(k)));
            let Some(found) = schemas.resources.iter().find(|s| Some(&s.name) == ours.as_ref())
            else {
                wrong.push(format!("{name} is a {kind}"));
                continue;
            };
            &found.attributes
        };
        wrong.extend(misnamed(name, properties, attributes, variables));
        if kind == "harbor:HaNode" && resource["options"]["deleteBeforeReplace"] != true {
            wrong.push(format!("{name} would be replaced by one beside it"));
        }
    }
    wrong
}

#[test]
fn the_program_for_pulumi_fits_the_schema() {
    let source = text("examples/pulumi/Pulumi.yaml");
    let read = |text: &str| serde_saphyr::from_str::<Value>(text).expect("YAML");
    let schemas = schemas();
    assert_eq!(unfit(&read(&source), &schemas), Vec::<String>::new());
    for (from, to) in [
        ("harbor:ExternalDb", "harbor:ExternalDatabase"),
        ("hostKey: \"${hostKeyA}\"", "hostkey: \"${hostKeyA}\""),
        ("connection: host, user", "users"),
        ("deleteBeforeReplace: true", "deleteBeforeReplace: false"),
        ("privateKeyPath:", "keyPath:"),
    ] {
        let broken = source.replacen(from, to, 1);
        assert_ne!(broken, source, "the program has `{from}`");
        assert!(!unfit(&read(&broken), &schemas).is_empty(), "`{to}` is found");
    }
}
