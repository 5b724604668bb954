//! The parts of a record, masked leaf by leaf.
use std::borrow::Cow;
use std::cell::RefCell;
use std::time::Duration;

use crate::capture::Prefix;
use crate::diagnose::{self, Memory};
use crate::facts;
use crate::http1::{Fields, ReplyHead};
use crate::record::{
    self, AddressFamily, Body, Call, Client, Credential, Diagnosis, Envelope, Exchange, Failure,
    Redaction, RequestHead, Response, Timing, TunnelEgress, Word,
};
use crate::redact::seal::Masked;
use crate::redact::{Redactor, Shown};
use crate::rule::Finding;

use super::super::draft::{Broken, Peer, RequestPart, Steps, TunnelDraft};
use super::super::view::{ReplyView, View};

pub(super) fn client(
    redactor: &mut Redactor,
    peer: &Peer,
    part: Option<&RequestPart>,
) -> Client<Masked> {
    let sender = peer.sender.get();
    let agent = part.and_then(|part| part.head.fields().first("user-agent"));
    Client {
        addr: peer.addr,
        user_agent: agent.map(|agent| redactor.text(agent)),
        via: part.map(|part| part.facts.target.via),
        uid: sender.and_then(|sender| sender.uid),
        user: sender
            .and_then(|sender| sender.user.as_ref())
            .map(|user| redactor.text(user.as_bytes())),
        pid: sender.and_then(|sender| sender.pid),
        process: sender
            .and_then(|sender| sender.process.as_ref())
            .map(|process| redactor.text(process.as_bytes())),
        kind: sender.and_then(|sender| sender.kind),
    }
}

pub(super) fn request_head(redactor: &mut Redactor, part: &RequestPart) -> RequestHead<Masked> {
    let target = &part.facts.target;
    let scheme = target.scheme.map_or("https", facts::Scheme::word);
    RequestHead {
        method: redactor.text(part.head.method().as_bytes()),
        url: redactor.url(scheme, &url_authority(target), part.path_and_query.expose()),
        http: part.head.version().into(),
        headers: headers(redactor, part.head.fields()).into(),
    }
}

/// The authority as it stands in a URL: the default port is left out.
fn url_authority(target: &facts::Target) -> String {
    let is_default = target
        .scheme
        .is_some_and(|scheme| scheme.default_port() == target.authority.port());
    if is_default {
        target.authority.host().to_owned()
    } else {
        target.authority.to_string()
    }
}

fn headers(redactor: &mut Redactor, fields: &Fields) -> Vec<(Masked, Masked)> {
    fields
        .iter()
        .map(|(name, value)| (redactor.header_name(name), redactor.header(name, value)))
        .collect()
}

pub(super) fn call(redactor: &mut Redactor, facts: &facts::Request) -> Call<Masked> {
    Call {
        environment: facts.target.environment,
        category: facts
            .call
            .category
            .as_ref()
            .map(|word| redactor.text(word.expose().as_bytes())),
        action: facts
            .call
            .action
            .as_ref()
            .map(|word| redactor.text(word.expose().as_bytes())),
        risk: facts.call.risk,
        domains: facts
            .call
            .domains
            .iter()
            .map(|name| redactor.text(name.expose().as_bytes()))
            .collect(),
        credential: facts
            .credential
            .as_ref()
            .map(|sent| credential(redactor, sent)),
    }
}

fn credential(redactor: &mut Redactor, sent: &facts::Credential) -> Credential<Masked> {
    let likeness = redactor.likeness(sent.username.expose(), sent.secret.expose());
    let (is, differs) = likeness.map(|like| (like.is, like.differs)).unzip();
    Credential {
        username: redactor.username(&sent.username),
        fingerprint: redactor.mask(facts::SecretKind::ApiSecret, sent.secret.expose()),
        is: is.map(Word::Borrowed),
        differs: differs.flatten().map(Word::Owned),
    }
}

/// Findings with every word from the wire masked; the secrets of the request must have been learned.
pub fn findings(redactor: &mut Redactor, found: &[Finding]) -> Vec<record::Finding<Masked>> {
    found
        .iter()
        .map(|Finding { rule, hit }| record::Finding {
            code: rule.code.into(),
            name: rule.name.into(),
            severity: rule.severity,
            confidence: rule.confidence,
            at: redactor.at(&hit.at),
            seen: redactor.message(&hit.seen),
            want: redactor.message(&hit.want),
            fix: match &hit.fix {
                Some(fix) => redactor.message(fix),
                None => redactor.text(rule.fix.as_bytes()),
            },
            cause: rule.cause.map(Cow::Borrowed),
        })
        .collect()
}

/// What the record and the history say of it.
pub(super) fn diagnosis(
    redactor: &mut Redactor,
    memory: &Memory,
    record: &Exchange<Masked>,
) -> Diagnosis<Masked> {
    let found = diagnose::diagnose(record, memory);
    let redactor = RefCell::new(redactor);
    let one = |text: String| redactor.borrow_mut().text(text.as_bytes());
    let all = |texts: Vec<String>| -> Vec<Masked> { texts.into_iter().map(one).collect() };
    Diagnosis {
        verdict: record.diagnosis.verdict,
        causes: found
            .causes
            .into_iter()
            .map(|cause| record::Cause {
                cause: cause.cause.into(),
                title: cause.title.into(),
                who: cause.who,
                likelihood: cause.likelihood,
                evidence_for: all(cause.evidence_for),
                evidence_against: all(cause.evidence_against),
                fix: one(cause.fix),
            })
            .collect(),
        compared_with: found
            .compared_with
            .map(|(id, differences)| record::ComparedWith {
                id,
                differences: differences
                    .iter()
                    .map(|difference| one(difference.to_string()))
                    .collect(),
            }),
    }
}

pub(super) fn response(
    redactor: &mut Redactor,
    reply: &ReplyView<'_>,
    informational: &[u16],
) -> Response<Masked> {
    let head: &ReplyHead = &reply.part.head;
    Response {
        status: head.status(),
        http: head.version().into(),
        headers: headers(redactor, head.fields()),
        body: reply
            .part
            .body
            .as_ref()
            .zip(reply.view.as_ref())
            .map(|(prefix, view)| body(redactor, head.fields(), prefix, view)),
        envelope: reply.facts.envelope.as_ref().map(|envelope| Envelope {
            code: envelope.code,
            msg: redactor.text(envelope.msg.expose().as_bytes()),
        }),
        informational: informational.to_vec(),
    }
}

pub(super) fn body(
    redactor: &mut Redactor,
    fields: &Fields,
    prefix: &Prefix,
    view: &View<'_>,
) -> Body<Masked> {
    let content_type = fields.first("content-type");
    let (text, shape) = match &view.opaque {
        Some(undecodable) => (
            None,
            Some(redactor.text(undecodable.to_string().as_bytes())),
        ),
        None => match redactor.body(content_type, &view.bytes, !view.whole) {
            Shown::Text(text) => (Some(text), None),
            Shown::Shape(shape) => (None, Some(shape)),
        },
    };
    Body {
        size: prefix.seen(),
        captured: prefix.bytes().len() as u64,
        truncated: prefix.is_truncated(),
        content_type: content_type.map(|value| redactor.header("content-type", value)),
        text,
        shape,
    }
}

pub(super) fn failure(redactor: &mut Redactor, broken: &Broken) -> Failure<Masked> {
    Failure {
        stage: broken.stage,
        reason: redactor.text(broken.reason.expose().as_bytes()),
        reused: broken.reused,
    }
}

pub(super) fn timing(steps: &Steps) -> Timing {
    Timing {
        dns_ms: steps.resolve.map(millis),
        connect_ms: steps.connect.map(millis),
        tls_ms: steps.tls.map(millis),
        wait_ms: steps.wait.map(millis),
        receive_ms: steps.receive.map(millis),
        total_ms: millis(steps.total),
    }
}

pub(super) fn tally(redactor: &mut Redactor) -> Redaction {
    let tally = redactor.tally();
    Redaction {
        masked: tally.masked,
        rules: tally.kinds.into_iter().map(Word::Borrowed).collect(),
    }
}

/// To the microsecond.
pub(super) fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// The way out of a tunnel.
pub(super) fn way_of(draft: &TunnelDraft) -> TunnelEgress {
    TunnelEgress {
        local: draft.way.map(|way| way.local),
        peer: draft.way.map(|way| way.peer),
        family: draft.way.map(|way| AddressFamily::of(&way.peer)),
    }
}

pub(super) fn learn(redactor: &mut Redactor, facts: &facts::Request) {
    let username = facts
        .credential
        .as_ref()
        .map(|credential| &**credential.username.expose());
    redactor.learn(&facts.secrets, username);
}
