//! What the protocol layer serves: the same operations as Terraform's provider protocol, in our
//! own types. `lifecycle` implements it; `protocol` is the only code that calls it.

use std::future::Future;

use crate::diag::{Diag, Diags, Path};
use crate::schema::{Attribute, Kind};
use crate::value::{Object, Value};

/// Who a provider is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct About {
    /// `NAMESPACE/TYPE`, its address on any registry: `breakwater/harbor`
    pub address: &'static str,
    /// `0.1.0`
    pub version: &'static str,
    /// Whether the host is to tolerate what it tolerates of providers on its old SDK: values that
    /// differ from what was planned. Ours never is; a stand-in for such a provider may be.
    pub legacy: bool,
}

impl About {
    /// The last part of the address: `harbor`.
    pub fn name(&self) -> &'static str {
        self.address.rsplit('/').next().unwrap_or(self.address)
    }
}

/// The schema of one resource, data source or the provider block.
#[derive(Clone, Debug)]
pub struct TypeSchema {
    /// `harbor_ha_node`
    pub name: String,
    /// Version of the state; raised when attributes are renamed.
    pub version: i64,
    /// Markdown.
    pub description: String,
    /// Attributes, the shared ones included.
    pub attributes: Vec<Attribute>,
}

/// A parameter of a function.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Markdown.
    pub description: String,
    /// Its type.
    pub kind: Kind,
}

/// The signature of a provider function.
#[derive(Clone, Debug)]
pub struct FunctionSchema {
    /// `harbor_yml`
    pub name: String,
    /// One line.
    pub summary: String,
    /// Markdown.
    pub description: String,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// Type of the result.
    pub returns: Kind,
}

/// All schemas.
#[derive(Clone, Debug)]
pub struct Schemas {
    /// The provider block.
    pub provider: TypeSchema,
    /// Managed resources; one type may stand here under two names.
    pub resources: Vec<TypeSchema>,
    /// Data sources.
    pub data_sources: Vec<TypeSchema>,
    /// Ephemeral resources.
    pub ephemeral: Vec<TypeSchema>,
    /// Functions.
    pub functions: Vec<FunctionSchema>,
}

/// What is known when a plan is asked for. No `config` means: destroy.
#[derive(Clone, Debug, Default)]
pub struct PlanRequest {
    /// The user's configuration, write-only values included.
    pub config: Option<Object>,
    /// The state before; none when creating.
    pub prior: Option<Object>,
    /// Terraform's merge of configuration and prior computed values.
    pub proposed: Option<Object>,
    /// Private data of the prior state.
    pub private: Vec<u8>,
}

/// The answer to a plan.
#[derive(Clone, Debug, Default)]
pub struct PlanResponse {
    /// The planned state; none for destroy.
    pub planned: Option<Object>,
    /// Attributes whose change needs a replacement.
    pub requires_replace: Vec<Path>,
    /// Travels with the plan to apply.
    pub private: Vec<u8>,
    /// Errors and warnings.
    pub diags: Diags,
}

/// What is known when a plan is carried out. No `planned` means: destroy.
#[derive(Clone, Debug, Default)]
pub struct ApplyRequest {
    /// The user's configuration, write-only values included.
    pub config: Option<Object>,
    /// The state before.
    pub prior: Option<Object>,
    /// The planned state.
    pub planned: Option<Object>,
    /// Private data of the plan.
    pub private: Vec<u8>,
}

/// A state, its private data, and what there is to say.
#[derive(Clone, Debug, Default)]
pub struct StateResponse {
    /// None: it does not exist.
    pub state: Option<Object>,
    /// Private data, kept beside the state.
    pub private: Vec<u8>,
    /// Errors and warnings. An apply may return both a state and errors.
    pub diags: Diags,
}

/// An error of a function.
#[derive(Clone, Debug)]
pub struct FunctionError {
    /// For the user.
    pub text: String,
    /// Position of the argument at fault.
    pub argument: Option<i64>,
}

/// The operations. Each is given values that fit the schema; none may panic the process.
pub trait Backend: Send + Sync + 'static {
    /// Name and version.
    fn about(&self) -> About {
        About { address: "breakwater/harbor", version: env!("CARGO_PKG_VERSION"), legacy: false }
    }
    /// All schemas; made once.
    fn schemas(&self) -> &Schemas;
    /// Check the provider block.
    fn validate_provider(&self, config: Object) -> impl Future<Output = Diags> + Send;
    /// Take the provider block; it may hold unknown values. Never connects.
    fn configure(&self, config: Object) -> impl Future<Output = Diags> + Send;
    /// Check a resource's configuration.
    fn validate(&self, name: &str, config: Object) -> impl Future<Output = Diags> + Send;
    /// Check a data source's configuration.
    fn validate_data(&self, name: &str, config: Object) -> impl Future<Output = Diags> + Send;
    /// Plan a change.
    fn plan(&self, name: &str, request: PlanRequest) -> impl Future<Output = PlanResponse> + Send;
    /// Carry out a plan.
    fn apply(
        &self,
        name: &str,
        request: ApplyRequest,
    ) -> impl Future<Output = StateResponse> + Send;
    /// Refresh a state from what is on the hosts.
    fn read(
        &self,
        name: &str,
        state: Object,
        private: Vec<u8>,
    ) -> impl Future<Output = StateResponse> + Send;
    /// The first state of something that exists already.
    fn import(&self, name: &str, id: &str) -> impl Future<Output = StateResponse> + Send;
    /// Bring a state that another version of the provider wrote, as JSON, to this schema.
    fn upgrade(&self, name: &str, version: i64, state: serde_json::Value) -> Result<Object, Diag>;
    /// Take over the state of another type, which may be of an older version.
    fn move_state(
        &self,
        source: &str,
        target: &str,
        version: i64,
        state: serde_json::Value,
        private: Vec<u8>,
    ) -> StateResponse;
    /// Read a data source.
    fn read_data(&self, name: &str, config: Object) -> impl Future<Output = StateResponse> + Send;
    /// Call a function.
    fn call(
        &self,
        name: &str,
        arguments: Vec<Value>,
    ) -> impl Future<Output = Result<Value, FunctionError>> + Send;
    /// Stop at the next safe point.
    fn stop(&self);
}
