//! One record, whole: what went wrong first, then the request and the reply, with each finding at the place that it
//! speaks of.
use std::borrow::Cow;

use crate::record::{Connection, Exchange, Notice, Record, Risk, Tunnel, TunnelWhy};
use crate::redact::seal::Masked;
use crate::sink::block::word;
use crate::sink::history::Entry;

use super::node::{Element, div, el, link, span};
use super::parts::{environment_badge, facts, finding, moment, section, size, took, verdict_badge};
use super::summary::earlier;
use super::{Inspector, case};

use around::{credential, fidelity, sender, waterfall, way_out};
use lead::lead;
use message::{body_block, headers, parameters, reply, request_line};
use places::{Places, anchor};

mod around;
mod lead;
mod message;
mod places;

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
        .with(case::checklist(inspector, it))
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
        TunnelWhy::Expired => "the time for looking is over, or the CA's (`nicetap doctor` tells)",
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
            button("Copy as ticket")
                .class("script-only")
                .set("data-copy", format!("/api/v1/exchanges/{id}.report")),
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
