//! One exchange: the request goes on as it came while its body is counted and copied, the reply comes back the same
//! way. Nothing is mended, nothing is sent twice; what was begun runs to its end though the client has gone.
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::Instant;

use crate::capture::Prefix;
use crate::http1::{BodyScan, DefectKind, Framing, RequestHead};
use crate::journal::draft::{ClientEnd, Draft};
use crate::journal::{Announced, Bell};
use crate::record::AnswerBy;
use crate::stumble;

use super::leg::Leg;
use super::origin::Failure;
use super::receiving::{Received, Receiving};
use super::sending::{SendEnd, Sending};
use super::upstream::Hop;

/// What an exchange needs beside its legs.
pub(super) struct Terms<'a> {
    pub(super) head: &'a RequestHead,
    /// The head as it goes on.
    pub(super) forwarded: BytesMut,
    pub(super) reply_timeout: Duration,
    /// The codes of findings that the reply tells the client.
    pub(super) annotation: Option<String>,
    pub(super) answered_by: AnswerBy,
    /// The other proxy that takes the request itself.
    pub(super) hop: Option<&'a Hop>,
    /// Makes the copies of bodies.
    pub(super) prefix: &'a (dyn Fn() -> Prefix + Sync),
}

/// How an exchange ended.
pub(super) enum Outcome {
    /// The reply was received to its end.
    Replied {
        /// Whether the upstream connection can carry another request.
        upstream_open: bool,
        /// Whether the client may send another request.
        client_open: bool,
    },
    /// The origin agreed to another protocol: both legs are a tunnel now.
    Upgraded,
    /// No reply byte went to the client: it can still be told.
    Untold(Failure),
    /// The request's body was unsound and no reply byte went to the client.
    Unsound(DefectKind),
    /// Bytes of the reply went to the client, or the client is gone: all that is left is to close.
    Broken(Failure),
}

/// What both directions of an exchange tell each other.
pub(super) struct Progress {
    /// A byte of the request's body has come.
    pub(super) body_begun: AtomicBool,
    /// A byte of the final reply has gone, or is about to.
    pub(super) told: AtomicBool,
    last_sent: Mutex<Instant>,
    /// Wakes the writer for the `request` line.
    bell: Option<Bell>,
}

impl Progress {
    /// Notes that a byte of the request went out just now.
    pub(super) fn touch(&self) {
        self.ring();
        *self
            .last_sent
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Instant::now();
    }

    /// Has the writer write the `request` line: the origin has something to do, or has answered before that.
    pub(super) fn ring(&self) {
        if let Some(bell) = &self.bell {
            bell.ring();
        }
    }

    pub(super) fn last_sent(&self) -> Instant {
        *self
            .last_sent
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Carries one request and its reply.
pub(super) async fn carry(
    client: &mut Leg,
    upstream: &mut Leg,
    terms: Terms<'_>,
    draft: &mut Draft,
    announced: &mut Announced,
) -> Outcome {
    let progress = Progress {
        body_begun: AtomicBool::new(false),
        told: AtomicBool::new(false),
        last_sent: Mutex::new(Instant::now()),
        bell: announced.bell(),
    };
    let Terms {
        head,
        forwarded,
        reply_timeout,
        annotation,
        answered_by,
        hop,
        prefix,
    } = terms;
    let framing = head.framing();
    if !matches!(framing, Framing::None) {
        draft.request_body = Some(prefix());
    }
    let Draft {
        request_body,
        reply,
        informational,
        answer,
        steps,
        fidelity,
        continue_missed,
        ..
    } = draft;
    let sending = Sending {
        client: &mut client.reader,
        upstream: &mut upstream.writer,
        scan: BodyScan::strict(framing),
        copy: request_body,
        progress: &progress,
    };
    let receiving = Receiving {
        upstream: &mut upstream.reader,
        client: &mut client.writer,
        head,
        reply_timeout,
        annotation,
        answered_by,
        hop,
        prefix,
        progress: &progress,
        announced,
        reply,
        informational,
        answer,
        steps,
        fidelity,
        continue_missed,
        client_gone: None,
        continued: false,
    };
    let (sending, receiving) = (sending.run(forwarded), receiving.run());
    tokio::pin!(sending, receiving);
    let mut sent = None;
    let received = loop {
        tokio::select! {
            biased;
            end = &mut sending, if sent.is_none() => match end {
                Err(SendEnd::Client(failure)) if progress.told.load(Ordering::Relaxed) => return Outcome::Broken(failure),
                Err(SendEnd::Client(failure)) => return Outcome::Untold(failure),
                Err(SendEnd::Unsound(_)) if progress.told.load(Ordering::Relaxed) => {
                    let reason = "the request's body became unsound after the reply had begun";
                    return Outcome::Broken(Failure::of_client(ClientEnd::Unsound, reason));
                }
                Err(SendEnd::Unsound(kind)) => return Outcome::Unsound(kind),
                Err(SendEnd::Stalled(failure)) if !progress.told.load(Ordering::Relaxed) => return Outcome::Untold(failure),
                // The origin may have answered before it stopped listening.
                end => sent = Some(end),
            },
            received = &mut receiving => break received,
        }
    };
    let sent_whole = matches!(sent, Some(Ok(())));
    match received {
        Ok(Received::Reply {
            upstream_open,
            client_open,
        }) => Outcome::Replied {
            upstream_open: upstream_open && sent_whole,
            client_open: client_open && sent_whole,
        },
        Ok(Received::Upgrade) => Outcome::Upgraded,
        Err(failure) if progress.told.load(Ordering::Relaxed) => Outcome::Broken(failure),
        Err(received) => Outcome::Untold(match sent {
            Some(Err(SendEnd::Upstream(failure) | SendEnd::Stalled(failure))) => failure,
            _ => received,
        }),
    }
}

/// Why a connection broke, in words.
pub(super) fn cause(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::ConnectionReset => "reset by the server",
        std::io::ErrorKind::UnexpectedEof => "closed without the end that TLS demands",
        std::io::ErrorKind::BrokenPipe => "the server no longer listens",
        _ => "a network error",
    }
}

/// How long a body may stand still.
pub(super) fn body_idle() -> Duration {
    stumble::limit(BODY_IDLE)
}

const BODY_IDLE: Duration = Duration::from_mins(2);
