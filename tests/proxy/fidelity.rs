//! Each shape of a sound message, sent directly and through nicetap: the bytes at the origin and at the client are the
//! same, but for what belongs to one hop, and that is named in `fidelity`.
use serde_json::Value;

use crate::stage::{CREDENTIAL, Stage};
use crate::support::authority::client_config;
use crate::support::origin::success;
use crate::support::raw::RawClient;
use crate::support::{API, say};

#[test]
fn requests_arrive_as_they_would_without_nicetap() {
    let stage = Stage::new(|conversation| {
        while let Some(request) = conversation.request()? {
            conversation.send(success(&request))?;
        }
        Ok(())
    });
    let direct = client_config(&stage.authority.pem());
    for (shape, hop) in REQUESTS {
        let request = shape.replace("HOST", API).replace("CREDENTIAL", CREDENTIAL);
        let before = stage.origin.connections();
        let client = RawClient::tls(stage.origin.addr(), API, &direct).unwrap();
        let (got_directly, _) = converse(client, &request);
        let at_origin_directly = stage.origin.streams_from(before).concat();

        let before = stage.origin.connections();
        let (got, local) = converse(stage.client(), &request);
        let at_origin = stage.origin.streams_from(before).concat();
        assert_eq!(text(&got), text(&got_directly), "{request}");
        compare(&at_origin, &at_origin_directly, hop, &stage.record(&local));
    }
    say(&format!("{} shapes of requests", REQUESTS.len()));
}

#[test]
fn replies_arrive_as_they_would_without_nicetap() {
    let stage = Stage::new(|conversation| {
        let Some(request) = conversation.request()? else {
            return Ok(());
        };
        let row: usize = request.field("x-row").unwrap().parse().unwrap();
        conversation.send(REPLIES[row].0)
    });
    let direct = client_config(&stage.authority.pem());
    for (row, (shape, hop)) in REPLIES.iter().enumerate() {
        let method = if shape.contains("To HEAD") {
            "HEAD"
        } else {
            "GET"
        };
        let request = format!("{method} /v2/ HTTP/1.1\r\nHost: {API}\r\nX-Row: {row}\r\n\r\n");
        let client = RawClient::tls(stage.origin.addr(), API, &direct).unwrap();
        let (got_directly, _) = converse(client, &request);
        let (got, local) = converse(stage.client(), &request);
        compare(&got, &got_directly, hop, &stage.record(&local));
    }
    say(&format!("{} shapes of replies", REPLIES.len()));
}

/// Sends this, and gets all that comes back.
fn converse(mut client: RawClient, request: &str) -> (Vec<u8>, String) {
    let local = client.local().to_string();
    client.send(request).unwrap();
    client.end();
    (client.all().unwrap(), local)
}

/// What came through is what came directly, less these fields, which the record names.
#[track_caller]
fn compare(through: &[u8], directly: &[u8], hop: &[&str], record: &Value) {
    let is_of_hop = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        hop.iter().any(|it| it.eq_ignore_ascii_case(name))
    };
    let directly = text(directly);
    let kept: Vec<&str> = directly
        .split("\r\n")
        .filter(|line| !is_of_hop(line))
        .collect();
    assert_eq!(text(through), kept.join("\r\n"), "{record:#}");
    let named = record["fidelity"].to_string();
    for name in hop {
        assert!(named.contains(name), "{name} is not named: {record:#}");
    }
    assert_eq!(
        record["fidelity"].as_array().unwrap().is_empty(),
        hop.is_empty(),
        "{record:#}"
    );
}

fn text(bytes: &[u8]) -> String {
    bytes.escape_ascii().to_string().replace("\\r\\n", "\r\n")
}

impl Stage {
    /// The record of the exchange of this client.
    fn record(&self, local: &str) -> Value {
        self.nicetap.wait_for("the record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        })
    }
}

/// Sound requests, and the fields of each that end here.
const REQUESTS: &[(&str, &[&str])] = &[
    (
        "GET /v2/?category=domain&action=check&domains=example.com HTTP/1.1\r\nHost: HOST\r\nAuthorization: CREDENTIAL\r\n\r\n",
        &[],
    ),
    (
        "get /v2/ HTTP/1.1\r\nhOsT: HOST\r\nx-LOWER-upper: MiXed\r\n\r\n",
        &[],
    ),
    (
        "GET /v2/?a=%20b+c%2B;'(~)&&=&a=1&a=2 HTTP/1.1\r\nHost: HOST\r\n\r\n",
        &[],
    ),
    (
        "GET /v2//../v2/./%2e%2e/?/? HTTP/1.1\r\nHost: HOST\r\n\r\n",
        &[],
    ),
    ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n", &[]),
    ("HEAD /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[]),
    ("BREW /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n", &[]),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST:443\r\nX:   spaced \t\r\nX-Empty:\r\nX: 2\r\nX-Long: {}\r\n\r\n",
        &[],
    ),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nX-Utf8: \u{e4}\u{4e2d}\r\nCookie: a=1\r\nCookie: b=2\r\n\r\n",
        &[],
    ),
    ("GET /v2/ HTTP/1.0\r\nHost: HOST\r\n\r\n", &[]),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 2\r\n\r\n{}",
        &[],
    ),
    (
        "POST /v2/ HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\n\r\n",
        &[],
    ),
    (
        "POST /v2/ HTTP/1.1\r\nContent-Length: 5\r\nHost: HOST\r\n\r\n\u{0}\r\n\n\r",
        &[],
    ),
    (
        "PUT /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\n{}\r\n000\r\n\r\n",
        &[],
    ),
    (
        "PATCH /v2/ HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: Chunked\r\nTrailer: X-Sum\r\n\r\n2\r\n{}\r\n0\r\nX-Sum: 1\r\n\r\n",
        &[],
    ),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\n\r\nGET /v2/?second HTTP/1.1\r\nHost: HOST\r\n\r\n",
        &[],
    ),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nProxy-Connection: keep-alive\r\n\r\n",
        &["Proxy-Connection"],
    ),
    (
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nProxy-Authorization: Basic eA==\r\n\r\n",
        &["Proxy-Authorization"],
    ),
];

/// Sound replies, and the fields of each that end here.
const REPLIES: &[(&str, &[&str])] = &[
    (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n{\"code\":200}",
        &[],
    ),
    ("HTTP/1.1 200\r\ncontent-length: 0\r\n\r\n", &[]),
    (
        "HTTP/1.1 299 Odd   reason \u{e4}\r\nX-cAsE:  a \r\nContent-Length: 0\r\nx-case: b\r\n\r\n",
        &[],
    ),
    (
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nContent-Length: 2\r\nSet-Cookie: b=2\r\n\r\nok",
        &[],
    ),
    (
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
        &[],
    ),
    ("HTTP/1.1 200 OK\r\nX: until the end\r\n\r\nto the end", &[]),
    ("HTTP/1.0 200 OK\r\n\r\nold", &[]),
    (
        "HTTP/1.1 200 OK\nServer: bare line ends\nContent-Length: 2\n\nok",
        &[],
    ),
    ("HTTP/1.1 204 No Content\r\n\r\n", &[]),
    (
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\nETag: \"a\"\r\n\r\n",
        &[],
    ),
    ("HTTP/1.1 200 To HEAD\r\nContent-Length: 500\r\n\r\n", &[]),
    (
        "HTTP/1.1 302 Found\r\nLocation: /elsewhere?a=1#b\r\nContent-Length: 0\r\n\r\n",
        &[],
    ),
    (
        "HTTP/1.1 503 Busy\r\nRetry-After: 1\r\nContent-Length: 4\r\n\r\nbusy",
        &[],
    ),
    (
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        &[],
    ),
    (
        "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\u{1f}x",
        &[],
    ),
];
