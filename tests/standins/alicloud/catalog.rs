//! The schema file: what each type has, as read from the real provider's release.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value as Json;

/// All of it.
#[derive(Debug, Deserialize)]
pub struct Catalog {
    /// The provider block.
    pub provider: Body,
    /// By name.
    pub resources: BTreeMap<String, Type>,
    /// By name.
    pub data_sources: BTreeMap<String, Type>,
}

/// A resource or a data source.
#[derive(Debug, Deserialize)]
pub struct Type {
    /// Version of its state.
    pub schema_version: i64,
    /// Whether it can be imported.
    pub importable: bool,
    /// What it has.
    #[serde(flatten)]
    pub body: Body,
}

/// Arguments, attributes and blocks of a type or a block.
#[derive(Debug, Default, Deserialize)]
pub struct Body {
    /// By name.
    #[serde(default)]
    pub attributes: BTreeMap<String, Argument>,
    /// By name.
    #[serde(default)]
    pub blocks: BTreeMap<String, Block>,
}

/// What arguments and blocks both say of themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "as the schema file has them")]
pub struct Traits {
    /// The user must.
    pub required: bool,
    /// The user may.
    pub optional: bool,
    /// The cloud does, where the user does not.
    pub computed: bool,
    /// A change replaces the whole.
    pub force_new: bool,
    /// Still accepted, with a warning.
    pub deprecated: Option<String>,
    /// Not accepted any more.
    pub removed: Option<String>,
    /// At least so many.
    pub min_items: Option<usize>,
    /// At most so many.
    pub max_items: Option<usize>,
    /// Not beside one of these.
    pub conflicts_with: Vec<String>,
    /// One of these and no other.
    pub exactly_one_of: Vec<String>,
    /// One of these or more.
    pub at_least_one_of: Vec<String>,
}

/// An argument or attribute.
#[derive(Debug, Deserialize)]
pub struct Argument {
    /// Its type in Terraform's notation.
    #[serde(rename = "type")]
    pub kind: Json,
    /// Hidden in Terraform's output.
    #[serde(default)]
    pub sensitive: bool,
    /// Where the configuration has null.
    pub default: Option<Json>,
    /// What its value may be.
    pub validate: Option<Rule>,
    /// The rest.
    #[serde(flatten)]
    pub traits: Traits,
}

/// How a block is nested.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Nesting {
    /// At most one.
    Single,
    /// In order.
    List,
    /// Without order.
    Set,
}

/// A nested block.
#[derive(Debug, Deserialize)]
pub struct Block {
    /// How it is nested.
    pub nesting: Nesting,
    /// Presence.
    #[serde(flatten)]
    pub traits: Traits,
    /// What it has.
    #[serde(flatten)]
    pub body: Body,
}

/// What a value may be.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Rule {
    /// One of these, if there are any.
    pub one_of: Vec<Json>,
    /// In upper or lower case.
    pub ignore_case: bool,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// Shortest text.
    pub len_min: Option<usize>,
    /// Longest text.
    pub len_max: Option<usize>,
    /// A regular expression.
    pub pattern: Option<String>,
    /// One of these rules, if there are any.
    pub any: Vec<Rule>,
}

impl Catalog {
    /// The file that is part of this program.
    ///
    /// # Panics
    /// If it is not what the types above say: a test reads it.
    pub fn load() -> Self {
        serde_json::from_str(include_str!("schema.json"))
            .expect("the schema file is read by a test")
    }
}
