//! Exchanges as HAR 1.2, for browsers' and other tools' viewers.
//!
//! It holds what the records hold, once: no decoded second view of a masked text, no cookies taken apart. Times that
//! nobody measured are `-1`.
use std::borrow::Cow;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Serialize;

use crate::clock::Time;
use crate::record::{Body, Exchange, Leaf, Record, Response, Timing, Verdict};

/// The HAR file with these records, as JSON. Those that are no exchanges are left out.
pub fn har<'a, T: Leaf + 'a>(records: impl IntoIterator<Item = &'a Record<T>>) -> String {
    let entries = records.into_iter().filter_map(|record| match record {
        Record::Exchange(exchange) => Some(Entry::of(exchange)),
        _ => None,
    });
    let creator = Creator {
        name: "nicetap",
        version: env!("CARGO_PKG_VERSION"),
    };
    let file = File {
        log: Log {
            version: "1.2",
            creator,
            entries: entries.collect(),
            comment: "every secret is masked; parameters are given as they were sent",
        },
    };
    // Only text and numbers: nothing in it can fail to serialise.
    serde_json::to_string_pretty(&file).unwrap_or_default()
}

#[derive(Serialize)]
struct File<'a> {
    log: Log<'a>,
}

#[derive(Serialize)]
struct Log<'a> {
    version: &'static str,
    creator: Creator,
    entries: Vec<Entry<'a>>,
    comment: &'static str,
}

#[derive(Serialize)]
struct Creator {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Entry<'a> {
    started_date_time: Time,
    time: f64,
    request: RequestPart<'a>,
    response: ResponsePart<'a>,
    cache: Nothing,
    timings: Timings,
    #[serde(rename = "serverIPAddress", skip_serializing_if = "Option::is_none")]
    server_ip_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<String>,
    #[serde(rename = "_nicetap")]
    own: Own<'a>,
}

#[derive(Serialize)]
struct Own<'a> {
    id: u64,
    verdict: Verdict,
    findings: Vec<&'a str>,
}

#[derive(Serialize)]
struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestPart<'a> {
    method: &'a str,
    url: Cow<'a, str>,
    http_version: &'a str,
    cookies: [Nothing; 0],
    headers: Vec<Pair<'a>>,
    query_string: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    post_data: Option<PostData<'a>>,
    headers_size: i64,
    body_size: i64,
}

#[derive(Serialize)]
struct Pair<'a> {
    name: &'a str,
    value: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PostData<'a> {
    mime_type: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ResponsePart<'a> {
    status: u16,
    status_text: &'static str,
    http_version: &'a str,
    cookies: [Nothing; 0],
    headers: Vec<Pair<'a>>,
    content: Content<'a>,
    #[serde(rename = "redirectURL")]
    redirect_url: &'a str,
    headers_size: i64,
    body_size: i64,
    #[serde(rename = "_error", skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Content<'a> {
    size: u64,
    mime_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'static str>,
}

/// Milliseconds. `connect` includes `ssl`, as HAR has it.
#[derive(Serialize)]
struct Timings {
    blocked: f64,
    dns: f64,
    connect: f64,
    ssl: f64,
    send: f64,
    wait: f64,
    receive: f64,
}

impl<'a> Entry<'a> {
    fn of<T: Leaf>(exchange: &'a Exchange<T>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "no call takes that long")]
        let began = exchange.time.as_millis() - exchange.timing.total_ms.round() as i64;
        let failure = exchange.failure.as_ref();
        let mut response = match &exchange.response {
            Some(response) => ResponsePart::of(response),
            None => ResponsePart::none(exchange.answer.status),
        };
        response.error = failure.map(|failure| failure.reason.as_ref());
        let by = match (exchange.response.is_none(), exchange.answer.status) {
            (true, Some(status)) => Some(format!("nicetap answered {status} itself")),
            (true, None) => Some("no answer was given".to_owned()),
            (false, _) => None,
        };
        let timings = Timings::of(&exchange.timing);
        Self {
            started_date_time: Time::from_millis(began),
            time: timings.total(),
            request: RequestPart::of(exchange),
            response,
            cache: Nothing {},
            timings,
            server_ip_address: exchange.egress.peer.map(|peer| peer.ip().to_string()),
            comment: by,
            own: Own {
                id: exchange.id,
                verdict: exchange.diagnosis.verdict,
                findings: exchange.findings.iter().map(|it| &*it.code).collect(),
            },
        }
    }
}

impl<'a> RequestPart<'a> {
    fn of<T: Leaf>(exchange: &'a Exchange<T>) -> Self {
        let request = &exchange.request;
        let url = request.url.as_ref();
        Self {
            method: request.method.as_ref(),
            url: uri(url),
            http_version: &request.http,
            cookies: [],
            headers: pairs(&request.headers),
            query_string: parameters(url),
            post_data: request.body.as_ref().map(|body| PostData {
                mime_type: mime_type(body),
                text: text(body).unwrap_or_default(),
                comment: remark(body),
            }),
            headers_size: i64::try_from(request.head_bytes).unwrap_or(-1),
            body_size: body_size(request.body.as_ref()),
        }
    }
}

impl<'a> ResponsePart<'a> {
    fn of<T: Leaf>(response: &'a Response<T>) -> Self {
        let location = response
            .headers
            .iter()
            .find(|(name, _)| name.as_ref().eq_ignore_ascii_case("location"));
        Self {
            status: response.status,
            status_text: "",
            http_version: &response.http,
            cookies: [],
            headers: pairs(&response.headers),
            content: Content {
                size: response.body.as_ref().map_or(0, |body| body.size),
                mime_type: response.body.as_ref().map_or(UNKNOWN_TYPE, mime_type),
                text: response.body.as_ref().and_then(text),
                comment: response.body.as_ref().and_then(remark),
            },
            redirect_url: location.map_or("", |(_, value)| value.as_ref()),
            headers_size: -1,
            body_size: body_size(response.body.as_ref()),
            error: None,
        }
    }

    /// What HAR wants where no reply came: status 0, unless nicetap answered.
    fn none(answered: Option<u16>) -> Self {
        Self {
            status: answered.unwrap_or(0),
            status_text: "",
            http_version: "",
            cookies: [],
            headers: Vec::new(),
            content: Content {
                size: 0,
                mime_type: UNKNOWN_TYPE,
                text: None,
                comment: None,
            },
            redirect_url: "",
            headers_size: -1,
            body_size: -1,
            error: None,
        }
    }
}

impl Timings {
    /// What is left of the whole is the sending, and nicetap's own work before it: known only if a reply came.
    fn of(timing: &Timing) -> Self {
        let or_unknown = |step: Option<f64>| step.unwrap_or(UNKNOWN);
        let connect = match (timing.connect_ms, timing.tls_ms) {
            (Some(tcp), tls) => tcp + tls.unwrap_or(0.0),
            (None, _) => UNKNOWN,
        };
        let measured = [timing.dns_ms, timing.connect_ms, timing.tls_ms]
            .into_iter()
            .chain([timing.wait_ms, timing.receive_ms]);
        let measured: f64 = measured.flatten().sum();
        Self {
            blocked: UNKNOWN,
            dns: or_unknown(timing.dns_ms),
            connect,
            ssl: or_unknown(timing.tls_ms),
            send: to_microseconds((timing.total_ms - measured).max(0.0)),
            wait: or_unknown(timing.wait_ms),
            receive: or_unknown(timing.receive_ms),
        }
    }

    /// The sum of what is known; `ssl` is within `connect`.
    fn total(&self) -> f64 {
        let parts = [
            self.blocked,
            self.dns,
            self.connect,
            self.send,
            self.wait,
            self.receive,
        ];
        to_microseconds(parts.iter().filter(|part| **part >= 0.0).sum())
    }
}

fn to_microseconds(millis: f64) -> f64 {
    (millis * 1e3).round() / 1e3
}

fn pairs<T: Leaf>(headers: &[(T, T)]) -> Vec<Pair<'_>> {
    headers
        .iter()
        .map(|(name, value)| Pair {
            name: name.as_ref(),
            value: value.as_ref(),
        })
        .collect()
}

/// The URL with what no URI may hold percent-encoded (RFC 3986): readers of HAR refuse the rest. A client may have sent
/// such characters, and the masks have some. No fragment is ever sent, so that a `#` belongs to the query or to a mask.
fn uri(url: &str) -> Cow<'_, str> {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let path = url[authority..]
        .find(['/', '?'])
        .map_or(url.len(), |at| authority + at);
    let (origin, rest) = url.split_at(path);
    let mut pieces = rest.split('%');
    let mut encoded = String::from(origin);
    encoded.extend(utf8_percent_encode(
        pieces.next().unwrap_or_default(),
        NOT_IN_URI,
    ));
    for piece in pieces {
        let is_escape = piece.len() >= 2 && piece.bytes().take(2).all(|it| it.is_ascii_hexdigit());
        encoded.push_str(if is_escape { "%" } else { "%25" });
        encoded.extend(utf8_percent_encode(piece, NOT_IN_URI));
    }
    if encoded == url {
        return Cow::Borrowed(url);
    }
    Cow::Owned(encoded)
}

/// The parameters of a URL's query, as they were sent: not decoded.
fn parameters(url: &str) -> Vec<Pair<'_>> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            Pair { name, value }
        })
        .collect()
}

fn mime_type<T: Leaf>(body: &Body<T>) -> &str {
    body.content_type.as_ref().map_or(UNKNOWN_TYPE, T::as_ref)
}

fn text<T: Leaf>(body: &Body<T>) -> Option<&str> {
    body.text.as_ref().map(T::as_ref)
}

fn remark<T>(body: &Body<T>) -> Option<&'static str> {
    match (body.truncated, body.text.is_some()) {
        (true, _) => Some("only the beginning was kept"),
        (false, false) => Some("not text, so that it was not kept"),
        (false, true) => None,
    }
}

fn body_size<T>(body: Option<&Body<T>>) -> i64 {
    body.map_or(0, |body| i64::try_from(body.size).unwrap_or(-1))
}

/// What stands in no path or query, but for `%` and what is beyond ASCII.
pub(crate) const NOT_IN_URI: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');
const UNKNOWN: f64 = -1.0;
const UNKNOWN_TYPE: &str = "x-unknown";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_add_up_and_what_is_unknown_is_minus_one() {
        let timings = Timings::of(&Timing {
            dns_ms: Some(1.25),
            connect_ms: Some(12.5),
            tls_ms: Some(31.0),
            wait_ms: Some(190.125),
            receive_ms: Some(0.5),
            total_ms: 243.0,
        });
        assert_eq!((timings.connect, timings.ssl), (43.5, 31.0));
        assert_eq!((timings.blocked, timings.send), (-1.0, 7.625));
        assert!((timings.total() - 243.0).abs() < 1e-6);
        let refused = Timings::of(&Timing {
            dns_ms: Some(2.0),
            total_ms: 2.5,
            ..Timing::default()
        });
        assert_eq!(
            (refused.wait, refused.connect, refused.ssl),
            (-1.0, -1.0, -1.0)
        );
        assert!((refused.total() - 2.5).abs() < 1e-6);
    }

    #[test]
    fn a_url_is_encoded_only_where_it_is_no_uri() {
        for sound in [
            "https://[::1]:8443/v2/?a=%C3%BC&b=c:d/e?f@g!$'()*+,;=-._~",
            "https://api.nicenic.net",
            "/v2/?a=b",
            "",
        ] {
            assert_eq!(uri(sound), sound);
        }
        for (odd, encoded) in [
            ("https://a/?b=ü#c", "https://a/?b=%C3%BC%23c"),
            ("https://a/?b=100%&c=%2", "https://a/?b=100%25&c=%252"),
            ("https://a/?b=%zz%41", "https://a/?b=%25zz%41"),
            (
                "https://a?b=[{}]|\\^`<\"> ",
                "https://a?b=%5B%7B%7D%5D%7C%5C%5E%60%3C%22%3E%20",
            ),
        ] {
            assert_eq!(uri(odd), encoded);
            assert_eq!(uri(encoded), encoded);
        }
    }

    #[test]
    fn parameters_are_given_as_they_were_sent() {
        let pairs = parameters("https://a/v2/?a=%20b&c&&d=e=f#g");
        let pairs: Vec<_> = pairs.iter().map(|pair| (pair.name, pair.value)).collect();
        assert_eq!(pairs, [("a", "%20b"), ("c", ""), ("d", "e=f#g")]);
    }
}
