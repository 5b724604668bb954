//! What nicetap must not forward, and must not mend either.
//!
//! The refused heads of SPEC 2, alone and pipelined, in one piece and byte by byte; and the outsiders' request streams,
//! with h11 as a strict second reader of all that reached the origin.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::collections::BTreeMap;
use std::io;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rustls::ClientConfig;
use serde_json::{Value, json};

use support::authority::{Authority, client_config};
use support::message::Message;
use support::nicetap::{Nicetap, Options};
use support::origin::{RawOrigin, Received, answering, success};
use support::raw::RawClient;
use support::{API, PATIENCE, process, project, say};

#[test]
fn a_head_that_two_readers_could_read_differently_is_refused() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &authority);
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());

    let mut cases = Vec::new();
    for (name, status, lines) in REFUSED {
        for inside_tls in [true, false] {
            for pipelined in [true, false] {
                for bytewise in [true, false] {
                    cases.push(Case {
                        what: format!("{name}, {inside_tls}, {pipelined}, {bytewise}"),
                        status: *status,
                        head: lines.replace("HOST", API).into_bytes(),
                        inside_tls,
                        pipelined,
                        bytewise,
                    });
                }
            }
        }
    }
    let mut failures = Vec::new();
    let mut clients = Vec::new();
    for case in &cases {
        let before = origin.requests().len();
        let outcome = case.play(&nicetap, &trust).and_then(|client| {
            // Kept open, so that no other case gets the same port.
            clients.push((case, client));
            case.check_forwarded(&origin.requests()[before..])
        });
        if let Err(why) = outcome {
            failures.push(format!("{}: {why}", case.what));
        }
    }
    let stopped = nicetap.stop();
    for (case, client) in clients {
        if let Err(why) = case.check_record(&stopped.of("connection"), &client.local().to_string())
        {
            failures.push(format!("{}: {why}", case.what));
        }
    }
    say("case: name, inside TLS, after a good request, byte by byte");
    say(&format!(
        "{} cases, {} as expected",
        cases.len(),
        cases.len() - failures.len()
    ));
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn an_early_end_of_the_head_is_refused() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &authority);
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
    // What libcurl sends for the value "reseller7:secret\r\n": the rest of the head begins where a request should.
    let bytes = format!(
        "GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\nHost: {API}\r\n\
         Authorization: reseller7:S3cr3t-K9f2Lm8Qw4Zx\r\n\r\nContent-Type: application/json\r\n\r\n"
    );
    for bytewise in [false, true] {
        let mut client = RawClient::tunnel(nicetap.addr(), API, &trust).unwrap();
        let local = client.local().to_string();
        if bytewise {
            client.send_bytewise(&bytes).unwrap();
        } else {
            client.send(&bytes).unwrap();
        }
        // Whether the part before the early end was forwarded depends on what had come by then.
        let mut last = client.reply("GET").unwrap();
        if last.status() == 200 {
            last = client.reply("GET").unwrap();
        }
        check_own_answer(&last, 400).unwrap();
        let record = nicetap.wait_for("the connection record", |record| {
            record["event"] == "connection" && record["client"]["addr"] == *local
        });
        assert_eq!(record["answered"], 400, "{record:#}");
        assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
    }
}

#[test]
fn a_chunk_that_is_not_sound_is_not_passed_on() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &authority);
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
    for body in BAD_CHUNKS {
        let mut client = RawClient::tunnel(nicetap.addr(), API, &trust).unwrap();
        let local = client.local().to_string();
        client
            .send(format!(
                "POST /v2/?category=domain&action=check HTTP/1.1\r\nHost: {API}\r\n\
                 Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{body}"
            ))
            .unwrap();
        let reply = client.reply("POST").unwrap();
        check_own_answer(&reply, 400).unwrap_or_else(|why| panic!("{body:?}: {why}"));
        let record = nicetap.wait_for("the exchange record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        });
        assert_eq!(record["failure"]["stage"], "client", "{body:?}: {record:#}");
        assert_eq!(record["answer"]["by"], "nicetap", "{body:?}: {record:#}");
    }
    for stream in origin.streams_from(0) {
        for body in BAD_CHUNKS {
            let text = String::from_utf8_lossy(&stream);
            assert!(!text.ends_with(body), "{body:?} arrived: {text:?}");
        }
    }
}

#[test]
fn the_outsiders_requests_are_forwarded_unambiguously_or_refused() {
    let Some(inputs) = corpus() else { return };
    let authority = Authority::new();
    let lanes: Vec<Lane> = (0..LANES)
        .map(|index| Lane::new(index, &authority))
        .collect();
    let mut options = Options::default().trust(&authority);
    for lane in &lanes {
        options = options.connect_to(&lane.host, 443, lane.origin.addr());
    }
    let mut nicetap = Nicetap::start(options);
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());

    let proxy = nicetap.addr();
    let outcomes = play_all(&inputs, &lanes, |lane| {
        RawClient::tunnel(proxy, &lane.host, &trust)
    });
    assert!(nicetap.is_alive(), "{}", nicetap.console());
    let stopped = nicetap.stop();
    assert!(!stopped.console.contains("panicked"), "{}", stopped.console);
    let records = records_by_client(&stopped.records);
    let answers: usize = outcomes
        .iter()
        .map(|outcome| outcome.statuses().len())
        .sum();
    let readings = read_with_h11(&outcomes);

    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    for outcome in &outcomes {
        let records = records.get(&outcome.client).copied().unwrap_or_default();
        *counts.entry(outcome.kind(&readings)).or_insert(0) += 1;
        if let Err(why) = outcome.check(&readings, records) {
            failures.push(format!(
                "{}: {why}\n    {:?}",
                outcome.name,
                outcome.sent_text()
            ));
        }
    }
    say(&format!("{counts:#?}"));
    let listed = |what: &str, names: Vec<&str>| {
        say(&format!("{} {what}: {names:#?}", names.len()));
    };
    let names = |keep: &dyn Fn(&Outcome) -> bool| {
        let kept = outcomes.iter().filter(|outcome| keep(outcome));
        kept.map(|outcome| outcome.name.as_str()).collect()
    };
    listed(
        "passed though h11 refuses bytes beyond ASCII in a target",
        names(&|outcome| outcome.is_the_exception(&readings)),
    );
    listed(
        "refused by intent though their authors and h11 accept them",
        names(&|outcome| outcome.must_pass(&readings) && outcome.refused_by_intent().is_some()),
    );
    let recorded: usize = records.values().sum();
    if recorded < answers {
        // An address may have served two inputs, so that the sum shows what each alone hides.
        failures.push(format!("{answers} answers, but {recorded} records"));
    }
    say(&format!(
        "{} inputs, {} as expected",
        outcomes.len(),
        outcomes.len() - failures.len()
    ));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

// The refused heads.

struct Case {
    what: String,
    status: u16,
    head: Vec<u8>,
    inside_tls: bool,
    pipelined: bool,
    bytewise: bool,
}

impl Case {
    /// Sends the head; checks the answers, and that the connection ends after them. Returns the client.
    fn play(&self, nicetap: &Nicetap, trust: &Arc<ClientConfig>) -> Result<RawClient, String> {
        let text = |error: io::Error| error.to_string();
        let mut client = if self.inside_tls {
            RawClient::tunnel(nicetap.addr(), API, trust).map_err(text)?
        } else {
            RawClient::plain(nicetap.addr())
        };
        let mut bytes = Vec::new();
        if self.pipelined {
            bytes.extend(format!("{GOOD}Host: {API}\r\n\r\n").into_bytes());
        }
        bytes.extend(&self.head);
        // An answer may come before the last byte, and the rest then meets a closed connection.
        let _ = if self.bytewise {
            client.send_bytewise(&bytes)
        } else {
            client.send(&bytes)
        };
        if self.pipelined {
            let reply = client
                .reply("GET")
                .map_err(|error| format!("the good request: {error}"))?;
            if reply.status() != 200 {
                return Err(format!("the good request: {}", reply.first_line()));
            }
        }
        let reply = client
            .reply("GET")
            .map_err(|error| format!("no answer: {error}"))?;
        check_own_answer(&reply, self.status)?;
        match client.reply("GET") {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                Err("the connection stays open".to_owned())
            }
            Err(_) => Ok(client),
            Ok(more) => Err(format!("one more answer: {}", more.first_line())),
        }
    }

    /// The origin received the good request, if there was one, and nothing else.
    fn check_forwarded(&self, forwarded: &[Received]) -> Result<(), String> {
        let as_expected = forwarded.len() == usize::from(self.pipelined)
            && forwarded
                .iter()
                .all(|request| request.message.head.starts_with(GOOD.as_bytes()));
        if as_expected {
            return Ok(());
        }
        Err(format!("the origin received {forwarded:?}"))
    }

    /// One `connection` record, with its reason, its answer, and a finding.
    fn check_record(&self, records: &[&Value], client: &str) -> Result<(), String> {
        let mut ours = records
            .iter()
            .filter(|record| record["client"]["addr"] == *client);
        let (Some(record), None) = (ours.next(), ours.next()) else {
            return Err("not exactly one connection record".to_owned());
        };
        if record["stage"] != "head" || record["answered"] != self.status {
            return Err(format!("the record: {record:#}"));
        }
        if record["reason"].as_str().is_none_or(str::is_empty) || record["raw"].is_null() {
            return Err(format!(
                "the record does not say why, or of what: {record:#}"
            ));
        }
        let mut findings = record["findings"].as_array().into_iter().flatten();
        if !findings.any(|finding| is_wire_code(&finding["code"])) {
            return Err(format!("the record has no N7xx: {record:#}"));
        }
        Ok(())
    }
}

fn is_wire_code(code: &Value) -> bool {
    code.as_str().is_some_and(|code| code.starts_with("N7"))
}

/// An answer of the proxy itself: in NiceNIC's envelope, and marked as its own (SPEC 2).
fn check_own_answer(reply: &Message, status: u16) -> Result<(), String> {
    if reply.status() != status {
        return Err(format!("answered {:?}, not {status}", reply.first_line()));
    }
    let marked = reply
        .field("proxy-status")
        .is_some_and(|value| value.starts_with("nicetap"));
    let typed = reply
        .field("content-type")
        .is_some_and(|value| value.starts_with("application/json"));
    if !marked || !typed || !reply.whole {
        return Err(format!(
            "the answer's head: {:?}",
            reply.lines().collect::<Vec<_>>()
        ));
    }
    let Ok(body) = serde_json::from_slice::<Value>(&reply.body) else {
        return Err(format!(
            "the answer's body: {:?}",
            String::from_utf8_lossy(&reply.body)
        ));
    };
    let told = body["msg"]
        .as_str()
        .is_some_and(|text| text.starts_with("nicetap, not NiceNIC: "));
    if body["code"] != status || !told || !body["nicetap"]["stage"].is_string() {
        return Err(format!("the answer's body: {body}"));
    }
    Ok(())
}

const GOOD: &str = "GET /v2/?category=domain&action=check&domains=example.com&n=good HTTP/1.1\r\n";

/// Name, status, and the head; `HOST` stands for the API's host.
const REFUSED: &[(&str, u16, &str)] = &[
    (
        "bare LF at a field",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nAuthorization: u:s\n\r\n",
    ),
    (
        "bare LF at the request line",
        400,
        "GET /v2/ HTTP/1.1\nHost: HOST\r\n\r\n",
    ),
    ("bare LF all over", 400, "GET /v2/ HTTP/1.1\nHost: HOST\n\n"),
    (
        "bare LF before the end",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\n\n",
    ),
    (
        "bare CR in a value",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nA: b\rc\r\n\r\n",
    ),
    (
        "two CR",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nAuthorization: u:s\r\r\n\r\n",
    ),
    (
        "fold",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nAccept: */*\r\n Authorization: u:s\r\n\r\n",
    ),
    (
        "fold with a tab",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nA: b\r\n\tc\r\n\r\n",
    ),
    (
        "white space before the first field",
        400,
        "GET /v2/ HTTP/1.1\r\n A: b\r\nHost: HOST\r\n\r\n",
    ),
    (
        "space before the colon",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nAuthorization : u:s\r\n\r\n",
    ),
    (
        "a name with a space",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nAuth orization: u:s\r\n\r\n",
    ),
    (
        "a name with a quote",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\n\"A\": b\r\n\r\n",
    ),
    (
        "a name beyond ASCII",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nÄ: b\r\n\r\n",
    ),
    (
        "an empty name",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\n: b\r\n\r\n",
    ),
    (
        "no colon",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nreseller7\r\n\r\n",
    ),
    (
        "NUL in a value",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nA: b\0c\r\n\r\n",
    ),
    (
        "ESC in a value",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nA: b\u{1b}[2J\r\n\r\n",
    ),
    ("no Host", 400, "GET /v2/ HTTP/1.1\r\nA: b\r\n\r\n"),
    (
        "two Hosts",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
    ),
    (
        "two different Hosts",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nhost: example.com\r\n\r\n",
    ),
    (
        "a Host with a user",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: user@HOST\r\n\r\n",
    ),
    (
        "a Host with a path",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST/v2\r\n\r\n",
    ),
    (
        "two Hosts in one",
        400,
        "GET /v2/ HTTP/1.1\r\nHost: HOST, example.com\r\n\r\n",
    ),
    ("an empty Host", 400, "GET /v2/ HTTP/1.1\r\nHost:\r\n\r\n"),
    (
        "CL and TE",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "TE and CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    (
        "two CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    ),
    (
        "two different CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    ),
    (
        "CL list",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 1, 1\r\n\r\na",
    ),
    (
        "CL with a sign",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: +1\r\n\r\na",
    ),
    (
        "negative CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: -1\r\n\r\n",
    ),
    (
        "CL with a zero in front",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 01\r\n\r\na",
    ),
    (
        "hexadecimal CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0x1\r\n\r\na",
    ),
    (
        "empty CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length:\r\n\r\n",
    ),
    (
        "huge CL",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 99999999999999999999\r\n\r\n",
    ),
    (
        "gzip, chunked",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked, chunked",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked twice",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "identity",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: identity\r\n\r\n",
    ),
    (
        "xchunked",
        400,
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "chunked in HTTP/1.0",
        400,
        "POST /v2/ HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "two spaces",
        400,
        "GET  /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ),
    (
        "a space in the target",
        400,
        "GET /v2/?domains=a b HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ),
    (
        "a control byte in the target",
        400,
        "GET /v2/\u{1}?a HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ),
    ("HTTP/0.9", 400, "GET /v2/\r\nHost: HOST\r\n\r\n"),
    ("HTTP/1.2", 505, "GET /v2/ HTTP/1.2\r\nHost: HOST\r\n\r\n"),
    ("HTTP/2.0", 505, "GET /v2/ HTTP/2.0\r\nHost: HOST\r\n\r\n"),
    (
        "a method that is no token",
        400,
        "G@T /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ),
    (
        "a target without a slash",
        400,
        "GET v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ),
];

const BAD_CHUNKS: &[&str] = &[
    "5\nhello\n0\n\n",
    "5\r\nhelloX\r\n0\r\n\r\n",
    "0x5\r\nhello\r\n0\r\n\r\n",
    "+5\r\nhello\r\n0\r\n\r\n",
    "g\r\nhello\r\n0\r\n\r\n",
    "fffffffffffffffff\r\nhello\r\n",
    "5\r\nhello\r\n0\r\nHost: example.com\r\n\r\n",
    "5\r\nhello\r\n0\r\nbad trailer\r\n\r\n",
    "5;a\rb\r\nhello\r\n0\r\n\r\n",
    "5 \r\nhello\r\n0\r\n\r\n",
];

// The outsiders' requests.

/// One stream of the corpus, with its author's expectation.
struct Input {
    name: String,
    class: String,
    bytes: Vec<u8>,
}

/// A host of its own, with an origin of its own, so that what arrives there came from one input at a time.
struct Lane {
    host: String,
    origin: RawOrigin,
}

/// What became of an input.
struct Outcome {
    name: String,
    class: String,
    host: String,
    sent: Vec<u8>,
    client: String,
    received: Vec<u8>,
    /// Whether nothing came until the client said that it had ended.
    waited: bool,
    /// Whether the connection did not end even then.
    hangs: bool,
    /// What each connection to the origin carried.
    upstream: Vec<Vec<u8>>,
}

impl Lane {
    fn new(index: usize, authority: &Authority) -> Self {
        let host = format!("lane-{index}.nicenic.net");
        let origin = RawOrigin::tls(authority, &[&host], answering(success));
        Self { host, origin }
    }

    fn play(&self, input: &Input, connect: impl Fn(&Self) -> io::Result<RawClient>) -> Outcome {
        let before = self.origin.connections();
        let mut client = connect(self).unwrap();
        let sent = fill_in(&input.bytes, &self.host);
        let local = client.local().to_string();
        // The proxy may refuse and close before all is sent.
        let _ = client.send(&sent);
        let (received, waited, hangs) = listen(&mut client);
        drop(client);
        Outcome {
            name: input.name.clone(),
            class: input.class.clone(),
            host: self.host.clone(),
            sent,
            client: local,
            received,
            waited,
            hangs,
            upstream: self.origin.streams_from(before),
        }
    }
}

impl Outcome {
    /// The statuses of all replies, interim ones left out.
    fn statuses(&self) -> Vec<u16> {
        let text = String::from_utf8_lossy(&self.received);
        text.split("HTTP/1.")
            .skip(1)
            .filter_map(|rest| rest.get(2..5)?.parse().ok())
            .filter(|status| *status >= 200)
            .collect()
    }

    fn kind(&self, readings: &Readings) -> &'static str {
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

    fn check(&self, readings: &Readings, records: usize) -> Result<(), String> {
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
        if records < statuses.len() {
            return Err(format!("{statuses:?}, but {records} records"));
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
    fn must_pass(&self, readings: &Readings) -> bool {
        let reading = &readings[&self.key("sent")];
        let hosts = reading["hosts"].as_array().unwrap();
        let ours = !hosts.is_empty() && hosts.iter().all(|host| host == &self.host);
        // A target with a host of its own is meant for that host.
        let elsewhere = reading["requests"]
            .as_array()
            .unwrap()
            .iter()
            .any(|request| request.as_str().unwrap().contains("://"));
        self.class == "accept"
            && reading["verdict"] == "whole"
            && reading["error"] == ""
            && ours
            && !elsewhere
            && check_heads(&self.sent).is_ok()
            && !self.sent.starts_with(b"CONNECT ")
    }

    /// Why nicetap refuses what its author and h11 accept.
    fn refused_by_intent(&self) -> Option<&'static str> {
        let listed = STRICTER.iter().find(|(id, _)| self.name.starts_with(id));
        listed.map(|(_, why)| *why)
    }

    fn upstream_is_refused(&self, readings: &Readings, index: usize) -> bool {
        let reading = &readings[&self.key(&format!("upstream-{index}"))];
        !["whole", "cut", BEYOND_ASCII].contains(&reading["verdict"].as_str().unwrap())
    }

    /// Whether it passed though h11 refuses it, for bytes beyond ASCII in its target and nothing else.
    fn is_the_exception(&self, readings: &Readings) -> bool {
        (0..self.upstream.len()).any(|index| {
            readings[&self.key(&format!("upstream-{index}"))]["verdict"] == BEYOND_ASCII
        })
    }

    fn key(&self, part: &str) -> String {
        format!("{}/{part}", self.name)
    }

    fn sent_text(&self) -> String {
        let text = String::from_utf8_lossy(&self.sent);
        text.chars().take(300).collect()
    }
}

/// What h11 says of each stream, by its key.
type Readings = BTreeMap<String, Value>;

/// The corpus as it is, and once more with Host set right where it names somebody else.
fn corpus() -> Option<Vec<Input>> {
    let folder = std::env::var_os("NICETAP_CORPUS")
        .map_or_else(|| project("../shared/corpus"), std::path::PathBuf::from);
    let file = folder.join("requests.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        say(&format!("skipped: no corpus at {}", file.display()));
        return None;
    };
    let mut inputs = Vec::new();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| line[name].as_str().unwrap().to_owned();
        let bytes = BASE64.decode(field("b64")).unwrap();
        if let Some(bytes) = with_our_host(&bytes) {
            inputs.push(Input {
                name: format!("{} (Host set right)", field("id")),
                class: field("cls"),
                bytes,
            });
        }
        inputs.push(Input {
            name: field("id"),
            class: field("cls"),
            bytes,
        });
    }
    Some(inputs)
}

/// The input with its one foreign or missing Host replaced; `None` where there is nothing to replace.
fn with_our_host(bytes: &[u8]) -> Option<Vec<u8>> {
    let end = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let (first, fields) = head.split_once("\r\n").unwrap_or((head, ""));
    let mut lines: Vec<&str> = fields
        .split("\r\n")
        .filter(|line| !line.is_empty())
        .collect();
    let hosts = lines
        .iter()
        .filter(|line| line.to_lowercase().starts_with("host"))
        .count();
    if hosts > 1 || head.contains("@@HOST@@") {
        return None;
    }
    lines.retain(|line| !line.to_lowercase().starts_with("host:"));
    lines.insert(0, "Host: @@HOST@@");
    let head = format!("{first}\r\n{}", lines.join("\r\n"));
    Some([head.as_bytes(), &bytes[end..]].concat())
}

fn fill_in(bytes: &[u8], host: &str) -> Vec<u8> {
    let mut filled = bytes.to_vec();
    for (mark, value) in [
        ("@@HOST@@", host),
        ("@@HOSTONLY@@", host),
        ("@@PORT@@", "443"),
    ] {
        while let Some(at) = find(&filled, mark.as_bytes()) {
            filled.splice(at..at + mark.len(), value.bytes());
        }
    }
    filled
}

/// Plays every input, each lane one at a time.
fn play_all(
    inputs: &[Input],
    lanes: &[Lane],
    connect: impl Fn(&Lane) -> io::Result<RawClient> + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (next, connect) = (&next, &connect);
    std::thread::scope(|scope| {
        let runs: Vec<_> = lanes
            .iter()
            .map(|lane| {
                scope.spawn(move || {
                    let mut outcomes = Vec::new();
                    while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        outcomes.push(lane.play(input, connect));
                    }
                    outcomes
                })
            })
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    })
}

/// Reads until something has come or a second has passed, says that nothing more will be sent, and reads to the end.
/// Returns what came, whether nothing came before that, and whether the connection did not end.
fn listen(client: &mut RawClient) -> (Vec<u8>, bool, bool) {
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

/// How many records each client address has, those that say nothing of an answer left out.
fn records_by_client(records: &[Value]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records {
        let counted = record["event"] == "exchange" || record["event"] == "connection";
        if let (true, Some(client)) = (counted, record["client"]["addr"].as_str()) {
            *counts.entry(client.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn read_with_h11(outcomes: &[Outcome]) -> Readings {
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
fn check_heads(stream: &[u8]) -> Result<(), String> {
    let mut input = stream;
    let mut reader = support::message::Reader::new();
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

fn count(text: &[u8], what: &str) -> usize {
    String::from_utf8_lossy(text).matches(what).count()
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    text.windows(what.len()).position(|window| window == what)
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

/// How many inputs are played at a time.
const LANES: usize = 24;
