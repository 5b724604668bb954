//! The reply's way: informational replies, the head, then the body as it comes; read to its end even when the client
//! has gone.
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::BytesMut;
use tokio::time::{Instant, timeout, timeout_at};

use crate::capture::{End, Prefix};
use crate::http1::{BodyScan, Framing, ReplyDefect, ReplyHead, RequestHead, end_of_head};
use crate::journal::Announced;
use crate::journal::draft::{ClientEnd, ReplyPart, Steps};
use crate::record::{Answer, AnswerBy, Stage, Word};

use super::exchange::{Progress, body_idle, cause};
use super::headers;
use super::leg::{Reader, Writer};
use super::origin::Failure;
use super::upstream::Hop;

/// The reply's way.
pub(super) struct Receiving<'a> {
    pub(super) upstream: &'a mut Reader,
    pub(super) client: &'a mut Writer,
    pub(super) head: &'a RequestHead,
    pub(super) reply_timeout: Duration,
    pub(super) annotation: Option<String>,
    pub(super) answered_by: AnswerBy,
    pub(super) hop: Option<&'a Hop>,
    pub(super) prefix: &'a (dyn Fn() -> Prefix + Sync),
    pub(super) progress: &'a Progress,
    pub(super) announced: &'a mut Announced,
    pub(super) reply: &'a mut Option<ReplyPart>,
    pub(super) informational: &'a mut Vec<u16>,
    pub(super) answer: &'a mut Answer,
    pub(super) steps: &'a mut Steps,
    pub(super) fidelity: &'a mut Vec<Word>,
    /// Whether the origin sent no `100 Continue` to a client that waited for it.
    pub(super) continue_missed: &'a mut bool,
    /// Since when the client takes no more bytes.
    pub(super) client_gone: Option<Instant>,
    /// Whether `100 Continue` has gone to the client, the origin's or ours.
    pub(super) continued: bool,
}

/// What came.
pub(super) enum Received {
    Reply {
        upstream_open: bool,
        client_open: bool,
    },
    Upgrade,
}

impl Receiving<'_> {
    pub(super) async fn run(mut self) -> Result<Received, Failure> {
        let head = loop {
            let head = self.reply_head().await?;
            if head.status() == 101 {
                return self.upgrade(head).await;
            }
            if head.status() >= 200 {
                break head;
            }
            self.informational(&head).await?;
        };
        if let Some(refusal) = self.hop.and_then(|hop| hop.refusal(&head)) {
            return Err(refusal);
        }
        self.steps.wait = Some(self.progress.last_sent().elapsed());
        self.final_reply(head).await
    }

    /// Reads the next head; meanwhile a client that waits for `100 Continue` is not left waiting.
    async fn reply_head(&mut self) -> Result<ReplyHead, Failure> {
        let mut seen = 0;
        let mut may_continue = !self.continued && self.waits_with_its_body();
        let patience = Instant::now() + CONTINUE_PATIENCE;
        loop {
            let buffered = self.upstream.buffered();
            if !begins_like_http(buffered) {
                return Err(unusable(ReplyDefect::NotHttp));
            }
            if let Some(end) = end_of_head(buffered, seen) {
                if end > ReplyHead::LIMIT {
                    return Err(unusable(ReplyDefect::TooLarge));
                }
                return ReplyHead::parse(self.upstream.take(end)).map_err(unusable);
            }
            seen = buffered.len();
            if seen > ReplyHead::LIMIT {
                return Err(unusable(ReplyDefect::TooLarge));
            }
            let begun = seen > 0;
            let deadline = if begun {
                Instant::now() + body_idle()
            } else {
                self.progress.last_sent() + self.reply_timeout
            };
            let deadline = if may_continue {
                deadline.min(patience)
            } else {
                deadline
            };
            match timeout_at(deadline, self.upstream.fill()).await {
                Ok(Ok(count)) if count > 0 => {}
                Ok(Ok(_)) => return Err(closed_early(begun)),
                Ok(Err(error)) => return Err(broken_early(begun, &error)),
                Err(_) if may_continue => {
                    may_continue = false;
                    self.own_continue().await;
                }
                Err(_) if begun => return Err(silent_midway()),
                // The request was still on its way when the limit was computed.
                Err(_) if self.progress.last_sent() + self.reply_timeout > Instant::now() => {}
                Err(_) => return Err(no_reply(self.reply_timeout)),
            }
        }
    }

    /// Whether the client may hold its body back until it is told to send it.
    fn waits_with_its_body(&self) -> bool {
        let has_body = !matches!(self.head.framing(), Framing::None | Framing::Length(0));
        has_body && self.head.expects_continue()
    }

    /// `100 Continue` in the origin's place: it sent none, and the client waits with its body.
    async fn own_continue(&mut self) {
        if self.progress.body_begun.load(Ordering::Relaxed) {
            return;
        }
        self.continued = true;
        *self.continue_missed = true;
        self.tell_client(b"HTTP/1.1 100 Continue\r\n\r\n").await;
        self.fidelity
            .push("100 Continue sent by nicetap: the origin had sent none".into());
    }

    async fn informational(&mut self, head: &ReplyHead) -> Result<(), Failure> {
        self.informational.push(head.status());
        if self.informational.len() > MOST_INFORMATIONAL {
            let reason = "the server sent more than 32 informational replies";
            return Err(Failure::new(Stage::Receive, "http_protocol_error", reason));
        }
        self.continued |= head.status() == 100;
        if self.head.minor() == 1 {
            self.tell_client(head.bytes()).await;
        }
        Ok(())
    }

    async fn upgrade(mut self, head: ReplyHead) -> Result<Received, Failure> {
        if !headers::is_websocket(self.head.fields()) {
            let reason = "the server switched to another protocol unasked";
            return Err(Failure::new(Stage::Receive, "http_upgrade_failed", reason));
        }
        self.told_of_request().await;
        let forwarded = headers::reply(&head, self.annotation.as_deref());
        self.accept(head, None, &forwarded.fidelity);
        self.tell_client(&forwarded.bytes).await;
        Ok(Received::Upgrade)
    }

    /// Waits until the log has the request that is about to be answered.
    async fn told_of_request(&mut self) {
        self.progress.ring();
        self.announced.written().await;
    }

    async fn final_reply(mut self, head: ReplyHead) -> Result<Received, Failure> {
        let framing = head.framing(self.head.method()).map_err(unusable)?;
        let (upstream_keeps, client_keeps) = (head.keeps_alive(), self.head.keeps_alive());
        let mut forwarded = headers::reply(&head, self.annotation.as_deref());
        let copy = (framing != Framing::None).then(|| (self.prefix)());
        self.told_of_request().await;
        self.accept(head, copy, &forwarded.fidelity);
        let began = Instant::now();
        let body = self.body(framing, &mut forwarded.bytes).await;
        self.steps.receive = Some(began.elapsed());
        body?;
        if self.client_gone.is_some() {
            let reason = "the client went away before the reply was over; it was read to its end";
            return Err(Failure::of_client(ClientEnd::Left, reason));
        }
        // Bytes beyond the reply make it unclear which request the next reply would answer.
        let clean = framing != Framing::Close
            && self.upstream.buffered().is_empty()
            && !self.upstream.has_ended();
        let upstream_open = upstream_keeps && clean;
        Ok(Received::Reply {
            upstream_open,
            client_open: client_keeps && upstream_open,
        })
    }

    /// From here on the client is told: its reply has begun.
    fn accept(&mut self, head: ReplyHead, body: Option<Prefix>, fidelity: &[Word]) {
        self.fidelity.extend_from_slice(fidelity);
        *self.answer = Answer {
            by: self.answered_by,
            status: Some(head.status()),
        };
        *self.reply = Some(ReplyPart { head, body });
        self.progress.told.store(true, Ordering::Relaxed);
    }

    /// Streams the body; the head in `out` goes with its first bytes.
    async fn body(&mut self, framing: Framing, out: &mut BytesMut) -> Result<(), Failure> {
        let mut scan = BodyScan::tolerant(framing);
        loop {
            let taken = match self.take(&mut scan) {
                Ok(taken) => taken,
                Err(unsound) => {
                    // The client judges it as it would without us.
                    out.extend_from_slice(self.upstream.buffered());
                    self.tell_client(out).await;
                    return Err(unsound);
                }
            };
            if !out.is_empty() {
                out.extend_from_slice(&self.upstream.buffered()[..taken]);
                let first = out.split();
                self.tell_client(&first).await;
            } else if taken > 0 {
                self.pass_on(taken).await;
            }
            self.upstream.skip(taken);
            if scan.is_done() {
                self.end_copy(End::Complete);
                return Ok(());
            }
            if taken == 0 && self.more(&scan).await? {
                return Ok(());
            }
        }
    }

    fn take(&mut self, scan: &mut BodyScan) -> Result<usize, Failure> {
        let mut copy = self.reply.as_mut().and_then(|reply| reply.body.as_mut());
        let taken = scan.scan(self.upstream.buffered(), |payload| {
            if let Some(copy) = &mut copy {
                copy.push(payload);
            }
        });
        taken.map_err(|_| {
            self.end_copy(End::Failed);
            Failure::new(
                Stage::Receive,
                "http_response_transfer_coding",
                "the reply has a chunk that is not sound",
            )
        })
    }

    /// Reads more; `true` at the end of a body that ends with its connection.
    async fn more(&mut self, scan: &BodyScan) -> Result<bool, Failure> {
        if self
            .client_gone
            .is_some_and(|since| since.elapsed() > self.reply_timeout)
        {
            self.end_copy(End::Abandoned);
            let reason = "the client went away, and the reply did not end in time";
            return Err(Failure::of_client(ClientEnd::Left, reason));
        }
        let failure = match timeout(body_idle(), self.upstream.fill()).await {
            Ok(Ok(count)) if count > 0 => return Ok(false),
            Ok(Ok(_)) if scan.ends_with_connection() => {
                self.end_copy(End::Complete);
                return Ok(true);
            }
            Ok(Ok(_)) => Failure::new(
                Stage::Receive,
                "http_response_incomplete",
                "the server closed the connection in the middle of the reply's body",
            ),
            Ok(Err(error)) => Failure::new(
                Stage::Receive,
                "http_response_incomplete",
                format!(
                    "the connection broke in the middle of the reply's body: {}",
                    cause(&error)
                ),
            ),
            Err(_) => silent_midway(),
        };
        self.end_copy(End::Failed);
        Err(failure)
    }

    fn end_copy(&mut self, end: End) {
        if let Some(copy) = self.reply.as_mut().and_then(|reply| reply.body.as_mut()) {
            copy.end = end;
        }
    }

    /// Sends the next `count` buffered bytes to the client.
    async fn pass_on(&mut self, count: usize) {
        if self.client_gone.is_some() {
            return;
        }
        let sent = timeout(
            body_idle(),
            self.client.send(&self.upstream.buffered()[..count]),
        )
        .await;
        if !matches!(sent, Ok(Ok(()))) {
            self.client_gone = Some(Instant::now());
        }
    }

    async fn tell_client(&mut self, bytes: &[u8]) {
        if self.client_gone.is_some() {
            return;
        }
        let sent = timeout(body_idle(), self.client.send(bytes)).await;
        if !matches!(sent, Ok(Ok(()))) {
            self.client_gone = Some(Instant::now());
        }
    }
}

/// Whether what was received so far can begin an HTTP/1 reply.
fn begins_like_http(bytes: &[u8]) -> bool {
    let begin = b"HTTP/1.";
    let shared = bytes.len().min(begin.len());
    bytes[..shared] == begin[..shared]
}

fn unusable(defect: ReplyDefect) -> Failure {
    Failure::new(Stage::Receive, "http_protocol_error", defect.reason())
}

fn closed_early(begun: bool) -> Failure {
    let reason = if begun {
        "the server closed the connection in the middle of the reply's head"
    } else {
        "the server closed the connection without a reply"
    };
    let failure = Failure::new(Stage::Receive, "http_response_incomplete", reason);
    Failure {
        is_silent_death: !begun,
        ..failure
    }
}

fn broken_early(begun: bool, error: &std::io::Error) -> Failure {
    let place = if begun {
        "in the middle of the reply's head"
    } else {
        "before a reply"
    };
    let reason = format!("the connection broke {place}: {}", cause(error));
    let failure = Failure::new(Stage::Receive, "connection_terminated", reason);
    Failure {
        is_silent_death: !begun,
        ..failure
    }
}

fn silent_midway() -> Failure {
    Failure::new(
        Stage::Receive,
        "connection_read_timeout",
        "the server sent no byte of its reply for 120 s",
    )
}

fn no_reply(limit: Duration) -> Failure {
    let reason = format!("the server sent no reply within {} s", limit.as_secs_f64());
    Failure::new(Stage::Receive, "http_response_timeout", reason)
}

/// Within curl's patience of one second.
const CONTINUE_PATIENCE: Duration = Duration::from_millis(300);
const MOST_INFORMATIONAL: usize = 32;
