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

#[cfg(test)]
mod tests {
    use tonic::Request;

    use super::*;
    use crate::lifecycle::Provider;
    use crate::protocol::tfplugin6::TypeConfig;
    use crate::protocol::tfplugin6::provider_server::Provider as _;

    /// Hosts of today ask for them only by a name of the schema; one that asks gets an answer.
    #[tokio::test]
    async fn ephemeral_resources_are_answered_by_an_error_that_names_them() {
        let service = Service::new(Arc::new(Provider::new()), Work::new());
        let ask = || {
            let type_name = "harbor_token".to_owned();
            Request::new(TypeConfig { type_name, ..TypeConfig::default() })
        };
        let said = [
            service
                .validate_ephemeral_resource_config(ask())
                .await
                .map(|r| r.into_inner().diagnostics),
            service.open_ephemeral_resource(ask()).await.map(|r| r.into_inner().diagnostics),
            service.renew_ephemeral_resource(ask()).await.map(|r| r.into_inner().diagnostics),
            service.close_ephemeral_resource(ask()).await.map(|r| r.into_inner().diagnostics),
        ];
        for diagnostics in said {
            let diagnostics = diagnostics.expect("an answer, and no gRPC status");
            assert!(diagnostics[0].detail.contains("\"harbor_token\""), "{diagnostics:?}");
        }
        let schemas = service.get_provider_schema(Request::new(tfplugin6::Nothing {})).await;
        assert!(schemas.expect("an answer").into_inner().ephemeral_resource_schemas.is_empty());
    }
}
