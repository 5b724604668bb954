//! Small parts that several views share: badges, times, lengths, addresses of pages.
use std::fmt::Write as _;

use jiff::tz::TimeZone;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::clock::Time;
use crate::record::{Confidence, Environment, Finding, Severity, Verdict};
use crate::redact::seal::Masked;
use crate::sink::block::word;

use super::node::{Element, div, el, link, span};
use super::summary::title;

/// A moment in the user's zone; the whole of it in the tooltip.
pub(super) fn moment(time: Time, zone: &TimeZone) -> Element {
    let zoned = time.timestamp().to_zoned_datetime(zone.clone());
    el("time")
        .set("datetime", time.to_string())
        .set(
            "title",
            zoned.strftime("%Y-%m-%d %H:%M:%S%.3f %:z").to_string(),
        )
        .text(zoned.strftime("%H:%M:%S%.3f").to_string())
}

/// The verdict as a badge.
pub(super) fn verdict_badge(verdict: Verdict) -> Element {
    span(verdict_class(verdict), word(verdict)).set("title", verdict_words(verdict))
}

/// What a verdict means.
pub(super) const fn verdict_words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "the call succeeded",
        Verdict::Pending => "accepted, but not finished: it must not be sent again",
        Verdict::Refused => "the login was refused",
        Verdict::Rejected => "the request was refused",
        Verdict::Failed => "the reply is not usable",
        Verdict::Unreachable => "the server was not reached",
        Verdict::Held => "nicetap answered, and forwarded nothing",
        Verdict::Aborted => "the client went away first",
    }
}

/// Which system was called, as a badge.
pub(super) fn environment_badge(environment: Environment) -> Element {
    match environment {
        Environment::Production => span("badge env-production", "production"),
        Environment::Sandbox => span("badge env-sandbox", "sandbox"),
        Environment::Other => span("badge env-other", "other host"),
    }
}

/// A finding's code as a badge that leads to its rule.
pub(super) fn code_badge(code: &str, severity: Severity) -> Element {
    link(format!("/rules/{}", encoded(code)), code).class(match severity {
        Severity::Error => "code s-error",
        Severity::Warn => "code s-warn",
        Severity::Info => "code s-info",
        Severity::Good => "code s-good",
    })
}

/// A finding, whole, to stand at the place that it speaks of.
pub(super) fn finding(finding: &Finding<Masked>, shows_place: bool) -> Element {
    let sure = match finding.confidence {
        Confidence::Is => "",
        Confidence::Likely => "likely: ",
        Confidence::May => "perhaps: ",
    };
    let head = el("p")
        .class("finding-head")
        .with(code_badge(&finding.code, finding.severity))
        .text(" ")
        .with(span("severity", finding.severity.word()))
        .text(format!(" {sure}{}", title(finding)))
        .all(shows_place.then(|| span("place", format!(" at {}", finding.at.as_str()))));
    let rows = [
        ("saw", &finding.seen),
        ("want", &finding.want),
        ("fix", &finding.fix),
    ]
    .into_iter()
    .filter(|(_, text)| !text.as_str().is_empty())
    .flat_map(|(name, text)| {
        [
            el("dt").text(name),
            match name {
                "saw" => el("dd").class(name).text(text.as_str()),
                _ => el("dd").class(name).prose(text.as_str()),
            },
        ]
    });
    div(match finding.severity {
        Severity::Error => "finding s-error",
        Severity::Warn => "finding s-warn",
        Severity::Info => "finding s-info",
        Severity::Good => "finding s-good",
    })
    .with(head)
    .with(el("dl").all(rows))
}

/// A table of names and values; nothing where a value is missing.
pub(super) fn facts<'a>(
    rows: impl IntoIterator<Item = (&'static str, Option<std::borrow::Cow<'a, str>>)>,
) -> Element {
    let rows = rows
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name, value)))
        .flat_map(|(name, value)| [el("dt").text(name), el("dd").text(value)]);
    el("dl").class("facts").all(rows)
}

/// A section with its title.
pub(super) fn section(title: &str) -> Element {
    el("section").class("block").with(el("h3").text(title))
}

/// `243 ms`, `1.42 s`, `3 min 12 s`.
pub(super) fn took(millis: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a length of time that somebody has waited for"
    )]
    let seconds = (millis / 1e3) as u64;
    match millis {
        ..9.95 => format!("{millis:.1} ms"),
        ..999.5 => format!("{millis:.0} ms"),
        ..60_000.0 => format!("{:.2} s", millis / 1e3),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// A name, not longer than one reads in a list; the call itself shows all of it.
pub(super) fn short(name: &str) -> String {
    if name.chars().count() <= LONGEST_NAME {
        return name.to_owned();
    }
    let front: String = name.chars().take(LONGEST_NAME - 1).collect();
    format!("{front}…")
}

/// `52 B`, `5.3 MB`.
pub(super) fn size(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let float = bytes as f64;
    match bytes {
        0..1000 => format!("{bytes} B"),
        1000..1_000_000 => format!("{:.1} kB", float / 1e3),
        _ => format!("{:.1} MB", float / 1e6),
    }
}

/// `1 call`, `3 calls`.
pub(super) fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// The text as a part of a query.
pub(super) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, QUERY).to_string()
}

/// The address of a view, with the filter that is set.
pub(super) fn address(path: &str, only: Option<&str>, before: Option<u64>) -> String {
    let mut address = path.to_owned();
    let mut mark = '?';
    if let Some(only) = only.filter(|only| !only.trim().is_empty()) {
        let _ = write!(address, "{mark}only={}", encoded(only));
        mark = '&';
    }
    if let Some(before) = before {
        let _ = write!(address, "{mark}before={before}");
    }
    address
}

const fn verdict_class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "badge s-good",
        Verdict::Pending | Verdict::Held | Verdict::Aborted => "badge s-warn",
        Verdict::Refused | Verdict::Rejected | Verdict::Failed | Verdict::Unreachable => {
            "badge s-error"
        }
    }
}

const LONGEST_NAME: usize = 80;
const QUERY: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_short_and_readable() {
        for (millis, shown) in [
            (0.25, "0.2 ms"),
            (9.96, "10 ms"),
            (243.4, "243 ms"),
            (1420.0, "1.42 s"),
            (192_000.0, "3 min 12 s"),
        ] {
            assert_eq!(took(millis), shown);
        }
        assert_eq!(
            (size(52), size(5_300_000)),
            ("52 B".into(), "5.3 MB".into())
        );
    }

    #[test]
    fn an_address_keeps_the_filter() {
        assert_eq!(
            address("/", Some("code=N102 & <b>\""), Some(7)),
            "/?only=code%3DN102%20%26%20%3Cb%3E%22&before=7"
        );
        assert_eq!(address("/", Some(" "), None), "/");
    }
}
