//! An admitted request's way out and back: objected to, sent on a connection that fits, concluded.
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::capture::Prefix;
use crate::catalogue::Risk;
use crate::config::Plaintext;
use crate::facts::{Authority, Lookalike, Scheme, Target, Via};
use crate::http1::{Defect, Framing, RequestHead};
use crate::journal::draft::{Broken, ClientEnd, RequestPart, TunnelDraft, Way};
use crate::journal::{Announced, Ticket};
use crate::record::{Answer, AnswerBy, Stage, TunnelBytes, TunnelWhy};
use crate::redact::seal::Raw;
use crate::rule::Family;
use crate::rule::levels::Levels;

use super::exchange::{Outcome, Terms, carry};
use super::front::{After, Front, Routed};
use super::guard::{Attempt, Ruling};
use super::headers::{self, HostField};
use super::leg::Leg;
use super::looked;
use super::origin::{Failure, Route};
use super::page::Page;
use super::relay::{Counts, relay};
use super::stream::Rewind;
use super::upstream::Hop;

/// The upstream connection that belongs to a client's connection.
pub(super) struct Upstream {
    pub(super) leg: Leg,
    scheme: Scheme,
    authority: Authority,
    route: Option<Route>,
    /// The other proxy that takes the requests themselves.
    hop: Option<Hop>,
    /// Whether it has carried a reply.
    reused: bool,
}

impl Front {
    /// Sends an admitted request on, or answers in the origin's place.
    pub(super) async fn forward(
        &mut self,
        ticket: &mut Ticket,
        part: &RequestPart,
        routed: &Routed,
        attempt: Option<&mut Attempt>,
    ) -> After {
        let mut announced = ticket.announce();
        let ruling = match (self.objection(part, routed), attempt) {
            (Some(page), _) => Ruling::Held(page),
            (None, Some(attempt)) => self.ruling(ticket, &mut announced, part, attempt).await,
            (None, None) => Ruling::Pass,
        };
        match ruling {
            Ruling::Pass => {}
            Ruling::Held(page) => {
                ticket.draft().conclude();
                return self.answer(ticket, &mut announced, part, page).await;
            }
            Ruling::Gone(failure) => {
                return self
                    .fail(ticket, &mut announced, part, failure, false)
                    .await;
            }
        }
        match self.connect(ticket, &mut announced, part).await {
            Ok(()) if !may_share(part) && self.client_has_left().await => {
                let reason = "the client went away before its request went out; nothing was sent";
                let failure = Failure::of_client(ClientEnd::Left, reason);
                ticket.draft().failure = Some(broken(failure, false));
                After::Drop
            }
            Ok(()) => {
                let outcome = self.carry(ticket, &mut announced, part, routed).await;
                self.conclude(ticket, &mut announced, part, outcome).await
            }
            Err(Missing::Dead) => After::Drop,
            Err(Missing::Failed(failure)) => {
                self.fail(ticket, &mut announced, part, failure, false)
                    .await
            }
        }
    }

    /// Whether the client gave up while a connection was made for it: without us its call, perhaps a paid one, would
    /// not have been made either. In clear an end of its direction may mean that it only waits.
    async fn client_has_left(&mut self) -> bool {
        self.is_over_tls()
            && self.leg.reader.buffered().is_empty()
            && self.leg.reader.has_stirred().await
            && self.leg.reader.has_ended()
    }

    /// A request to a host that is out of scope, or after the time for looking is over: it goes on, and nothing but
    /// host, port and bytes is noted.
    pub(super) async fn forward_unread(&mut self, head: RequestHead, routed: Routed) -> After {
        let why = if routed.target.in_scope {
            TunnelWhy::Expired
        } else {
            TunnelWhy::Scope
        };
        let place = self.shared.journal.place().await;
        let findings = looked::of_target(&routed.target);
        let began = Instant::now();
        let (part, _) = self.inspect(head, &routed, None).await;
        let mut ticket = Ticket::aside(part.clone());
        let after = self.forward(&mut ticket, &part, &routed, None).await;
        let draft = ticket.draft();
        let size = |copy: Option<&Prefix>| copy.map_or(0, Prefix::seen);
        let reply = draft.reply.as_ref();
        let up = part.head.bytes().len() as u64 + size(draft.request_body.as_ref());
        let down = reply.map_or(0, |reply| {
            reply.head.bytes().len() as u64 + size(reply.body.as_ref())
        });
        place.tunnel(TunnelDraft {
            peer: self.peer.clone(),
            target: routed.target,
            why,
            way: draft.way,
            bytes: TunnelBytes { up, down },
            duration: began.elapsed(),
            end: if draft.failure.is_some() {
                "error".into()
            } else {
                "origin".into()
            },
            failure: draft.failure.take(),
            findings,
        });
        after
    }

    /// Why the request is not forwarded, if it is not.
    fn objection(&self, part: &RequestPart, routed: &Routed) -> Option<Page> {
        if part.facts.target.lookalike() == Some(Lookalike::Mirror) {
            return Some(Page::thief());
        }
        if routed.url_differs || part.facts.host_differs || part.facts.sni_differs {
            return Some(Page::misdirected(worst_of(part, Family::Route)));
        }
        if headers::connection_names_a_vital_field(part.head.fields()) {
            return Some(Page::vital_field());
        }
        let in_clear =
            part.facts.target.scheme == Some(Scheme::Http) && part.facts.credential.is_some();
        if in_clear && part.facts.target.in_scope && self.shared.plaintext == Plaintext::Refuse {
            return Some(Page::cleartext(worst_of(part, Family::Route)));
        }
        None
    }

    /// Sees to an upstream connection for this request.
    async fn connect(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
    ) -> Result<(), Missing> {
        let target = &part.facts.target;
        let scheme = target.scheme.unwrap_or(Scheme::Https);
        let fits = |kept: &Upstream| {
            kept.scheme == scheme && kept.authority == target.authority && may_share(part)
        };
        let Some(kept) = self.upstream.as_mut().filter(|kept| fits(kept)) else {
            announced.ring();
            self.upstream = None;
            return self
                .dial(ticket, scheme, target)
                .await
                .map_err(Missing::Failed);
        };
        ticket.draft().way = kept.route.map(way);
        if !kept.leg.reader.has_stirred().await {
            return Ok(());
        }
        let reason = "the server closed the kept connection before this request";
        let failure = Failure::new(Stage::Send, "connection_terminated", reason);
        ticket.draft().failure = Some(broken(failure, true));
        self.upstream = None;
        Err(Missing::Dead)
    }

    async fn dial(
        &mut self,
        ticket: &mut Ticket,
        scheme: Scheme,
        target: &Target,
    ) -> Result<(), Failure> {
        let authority = &target.authority;
        let upstream = |leg, route, hop| Upstream {
            leg,
            scheme,
            authority: authority.clone(),
            route,
            hop,
            reused: false,
        };
        if let Some(inside) = self.shared.inside_for(target) {
            self.upstream = Some(upstream(
                Leg::new(inside.connect(self.peer.addr.ip())),
                None,
                None,
            ));
            return Ok(());
        }
        let dialed = self.shared.dialer.dial(scheme, authority).await;
        let draft = ticket.draft();
        let times = dialed
            .as_ref()
            .map_or_else(|failed| failed.times, |dialed| dialed.times);
        (draft.steps.resolve, draft.steps.connect, draft.steps.tls) =
            (times.resolve, times.connect, times.tls);
        match dialed {
            Ok(dialed) => {
                draft.way = Some(way(dialed.route));
                self.upstream = Some(upstream(dialed.leg, Some(dialed.route), dialed.hop));
                Ok(())
            }
            Err(failed) => {
                draft.way = failed.route.map(way);
                Err(failed.failure)
            }
        }
    }

    async fn carry(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
        routed: &Routed,
    ) -> Outcome {
        let Some(upstream) = &mut self.upstream else {
            return Outcome::Untold(Failure::new(
                Stage::Connect,
                "proxy_internal_error",
                "no connection",
            ));
        };
        let host = match routed.target.via {
            Via::Gateway => HostField::Of(upstream.scheme, &routed.target.authority),
            _ => HostField::AsSent,
        };
        let forwarded = match &upstream.hop {
            None => headers::request(&part.head, &routed.line_target, host),
            Some(hop) => {
                let authority = &routed.target.authority;
                let url = headers::absolute(upstream.scheme, authority, &routed.line_target);
                let mut forwarded = headers::request(&part.head, &url, host);
                headers::for_proxy(&mut forwarded, hop.field());
                forwarded
            }
        };
        let draft = ticket.draft();
        draft.fidelity.extend(forwarded.fidelity);
        draft.has_left = true;
        let shared = self.shared.clone();
        let terms = Terms {
            head: &part.head,
            forwarded: forwarded.bytes,
            reply_timeout: shared.reply_timeout,
            annotation: annotation(shared.annotate.as_ref(), part),
            answered_by: if shared.inside_for(&routed.target).is_some() {
                AnswerBy::Mock
            } else {
                AnswerBy::Origin
            },
            hop: upstream.hop.as_ref(),
            prefix: &|| Prefix::new(shared.body_limit, shared.budget.clone()),
        };
        carry(
            &mut self.leg,
            &mut upstream.leg,
            terms,
            ticket.draft(),
            announced,
        )
        .await
    }

    /// What the outcome of an exchange means for its record and for the connection.
    async fn conclude(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
        outcome: Outcome,
    ) -> After {
        let upstream = self.upstream.take();
        let reused = upstream.as_ref().is_some_and(|upstream| upstream.reused);
        match outcome {
            Outcome::Replied {
                upstream_open,
                client_open,
            } => {
                ticket.draft().conclude();
                self.upstream = upstream.filter(|_| upstream_open).map(|kept| Upstream {
                    reused: true,
                    ..kept
                });
                if client_open {
                    After::KeepOpen
                } else {
                    After::Close
                }
            }
            Outcome::Upgraded => {
                ticket.draft().conclude();
                self.relay_upgraded(upstream).await;
                After::Drop
            }
            Outcome::Untold(failure) => self.fail(ticket, announced, part, failure, reused).await,
            Outcome::Unsound(kind) => {
                let failure = Failure::of_client(ClientEnd::Unsound, kind.reason());
                let findings = looked::of_refusal(&Defect::whole(kind), &[]);
                let page = Page::unsound_body(kind, findings.first().map(|found| found.rule.code));
                let draft = ticket.draft();
                draft.failure = Some(broken(failure, reused));
                draft.refusal = findings;
                self.answer(ticket, announced, part, page).await
            }
            Outcome::Broken(failure) => {
                let draft = ticket.draft();
                draft.failure = Some(broken(failure, reused));
                let reply = draft.reply.as_ref();
                let framing = reply.map(|reply| reply.head.framing(part.head.method()));
                if framing == Some(Ok(Framing::Close)) {
                    After::Reset
                } else {
                    After::Drop
                }
            }
        }
    }

    /// A failure of which the client has seen nothing yet.
    async fn fail(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
        failure: Failure,
        reused: bool,
    ) -> After {
        let (stage, is_silent_death) = (failure.stage, failure.is_silent_death);
        let page = Page::failure(&failure);
        ticket.draft().failure = Some(broken(failure, reused));
        if stage == Stage::Client {
            return After::Close;
        }
        if reused && is_silent_death {
            // The origin closed between two replies: the client sees what it would have seen without us, and does
            // what it would have done. A 502 would be final in its eyes.
            return After::Drop;
        }
        self.answer(ticket, announced, part, page).await
    }

    /// A websocket: bytes both ways, until it ends.
    async fn relay_upgraded(&mut self, upstream: Option<Upstream>) {
        let Some(upstream) = upstream else { return };
        let nothing = Leg::new(Box::new(tokio::io::empty()));
        let (client, client_first) = std::mem::replace(&mut self.leg, nothing).into_parts();
        let (origin, origin_first) = upstream.leg.into_parts();
        let counts = Counts::default();
        let relaying = relay(
            Rewind::new(client_first, client),
            Rewind::new(origin_first, origin),
            &counts,
        );
        tokio::select! {
            _ = relaying => {}
            _ = self.stopping.wait_for(|stopping| *stopping) => {}
        }
    }

    /// Answers in the origin's place.
    async fn answer(
        &mut self,
        ticket: &mut Ticket,
        announced: &mut Announced,
        part: &RequestPart,
        page: Page,
    ) -> After {
        announced.written().await;
        ticket.draft().answer = Answer {
            by: AnswerBy::Nicetap,
            status: Some(page.status),
        };
        let has_body = !matches!(part.head.framing(), Framing::None | Framing::Length(0));
        let keep_open = part.head.keeps_alive() && !has_body && page.status >= 500;
        let bytes = page.render(part.head.method() != "HEAD", keep_open);
        match timeout(ANSWER_LIMIT, self.leg.writer.send(&bytes)).await {
            Ok(Ok(())) if keep_open => After::KeepOpen,
            Ok(Ok(())) => After::Close,
            _ => After::Drop,
        }
    }
}

/// Why there is no upstream connection.
enum Missing {
    /// The kept one has died, and the client is to see just that.
    Dead,
    /// A fresh one could not be made.
    Failed(Failure),
}

/// Whether a call may go out on a connection that has carried another: a paid one may not, since a connection that
/// dies under it leaves open whether it was carried out.
fn may_share(part: &RequestPart) -> bool {
    let call = &part.facts.call;
    let has_no_body = matches!(part.head.framing(), Framing::None | Framing::Length(0));
    call.risk == Risk::Read || (call.action.is_none() && has_no_body)
}

/// What the client is told of the findings, if it is to be told and there are any.
fn annotation(levels: Option<&Levels>, part: &RequestPart) -> Option<String> {
    let levels = levels?;
    let codes = part.findings.iter().map(|finding| finding.rule.code);
    let codes: Vec<&str> = codes.filter(|code| levels.shows(code)).collect();
    (!codes.is_empty()).then(|| codes.join(", "))
}

/// The worst finding of this family that the head has.
fn worst_of(part: &RequestPart, family: Family) -> Option<&'static str> {
    part.findings
        .iter()
        .find(|finding| finding.rule.family == family)
        .map(|finding| finding.rule.code)
}

pub(super) fn broken(failure: Failure, reused: bool) -> Broken {
    Broken {
        stage: failure.stage,
        reason: Raw::new(failure.reason.into()),
        reused,
        client: failure.client,
    }
}

pub(super) const fn way(route: Route) -> Way {
    Way {
        local: route.local,
        peer: route.peer,
        through_proxy: route.through_proxy,
    }
}

pub(super) const ANSWER_LIMIT: Duration = Duration::from_secs(10);
