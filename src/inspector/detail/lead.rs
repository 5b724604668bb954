//! What happened, why, and what to do: what most readers came for.
use crate::record::{AnswerBy, Cause, Confidence, Environment, Exchange, Stage, Verdict, Who};
use crate::redact::seal::Masked;

use super::super::node::{Element, div, el, link, span};
use super::super::parts::verdict_words;
use super::super::summary::title;
use super::places::anchor;

/// What happened, why, and what to do: what most readers came for.
pub(super) fn lead(it: &Exchange<Masked>) -> Element {
    let verdict = it.diagnosis.verdict;
    let class = match verdict {
        Verdict::Ok => "lead s-good",
        Verdict::Pending | Verdict::Held | Verdict::Aborted => "lead s-warn",
        _ => "lead s-error",
    };
    let envelope = it
        .response
        .as_ref()
        .and_then(|reply| reply.envelope.as_ref());
    let said = envelope.filter(|_| verdict != Verdict::Ok).map(|envelope| {
        el("p")
            .class("said")
            .text(format!("The reply says: code {} ", envelope.code))
            .with(el("q").text(envelope.msg.as_str()))
    });
    let failed = it.failure.as_ref().map(|failure| {
        el("p")
            .class("said")
            .prose(format!("{}: {}", doing(failure.stage), failure.reason))
    });
    let compared = it.diagnosis.compared_with.as_ref().map(|other| {
        el("p")
            .text("Compared with ")
            .with(link(
                format!("/exchanges/{}", other.id),
                format!("#{}", other.id),
            ))
            .text(format!(", which worked: {} ", other.told().join("; ")))
            .with(link(
                format!("/compare?call={}&with={}", it.id, other.id),
                "side by side",
            ))
    });
    div(class)
        .with(el("p").class("verdict").text(sentence(it)))
        .all(said)
        .all(failed)
        .all(first_cause(&it.diagnosis.causes))
        .all(to_mend(it))
        .all(other_causes(&it.diagnosis.causes))
        .all(compared)
}

fn first_cause(causes: &[Cause<Masked>]) -> Option<Element> {
    let first = causes.first()?;
    Some(div("causes").all(cause_block(first)))
}

/// The causes after the first, closed: few readers need them.
fn other_causes(causes: &[Cause<Masked>]) -> Option<Element> {
    let others = causes.get(1..).filter(|others| !others.is_empty())?;
    let titles: Vec<&str> = others.iter().map(|cause| &*cause.title).collect();
    let list = others.iter().map(|cause| el("li").all(cause_block(cause)));
    Some(
        el("details")
            .with(el("summary").text(format!("It may also be: {}", titles.join(" · "))))
            .with(el("ol").set("start", "2").class("causes").all(list)),
    )
}

/// The findings in short, each a link to its place.
fn to_mend(it: &Exchange<Masked>) -> Option<Element> {
    if it.findings.is_empty() {
        return None;
    }
    let lines = it.findings.iter().map(|found| {
        el("li")
            .with(link(format!("#{}", anchor(found)), &*found.code).class("mono"))
            .prose(format!(" {}: {}", title(found), found.fix))
    });
    let title = if it.diagnosis.verdict == Verdict::Ok {
        "Seen all the same"
    } else {
        "Mend this first"
    };
    Some(
        div("to-mend")
            .with(el("h3").text(title))
            .with(el("ul").all(lines)),
    )
}

fn sentence(it: &Exchange<Masked>) -> String {
    let server = match (it.answer.by, it.call.environment) {
        (AnswerBy::Mock, _) => "The built-in mock",
        (_, Environment::Other) => "The server",
        _ => "NiceNIC",
    };
    match it.diagnosis.verdict {
        Verdict::Refused => format!("{server} refused the login"),
        Verdict::Rejected => format!("{server} refused the request"),
        Verdict::Unreachable => format!("{server} was not reached"),
        // Without its code nothing says that the call succeeded.
        Verdict::Ok if !has_code(it) => {
            let status = it
                .answer
                .status
                .map_or_else(String::new, |it| it.to_string());
            format!("{server} answered {status}, without NiceNIC's code")
        }
        other => {
            let words = verdict_words(other);
            let (first, rest) = words.split_at(1);
            format!("{}{rest}", first.to_uppercase())
        }
    }
}

fn has_code(it: &Exchange<Masked>) -> bool {
    it.response
        .as_ref()
        .is_some_and(|reply| reply.envelope.is_some())
}

const fn doing(stage: Stage) -> &'static str {
    match stage {
        Stage::Resolve => "Failed to find the server's address",
        Stage::Connect => "Failed to connect to the server",
        Stage::Tls => "Failed to agree on TLS with the server",
        Stage::Send => "Failed to send the request",
        Stage::Receive => "Failed to receive the reply",
        Stage::Client => "Failed on the client's side",
    }
}

fn cause_block(cause: &Cause<Masked>) -> [Element; 3] {
    let sure = match cause.likelihood {
        Confidence::Is => "cause",
        Confidence::Likely => "likely",
        Confidence::May => "may be",
    };
    let who = match cause.who {
        Who::You => "you can mend it",
        Who::Host => "your hosting provider can mend it",
        Who::Nicenic => "NiceNIC can mend it",
    };
    let evidence = cause
        .evidence_for
        .iter()
        .map(|text| el("li").class("for").text(text.as_str()))
        .chain(cause.evidence_against.iter().map(|text| {
            el("li")
                .class("against")
                .text(format!("against it: {text}"))
        }));
    [
        el("p")
            .class("cause-head")
            .with(span("badge", sure))
            .text(format!(" {} ", cause.title))
            .with(span("who", format!("cause {} · {who}", cause.cause))),
        el("p").class("fix").prose(cause.fix.as_str()),
        el("ul").class("evidence").all(evidence),
    ]
}
