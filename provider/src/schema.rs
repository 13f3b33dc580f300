//! What an attribute is: its type, its presence, and what a change of it does.
//!
//! A schema is made from a settings struct (`settings!`), so that the struct, Terraform's schema
//! and the documentation cannot disagree.

use crate::value::Value;

/// The type of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `bool`
    Bool,
    /// `number`, whole
    Int,
    /// `number`
    Float,
    /// `string`
    String,
    /// `list(...)`; of objects: a nested attribute in list mode
    List(Box<Kind>),
    /// `set(...)`; of objects: a nested attribute in set mode
    Set(Box<Kind>),
    /// `map(...)`; of objects: a nested attribute in map mode
    Map(Box<Kind>),
    /// A single nested object.
    Object(Vec<Attribute>),
}

/// What a change of an attribute does to a running system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnChange {
    /// Nothing is touched on a host; it is used from the next operation on.
    Provider,
    /// Changed in place without interruption.
    #[default]
    InPlace,
    /// A service reloads its configuration, without interruption.
    Reload,
    /// A service restarts; the plan announces it.
    Restart,
    /// The resource is destroyed and made anew.
    Replace,
    /// The plan is refused with the reason.
    Refused,
}

impl OnChange {
    /// The sentence for the documentation.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Provider => "nothing is done on a host; it counts from the next operation on.",
            Self::InPlace => "changed in place, without interruption.",
            Self::Reload => "a service reloads, without interruption.",
            Self::Restart => "a service restarts, which the plan announces as a warning.",
            Self::Replace => "the resource is destroyed and made anew.",
            Self::Refused => "the plan is refused, and says how to go about it.",
        }
    }
}

/// Who gives the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The user must.
    Required,
    /// The user may.
    Optional,
    /// The provider does.
    Computed,
    /// The user may; the provider does where the user does not.
    OptionalComputed,
}

/// How often a nested block may stand in a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items {
    /// At least so often.
    pub min: i64,
    /// At most so often; 0: as often as one likes.
    pub max: i64,
}

/// A check of one known, non-null value; the error is a sentence for the user.
pub type Check = fn(&Value) -> Result<(), String>;

/// One attribute.
#[derive(Clone, Debug)]
pub struct Attribute {
    /// Its name in the configuration.
    pub name: String,
    /// Markdown for the documentation.
    pub description: String,
    /// Its type.
    pub kind: Kind,
    /// Who gives the value.
    pub presence: Presence,
    /// The value where the configuration has null.
    pub default: Option<Value>,
    /// Hidden in Terraform's output.
    pub sensitive: bool,
    /// Never in plan or state (Terraform 1.11).
    pub write_only: bool,
    /// Written as nested blocks instead of as an argument, the way of providers on Terraform's old
    /// SDK. The type is an object, or a list or a set of objects; ours has none.
    pub block: Option<Items>,
    /// What a change does.
    pub on_change: OnChange,
    /// Checks of the value alone.
    pub checks: Vec<Check>,
    /// Checks of each value in a list or a map.
    pub items: Vec<Check>,
    /// Words that are allowed, where it is a choice.
    pub words: &'static [&'static str],
}

impl PartialEq for Attribute {
    /// Checks are functions and stand apart: two attributes are the same by what a user sees.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.description == other.description
            && self.kind == other.kind
            && self.presence == other.presence
            && self.default == other.default
            && (self.sensitive, self.write_only) == (other.sensitive, other.write_only)
            && self.block == other.block
            && self.on_change == other.on_change
    }
}

/// What an author says of a field beside its name, type and description.
#[derive(Clone, Debug, Default)]
pub struct Spec {
    pub(crate) default: Option<Value>,
    pub(crate) sensitive: bool,
    pub(crate) write_only: bool,
    pub(crate) on_change: OnChange,
    pub(crate) checks: Vec<Check>,
    pub(crate) items: Vec<Check>,
}

/// An attribute with nothing special.
pub fn attr() -> Spec {
    <Spec as Default>::default()
}

impl Spec {
    /// The value where the configuration has null.
    #[must_use]
    pub fn default(mut self, value: impl Into<Value>) -> Self {
        self.default = Some(value.into());
        self
    }

    /// Hidden in Terraform's output.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.sensitive = true;
        self
    }

    /// Never in plan or state. Pair it with an attribute `<name>_version`.
    #[must_use]
    pub fn write_only(mut self) -> Self {
        self.write_only = true;
        self.sensitive = true;
        self
    }

    /// What a change does.
    #[must_use]
    pub fn on_change(mut self, on_change: OnChange) -> Self {
        self.on_change = on_change;
        self
    }

    /// A check of the value alone.
    #[must_use]
    pub fn check(mut self, check: Check) -> Self {
        self.checks.push(check);
        self
    }

    /// A check of each value in a list or a map, whatever else of it is still unknown.
    #[must_use]
    pub fn each(mut self, check: Check) -> Self {
        self.items.push(check);
        self
    }
}

/// The same attributes, given by the provider instead of the user.
pub fn computed(mut attributes: Vec<Attribute>) -> Vec<Attribute> {
    for attribute in &mut attributes {
        attribute.presence = Presence::Computed;
        attribute.default = None;
        computed_inside(&mut attribute.kind);
    }
    attributes
}

fn computed_inside(kind: &mut Kind) {
    match kind {
        Kind::Object(inner) => *inner = computed(std::mem::take(inner)),
        Kind::List(item) | Kind::Set(item) | Kind::Map(item) => computed_inside(item),
        Kind::Bool | Kind::Int | Kind::Float | Kind::String => {}
    }
}
