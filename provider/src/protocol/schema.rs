//! Our schemas as the protocol's.

use serde_json::{Value as Json, json};

use super::tfplugin6::{self as pb, StringKind, schema};
use crate::backend::{FunctionSchema, Schemas, TypeSchema};
use crate::schema::{Attribute, Kind, Presence};

/// Where a schema stands, which decides what its attributes may say of themselves.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Neither computed (nobody computes it) nor write-only (nothing of it is ever stored).
    Provider,
    /// Everything.
    Resource,
    /// Not write-only: the host refuses that outside managed resources.
    Data,
}

/// Everything that the provider has.
pub fn all(schemas: &Schemas) -> pb::ProviderSchema {
    let named = |types: &[TypeSchema], place| {
        types.iter().map(|t| (t.name.clone(), of_type(t, place))).collect()
    };
    pb::ProviderSchema {
        provider: Some(of_type(&schemas.provider, Place::Provider)),
        resource_schemas: named(&schemas.resources, Place::Resource),
        data_source_schemas: named(&schemas.data_sources, Place::Data),
        ephemeral_resource_schemas: named(&schemas.ephemeral, Place::Data),
        functions: functions(schemas).functions,
        server_capabilities: Some(capabilities()),
        diagnostics: Vec::new(),
    }
}

/// The names of everything that the provider has.
pub fn metadata(schemas: &Schemas) -> pb::Metadata {
    let types = |types: &[TypeSchema]| {
        types.iter().map(|t| pb::metadata::Type { type_name: t.name.clone() }).collect()
    };
    let function = |f: &FunctionSchema| pb::metadata::FunctionName { name: f.name.clone() };
    pb::Metadata {
        server_capabilities: Some(capabilities()),
        diagnostics: Vec::new(),
        resources: types(&schemas.resources),
        data_sources: types(&schemas.data_sources),
        ephemeral_resources: types(&schemas.ephemeral),
        functions: schemas.functions.iter().map(function).collect(),
    }
}

/// All functions.
pub fn functions(schemas: &Schemas) -> pb::Functions {
    let functions = schemas.functions.iter().map(|f| (f.name.clone(), function(f))).collect();
    pb::Functions { functions, diagnostics: Vec::new() }
}

fn capabilities() -> pb::ServerCapabilities {
    pb::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
    }
}

fn of_type(schema: &TypeSchema, place: Place) -> pb::Schema {
    let block = schema::Block {
        version: schema.version,
        description: schema.description.clone(),
        ..block(&schema.attributes, place)
    };
    pb::Schema { version: schema.version, block: Some(block) }
}

fn block(all: &[Attribute], place: Place) -> schema::Block {
    schema::Block {
        version: 0,
        attributes: attributes(all, place),
        block_types: all.iter().filter_map(|a| nested_block(a, place)).collect(),
        description: String::new(),
        description_kind: StringKind::Markdown.into(),
    }
}

fn attributes(attributes: &[Attribute], place: Place) -> Vec<schema::Attribute> {
    attributes.iter().filter(|a| a.block.is_none()).map(|a| attribute(a, place)).collect()
}

fn nested_block(attribute: &Attribute, place: Place) -> Option<schema::NestedBlock> {
    use schema::nested_block::NestingMode;
    let items = attribute.block?;
    let (inner, nesting) = match &attribute.kind {
        Kind::Object(inner) => (inner, NestingMode::Single),
        Kind::List(item) => (object(item)?, NestingMode::List),
        Kind::Set(item) => (object(item)?, NestingMode::Set),
        _ => return None,
    };
    Some(schema::NestedBlock {
        type_name: attribute.name.clone(),
        block: Some(schema::Block {
            description: attribute.description.clone(),
            ..block(inner, place)
        }),
        nesting: nesting.into(),
        min_items: items.min,
        max_items: items.max,
    })
}

fn attribute(attribute: &Attribute, place: Place) -> schema::Attribute {
    let write_only = attribute.write_only && place == Place::Resource;
    // A default is planned by the provider where the configuration has null.
    let computed = matches!(attribute.presence, Presence::Computed | Presence::OptionalComputed)
        || (attribute.default.is_some() && !write_only && place != Place::Provider);
    let nested = nested(&attribute.kind, place);
    schema::Attribute {
        name: attribute.name.clone(),
        r#type: if nested.is_some() { Vec::new() } else { type_bytes(&attribute.kind) },
        nested_type: nested,
        description: attribute.description.clone(),
        description_kind: StringKind::Markdown.into(),
        required: attribute.presence == Presence::Required && attribute.default.is_none(),
        optional: matches!(attribute.presence, Presence::Optional | Presence::OptionalComputed)
            || (attribute.presence == Presence::Required && attribute.default.is_some()),
        computed,
        sensitive: attribute.sensitive,
        write_only,
    }
}

/// Objects, and lists and maps of them, are nested attributes: each attribute inside keeps its own
/// description, presence and sensitivity. Deeper ones are plain types.
fn nested(kind: &Kind, place: Place) -> Option<schema::Object> {
    use schema::object::NestingMode;
    let (inner, mode) = match kind {
        Kind::Object(inner) => (inner, NestingMode::Single),
        Kind::List(item) => (object(item)?, NestingMode::List),
        Kind::Set(item) => (object(item)?, NestingMode::Set),
        Kind::Map(item) => (object(item)?, NestingMode::Map),
        _ => return None,
    };
    Some(schema::Object { attributes: attributes(inner, place), nesting: mode.into() })
}

fn object(kind: &Kind) -> Option<&Vec<Attribute>> {
    if let Kind::Object(inner) = kind { Some(inner) } else { None }
}

fn function(function: &FunctionSchema) -> pb::Function {
    let parameter = |p: &crate::backend::Parameter| pb::function::Parameter {
        name: p.name.clone(),
        r#type: type_bytes(&p.kind),
        allow_null_value: false,
        allow_unknown_values: false,
        description: p.description.clone(),
        description_kind: StringKind::Markdown.into(),
    };
    pb::Function {
        parameters: function.parameters.iter().map(parameter).collect(),
        r#return: Some(pb::function::Return { r#type: type_bytes(&function.returns) }),
        summary: function.summary.clone(),
        description: function.description.clone(),
        description_kind: StringKind::Markdown.into(),
    }
}

fn type_bytes(kind: &Kind) -> Vec<u8> {
    type_json(kind).to_string().into_bytes()
}

/// A type in the host's JSON notation.
fn type_json(kind: &Kind) -> Json {
    match kind {
        Kind::Bool => json!("bool"),
        Kind::Int | Kind::Float => json!("number"),
        Kind::String => json!("string"),
        Kind::List(item) => json!(["list", type_json(item)]),
        Kind::Set(item) => json!(["set", type_json(item)]),
        Kind::Map(item) => json!(["map", type_json(item)]),
        Kind::Object(inner) => {
            let types: serde_json::Map<_, _> =
                inner.iter().map(|a| (a.name.clone(), type_json(&a.kind))).collect();
            let optional: Vec<&str> = inner
                .iter()
                .filter(|a| a.presence != Presence::Required || a.default.is_some())
                .map(|a| a.name.as_str())
                .collect();
            if optional.is_empty() {
                json!(["object", types])
            } else {
                json!(["object", types, optional])
            }
        }
    }
}

#[cfg(test)]
mod tests;
