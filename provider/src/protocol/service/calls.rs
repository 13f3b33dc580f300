//! The calls of the protocol, each handed to its operation.

use tonic::{Request, Response, Status};

use super::{Service, only, unknown};
use crate::backend::Backend;
use crate::protocol::tfplugin6::provider_server::Provider;
use crate::protocol::tfplugin6::{self as pb, Nothing};
use crate::protocol::{diags, schema};

type Answer<T> = Result<Response<T>, Status>;

#[expect(clippy::unnecessary_wraps, reason = "the signature of every call")]
fn answer<T>(message: T) -> Answer<T> {
    Ok(Response::new(message))
}

#[tonic::async_trait]
impl<B: Backend> Provider for Service<B> {
    async fn get_metadata(&self, _: Request<Nothing>) -> Answer<pb::Metadata> {
        answer(schema::metadata(self.backend.schemas()))
    }

    async fn get_provider_schema(&self, _: Request<Nothing>) -> Answer<pb::ProviderSchema> {
        answer(self.schema.clone())
    }

    async fn get_functions(&self, _: Request<Nothing>) -> Answer<pb::Functions> {
        answer(schema::functions(self.backend.schemas()))
    }

    async fn validate_provider_config(
        &self,
        request: Request<pb::ProviderConfig>,
    ) -> Answer<pb::ProviderConfigChecked> {
        let found = self.validate_provider(request.into_inner()).await.unwrap_or_else(|d| vec![d]);
        answer(pb::ProviderConfigChecked { diagnostics: diags::to_host(found) })
    }

    async fn configure_provider(
        &self,
        request: Request<pb::ConfigureRequest>,
    ) -> Answer<pb::Diagnostics> {
        answer(only(self.configure(request.into_inner()).await.unwrap_or_else(|d| vec![d])))
    }

    async fn validate_resource_config(
        &self,
        request: Request<pb::ResourceConfig>,
    ) -> Answer<pb::Diagnostics> {
        answer(only(self.validate(request.into_inner()).await.unwrap_or_else(|d| vec![d])))
    }

    async fn validate_data_resource_config(
        &self,
        request: Request<pb::TypeConfig>,
    ) -> Answer<pb::Diagnostics> {
        answer(only(self.validate_data(request.into_inner()).await.unwrap_or_else(|d| vec![d])))
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<pb::UpgradeRequest>,
    ) -> Answer<pb::UpgradeResponse> {
        let (upgraded_state, found) = match self.upgrade(request.into_inner()).await {
            Ok(state) => (Some(state), None),
            Err(diag) => (None, Some(diag)),
        };
        answer(pb::UpgradeResponse { upgraded_state, diagnostics: diags::to_host(found) })
    }

    async fn read_resource(&self, request: Request<pb::ReadRequest>) -> Answer<pb::ReadResponse> {
        let request = request.into_inner();
        // Without an answer the state stays as it is.
        let (current, private) = (request.current_state.clone(), request.private.clone());
        answer(self.read(request).await.unwrap_or_else(|diag| pb::ReadResponse {
            new_state: current,
            private,
            diagnostics: diags::to_host([diag]),
        }))
    }

    async fn plan_resource_change(
        &self,
        request: Request<pb::PlanRequest>,
    ) -> Answer<pb::PlanResponse> {
        answer(self.plan(request.into_inner()).await.unwrap_or_else(|diag| pb::PlanResponse {
            diagnostics: diags::to_host([diag]),
            ..Default::default()
        }))
    }

    async fn apply_resource_change(
        &self,
        request: Request<pb::ApplyRequest>,
    ) -> Answer<pb::ApplyResponse> {
        answer(self.apply(request.into_inner()).await)
    }

    async fn import_resource_state(
        &self,
        request: Request<pb::ImportRequest>,
    ) -> Answer<pb::ImportResponse> {
        answer(self.import(request.into_inner()).await.unwrap_or_else(|diag| pb::ImportResponse {
            imported_resources: Vec::new(),
            diagnostics: diags::to_host([diag]),
        }))
    }

    async fn move_resource_state(
        &self,
        request: Request<pb::MoveRequest>,
    ) -> Answer<pb::MoveResponse> {
        answer(self.move_state(request.into_inner()).await.unwrap_or_else(|diag| {
            pb::MoveResponse { diagnostics: diags::to_host([diag]), ..Default::default() }
        }))
    }

    async fn read_data_source(&self, request: Request<pb::TypeConfig>) -> Answer<pb::DataResponse> {
        answer(self.read_data(request.into_inner()).await.unwrap_or_else(|diag| pb::DataResponse {
            state: None,
            diagnostics: diags::to_host([diag]),
        }))
    }

    async fn call_function(&self, request: Request<pb::CallRequest>) -> Answer<pb::CallResponse> {
        answer(match self.call(request.into_inner()).await {
            Ok(result) => pb::CallResponse { result: Some(result), error: None },
            Err(error) => pb::CallResponse { result: None, error: Some(error) },
        })
    }

    async fn stop_provider(&self, _: Request<Nothing>) -> Answer<pb::Stopped> {
        self.backend.stop();
        answer(pb::Stopped::default())
    }

    // The backend has no way to open ephemeral resources, so there are none by any name.

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<pb::TypeConfig>,
    ) -> Answer<pb::Diagnostics> {
        answer(only([unknown("ephemeral resource", &request.into_inner().type_name)]))
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<pb::TypeConfig>,
    ) -> Answer<pb::Diagnostics> {
        answer(only([unknown("ephemeral resource", &request.into_inner().type_name)]))
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<pb::TypeConfig>,
    ) -> Answer<pb::RenewResponse> {
        let diag = unknown("ephemeral resource", &request.into_inner().type_name);
        answer(pb::RenewResponse { diagnostics: diags::to_host([diag]) })
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<pb::TypeConfig>,
    ) -> Answer<pb::Diagnostics> {
        answer(only([unknown("ephemeral resource", &request.into_inner().type_name)]))
    }
}
