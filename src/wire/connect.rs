//! CONNECT: in scope, what is inside is looked into; else the origin is dialled first, and bytes are carried unread.
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use rustls::server::Acceptor;
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tokio_rustls::LazyConfigAcceptor;

use crate::facts::{Authority, Lookalike, Scheme, Target, Via};
use crate::http1::{RequestHead, is_token_byte};
use crate::journal::draft::{ConnectionDraft, Peer, TunnelDraft};
use crate::record::{ConnectionStage, Stage, TunnelBytes, TunnelWhy};
use crate::redact::seal::Raw;

use super::Shared;
use super::access::NEVER_PORTS;
use super::forward::{broken, way};
use super::front::{Door, Front};
use super::leg::Leg;
use super::looked;
use super::origin::Failure;
use super::page::Page;
use super::relay::{Counts, relay};
use super::stream::{Rewind, Stream};
use super::tls;

/// A connection that has become a CONNECT.
pub(super) struct Connect {
    pub(super) shared: Arc<Shared>,
    pub(super) peer: Arc<Peer>,
    pub(super) stopping: watch::Receiver<bool>,
}

/// What comes first inside a CONNECT.
enum First {
    Tls(Bytes),
    Http(Bytes),
    /// Neither, or silence.
    Other(Bytes),
    Closed,
}

impl Connect {
    /// Serves the CONNECT to its end, or to where its inside can be looked into: that is returned.
    pub(super) async fn serve(self, mut leg: Leg, head: Box<RequestHead>) -> Option<Front> {
        self.shared.activity.touch();
        let Some(authority) = Authority::parse(head.target(), None) else {
            let reason = "the CONNECT names no sound HOST:PORT";
            self.refuse(leg, &head, Page::bad_authority(), reason).await;
            return None;
        };
        if NEVER_PORTS.contains(&authority.port()) {
            let reason = "the CONNECT names a port of mail";
            self.refuse(leg, &head, Page::mail_port(), reason).await;
            return None;
        }
        let in_scope = self.shared.is_in_scope(&authority);
        let has_authorization = head.fields().first("authorization").is_some();
        drop(head);
        let target = Target::new(authority, in_scope, None, Via::Connect)
            .with_authorization_on_connect(has_authorization);
        if target.lookalike() == Some(Lookalike::Mirror) {
            self.refuse_target(leg, target).await;
            return None;
        }
        let why = match () {
            () if !in_scope => Some(TunnelWhy::Scope),
            () if self.shared.has_expired() => Some(TunnelWhy::Expired),
            () if (self.shared.distrust)
                .counts_for(&self.peer, target.authority.host())
                .await =>
            {
                Some(TunnelWhy::Distrust)
            }
            () => None,
        };
        if let Some(why) = why {
            if why == TunnelWhy::Scope {
                self.shared.arrivals.elsewhere();
            }
            self.tunnel(leg, target, why, None).await;
            return None;
        }
        if leg.writer.send(ESTABLISHED).await.is_err() {
            return None;
        }
        let (stream, first) = leg.into_parts();
        self.look(stream, first, target).await
    }

    /// Looks at the first bytes inside, for at most 3 s: some protocols wait for the server to speak first.
    async fn look(
        mut self,
        mut stream: Box<dyn Stream>,
        first: Bytes,
        target: Target,
    ) -> Option<Front> {
        let seen = tokio::select! {
            biased;
            seen = sniff(&mut stream, first) => seen,
            _ = self.stopping.wait_for(|stopping| *stopping) => return None,
        };
        match seen {
            First::Tls(first) => return self.tls(Rewind::new(first, stream), target).await,
            First::Http(first) => {
                let door = Door::Tunnel {
                    authority: target.authority,
                    scheme: Scheme::Http,
                    sni: None,
                    authorization_on_connect: target.authorization_on_connect,
                    trusts_blindly: false,
                };
                return Some(self.front(Leg::resumed(&first, stream), door));
            }
            First::Other(first) => {
                let leg = Leg::resumed(&first, stream);
                self.tunnel(leg, target, TunnelWhy::Sniff, Some(())).await;
            }
            First::Closed => {
                let reason = "the client closed before it sent anything through the tunnel";
                self.note(target, ConnectionStage::Sniff, reason).await;
            }
        }
        None
    }

    fn front(self, leg: Leg, door: Door) -> Front {
        Front::new(self.shared, self.peer, leg, door, self.stopping)
    }

    async fn tls(self, stream: Rewind<Box<dyn Stream>>, target: Target) -> Option<Front> {
        let host = target.authority.host();
        let Ok(config) = self.shared.ca.server_config(host) else {
            // The CA has ended, or the name lies outside it: the client judges the origin itself.
            let leg = Leg::new(Box::new(stream));
            self.tunnel(leg, target, TunnelWhy::Expired, Some(())).await;
            return None;
        };
        let mut saw_hello = false;
        let accepted = timeout(TLS_LIMIT, async {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            saw_hello = true;
            let sni = hello.client_hello().server_name().map(Box::from);
            Ok::<_, std::io::Error>((hello.into_stream(config).await?, sni))
        })
        .await;
        let (stream, sni) = match accepted {
            Ok(Ok(accepted)) => accepted,
            Ok(Err(error)) => {
                let failure = tls::client_failure(&error, saw_hello);
                if failure.is_distrust {
                    self.shared.arrivals.distrusting();
                    self.shared.distrust.note(&self.peer, host).await;
                }
                self.note(target, ConnectionStage::Tls, failure.reason)
                    .await;
                return None;
            }
            Err(_) => {
                let reason = "the client did not finish the TLS handshake within 10 s";
                self.note(target, ConnectionStage::Tls, reason).await;
                return None;
            }
        };
        let door = Door::Tunnel {
            authority: target.authority,
            scheme: Scheme::Https,
            sni,
            authorization_on_connect: target.authorization_on_connect,
            trusts_blindly: self.shared.ca.is_unread(),
        };
        let leg = Leg::new(Box::new(stream));
        Some(self.front(leg, door))
    }

    /// Carries bytes unread. The origin is dialled before the client is told that the tunnel stands, unless it was
    /// told already, because the hope was to look inside.
    async fn tunnel(self, mut leg: Leg, target: Target, why: TunnelWhy, told: Option<()>) {
        let _busy = self.shared.activity.begin();
        let place = self.shared.journal.place().await;
        let findings = looked::of_target(&target);
        let began = Instant::now();
        let mut draft = TunnelDraft {
            peer: self.peer.clone(),
            target,
            why,
            way: None,
            bytes: TunnelBytes::default(),
            duration: Duration::ZERO,
            end: "failed".into(),
            failure: None,
            findings,
        };
        let dialed = if self.shared.inside_for(&draft.target).is_some() {
            // Nothing may reach the real host.
            Err(Failure {
                hint: Some("trust nicetap's CA in the client, or start nicetap without --mock"),
                ..Failure::new(
                    Stage::Connect,
                    "destination_unavailable",
                    "the mock stands for this host, and what passes unread it cannot answer",
                )
            })
        } else {
            self.shared.dialer.dial_tcp(&draft.target.authority).await
        };
        match dialed {
            Ok((origin, route)) => {
                draft.way = Some(way(route));
                let established = told.is_some() || leg.writer.send(ESTABLISHED).await.is_ok();
                if established {
                    let (client, first) = leg.into_parts();
                    let client = Rewind::new(first, client);
                    let mut stopping = self.stopping.clone();
                    let counts = Counts::default();
                    draft.end = tokio::select! {
                        end = relay(client, origin, &counts) => end.into(),
                        _ = stopping.wait_for(|stopping| *stopping) => "shutdown".into(),
                    };
                    draft.bytes = counts.bytes();
                } else {
                    draft.end = "client".into();
                }
            }
            Err(failure) => {
                if told.is_none() {
                    let _ = leg
                        .writer
                        .send(&Page::failure(&failure).render_connect())
                        .await;
                }
                draft.failure = Some(broken(failure, false));
                leg.close().await;
            }
        }
        draft.duration = began.elapsed();
        place.tunnel(draft);
    }

    /// Refuses a host that steals credentials.
    async fn refuse_target(self, mut leg: Leg, target: Target) {
        let place = self.shared.journal.place().await;
        let page = Page::thief();
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host: Some(Raw::new(Box::from(target.authority.host()))),
            stage: ConnectionStage::Head,
            reason: "the host is one of those that must never see a credential",
            raw: None,
            answered: Some(page.status),
            findings: looked::of_target(&target),
        });
        let _ = leg.writer.send(&page.render_connect()).await;
        leg.close().await;
    }

    async fn refuse(self, mut leg: Leg, head: &RequestHead, page: Page, reason: &'static str) {
        let place = self.shared.journal.place().await;
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host: None,
            stage: ConnectionStage::Head,
            reason,
            raw: Some(Raw::new(head.bytes().clone())),
            answered: Some(page.status),
            findings: Vec::new(),
        });
        let _ = leg.writer.send(&page.render_connect()).await;
        leg.close().await;
    }

    async fn note(&self, target: Target, stage: ConnectionStage, reason: &'static str) {
        let place = self.shared.journal.place().await;
        let findings = looked::of_target(&target);
        place.connection(ConnectionDraft {
            peer: self.peer.clone(),
            host: Some(Raw::new(Box::from(target.authority.host()))),
            stage,
            reason,
            raw: None,
            answered: None,
            findings,
        });
    }
}

async fn sniff(stream: &mut Box<dyn Stream>, first: Bytes) -> First {
    let mut seen = BytesMut::from(first);
    // One read takes the hello of most clients.
    seen.reserve(HELLO);
    let deadline = Instant::now() + SNIFF_LIMIT;
    loop {
        match guess(&seen) {
            Some(Guess::Tls) => return First::Tls(seen.freeze()),
            Some(Guess::Http) => return First::Http(seen.freeze()),
            Some(Guess::Other) => return First::Other(seen.freeze()),
            None => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        match timeout(left, stream.read_buf(&mut seen)).await {
            Ok(Ok(count)) if count > 0 => {}
            Ok(_) if seen.is_empty() => return First::Closed,
            _ => return First::Other(seen.freeze()),
        }
    }
}

enum Guess {
    Tls,
    Http,
    Other,
}

/// What the first bytes begin; `None`: too few to tell.
fn guess(bytes: &[u8]) -> Option<Guess> {
    match bytes {
        [] | [0x16] => None,
        [0x16, 0x03, ..] => Some(Guess::Tls),
        // A head, sound or not, begins with a letter: the strict reader says what is wrong with it.
        [b'A'..=b'Z' | b'a'..=b'z', ..] => {
            let method = bytes
                .iter()
                .take_while(|byte| is_token_byte(**byte))
                .count();
            match bytes.get(method) {
                Some(b' ' | b':' | b'\r' | b'\n' | b'\t') => Some(Guess::Http),
                Some(_) => Some(Guess::Other),
                None if method > LONGEST_METHOD => Some(Guess::Other),
                None => None,
            }
        }
        [b'\r' | b'\n', ..] => Some(Guess::Http),
        _ => Some(Guess::Other),
    }
}

const ESTABLISHED: &[u8] = b"HTTP/1.1 200 Connection established\r\n\r\n";
const HELLO: usize = 2 * 1024;
const SNIFF_LIMIT: Duration = Duration::from_secs(3);
const TLS_LIMIT: Duration = Duration::from_secs(10);
const LONGEST_METHOD: usize = 32;
