//! One record, whole: what went wrong first, then the request and the reply, with each finding at the place that it
//! speaks of.
use std::borrow::Cow;
use std::fmt::Write as _;

use crate::record::{
    Answer, AnswerBy, Body, Cause, Client, Confidence, Connection, Egress, Environment, Exchange,
    Failure, Finding, Notice, Record, Response, Risk, Stage, Timing, Tunnel, TunnelWhy, Verdict,
    Who,
};
use crate::redact::seal::Masked;
use crate::sink::block::word;
use crate::sink::history::Entry;

use super::Inspector;
use super::node::{Element, div, el, link, span};
use super::parts::{
    count, environment_badge, facts, finding, moment, section, size, took, verdict_badge,
    verdict_words,
};
use super::summary::{earlier, outbound};

/// The record, whole.
pub(super) fn detail(inspector: &Inspector, entry: &Entry) -> Element {
    let article = el("article").set("data-id", entry.id.to_string()).set(
        "data-marked",
        if entry.is_marked { "true" } else { "false" },
    );
    let article = match &*entry.record {
        Record::Exchange(it) => exchange(inspector, article, it, entry),
        Record::Request(it) => notice(inspector, article, it),
        Record::Tunnel(it) => tunnel(inspector, article, it),
        Record::Connection(it) => connection(inspector, article, it),
        Record::Start(_) | Record::Egress(_) | Record::Stop(_) => article,
    };
    article.with(
        el("p").class("raw").with(
            link(
                format!("/api/v1/exchanges/{}", entry.id),
                "This record as it stands in the log",
            )
            .set("data-fetch", ""),
        ),
    )
}

/// What is said where the number is of no record that is kept.
pub(super) fn missing(id: &str) -> Element {
    el("article").with(el("h2").text(format!("#{id} is not kept"))).with(el("p").text(
        "The inspector keeps the newest calls of this run. Older ones are in the log: `nicetap log`.",
    ))
}

fn exchange(
    inspector: &Inspector,
    article: Element,
    it: &Exchange<Masked>,
    entry: &Entry,
) -> Element {
    let places = Places::of(&it.findings);
    let began = earlier(it.time, it.timing.total_ms);
    let badges = el("p")
        .class("badges")
        .with(verdict_badge(it.diagnosis.verdict))
        .with(environment_badge(it.call.environment))
        .all(risk_badge(it.call.risk))
        .with(moment(began, &inspector.zone))
        .with(span("took", took(it.timing.total_ms)));
    let request = &it.request;
    let mut fields = section("Request").set("id", "request").with(request_line(
        request.method.as_str(),
        request.url.as_str(),
        &request.http,
        &places,
    ));
    fields = fields
        .all(parameters(request.url.as_str(), &places))
        .with(headers(&request.headers, &places))
        .all(request.body.as_ref().map(|body| body_block(body, &places)))
        .all(
            places
                .all("body")
                .into_iter()
                .map(|it| finding(it, false).set("id", anchor(it))),
        );
    article
        .with(head(it.id, &title_of(it), true))
        .with(badges)
        .with(actions(entry))
        .with(lead(it))
        .all(places.unplaced(
            request.url.as_str(),
            &request.headers,
            request.body.is_some(),
        ))
        .with(fields)
        .with(reply(it, &places))
        .with(waterfall(&it.timing))
        .with(way_out(&it.egress, it.failure.as_ref()))
        .with(sender(&it.client))
        .all(credential(it))
        .with(fidelity(&it.fidelity, it.redaction.masked))
}

fn notice(inspector: &Inspector, article: Element, it: &Notice<Masked>) -> Element {
    let places = Places::of(&it.findings);
    let url = it.request.url.as_str();
    let call = (it.call.category.as_ref(), it.call.action.as_ref());
    article
        .with(head(
            it.id,
            &call_name(call, it.request.method.as_str()),
            true,
        ))
        .with(
            el("p")
                .class("badges")
                .with(span("badge s-info", "under way"))
                .with(environment_badge(it.call.environment))
                .all(risk_badge(it.call.risk))
                .with(moment(it.time, &inspector.zone)),
        )
        .all(places.unplaced(url, &it.request.headers, false))
        .with(
            section("Request")
                .set("id", "request")
                .with(request_line(
                    it.request.method.as_str(),
                    url,
                    &it.request.http,
                    &places,
                ))
                .all(parameters(url, &places))
                .with(headers(&it.request.headers, &places)),
        )
        .with(sender(&it.client))
}

fn tunnel(inspector: &Inspector, article: Element, it: &Tunnel<Masked>) -> Element {
    let why = match it.why {
        TunnelWhy::Scope => "the host is none of those that are looked into",
        TunnelWhy::Distrust => "the client refused nicetap's certificate a moment ago",
        TunnelWhy::Expired => "the time for looking is over",
        TunnelWhy::Sniff => "what the client sent is neither TLS nor HTTP",
    };
    let bytes = format!(
        "{} sent, {} received",
        size(it.bytes.up),
        size(it.bytes.down)
    );
    let rows: [(&'static str, Option<Cow<'_, str>>); 7] = [
        ("host", Some(format!("{}:{}", it.host, it.port).into())),
        ("why", Some(why.into())),
        ("bytes", Some(bytes.into())),
        ("took", Some(took(it.duration_ms).into())),
        ("ended by", Some((&*it.end).into())),
        ("to", it.egress.peer.map(|peer| peer.to_string().into())),
        (
            "failed",
            it.failure
                .as_ref()
                .map(|failure| failure.reason.as_str().into()),
        ),
    ];
    article
        .with(head(
            it.id,
            &format!("passed through unread: {}", it.host),
            false,
        ))
        .with(
            el("p")
                .class("badges")
                .with(span("badge", "tunnel"))
                .with(moment(earlier(it.time, it.duration_ms), &inspector.zone)),
        )
        .all(it.findings.iter().map(|it| finding(it, true)))
        .with(section("Tunnel").with(facts(rows)))
        .with(sender(&it.client))
}

fn connection(inspector: &Inspector, article: Element, it: &Connection<Masked>) -> Element {
    let answered = it.answered.map(|status| status.to_string().into());
    let raw = it.raw.as_ref().map(|raw| {
        section("What was received")
            .with(el("pre").class("body").lines(raw.text.as_str()))
            .all(raw.truncated.then(|| {
                el("p")
                    .class("remark")
                    .text(format!("only the beginning of {}", size(raw.bytes)))
            }))
    });
    let rows: [(&'static str, Option<Cow<'_, str>>); 4] = [
        ("host", it.host.as_ref().map(|host| host.as_str().into())),
        ("came to", Some(word(it.stage).into())),
        ("reason", Some(it.reason.as_str().into())),
        ("answered", answered),
    ];
    article
        .with(head(it.id, "no request came of this connection", false))
        .with(
            el("p")
                .class("badges")
                .with(span("badge s-error", "refused"))
                .with(moment(it.time, &inspector.zone)),
        )
        .all(it.findings.iter().map(|it| finding(it, true)))
        .with(section("Connection").with(facts(rows)))
        .all(raw)
        .with(sender(&it.client))
}

fn head(id: u64, name: &str, is_call: bool) -> Element {
    let name = span(if is_call { "mono" } else { "" }, name);
    el("header")
        .class("detail-head")
        .with(
            el("h2")
                .set("tabindex", "-1")
                .text(format!("#{id} "))
                .with(name),
        )
        .with(
            link("/", "Close")
                .class("button close")
                .set("data-close", ""),
        )
}

fn title_of(it: &Exchange<Masked>) -> String {
    let call = (it.call.category.as_ref(), it.call.action.as_ref());
    let name = call_name(call, it.request.method.as_str());
    match it.call.domains.as_slice() {
        [] => name,
        [domain] => format!("{name} {domain}"),
        [first, more @ ..] => format!("{name} {first} +{}", more.len()),
    }
}

fn call_name(call: (Option<&Masked>, Option<&Masked>), method: &str) -> String {
    match call {
        (Some(category), Some(action)) => format!("{category}/{action}"),
        (None, Some(action)) => action.to_string(),
        (Some(category), None) => format!("{category}/?"),
        (None, None) => method.to_owned(),
    }
}

fn risk_badge(risk: Risk) -> Option<Element> {
    match risk {
        Risk::Read => None,
        Risk::Change => Some(span("badge", "changes something")),
        Risk::Spend => Some(span("badge s-warn", "costs money")),
        Risk::Unknown => Some(span("badge", "effect not known")),
    }
}

fn actions(entry: &Entry) -> Element {
    let id = entry.id;
    let button = |text: &'static str| el("button").set("type", "button").text(text);
    div("actions")
        .with(
            button("Copy as curl")
                .class("script-only")
                .set("data-copy", format!("/api/v1/exchanges/{id}.curl")),
        )
        .with(
            link(format!("/api/v1/exchanges/{id}.har"), "Save as HAR")
                .class("button")
                .set("download", format!("nicetap-{id}.har"))
                .set("data-fetch", ""),
        )
        .with(
            button(if entry.is_marked { "Unmark" } else { "Mark" })
                .class("script-only")
                .set("data-mark", if entry.is_marked { "unmark" } else { "mark" }),
        )
}

/// What happened, why, and what to do: what most readers came for.
fn lead(it: &Exchange<Masked>) -> Element {
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
            .text(format!("{}: {}", doing(failure.stage), failure.reason))
    });
    let causes = it
        .diagnosis
        .causes
        .iter()
        .map(|cause| el("li").all(cause_block(cause)));
    let causes: Vec<Element> = causes.collect();
    let compared = it.diagnosis.compared_with.as_ref().map(|other| {
        let differences: Vec<&str> = other.differences.iter().map(Masked::as_str).collect();
        el("p")
            .text("Compared with ")
            .with(link(
                format!("/exchanges/{}", other.id),
                format!("#{}", other.id),
            ))
            .text(format!(", which worked: {}", differences.join("; ")))
    });
    div(class)
        .with(el("p").class("verdict").text(sentence(it)))
        .all(said)
        .all(failed)
        .all((!causes.is_empty()).then(|| {
            el("ol")
                .class("causes")
                .set("aria-label", "Likely causes, first the likeliest")
                .all(causes)
        }))
        .all(to_mend(it))
        .all(compared)
}

/// The findings in short, each a link to its place.
fn to_mend(it: &Exchange<Masked>) -> Option<Element> {
    if it.findings.is_empty() {
        return None;
    }
    let lines = it.findings.iter().map(|found| {
        el("li")
            .with(link(format!("#{}", anchor(found)), &*found.code).class("mono"))
            .text(format!(" {}: {}", super::summary::title(found), found.fix))
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
        el("p").class("fix").text(cause.fix.as_str()),
        el("ul").class("evidence").all(evidence),
    ]
}

fn request_line(method: &str, url: &str, http: &str, places: &Places<'_>) -> Element {
    div("request-line")
        .with(
            el("p")
                .class("mono wrap")
                .with(span("method", method))
                .text(" ")
                .with(span("url", url))
                .text(" ")
                .with(span("http-version", http)),
        )
        .all(
            ["request line", "host", "path", "query"]
                .into_iter()
                .flat_map(|place| places.all(place))
                .map(|it| finding(it, true).set("id", anchor(it))),
        )
}

fn parameters(url: &str, places: &Places<'_>) -> Option<Element> {
    let pairs = pairs(url);
    if pairs.is_empty() {
        return None;
    }
    let rows = pairs.iter().flat_map(|(name, value)| {
        let found = places.all(&format!("param {name}"));
        field_rows(name, value, &found)
    });
    Some(field_table("Parameters, as sent", rows))
}

fn headers(headers: &[(Masked, Masked)], places: &Places<'_>) -> Element {
    let rows = headers
        .iter()
        .enumerate()
        .flat_map(|(index, (name, value))| {
            let earlier = headers[..index]
                .iter()
                .any(|(other, _)| other.as_str().eq_ignore_ascii_case(name.as_str()));
            let place = format!("header {name}");
            // A finding speaks of the first field of that name.
            let found = if earlier {
                Vec::new()
            } else {
                places.all(&place)
            };
            field_rows(name.as_str(), value.as_str(), &found)
        });
    field_table("Headers", rows)
}

fn field_table(name: &'static str, rows: impl Iterator<Item = Element>) -> Element {
    el("table")
        .class("fields")
        .with(el("caption").text(name))
        .with(el("colgroup").with(el("col").class("name")).with(el("col")))
        .with(
            el("thead").class("unseen").with(
                el("tr")
                    .with(el("th").set("scope", "col").text("Name"))
                    .with(el("th").set("scope", "col").text("Value")),
            ),
        )
        .with(el("tbody").all(rows))
}

/// The row of a field, and a row for each finding at it.
fn field_rows(name: &str, value: &str, found: &[&Finding<Masked>]) -> Vec<Element> {
    let notes: Vec<Element> = found
        .iter()
        .map(|it| {
            el("tr")
                .class("note")
                .set("id", anchor(it))
                .with(el("td").set("colspan", "2").with(finding(it, false)))
        })
        .collect();
    let row = el("tr")
        .class(if notes.is_empty() {
            "field"
        } else {
            "field flagged"
        })
        .with(el("th").set("scope", "row").text(name))
        .with(el("td").class("wrap").text(value));
    std::iter::once(row).chain(notes).collect()
}

fn body_block(body: &Body<Masked>, places: &Places<'_>) -> Element {
    let kind = body
        .content_type
        .as_ref()
        .map_or("no Content-Type", |kind| kind.as_str());
    let mut what = format!("{} · {kind}", size(body.size));
    if body.truncated {
        let _ = write!(what, " · only the first {} kept", size(body.captured));
    }
    let block = div("body-block").with(el("h4").text("Body ").with(span("remark", what)));
    let Some(text) = &body.text else {
        let shape = body
            .shape
            .as_ref()
            .map_or("not kept", |shape| shape.as_str());
        return block.with(
            el("p")
                .class("remark")
                .text(format!("Not shown as text: {shape}")),
        );
    };
    let (shown, rest) = head_of(text.as_str());
    let block = match places.in_body() {
        Some((line, column, it)) => marked_body(block, shown, line, column, it),
        None => block.with(el("pre").class("body").lines(&pretty(shown))),
    };
    block.all((rest > 0).then(|| {
        el("p").class("remark").text(format!(
            "{} more in the record, which is linked at the end of this page",
            size(rest as u64)
        ))
    }))
}

/// The body with the place marked, and the finding right under its line.
fn marked_body(
    block: Element,
    text: &str,
    line: usize,
    column: usize,
    it: &Finding<Masked>,
) -> Element {
    let mut lines = text.split_inclusive('\n');
    let before: String = lines.by_ref().take(line.saturating_sub(1)).collect();
    let marked = lines.next().unwrap_or_default().trim_end_matches('\n');
    let after: String = lines.collect();
    let at = marked
        .char_indices()
        .nth(column.saturating_sub(1))
        .map_or(marked.len(), |(at, _)| at);
    let (left, right) = marked.split_at(at);
    let width = right.chars().next().map_or(0, char::len_utf8);
    let (char, right) = right.split_at(width);
    let char = if char.is_empty() { " " } else { char };
    let first = el("pre")
        .class("body")
        .lines(&before)
        .lines(left)
        .with(el("mark").lines(char))
        .lines(right);
    block
        .with(first)
        .with(finding(it, true).set("id", anchor(it)))
        .all((!after.is_empty()).then(|| el("pre").class("body").lines(&after)))
}

fn reply(it: &Exchange<Masked>, places: &Places<'_>) -> Element {
    let block = section("Reply").set("id", "reply");
    let found = places
        .all("reply")
        .into_iter()
        .map(|it| finding(it, false).set("id", anchor(it)));
    let block = match (&it.response, answered(it.answer)) {
        (_, Some(own)) => block.with(el("p").text(own)),
        (None, None) => block.with(el("p").text("None came.")),
        (Some(_), None) => block,
    };
    let Some(response) = &it.response else {
        return block.all(found);
    };
    block
        .with(status_line(response))
        .all(found)
        .with(headers(&response.headers, &Places(Vec::new())))
        .all(
            response
                .body
                .as_ref()
                .map(|body| body_block(body, &Places(Vec::new()))),
        )
}

fn answered(answer: Answer) -> Option<String> {
    let status = answer
        .status
        .map_or_else(String::new, |status| format!(" {status}"));
    match answer.by {
        AnswerBy::Origin => None,
        AnswerBy::Mock => Some("The built-in mock answered, not NiceNIC.".to_owned()),
        AnswerBy::Nicetap => Some(format!("nicetap answered{status} itself, not NiceNIC.")),
        AnswerBy::Nobody => Some("The client got no answer.".to_owned()),
    }
}

fn status_line(response: &Response<Masked>) -> Element {
    let envelope = response.envelope.as_ref().map(|envelope| {
        span(
            "envelope",
            format!(" · code {} “{}”", envelope.code, envelope.msg),
        )
    });
    let informational: Vec<String> = response
        .informational
        .iter()
        .map(ToString::to_string)
        .collect();
    let before = (!informational.is_empty()).then(|| {
        span(
            "remark",
            format!(" · before it: {}", informational.join(", ")),
        )
    });
    el("p")
        .class("mono wrap status-line")
        .with(span("http-version", &*response.http))
        .text(" ")
        .with(span("method", response.status.to_string()))
        .all(envelope)
        .all(before)
}

/// The steps of the exchange, each a bar where and as long as it was.
fn waterfall(timing: &Timing) -> Element {
    let measured = [timing.dns_ms, timing.connect_ms, timing.tls_ms]
        .into_iter()
        .chain([timing.wait_ms, timing.receive_ms]);
    let rest = (timing.total_ms - measured.flatten().sum::<f64>()).max(0.0);
    let steps = [
        ("find the address (DNS)", timing.dns_ms, "b-dns"),
        ("connect", timing.connect_ms, "b-connect"),
        ("agree on TLS", timing.tls_ms, "b-tls"),
        ("send, and nicetap's own work", Some(rest), "b-send"),
        ("wait for the first byte", timing.wait_ms, "b-wait"),
        ("receive", timing.receive_ms, "b-receive"),
    ];
    let whole = timing.total_ms.max(0.001);
    let mut before = 0.0;
    let rows = steps.into_iter().map(|(name, millis, class)| {
        let long = millis.unwrap_or(0.0);
        let (x, width) = (before / whole * 100.0, (long / whole * 100.0).max(0.3));
        before += long;
        let bar = el("svg")
            .set("viewBox", "0 0 100 10")
            .set("preserveAspectRatio", "none")
            .set("aria-hidden", "true")
            .with(
                el("rect")
                    .class(class)
                    .set("x", format!("{:.2}", x.min(99.7)))
                    .set("y", "1")
                    .set("width", format!("{width:.2}"))
                    .set("height", "8"),
            );
        let shown = millis.map_or_else(|| "not taken".to_owned(), took);
        el("tr")
            .with(el("th").set("scope", "row").text(name))
            .with(el("td").class("ms").text(shown))
            .with(el("td").class("bar").all(millis.map(|_| bar)))
    });
    section("Where the time went").with(
        el("table")
            .class("waterfall")
            .with(el("tbody").all(rows))
            .with(
                el("tfoot").with(
                    el("tr")
                        .with(el("th").set("scope", "row").text("in all"))
                        .with(el("td").class("ms").text(took(timing.total_ms)))
                        .with(el("td")),
                ),
            ),
    )
}

fn way_out(egress: &Egress<Masked>, failure: Option<&Failure<Masked>>) -> Element {
    let listed = match egress.whitelisted {
        Some(true) => "yes",
        Some(false) => "NO",
        None => "not known",
    };
    let public = outbound(egress);
    let seen_by = egress.public.as_ref().map(|public| {
        let by: Vec<&str> = public.seen_by.iter().map(Masked::as_str).collect();
        by.join(", ").into()
    });
    let reused = failure.is_some_and(|failure| failure.reused);
    let rows: [(&'static str, Option<Cow<'_, str>>); 7] = [
        (
            "outbound IP",
            Some(public.map_or_else(|| "not known".into(), |ip| ip.to_string().into())),
        ),
        ("seen by", seen_by),
        ("in your list", Some(listed.into())),
        ("from", egress.local.map(|local| local.to_string().into())),
        ("to", egress.peer.map(|peer| peer.to_string().into())),
        ("chosen by", Some((&*egress.chosen_by).into())),
        (
            "connection",
            reused.then(|| "kept from a call before".into()),
        ),
    ];
    section("The way out").with(facts(rows))
}

fn sender(client: &Client<Masked>) -> Element {
    let text = |text: &Option<Masked>| -> Option<Cow<'_, str>> {
        text.as_ref().map(|it| Cow::Owned(it.to_string()))
    };
    let user = match (&client.user, client.uid) {
        (Some(user), Some(uid)) => Some(format!("{user} ({uid})").into()),
        (Some(user), None) => Some(user.to_string().into()),
        (None, uid) => uid.map(|uid| uid.to_string().into()),
    };
    let via = client.via.map(|via| {
        let words = word(via);
        if words == "gateway" {
            "base-URL mode".into()
        } else {
            words.into()
        }
    });
    let rows: [(&'static str, Option<Cow<'_, str>>); 7] = [
        ("program", text(&client.process)),
        ("kind", client.kind.map(|kind| word(kind).into())),
        ("user", user),
        ("process id", client.pid.map(|pid| pid.to_string().into())),
        ("User-Agent", text(&client.user_agent)),
        ("came as", via),
        ("address", Some(client.addr.to_string().into())),
    ];
    section("Who sent it").with(facts(rows))
}

fn credential(it: &Exchange<Masked>) -> Option<Element> {
    let credential = it.call.credential.as_ref()?;
    let rows: [(&'static str, Option<Cow<'_, str>>); 4] = [
        ("username", Some(credential.username.as_str().into())),
        ("secret", Some(credential.fingerprint.as_str().into())),
        ("it is", credential.is.as_deref().map(Cow::Borrowed)),
        ("differs", credential.differs.as_deref().map(Cow::Borrowed)),
    ];
    Some(
        section("The credential").with(facts(rows)).with(
            el("p")
                .class("remark")
                .text("Equal secrets have equal marks, on this machine."),
        ),
    )
}

fn fidelity(notes: &[crate::record::Word], masked: u64) -> Element {
    let block = section("Fidelity");
    let block = if notes.is_empty() {
        block.with(el("p").text("The request was sent on byte for byte."))
    } else {
        block.with(el("ul").all(notes.iter().map(|note| el("li").text(&**note))))
    };
    let values = count(masked, "value");
    let verb = if masked == 1 { "is" } else { "are" };
    block.with(
        el("p")
            .class("remark")
            .text(format!("{values} {verb} masked in this record.")),
    )
}

/// The findings of a record, to be taken out by their places.
struct Places<'a>(Vec<&'a Finding<Masked>>);

impl<'a> Places<'a> {
    fn of(findings: &'a [Finding<Masked>]) -> Self {
        Self(findings.iter().collect())
    }

    /// Those at this place, worst first.
    fn all(&self, place: &str) -> Vec<&'a Finding<Masked>> {
        let is_there = |it: &&&Finding<Masked>| it.at.as_str().eq_ignore_ascii_case(place);
        self.0.iter().filter(is_there).copied().collect()
    }

    /// The first that speaks of a line and a column of the body.
    fn in_body(&self) -> Option<(usize, usize, &'a Finding<Masked>)> {
        self.0.iter().find_map(|it| {
            let (line, column) = it
                .at
                .as_str()
                .strip_prefix("body line ")?
                .split_once(" column ")?;
            Some((line.parse().ok()?, column.parse().ok()?, *it))
        })
    }

    /// A block with those whose place is not shown: a header or a parameter that is missing, the connection.
    fn unplaced(&self, url: &str, headers: &[(Masked, Masked)], has_body: bool) -> Option<Element> {
        let pairs = pairs(url);
        let is_shown = |at: &str| {
            let (kind, name) = at.split_once(' ').unwrap_or((at, ""));
            match kind {
                "header" => headers
                    .iter()
                    .any(|(have, _)| have.as_str().eq_ignore_ascii_case(name)),
                "param" => pairs
                    .iter()
                    .any(|(have, _)| have.eq_ignore_ascii_case(name)),
                "request" | "host" | "path" | "query" | "reply" => true,
                "body" => has_body || name.is_empty(),
                _ => false,
            }
        };
        let first_in_body = self.in_body().map(|(_, _, it)| std::ptr::from_ref(it));
        let is_second_in_body = |it: &Finding<Masked>| {
            it.at.as_str().starts_with("body line ")
                && first_in_body.is_some_and(|first| !std::ptr::eq(first, it))
        };
        let found: Vec<Element> = self
            .0
            .iter()
            .filter(|it| !is_shown(it.at.as_str()) || is_second_in_body(it))
            .map(|it| finding(it, true).set("id", anchor(it)))
            .collect();
        (!found.is_empty()).then(|| section("Findings").all(found))
    }
}

/// The parameters of a URL's query, as they were sent.
fn pairs(url: &str) -> Vec<(&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let query = query.split('#').next().unwrap_or_default();
    let parts = query.split('&').filter(|part| !part.is_empty());
    parts
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .take(MOST_PARAMETERS)
        .collect()
}

/// A name for the finding's place on the page. Codes are ours.
fn anchor(finding: &Finding<Masked>) -> String {
    format!("f-{}", finding.code)
}

/// The beginning of a long text, and how many bytes are left out.
fn head_of(text: &str) -> (&str, usize) {
    if text.len() <= LONGEST_BODY {
        return (text, 0);
    }
    let mut end = LONGEST_BODY;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (&text[..end], text.len() - end)
}

/// JSON on several lines. Not a byte of its tokens changes; what is no JSON, or too deep, stays as it is.
fn pretty(text: &str) -> String {
    let is_json = text.trim_start().starts_with(['{', '[']);
    if !is_json
        || text.contains('\n')
        || serde_json::from_str::<serde::de::IgnoredAny>(text).is_err()
    {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() * 2);
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        if in_string {
            shown.push(char);
            in_string = escaped || char != '"';
            escaped = char == '\\' && !escaped;
            continue;
        }
        match char {
            '"' => {
                in_string = true;
                shown.push(char);
            }
            '{' | '[' => {
                shown.push(char);
                if chars.peek().is_some_and(|next| matches!(next, '}' | ']')) {
                    continue;
                }
                depth += 1;
                new_line(&mut shown, depth);
            }
            '}' | ']' => {
                if !shown.ends_with(['{', '[']) {
                    depth = depth.saturating_sub(1);
                    new_line(&mut shown, depth);
                }
                shown.push(char);
            }
            ',' => {
                shown.push(char);
                new_line(&mut shown, depth);
            }
            ':' => shown.push_str(": "),
            char if char.is_ascii_whitespace() => {}
            char => shown.push(char),
        }
    }
    shown
}

fn new_line(shown: &mut String, depth: usize) {
    shown.push('\n');
    shown.extend(std::iter::repeat_n("  ", depth.min(DEEPEST)));
}

/// Bytes of a body that a page shows.
const LONGEST_BODY: usize = 128 * 1024;
/// Steps of indentation; what lies deeper is not moved further.
const DEEPEST: usize = 24;
const MOST_PARAMETERS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_broken_into_lines_and_nothing_else_changes() {
        assert_eq!(
            pretty(r#"{"code":0,"list":[],"a":[1.10,"x, \"{y}"],"o":{}}"#),
            "{\n  \"code\": 0,\n  \"list\": [],\n  \"a\": [\n    1.10,\n    \"x, \\\"{y}\"\n  ],\n  \"o\": {}\n}"
        );
        for same in [
            "<html>",
            "{\"a\":",
            "",
            "{}",
            "[]",
            "‹cut·9›",
            &"[".repeat(5000),
        ] {
            assert_eq!(pretty(same), same);
        }
        assert_eq!(pretty(r#""x""#), r#""x""#);
    }

    #[test]
    fn a_long_body_is_cut_at_a_character() {
        let text = "é".repeat(LONGEST_BODY);
        let (shown, rest) = head_of(&text);
        assert_eq!(shown.len() + rest, text.len());
        assert!(shown.len() <= LONGEST_BODY);
        assert_eq!(head_of("x"), ("x", 0));
    }
}
