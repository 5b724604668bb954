//! HAR 1.2: the requests of an archive's entries.
use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use serde::Deserialize;

use super::sample::{Parts, Sample, SampleBody};
use super::{Flaw, Spot};

/// The requests of an archive.
pub(super) fn read(text: &[u8]) -> Result<Vec<Sample>, Flaw> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let archive: Archive = serde_json::from_slice(text).map_err(|error| {
        let spot = Spot {
            line: error.line().max(1),
            column: error.column().max(1),
        };
        // serde's own sentence is left out: it can quote a value.
        let why = match error.classify() {
            serde_json::error::Category::Data => "not a HAR: a field is missing or of another type",
            serde_json::error::Category::Eof => "the JSON ends too early",
            _ => "not valid JSON",
        };
        Flaw::new(spot, why)
    })?;
    let spots = entry_spots(text);
    let spots = spots.into_iter().chain(std::iter::repeat(Spot::START));
    let is_ours = archive.log.creator.is_some_and(|it| it.name == "nicetap");
    Ok(archive
        .log
        .entries
        .into_iter()
        .zip(spots)
        .map(|(entry, spot)| {
            let mut request = entry.request;
            if is_ours {
                request.unmask();
            }
            request.into_parts(spot).into_sample()
        })
        .collect())
}

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    creator: Option<Creator>,
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Creator {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Pair>,
    post_data: Option<PostData>,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    #[serde(default)]
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PostData {
    #[serde(default)]
    mime_type: String,
    text: Option<String>,
    params: Option<Vec<Pair>>,
}

impl Request {
    /// Undoes what nicetap's own export shows otherwise than it was sent: the masks, and the `Host` of a client that had
    /// nicetap's address for its base URL.
    fn unmask(&mut self) {
        self.url = with_stand_ins(&self.url, "%E2%80%B9", "%E2%80%BA");
        self.headers
            .retain(|pair| !pair.name.eq_ignore_ascii_case("host") || !is_address(&pair.value));
        for pair in &mut self.headers {
            pair.value = with_stand_ins(&pair.value, "‹", "›");
        }
        if let Some(text) = self.post_data.as_mut().and_then(|it| it.text.as_mut()) {
            *text = with_stand_ins(text, "‹", "›");
        }
    }

    /// Header names of HTTP/2 that begin with a colon are the request line's; lengths are those of the copied body.
    fn into_parts(self, spot: Spot) -> Parts {
        let sent = self
            .headers
            .iter()
            .filter(|pair| !pair.name.starts_with(':'));
        let sent = sent.filter(|pair| {
            !FRAMING
                .iter()
                .any(|name| pair.name.eq_ignore_ascii_case(name))
        });
        let fields = sent
            .map(|pair| (format!("{}: {}", pair.name, pair.value).into_bytes(), spot))
            .collect();
        let mut parts = Parts {
            method: self.method.into_bytes(),
            url: self.url.into_bytes(),
            version: b"HTTP/1.1".to_vec(),
            spot,
            fields,
            body: SampleBody::None,
            body_spot: spot,
            body_is_verbatim: false,
        };
        if let Some(data) = self.post_data {
            if !data.mime_type.is_empty() {
                parts.add("Content-Type", data.mime_type.as_bytes());
            }
            parts.body = data.body();
        }
        parts
    }
}

impl PostData {
    fn body(self) -> SampleBody {
        match (self.text, self.params) {
            (Some(text), _) if !text.is_empty() => SampleBody::Whole(text.into_bytes()),
            (_, Some(params)) if !params.is_empty() => {
                let pairs: Vec<String> = params
                    .iter()
                    .map(|pair| format!("{}={}", pair.name, pair.value))
                    .collect();
                SampleBody::Whole(pairs.join("&").into_bytes())
            }
            _ => SampleBody::None,
        }
    }
}

/// The text with a plain value of the same length for each mask, equal where the fingerprints are equal.
fn with_stand_ins(text: &str, open: &str, close: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        let Some((mark, after)) = after.split_once(close) else {
            break;
        };
        plain.push_str(before);
        plain.push_str(&stand_in(&percent_decode_str(mark).decode_utf8_lossy()));
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// A value for `secret:api_secret#k3f9q2·24`, from its fingerprint and length; lengths below 8 are not told.
fn stand_in(mark: &str) -> String {
    let (name, length) = mark.split_once('·').unwrap_or((mark, ""));
    let seed = name.rsplit(['#', ':']).next().unwrap_or_default();
    let length = match length {
        "empty" => 0,
        _ => length.parse().unwrap_or(seed.len()).min(LONGEST_STAND_IN),
    };
    seed.chars().cycle().take(length).collect()
}

/// Whether a `Host` names an address, and so nicetap rather than the API.
fn is_address(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

/// Where the entries begin, in a text that is known to be JSON.
fn entry_spots(text: &[u8]) -> Vec<Spot> {
    let (mut spots, mut depth, mut at) = (Vec::new(), 0_usize, 0);
    let mut is_in_entries = false;
    let mut last_word: &[u8] = b"";
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => {
                let end = string_end(text, at + 1);
                last_word = &text[at + 1..end];
                at = end;
            }
            b'[' if depth == 2 && last_word == b"entries" => {
                is_in_entries = true;
                depth += 1;
            }
            b'{' | b'[' => {
                if is_in_entries && depth == 3 {
                    spots.push(Spot::of(text, at));
                }
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                is_in_entries &= depth > 2;
            }
            _ => {}
        }
        at += 1;
    }
    spots
}

fn string_end(text: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Far above what any rule asks of a value.
const LONGEST_STAND_IN: usize = 4096;
/// Fields that speak of how the body was sent, not of what it holds.
const FRAMING: [&str; 2] = ["content-length", "transfer-encoding"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_with_their_places() {
        let text = br#"{"log": {"version": "1.2", "creator": {"name": "entries [{"}, "entries": [
  {"request": {"method": "GET", "url": "https://a/x?y=1#z", "headers": [
     {"name": ":authority", "value": "a"}, {"name": "x-a", "value": "\"b"}]}},
  {"request": {"method": "POST", "url": "http://b/", "headers": [{"name": "Content-Length", "value": "9"}],
     "postData": {"mimeType": "application/json", "text": "{}"}}}
]}}"#;
        let samples = read(text).unwrap();
        let heads: Vec<_> = samples
            .iter()
            .map(|sample| String::from_utf8_lossy(&sample.head).into_owned())
            .collect();
        assert_eq!(
            heads,
            [
                "GET /x?y=1 HTTP/1.1\r\nx-a: \"b\r\nHost: a\r\n\r\n",
                "POST / HTTP/1.1\r\nContent-Type: application/json\r\nHost: b\r\nContent-Length: 2\r\n\r\n",
            ]
        );
        let lines = samples.iter().map(|sample| {
            let spot = sample.spot(&crate::rule::At::RequestLine);
            (spot.line, spot.column)
        });
        assert!(lines.eq([(2, 3), (4, 3)]));
    }

    #[test]
    fn masks_of_nicetaps_own_export_stand_for_values_of_their_length() {
        let archive = |creator: &str| {
            format!(
                r#"{{"log": {{"creator": {{"name": "{creator}"}}, "entries": [{{"request": {{"method": "POST",
                "url": "https://a/?b=%23&c=%E2%80%B9secret:parameter%23renwt9%C2%B713%E2%80%BA&d=1", "headers": [
                {{"name": "Host", "value": "127.0.0.1:8899"}},
                {{"name": "Authorization", "value": "acme:‹secret:api_secret#vsqdss·<8›"}}],
                "postData": {{"text": "e=‹secret:cookie·empty›&f=‹cut"}}}}}}]}}}}"#
            )
        };
        let head = |sample: &Sample| String::from_utf8_lossy(&sample.head).into_owned();
        let ours = read(archive("nicetap").as_bytes()).unwrap();
        assert_eq!(
            head(&ours[0]),
            "POST /?b=%23&c=renwt9renwt9r&d=1 HTTP/1.1\r\nAuthorization: acme:vsqdss\r\nHost: a\r\n\
             Content-Length: 11\r\n\r\n"
        );
        let other = read(archive("browser").as_bytes()).unwrap();
        assert!(head(&other[0]).contains("acme:‹secret:api_secret#vsqdss·<8›"));
        assert!(head(&other[0]).contains("Host: 127.0.0.1:8899"));
    }

    #[test]
    fn what_is_no_archive_is_told_with_its_place_and_without_its_words() {
        for (text, line, why) in [
            ("{\n\"log\": {\"entries\": [", 2, "ends too early"),
            ("{\"log\": 1}", 1, "not a HAR"),
            ("{\"log\": hunter2}", 1, "not valid JSON"),
        ] {
            let flaw = read(text.as_bytes()).err().unwrap();
            assert_eq!(flaw.spot.line, line, "{text}");
            assert!(flaw.why.contains(why) && !flaw.why.contains("hunter2"));
        }
    }
}
