//! The list of calls, its filter, and what stands there while there is none.
use std::sync::Arc;

use serde::Serialize;

use crate::record::{AnswerBy, Event};
use crate::sink::history::Entry;
use crate::sink::only;

use super::Inspector;
use super::api::{Choice, PAGE};
use super::events::cursor;
use super::node::{Element, div, el, link, span};
use super::parts::{address, code_badge, environment_badge, moment, short, took, verdict_badge};
use super::summary::Summary;

/// The list, with its filter.
pub(super) fn list(inspector: &Inspector, choice: &Choice, selected: Option<u64>) -> Element {
    let filter = choice.only.as_deref().unwrap_or_default();
    let list = el("section")
        .set("id", "list")
        .set("aria-label", "Calls")
        .with(form(filter));
    let only = match choice.parsed() {
        Ok(only) => only,
        Err(error) => {
            let error = el("pre")
                .class("problem")
                .set("role", "alert")
                .lines(&error);
            return list.with(error);
        }
    };
    let page = inspector.page(only.as_ref(), choice.before, PAGE);
    let now = cursor(&inspector.history, page.seq);
    let list = list.set("data-cursor", now).maybe(
        "data-paused",
        inspector.history.is_paused().then_some("true"),
    );
    let is_fresh = only.is_none() && choice.before.is_none();
    if page.entries.is_empty() && is_fresh {
        return list.with(empty(inspector)).with(table(None));
    }
    let rows = page
        .entries
        .iter()
        .map(|entry| row(inspector, entry, filter, selected));
    let body = el("tbody").set("id", "rows").all(rows);
    let nothing = page.entries.is_empty().then(|| {
        el("p")
            .class("nothing")
            .text("No call that is kept matches this filter.")
    });
    let older = page
        .next
        .map(|next| link(address("/", Some(filter), Some(next)), "Older calls").set("rel", "next"));
    let newest = choice
        .before
        .map(|_| link(address("/", Some(filter), None), "Newest calls"));
    list.with(table(Some(body))).all(nothing).with(
        el("nav")
            .class("pager")
            .set("aria-label", "Pages")
            .all(newest)
            .all(older),
    )
}

/// A row of the list, and the number and change that it shows.
#[derive(Serialize)]
pub(super) struct Row {
    id: u64,
    /// `None`: it does not match the filter any more.
    tree: Option<Element>,
}

/// Rows that have changed since a reader last looked.
#[derive(Serialize)]
pub(super) struct Rows {
    cursor: String,
    /// Whether the whole list is to be asked for.
    reset: bool,
    paused: bool,
    #[serde(rename = "rows")]
    changed: Vec<Row>,
}

/// What has changed since `known`.
pub(super) fn rows(inspector: &Arc<Inspector>, choice: &Choice, known: &str) -> Rows {
    let history = &inspector.history;
    let filter = choice.only.as_deref().unwrap_or_default();
    let seq = known
        .split_once('-')
        .filter(|(epoch, _)| epoch.parse() == Ok(history.epoch()))
        .and_then(|(_, seq)| seq.parse().ok());
    // More than fit on a page are not drawn one by one.
    let news = history.since(seq.unwrap_or(u64::MAX), PAGE * 2);
    let is_much = news.entries.len() == PAGE * 2;
    let only = choice.parsed().ok().flatten();
    let rows = news.entries.iter().map(|entry| {
        let is_chosen = only.as_ref().is_none_or(|only| only.matches(&entry.record));
        Row {
            id: entry.id,
            tree: is_chosen.then(|| row(inspector, entry, filter, None)),
        }
    });
    Rows {
        cursor: cursor(history, news.seq),
        reset: news.is_reset || is_much,
        paused: history.is_paused(),
        changed: if is_much { Vec::new() } else { rows.collect() },
    }
}

fn form(filter: &str) -> Element {
    let input = el("input")
        .set("id", "filter")
        .set("name", "only")
        .set("type", "search")
        .set("aria-label", "Filter, for example verdict!=ok")
        .set(
            "placeholder",
            "filter, for example  verdict!=ok and action=register",
        )
        .set("autocomplete", "off")
        .set("autocapitalize", "off")
        .set("spellcheck", "false")
        .set("value", filter.to_owned());
    let all = (!filter.is_empty()).then(|| link("/", "Show all").class("button"));
    el("form")
        .set("id", "filter-form")
        .set("role", "search")
        .set("method", "get")
        .set("action", "/")
        .with(input)
        .with(el("button").set("type", "submit").text("Filter"))
        .all(all)
        .with(filter_help())
}

fn filter_help() -> Element {
    let examples = EXAMPLES.iter().map(|(text, means)| {
        el("li")
            .with(link(address("/", Some(text), None), text).class("mono"))
            .text(format!(" {means}"))
    });
    let keys = only::keys()
        .flat_map(|(name, means)| [el("dt").class("mono").text(name), el("dd").text(means)]);
    el("details")
        .class("filter-help")
        .with(el("summary").text("How to filter"))
        .with(
            div("filter-help-body")
                .with(el("ul").all(examples))
                .with(el("p").text(
                    "Operators: = != ~ (holds) !~ < <= > >=, joined by and, or, not and brackets. \
                     `nicetap log --only` takes the same.",
                ))
                .with(el("dl").class("facts keys").all(keys)),
        )
}

fn table(body: Option<Element>) -> Element {
    let heads = HEADS.map(|(class, text)| el("th").set("scope", "col").class(class).text(text));
    let is_hidden = body.is_none();
    el("table")
        .class("calls")
        .maybe("hidden", is_hidden.then_some(""))
        .with(
            el("caption")
                .class("unseen")
                .text("Calls, the newest first"),
        )
        .with(el("thead").with(el("tr").all(heads)))
        .with(body.unwrap_or_else(|| el("tbody").set("id", "rows")))
}

fn row(inspector: &Inspector, entry: &Entry, filter: &str, selected: Option<u64>) -> Element {
    let it = Summary::of(entry);
    let to = address(&format!("/exchanges/{}", it.id), Some(filter), None);
    let name = link(to, short(&what(&it)))
        .class("call-link")
        .maybe("aria-current", (selected == Some(it.id)).then_some("true"));
    let star = it.marked.then(|| span("star", "★").set("title", "marked"));
    let domains = match it.domains.as_slice() {
        [] => None,
        [domain] => Some(short(domain)),
        [first, more @ ..] => Some(format!("{} +{}", short(first), more.len())),
    };
    let place = domains.or_else(|| is_apart(&it).then(|| short(it.host.unwrap_or_default())));
    el("tr")
        .set("id", format!("c{}", it.id))
        .set("data-id", it.id.to_string())
        .class(if it.event == Event::Request {
            "under-way"
        } else {
            "done"
        })
        .with(el("td").class("c-id").text(format!("#{}", it.id)).all(star))
        .with(
            el("td")
                .class("c-time")
                .with(moment(it.time, &inspector.zone)),
        )
        .with(
            el("td")
                .class("c-env")
                .all(it.environment.map(environment_badge)),
        )
        .with(
            el("td")
                .class("c-call")
                .with(name)
                .all(place.map(|place| span("domain", place))),
        )
        .with(el("td").class("c-verdict").with(verdict(&it)))
        .with(finding_cell(&it))
        .with(el("td").class("c-status").all(status(&it)))
        .with(
            el("td")
                .class("c-took")
                .text(it.ms.map(took).unwrap_or_default()),
        )
        .with(el("td").class("c-out").all(outbound(&it)))
}

/// Whether the host says more than the call: it is not NiceNIC's, or nothing is known of the call.
fn is_apart(it: &Summary<'_>) -> bool {
    it.event == Event::Tunnel || it.event == Event::Connection || it.action.is_none()
}

fn what(it: &Summary<'_>) -> String {
    match (it.event, it.category, it.action) {
        (Event::Tunnel, ..) => "passed through unread".to_owned(),
        (Event::Connection, ..) => "no request came of it".to_owned(),
        (_, Some(category), Some(action)) => format!("{category}/{action}"),
        (_, None, Some(action)) => action.to_owned(),
        (_, category, None) => {
            let method = it.method.unwrap_or("?");
            category.map_or_else(|| method.to_owned(), |category| format!("{category}/?"))
        }
    }
}

fn verdict(it: &Summary<'_>) -> Element {
    match (it.verdict, it.event) {
        (Some(verdict), _) => verdict_badge(verdict),
        (None, Event::Request) => span("badge s-info", "under way"),
        (None, Event::Tunnel) if it.message.is_some() => span("badge s-error", "unreachable"),
        (None, Event::Connection) => span("badge s-error", "refused"),
        (None, _) => span("badge", "tunnel"),
    }
}

/// The worst finding; without one, the likeliest cause, or the message of a call that failed.
fn finding_cell(it: &Summary<'_>) -> Element {
    let cell = el("td").class("c-finding");
    if let Some(finding) = &it.finding {
        let more = (it.findings > 1).then(|| span("more", format!(" +{}", it.findings - 1)));
        return cell
            .with(code_badge(finding.code, finding.severity))
            .text(" ")
            .with(span("title", finding.title))
            .all(more);
    }
    let is_ok = it.verdict == Some(crate::record::Verdict::Ok);
    let said = match &it.cause {
        Some(cause) => Some(cause.title.to_string()),
        None if is_ok => None,
        None => it.message.map(str::to_owned),
    };
    cell.all(said.map(|said| span("said", said)))
}

fn status(it: &Summary<'_>) -> Vec<Element> {
    let mut parts = Vec::new();
    if let Some(answer) = it.answer {
        let status = answer
            .status
            .map_or_else(|| "none".to_owned(), |it| it.to_string());
        let by = match answer.by {
            AnswerBy::Origin => None,
            AnswerBy::Nicetap => Some("answered by nicetap, not NiceNIC"),
            AnswerBy::Mock => Some("answered by the built-in mock"),
            AnswerBy::Nobody => Some("the client got no answer"),
        };
        parts.push(span("http", status).maybe("title", by));
    }
    if let Some(code) = it.code {
        parts.push(span("body-code", format!("code {code}")));
    }
    parts
}

fn outbound(it: &Summary<'_>) -> Vec<Element> {
    let Some(ip) = it.ip else {
        let is_call = it.event == Event::Exchange;
        let unknown = span("unknown", "not known").set("title", "nobody was asked what it is");
        return is_call.then_some(unknown).into_iter().collect();
    };
    let listed = match it.whitelisted {
        Some(true) => Some(span("listed s-good", "in your list")),
        Some(false) => Some(span("listed s-error", "NOT in your list")),
        None => None,
    };
    [Some(span("ip", ip.to_string())), listed]
        .into_iter()
        .flatten()
        .collect()
}

/// How to point a client here.
fn empty(inspector: &Inspector) -> Element {
    let proxy = inspector
        .proxy
        .first()
        .map(ToString::to_string)
        .unwrap_or_default();
    let credential = if inspector.mock {
        "demo:mock-only"
    } else {
        "username:api_secret"
    };
    let headers =
        format!("  -H 'Authorization: {credential}' -H 'Content-Type: application/json' \\\n");
    let call = "v2/?category=domain&action=check&domains=example.com'";
    let root = shell_word(&inspector.root.display().to_string());
    let base = format!("curl \\\n{headers}  'http://{proxy}/{call}");
    let through = format!(
        "curl -x http://{proxy} --cacert {root} \\\n{headers}  'https://api.nicenic.net/{call}"
    );
    let seen = if inspector.mock {
        "The built-in mock answers: nothing reaches NiceNIC, nothing is bought."
    } else {
        "NiceNIC sees the address of the machine that nicetap runs on."
    };
    div("empty")
        .with(el("h2").text("No call yet"))
        .with(
            el("p")
                .text("Point a client here, and its calls appear by themselves. ")
                .text(seen),
        )
        .with(el("h3").text("Base-URL mode: no proxy setting, no CA"))
        .with(
            el("p")
                .text("In your code or module, put ")
                .with(el("code").text(format!("http://{proxy}/v2/")))
                .text(format!(
                    " in place of {}/v2/. Or try it:",
                    inspector.base_url
                )),
        )
        .with(copyable(&base))
        .with(el("h3").text("As a proxy"))
        .with(
            el("p")
                .text("Set the client's proxy to ")
                .with(el("code").text(format!("http://{proxy}")))
                .text(" and let it trust the certificate ")
                .with(el("code").text(inspector.root.display().to_string()))
                .text(". Or try it:"),
        )
        .with(copyable(&through))
}

/// A command, with a button that copies it.
fn copyable(text: &str) -> Element {
    div("copyable").with(el("pre").lines(text)).with(
        el("button")
            .set("type", "button")
            .class("script-only")
            .set("data-copy-text", text.to_owned())
            .text("Copy"),
    )
}

/// The word as a shell reads it back.
fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

const HEADS: [(&str, &str); 9] = [
    ("c-id", "#"),
    ("c-time", "Time"),
    ("c-env", "System"),
    ("c-call", "Call"),
    ("c-verdict", "Verdict"),
    ("c-finding", "Worst finding"),
    ("c-status", "Status"),
    ("c-took", "Took"),
    ("c-out", "Outbound IP"),
];
const EXAMPLES: [(&str, &str); 5] = [
    ("verdict!=ok", "calls that did not succeed"),
    ("code=N102", "calls with this finding"),
    ("action=register and env=production", "real registrations"),
    ("ms>=1000", "slow calls"),
    ("event=tunnel", "what was passed through unread"),
];
