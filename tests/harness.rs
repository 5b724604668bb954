//! The control: the tests' own clients, origins and comparisons with no nicetap between them.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::io::ErrorKind;
use std::sync::mpsc::channel;
use std::time::Duration;

use support::API;
use support::authority::{Authority, client_config};
use support::client::{Client, Way};
use support::compare::{assert_same_replies, assert_same_requests, unwatched};
use support::nginx::NginxOrigin;
use support::origin::{
    RawOrigin, answering, closing_after, cutting_after, never_answering, resetting, streaming,
    success,
};
use support::raw::RawClient;
use support::relay::relay;

/// Two direct runs are equal, and so is one through a proxy that reads nothing.
fn a_blind_proxy_changes_nothing_for(client: Client) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("origin-ca.pem");
    let authority = Authority::new();
    authority.write(&root);

    let nginx = NginxOrigin::start(&authority);
    let direct = Way::Direct(nginx.tls(), &root);
    assert_same_replies(client, direct, Way::Connect(relay(nginx.tls()), &root));
    assert_same_replies(client, direct, Way::BaseUrl(nginx.plain()));

    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let ways = [
        unwatched(client, origin.addr(), &root),
        Way::Connect(relay(origin.addr()), &root),
    ];
    assert_same_requests(client, &origin, ways);
}

#[test]
fn an_origin_breaks_in_the_way_that_its_script_says() {
    let authority = Authority::new();
    let trust = client_config(&authority.pem());
    let ask = |origin: &RawOrigin| {
        let mut client = RawClient::tls(origin.addr(), API, &trust).unwrap();
        client
            .send(format!("GET / HTTP/1.1\r\nHost: {API}\r\n\r\n"))
            .unwrap();
        client
    };

    let origin = RawOrigin::tls(&authority, &[API], resetting());
    let error = ask(&origin).reply("GET").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ";
    let origin = RawOrigin::tls(&authority, &[API], cutting_after(half));
    let reply = ask(&origin).reply("GET").unwrap();
    assert_eq!((reply.body.as_slice(), reply.whole), (&b"half "[..], false));

    let origin = RawOrigin::tls(&authority, &[API], never_answering());
    let mut client = ask(&origin);
    origin.wait_for_requests(1);
    client.limit_reads(Duration::from_millis(50));
    let error = client.reply("GET").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);

    let origin = RawOrigin::tls(&authority, &[API], closing_after(Duration::ZERO, success));
    let mut client = ask(&origin);
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let error = client.reply("GET").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);

    let (pieces, script_pieces) = channel();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let origin = RawOrigin::tls(&authority, &[API], streaming(head, script_pieces));
    let mut client = ask(&origin);
    assert_eq!(client.head().unwrap().status(), 200);
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        pieces.send(event.as_bytes().to_vec()).unwrap();
        assert_eq!(client.read_some().unwrap(), event.as_bytes());
    }
    drop(pieces);
    assert_eq!(client.read_some().unwrap(), b"");
}

macro_rules! for_each_client {
    ($($name:ident: $client:ident,)*) => {$(
        #[test]
        fn $name() {
            a_blind_proxy_changes_nothing_for(Client::$client);
        }
    )*};
}

for_each_client! {
    curl: Curl,
    php_curl: PhpCurl,
    php_streams: PhpStreams,
    guzzle: Guzzle,
    requests: Requests,
    urllib: Urllib,
    node_https: NodeHttps,
    undici: Undici,
    java: Java,
    go: Go,
}
