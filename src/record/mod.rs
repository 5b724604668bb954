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

mod both;
mod exchange;

pub use both::Both;
pub use exchange::*;

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
