//! The rows of a block that only say what a part of a record holds.
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use anstyle::Style;

use crate::record::{
    AddressFamily, AnswerBy, Call, Client, ClientKind, Confidence, Egress, Environment, Exchange,
    Failure, Leaf, Response, Risk, Stage, Timing, Verdict, Via,
};
use crate::sink::text::{Page, Rich};

use super::style::{BOLD, CYAN, DIM, ERROR, MAGENTA, RED, WARN, YELLOW};
use super::units::{duration, shorten, size};
use super::{BODY, LONGEST, VALUE};

pub(super) fn call_row<T: Leaf>(call: &Call<T>, client: &Client<T>) -> Rich {
    let environment = match call.environment {
        Environment::Production => Rich::styled_as(BOLD.fg_color(MAGENTA), "PRODUCTION"),
        Environment::Sandbox => Rich::styled_as(Style::new().fg_color(CYAN), "sandbox"),
        Environment::Other => Rich::styled_as(DIM, "other host"),
    };
    let risk = match call.risk {
        Risk::Read => Rich::new(" read"),
        Risk::Change => Rich::new(" change"),
        Risk::Spend => Rich::styled_as(BOLD, " spend"),
        Risk::Unknown => Rich::new(" effect not known"),
    };
    let is_call = call.action.is_some() || call.environment != Environment::Other;
    let what = if is_call {
        environment.then(risk)
    } else {
        environment
    };
    let mode = match client.via {
        Some(Via::Gateway) => Rich::new("base-URL mode"),
        _ => Rich::default(),
    };
    Rich::joined([what, sender(client), mode])
}

pub(super) fn sender<T: Leaf>(client: &Client<T>) -> Rich {
    let user = match (&client.user, client.uid) {
        (Some(user), _) => Some(user.as_ref().to_owned()),
        (None, Some(uid)) => Some(format!("user {uid}")),
        (None, None) => None,
    };
    let kind = match client.kind {
        Some(ClientKind::Cron) => Some("cron".to_owned()),
        Some(ClientKind::ModPhp) => Some("mod_php".to_owned()),
        Some(ClientKind::Container) => Some("container".to_owned()),
        _ => None,
    };
    let mut notes: Vec<_> = user.into_iter().chain(kind).collect();
    let who = match (&client.process, notes.is_empty()) {
        (Some(process), _) => process.as_ref().to_owned(),
        (None, false) => notes.remove(0),
        (None, true) => client.addr.to_string(),
    };
    let notes = if notes.is_empty() {
        String::new()
    } else {
        format!(" ({})", notes.join(", "))
    };
    Rich::new(format!("from {}{}", shorten(&who, LONGEST), notes))
}

pub(super) fn answer_row<T: Leaf>(exchange: &Exchange<T>) -> Rich {
    let answer = &exchange.answer;
    let reply = exchange.response.as_ref().map(reply_part);
    let mut parts = match (answer.by, reply) {
        (AnswerBy::Origin, Some(reply)) => vec![reply],
        (AnswerBy::Mock, reply) => vec![
            reply.unwrap_or_else(|| status_part(answer.status)),
            Rich::new("answered by the built-in mock"),
        ],
        (AnswerBy::Nicetap, reply) => {
            let own = status_part(answer.status).text(" answered by nicetap, not NiceNIC");
            let other = reply.map(|reply| Rich::new("the server had sent ").then(reply));
            [Some(own), other].into_iter().flatten().collect()
        }
        (AnswerBy::Nobody, Some(reply)) => {
            vec![reply, Rich::new("the client did not get it")]
        }
        (AnswerBy::Nobody, None) => vec![Rich::new("no answer")],
        (AnswerBy::Origin, None) => vec![status_part(answer.status)],
    };
    if let Some(envelope) = exchange
        .response
        .as_ref()
        .and_then(|reply| reply.envelope.as_ref())
    {
        let msg = shorten(envelope.msg.as_ref(), LONGEST);
        parts.push(Rich::new(format!("code {} \"{msg}\"", envelope.code)));
    }
    parts.push(Rich::new(duration(exchange.timing.total_ms)));
    Rich::joined(parts)
}

fn reply_part<T: Leaf>(response: &Response<T>) -> Rich {
    let mut part = status_part(Some(response.status));
    let Some(body) = &response.body else {
        return part;
    };
    if let Some(kind) = &body.content_type {
        let essence = kind.as_ref().split(';').next().unwrap_or_default().trim();
        part = part.text(" ").text(shorten(essence, LONGEST));
    }
    part.text(" ").text(size(body.size))
}

fn status_part(status: Option<u16>) -> Rich {
    let Some(status) = status else {
        return Rich::new("no status");
    };
    let style = match status {
        ..400 => BOLD,
        400..500 => BOLD.fg_color(YELLOW),
        _ => BOLD.fg_color(RED),
    };
    Rich::styled_as(style, status.to_string())
}

pub(super) fn failure_row<T: Leaf>(page: &mut Page, failure: Option<&Failure<T>>) {
    let Some(failure) = failure else { return };
    let doing = match failure.stage {
        Stage::Resolve => "failed to find the server's address",
        Stage::Connect => "failed to connect to the server",
        Stage::Tls => "failed to agree on TLS with the server",
        Stage::Send => "failed to send the request",
        Stage::Receive => "failed to receive the reply",
        Stage::Client => "failed on the client's side",
    };
    let row = Rich::styled_as(ERROR, doing)
        .text(": ")
        .text(shorten(failure.reason.as_ref(), LONGEST));
    page.row(BODY, VALUE, &row);
}

/// `203.0.113.9 (IPv4), 2001:db8::9 (IPv6)`
pub(super) fn addresses(v4: Option<IpAddr>, v6: Option<IpAddr>) -> String {
    let v4 = v4.map(|v4| format!("{v4} (IPv4)"));
    let v6 = v6.map(|v6| format!("{v6} (IPv6)"));
    let all: Vec<String> = v4.into_iter().chain(v6).collect();
    all.join(", ")
}

/// `seen by a.example, b.example`
pub(super) fn seen_by<T: Leaf>(by: &[T]) -> String {
    let by: Vec<_> = by.iter().map(|by| shorten(by.as_ref(), LONGEST)).collect();
    format!("seen by {}", by.join(", "))
}

pub(super) fn egress_row<T: Leaf>(egress: &Egress<T>, failure: Option<&Failure<T>>) -> Rich {
    let Some(public) = &egress.public else {
        let way = way(egress.local, egress.family, egress.peer, failure);
        return if egress.chosen_by == "upstream-proxy" && !way.is_empty() {
            Rich::joined([way, Rich::new("the upstream proxy chooses the outbound IP")])
        } else {
            way
        };
    };
    let (seen, name) = match (egress.family, public.v4, public.v6) {
        (Some(AddressFamily::V4), v4, _) => (v4, "IPv4"),
        (None, Some(v4), _) => (Some(v4), "IPv4"),
        (Some(AddressFamily::V6) | None, _, v6) => (v6, "IPv6"),
    };
    let Some(seen) = seen else {
        return Rich::new(format!("outbound IP not known ({name})"));
    };
    let by = public.seen_by.len();
    let is_named = by == 1 && public.seen_by[0].as_ref() == THE_API;
    let who = match (&public.others[..], by) {
        _ if is_named => "named by the API itself".to_owned(),
        ([], by) => format!("{by} of {by} echo sites"),
        (_, 1) => "1 echo site".to_owned(),
        (_, by) => format!("{by} echo sites"),
    };
    let mut what = format!("outbound IP {seen} ({name}; {who}");
    for other in &public.others {
        let _ = write!(what, "; also seen: {other}");
    }
    what.push(')');
    let listed = match egress.whitelisted {
        Some(true) => Rich::new("in your list"),
        Some(false) => Rich::styled_as(ERROR, "NOT in your list"),
        None => Rich::default(),
    };
    Rich::joined([Rich::new(what), listed])
}

/// `sent from 10.0.0.5 (IPv4) to 203.0.113.1:443`: our end of the connection, not what the server sees.
pub(super) fn way<T>(
    local: Option<SocketAddr>,
    family: Option<AddressFamily>,
    peer: Option<SocketAddr>,
    failure: Option<&Failure<T>>,
) -> Rich {
    let did = match failure.map(|failure| failure.stage) {
        Some(Stage::Resolve | Stage::Connect | Stage::Tls) => "tried",
        _ => "sent",
    };
    let family = match family {
        Some(AddressFamily::V4) => " (IPv4)",
        Some(AddressFamily::V6) => " (IPv6)",
        None => "",
    };
    Rich::new(match (local, peer) {
        (Some(local), Some(peer)) => format!("{did} from {}{family} to {peer}", local.ip()),
        (Some(local), None) => format!("{did} from {}{family}", local.ip()),
        (None, Some(peer)) => format!("{did} to {peer}{family}"),
        (None, None) => String::new(),
    })
}

pub(super) fn diagnosis_row<T: Leaf>(exchange: &Exchange<T>) -> Rich {
    let server = match (exchange.answer.by, exchange.call.environment) {
        (AnswerBy::Mock, _) => "the built-in mock",
        (_, Environment::Other) => "the server",
        _ => "NiceNIC",
    };
    let verdict = match exchange.diagnosis.verdict {
        Verdict::Ok => Rich::default(),
        // What nobody can read out of such a refusal is said by its likely causes (SPEC 7).
        Verdict::Rejected if !exchange.diagnosis.causes.is_empty() => Rich::default(),
        Verdict::Pending => Rich::styled_as(
            WARN,
            "accepted, but not finished: it must not be sent again",
        ),
        Verdict::Refused => Rich::styled_as(ERROR, format!("{server} refused the login")),
        Verdict::Rejected => Rich::styled_as(ERROR, format!("{server} refused the request")),
        Verdict::Failed => Rich::styled_as(ERROR, "the reply is not usable"),
        // The row above says how far it came.
        Verdict::Unreachable if exchange.failure.is_some() => Rich::default(),
        Verdict::Unreachable => Rich::styled_as(ERROR, format!("{server} was not reached")),
        Verdict::Held => Rich::styled_as(WARN, "held by nicetap, not forwarded"),
        Verdict::Aborted => Rich::styled_as(WARN, "the client went away first"),
    };
    let causes = exchange.diagnosis.causes.iter().map(|cause| {
        let sure = match cause.likelihood {
            Confidence::Is => "cause",
            Confidence::Likely => "likely",
            Confidence::May => "may be",
        };
        let is_number = cause.cause.bytes().all(|byte| byte.is_ascii_digit());
        let number = if is_number { &*cause.cause } else { "" };
        let gap = if is_number { " " } else { "" };
        Rich::new(format!("{sure} {number}{gap}{}", cause.title))
    });
    let more = exchange.diagnosis.causes.len().saturating_sub(MOST_CAUSES);
    let more = if more == 0 {
        Rich::default()
    } else {
        Rich::styled_as(DIM, format!("{more} more"))
    };
    let causes = causes.take(MOST_CAUSES).chain([more]);
    Rich::joined([verdict].into_iter().chain(causes))
}

pub(super) fn timing_row(timing: &Timing) -> Rich {
    let steps = [
        ("dns", timing.dns_ms),
        ("connect", timing.connect_ms),
        ("tls", timing.tls_ms),
        ("wait", timing.wait_ms),
        ("receive", timing.receive_ms),
        ("total", Some(timing.total_ms)),
    ];
    Rich::joined(
        steps
            .into_iter()
            .filter_map(|(name, took)| Some(Rich::new(format!("{name} {}", duration(took?))))),
    )
}

pub(super) fn row_if_any(page: &mut Page, rich: &Rich) {
    if !rich.is_empty() {
        page.row(BODY, VALUE, rich);
    }
}

/// A row of a finding: a word, then a value that hangs behind it.
pub(super) fn field(page: &mut Page, name: &str, value: &Rich) {
    if value.is_empty() {
        return;
    }
    let row = Rich::styled_as(DIM, format!("{name:<7}")).then(value.clone());
    page.row(BODY, VALUE, &row);
}

/// A row of the summary.
pub(super) fn labelled(page: &mut Page, name: &str, value: &Rich) {
    if value.is_empty() {
        return;
    }
    let row = Rich::styled_as(DIM, format!("{name:<14}")).then(value.clone());
    page.row(BODY, BODY + 14, &row);
}

/// Causes that are shown in the row; `nicetap checklist` shows all.
const MOST_CAUSES: usize = 3;
/// Who names the outbound address where no echo site does, as the record has it.
const THE_API: &str = "the API's own reply";
