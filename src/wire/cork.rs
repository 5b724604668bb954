//! A stream that keeps what is written until an answer is waited for: under TLS towards an origin, so that the end of
//! the handshake leaves together with the request, in one segment, and not at all if there is no request.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};

use super::stream::Stream;

/// A stream whose writes may be kept back.
pub(super) struct Cork<S> {
    stream: S,
    /// What was written and is kept back; what has gone of it already is no longer in it.
    kept: Vec<u8>,
    /// Whether a flush leaves what is kept where it is.
    is_in: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Cork<S> {
    /// Keeps what is written until something is read.
    pub(super) const fn new(stream: S) -> Self {
        Self {
            stream,
            kept: Vec::new(),
            is_in: true,
        }
    }

    /// From now on the next flush sends what is kept, with what is written until then.
    pub(super) const fn pull(&mut self) {
        self.is_in = false;
    }

    /// Sends what is kept, such as an alert, as far as the kernel takes it at once.
    pub(super) fn pour_out(mut self) {
        self.pull();
        let _ = self.flush().now_or_never();
    }

    fn poll_pour(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.kept.is_empty() {
            let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.kept))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.kept.drain(..sent);
        }
        // One handshake, one request: its memory is not needed again.
        self.kept = Vec::new();
        Poll::Ready(Ok(()))
    }

    /// Whether the next bytes are kept, rather than written through.
    fn poll_keeps(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.kept.len() >= MOST_KEPT {
            ready!(self.poll_pour(cx))?;
        }
        Poll::Ready(Ok(self.is_in || !self.kept.is_empty()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Cork<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.poll_pour(cx))?;
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Cork<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if ready!(self.poll_keeps(cx))? {
            self.kept.extend_from_slice(bytes);
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_in {
            return Poll::Ready(Ok(()));
        }
        ready!(self.poll_pour(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pour(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if ready!(self.poll_keeps(cx))? {
            let before = self.kept.len();
            for slice in slices {
                self.kept.extend_from_slice(slice);
            }
            return Poll::Ready(Ok(self.kept.len() - before));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

impl<S: Stream> Stream for Cork<S> {
    fn end_badly(&self) {
        self.stream.end_badly();
    }
}

/// More than this waits for nobody.
const MOST_KEPT: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    /// A corked stream into which something was written and flushed, and its other end.
    async fn corked() -> (Cork<DuplexStream>, DuplexStream) {
        let (ours, theirs) = duplex(64 * 1024);
        let mut cork = Cork::new(ours);
        cork.write_all(b"finished, ").await.unwrap();
        cork.flush().await.unwrap();
        (cork, theirs)
    }

    fn arrived(theirs: &mut DuplexStream) -> String {
        let mut bytes = [0; 64];
        match theirs.read(&mut bytes).now_or_never() {
            Some(read) => String::from_utf8_lossy(&bytes[..read.unwrap()]).into_owned(),
            None => "nothing".to_owned(),
        }
    }

    #[tokio::test]
    async fn the_end_of_the_handshake_leaves_with_the_request() {
        let (mut cork, mut theirs) = corked().await;
        cork.pull();
        assert_eq!(arrived(&mut theirs), "nothing");
        cork.write_all(b"request").await.unwrap();
        cork.flush().await.unwrap();
        assert_eq!(arrived(&mut theirs), "finished, request");
        cork.write_all(b", body").await.unwrap();
        assert_eq!(arrived(&mut theirs), ", body");
    }

    #[tokio::test]
    async fn whoever_waits_for_an_answer_has_asked() {
        let (mut cork, mut theirs) = corked().await;
        assert!(cork.read(&mut [0; 8]).now_or_never().is_none());
        assert_eq!(arrived(&mut theirs), "finished, ");
    }

    #[tokio::test]
    async fn an_alert_goes_out_and_what_is_given_up_does_not() {
        let (cork, mut theirs) = corked().await;
        cork.pour_out();
        assert_eq!(arrived(&mut theirs), "finished, ");
        let (cork, mut theirs) = corked().await;
        drop(cork);
        assert_eq!(arrived(&mut theirs), "");
    }

    #[tokio::test]
    async fn a_long_body_is_not_kept_whole() {
        let (mut cork, _theirs) = corked().await;
        cork.pull();
        for _ in 0..40 {
            cork.write_all(&[b'x'; 1024]).await.unwrap();
        }
        assert!(cork.kept.is_empty());
    }
}
