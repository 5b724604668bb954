//! From raw drafts to sealed records: learn, judge, then mask leaf by leaf. Runs on the writer's thread.
use crate::capture::Prefix;
use crate::clock::Time;
use crate::decode::Undecodable;
use crate::diagnose;
use crate::facts::{self, Attempt, BodyInput, Ending};
use crate::record::{
    self, AddressFamily, AnswerBy, Connection, Diagnosis, Event, Exchange, Notice, RawText,
    Redaction, RequestHead, Response, Stage, Tunnel, TunnelEgress, VERSION, Verdict,
};
use crate::redact::Redactor;
use crate::redact::seal::Masked;
use crate::rule::Finding;
use crate::rules;
use crate::stumble::{self, Place};

use super::draft::{ClientEnd, ConnectionDraft, Draft, RequestPart, SealedPart, TunnelDraft};
use super::outbound::{Outbound, Scene, bare};
use super::view::{ReplyView, View};

mod parts;

use parts::{
    body, call, client, diagnosis, failure, millis, own_failure, request_head, response, tally,
    timing, unknown_call,
};

pub use parts::findings;
pub(super) use parts::slip;

/// Seals a record; twice, if its leaves taught a secret that an earlier one of them may have shown.
pub(super) fn settled<T>(redactor: &mut Redactor, seal: impl Fn(&mut Redactor) -> T) -> T {
    let first = seal(redactor);
    if redactor.learned_late() {
        return seal(redactor);
    }
    first
}

/// The `request` line.
pub(super) fn notice(redactor: &mut Redactor, id: u64, part: &RequestPart) -> Notice<Masked> {
    stumble::at(Place::Seal, part.path_and_query.expose());
    let sealed = part.sealed.get_or_init(|| {
        Box::new(settled(redactor, |redactor| {
            redactor.begin();
            learn(redactor, &part.facts);
            seal_part(redactor, part)
        }))
    });
    Notice {
        v: VERSION,
        event: Event::Request,
        time: part.time,
        id,
        client: sealed.client.clone(),
        request: sealed.head.clone(),
        call: sealed.call.clone(),
        findings: sealed.findings.clone(),
    }
}

/// Seals what is known of a request when its head is whole.
fn seal_part(redactor: &mut Redactor, part: &RequestPart) -> SealedPart {
    SealedPart {
        client: client(redactor, &part.peer, Some(part)).into(),
        head: request_head(redactor, part),
        call: call(redactor, &part.facts).into(),
        findings: findings(redactor, &part.findings),
        learned: redactor.learned(),
        tally: redactor.tally(),
    }
}

/// An exchange, judged once, before it is sealed.
struct Judged<'a> {
    /// The facts with the body; `None` where there is none.
    whole: Option<facts::Request>,
    reply: Option<ReplyView<'a>>,
    /// What the rules say beyond the `request` line.
    found: Vec<Finding>,
    verdict: Verdict,
    outbound: Outbound,
}

fn judge<'a>(scene: &mut Scene, draft: &'a Draft) -> Judged<'a> {
    let part = &*draft.request;
    let whole = draft.request_body.as_ref().map(|body| facts::Request {
        safety: draft.safety,
        ..judge_body(part, body)
    });
    let facts = whole.as_ref().unwrap_or(&part.facts);
    let reply = draft
        .reply
        .as_ref()
        .map(|reply| ReplyView::of(reply, facts));
    let reply_facts = reply.as_ref().map(|view| &view.facts);
    let mut found = whole.as_ref().map_or_else(Vec::new, rules::of_request);
    if let Some(reply) = reply_facts {
        found.extend(rules::of_reply(facts, reply));
    }
    let past = scene
        .session
        .observe(facts, part.time, attempt(draft, reply_facts));
    found.extend(rules::of_past(facts, &past));
    found.extend(rules::of_ending(facts, &ending(draft)));
    let verdict = match verdict(draft, reply_facts) {
        Verdict::Ok if facts.is_for_api() && reply.as_ref().is_some_and(ReplyView::is_foreign) => {
            Verdict::Failed
        }
        verdict => verdict,
    };
    let outbound = Outbound::of(&scene.outlook, draft, facts, reply_facts, verdict);
    Judged {
        whole,
        reply,
        found,
        verdict,
        outbound,
    }
}

/// The `exchange` line.
pub(super) fn exchange(
    redactor: &mut Redactor,
    scene: &mut Scene,
    id: u64,
    draft: &Draft,
) -> Exchange<Masked> {
    let judged = judge(scene, draft);
    let record = settled(redactor, |redactor| {
        seal_exchange(redactor, scene, id, draft, &judged)
    });
    scene.memory.remember(&record);
    record
}

fn seal_exchange(
    redactor: &mut Redactor,
    scene: &Scene,
    id: u64,
    draft: &Draft,
    judged: &Judged<'_>,
) -> Exchange<Masked> {
    let part = &*draft.request;
    stumble::at(Place::Seal, part.head.bytes());
    let Judged {
        whole,
        reply,
        found,
        verdict,
        outbound,
    } = judged;
    let facts = whole.as_ref().unwrap_or(&part.facts);
    redactor.begin();
    learn(redactor, facts);
    if let Some(view) = reply {
        redactor.learn(&view.facts.secrets, None);
    }
    let fresh;
    let sealed = match part.sealed.get() {
        // Nothing was learned since the `request` line: the same text would be masked the same way.
        Some(sealed) if sealed.learned == redactor.learned() => &**sealed,
        _ => {
            fresh = seal_part(redactor, part);
            &fresh
        }
    };
    redactor.add(&sealed.tally);

    let mut shown = findings(redactor, found);
    shown.extend(findings(redactor, &draft.refusal));
    if whole.is_none() {
        shown.extend(sealed.findings.iter().cloned());
    }
    let call = if whole.is_some() {
        call(redactor, facts).into()
    } else {
        sealed.call.clone()
    };
    if let Some(way) = &outbound.facts {
        let last_good = scene.memory.last_good(&call);
        let way = facts::Egress {
            last_good,
            ..way.clone()
        };
        shown.extend(findings(redactor, &rules::of_egress(&way)));
    }
    shown.sort_by(|a, b| {
        (a.severity, a.confidence, &a.code).cmp(&(b.severity, b.confidence, &b.code))
    });

    let head = sealed.head.clone();
    let mut record = Exchange {
        v: VERSION,
        event: Event::Exchange,
        time: Time::now(),
        id,
        client: match part.peer.sender.get() {
            // It may have been found out only after the `request` line.
            Some(_) if sealed.client.uid.is_none() => {
                client(redactor, &part.peer, Some(part)).into()
            }
            _ => sealed.client.clone(),
        },
        request: record::Request {
            method: head.method,
            url: head.url,
            http: head.http,
            headers: head.headers,
            body: draft.request_body.as_ref().map(|prefix| {
                body(
                    redactor,
                    part.head.fields(),
                    prefix,
                    &View::of(part.head.fields(), prefix),
                )
            }),
            head_bytes: part.head.bytes().len() as u64,
        },
        call,
        findings: shown,
        egress: outbound.seal(redactor),
        response: reply
            .as_ref()
            .map(|view| response(redactor, view, &draft.informational)),
        answer: draft.answer,
        failure: draft
            .failure
            .as_ref()
            .map(|broken| failure(redactor, broken)),
        diagnosis: Diagnosis {
            verdict: *verdict,
            causes: Vec::new(),
            compared_with: None,
        },
        timing: timing(&draft.steps),
        fidelity: draft.fidelity.clone(),
        redaction: Redaction::default(),
    };
    record.diagnosis = diagnosis(redactor, &scene.memory, &record);
    record.redaction = tally(redactor);
    record
}

/// The `request` line of a request on which a rule or a mask panicked: numbers and our own words only.
pub(super) fn failed_notice(
    redactor: &mut Redactor,
    id: u64,
    part: &RequestPart,
) -> Notice<Masked> {
    Notice {
        v: VERSION,
        event: Event::Request,
        time: part.time,
        id,
        client: client(redactor, &part.peer, None).into(),
        request: RequestHead {
            method: redactor.text(b"?"),
            url: redactor.text(NOT_SHOWN.as_bytes()),
            http: part.head.version().into(),
            headers: Vec::new().into(),
        },
        call: unknown_call(&part.facts).into(),
        findings: vec![own_failure(redactor)],
    }
}

/// The `exchange` line of an exchange on which a rule or a mask panicked: numbers and our own words only.
pub(super) fn failed_exchange(redactor: &mut Redactor, id: u64, draft: &Draft) -> Exchange<Masked> {
    let part = &*draft.request;
    Exchange {
        v: VERSION,
        event: Event::Exchange,
        time: Time::now(),
        id,
        client: client(redactor, &part.peer, None).into(),
        request: record::Request {
            method: redactor.text(b"?"),
            url: redactor.text(NOT_SHOWN.as_bytes()),
            http: part.head.version().into(),
            headers: Vec::new().into(),
            body: None,
            head_bytes: part.head.bytes().len() as u64,
        },
        call: unknown_call(&part.facts).into(),
        findings: vec![own_failure(redactor)],
        egress: bare(draft.way),
        response: draft.reply.as_ref().map(|reply| Response {
            status: reply.head.status(),
            http: reply.head.version().into(),
            headers: Vec::new(),
            body: None,
            envelope: None,
            informational: draft.informational.clone(),
        }),
        answer: draft.answer,
        failure: None,
        diagnosis: Diagnosis {
            verdict: verdict(draft, None),
            causes: Vec::new(),
            compared_with: None,
        },
        timing: timing(&draft.steps),
        fidelity: draft.fidelity.clone(),
        redaction: Redaction::default(),
    }
}

/// The `tunnel` line.
pub(super) fn tunnel(redactor: &mut Redactor, id: u64, draft: &TunnelDraft) -> Tunnel<Masked> {
    redactor.begin();
    Tunnel {
        v: VERSION,
        event: Event::Tunnel,
        time: Time::now(),
        id,
        client: client(redactor, &draft.peer, None),
        host: redactor.text(draft.target.authority.host().as_bytes()),
        port: draft.target.authority.port(),
        why: draft.why,
        egress: TunnelEgress {
            local: draft.way.map(|way| way.local),
            peer: draft.way.map(|way| way.peer),
            family: draft.way.map(|way| AddressFamily::of(&way.peer)),
        },
        bytes: draft.bytes,
        duration_ms: millis(draft.duration),
        end: draft.end.clone(),
        failure: draft
            .failure
            .as_ref()
            .map(|broken| failure(redactor, broken)),
        findings: findings(redactor, &draft.findings),
    }
}

/// The `connection` line.
pub(super) fn connection(
    redactor: &mut Redactor,
    id: u64,
    draft: &ConnectionDraft,
) -> Connection<Masked> {
    redactor.begin();
    if let Some(raw) = &draft.raw {
        redactor.learn(&facts::secrets_of_refused_head(raw.expose()), None);
    }
    Connection {
        v: VERSION,
        event: Event::Connection,
        time: Time::now(),
        id,
        client: client(redactor, &draft.peer, None),
        host: draft
            .host
            .as_ref()
            .map(|host| redactor.text(host.expose().as_bytes())),
        stage: draft.stage,
        reason: redactor.text(draft.reason.as_bytes()),
        raw: draft.raw.as_ref().map(|raw| {
            let bytes = raw.expose();
            let kept = &bytes[..bytes.len().min(MOST_RAW)];
            RawText {
                text: redactor.refused_head(kept, kept.len() < bytes.len()),
                bytes: bytes.len() as u64,
                truncated: kept.len() < bytes.len(),
            }
        }),
        answered: draft.answered,
        findings: findings(redactor, &draft.findings),
    }
}

fn judge_body(part: &RequestPart, prefix: &Prefix) -> facts::Request {
    let view = View::of(part.head.fields(), prefix);
    let body = match view.opaque {
        None => BodyInput::Decoded {
            prefix: &view.bytes,
            whole: view.whole,
        },
        Some(Undecodable::Corrupt) => BodyInput::Mislabelled,
        Some(_) => BodyInput::Seen {
            prefix: &view.bytes,
            whole: false,
        },
    };
    part.facts_with(body)
}

fn verdict(draft: &Draft, reply: Option<&facts::Reply>) -> Verdict {
    diagnose::verdict(
        draft.answer.by,
        draft.failure.as_ref().map(|broken| broken.stage),
        reply,
    )
}

/// What came of the call. A request that never reached the origin did nothing.
fn attempt(draft: &Draft, reply: Option<&facts::Reply>) -> Attempt {
    let failed = draft.failure.as_ref().map(|broken| broken.stage);
    match (reply, failed) {
        (Some(reply), _) if reply.is_pending() => Attempt::Pending,
        (Some(reply), _) if reply.succeeds() => Attempt::Succeeded,
        (Some(reply), _) if reply.envelope.is_some() => Attempt::Failed,
        (_, Some(Stage::Resolve | Stage::Connect | Stage::Tls)) => Attempt::Failed,
        _ if draft.answer.by == AnswerBy::Nicetap && failed.is_none() => Attempt::Failed,
        (Some(reply), _) if matches!(reply.status, 300..500) => Attempt::Failed,
        _ => Attempt::Unknown,
    }
}

fn ending(draft: &Draft) -> Ending {
    let client = draft.failure.as_ref().and_then(|broken| broken.client);
    Ending {
        client_left: client == Some(ClientEnd::Left),
        has_reply: draft.reply.is_some(),
        waited: draft.steps.total,
        continue_missed: draft.continue_missed,
    }
}

fn learn(redactor: &mut Redactor, facts: &facts::Request) {
    let username = facts
        .credential
        .as_ref()
        .map(|credential| &**credential.username.expose());
    redactor.learn(&facts.secrets, username);
}

const NOT_SHOWN: &str = "(not shown: a bug in nicetap)";
const MOST_RAW: usize = 16 * 1024;
