//! An exchange, as its two lines tell it: who sent what, what came back, and what to make of it.
use std::net::{IpAddr, SocketAddr};

use serde::{Deserialize, Serialize};

use crate::clock::Time;

use super::{Both, ClientKind, Confidence, Environment, Event, Leaf, Risk, Severity, Via, Word};

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
    pub client: Both<Client<T>>,
    /// Its head.
    pub request: RequestHead<T>,
    /// What it asks for.
    pub call: Both<Call<T>>,
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
    pub client: Both<Client<T>>,
    /// What was sent.
    pub request: Request<T>,
    /// What it asked for.
    pub call: Both<Call<T>>,
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
    pub headers: Both<Vec<(T, T)>>,
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
    pub headers: Both<Vec<(T, T)>>,
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

impl<T: Leaf> ComparedWith<T> {
    /// What is told of it: what differs most, and how many more there are.
    pub fn told(&self) -> Vec<String> {
        let all = self.differences.iter();
        let mut told: Vec<String> = all.map(|it| it.as_ref().to_owned()).collect();
        if told.len() > MOST_TOLD {
            let more = told.split_off(MOST_TOLD).len();
            told.push(format!("{more} more"));
        }
        told
    }
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

/// Differences that are told of two calls.
const MOST_TOLD: usize = 6;
