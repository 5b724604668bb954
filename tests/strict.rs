//! What nicetap must not forward, and must not mend either.
//!
//! The refused heads of SPEC 2, alone and pipelined, in one piece and byte by byte. The outsiders' request streams are
//! in `corpus.rs`.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use serde_json::Value;

use support::authority::{Authority, client_config};
use support::message::Message;
use support::nicetap::Nicetap;
use support::origin::{RawOrigin, Received, answering, success};
use support::raw::RawClient;
use support::{API, say};

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
