//! The record: what a line of the log holds (SPEC 4; `docs/log-format.md`; `docs/nicetap-log.schema.json`).
//!
//! One type serves both directions. A live record is a `Record<Masked>`: its only text leaves are [`Masked`],
//! numbers, enums and `'static` words. A record read back from a log is a `Record<Logged>`: text that came from a
//! file and is shown again. `Masked` cannot be deserialised, so reading a log is no way round the seal.
use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::redact::seal::Masked;

// The words of a record, so that its readers need no other room.
pub use crate::catalogue::Risk;
pub use crate::client::ClientKind;
pub use crate::facts::{Environment, Via};
pub use crate::rule::{Confidence, Severity};

/// The version of the record format.
pub const VERSION: u8 = 1;

/// A text leaf.
pub trait Leaf: AsRef<str> + Serialize {
    /// The text, to be kept beyond the record.
    fn shared(&self) -> Arc<str>;
}

impl Leaf for Masked {
    fn shared(&self) -> Arc<str> {
        Self::shared(self)
    }
}

impl Leaf for Logged {
    fn shared(&self) -> Arc<str> {
        self.0.as_str().into()
    }
}

/// Text that was read back from a log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Logged(pub String);

impl AsRef<str> for Logged {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// One of our own words; borrowed when live, owned when read back.
pub type Word = Cow<'static, str>;

/// A line of the log. Serialises as the object that it holds; each begins with `v`, `event`, `time`.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Record<T> {
    /// nicetap began.
    Start(Box<Start<T>>),
    /// A request is about to be forwarded.
    Request(Box<Notice<T>>),
    /// An exchange is over.
    Exchange(Box<Exchange<T>>),
    /// A tunnel that was not looked into is over.
    Tunnel(Box<Tunnel<T>>),
    /// A connection that never became a request.
    Connection(Box<Connection<T>>),
    /// What echo services see of the outbound address, when that is news.
    Egress(Box<EgressNews<T>>),
    /// nicetap ends.
    Stop(Box<Stop>),
}

impl<T> Record<T> {
    /// The findings of what is over. Those of a `request` line stand in its `exchange` line too, and count there.
    pub fn final_findings(&self) -> &[Finding<T>] {
        match self {
            Self::Exchange(exchange) => &exchange.findings,
            Self::Tunnel(tunnel) => &tunnel.findings,
            Self::Connection(connection) => &connection.findings,
            Self::Start(_) | Self::Request(_) | Self::Egress(_) | Self::Stop(_) => &[],
        }
    }

    /// All findings, of a `request` line too; `None` where there can be none.
    pub fn findings_mut(&mut self) -> Option<&mut Vec<Finding<T>>> {
        match self {
            Self::Request(notice) => Some(&mut notice.findings),
            Self::Exchange(exchange) => Some(&mut exchange.findings),
            Self::Tunnel(tunnel) => Some(&mut tunnel.findings),
            Self::Connection(connection) => Some(&mut connection.findings),
            Self::Start(_) | Self::Egress(_) | Self::Stop(_) => None,
        }
    }
}

impl Record<Logged> {
    /// Reads one line of a log.
    pub fn parse(line: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Head {
            event: Event,
        }
        Ok(match serde_json::from_str::<Head>(line)?.event {
            Event::Start => Self::Start(serde_json::from_str(line)?),
            Event::Request => Self::Request(serde_json::from_str(line)?),
            Event::Exchange => Self::Exchange(serde_json::from_str(line)?),
            Event::Tunnel => Self::Tunnel(serde_json::from_str(line)?),
            Event::Connection => Self::Connection(serde_json::from_str(line)?),
            Event::Egress => Self::Egress(serde_json::from_str(line)?),
            Event::Stop => Self::Stop(serde_json::from_str(line)?),
        })
    }
}

/// What a line speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Event {
    /// [`Start`].
    Start,
    /// [`Notice`].
    Request,
    /// [`Exchange`].
    Exchange,
    /// [`Tunnel`].
    Tunnel,
    /// [`Connection`].
    Connection,
    /// [`EgressNews`].
    Egress,
    /// [`Stop`].
    Stop,
}

/// nicetap began.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Start<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `start`.
    pub event: Event,
    /// When.
    pub time: Time,
    /// nicetap's own version.
    pub version: Word,
    /// The proxy's addresses, as really bound.
    pub listen: Vec<SocketAddr>,
    /// The inspector's address, as really bound.
    pub ui: Option<SocketAddr>,
    /// The home directory.
    pub home: T,
    /// The log file; `null` with `--no-log`.
    pub log: Option<T>,
    /// The public copy of the CA's root.
    pub ca: Option<T>,
    /// The hosts that are looked into.
    pub intercept: Vec<T>,
    /// The addresses that the user entered at NiceNIC.
    pub whitelist: Vec<T>,
    /// The guard's mode.
    pub guard: Word,
    /// The environment that is expected.
    pub expect: Option<Word>,
    /// When looking ends.
    pub ends: Option<Time>,
    /// How values are masked.
    pub redaction: RedactionMode,
}

/// How values are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedactionMode {
    /// What happens to contact data: `show`, `shape` or `hide`.
    pub pii: Word,
    /// How far equal values have equal fingerprints: `install` or `session`.
    pub fingerprints: Word,
    /// What happens to user names: `show` or `hide`.
    pub username: Word,
}

/// A request is about to be forwarded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Notice<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `request`.
    pub event: Event,
    /// When its head was whole.
    pub time: Time,
    /// The number that its `exchange` line has too.
    pub id: u64,
    /// Who sent it.
    pub client: Client<T>,
    /// Its head.
    pub request: RequestHead<T>,
    /// What it asks for.
    pub call: Call<T>,
    /// What is wrong with it, as far as the head tells.
    pub findings: Vec<Finding<T>>,
}

/// An exchange is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Exchange<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `exchange`.
    pub event: Event,
    /// When it was over.
    pub time: Time,
    /// Its number; counts all exchanges, tunnels and connections of a run.
    pub id: u64,
    /// Who sent it.
    pub client: Client<T>,
    /// What was sent.
    pub request: Request<T>,
    /// What it asked for.
    pub call: Call<T>,
    /// What is wrong, worst first.
    pub findings: Vec<Finding<T>>,
    /// The way out that it took.
    pub egress: Egress<T>,
    /// The reply; `null` if none came.
    pub response: Option<Response<T>>,
    /// Who answered the client.
    pub answer: Answer,
    /// Where it failed, if it did.
    pub failure: Option<Failure<T>>,
    /// What to make of it.
    pub diagnosis: Diagnosis<T>,
    /// How long it took.
    pub timing: Timing,
    /// What the proxy changed on the way.
    pub fidelity: Vec<Word>,
    /// What was masked.
    pub redaction: Redaction,
}

/// Who sent it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Client<T> {
    /// The peer's address.
    pub addr: SocketAddr,
    /// The User-Agent header.
    pub user_agent: Option<T>,
    /// How it reached the proxy; `null` where no request came of it.
    pub via: Option<Via>,
    /// The user id of the process, on this machine.
    pub uid: Option<u32>,
    /// The user's name.
    pub user: Option<T>,
    /// The process id.
    pub pid: Option<u32>,
    /// The process's name, or the FPM pool: `php-fpm pool www`.
    pub process: Option<T>,
    /// What kind of program it is.
    pub kind: Option<ClientKind>,
}

/// A request's head.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestHead<T> {
    /// The method.
    pub method: T,
    /// The URL, masked.
    pub url: T,
    /// `HTTP/1.1`.
    pub http: Word,
    /// Names and masked values, in their order.
    pub headers: Vec<(T, T)>,
}

/// A request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Request<T> {
    /// The method.
    pub method: T,
    /// The URL, masked.
    pub url: T,
    /// `HTTP/1.1`.
    pub http: Word,
    /// Names and masked values, in their order.
    pub headers: Vec<(T, T)>,
    /// The body; `null` if there is none.
    pub body: Option<Body<T>>,
    /// Bytes of the head as sent.
    pub head_bytes: u64,
}

/// A body.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Body<T> {
    /// Payload bytes that went past.
    pub size: u64,
    /// Payload bytes that were copied.
    pub captured: u64,
    /// Whether less was copied than went past.
    pub truncated: bool,
    /// The Content-Type header.
    #[serde(rename = "type")]
    pub content_type: Option<T>,
    /// The masked text, if it is text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<T>,
    /// What it is, if it cannot be shown as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<T>,
}

/// What a request asks for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Call<T> {
    /// Which of NiceNIC's systems.
    pub environment: Environment,
    /// The `category` parameter.
    pub category: Option<T>,
    /// The `action` parameter.
    pub action: Option<T>,
    /// What it can do.
    pub risk: Risk,
    /// The domain names it speaks of.
    pub domains: Vec<T>,
    /// The credential, if one was found.
    pub credential: Option<Credential<T>>,
}

/// A credential, as far as it may be shown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Credential<T> {
    /// The user name.
    pub username: T,
    /// The secret's mask: equal secrets have equal masks on this machine.
    pub fingerprint: T,
    /// Which of the secrets given with `--know` it is.
    pub is: Option<Word>,
    /// How it differs from one of them.
    pub differs: Option<Word>,
}

/// A rule that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding<T> {
    /// The rule's code.
    pub code: Word,
    /// The rule's name.
    pub name: Word,
    /// How bad it is.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// The place: `header Authorization`, `param domains`, `body line 3 column 7`, …
    pub at: T,
    /// What was seen.
    pub seen: T,
    /// What was wanted instead.
    pub want: T,
    /// What to do.
    pub fix: T,
    /// The number of the cause in NiceNIC's article, or a word.
    pub cause: Option<Word>,
}

impl<T> Finding<T> {
    /// The order in which findings are shown: severity, then confidence, then code.
    pub fn rank(&self) -> (Severity, Confidence, &str) {
        (self.severity, self.confidence, &self.code)
    }
}

/// The way out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Egress<T> {
    /// Our address on the upstream connection; `null` if none was made.
    pub local: Option<SocketAddr>,
    /// The origin's address.
    pub peer: Option<SocketAddr>,
    /// The family of both.
    pub family: Option<AddressFamily>,
    /// Who chose the outbound address.
    pub chosen_by: Word,
    /// What echo services saw; `null`: not asked.
    pub public: Option<Public<T>>,
    /// Whether the outbound address is in the list; `null`: not known.
    pub whitelisted: Option<bool>,
    /// The list, as far as it was given.
    pub whitelist: Whitelist<T>,
}

/// What echo services saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Public<T> {
    /// The address seen over IPv4.
    pub v4: Option<IpAddr>,
    /// The address seen over IPv6.
    pub v6: Option<IpAddr>,
    /// When.
    pub at: Time,
    /// By whom.
    pub seen_by: Vec<T>,
    /// Other addresses seen.
    pub others: Vec<IpAddr>,
}

/// The addresses seen, by whether they are in the user's list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Whitelist<T> {
    /// Seen, and in the list.
    pub inside: Vec<T>,
    /// Seen, and not in the list.
    pub outside: Vec<T>,
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressFamily {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl AddressFamily {
    /// The family of this address; an IPv4 address inside IPv6 counts as IPv4.
    pub fn of(addr: &SocketAddr) -> Self {
        if addr.ip().to_canonical().is_ipv4() {
            Self::V4
        } else {
            Self::V6
        }
    }
}

/// A reply.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Response<T> {
    /// The status.
    pub status: u16,
    /// `HTTP/1.1`.
    pub http: Word,
    /// Names and masked values, in their order.
    pub headers: Vec<(T, T)>,
    /// The body; `null` if there is none.
    pub body: Option<Body<T>>,
    /// NiceNIC's envelope, if the body is one.
    pub envelope: Option<Envelope<T>>,
    /// Statuses of the informational replies before it.
    pub informational: Vec<u16>,
}

/// NiceNIC's envelope.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Envelope<T> {
    /// The body code.
    pub code: i64,
    /// The message.
    pub msg: T,
}

/// Who answered the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Who.
    pub by: AnswerBy,
    /// The status; `null` if nobody answered.
    pub status: Option<u16>,
}

/// Who answered the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AnswerBy {
    /// The server.
    Origin,
    /// nicetap itself.
    Nicetap,
    /// The built-in mock.
    Mock,
    /// Nobody: the connection was closed.
    Nobody,
}

/// Where an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure<T> {
    /// On the way.
    pub stage: Stage,
    /// Why, for a human.
    pub reason: T,
    /// Whether the upstream connection had carried a reply before.
    pub reused: bool,
}

/// The stages of an exchange at which it can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Finding the origin's addresses.
    Resolve,
    /// Reaching one of them.
    Connect,
    /// Agreeing on TLS.
    Tls,
    /// Sending the request.
    Send,
    /// Receiving the reply.
    Receive,
    /// The client's side.
    Client,
}

/// What to make of an exchange.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Diagnosis<T> {
    /// In one word.
    pub verdict: Verdict,
    /// The likely causes, first the likeliest.
    pub causes: Vec<Cause<T>>,
    /// The nearest call that worked.
    pub compared_with: Option<ComparedWith<T>>,
}

/// What to make of an exchange, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Done.
    Ok,
    /// Accepted, not finished: must not be sent again.
    Pending,
    /// The login or the address was refused.
    Refused,
    /// The request was refused.
    Rejected,
    /// The reply is unusable, or a server's error.
    Failed,
    /// The server was not reached.
    Unreachable,
    /// nicetap answered instead of forwarding.
    Held,
    /// The client went away first.
    Aborted,
}

/// A likely cause.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cause<T> {
    /// `"1"` to `"8"` of NiceNIC's article, or a word.
    pub cause: Word,
    /// In words.
    pub title: Word,
    /// Who must act.
    pub who: Who,
    /// How likely.
    pub likelihood: Confidence,
    /// What speaks for it.
    pub evidence_for: Vec<T>,
    /// What speaks against it.
    pub evidence_against: Vec<T>,
    /// What to do.
    pub fix: T,
}

/// Who must act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Who {
    /// The reader.
    You,
    /// The hosting provider.
    Host,
    /// NiceNIC.
    Nicenic,
}

/// The nearest call that worked.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ComparedWith<T> {
    /// Its number.
    pub id: u64,
    /// What differs.
    pub differences: Vec<T>,
}

/// How long the steps took, in milliseconds; `null`: the step was not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Finding the origin's addresses.
    pub dns_ms: Option<f64>,
    /// Reaching one of them.
    pub connect_ms: Option<f64>,
    /// Agreeing on TLS.
    pub tls_ms: Option<f64>,
    /// From the request's last byte to the reply's first.
    pub wait_ms: Option<f64>,
    /// From the reply's first byte to its last.
    pub receive_ms: Option<f64>,
    /// From the request's whole head to the end.
    pub total_ms: f64,
}

/// What was masked in a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Redaction {
    /// How many masks it holds.
    pub masked: u64,
    /// The kinds of them, sorted.
    pub rules: Vec<Word>,
}

/// A tunnel that was not looked into is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tunnel<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `tunnel`.
    pub event: Event,
    /// When it was over.
    pub time: Time,
    /// Its number.
    pub id: u64,
    /// Who asked for it.
    pub client: Client<T>,
    /// The host that the CONNECT named.
    pub host: T,
    /// The port that it named.
    pub port: u16,
    /// Why it was not looked into.
    pub why: TunnelWhy,
    /// The upstream connection.
    pub egress: TunnelEgress,
    /// Bytes that went through.
    pub bytes: TunnelBytes,
    /// How long it stood.
    pub duration_ms: f64,
    /// How it ended: `client`, `origin`, `error`, `shutdown`, or `failed` if it never stood.
    pub end: Word,
    /// Where it failed, if it did.
    pub failure: Option<Failure<T>>,
    /// What is wrong with the host name.
    pub findings: Vec<Finding<T>>,
}

/// Why a tunnel was not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TunnelWhy {
    /// The host is out of scope.
    Scope,
    /// The client refused our certificate a moment ago.
    Distrust,
    /// The time for looking is over.
    Expired,
    /// What the client sent inside is neither TLS nor HTTP.
    Sniff,
}

/// A tunnel's upstream connection.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct TunnelEgress {
    /// Our address.
    pub local: Option<SocketAddr>,
    /// The origin's address.
    pub peer: Option<SocketAddr>,
    /// The family of both.
    pub family: Option<AddressFamily>,
}

/// Bytes that went through a tunnel.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct TunnelBytes {
    /// From the client.
    pub up: u64,
    /// To the client.
    pub down: u64,
}

/// A connection that never became a request.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Connection<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `connection`.
    pub event: Event,
    /// When.
    pub time: Time,
    /// Its number.
    pub id: u64,
    /// Who made it.
    pub client: Client<T>,
    /// The host, where known.
    pub host: Option<T>,
    /// How far it came.
    pub stage: ConnectionStage,
    /// Why it ended there.
    pub reason: T,
    /// What was received, masked.
    pub raw: Option<RawText<T>>,
    /// The status that was answered.
    pub answered: Option<u16>,
    /// What is wrong.
    pub findings: Vec<Finding<T>>,
}

/// How far a connection came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectionStage {
    /// The request's head.
    Head,
    /// What comes first inside a CONNECT.
    Sniff,
    /// The TLS handshake with the client.
    Tls,
    /// The proxy's own credential.
    ProxyAuth,
}

/// Bytes as text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RawText<T> {
    /// The masked text.
    pub text: T,
    /// How many bytes were received.
    pub bytes: u64,
    /// Whether the text is shorter.
    pub truncated: bool,
}

/// What echo services see of the outbound address: once at the start, then whenever it changes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EgressNews<T> {
    /// [`VERSION`].
    pub v: u8,
    /// `egress`.
    pub event: Event,
    /// When.
    pub time: Time,
    /// What they see; `null`: none answered.
    pub public: Option<Public<T>>,
    /// What they saw before; `null` the first time.
    pub changed_from: Option<Addresses>,
    /// Why they were asked: `start`, `refusal`, `local-address`, `interval`.
    pub why: Word,
    /// The questions that found no answer, each with its reason.
    pub unanswered: Vec<T>,
}

/// Outbound addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Over IPv4.
    pub v4: Option<IpAddr>,
    /// Over IPv6.
    pub v6: Option<IpAddr>,
}

/// nicetap ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// [`VERSION`].
    pub v: u8,
    /// `stop`.
    pub event: Event,
    /// When.
    pub time: Time,
    /// Exchanges recorded.
    pub exchanges: u64,
    /// Tunnels recorded.
    pub tunnels: u64,
    /// Connections recorded.
    pub connections: u64,
    /// How often each rule fired.
    pub findings: std::collections::BTreeMap<Word, u64>,
    /// How often each rule fired that the user has hidden.
    #[serde(default)]
    pub hidden: std::collections::BTreeMap<Word, u64>,
    /// How often each verdict was given.
    pub verdicts: std::collections::BTreeMap<Verdict, u64>,
    /// Exchanges, tunnels and connections that passed without a record.
    pub not_recorded: u64,
    /// Requests that were answered before their `request` line was written.
    pub late_lines: u64,
    /// What still has to be undone.
    pub undo: Vec<Word>,
}
