//! The node's front: TLS on 8443, a redirect on 8080, and the paths of core
//! and of the portal behind them.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::{TcpListener, TcpStream, lookup_host};
use tokio_rustls::TlsAcceptor;

use crate::error::{Doing, Result, failure};
use crate::http::{self, Internal};
use crate::release::{self, Quirk};

const CONFIGURATION: &str = "/etc/nginx/nginx.conf";
const CERTIFICATES: &str = "/etc/cert";

/// Where requests go. Names are looked up once, at start: a container that
/// comes back with another address is a 502 until nginx restarts.
struct Front {
    client: Internal,
    core: SocketAddr,
    portal: SocketAddr,
    scheme: &'static str,
    keeps_scheme: bool,
}

/// Serves until it is stopped.
pub async fn run() -> Result<()> {
    let release = release::from_environment()?;
    let text = std::fs::read_to_string(CONFIGURATION).doing("read nginx.conf")?;
    let (core, portal) = (upstream("core").await?, upstream("portal").await?);
    let families = [("listen 8443 ssl", "0.0.0.0:8443"), ("listen [::]:8443 ssl", "[::]:8443")];
    let listen = families.iter().find(|(line, _)| text.contains(line)).map(|(_, address)| *address);
    let tls = text.contains("ssl_certificate");
    let router = Router::new().fallback(pass).with_state(Arc::new(Front {
        client: http::client(),
        core,
        portal,
        scheme: if tls { "https" } else { "http" },
        keeps_scheme: release.has(Quirk::ForwardedScheme),
    }));
    if !tls {
        return http::serve(8080, router).await;
    }
    let target = redirect_target(&text)?;
    let redirect = Router::new().fallback(redirect).with_state(target);
    let Some(listen) = listen else { return http::serve(8080, redirect).await };
    tokio::try_join!(http::serve(8080, redirect), serve_tls(listen, router)).map(|_| ())
}

async fn upstream(name: &str) -> Result<SocketAddr> {
    lookup_host((name, 8080)).await.ok().and_then(|mut found| found.next()).ok_or_else(|| {
        failure(format!("nginx: [emerg] host not found in upstream \"{name}:8080\""))
    })
}

/// `$host` or `$host:port`, out of the `return 308` line.
fn redirect_target(text: &str) -> Result<String> {
    text.split("return 308 https://")
        .nth(1)
        .and_then(|rest| rest.split("$request_uri").next())
        .map(str::to_owned)
        .ok_or_else(|| failure("nginx.conf has no redirect"))
}

async fn redirect(State(target): State<String>, request: Request) -> Response {
    let host = host_of(request.headers());
    let name = host.split(':').next().unwrap_or_default();
    let location = format!("https://{}{}", target.replace("$host", name), request.uri());
    (StatusCode::PERMANENT_REDIRECT, [(header::LOCATION, location)]).into_response()
}

fn host_of(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST);
    host.and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
}

async fn serve_tls(address: &str, router: Router) -> Result<()> {
    let acceptor = acceptor(Path::new(CERTIFICATES))?;
    let listener = TcpListener::bind(address).await.doing("listen")?;
    loop {
        let (stream, _) = listener.accept().await.doing("accept")?;
        let (acceptor, router) = (acceptor.clone(), router.clone());
        tokio::spawn(async move {
            // Port scans and health checks hang up in the handshake.
            let _ = converse(acceptor, stream, router).await;
        });
    }
}

async fn converse(acceptor: TlsAcceptor, stream: TcpStream, router: Router) -> Result<()> {
    let stream = acceptor.accept(stream).await.doing("shake hands")?;
    hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
        .await
        .doing("serve a connection")
}

fn acceptor(folder: &Path) -> Result<TlsAcceptor> {
    let chain = CertificateDer::pem_file_iter(folder.join("server.crt"))
        .doing("read the certificate")?
        .collect::<std::result::Result<Vec<_>, _>>()
        .doing("read the certificate")?;
    let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).doing("read the key")?;
    let config = rustls::ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .doing("use the certificate")?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn pass(State(front): State<Arc<Front>>, mut request: Request<Body>) -> Response {
    let core_paths = ["/api/", "/service/", "/v2/", "/c/", "/chartrepo/"];
    let path = request.uri().path();
    let to_core = core_paths.iter().any(|prefix| path.starts_with(prefix));
    let target = if to_core { front.core } else { front.portal };
    front.mark(request.headers_mut());
    match http::forward(&front.client, &target.to_string(), request).await {
        Ok(answer) => answer,
        Err(error) => {
            eprintln!("[error] while connecting to upstream {target}: {error}");
            (StatusCode::BAD_GATEWAY, "<html><h1>502 Bad Gateway</h1></html>").into_response()
        }
    }
}

impl Front {
    /// From 2.3 on, a scheme that a balancer already set is kept.
    fn mark(&self, headers: &mut HeaderMap) {
        let name = HeaderName::from_static("x-forwarded-proto");
        if !(self.keeps_scheme && headers.contains_key(&name)) {
            headers.insert(name, HeaderValue::from_static(self.scheme));
        }
    }
}
