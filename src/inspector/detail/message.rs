//! A request or a reply as it was, with each finding at the line, the parameter or the byte that it speaks of.
use std::fmt::Write as _;

use crate::record::{Answer, AnswerBy, Body, Exchange, Finding, Response};
use crate::redact::seal::Masked;

use super::super::node::{Element, div, el, span};
use super::super::parts::{finding, section, size};
use super::places::{Places, anchor, pairs};

pub(super) fn request_line(method: &str, url: &str, http: &str, places: &Places<'_>) -> Element {
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

pub(super) fn parameters(url: &str, places: &Places<'_>) -> Option<Element> {
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

pub(super) fn headers(headers: &[(Masked, Masked)], places: &Places<'_>) -> Element {
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

pub(super) fn body_block(body: &Body<Masked>, places: &Places<'_>) -> Element {
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

pub(super) fn reply(it: &Exchange<Masked>, places: &Places<'_>) -> Element {
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
        .with(headers(&response.headers, &Places::of(&[])))
        .all(
            response
                .body
                .as_ref()
                .map(|body| body_block(body, &Places::of(&[]))),
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
