//! The run as a whole: how many calls with which end, what was found, which way they went out, how long they took.
use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::record::{Record, Verdict};
use crate::sink::block::word;
use crate::sink::history::start_of;
use crate::sink::tally::{BOUNDS, Counts};
use crate::{record, rules};

use super::api::{Seen, Ways};
use super::node::{Element, div, el, link, span};
use super::parts::{address, code_badge, count, facts, moment, section, took, verdict_badge};
use super::{Inspector, case};

/// The run as a whole.
pub(super) fn session(inspector: &Inspector) -> Element {
    let counts = inspector.tally.counts();
    let known = Ways::of(inspector);
    div("page")
        .with(el("h2").text("Session"))
        .with(verdicts(&counts))
        .with(
            div("columns")
                .with(case::checklist_of_run(inspector))
                .with(findings(&counts))
                .with(causes(inspector))
                .with(latency(&counts))
                .with(ways(inspector, &known))
                .with(settings(inspector))
                .with(section("Two calls side by side").with(case::form(&case::Pair::default()))),
        )
}

fn verdicts(counts: &Counts) -> Element {
    let tiles = counts.verdicts().into_iter().map(|(verdict, count)| {
        let filter = format!("verdict={}", word(verdict));
        link(address("/", Some(&filter), None), "")
            .class("tile")
            .with(span("number", count.to_string()))
            .with(verdict_badge(verdict))
    });
    let all: u64 = counts.exchanges.values().sum();
    let plain = |number: u64, name: &'static str| {
        div("tile")
            .with(span("number", number.to_string()))
            .with(span("badge", name))
    };
    div("tiles")
        .with(plain(all, "calls"))
        .all(tiles)
        .with(plain(counts.tunnels, "passed unread"))
        .with(plain(counts.connections, "no request"))
}

fn findings(counts: &Counts) -> Element {
    let block = section("Findings");
    if counts.findings.is_empty() {
        return block.with(el("p").text("None so far."));
    }
    let mut found: Vec<_> = counts.findings.iter().collect();
    found.sort_by_key(|(code, count)| (std::cmp::Reverse(**count), (*code).clone()));
    let most = found.first().map_or(1, |(_, count)| **count);
    let rows = found.into_iter().map(|(code, count)| {
        let rule = rules::find(code);
        let severity = rule.map_or(record::Severity::Info, |rule| rule.severity);
        let filter = format!("code={code}");
        el("tr")
            .with(el("td").with(code_badge(code, severity)))
            .with(el("td").text(rule.map_or("", |rule| rule.summary)))
            .with(
                el("td")
                    .class("ms")
                    .with(link(address("/", Some(&filter), None), count.to_string())),
            )
            .with(el("td").class("bar").with(bar(*count, most)))
    });
    block.with(el("table").class("bars").with(el("tbody").all(rows)))
}

/// Likely causes over the calls that are kept.
fn causes(inspector: &Inspector) -> Element {
    let mut seen: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for entry in inspector.page(None, None, usize::MAX).entries {
        let Record::Exchange(exchange) = &*entry.record else {
            continue;
        };
        if let Some(first) = exchange.diagnosis.causes.first() {
            let (count, _) = seen
                .entry(first.cause.to_string())
                .or_insert_with(|| (0, first.title.to_string()));
            *count += 1;
        }
    }
    let block = section("First causes");
    if seen.is_empty() {
        let refused = inspector
            .tally
            .counts()
            .verdicts()
            .keys()
            .any(|it| *it != Verdict::Ok);
        return block.with(el("p").text(if refused {
            "None are named for the calls that are kept."
        } else {
            "No call has failed so far."
        }));
    }
    let most = seen.values().map(|(count, _)| *count).max().unwrap_or(1);
    let rows = seen.into_iter().map(|(cause, (count, title))| {
        let filter = format!("cause={cause}");
        el("tr")
            .with(el("td").class("mono").text(&cause))
            .with(el("td").text(title))
            .with(
                el("td")
                    .class("ms")
                    .with(link(address("/", Some(&filter), None), count.to_string())),
            )
            .with(el("td").class("bar").with(bar(count, most)))
    });
    block.with(el("table").class("bars").with(el("tbody").all(rows)))
}

fn latency(counts: &Counts) -> Element {
    let latency = &counts.latency;
    let block = section("How long calls took");
    if latency.total() == 0 {
        return block.with(el("p").text("No call so far."));
    }
    let most = latency.buckets.iter().copied().max().unwrap_or(1);
    let bounds = BOUNDS
        .iter()
        .map(|bound| format!("up to {}", short(*bound)));
    let last = BOUNDS
        .last()
        .map_or_else(String::new, |bound| format!("over {}", short(*bound)));
    let rows = bounds
        .chain([last])
        .zip(latency.buckets)
        .map(|(name, count)| {
            el("tr")
                .with(el("th").set("scope", "row").text(name))
                .with(el("td").class("ms").text(count.to_string()))
                .with(el("td").class("bar").with(bar(count, most)))
        });
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    let mean = latency.sum * 1e3 / latency.total() as f64;
    block
        .with(el("table").class("bars").with(el("tbody").all(rows)))
        .with(
            el("p")
                .class("remark")
                .text(format!("{} on average", took(mean))),
        )
}

fn ways(inspector: &Inspector, known: &Ways) -> Element {
    let block = section("Outbound IP over time");
    let block = if known.outbound.is_empty() {
        block.with(el("p").text("Not known: no call says which address NiceNIC saw."))
    } else {
        block.with(addresses(
            inspector,
            &known.outbound,
            "Address that NiceNIC saw",
        ))
    };
    let list = if known.whitelist.is_empty() {
        "Your list at NiceNIC is not known to nicetap.".to_owned()
    } else {
        format!("Your list at NiceNIC: {}.", known.whitelist.join(", "))
    };
    block
        .with(el("p").text(list))
        .all((!known.local.is_empty()).then(|| {
            addresses(
                inspector,
                &known.local,
                "This machine's end of the connections",
            )
        }))
}

fn addresses(inspector: &Inspector, seen: &[Seen], name: &'static str) -> Element {
    let rows = seen.iter().map(|seen| {
        let listed = match seen.whitelisted {
            Some(true) => Some(span("listed s-good", "in your list")),
            Some(false) => Some(span("listed s-error", "NOT in your list")),
            None => None,
        };
        el("tr")
            .with(
                el("td")
                    .with(span("mono", seen.address.to_string()))
                    .all(listed),
            )
            .with(
                el("td")
                    .with(moment(seen.first, &inspector.zone))
                    .text(" to ")
                    .with(moment(seen.last, &inspector.zone)),
            )
            .with(el("td").class("ms").text(count(seen.exchanges, "call")))
    });
    el("table")
        .class("addresses")
        .with(el("caption").text(name))
        .with(el("tbody").all(rows))
}

fn settings(inspector: &Inspector) -> Element {
    let block = section("This run");
    let start = inspector.history.start();
    let Some(start) = start.as_deref().and_then(start_of) else {
        return block.with(el("p").text("It has just begun."));
    };
    let hosts: Vec<&str> = start.intercept.iter().map(AsRef::as_ref).collect();
    let listen: Vec<String> = start
        .listen
        .iter()
        .map(|at| format!("http://{at}"))
        .collect();
    let ends = start
        .ends
        .map(|ends| ends.minute_in(inspector.zone.clone()).into());
    let reading = inspector.gauge.read();
    let lost = (reading.not_recorded > 0).then(|| reading.not_recorded.to_string().into());
    let rows: [(&'static str, Option<Cow<'_, str>>); 8] = [
        ("nicetap", Some((&*start.version).into())),
        ("proxy", Some(listen.join(", ").into())),
        ("reads", Some(hosts.join(", ").into())),
        ("guard", Some((&*start.guard).into())),
        ("expects", start.expect.as_deref().map(Cow::Borrowed)),
        ("looks until", ends),
        ("log", start.log.as_ref().map(|log| log.as_str().into())),
        ("not recorded", lost),
    ];
    block.with(facts(rows)).with(
        el("p").with(
            link(
                "/api/v1/exchanges.har",
                "Save all calls that are kept as HAR",
            )
            .set("download", "nicetap.har")
            .set("data-fetch", ""),
        ),
    )
}

fn bar(count: u64, most: u64) -> Element {
    #[expect(clippy::cast_precision_loss, reason = "the length of a bar")]
    let width = count as f64 / most.max(1) as f64 * 100.0;
    el("svg")
        .set("viewBox", "0 0 100 10")
        .set("preserveAspectRatio", "none")
        .set("aria-hidden", "true")
        .with(
            el("rect")
                .class("b-count")
                .set("x", "0")
                .set("y", "1")
                .set("width", format!("{width:.2}"))
                .set("height", "8"),
        )
}

fn short(seconds: f64) -> String {
    if seconds < 1.0 {
        format!("{:.0} ms", seconds * 1e3)
    } else {
        format!("{seconds} s")
    }
}
