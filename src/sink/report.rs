//! A support ticket: one call as plain text, in the order and with the labels of NiceNIC's list.
//!
//! It reads as Markdown too, holds no table, no other host and no contact data, and at most [`MOST_LINES`] lines. What
//! is not known is left as a gap with the place where it can be found.
use std::fmt::Write as _;

use jiff::tz::{TimeZone, offset};

use crate::diagnose::{Answer, Difference, Point, outbound};
use crate::record::{Exchange, Leaf, Verdict, Who};

use crate::redact::{FingerprintKey, Redactor, Shown};

use super::escape;

/// What a ticket is written from.
pub struct Ticket<'a, T> {
    /// The call.
    pub call: &'a Exchange<T>,
    /// The twelve points.
    pub points: &'a [Point],
    /// The nearest call that worked, and what differs.
    pub good: Option<(u64, Vec<Difference>)>,
    /// The user's zone.
    pub zone: TimeZone,
    /// The version of WHMCS, if it was told.
    pub whmcs: Option<&'a str>,
}

impl<T: Leaf> Ticket<'_, T> {
    /// The text, with its last line end.
    pub fn text(&self) -> String {
        let mut lines = self.fields();
        lines.extend(self.reply());
        lines.extend(self.details());
        lines.extend(self.checklist());
        let mut text = String::new();
        let has_more = lines.len() > MOST_LINES;
        for line in lines.into_iter().take(MOST_LINES - usize::from(has_more)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
        }
        if has_more {
            text.push_str("(cut: a ticket has at most 60 lines)\n");
        }
        text
    }

    /// NiceNIC's ten fields, in its order.
    fn fields(&self) -> Vec<String> {
        let call = self.call;
        let known = |value: Option<String>, place: &str| {
            value.unwrap_or_else(|| format!("________ ({place})"))
        };
        let credential = call.call.credential.as_ref();
        let username = credential.map(|credential| shown(credential.username.as_ref()));
        let domains: Vec<String> = call
            .call
            .domains
            .iter()
            .map(|it| shown(it.as_ref()))
            .collect();
        let domain = (!domains.is_empty()).then(|| domains.join(", "));
        let action = call.call.action.as_ref().map(|action| {
            let category = call.call.category.as_ref().map_or("?", AsRef::as_ref);
            shown(&format!("{category}/{}", action.as_ref()))
        });
        let endpoint = call.request.url.as_ref();
        let endpoint = endpoint.split('?').next().unwrap_or_default();
        let url = format!("{} {}", call.request.method.as_ref(), endpoint);
        let agent = call
            .client
            .user_agent
            .as_ref()
            .map(|agent| shown(agent.as_ref()));
        vec![
            self.title().to_owned(),
            String::new(),
            format!(
                "- Account username: {}",
                known(username, "your NiceNIC login name")
            ),
            format!(
                "- Action attempted: {}",
                known(action, "the request names none")
            ),
            format!("- Timestamp and timezone: {}", self.times()),
            format!("- Domain: {}", known(domain, "the request names none")),
            format!("- Server outbound IP: {}", self.outbound()),
            format!("- Full endpoint: {}", shown(&url)),
            format!("- Response code and message: {}", self.response()),
            format!(
                "- WHMCS or custom code: {}",
                known(agent, "which program made the call?")
            ),
            format!(
                "- WHMCS version: {}",
                known(
                    self.whmcs.map(shown),
                    "WHMCS: Help, System, or leave it out"
                )
            ),
            "- Screenshots without credentials: ________ (attach them yourself)".to_owned(),
            format!(
                "- PHP and libcurl: {}",
                known(
                    call.client
                        .user_agent
                        .as_ref()
                        .and_then(|agent| versions(agent.as_ref())),
                    "WHMCS: Help, System, PHP Info; or: php -i"
                )
            ),
            String::new(),
        ]
    }

    fn title(&self) -> &'static str {
        match self.call.diagnosis.verdict {
            Verdict::Ok | Verdict::Pending => "# NiceNIC API call",
            _ => "# NiceNIC API call that failed",
        }
    }

    /// UTC, the user's own time, and NiceNIC's (UTC+8).
    fn times(&self) -> String {
        let at = self.call.time.timestamp();
        let local = at.to_zoned_datetime(self.zone.clone());
        let china = at.to_zoned_datetime(TimeZone::fixed(offset(8)));
        format!(
            "{} UTC, {} here, {} UTC+8",
            at.strftime("%Y-%m-%d %H:%M:%S"),
            local.strftime("%Y-%m-%d %H:%M:%S %:z"),
            china.strftime("%Y-%m-%d %H:%M:%S")
        )
    }

    fn outbound(&self) -> String {
        let egress = &self.call.egress;
        let (Some(address), Some(public)) = (outbound(egress), &egress.public) else {
            let at = self.call.time.timestamp().strftime("%H:%M:%S");
            return format!("________ (which address did NiceNIC see at {at} UTC?)");
        };
        let by: Vec<String> = public.seen_by.iter().map(|by| shown(by.as_ref())).collect();
        let family = if address.is_ipv6() { "IPv6" } else { "IPv4" };
        let others: Vec<String> = public.others.iter().map(ToString::to_string).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("; also seen: {}", others.join(", "))
        };
        let at = public.at.timestamp().strftime("%H:%M:%S");
        format!(
            "{address} (seen by {} over {family} at {at} UTC{others})",
            by.join(", ")
        )
    }

    fn response(&self) -> String {
        let Some(reply) = &self.call.response else {
            let why = self
                .call
                .failure
                .as_ref()
                .map(|failure| failure.reason.as_ref());
            return format!("none: {}", shown(why.unwrap_or("no reply came")));
        };
        let envelope = match &reply.envelope {
            Some(envelope) => {
                format!(
                    "code {}, \"{}\"",
                    envelope.code,
                    shown(envelope.msg.as_ref())
                )
            }
            None => "the body holds no code and message".to_owned(),
        };
        format!("HTTP {}; {envelope}", reply.status)
    }

    /// The reply's body, and the headers that help NiceNIC to find it.
    fn reply(&self) -> Vec<String> {
        let Some(reply) = &self.call.response else {
            return Vec::new();
        };
        let mut lines = vec!["## The reply".to_owned(), String::new()];
        for (name, value) in &reply.headers {
            let lower = name.as_ref().to_ascii_lowercase();
            if TRACES.contains(&lower.as_str()) || lower.contains("request-id") {
                lines.push(format!(
                    "- {}: {}",
                    shown(name.as_ref()),
                    shown(value.as_ref())
                ));
            }
        }
        if let Some(text) = reply.body.as_ref().and_then(|body| body.text.as_ref()) {
            let text = text.as_ref();
            let end = text.floor_char_boundary(MOST_REPLY);
            let more = if end < text.len() { " …" } else { "" };
            lines.push(format!("- Body: {}{more}", shown(&text[..end])));
        }
        lines.push(String::new());
        lines
    }

    /// What nicetap found, and what differs from a call that worked.
    fn details(&self) -> Vec<String> {
        let call = self.call;
        let mut lines = vec!["## What was found".to_owned(), String::new()];
        lines.push(format!("- Credential: {}", self.credential()));
        for finding in &call.findings {
            let (code, seen) = (&finding.code, shown(finding.seen.as_ref()));
            lines.push(format!(
                "- {code} at {}: {seen}",
                shown(finding.at.as_ref())
            ));
        }
        for cause in &call.diagnosis.causes {
            let (sure, title) = (cause.likelihood.word(), &cause.title);
            lines.push(format!("- Cause ({sure}): {title}"));
        }
        match &self.good {
            Some((id, differences)) if !differences.is_empty() => {
                let differences = differences
                    .iter()
                    .take(MOST_DIFFERENCES)
                    .map(|it| shown(&it.to_string()));
                let differences = differences.collect::<Vec<_>>().join("; ");
                lines.push(format!(
                    "- A call that worked (#{id}) differs: {differences}"
                ));
            }
            Some((id, _)) => lines.push(format!(
                "- A call that worked (#{id}) differs in nothing seen"
            )),
            None => lines.push("- No call that worked is in the log".to_owned()),
        }
        lines.push(String::new());
        lines
    }

    /// The credential as a shape: never more than its length is told of a secret.
    fn credential(&self) -> String {
        let Some(credential) = &self.call.call.credential else {
            return "none arrived".to_owned();
        };
        let mark = credential.fingerprint.as_ref();
        let length = mark
            .rsplit_once('·')
            .map(|(_, length)| length.trim_end_matches('›'));
        let username = shown(credential.username.as_ref());
        match length {
            Some(length) => {
                format!(
                    "username {username}, one colon, secret of {} characters",
                    shown(length)
                )
            }
            None => format!("username {username}, one colon, a secret"),
        }
    }

    fn checklist(&self) -> Vec<String> {
        let mut lines = vec!["## NiceNIC's checklist".to_owned(), String::new()];
        for point in self.points {
            let Point { number, text, .. } = point;
            let line = match &point.answer {
                Answer::Yes(how) => format!("{number}. yes: {text} ({})", shown(how)),
                Answer::No(seen, _) => format!("{number}. no: {text} ({})", shown(seen)),
                Answer::OnlyYou(_) => format!("{number}. ________ {text} (only you can see it)"),
            };
            lines.push(line);
        }
        lines
    }
}

/// A ticket once more, line by line: its records are masked already, and whatever still looks like a secret by its
/// name is masked now.
pub fn looked_through(text: &str) -> Result<String, rustls::crypto::GetRandomFailed> {
    let mut redactor = Redactor::new(&FingerprintKey::random()?);
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        match redactor.body(Some(b"text/plain"), line.as_bytes(), false) {
            Shown::Text(line) => out.push_str(line.as_str()),
            Shown::Shape(_) => out.push_str("(a line that is no text)"),
        }
        out.push('\n');
    }
    Ok(out)
}

/// The twelve points as text for the terminal.
pub fn checklist(id: u64, points: &[Point]) -> String {
    let mut text = format!("NiceNIC's checklist for call #{id}\n");
    for Point {
        number,
        text: what,
        answer,
        who,
    } in points
    {
        let (word, said, fix) = match answer {
            Answer::Yes(how) => ("yes", how, None),
            Answer::No(seen, fix) => ("NO", seen, Some(fix)),
            Answer::OnlyYou(place) => ("only you can see", place, None),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{number:>2} {what}: {word}");
        let _ = writeln!(text, "   {}", shown(said));
        if let Some(fix) = fix {
            let who = match who {
                Who::You => "you",
                Who::Host => "your hosting provider",
                Who::Nicenic => "NiceNIC",
            };
            let _ = writeln!(text, "   {who}: {}", shown(fix));
        }
    }
    text
}

/// The versions of PHP and libcurl that a User-Agent names: `GuzzleHttp/7 curl/7.88.1 PHP/8.2.7`.
fn versions(agent: &str) -> Option<String> {
    let words = agent.split(|char: char| char.is_whitespace() || "();,".contains(char));
    let told: Vec<String> = words
        .filter(|word| {
            ["PHP/", "curl/", "libcurl/"]
                .iter()
                .any(|name| word.starts_with(name))
        })
        .map(shown)
        .collect();
    (!told.is_empty()).then(|| told.join(", "))
}

/// Text of a log, made safe to print and kept on one line.
fn shown(text: &str) -> String {
    escape(text).replace('\n', " ")
}

/// Lines of a ticket.
const MOST_LINES: usize = 60;
/// Bytes of the reply's body.
const MOST_REPLY: usize = 2 * 1024;
const MOST_DIFFERENCES: usize = 6;
/// Headers of a reply by which its server finds it again.
const TRACES: [&str; 5] = [
    "date",
    "cf-ray",
    "x-request-id",
    "x-trace-id",
    "traceparent",
];
