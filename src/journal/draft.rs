//! What the wire gathers of an exchange: raw, and gone as soon as its record is sealed.
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, oneshot};

use crate::capture::Prefix;
use crate::client::Sender;
use crate::clock::Time;
use crate::egress::News;
use crate::facts;
use crate::http1::{ReplyHead, RequestHead};
use crate::redact::seal::{Masked, Raw};
use crate::redact::{Redactor, Tally};
use crate::rule::Finding;

use crate::record::{
    self, Answer, AnswerBy, Both, Call, Client, ConnectionStage, Stage, Start, TunnelBytes,
    TunnelWhy, Word,
};

/// The client's side of a connection.
pub struct Peer {
    /// Its address.
    pub addr: SocketAddr,
    /// Whether it is on this machine.
    pub is_here: bool,
    /// Who it is; filled in while its first request is on its way.
    pub sender: OnceLock<Sender>,
    /// Rings when `sender` has been filled in.
    pub found: Notify,
}

/// What is known of a request when its head is whole.
pub struct RequestPart {
    /// When the head was whole.
    pub time: Time,
    /// The client.
    pub peer: Arc<Peer>,
    /// The head, as sent.
    pub head: RequestHead,
    /// Path and query, as sent.
    pub path_and_query: Raw<Box<[u8]>>,
    /// The server name of the TLS hello.
    pub sni: Option<Box<str>>,
    /// What was derived from the head.
    pub facts: facts::Request,
    /// What the rules say of the head.
    pub findings: Vec<Finding>,
    /// What the writer has sealed of it for the `request` line, and uses again for the `exchange` line.
    /// Boxed: in larger pieces than a KiB the allocator keeps no stock, and each request would pay for it.
    pub(super) sealed: OnceLock<Box<SealedPart>>,
}

impl RequestPart {
    /// A request whose head was whole at this time.
    pub fn new(
        time: Time,
        peer: Arc<Peer>,
        head: RequestHead,
        path_and_query: Raw<Box<[u8]>>,
        sni: Option<Box<str>>,
        facts: facts::Request,
        findings: Vec<Finding>,
    ) -> Self {
        let sealed = OnceLock::new();
        Self {
            time,
            peer,
            head,
            path_and_query,
            sni,
            facts,
            findings,
            sealed,
        }
    }
}

/// The sealed form of a request's head.
pub(super) struct SealedPart {
    /// [`Redactor::learned`] when it was made.
    pub(super) learned: u32,
    pub(super) client: Both<Client<Masked>>,
    pub(super) head: record::RequestHead<Masked>,
    pub(super) call: Both<Call<Masked>>,
    pub(super) findings: Vec<record::Finding<Masked>>,
    pub(super) tally: Tally,
}

/// A reply, as it came.
pub struct ReplyPart {
    /// The head, as sent.
    pub head: ReplyHead,
    /// The body; `None` if there is none.
    pub body: Option<Prefix>,
}

/// The way out that an exchange took.
#[derive(Clone, Copy)]
pub struct Way {
    /// Our address.
    pub local: SocketAddr,
    /// The origin's, or the other proxy's.
    pub peer: SocketAddr,
    /// Whether another proxy stands between, and chooses the outbound address.
    pub through_proxy: bool,
}

/// A failure on the way.
pub struct Broken {
    /// Where.
    pub stage: Stage,
    /// Why; host names and addresses may stand in it.
    pub reason: Raw<Box<str>>,
    /// Whether the upstream connection had carried a reply before.
    pub reused: bool,
    /// What the client did, where it was the client.
    pub client: Option<ClientEnd>,
}

/// How a client ends an exchange before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientEnd {
    /// It closed, or its connection broke.
    Left,
    /// It sent nothing for too long.
    Silent,
    /// What it sent is not sound.
    Unsound,
}

/// Durations of the steps.
#[derive(Clone, Copy, Default)]
pub struct Steps {
    /// Finding the origin's addresses.
    pub resolve: Option<Duration>,
    /// Reaching one of them.
    pub connect: Option<Duration>,
    /// Agreeing on TLS.
    pub tls: Option<Duration>,
    /// From the request's last byte to the reply's first.
    pub wait: Option<Duration>,
    /// From the reply's first byte to its last.
    pub receive: Option<Duration>,
    /// From the request's whole head to the end.
    pub total: Duration,
}

/// What the wire gathers of an exchange.
pub struct Draft {
    /// The request's head.
    pub request: Arc<RequestPart>,
    /// The request's body; `None` if there is none.
    pub request_body: Option<Prefix>,
    /// The reply.
    pub reply: Option<ReplyPart>,
    /// Statuses of the informational replies before it.
    pub informational: Vec<u16>,
    /// Who answered the client.
    pub answer: Answer,
    /// Where it failed.
    pub failure: Option<Broken>,
    /// What the rules say of a body that turned out unsound on its way.
    pub refusal: Vec<Finding>,
    /// The way out.
    pub way: Option<Way>,
    /// Durations.
    pub steps: Steps,
    /// What the proxy changed.
    pub fidelity: Vec<Word>,
    /// Whether the origin sent no `100 Continue` to a client that waited for it.
    pub continue_missed: bool,
    /// What the guard knows, once the body has been seen too.
    pub safety: facts::Safety,
    /// Whether a byte of the request may have left.
    pub has_left: bool,
    began: Instant,
    is_over: bool,
}

impl Draft {
    /// An exchange of which nothing but the request's head is known.
    pub fn new(request: Arc<RequestPart>) -> Self {
        Self {
            safety: request.facts.safety,
            has_left: false,
            request,
            request_body: None,
            reply: None,
            informational: Vec::new(),
            answer: Answer {
                by: AnswerBy::Nobody,
                status: None,
            },
            failure: None,
            refusal: Vec::new(),
            way: None,
            steps: Steps::default(),
            fidelity: Vec::new(),
            continue_missed: false,
            began: Instant::now(),
            is_over: false,
        }
    }

    /// Says that the exchange came to an end of its own; without it, it was broken off.
    pub fn conclude(&mut self) {
        self.is_over = true;
    }

    /// Fills in what every record has, however the exchange ended.
    pub(super) fn finish(&mut self) {
        self.steps.total = self.began.elapsed();
        if self.is_over || self.failure.is_some() {
            return;
        }
        let reason = if std::thread::panicking() {
            "a bug in nicetap broke the exchange off"
        } else {
            "nicetap stopped before the exchange was over"
        };
        let reason = Raw::new(reason.into());
        self.failure = Some(Broken {
            stage: Stage::Client,
            reason,
            reused: false,
            client: None,
        });
    }
}

/// A tunnel that was not looked into.
pub struct TunnelDraft {
    /// The client.
    pub peer: Arc<Peer>,
    /// The host and port that were asked for.
    pub target: facts::Target,
    /// Why it was not looked into.
    pub why: TunnelWhy,
    /// The way out.
    pub way: Option<Way>,
    /// Bytes that went through.
    pub bytes: TunnelBytes,
    /// How long it stood.
    pub duration: Duration,
    /// How it ended.
    pub end: Word,
    /// Where it failed.
    pub failure: Option<Broken>,
    /// What the rules say of the host.
    pub findings: Vec<Finding>,
}

/// A connection that never became a request.
pub struct ConnectionDraft {
    /// The client.
    pub peer: Arc<Peer>,
    /// The host, where known.
    pub host: Option<Raw<Box<str>>>,
    /// How far it came.
    pub stage: ConnectionStage,
    /// Why it ended there.
    pub reason: &'static str,
    /// What was received.
    pub raw: Option<Raw<bytes::Bytes>>,
    /// The status that was answered.
    pub answered: Option<u16>,
    /// What the rules say.
    pub findings: Vec<Finding>,
}

/// Builds the `start` line, with the writer's redactor.
pub(super) struct StartLine(pub(super) Box<StartBuilder>);

type StartBuilder = dyn FnOnce(&mut Redactor) -> Start<Masked> + Send;

/// What travels to the writer.
pub(super) enum Event {
    Start(StartLine, oneshot::Sender<()>),
    Request {
        id: u64,
        part: Arc<RequestPart>,
        written: oneshot::Sender<()>,
    },
    Exchange {
        id: u64,
        draft: Box<Draft>,
    },
    Tunnel {
        id: u64,
        draft: Box<TunnelDraft>,
    },
    Connection {
        id: u64,
        draft: Box<ConnectionDraft>,
    },
    Egress(Box<News>),
    Reopen,
    Stop {
        undo: Vec<Word>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_to_the_writer_fits_the_allocators_stock() {
        // Beyond a KiB glibc's allocator keeps no stock for a thread, and tidies up at each request.
        let counts = 2 * size_of::<usize>();
        for size in [
            size_of::<RequestPart>() + counts,
            size_of::<Draft>(),
            size_of::<record::Exchange<Masked>>(),
        ] {
            assert!(size <= 1032, "{size}");
        }
    }
}
