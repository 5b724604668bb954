//! What is derived of a call on its way, and what the rules say of it. A bug in either takes no call with it: the call
//! goes on, unread, and its record says so (N902).
use std::sync::Arc;

use crate::facts::{self, Arrival, BodyInput, Refusal, Target};
use crate::http1::{Defect, RequestHead};
use crate::rule::{At, Finding, Hit};
use crate::rules;
use crate::stumble::{self, Place};
use crate::text;

use super::guard::{Attempt, Guard};

/// The facts of a request, and the guard's watch over it.
pub(super) fn facts(
    arrival: &Arrival<'_>,
    body: BodyInput<'_>,
    guard: Option<&Arc<Guard>>,
) -> (facts::Request, Option<Attempt>) {
    let watched = |mut facts| {
        let attempt = guard.map(|guard| guard.watch(&mut facts));
        (facts, attempt)
    };
    let derived = stumble::caught(|| {
        stumble::at(Place::Derive, arrival.head.bytes());
        watched(facts::Request::derive(arrival, body))
    });
    derived.unwrap_or_else(|| watched(facts::Request::unread(arrival)))
}

/// What the rules say of a request.
pub(super) fn of_request(facts: &facts::Request, head: &RequestHead) -> Vec<Finding> {
    if facts.is_unread {
        return stumbled();
    }
    judged(head.bytes(), || rules::of_request(facts))
}

/// What the rules say of a place where a client wants to go.
pub(super) fn of_target(target: &Target) -> Vec<Finding> {
    judged(target.authority.host().as_bytes(), || {
        rules::of_target(target)
    })
}

/// What the rules say of a head that was refused.
pub(super) fn of_refusal(defect: &Defect, bytes: &[u8]) -> Vec<Finding> {
    judged(bytes, || {
        rules::of_refusal(&Refusal::derive(defect.clone(), bytes))
    })
}

fn judged(text: &[u8], judge: impl FnOnce() -> Vec<Finding>) -> Vec<Finding> {
    let judged = stumble::caught(|| {
        stumble::at(Place::Rules, text);
        judge()
    });
    judged.unwrap_or_else(stumbled)
}

fn stumbled() -> Vec<Finding> {
    let seen = text!["a bug in nicetap while it looked at the request, which went on unread"];
    vec![Finding {
        rule: &rules::NICETAP_STUMBLED,
        hit: Hit::new(At::Connection, seen, text!["no bug"]),
    }]
}
