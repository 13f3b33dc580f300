//! The TCP socket under a connection: small packets at once, answers acknowledged at once, and a
//! write that cannot end is an error.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use crate::host::through::{Through, Watch};

/// A way to the server: a TCP socket or a channel through a bastion.
pub(in crate::host) trait Transport: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Transport for T {}

/// A TCP connection that acknowledges at once.
pub(in crate::host) type QuickAckStream = Through<TcpStream, QuickAck>;

/// Acknowledges at once.
///
/// Without it the first command waits 40 ms for the delayed acknowledgement. The kernel drops the
/// setting by itself, so it is made again at each read.
pub(in crate::host) struct QuickAck;

/// Connects with Nagle's algorithm off.
pub(in crate::host) async fn connect(host: &str, port: u16) -> io::Result<QuickAckStream> {
    let stream = TcpStream::connect((host, port)).await?;
    stream.set_nodelay(true)?;
    Ok(Through { stream, watch: QuickAck })
}

impl Watch<TcpStream> for QuickAck {
    #[cfg(target_os = "linux")]
    fn before_read(&mut self, stream: &TcpStream) {
        // A kernel without it only makes things slower.
        let _ = socket2::SockRef::from(stream).set_tcp_quickack(true);
    }
}

/// Ends a write that makes no progress for so long.
///
/// The SSH crate sends its keepalives from the loop that writes: when the peer is gone and the
/// socket's buffer is full, that loop hangs in a write and never sees the silence.
pub(in crate::host) struct Progress {
    patience: Duration,
    blocked: Option<Pin<Box<Sleep>>>,
}

impl Progress {
    /// Watches writes.
    pub fn new(patience: Duration) -> Self {
        Self { patience, blocked: None }
    }
}

impl<S> Watch<S> for Progress {
    fn after_write<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.blocked = None;
            return written;
        }
        let patience = self.patience;
        let timer = self.blocked.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(timer.as_mut().poll(cx));
        let reason = format!("nothing could be sent for {patience:?}");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, reason)))
    }
}
