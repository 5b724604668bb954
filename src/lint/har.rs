//! HAR 1.2: the requests of an archive's entries.
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
    Ok(archive
        .log
        .entries
        .into_iter()
        .zip(spots)
        .map(|(entry, spot)| entry.request.into_parts(spot).into_sample())
        .collect())
}

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
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
