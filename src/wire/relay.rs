//! Bytes through a tunnel that is not looked into: counted, never read.
use std::io;
use std::pin::Pin;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, copy_bidirectional_with_sizes};

use crate::record::TunnelBytes;

/// What has gone through so far; outlives a relay that is broken off.
#[derive(Default)]
pub(super) struct Counts {
    up: AtomicU64,
    down: AtomicU64,
}

impl Counts {
    pub(super) fn bytes(&self) -> TunnelBytes {
        TunnelBytes {
            up: self.up.load(Ordering::Relaxed),
            down: self.down.load(Ordering::Relaxed),
        }
    }
}

/// Carries both directions until both have ended, or one has failed. Says who began to leave: `client`, `origin`;
/// or `error`.
pub(super) async fn relay<C, O>(client: C, origin: O, counts: &Counts) -> &'static str
where
    C: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let first_end = OnceLock::new();
    let mut client = Side {
        stream: client,
        name: "client",
        taken: &counts.down,
        first_end: &first_end,
    };
    let mut origin = Side {
        stream: origin,
        name: "origin",
        taken: &counts.up,
        first_end: &first_end,
    };
    // Half-closed tunnels live on: the first end names who began to leave, whatever comes after it.
    let _ = copy_bidirectional_with_sizes(&mut client, &mut origin, BUFFER, BUFFER).await;
    first_end.get().copied().unwrap_or("error")
}

/// One end of a tunnel, watched while tokio carries the bytes.
struct Side<'a, S> {
    stream: S,
    name: &'static str,
    /// Bytes that it took.
    taken: &'a AtomicU64,
    /// Whose bytes ended first.
    first_end: &'a OnceLock<&'static str>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Side<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if matches!(read, Poll::Ready(Ok(()))) && buf.filled().len() == before {
            let _ = self.first_end.set(self.name);
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Side<'_, S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(count)) = written {
            self.taken.fetch_add(count as u64, Ordering::Relaxed);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

const BUFFER: usize = 16 * 1024;
