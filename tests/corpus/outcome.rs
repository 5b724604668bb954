//! What became of an input: what the client got, what reached the origin, and how a strict stranger reads both.
use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use crate::support::message::Reader;
use crate::support::raw::RawClient;
use crate::support::{PATIENCE, process, project};

/// What became of an input.
pub(crate) struct Outcome {
    pub(crate) name: String,
    pub(crate) class: String,
    pub(crate) host: String,
    pub(crate) sent: Vec<u8>,
    pub(crate) client: String,
    pub(crate) received: Vec<u8>,
    /// Whether nothing came until the client said that it had ended.
    pub(crate) waited: bool,
    /// Whether the connection did not end even then.
    pub(crate) hangs: bool,
    /// What each connection to the origin carried.
    pub(crate) upstream: Vec<Vec<u8>>,
}

impl Outcome {
    /// The statuses of all replies, interim ones left out.
    pub(crate) fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.received);
        text.split("HTTP/1.")
            .skip(1)
            .filter_map(|rest| rest.get(2..5)?.parse().ok())
            .filter(|status| *status >= 200)
            .collect()
    }

    pub(crate) fn kind(&self, readings: &Readings) -> &'static str {
        let statuses = self.statuses();
        if self.hangs {
            return "hangs";
        }
        if (0..self.upstream.len()).any(|index| self.upstream_is_refused(readings, index)) {
            return "sent upstream though h11 refuses it";
        }
        match statuses.first() {
            None if self.waited => "half a request: ended with the client",
            None => "closed without an answer",
            Some(200) if statuses.iter().all(|status| *status == 200) => "passed",
            Some(200) => "passed, then refused",
            Some(421) => "refused: another host",
            Some(_) => "refused",
        }
    }

    pub(crate) fn check(&self, readings: &Readings) -> Result<(), String> {
        if self.hangs {
            return Err(format!("no end; so far {:?}", self.statuses()));
        }
        for index in 0..self.upstream.len() {
            if self.upstream_is_refused(readings, index) {
                let reading = &readings[&self.key(&format!("upstream-{index}"))];
                return Err(format!("upstream, h11: {reading}"));
            }
            check_heads(&self.upstream[index])?;
        }
        let statuses = self.statuses();
        let own = statuses.iter().filter(|status| **status != 200).count();
        let marks = count(&self.received, "Proxy-Status: nicetap");
        if own != marks {
            return Err(format!("{statuses:?}, but {marks} times Proxy-Status"));
        }
        if self.must_pass(readings)
            && self.refused_by_intent().is_none()
            && !statuses.contains(&200)
        {
            return Err(format!("valid ({}), but {statuses:?}", self.class));
        }
        Ok(())
    }

    /// Valid to its author, to h11 and to a reader of line ends, and meant for this host.
    pub(crate) fn must_pass(&self, readings: &Readings) -> bool {
        let reading = &readings[&self.key("sent")];
        let hosts = reading["hosts"].as_array().unwrap();
        let ours = !hosts.is_empty() && hosts.iter().all(|host| host == &self.host);
        // A target with a host of its own is meant for that host.
        let elsewhere = reading["requests"]
            .as_array()
            .unwrap()
            .iter()
            .any(|request| {
                let request = request.as_str().unwrap();
                request.contains("://") && !request.contains(&format!("://{}/", self.host))
            });
        self.class == "accept"
            && reading["verdict"] == "whole"
            && reading["error"] == ""
            && ours
            && !elsewhere
            && check_heads(&self.sent).is_ok()
            && !self.sent.starts_with(b"CONNECT ")
    }

    /// Why nicetap refuses what its author and h11 accept.
    pub(crate) fn refused_by_intent(&self) -> Option<&'static str> {
        let listed = STRICTER.iter().find(|(id, _)| self.name.starts_with(id));
        listed.map(|(_, why)| *why)
    }

    fn upstream_is_refused(&self, readings: &Readings, index: usize) -> bool {
        let reading = &readings[&self.key(&format!("upstream-{index}"))];
        !["whole", "cut", BEYOND_ASCII].contains(&reading["verdict"].as_str().unwrap())
    }

    /// Whether it passed though h11 refuses it, for bytes beyond ASCII in its target and nothing else.
    pub(crate) fn is_the_exception(&self, readings: &Readings) -> bool {
        (0..self.upstream.len()).any(|index| {
            readings[&self.key(&format!("upstream-{index}"))]["verdict"] == BEYOND_ASCII
        })
    }

    fn key(&self, part: &str) -> String {
        format!("{}/{part}", self.name)
    }

    pub(crate) fn sent_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.sent);
        text.chars().take(300).collect()
    }
}

/// What h11 says of each stream, by its key.
pub(crate) type Readings = BTreeMap<String, Value>;

/// Reads until something has come or a second has passed, says that nothing more will be sent, and reads to the end.
/// Returns what came, whether nothing came before that, and whether the connection did not end.
pub(crate) fn listen(client: &mut RawClient) -> (Vec<u8>, bool, bool) {
    client.limit_reads(Duration::from_secs(1));
    let first = client.read_some();
    let waited = first
        .as_ref()
        .is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock);
    let mut received = first.unwrap_or_default();
    client.end();
    client.limit_reads(PATIENCE / 2);
    loop {
        match client.read_some() {
            Ok(more) if more.is_empty() => return (received, waited, false),
            Ok(more) => received.extend(more),
            Err(error) => {
                let hangs = error.kind() == io::ErrorKind::WouldBlock;
                return (received, waited, hangs);
            }
        }
    }
}

/// Reads all streams with h11, a strict reader that none of us wrote.
pub(crate) fn read_with_h11(outcomes: &[Outcome]) -> Readings {
    let mut lines = Vec::new();
    let mut add = |key: String, bytes: &[u8]| {
        lines.push(json!({"key": key, "bytes": BASE64.encode(bytes)}).to_string());
    };
    for outcome in outcomes {
        add(outcome.key("sent"), &outcome.sent);
        for (index, stream) in outcome.upstream.iter().enumerate() {
            add(outcome.key(&format!("upstream-{index}")), stream);
        }
    }
    let mut command = Command::new(project("target/tests-venv/bin/python"));
    command.arg(project("tests/clients/h11_read.py"));
    let input = lines.join("\n") + "\n";
    let output = process::run(&mut command, input.as_bytes(), PATIENCE * 3).success("h11");
    String::from_utf8(output)
        .unwrap()
        .lines()
        .map(|line| {
            let reading: Value = serde_json::from_str(line).unwrap();
            (reading["key"].as_str().unwrap().to_owned(), reading)
        })
        .collect()
}

/// What h11 lets pass, but other readers do not read alike: bare line ends, folds, doubled framing.
pub(crate) fn check_heads(stream: &[u8]) -> Result<(), String> {
    let mut input = stream;
    let mut reader = Reader::new();
    while let Ok(Some(message)) = reader.message(&mut input, "") {
        let head = String::from_utf8_lossy(&message.head).into_owned();
        let mut lines = head.split("\r\n").skip(1).filter(|line| !line.is_empty());
        if head.replace("\r\n", "").contains(['\r', '\n']) {
            return Err(format!("a bare line end: {head:?}"));
        }
        if lines.any(|line| line.starts_with([' ', '\t'])) {
            return Err(format!("a fold: {head:?}"));
        }
        let fields = |name: &str| {
            let start = format!("{name}:");
            message
                .lines()
                .filter(|line| line.to_lowercase().starts_with(&start))
                .count()
        };
        if fields("content-length") + fields("transfer-encoding") > 1 {
            return Err(format!("doubled framing: {head:?}"));
        }
    }
    Ok(())
}

pub(crate) fn count(text: &[u8], what: &str) -> usize {
    String::from_utf8_lossy(text).matches(what).count()
}

/// h11's verdict on the one thing that passes though h11 refuses it: bytes beyond ASCII in a request target. PHP code
/// sends unencoded names, and origins accept them.
const BEYOND_ASCII: &str = "beyond-ascii";

/// Inputs that nicetap refuses though their authors and h11 accept them, and why.
const STRICTER: &[(&str, &str)] = &[
    (
        "h11p/COMP-HTTP12-VERSION",
        "a version that is neither 1.0 nor 1.1",
    ),
    (
        "llhttp/request/content-length/1 ",
        "Content-Length with a zero in front",
    ),
    (
        "llhttp/request/content-length/2 ",
        "Content-Length with a zero in front",
    ),
    (
        "llhttp/request/method/5 ",
        "the target `*` for another method than OPTIONS",
    ),
    (
        "llhttp/request/transfer-encoding/6 ",
        "Content-Type as a trailer",
    ),
    ("gunicorn/valid/012", "Content-Type as a trailer"),
];
