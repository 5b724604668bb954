//! Whether a client is served alike on two ways, and whether an origin is asked alike.
use std::net::SocketAddr;
use std::path::Path;

use super::client::{Call, Client, Reply, Way};
use super::message::Message;
use super::nginx::pattern;
use super::origin::RawOrigin;
use super::relay::relay;

/// The calls that every client makes to nginx: each kind of reply, and bodies each way.
pub(crate) fn calls() -> Vec<Call> {
    let check = "/v2/?category=domain&action=check&domains=example.com";
    let mut calls = vec![
        Call::get(check),
        Call::get(&format!("{check}&note=a%20b+c%2B;'(~)%E4%B8%AD")),
        Call::post(
            "/v2/echo",
            "application/json",
            r#"{"domain":"example.com","years":1}"#,
        ),
        Call::post("/v2/echo", "application/octet-stream", pattern(100 * 1024)),
        Call::post("/v2/echo", "application/json", ""),
        Call::new("HEAD", check),
        Call::new("DELETE", "/v2/echo"),
    ];
    for path in [
        "file", "large", "none", "empty", "moved", "refused", "down", "missing", "chunked",
    ] {
        calls.push(Call::get(&format!("/v2/{path}")));
    }
    calls.push(Call::get("/v2/gzip").header("Accept-Encoding", "gzip"));
    calls.push(Call::get("/v2/large").header("Range", "bytes=100-4099"));
    calls.push(Call::get("/v2/file").header("If-Modified-Since", "Fri, 01 Jan 2100 00:00:00 GMT"));
    calls
}

/// The way on which a client sends this origin what it would send to the API with nobody between them.
///
/// Java and PHP's streams cannot be told to dial elsewhere without a change in what they send: they go through a proxy
/// that reads nothing.
pub(crate) fn unwatched(client: Client, origin: SocketAddr, root: &Path) -> Way<'_> {
    match client {
        Client::Java | Client::PhpStreams => Way::Connect(relay(origin), root),
        _ => Way::Direct(origin, root),
    }
}

/// Fails unless the client gets the same replies both ways.
pub(crate) fn assert_same_replies(client: Client, one: Way<'_>, other: Way<'_>) {
    let calls = calls();
    let (expected, got) = (client.make(one, &calls), client.make(other, &calls));
    for ((call, expected), got) in calls.iter().zip(expected).zip(got) {
        let what = format!("{client:?} {other:?} {} {}", call.method, call.path);
        assert_eq!(got.status, expected.status, "{what}");
        assert_eq!(
            without_moving_parts(&got),
            without_moving_parts(&expected),
            "{what}"
        );
        assert!(
            got.body == expected.body,
            "{what}: {}",
            difference(&got.body, &expected.body)
        );
        assert!(!is_vacuous(call, &expected), "{what}: {expected:?}");
    }
}

/// Fails unless the origin receives the same requests both ways: the same lines in the same order, and the same body.
pub(crate) fn assert_same_requests(client: Client, origin: &RawOrigin, ways: [Way<'_>; 2]) {
    let calls = [
        Call::get("/v2/?category=domain&action=check&domains=example.com")
            .header("X-MiXeD-CaSe", "Kept  as it is"),
        Call::post(
            "/v2/?category=domain&action=update_dns",
            "application/json",
            r#"{"a":"b"}"#,
        ),
        Call::new(
            "HEAD",
            "/v2/?category=account&action=info&note=a%20b+c%2B;~",
        ),
        Call::post(
            "/v2/?category=domain&action=check",
            "text/plain",
            pattern(100 * 1024),
        ),
    ];
    // fetch offers other codings over `http://`, as in base-URL mode, than over `https://`.
    let calls = calls.map(|call| call.header("Accept-Encoding", "gzip"));
    let received = ways.map(|way| {
        let before = origin.requests().len();
        client.make(way, &calls);
        origin
            .wait_for_requests(before + calls.len())
            .split_off(before)
    });
    assert_eq!(received[0].len(), received[1].len());
    for (expected, got) in received[0].iter().zip(&received[1]) {
        let what = format!("{client:?} {:?}", ways[1]);
        assert_eq!(lasting(&got.message), lasting(&expected.message), "{what}");
        assert!(got.message.body == expected.message.body, "{what}");
        assert!(got.message.whole && expected.message.whole, "{what}");
    }
}

/// The lines of a request's head, without those for this connection only.
fn lasting(message: &Message) -> Vec<String> {
    let lasts = |line: &String| {
        let name = line.split(':').next().unwrap_or_default().to_lowercase();
        !CONNECTION_FIELDS.contains(&name.as_str())
    };
    message.lines().filter(lasts).collect()
}

fn without_moving_parts(reply: &Reply) -> Vec<(String, String)> {
    let mut headers = reply.headers.clone();
    headers.retain(|(name, _)| {
        let name = name.to_lowercase();
        name != "date" && !CONNECTION_FIELDS.contains(&name.as_str())
    });
    headers
}

/// A comparison of two failures would pass: nginx must have answered as its configuration says.
fn is_vacuous(call: &Call, reply: &Reply) -> bool {
    let path = call.path.split('?').next().unwrap_or_default();
    let conditional = |name| call.headers.iter().any(|(have, _)| *have == name);
    let expected = match path {
        "/v2/none" => 204,
        "/v2/moved" => 302,
        "/v2/refused" => 401,
        "/v2/down" => 503,
        "/v2/missing" => 404,
        _ if conditional("Range") => 206,
        _ if conditional("If-Modified-Since") => 304,
        _ => 200,
    };
    let sent = call.body.as_deref().unwrap_or_default();
    let echoes = path != "/v2/echo" || reply.body.ends_with(sent);
    reply.status != expected || !echoes || reply.headers.is_empty()
}

fn difference(got: &[u8], expected: &[u8]) -> String {
    let at = got.iter().zip(expected).take_while(|(a, b)| a == b).count();
    format!(
        "{} and {} bytes, equal up to {at}",
        got.len(),
        expected.len()
    )
}

const CONNECTION_FIELDS: [&str; 4] = ["connection", "keep-alive", "proxy-connection", "te"];
