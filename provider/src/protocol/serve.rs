//! Serving until the host is done with us, and ending without dropping work.

use std::os::unix::process::parent_id;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tonic::transport::Server;

use super::control::{Controller, Serving};
use super::handshake::{self, Host, Socket};
use super::health::health_server::HealthServer;
use super::listen;
use super::plugin::grpc_controller_server::GrpcControllerServer;
use super::service::Service;
use super::tfplugin6::provider_server::ProviderServer;
use super::tls::Identity;
use super::work::{Load, Work};
use super::{REGISTRIES, ServeError};
use crate::backend::Backend;

/// States with whole files in them outgrow the usual 4 MB; Terraform itself stops at 256 MB.
const LARGEST_MESSAGE: usize = 256 << 20;

/// A host connects at once; one that has not by now is gone.
const FIRST_CONNECTION: Duration = Duration::from_secs(60);

/// How often to look whether a host that is not connected still lives. Hosts close a connection
/// that was idle for half an hour and come back, so a closed one alone means nothing.
const PARENT_CHECK: Duration = Duration::from_millis(500);

/// How long the host's connections may take to close after all work is done.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serve the host that started this process, until it is done or gone.
pub async fn serve<B: Backend>(backend: B) -> Result<(), ServeError> {
    let parent = parent_id();
    let host = Host::from_env()?;
    let socket = Socket::bind(&host.socket_parent)?;
    let identity = Identity::new().map_err(|source| ServeError::Identity { source })?;
    let certificate = identity.certificate.clone();
    let tls = identity.server(host.certificate).map_err(|source| ServeError::Tls { source })?;
    let mut ends = Ends::new()?;
    handshake::announce(socket.path(), &certificate)?;
    let work = Work::new();
    let ended = async |work: &Work| {
        tokio::select! {
            _ = ends.terminate.recv() => {}
            () = work.until(|load| load.ending) => {}
            () = orphaned(work, parent) => {}
        }
    };
    let tls = TlsAcceptor::from(Arc::new(tls));
    run(backend, socket.listener, Some(tls), work, ended).await
}

/// Serve any number of hosts, without TLS, for tests and debuggers. `ready` is given the value for
/// `TF_REATTACH_PROVIDERS`. Ends with SIGTERM or SIGINT.
pub async fn serve_reattach<B: Backend>(
    backend: B,
    ready: impl FnOnce(&str),
) -> Result<(), ServeError> {
    let socket = Socket::bind(&std::env::temp_dir())?;
    let address = backend.about().address;
    let addresses = REGISTRIES.map(|registry| format!("{registry}/{address}"));
    let Ends { mut terminate, mut interrupt } = Ends::new()?;
    ready(&handshake::reattach(&addresses, socket.path()));
    let ended = async |_: &Work| {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    run(backend, socket.listener, None, Work::new(), ended).await
}

/// The signals. Interrupts come to the whole process group; Terraform tells us to stop by a call,
/// so that one which only arrives here is taken and ignored.
struct Ends {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Ends {
    fn new() -> Result<Self, ServeError> {
        let listen = |kind| signal(kind).map_err(|source| ServeError::Signals { source });
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
        })
    }
}

/// Until nobody is left whom an answer could reach.
async fn orphaned(work: &Work, parent: u32) {
    let met = tokio::time::timeout(FIRST_CONNECTION, work.until(|load| load.met)).await;
    if met.is_err() {
        return;
    }
    loop {
        work.until(|load| load.connections == 0).await;
        if parent_id() != parent {
            return;
        }
        tokio::time::sleep(PARENT_CHECK).await;
    }
}

async fn run<B: Backend>(
    backend: B,
    listener: UnixListener,
    tls: Option<TlsAcceptor>,
    work: Work,
    ended: impl AsyncFnOnce(&Work),
) -> Result<(), ServeError> {
    let backend = Arc::new(backend);
    let provider = ProviderServer::new(Service::new(Arc::clone(&backend), work.clone()))
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    let (close, closing) = tokio::sync::oneshot::channel::<()>();
    let server = Server::builder()
        .add_service(provider)
        .add_service(GrpcControllerServer::new(Controller(work.clone())))
        .add_service(HealthServer::new(Serving))
        .serve_with_incoming_shutdown(listen::connections(listener, tls, work.clone()), async {
            let _ = closing.await;
        });
    let mut server = tokio::spawn(server);
    tokio::select! {
        () = ended(&work) => {}
        failed = &mut server => return finished(failed),
    }
    if work.load().operations > 0 {
        backend.stop();
    }
    work.until(|load: &Load| load.operations == 0).await;
    let _ = close.send(());
    tokio::time::timeout(LAST_WORDS, server).await.map_or(Ok(()), finished)
}

fn finished(
    result: Result<Result<(), tonic::transport::Error>, tokio::task::JoinError>,
) -> Result<(), ServeError> {
    match result {
        Ok(served) => served.map_err(|source| ServeError::Serve { source }),
        Err(source) => Err(ServeError::Crash { source }),
    }
}
