//! A byte stream around another one, which looks at what passes.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What is looked at. By itself nothing is.
pub(in crate::host) trait Watch<S> {
    /// Before each read.
    fn before_read(&mut self, _stream: &S) {}

    /// After a read of so many bytes.
    fn after_read(&mut self, _size: usize) -> io::Result<()> {
        Ok(())
    }

    /// After each write.
    fn after_write<T>(
        &mut self,
        _cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        written
    }
}

/// Nothing is looked at.
impl<S> Watch<S> for () {}

/// `stream` under the eyes of `watch`.
pub(in crate::host) struct Through<S, W> {
    pub stream: S,
    pub watch: W,
}

impl<S: AsyncRead + Unpin, W: Watch<S> + Unpin> AsyncRead for Through<S, W> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        this.watch.before_read(&this.stream);
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        Poll::Ready(this.watch.after_read(buf.filled().len() - before))
    }
}

impl<S: AsyncWrite + Unpin, W: Watch<S> + Unpin> AsyncWrite for Through<S, W> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.watch.after_write(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(cx);
        self.watch.after_write(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.watch.after_write(cx, closed)
    }
}
