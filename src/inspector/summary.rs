//! One line for a record: what the list shows, and what `/events` and `GET /exchanges` give.
use std::net::IpAddr;

use serde::Serialize;

use crate::clock::Time;
use crate::record::{
    AddressFamily, Answer, Call, Cause, Confidence, Egress, Environment, Event, Exchange, Finding,
    Record, Risk, Severity, Verdict, Word,
};
use crate::redact::seal::Masked;
use crate::rules;
use crate::sink::history::Entry;

/// One line for a record.
#[derive(Serialize)]
pub(super) struct Summary<'a> {
    pub(super) id: u64,
    pub(super) seq: u64,
    pub(super) event: Event,
    /// When it began.
    pub(super) time: Time,
    pub(super) marked: bool,
    pub(super) environment: Option<Environment>,
    pub(super) method: Option<&'a str>,
    pub(super) host: Option<&'a str>,
    pub(super) category: Option<&'a str>,
    pub(super) action: Option<&'a str>,
    pub(super) domains: Vec<&'a str>,
    pub(super) risk: Option<Risk>,
    pub(super) verdict: Option<Verdict>,
    /// The likeliest cause.
    pub(super) cause: Option<CauseLine<'a>>,
    /// The worst finding.
    pub(super) finding: Option<FindingLine<'a>>,
    /// How many findings there are.
    pub(super) findings: usize,
    /// Who answered, with which status.
    pub(super) answer: Option<Answer>,
    /// The body code.
    pub(super) code: Option<i64>,
    /// The message beside it, or the reason of a failure.
    pub(super) message: Option<&'a str>,
    pub(super) ms: Option<f64>,
    /// The outbound address; `null`: not known.
    pub(super) ip: Option<IpAddr>,
    /// Whether that is in the user's list; `null`: not known.
    pub(super) whitelisted: Option<bool>,
}

/// A finding in one line.
#[derive(Serialize)]
pub(super) struct FindingLine<'a> {
    pub(super) code: &'a Word,
    pub(super) name: &'a Word,
    pub(super) severity: Severity,
    /// What the rule says of itself, in one line.
    pub(super) title: &'a str,
}

/// A cause in one line.
#[derive(Serialize)]
pub(super) struct CauseLine<'a> {
    pub(super) cause: &'a Word,
    pub(super) title: &'a Word,
    pub(super) likelihood: Confidence,
}

impl<'a> Summary<'a> {
    pub(super) fn of(entry: &'a Entry) -> Self {
        let base = Self {
            id: entry.id,
            seq: entry.seq,
            marked: entry.is_marked,
            ..Self::empty()
        };
        match &*entry.record {
            Record::Request(it) => Self {
                event: it.event,
                time: it.time,
                method: Some(it.request.method.as_str()),
                host: host_of(it.request.url.as_str()),
                ..base.call(&it.call).found(&it.findings)
            },
            Record::Exchange(it) => base.call(&it.call).found(&it.findings).exchange(it),
            Record::Tunnel(it) => Self {
                event: it.event,
                time: earlier(it.time, it.duration_ms),
                host: Some(it.host.as_str()),
                ms: Some(it.duration_ms),
                message: it.failure.as_ref().map(|failure| failure.reason.as_str()),
                ..base.found(&it.findings)
            },
            Record::Connection(it) => Self {
                event: it.event,
                time: it.time,
                host: it.host.as_ref().map(Masked::as_str),
                message: Some(it.reason.as_str()),
                ..base.found(&it.findings)
            },
            Record::Start(_) | Record::Egress(_) | Record::Stop(_) => base,
        }
    }

    fn empty() -> Self {
        Self {
            id: 0,
            seq: 0,
            event: Event::Stop,
            time: Time::from_millis(0),
            marked: false,
            environment: None,
            method: None,
            host: None,
            category: None,
            action: None,
            domains: Vec::new(),
            risk: None,
            verdict: None,
            cause: None,
            finding: None,
            findings: 0,
            answer: None,
            code: None,
            message: None,
            ms: None,
            ip: None,
            whitelisted: None,
        }
    }

    fn call(self, call: &'a Call<Masked>) -> Self {
        Self {
            environment: Some(call.environment),
            category: call.category.as_ref().map(Masked::as_str),
            action: call.action.as_ref().map(Masked::as_str),
            domains: call.domains.iter().map(Masked::as_str).collect(),
            risk: Some(call.risk),
            ..self
        }
    }

    fn found(self, findings: &'a [Finding<Masked>]) -> Self {
        Self {
            finding: findings.first().map(|worst| FindingLine {
                code: &worst.code,
                name: &worst.name,
                severity: worst.severity,
                title: title(worst),
            }),
            findings: findings.len(),
            ..self
        }
    }

    fn exchange(self, it: &'a Exchange<Masked>) -> Self {
        let envelope = it
            .response
            .as_ref()
            .and_then(|reply| reply.envelope.as_ref());
        let failure = it.failure.as_ref().map(|failure| failure.reason.as_str());
        Self {
            event: it.event,
            time: earlier(it.time, it.timing.total_ms),
            method: Some(it.request.method.as_str()),
            host: host_of(it.request.url.as_str()),
            verdict: Some(it.diagnosis.verdict),
            cause: it.diagnosis.causes.first().map(CauseLine::of),
            answer: Some(it.answer),
            code: envelope.map(|envelope| envelope.code),
            message: envelope.map(|envelope| envelope.msg.as_str()).or(failure),
            ms: Some(it.timing.total_ms),
            ip: outbound(&it.egress),
            whitelisted: it.egress.whitelisted,
            ..self
        }
    }
}

impl<'a> CauseLine<'a> {
    fn of(cause: &'a Cause<Masked>) -> Self {
        Self {
            cause: &cause.cause,
            title: &cause.title,
            likelihood: cause.likelihood,
        }
    }
}

/// What the rule of a finding says of itself in one line.
pub(super) fn title(finding: &Finding<Masked>) -> &str {
    rules::find(&finding.code).map_or(&*finding.name, |rule| rule.summary)
}

/// The address that the server saw, as far as echo services tell.
pub(super) fn outbound(egress: &Egress<Masked>) -> Option<IpAddr> {
    let public = egress.public.as_ref()?;
    match egress.family {
        Some(AddressFamily::V4) => public.v4,
        Some(AddressFamily::V6) => public.v6,
        None => public.v4.or(public.v6),
    }
}

/// The moment so many milliseconds before.
pub(super) fn earlier(time: Time, millis: f64) -> Time {
    #[expect(clippy::cast_possible_truncation, reason = "no call takes that long")]
    let millis = millis.round() as i64;
    Time::from_millis(time.as_millis() - millis)
}

/// The host of a URL, without port.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.find(']') {
        Some(end) => Some(&host[..=end]),
        None => host.split(':').next(),
    }
}
