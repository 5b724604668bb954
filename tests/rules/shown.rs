//! Findings as the tests show and check them: raw, for here nothing is secret.
use nicetap::facts::Request;
use nicetap::http1::RequestHead;
use nicetap::rule::{At, Finding, Piece, Text};

pub(crate) fn codes(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.rule.code).collect()
}

/// A finding as one line, nothing masked.
pub(crate) fn render(finding: &Finding) -> String {
    let (rule, hit) = (finding.rule, &finding.hit);
    format!(
        "{} {} {} | at {} | saw {} | want {} | fix {}",
        rule.code,
        rule.severity.word(),
        rule.confidence.word(),
        place(&hit.at),
        raw_text(&hit.seen),
        raw_text(&hit.want),
        fix(finding)
    )
}

pub(crate) fn fix(finding: &Finding) -> String {
    let own = finding.hit.fix.as_ref().map(raw_text);
    own.unwrap_or_else(|| finding.rule.fix.to_owned())
}

pub(crate) fn place(at: &At) -> String {
    match at {
        At::RequestLine => "request line".to_owned(),
        At::Host => "host".to_owned(),
        At::Path => "path".to_owned(),
        At::Header(name) => format!("header {name}"),
        At::WireHeader(name) => format!("header {}", name.expose()),
        At::Query => "query".to_owned(),
        At::Param(name) => format!("param {}", name.expose()),
        At::Body => "body".to_owned(),
        At::BodyPlace { line, column } => format!("body line {line} column {column}"),
        At::HeadLine(line) => format!("line {line} of the head"),
        At::Connection => "connection".to_owned(),
        At::Reply => "reply".to_owned(),
        At::Outbound => "outbound IP".to_owned(),
        At::Whitelist => "your list at NiceNIC".to_owned(),
    }
}

pub(crate) fn raw_text(text: &Text) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Lit(text) => (*text).to_owned(),
        Piece::Num(number) => number.to_string(),
        Piece::Seen(raw) => raw.expose().to_string(),
    };
    text.0.iter().map(piece).collect()
}

/// A finding speaks of something that is there, or says that it is missing by the name that it should have.
pub(crate) fn assert_place_exists(
    finding: &Finding,
    request: &Request,
    head: &RequestHead,
    body: &[u8],
) {
    let code = finding.rule.code;
    match &finding.hit.at {
        At::Param(name) => {
            let name = &**name.expose();
            let mut params = request.params.iter();
            let is_there = params.any(|param| *param.name == *name || param.is(name));
            assert!(is_there, "{code}: no parameter {name}");
        }
        At::WireHeader(name) => {
            assert!(head.fields().first(name.expose()).is_some(), "{code}");
        }
        At::Header(name) => {
            let known = ["Authorization", "Content-Type", "Host"];
            let is_there = head.fields().first(name).is_some();
            assert!(is_there || known.contains(name), "{code}: no {name}");
        }
        At::BodyPlace { line, column } => {
            let lines: Vec<_> = body.split(|byte| *byte == b'\n').collect();
            assert!((1..=lines.len()).contains(line), "{code}: line {line}");
            assert!(
                (1..=lines[line - 1].len() + 1).contains(column),
                "{code}: {column}"
            );
        }
        At::HeadLine(line) => {
            let lines = memchr::memchr_iter(b'\n', head.bytes()).count();
            assert!((1..=lines).contains(line), "{code}: line {line}");
        }
        At::RequestLine
        | At::Host
        | At::Path
        | At::Query
        | At::Body
        | At::Connection
        | At::Reply
        | At::Outbound
        | At::Whitelist => {}
    }
}
