//! HTTP requests through a host. The client believes in a Unix socket; behind it is a connection
//! from the host to the server, so TLS is checked against the server's real name.

use std::sync::Once;
use std::time::Duration;

use reqwest::{Client, Method, Response, Url};
use tokio::net::UnixListener;
use tokio::task::JoinHandle;

use crate::host::channel::stream::Stream;
use crate::host::connection::Host;
use crate::host::error::HostError;
use crate::host::tunnel::tls::{install_ring, trusting};
use crate::scratch::Scratch;
use crate::step::Http;

/// For the connection and the TLS handshake, which every server does at once, however slow it is
/// to answer. Who accepts and says nothing is not who was meant.
const CONNECT: Duration = Duration::from_secs(5);
/// Bytes of an answer.
const BODY_LIMIT: usize = 16 << 20;

/// Sends a request from the host; gives the status and the body. `limit` is for all of it.
///
/// There is no cookie jar (Harbor answers a session cookie with demands for a CSRF token), and a
/// redirect is an answer.
pub async fn send(
    host: &Host,
    request: &Http,
    limit: Duration,
) -> Result<(u16, String), HostError> {
    let call = Call { host, doing: format!("{} {}", request.method, request.url), request };
    match tokio::time::timeout(limit, call.send()).await {
        Ok(done) => done,
        Err(_) => {
            Err(HostError::Timeout { host: host.name().to_owned(), doing: call.doing, limit })
        }
    }
}

struct Call<'a> {
    host: &'a Host,
    doing: String,
    request: &'a Http,
}

impl Call<'_> {
    async fn send(&self) -> Result<(u16, String), HostError> {
        install_ring();
        let url: Url = self.request.url.parse().map_err(|error| self.failed(&error))?;
        let port = url.port_or_known_default().unwrap_or(443);
        // Opened here and not when the client connects, so that a refusal keeps its reason.
        let open = self.host.tcp(&self.request.connect, port);
        let stream = tokio::time::timeout(CONNECT, open).await.map_err(|_| self.silent())??;
        let bridge = Bridge::new(stream).map_err(|error| self.failed(&error))?;
        let client = self.client(&bridge)?;
        let sent = self.build(&client, url)?.send().await;
        let response = sent.map_err(|error| self.unanswered(&error))?;
        let status = response.status().as_u16();
        Ok((status, self.body(response).await?))
    }

    fn client(&self, bridge: &Bridge) -> Result<Client, HostError> {
        let mut builder = Client::builder()
            .unix_socket(bridge.path.as_path())
            .no_proxy()
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = &self.request.trust {
            let tls = trusting(pem).map_err(|reason| self.said(reason))?;
            builder = builder.tls_backend_preconfigured(tls);
        }
        builder.build().map_err(|error| self.failed(&error))
    }

    fn build(&self, client: &Client, url: Url) -> Result<reqwest::RequestBuilder, HostError> {
        let Http { method, basic, bearer, body, url: _, connect: _, trust: _ } = self.request;
        let method = Method::from_bytes(method.as_bytes()).map_err(|error| self.failed(&error))?;
        let mut builder = client.request(method, url);
        if let Some((user, password)) = basic {
            builder = builder.basic_auth(user, Some(password.expose()));
        }
        if let Some(token) = bearer {
            builder = builder.bearer_auth(token.expose());
        }
        if let Some(body) = body {
            builder =
                builder.header("content-type", "application/json").body(body.expose().to_owned());
        }
        Ok(builder)
    }

    async fn body(&self, mut response: Response) -> Result<String, HostError> {
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.failed(&error))? {
            body.extend_from_slice(&piece);
            if body.len() > BODY_LIMIT {
                let (host, doing) = (self.host.name().to_owned(), self.doing.clone());
                return Err(HostError::TooLong { host, doing, limit: BODY_LIMIT });
            }
        }
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    fn unanswered(&self, error: &reqwest::Error) -> HostError {
        if error.is_connect() && error.is_timeout() { self.silent() } else { self.failed(error) }
    }

    fn silent(&self) -> HostError {
        let (host, doing) = (self.host.name().to_owned(), self.doing.clone());
        HostError::Timeout { host, doing, limit: CONNECT }
    }

    /// With the whole chain of causes: reqwest's own text says little.
    fn failed(&self, error: &dyn std::error::Error) -> HostError {
        let mut reason = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            reason = format!("{reason}: {inner}");
            cause = inner.source();
        }
        self.said(reason)
    }

    fn said(&self, reason: String) -> HostError {
        let (host, doing) = (self.host.name().to_owned(), self.doing.clone());
        HostError::Http { host, doing, reason }
    }
}

/// A socket in a directory that only we may enter, joined to one connection.
struct Bridge {
    path: std::path::PathBuf,
    task: JoinHandle<()>,
    _directory: Scratch,
}

impl Bridge {
    fn new(mut stream: Stream) -> std::io::Result<Self> {
        static SWEPT: Once = Once::new();
        let directory = Scratch::new(&std::env::temp_dir())?;
        SWEPT.call_once(|| directory.sweep());
        let path = directory.path().join("s");
        let listener = UnixListener::bind(&path)?;
        let task = tokio::spawn(async move {
            if let Ok((mut client, _)) = listener.accept().await {
                // Either side sees the other's end; the request itself reports what went wrong.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut stream).await;
            }
        });
        Ok(Self { path, task, _directory: directory })
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        self.task.abort();
    }
}
