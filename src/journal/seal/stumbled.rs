//! What nicetap says of itself: that the self-check hit, or that it stumbled. A line on which it stumbled holds numbers
//! and our own words only.
use crate::clock::Time;
use crate::diagnose;
use crate::facts;
use crate::record::{
    self, Call, Connection, Diagnosis, Event, Exchange, Notice, Redaction, RequestHead, Response,
    Tunnel, VERSION, Verdict,
};
use crate::redact::Redactor;
use crate::redact::seal::Masked;
use crate::rule::Rule;
use crate::rules;
use crate::stumble;

use super::judge::verdict;
use super::parts::{client, learn, millis, timing, way_of};
use crate::journal::draft::{ConnectionDraft, Draft, RequestPart, TunnelDraft};
use crate::journal::outbound::bare;

/// The `request` line of a request over which nicetap stumbled.
pub(in crate::journal) fn failed_notice(
    redactor: &mut Redactor,
    id: u64,
    part: &RequestPart,
) -> Notice<Masked> {
    learn_all_the_same(redactor, &part.facts);
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

/// The `exchange` line of an exchange over which nicetap stumbled.
pub(in crate::journal) fn failed_exchange(
    redactor: &mut Redactor,
    id: u64,
    draft: &Draft,
) -> Exchange<Masked> {
    let part = &*draft.request;
    learn_all_the_same(redactor, &part.facts);
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
            verdict: verdict_on(draft),
            causes: Vec::new(),
            compared_with: None,
        },
        timing: timing(&draft.steps),
        fidelity: draft.fidelity.clone(),
        redaction: Redaction::default(),
    }
}

/// The `tunnel` line of a tunnel over which nicetap stumbled.
pub(in crate::journal) fn failed_tunnel(
    redactor: &mut Redactor,
    id: u64,
    draft: &TunnelDraft,
) -> Tunnel<Masked> {
    Tunnel {
        v: VERSION,
        event: Event::Tunnel,
        time: Time::now(),
        id,
        client: client(redactor, &draft.peer, None),
        host: redactor.text(NOT_SHOWN.as_bytes()),
        port: draft.target.authority.port(),
        why: draft.why,
        egress: way_of(draft),
        bytes: draft.bytes,
        duration_ms: millis(draft.duration),
        end: draft.end.clone(),
        failure: None,
        findings: vec![own_failure(redactor)],
    }
}

/// The `connection` line of a connection over which nicetap stumbled.
pub(in crate::journal) fn failed_connection(
    redactor: &mut Redactor,
    id: u64,
    draft: &ConnectionDraft,
) -> Connection<Masked> {
    Connection {
        v: VERSION,
        event: Event::Connection,
        time: Time::now(),
        id,
        client: client(redactor, &draft.peer, None),
        host: None,
        stage: draft.stage,
        reason: redactor.text(draft.reason.as_bytes()),
        raw: None,
        answered: draft.answered,
        findings: vec![own_failure(redactor)],
    }
}

/// What this line does not show, another one may.
fn learn_all_the_same(redactor: &mut Redactor, facts: &facts::Request) {
    redactor.begin();
    // Perhaps it was this over which nicetap stumbled.
    let _ = stumble::caught(|| learn(redactor, facts));
}

/// What came of the call, all the same. If nicetap stumbles over the reply itself, its status speaks for it.
fn verdict_on(draft: &Draft) -> Verdict {
    let facts = &draft.request.facts;
    let reply = draft.reply.as_ref();
    let read = stumble::caught(|| verdict(draft, reply.map(|reply| reply.facts(facts)).as_ref()));
    read.unwrap_or_else(|| {
        let status = reply.map(|reply| reply.head.status());
        let failed = draft.failure.as_ref().map(|broken| broken.stage);
        diagnose::verdict_by_status(draft.answer.by, failed, status)
    })
}

fn unknown_call(facts: &facts::Request) -> Call<Masked> {
    Call {
        environment: facts.target.environment,
        category: None,
        action: None,
        risk: facts.call.risk,
        domains: Vec::new(),
        credential: None,
    }
}

/// N901: the self-check found a secret in a finished leaf. It is masked whole.
pub(in crate::journal) fn slip(redactor: &mut Redactor) -> Option<record::Finding<Masked>> {
    let slips = redactor.slips();
    (slips > 0).then(|| {
        let seen = format!(
            "the self-check found a secret in {slips} masked texts of this line, and masked them whole"
        );
        let seen = redactor.text(seen.as_bytes());
        own(&rules::SECRET_SLIPPED, seen, "no secret in any text")
    })
}

/// N902: nicetap itself stumbled. The record is kept, without any wire text.
fn own_failure(redactor: &mut Redactor) -> record::Finding<Masked> {
    let seen = b"a bug in nicetap while it looked into this exchange; the traffic was not touched";
    own(&rules::NICETAP_STUMBLED, redactor.text(seen), "no bug")
}

fn own(rule: &'static Rule, seen: Masked, want: &'static str) -> record::Finding<Masked> {
    record::Finding {
        code: rule.code.into(),
        name: rule.name.into(),
        severity: rule.severity,
        confidence: rule.confidence,
        at: Redactor::word("nicetap"),
        seen,
        want: Redactor::word(want),
        fix: Redactor::word(rule.fix),
        cause: None,
    }
}

const NOT_SHOWN: &str = "(not shown: a bug in nicetap)";
