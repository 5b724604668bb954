//! What came of an exchange: the facts with the bodies, what the rules say of it, and the verdict. Nothing is masked
//! here, and nothing written.
use crate::capture::Prefix;
use crate::decode::Undecodable;
use crate::diagnose;
use crate::facts::{self, Attempt, BodyInput, Ending};
use crate::record::{AnswerBy, Stage, Verdict};
use crate::rule::Finding;
use crate::rules;

use crate::journal::draft::{ClientEnd, Draft, RequestPart};
use crate::journal::outbound::{Outbound, Scene};
use crate::journal::view::{ReplyView, View};

/// An exchange, judged once, before it is sealed.
pub(super) struct Judged<'a> {
    /// The facts with the body; `None` where there is none.
    pub(super) whole: Option<facts::Request>,
    pub(super) reply: Option<ReplyView<'a>>,
    /// What the rules say beyond the `request` line.
    pub(super) found: Vec<Finding>,
    pub(super) verdict: Verdict,
    pub(super) outbound: Outbound,
}

pub(super) fn judge<'a>(scene: &mut Scene, draft: &'a Draft) -> Judged<'a> {
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

pub(super) fn verdict(draft: &Draft, reply: Option<&facts::Reply>) -> Verdict {
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
