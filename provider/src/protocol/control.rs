//! The services beside the provider's that the plugin protocol wants: the request to end, and the
//! health check behind the host's ping.

use tonic::{Request, Response, Status};

use super::health::health_check_response::ServingStatus;
use super::health::health_server::Health;
use super::health::{HealthCheckRequest, HealthCheckResponse};
use super::plugin::Empty;
use super::plugin::grpc_controller_server::GrpcController;
use super::work::Work;

/// Takes the request to end.
pub struct Controller(pub Work);

#[tonic::async_trait]
impl GrpcController for Controller {
    async fn shutdown(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        self.0.end();
        Ok(Response::new(Empty {}))
    }
}

/// Says that the plugin serves.
pub struct Serving;

#[tonic::async_trait]
impl Health for Serving {
    async fn check(
        &self,
        request: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        match request.into_inner().service.as_str() {
            "" | "plugin" => {
                let status = ServingStatus::Serving.into();
                Ok(Response::new(HealthCheckResponse { status }))
            }
            other => Err(Status::not_found(format!("no service \"{other}\" here"))),
        }
    }
}
