//! A byte stream through the host that tells a clean end from a lost connection.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, DuplexStream, ReadBuf};

use crate::host::channel::{Channel, Event, Input};

/// Bytes that a writer may be ahead of the channel.
const AHEAD: usize = 64 << 10;

/// A connection from the host to somewhere, for database and HTTP clients.
///
/// Reading gives end-of-file only when the other side said so; when the connection to the host is
/// lost, it is an error.
pub struct Stream {
    channel: Channel,
    rest: Bytes,
    ended: bool,
    writer: DuplexStream,
}

impl Stream {
    pub(in crate::host) fn new(channel: Channel) -> Self {
        Self::with_rest(channel, Bytes::new())
    }

    /// A stream that gives `rest` first.
    pub(in crate::host) fn with_rest(channel: Channel, rest: Bytes) -> Self {
        let (writer, reader) = tokio::io::duplex(AHEAD);
        tokio::spawn(pump(reader, channel.input.clone()));
        Self { channel, rest, ended: false, writer }
    }
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stream")
    }
}

/// Ends when the writer is shut down or dropped, or when the channel takes no more; then the
/// reader is dropped, and writing fails with a broken pipe.
async fn pump(mut reader: DuplexStream, input: Input) {
    let mut piece = BytesMut::with_capacity(AHEAD);
    while let Ok(1..) = reader.read_buf(&mut piece).await {
        if input.write(piece.split().freeze()).await.is_err() {
            return;
        }
        piece.reserve(AHEAD);
    }
    let _ = input.eof().await;
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        while this.rest.is_empty() {
            if this.ended {
                return Poll::Ready(Ok(()));
            }
            match ready!(this.channel.poll_next(cx)) {
                Event::Out(data) => this.rest = data,
                Event::Eof | Event::End(true) => this.ended = true,
                Event::End(false) => {
                    let reason = this.channel.end_reason();
                    return Poll::Ready(Err(io::Error::new(
                        io::ErrorKind::ConnectionReset,
                        reason,
                    )));
                }
                Event::Flood => {
                    let reason = "the data was not read in time";
                    return Poll::Ready(Err(io::Error::other(reason)));
                }
                Event::Err(_) | Event::Status(_) => {}
            }
        }
        let size = this.rest.len().min(buf.remaining());
        buf.put_slice(&this.rest[..size]);
        this.rest.advance(size);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}
