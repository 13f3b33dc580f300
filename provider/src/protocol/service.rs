//! The provider service: each call is decoded by its schema, run as an operation, and answered.
//! Whatever goes wrong is a diagnostic; a gRPC status would reach the user without an address.

mod calls;
mod functions;
mod operations;

use std::collections::HashMap;
use std::sync::Arc;

use super::tfplugin6::ProviderSchema;
use super::work::Work;
use super::{schema, tfplugin6};
use crate::backend::{Backend, TypeSchema};
use crate::diag::Diag;

/// Serves a backend.
pub struct Service<B> {
    backend: Arc<B>,
    schema: ProviderSchema,
    resources: HashMap<String, Arc<TypeSchema>>,
    data_sources: HashMap<String, Arc<TypeSchema>>,
    work: Work,
}

impl<B: Backend> Service<B> {
    /// Serve this backend; operations are counted in `work`.
    pub fn new(backend: Arc<B>, work: Work) -> Self {
        let schemas = backend.schemas();
        Self {
            schema: schema::all(schemas),
            resources: by_name(&schemas.resources),
            data_sources: by_name(&schemas.data_sources),
            backend,
            work,
        }
    }

    fn resource(&self, name: &str) -> Result<Arc<TypeSchema>, Diag> {
        find(&self.resources, name, "resource type")
    }

    fn data_source(&self, name: &str) -> Result<Arc<TypeSchema>, Diag> {
        find(&self.data_sources, name, "data source")
    }
}

fn by_name(types: &[TypeSchema]) -> HashMap<String, Arc<TypeSchema>> {
    types.iter().map(|t| (t.name.clone(), Arc::new(t.clone()))).collect()
}

fn find(
    types: &HashMap<String, Arc<TypeSchema>>,
    name: &str,
    what: &str,
) -> Result<Arc<TypeSchema>, Diag> {
    types.get(name).cloned().ok_or_else(|| unknown(what, name))
}

/// The error about a name that the provider does not have.
fn unknown(what: &str, name: &str) -> Diag {
    let detail = format!("This version of the provider has no {what} \"{name}\".");
    Diag::error(format!("Unknown {what}"), detail)
}

/// An answer that is nothing but diagnostics.
fn only(diags: impl IntoIterator<Item = Diag>) -> tfplugin6::Diagnostics {
    tfplugin6::Diagnostics { diagnostics: super::diags::to_host(diags) }
}
