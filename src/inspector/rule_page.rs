//! The pages of the rules, out of each rule's own text. They hold nothing of any call.
use crate::rule::{Confidence, Rule};
use crate::rules;

use super::node::{Element, div, el, link};
use super::parts::{address, code_badge};

/// All rules.
pub(super) fn all() -> Element {
    let rows = rules::all().map(|rule| {
        el("tr")
            .with(el("td").with(code_badge(rule.code, rule.severity)))
            .with(el("td").text(rule.severity.word()))
            .with(el("td").class("mono").text(rule.name))
            .with(el("td").text(rule.summary))
    });
    let heads = ["Code", "Severity", "Name", "What it reports"]
        .map(|text| el("th").set("scope", "col").text(text));
    div("page").with(el("h2").text("Rules")).with(
        el("table")
            .class("rules")
            .with(el("thead").with(el("tr").all(heads)))
            .with(el("tbody").all(rows)),
    )
}

/// One rule's page; `None` if there is no such rule.
pub(super) fn one(code: &str) -> Option<Element> {
    rules::find(code).map(page)
}

/// What is said of a code that is no rule.
pub(super) fn missing(code: &str) -> Element {
    let page = div("page").with(el("h2").text("There is no such rule"));
    let page = match (rules::retired(code), rules::nearest(code)) {
        (Some(reason), _) => page.with(el("p").text(format!("It is no rule any more: {reason}"))),
        (None, Some(nearest)) => page.with(
            el("p")
                .text("Did you mean ")
                .with(link(format!("/rules/{nearest}"), nearest))
                .text("?"),
        ),
        (None, None) => page,
    };
    page.with(el("p").with(link("/rules", "All rules")))
}

fn page(rule: &'static Rule) -> Element {
    let filter = format!("code={}", rule.code);
    let cause = rule.cause.map(|cause| {
        el("p").text(format!(
            "It is cause {cause} in NiceNIC's article on authentication errors."
        ))
    });
    div("page prose")
        .with(
            el("h2")
                .with(code_badge(rule.code, rule.severity))
                .text(format!(" {}", rule.name)),
        )
        .with(el("p").class("summary").text(rule.summary))
        .with(
            el("p")
                .class("remark")
                .text(format!(
                    "{}, {}; since {} · ",
                    rule.severity.word(),
                    sure(rule.confidence),
                    rule.since
                ))
                .with(link(
                    address("/", Some(&filter), None),
                    "calls with this finding",
                )),
        )
        .with(div("lead s-info").with(paragraph(&format!("Fix: {}", rule.fix))))
        .all(cause)
        .all(prose(rule.doc))
        .with(el("p").with(link("/rules", "All rules")))
}

const fn sure(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Is => "it was seen",
        Confidence::Likely => "it follows from the documentation",
        Confidence::May => "it is possible",
    }
}

/// The rule's own Markdown: titles, paragraphs, lists, blocks of code.
fn prose(doc: &str) -> Vec<Element> {
    let mut parts = Vec::new();
    let mut code: Option<Vec<&str>> = None;
    let mut words: Vec<&str> = Vec::new();
    let end = |words: &mut Vec<&str>, parts: &mut Vec<Element>| {
        if !words.is_empty() {
            parts.push(paragraph(&std::mem::take(words).join(" ")));
        }
    };
    for line in doc.lines() {
        let line = line.strip_prefix(' ').unwrap_or(line);
        if line.starts_with("```") {
            end(&mut words, &mut parts);
            code = match code.take() {
                Some(lines) => {
                    parts.push(el("pre").class("body").lines(&lines.join("\n")));
                    None
                }
                None => Some(Vec::new()),
            };
        } else if let Some(lines) = &mut code {
            lines.push(line);
        } else if let Some(title) = line.strip_prefix("## ") {
            end(&mut words, &mut parts);
            parts.push(el("h3").text(title));
        } else if line.is_empty() || line.starts_with("- ") {
            end(&mut words, &mut parts);
            words.extend((!line.is_empty()).then_some(line));
        } else {
            words.push(line);
        }
    }
    end(&mut words, &mut parts);
    parts
}

/// A paragraph, with `code` in it.
fn paragraph(text: &str) -> Element {
    el("p").prose(text.strip_prefix("- ").unwrap_or(text))
}
