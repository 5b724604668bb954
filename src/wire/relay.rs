//! Bytes through a tunnel that is not looked into: counted, never read.
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::record::TunnelBytes;

/// How a tunnel ended.
pub(super) struct Relayed {
    pub(super) bytes: TunnelBytes,
    /// Who ended it: `client`, `origin`, `error`.
    pub(super) end: &'static str,
}

/// Carries both directions until both have ended, or one has failed.
pub(super) async fn relay<C, O>(client: C, origin: O) -> Relayed
where
    C: AsyncRead + AsyncWrite + Unpin,
    O: AsyncRead + AsyncWrite + Unpin,
{
    let (up, down) = (AtomicU64::new(0), AtomicU64::new(0));
    let (client_read, client_write) = tokio::io::split(client);
    let (origin_read, origin_write) = tokio::io::split(origin);
    let end = {
        let upward = carry(client_read, origin_write, &up);
        let downward = carry(origin_read, client_write, &down);
        tokio::pin!(upward, downward);
        // Half-closed tunnels live on: the first end names who began to leave.
        tokio::select! {
            result = &mut upward => match result {
                Ok(()) => { let _ = downward.await; "client" }
                Err(_) => "error",
            },
            result = &mut downward => match result {
                Ok(()) => { let _ = upward.await; "origin" }
                Err(_) => "error",
            },
        }
    };
    let bytes = TunnelBytes {
        up: up.into_inner(),
        down: down.into_inner(),
    };
    Relayed { bytes, end }
}

async fn carry<R, W>(mut from: R, mut to: W, count: &AtomicU64) -> io::Result<()>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return to.shutdown().await;
        }
        to.write_all(&buffer[..read]).await?;
        to.flush().await?;
        count.fetch_add(read as u64, Ordering::Relaxed);
    }
}

const BUFFER: usize = 16 * 1024;
