//! The keys of the language, and what each stands for in a record.
use std::borrow::Cow;

use crate::record::{
    Call, Client, Event, Exchange, Failure, Finding, Leaf, Record, Word as OwnWord,
};
use crate::sink::block::word;

/// A key of the language.
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) aliases: &'static [&'static str],
    pub(super) id: Name,
    pub(super) kind: Kind,
    pub(super) doc: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Action,
    Agent,
    By,
    Category,
    Cause,
    Code,
    Domain,
    Env,
    Event,
    Finding,
    Host,
    Id,
    Ip,
    Listed,
    Method,
    Ms,
    Msg,
    Process,
    Risk,
    Severity,
    Stage,
    Status,
    Url,
    User,
    Username,
    Verdict,
    Via,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    /// Text and numbers.
    Both,
    OneOf(&'static [&'static str]),
}

/// A value of a record.
#[derive(Clone)]
pub(super) enum Value<'a> {
    Text(Cow<'a, str>),
    Number(f64),
}

/// The parts of a record that keys speak of; `None`: this kind of record has no such part.
pub(super) struct View<'a, T> {
    event: Event,
    id: Option<u64>,
    client: Option<&'a Client<T>>,
    target: Option<(&'a T, &'a T)>,
    call: Option<&'a Call<T>>,
    findings: Option<&'a [Finding<T>]>,
    exchange: Option<&'a Exchange<T>>,
    host: Option<Vec<Value<'a>>>,
    stage: Option<Vec<Value<'a>>>,
    millis: Option<f64>,
}

impl<'a, T: Leaf> View<'a, T> {
    pub(super) fn of(record: &'a Record<T>) -> Self {
        let empty = Self {
            event: Event::Start,
            id: None,
            client: None,
            target: None,
            call: None,
            findings: None,
            exchange: None,
            host: None,
            stage: None,
            millis: None,
        };
        match record {
            Record::Start(_) => empty,
            Record::Egress(it) => Self {
                event: it.event,
                ..empty
            },
            Record::Stop(it) => Self {
                event: it.event,
                ..empty
            },
            Record::Request(it) => Self {
                event: it.event,
                id: Some(it.id),
                client: Some(&it.client),
                target: Some((&it.request.method, &it.request.url)),
                call: Some(&it.call),
                findings: Some(&it.findings),
                host: Some(some(host_of(it.request.url.as_ref()))),
                ..empty
            },
            Record::Exchange(it) => Self {
                event: it.event,
                id: Some(it.id),
                client: Some(&it.client),
                target: Some((&it.request.method, &it.request.url)),
                call: Some(&it.call),
                findings: Some(&it.findings),
                exchange: Some(it),
                host: Some(some(host_of(it.request.url.as_ref()))),
                stage: Some(stage(it.failure.as_ref())),
                millis: Some(it.timing.total_ms),
            },
            Record::Tunnel(it) => Self {
                event: it.event,
                id: Some(it.id),
                client: Some(&it.client),
                findings: Some(&it.findings),
                host: Some(text([&it.host])),
                stage: Some(stage(it.failure.as_ref())),
                millis: Some(it.duration_ms),
                ..empty
            },
            Record::Connection(it) => Self {
                event: it.event,
                id: Some(it.id),
                client: Some(&it.client),
                findings: Some(&it.findings),
                host: Some(text(&it.host)),
                ..empty
            },
        }
    }

    /// The values that a key stands for; `None` if this kind of record has no such key.
    pub(super) fn values(&self, name: Name) -> Option<Vec<Value<'a>>> {
        let exchange = self.exchange;
        let reply = exchange.map(|it| it.response.as_ref());
        Some(match name {
            Name::Event => one(word(self.event)),
            #[expect(
                clippy::cast_precision_loss,
                reason = "no run counts to 2^53 exchanges"
            )]
            Name::Id => vec![Value::Number(self.id? as f64)],
            Name::Method => text(Some(self.target?.0)),
            Name::Url => text(Some(self.target?.1)),
            Name::Host => return self.host.clone(),
            Name::Category => text(self.call?.category.as_ref()),
            Name::Action => text(self.call?.action.as_ref()),
            Name::Env => one(word(self.call?.environment)),
            Name::Risk => one(word(self.call?.risk)),
            Name::Domain => text(&self.call?.domains),
            Name::Username => text(self.call?.credential.as_ref().map(|it| &it.username)),
            Name::Code => {
                let findings = self.findings?.iter();
                let codes = findings.map(|it| Value::Text(Cow::Borrowed(&*it.code)));
                let envelope = reply.flatten().and_then(|it| it.envelope.as_ref());
                #[expect(clippy::cast_precision_loss, reason = "the documented codes are small")]
                let own = envelope.map(|it| Value::Number(it.code as f64));
                codes.chain(own).collect()
            }
            Name::Finding => words(self.findings?.iter().map(|it| &it.name)),
            Name::Severity => {
                let findings = self.findings?.iter();
                findings
                    .map(|it| Value::Text(word(it.severity).into()))
                    .collect()
            }
            Name::Status => number(exchange?.answer.status.map(f64::from)),
            Name::Msg => text(reply?.and_then(|it| it.envelope.as_ref()).map(|it| &it.msg)),
            Name::By => one(word(exchange?.answer.by)),
            Name::Verdict => one(word(exchange?.diagnosis.verdict)),
            Name::Cause => words(exchange?.diagnosis.causes.iter().map(|it| &it.cause)),
            Name::Stage => return self.stage.clone(),
            Name::Ms => number(self.millis),
            Name::Ip => addresses(exchange?),
            Name::Listed => {
                let listed = exchange?.egress.whitelisted;
                some(listed.map(|yes| if yes { "yes" } else { "no" }))
            }
            Name::Process => text(self.client?.process.as_ref()),
            Name::User => text(self.client?.user.as_ref()),
            Name::Agent => text(self.client?.user_agent.as_ref()),
            Name::Via => self
                .client?
                .via
                .map(|via| one(word(via)))
                .unwrap_or_default(),
        })
    }
}

fn one<'a>(word: String) -> Vec<Value<'a>> {
    vec![Value::Text(word.into())]
}

fn some(text: Option<&str>) -> Vec<Value<'_>> {
    text.into_iter().map(|it| Value::Text(it.into())).collect()
}

fn stage<'a, T>(failure: Option<&Failure<T>>) -> Vec<Value<'a>> {
    failure.map(|it| one(word(it.stage))).unwrap_or_default()
}

fn number<'a>(number: Option<f64>) -> Vec<Value<'a>> {
    number.into_iter().map(Value::Number).collect()
}

fn text<'a, T: Leaf + 'a>(leaves: impl IntoIterator<Item = &'a T>) -> Vec<Value<'a>> {
    let leaves = leaves.into_iter();
    leaves.map(|it| Value::Text(it.as_ref().into())).collect()
}

fn words<'a>(words: impl Iterator<Item = &'a OwnWord>) -> Vec<Value<'a>> {
    words.map(|it| Value::Text(Cow::Borrowed(&**it))).collect()
}

fn addresses<'a, T>(exchange: &Exchange<T>) -> Vec<Value<'a>> {
    let egress = &exchange.egress;
    let public = egress.public.iter().flat_map(|it| {
        let others = it.others.iter().copied();
        it.v4.into_iter().chain(it.v6).chain(others)
    });
    let local = egress.local.map(|it| it.ip());
    let all = public.chain(local);
    all.map(|it| Value::Text(it.to_string().into())).collect()
}

/// The host of a URL, without brackets and port.
pub(super) fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next(),
        None => host.split(':').next(),
    }
}

const fn key(id: Name, name: &'static str, kind: Kind, doc: &'static str) -> Key {
    Key {
        name,
        aliases: &[],
        id,
        kind,
        doc,
    }
}

pub(super) const KEYS: &[Key] = &[
    key(Name::Action, "action", Kind::Text, "the `action` parameter"),
    key(Name::Agent, "agent", Kind::Text, "the User-Agent header"),
    key(
        Name::By,
        "by",
        Kind::OneOf(&["origin", "nicetap", "mock", "nobody"]),
        "who answered",
    ),
    key(
        Name::Category,
        "category",
        Kind::Text,
        "the `category` parameter",
    ),
    key(
        Name::Cause,
        "cause",
        Kind::Text,
        "the number or word of a likely cause",
    ),
    key(
        Name::Code,
        "code",
        Kind::Both,
        "a finding's code (N102), or the code in the reply (400)",
    ),
    key(
        Name::Domain,
        "domain",
        Kind::Text,
        "a domain name that the call speaks of",
    ),
    Key {
        name: "env",
        aliases: &["environment"],
        id: Name::Env,
        kind: Kind::OneOf(&["production", "sandbox", "other"]),
        doc: "which system was called",
    },
    key(
        Name::Event,
        "event",
        Kind::OneOf(&[
            "start",
            "request",
            "exchange",
            "tunnel",
            "connection",
            "egress",
            "stop",
        ]),
        "the kind of the record",
    ),
    key(Name::Finding, "finding", Kind::Text, "a finding's name"),
    key(
        Name::Host,
        "host",
        Kind::Text,
        "the host that was asked for",
    ),
    key(Name::Id, "id", Kind::Number, "the number behind #"),
    key(
        Name::Ip,
        "ip",
        Kind::Text,
        "the outbound IP, or our end of the connection",
    ),
    key(
        Name::Listed,
        "listed",
        Kind::OneOf(&["yes", "no"]),
        "whether the outbound IP is in your list",
    ),
    key(Name::Method, "method", Kind::Text, "the method"),
    key(Name::Ms, "ms", Kind::Number, "milliseconds in all"),
    key(Name::Msg, "msg", Kind::Text, "the message in the reply"),
    key(
        Name::Process,
        "process",
        Kind::Text,
        "the process or FPM pool that sent it",
    ),
    key(
        Name::Risk,
        "risk",
        Kind::OneOf(&["read", "change", "spend", "unknown"]),
        "what the call can do",
    ),
    key(
        Name::Severity,
        "severity",
        Kind::OneOf(&["error", "warn", "info", "good"]),
        "how bad a finding is",
    ),
    key(
        Name::Stage,
        "stage",
        Kind::OneOf(&["resolve", "connect", "tls", "send", "receive", "client"]),
        "where it failed",
    ),
    key(
        Name::Status,
        "status",
        Kind::Number,
        "the HTTP status that the client got",
    ),
    key(Name::Url, "url", Kind::Text, "the URL"),
    key(
        Name::User,
        "user",
        Kind::Text,
        "the user whose process sent it",
    ),
    key(
        Name::Username,
        "username",
        Kind::Text,
        "the user name in the credential",
    ),
    key(
        Name::Verdict,
        "verdict",
        Kind::OneOf(&[
            "ok",
            "pending",
            "refused",
            "rejected",
            "failed",
            "unreachable",
            "held",
            "aborted",
        ]),
        "what to make of it",
    ),
    key(
        Name::Via,
        "via",
        Kind::OneOf(&["connect", "absolute", "absolute-https", "gateway"]),
        "how it reached the proxy (gateway: base-URL mode)",
    ),
];
