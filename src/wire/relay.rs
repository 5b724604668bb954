//! Bytes through a tunnel that is not looked into: counted, never read.
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

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
    let (client_read, client_write) = tokio::io::split(client);
    let (origin_read, origin_write) = tokio::io::split(origin);
    let upward = carry(client_read, origin_write, &counts.up);
    let downward = carry(origin_read, client_write, &counts.down);
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
