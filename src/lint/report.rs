//! What was found, as text and as JSON. Everything out of a request is masked already.
use std::borrow::Cow;
use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};

use crate::rule::Severity;

use super::sarif::{Found, sarif};
use super::{Report, Spotted};

/// How a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people; coloured, where colours are kept.
    Text,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0, for code hosts and editors.
    Sarif,
}

/// The report in this format, with its last line end.
pub fn render(report: &Report, format: Format) -> String {
    match format {
        Format::Text => text(report),
        Format::Json => format!("{:#}\n", json_object(report)),
        Format::Sarif => format!("{:#}\n", of_lint(report)),
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for found in &report.found {
        put(&mut text, found);
    }
    let _ = writeln!(text, "{}", summary(report));
    text
}

fn put(text: &mut String, found: &Spotted) {
    let Spotted { spot, finding, .. } = found;
    let color = match finding.severity {
        Severity::Error => RED,
        Severity::Warn => YELLOW,
        Severity::Info => CYAN,
        Severity::Good => GREEN,
    };
    let (word, likely) = (finding.severity.word(), finding.confidence.word());
    let likely = if likely == "is" { "" } else { likely };
    let gap = if likely.is_empty() { "" } else { " " };
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{BOLD}{}:{}:{}{BOLD:#}: {color}{likely}{gap}{word} {}{color:#} {}",
        found.file, spot.line, spot.column, finding.code, found.summary
    );
    for (label, words) in [
        ("in", found.request.as_ref()),
        ("at", finding.at.as_ref()),
        ("saw", finding.seen.as_ref()),
        ("want", finding.want.as_ref()),
        ("fix", finding.fix.as_ref()),
    ] {
        let _ = writeln!(text, "    {label:<4} {words}");
    }
}

/// How many requests, and what of them.
fn summary(report: &Report) -> String {
    let count = |wanted: Severity| {
        let found = report.found.iter();
        found
            .filter(|found| found.finding.severity == wanted)
            .count()
    };
    let mut parts = Vec::new();
    for (severity, one, more) in [
        (Severity::Error, "error", "errors"),
        (Severity::Warn, "warning", "warnings"),
        (Severity::Info, "note", "notes"),
    ] {
        match count(severity) {
            0 => {}
            1 => parts.push(format!("1 {one}")),
            count => parts.push(format!("{count} {more}")),
        }
    }
    if parts.is_empty() {
        parts.push("nothing found".to_owned());
    }
    let requests = match report.requests {
        1 => "1 request".to_owned(),
        count => format!("{count} requests"),
    };
    let hidden = match report.hidden {
        0 => String::new(),
        count => format!("; {count} hidden by --allow"),
    };
    format!("{requests}: {}{hidden}", parts.join(", "))
}

fn json_object(report: &Report) -> Value {
    let findings: Vec<Value> = report
        .found
        .iter()
        .map(|found| {
            let finding = &found.finding;
            json!({
                "file": found.file,
                "line": found.spot.line,
                "column": found.spot.column,
                "code": finding.code,
                "name": finding.name,
                "severity": finding.severity,
                "confidence": finding.confidence,
                "summary": found.summary,
                "request": found.request,
                "at": finding.at,
                "seen": finding.seen,
                "want": finding.want,
                "fix": finding.fix,
                "cause": finding.cause,
            })
        })
        .collect();
    json!({
        "requests": report.requests,
        "findings": findings,
        "hidden": report.hidden,
        "denied": report.denied,
        "unread": unread(report),
    })
}

fn unread(report: &Report) -> Vec<Value> {
    let unread = report.unread.iter();
    unread
        .map(|unread| {
            json!({
                "file": unread.file,
                "line": unread.spot.line,
                "column": unread.spot.column,
                "why": unread.why,
            })
        })
        .collect()
}

fn of_lint(report: &Report) -> Value {
    let found = report.found.iter().map(|found| Found {
        file: &found.file,
        spot: found.spot,
        summary: Cow::Borrowed(found.summary),
        finding: &found.finding,
    });
    sarif(&found.collect::<Vec<_>>(), &report.unread)
}

const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const CYAN: Style = AnsiColor::Cyan.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
