//! Accepting connections: each is counted, and encrypted unless it is for tests.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::Stream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::UnixListener;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;
use tonic::transport::server::Connected;

use super::work::{Guard, Work};

/// Whatever bytes flow through.
trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// A connection of the host.
pub struct Connection {
    io: Box<dyn Io>,
    _counted: Guard,
}

/// The connections to a socket, as they come. A TLS handshake holds up no other connection, and
/// one that fails is that client's affair.
pub fn connections(
    listener: UnixListener,
    tls: Option<TlsAcceptor>,
    work: Work,
) -> impl Stream<Item = io::Result<Connection>> {
    let (accepted, mut ready) = mpsc::channel(16);
    tokio::spawn(async move {
        let tls = tls.map(Arc::new);
        while let Ok((stream, _)) = listener.accept().await {
            let (accepted, tls, counted) = (accepted.clone(), tls.clone(), work.connection());
            tokio::spawn(async move {
                let io: Box<dyn Io> = match tls {
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Box::new(stream),
                        Err(e) => return tracing::warn!("refused a connection: {e}"),
                    },
                    None => Box::new(stream),
                };
                // Not taken any more: the server has ended.
                let _ = accepted.send(Ok(Connection { io, _counted: counted })).await;
            });
        }
    });
    futures::stream::poll_fn(move |cx| ready.poll_recv(cx))
}

impl Connected for Connection {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
