//! HTTP that several roles share: listening, asking, forwarding.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode, Uri, header};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::net::TcpListener;

use crate::error::{Doing, Result, failure};

/// A client for the node's own network.
pub type Internal = Client<HttpConnector, Body>;

/// Makes a client. It asks for the address each time: while containers are made anew, an address goes
/// from one to another, and a connection that was kept would stay with the wrong one.
pub fn client() -> Internal {
    Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http()
}

/// Listens on all addresses.
pub async fn listen(port: u16) -> Result<TcpListener> {
    let address = SocketAddr::from(([0, 0, 0, 0], port));
    TcpListener::bind(address).await.doing(&format!("listen on {address}"))
}

/// Serves a router on all addresses.
pub async fn serve(port: u16, router: Router) -> Result<()> {
    axum::serve(listen(port).await?, router).await.doing("serve")
}

/// Sends a small request and reads the whole answer.
pub async fn ask(
    client: &Internal,
    method: Method,
    url: &str,
    headers: &[(&str, &str)],
    body: Bytes,
) -> Result<(StatusCode, Bytes)> {
    let mut request = Request::builder().method(method.clone()).uri(url);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body)).doing("build a request")?;
    let what = format!("{method} {url:?}");
    let work = async {
        let answer = client.request(request).await.map_err(|error| root(&error))?;
        let status = answer.status();
        let bytes = answer.into_body().collect().await.map_err(|error| root(&error))?;
        Ok((status, bytes.to_bytes()))
    };
    tokio::time::timeout(Duration::from_secs(60), work)
        .await
        .unwrap_or_else(|_| Err("context deadline exceeded".to_owned()))
        .map_err(|cause| failure(format!("{what}: {cause}")))
}

/// The innermost cause, which is the one that says something.
fn root(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

/// Headers that belong to one connection.
const HOP_BY_HOP: [header::HeaderName; 5] =
    [header::CONNECTION, header::TE, header::TRAILER, header::UPGRADE, header::PROXY_AUTHENTICATE];

/// Passes a request on to `authority`, streaming both bodies. The Host header
/// stays what the client sent.
pub async fn forward(
    client: &Internal,
    authority: &str,
    mut request: Request<Body>,
) -> std::result::Result<Response<Body>, String> {
    let path = request.uri().path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
    let uri: Uri =
        format!("http://{authority}{path}").parse().map_err(|error| format!("{error}"))?;
    *request.uri_mut() = uri;
    strip(request.headers_mut());
    match client.request(request).await {
        Ok(answer) => {
            let (mut parts, body) = answer.into_parts();
            strip(&mut parts.headers);
            Ok(Response::from_parts(parts, Body::new(body)))
        }
        Err(error) => Err(root(&error)),
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in HOP_BY_HOP {
        headers.remove(name);
    }
}

/// The image's health check: the URL must answer with success.
pub async fn probe(arguments: &[String]) -> Result<()> {
    let url = arguments.first().map_or("", String::as_str);
    let (status, _) = ask(&client(), Method::GET, url, &[], Bytes::new()).await?;
    if status.is_client_error() || status.is_server_error() {
        return Err(failure(format!("{url} answered {status}")));
    }
    Ok(())
}
