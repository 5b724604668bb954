//! Findings as SARIF 2.1.0, for code hosts and editors. Everything out of a request is masked already.
use std::borrow::Cow;
use std::collections::BTreeSet;

use percent_encoding::{AsciiSet, utf8_percent_encode};
use serde_json::{Value, json};

use crate::record::Finding;
use crate::rule::{Rule, Severity};
use crate::rules;
use crate::sink::har::NOT_IN_URI;

use super::{Spot, Unread};

/// A finding, and where a reader is sent for it.
pub struct Found<'a, T> {
    /// The file.
    pub file: &'a str,
    /// The place in it.
    pub spot: Spot,
    /// The rule's line.
    pub summary: Cow<'a, str>,
    /// The finding.
    pub finding: &'a Finding<T>,
}

/// A SARIF log of one run.
pub fn sarif<T: AsRef<str>>(found: &[Found<'_, T>], unread: &[Unread]) -> Value {
    let codes: BTreeSet<&str> = found.iter().map(|found| &*found.finding.code).collect();
    let used: Vec<&'static Rule> = codes.into_iter().filter_map(rules::find).collect();
    let results: Vec<Value> = found.iter().map(|found| result(found, &used)).collect();
    let notices = unread.iter().map(|unread| {
        json!({
            "level": "error",
            "message": { "text": unread.why },
            "locations": [location(&unread.file, unread.spot)],
        })
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "nicetap",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": used.iter().map(|rule| descriptor(rule)).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": unread.is_empty(),
                "toolExecutionNotifications": notices.collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    })
}

fn descriptor(rule: &Rule) -> Value {
    json!({
        "id": rule.code,
        "name": rule.name,
        "shortDescription": { "text": rule.summary },
        "help": { "text": rule.fix, "markdown": markdown(rule) },
        "defaultConfiguration": { "level": level(rule.severity) },
        "properties": {
            "confidence": rule.confidence.word(),
            "tags": [rule.family.word()],
        },
    })
}

fn markdown(rule: &Rule) -> String {
    let lines = rule.doc.lines();
    let lines = lines.map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.flat_map(|line| [line, "\n"]).collect()
}

fn result<T: AsRef<str>>(found: &Found<'_, T>, used: &[&Rule]) -> Value {
    let finding = found.finding;
    let index = used.iter().position(|rule| rule.code == finding.code);
    let message = format!(
        "{}: at {}, saw {}, want {}; {}",
        found.summary,
        finding.at.as_ref(),
        finding.seen.as_ref(),
        finding.want.as_ref(),
        finding.fix.as_ref()
    );
    json!({
        "ruleId": finding.code,
        "ruleIndex": index,
        "level": level(finding.severity),
        "kind": if finding.severity == Severity::Good { "pass" } else { "fail" },
        "message": { "text": message },
        "locations": [location(found.file, found.spot)],
    })
}

fn location(file: &str, spot: Spot) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(file) },
            "region": { "startLine": spot.line, "startColumn": spot.column },
        },
    })
}

/// A relative path stays one; an absolute one becomes a `file:` URI.
fn uri(file: &str) -> String {
    let path = utf8_percent_encode(file, PATH).to_string();
    if file.starts_with('/') {
        format!("file://{path}")
    } else {
        path
    }
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warn => "warning",
        Severity::Info => "note",
        Severity::Good => "none",
    }
}

/// In a path's segments these would end it, or begin an escape or a scheme.
const PATH: &AsciiSet = &NOT_IN_URI.add(b'%').add(b':').add(b'?');
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
