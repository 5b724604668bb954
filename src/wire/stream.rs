//! Connections as byte streams, whatever carries them.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, Empty, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::{client, server};

/// What a leg reads and writes: TCP, TLS over TCP, or the mock's end of a pipe.
pub trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {
    /// Has the connection end with a reset, where it can: a good end would make what was sent look whole.
    fn end_badly(&self) {}
}

impl Stream for TcpStream {
    fn end_badly(&self) {
        let _ = set_socket_linger(self, Some(Duration::ZERO));
    }
}

impl<S: Stream + ?Sized> Stream for Box<S> {
    fn end_badly(&self) {
        (**self).end_badly();
    }
}

impl<S: Stream> Stream for Rewind<S> {
    fn end_badly(&self) {
        self.stream.end_badly();
    }
}

/// TLS says by itself whether it ends well.
impl<S: Stream> Stream for server::TlsStream<S> {}
impl<S: Stream> Stream for client::TlsStream<S> {}
impl Stream for DuplexStream {}
impl Stream for Empty {}

/// A stream whose first bytes were read already, and are read again.
pub(super) struct Rewind<S> {
    first: Bytes,
    stream: S,
}

impl<S> Rewind<S> {
    pub(super) const fn new(first: Bytes, stream: S) -> Self {
        Self { first, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let taken = self.first.len().min(buf.remaining());
        buf.put_slice(&self.first[..taken]);
        self.first.advance(taken);
        if self.first.is_empty() {
            // An empty slice would keep the memory of all of them, for as long as the connection stands.
            self.first = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
