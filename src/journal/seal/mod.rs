//! From raw drafts to sealed records: learn, judge, then mask leaf by leaf. Runs on the writer's thread.
use crate::clock::Time;
use crate::facts;
use crate::record::{
    self, Connection, Diagnosis, Event, Exchange, Notice, RawText, Redaction, Tunnel, VERSION,
};
use crate::redact::Redactor;
use crate::redact::seal::Masked;
use crate::rules;
use crate::stumble::{self, Place};

use super::draft::{ConnectionDraft, Draft, RequestPart, SealedPart, TunnelDraft};
use super::outbound::Scene;
use super::view::View;

mod judge;
mod parts;
pub(super) mod stumbled;

use judge::{Judged, judge};
use parts::{
    body, call, client, diagnosis, failure, learn, millis, request_head, response, tally, timing,
    way_of,
};

pub use parts::findings;

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
        verdict,
        outbound,
        ..
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

    let call = if whole.is_some() {
        call(redactor, facts).into()
    } else {
        sealed.call.clone()
    };
    let said = said(redactor, scene, draft, judged, sealed, &call);
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
        findings: said,
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

/// All that the rules say of an exchange, the worst first.
fn said(
    redactor: &mut Redactor,
    scene: &Scene,
    draft: &Draft,
    judged: &Judged<'_>,
    sealed: &SealedPart,
    call: &record::Call<Masked>,
) -> Vec<record::Finding<Masked>> {
    let mut said = findings(redactor, &judged.found);
    said.extend(findings(redactor, &draft.refusal));
    if judged.whole.is_none() {
        said.extend(sealed.findings.iter().cloned());
    }
    if let Some(way) = &judged.outbound.facts {
        let last_good = scene.memory.last_good(call);
        let way = facts::Egress {
            last_good,
            ..way.clone()
        };
        said.extend(findings(redactor, &rules::of_egress(&way)));
    }
    said.sort_by(|a, b| {
        (a.severity, a.confidence, &a.code).cmp(&(b.severity, b.confidence, &b.code))
    });
    said
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
        egress: way_of(draft),
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

const MOST_RAW: usize = 16 * 1024;
