//! The request's way: its head, then its body as it comes, judged before it goes on.
use std::sync::atomic::Ordering;

use bytes::BytesMut;
use tokio::time::timeout;

use crate::capture::{End, Prefix};
use crate::http1::{BodyScan, DefectKind};
use crate::journal::draft::ClientEnd;
use crate::record::Stage;

use super::exchange::{Progress, body_idle, cause};
use super::leg::{Reader, Writer};
use super::origin::Failure;

/// The request's way.
pub(super) struct Sending<'a> {
    pub(super) client: &'a mut Reader,
    pub(super) upstream: &'a mut Writer,
    pub(super) scan: BodyScan,
    pub(super) copy: &'a mut Option<Prefix>,
    pub(super) progress: &'a Progress,
}

/// Why a request was not sent whole.
pub(super) enum SendEnd {
    Client(Failure),
    Unsound(DefectKind),
    Upstream(Failure),
    /// The server took no byte for too long; it has had all that time to answer.
    Stalled(Failure),
}

impl Sending<'_> {
    pub(super) async fn run(mut self, mut out: BytesMut) -> Result<(), SendEnd> {
        loop {
            let taken = self.take(&mut out)?;
            if !out.is_empty() {
                let sent = timeout(body_idle(), self.upstream.send(&out)).await;
                out.clear();
                self.progress.touch();
                sent.map_err(|_| SendEnd::Stalled(stalled_upstream()))?
                    .map_err(|error| SendEnd::Upstream(unsent(&error)))?;
            }
            if self.scan.is_done() {
                return Ok(());
            }
            if taken == 0 {
                self.fill().await?;
            }
        }
    }

    /// Moves what of the body is buffered into `out`.
    fn take(&mut self, out: &mut BytesMut) -> Result<usize, SendEnd> {
        let copy = &mut *self.copy;
        let taken = self.scan.scan(self.client.buffered(), |payload| {
            if let Some(copy) = copy {
                copy.push(payload);
            }
        });
        let taken = taken.map_err(|kind| {
            if let Some(copy) = copy {
                copy.end = End::Failed;
            }
            SendEnd::Unsound(kind)
        })?;
        if taken > 0 {
            self.progress.body_begun.store(true, Ordering::Relaxed);
            out.extend_from_slice(&self.client.buffered()[..taken]);
            self.client.skip(taken);
        }
        if self.scan.is_done()
            && let Some(copy) = &mut self.copy
        {
            copy.end = End::Complete;
        }
        Ok(taken)
    }

    async fn fill(&mut self) -> Result<(), SendEnd> {
        let read = timeout(body_idle(), self.client.fill()).await;
        let failure = match read {
            Ok(Ok(count)) if count > 0 => return Ok(()),
            Ok(Ok(_)) => Failure::of_client(ClientEnd::Left, CLOSED_MIDWAY),
            Ok(Err(_)) => Failure::of_client(
                ClientEnd::Left,
                "the client's connection broke in the middle of its request's body",
            ),
            Err(_) => Failure::of_client(ClientEnd::Silent, SILENT_MIDWAY),
        };
        if let Some(copy) = &mut self.copy {
            copy.end = End::Failed;
        }
        Err(SendEnd::Client(failure))
    }
}

fn unsent(error: &std::io::Error) -> Failure {
    let reason = format!(
        "the server did not take the whole request: {}",
        cause(error)
    );
    let failure = Failure::new(Stage::Send, "connection_terminated", reason);
    Failure {
        is_silent_death: true,
        ..failure
    }
}

fn stalled_upstream() -> Failure {
    Failure::new(
        Stage::Send,
        "connection_write_timeout",
        "the server took no byte of the request for 120 s",
    )
}

pub(super) const CLOSED_MIDWAY: &str = "the client closed in the middle of its request's body";
pub(super) const SILENT_MIDWAY: &str = "the client sent no byte of its request's body for 120 s";
