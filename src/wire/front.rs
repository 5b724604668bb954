//! A client's connection: one request after the other, each judged, admitted, sent on, answered.
use std::iter::once;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::clock::Time;
use crate::facts::{Arrival, Authority, BodyInput, Scheme, Target, Via};
use crate::http1::{Framing, RequestHead};
use crate::journal::draft::{ConnectionDraft, Peer, RequestPart};
use crate::record::ConnectionStage;
use crate::redact::seal::Raw;

use super::Shared;
use super::admission::{Unwelcome, Wants};
use super::forward::{ANSWER_LIMIT, Upstream};
use super::guard::{Attempt, Guard};
use super::headers;
use super::leg::{Head, HeadTimers, Leg, Reader, Refused};
use super::looked;
use super::page::{self, Page};
use super::tls;

/// Through which door requests come.
pub(super) enum Door {
    /// The proxy port itself.
    Port,
    /// Inside a CONNECT.
    Tunnel {
        /// What the CONNECT named.
        authority: Authority,
        /// TLS or not.
        scheme: Scheme,
        /// The server name of the TLS hello.
        sni: Option<Box<str>>,
        /// Whether the CONNECT carried an Authorization header.
        authorization_on_connect: bool,
        /// Whether the client took a certificate that it cannot know.
        trusts_blindly: bool,
    },
}

/// A client's connection.
pub(super) struct Front {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: Arc<Peer>,
    pub(super) leg: Leg,
    pub(super) door: Door,
    pub(super) stopping: watch::Receiver<bool>,
    pub(super) upstream: Option<Upstream>,
}

/// What is left to do with a connection when its requests are over.
pub(super) enum Leave {
    /// A CONNECT came: the connection changes its nature.
    Connect(Leg, Box<RequestHead>),
    /// Nothing.
    Done,
}

/// What follows an exchange.
pub(super) enum After {
    KeepOpen,
    /// Close politely.
    Close,
    /// Close as the origin did, in the middle.
    Drop,
    /// The same, where nothing else tells the client that it is the middle.
    Reset,
}

/// Where a request goes, and what stands in its request line on the way there.
pub(super) struct Routed {
    pub(super) target: Target,
    path_and_query: Bytes,
    /// The request line's target as it goes on.
    pub(super) line_target: Bytes,
    /// Whether a URL inside a CONNECT names another host than the CONNECT.
    pub(super) url_differs: bool,
}

impl Front {
    pub(super) const fn new(
        shared: Arc<Shared>,
        peer: Arc<Peer>,
        leg: Leg,
        door: Door,
        stopping: watch::Receiver<bool>,
    ) -> Self {
        Self {
            shared,
            peer,
            leg,
            door,
            stopping,
            upstream: None,
        }
    }

    /// Serves the connection to its end, or to its CONNECT.
    pub(super) async fn serve(mut self) -> Leave {
        let mut is_first = true;
        loop {
            let Some(head) = self.next_head().await else {
                return Leave::Done;
            };
            let is_unused = std::mem::take(&mut is_first);
            if let Head::Request(head) = &head
                && let Err(why) = self.judge(head).await
            {
                self.turn_away(head, why).await;
                return Leave::Done;
            }
            match head {
                Head::Closed if is_unused && self.is_over_tls() => {
                    self.note_unused(tls::LEFT_UNUSED).await;
                    return Leave::Done;
                }
                Head::Failed(error) if is_unused && self.is_over_tls() => {
                    self.note_unused(tls::unused(&error)).await;
                    return Leave::Done;
                }
                Head::Request(head) if head.method() == "CONNECT" => {
                    if matches!(self.door, Door::Port) {
                        return Leave::Connect(self.leg, head);
                    }
                    let reason = "a CONNECT inside a CONNECT";
                    self.answer_unrouted(&head, reason, &Page::nested_connect())
                        .await;
                    self.leg.close().await;
                    return Leave::Done;
                }
                Head::Request(head) => match self.request(*head).await {
                    After::KeepOpen => {}
                    After::Close => {
                        self.leg.close().await;
                        return Leave::Done;
                    }
                    After::Drop => return Leave::Done,
                    After::Reset => {
                        let (stream, _) = self.leg.into_parts();
                        stream.end_badly();
                        return Leave::Done;
                    }
                },
                Head::Refused(refused) => {
                    self.refuse(*refused).await;
                    return Leave::Done;
                }
                Head::Closed | Head::Silent => {
                    self.leg.close().await;
                    return Leave::Done;
                }
                Head::Failed(_) => return Leave::Done,
            }
        }
    }

    /// The next head; `None` when the connection ends between requests, because the proxy stops or because the origin
    /// closed its side: what the client would have seen without us.
    async fn next_head(&mut self) -> Option<Head> {
        if self.leg.reader.buffered().is_empty() {
            self.readers().for_each(Reader::rest);
        }
        let idle = self.shared.idle;
        let awake = AWAKE.min(idle);
        let head = self.head_within(awake).await;
        if !matches!(head, Some(Head::Silent)) {
            return head;
        }
        self.readers().for_each(Reader::doze);
        self.head_within(idle.saturating_sub(awake)).await
    }

    /// The reading sides of both connections.
    fn readers(&mut self) -> impl Iterator<Item = &mut Reader> {
        let upstream = self.upstream.as_mut();
        once(&mut self.leg.reader).chain(upstream.map(|upstream| &mut upstream.leg.reader))
    }

    /// The next head, if its first byte comes within this time; as [`Front::next_head`] says.
    async fn head_within(&mut self, idle: Duration) -> Option<Head> {
        let timers = HeadTimers {
            idle,
            head: self.shared.head_time,
        };
        let limits = self.shared.limits;
        let upstream = async {
            match &mut self.upstream {
                Some(upstream) => upstream.leg.reader.stirs().await,
                None => std::future::pending().await,
            }
        };
        let leaves = tokio::select! {
            biased;
            head = self.leg.reader.request_head(&limits, &timers) => return Some(head),
            () = upstream => true,
            _ = self.stopping.wait_for(|stopping| *stopping) => true,
        };
        if leaves {
            // Bytes of a next request may be here already; it gets no reply, as from the origin itself.
            let _ = self.leg.writer.shutdown().await;
        }
        None
    }

    /// Whether the client may send this. What comes through a CONNECT was judged when that came.
    async fn judge(&self, head: &RequestHead) -> Result<(), Unwelcome> {
        if !matches!(self.door, Door::Port) {
            return Ok(());
        }
        let wants = match () {
            () if head.method() == "CONNECT" || is_absolute(head.target()) => Wants::Proxy,
            () if is_own_page(head) => Wants::OwnPage,
            () => Wants::BaseUrl,
        };
        self.shared.admission.judge(&self.peer, head, wants).await
    }

    /// Answers a client that may not send what it sends. Nothing of it is recorded: it is nobody that is looked at.
    async fn turn_away(mut self, head: &RequestHead, why: Unwelcome) {
        self.known_sender().await;
        let place = self.shared.journal.place().await;
        place.connection(why.draft(self.peer.clone()));
        let answer = match head.method() {
            "CONNECT" => why.page().render_connect(),
            method => why.page().render(method != "HEAD", false),
        };
        let _ = timeout(ANSWER_LIMIT, self.leg.writer.send(&answer)).await;
        self.leg.close().await;
    }

    async fn request(&mut self, head: RequestHead) -> After {
        let shared = self.shared.clone();
        let _busy = shared.activity.begin();
        let routed = match self.route(&head) {
            Ok(routed) => routed,
            Err(page) => {
                let reason = "the request target names no place where it could go";
                return self.answer_unrouted(&head, reason, &page).await;
            }
        };
        let Some(routed) = routed else {
            return self.own_page(&head).await;
        };
        if !routed.target.in_scope || self.shared.has_expired() {
            shared.arrivals.elsewhere();
            // Boxed: it is rare, and every connection would keep room for it.
            return Box::pin(self.forward_unread(head, routed)).await;
        }
        let guard = Some(self.shared.guard.clone());
        let (part, mut attempt) = self.inspect(head, &routed, guard).await;
        if part.facts.is_for_api() {
            shared.arrivals.call();
        }
        let mut ticket = self.shared.journal.admit(part.clone()).await;
        let after = self
            .forward(&mut ticket, &part, &routed, attempt.as_mut())
            .await;
        if let Some(attempt) = attempt {
            attempt.settle(ticket.draft());
        }
        after
    }

    /// Where the request goes; `Ok(None)`: to one of our own pages.
    fn route(&self, head: &RequestHead) -> Result<Option<Routed>, Page> {
        let target = head.target();
        let split = if is_absolute(target) {
            Some(headers::split_absolute(target).ok_or_else(Page::no_such_url)?)
        } else {
            None
        };
        let (scheme, authority, via) = match (&self.door, &split) {
            (
                Door::Tunnel {
                    authority, scheme, ..
                },
                _,
            ) => (*scheme, authority.clone(), Via::Connect),
            (Door::Port, Some(url)) => {
                let via = if url.scheme == Scheme::Https {
                    Via::AbsoluteHttps
                } else {
                    Via::Absolute
                };
                (url.scheme, url.authority.clone(), via)
            }
            (Door::Port, None) if is_own_page(head) => return Ok(None),
            (Door::Port, None) => {
                let (scheme, authority) = &self.shared.base;
                (*scheme, authority.clone(), Via::Gateway)
            }
        };
        let url_differs = split.as_ref().is_some_and(|url| url.authority != authority);
        let in_scope = via == Via::Gateway || self.shared.is_in_scope(&authority);
        let path_and_query = match &split {
            Some(url) => url.path_and_query.clone(),
            None => Bytes::copy_from_slice(target),
        };
        // Inside a tunnel the origin sees the target as it would without us, absolute or not.
        let line_target = match via {
            Via::Connect => Bytes::copy_from_slice(target),
            _ => path_and_query.clone(),
        };
        let (on_connect, blindly) = match self.door {
            Door::Tunnel {
                authorization_on_connect,
                trusts_blindly,
                ..
            } => (authorization_on_connect, trusts_blindly),
            Door::Port => (false, false),
        };
        let target = Target::new(authority, in_scope, Some(scheme), via)
            .with_authorization_on_connect(on_connect)
            .with_blind_trust(blindly);
        Ok(Some(Routed {
            target,
            path_and_query,
            line_target,
            url_differs,
        }))
    }

    /// Derives the facts, and lets the rules look at them.
    pub(super) async fn inspect(
        &self,
        head: RequestHead,
        routed: &Routed,
        guard: Option<Arc<Guard>>,
    ) -> (Arc<RequestPart>, Option<Attempt>) {
        let sni = match &self.door {
            Door::Tunnel { sni, .. } => sni.clone(),
            Door::Port => None,
        };
        let body = match head.framing() {
            Framing::None | Framing::Length(0) => BodyInput::None,
            _ => BodyInput::Pending,
        };
        let time = Time::now();
        let arrival = Arrival {
            target: &routed.target,
            head: &head,
            path_and_query: &routed.path_and_query,
            sni: sni.as_deref(),
            time: Some(time),
        };
        let (facts, attempt) = looked::facts(&arrival, body, guard.as_ref());
        let findings = looked::of_request(&facts, &head);
        self.known_sender().await;
        let path_and_query = Raw::new(Box::from(&routed.path_and_query[..]));
        let peer = self.peer.clone();
        let part = RequestPart::new(time, peer, head, path_and_query, sni, facts, findings);
        (Arc::new(part), attempt)
    }

    /// Gives the look-up of the client's process a moment, on a connection's first request only.
    async fn known_sender(&self) {
        if self.peer.sender.get().is_none() {
            let _ = timeout(SENDER_PATIENCE, self.peer.found.notified()).await;
        }
    }

    /// Answers a request that is no exchange: it names no place where it could go.
    async fn answer_unrouted(
        &mut self,
        head: &RequestHead,
        reason: &'static str,
        page: &Page,
    ) -> After {
        let place = self.shared.journal.place().await;
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host: self.tunnel_host(),
            stage: ConnectionStage::Head,
            reason,
            raw: Some(Raw::new(head.bytes().clone())),
            answered: Some(page.status),
            findings: Vec::new(),
        });
        let bytes = page.render(head.method() != "HEAD", false);
        let _ = timeout(ANSWER_LIMIT, self.leg.writer.send(&bytes)).await;
        After::Close
    }

    /// Notes a client that took our certificate, and left before it asked for anything.
    async fn note_unused(self, reason: &'static str) {
        let place = self.shared.journal.place().await;
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host: self.tunnel_host(),
            stage: ConnectionStage::Tls,
            reason,
            raw: None,
            answered: None,
            findings: Vec::new(),
        });
        self.leg.close().await;
    }

    pub(super) const fn is_over_tls(&self) -> bool {
        matches!(
            self.door,
            Door::Tunnel {
                scheme: Scheme::Https,
                ..
            }
        )
    }

    async fn own_page(&mut self, head: &RequestHead) -> After {
        let with_body = head.method() == "GET";
        let (status, kind, body) = self.shared.own_page(head.target());
        let bytes = page::own(status, kind, &body, with_body);
        match self.leg.writer.send(&bytes).await {
            // A body is not read: it must not be taken for a next request.
            Ok(()) if head.keeps_alive() && head.framing() == Framing::None => After::KeepOpen,
            Ok(()) => After::Close,
            Err(_) => After::Drop,
        }
    }

    /// The host of the CONNECT, inside one.
    fn tunnel_host(&self) -> Option<Raw<Box<str>>> {
        match &self.door {
            Door::Tunnel { authority, .. } => Some(Raw::new(Box::from(authority.host()))),
            Door::Port => None,
        }
    }

    /// Answers what must not be forwarded, and records it.
    async fn refuse(mut self, refused: Refused) {
        self.known_sender().await;
        let findings = looked::of_refusal(&refused.defect, &refused.bytes);
        let kind = refused.defect.kind;
        let code = findings.first().map(|finding| finding.rule.code);
        let page = Page::refused_head(&refused.defect, code);
        let host = self.tunnel_host();
        let place = self.shared.journal.place().await;
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host,
            stage: ConnectionStage::Head,
            reason: kind.reason(),
            raw: Some(Raw::new(refused.bytes)),
            answered: page.as_ref().map(|page| page.status),
            findings,
        });
        if let Some(page) = page {
            let _ = timeout(
                ANSWER_LIMIT,
                self.leg.writer.send(&page.render(true, false)),
            )
            .await;
        }
        self.leg.close().await;
    }
}

/// Whether the target is a URL (RFC 9112 section 3.2.2).
fn is_absolute(target: &[u8]) -> bool {
    !target.starts_with(b"/") && memchr::memmem::find(target, b"://").is_some()
}

fn is_own_page(head: &RequestHead) -> bool {
    let own = matches!(head.target(), b"/" | b"/ca.pem" | b"/healthz" | b"/readyz");
    own && matches!(head.method(), "GET" | "HEAD") && head.fields().first("authorization").is_none()
}

/// How long a connection keeps its buffers while it waits for its next request.
const AWAKE: Duration = Duration::from_secs(1);
const SENDER_PATIENCE: Duration = Duration::from_millis(5);
