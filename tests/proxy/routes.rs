//! Which way a connection goes: looked into, carried unread, refused.
use std::io::ErrorKind;
use std::net::SocketAddr;

use crate::stage::{CREDENTIAL, Stage, Told, check, text_of, trust};
use crate::support::API;
use crate::support::authority::{Authority, client_config};
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;

/// An origin in clear, under the API's name on ports 80 and 443.
fn in_clear() -> Stage {
    let origin = RawOrigin::plain(answering(success));
    Stage::before(Authority::new(), origin, |options| options)
}

fn codes(record: &serde_json::Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|found| text_of(&found["code"]))
        .collect()
}

#[test]
fn a_host_or_server_name_other_than_the_connects_is_misdirected() {
    let authority = Authority::new();
    let names = [API, "sandbox-api.nicenic.net"];
    let origin = RawOrigin::tls(&authority, &names, answering(success));
    let stage = Stage::before(authority, origin, |options| options);
    let other = check("").replace(&format!("Host: {API}"), "Host: sandbox-api.nicenic.net");
    let mut client = stage.client();
    client.send(&other).unwrap();
    let reply = client.reply("GET").unwrap();
    assert_eq!(reply.status(), 421);
    assert!(text_of(&reply.json()["nicetap"]["rule"]).starts_with("N2"));
    assert!(
        reply
            .field("proxy-status")
            .unwrap()
            .starts_with("nicetap; error=")
    );
    let record = stage.exchange_of(&client);
    assert_eq!(record["answer"]["status"], 421, "{record:#}");
    assert_eq!(record["diagnosis"]["verdict"], "held", "{record:#}");

    // The leaf is for the CONNECT's host, whatever the hello names.
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect("sandbox-api.nicenic.net:443").unwrap();
    let error = client.into_tls(API, &stage.trust).err().unwrap();
    assert!(error.to_string().contains("not valid for name"), "{error}");

    // A URL in the request line that names another host than the CONNECT.
    let absolute = check("").replacen("GET /", "GET https://sandbox-api.nicenic.net/", 1);
    let mut client = stage.client();
    client.send(&absolute).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 421);
    assert_eq!(
        stage.origin.connections(),
        0,
        "nothing is forwarded, nothing dialled"
    );
}

#[test]
fn every_form_of_request_finds_its_way() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let clear = RawOrigin::plain(answering(success));
    let options = Options::default()
        .connect_to(API, 443, origin.addr())
        .connect_to(API, 80, clear.addr())
        .trust(&authority);
    let nicetap = Nicetap::start(options);
    let via = |request: String, origin: &RawOrigin| {
        let before = origin.requests().len();
        let mut client = RawClient::plain(nicetap.addr());
        let local = client.local().to_string();
        client.send(request).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
        let sent = origin.wait_for_requests(before + 1).pop().unwrap().message;
        let record = nicetap.wait_for("the record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        });
        assert_eq!(sent.field("host").unwrap(), API);
        assert!(sent.first_line().starts_with("GET /v2/?"), "{sent:?}");
        text_of(&record["client"]["via"]).to_owned()
    };
    let absolute = |scheme: &str| check("").replacen("GET /", &format!("GET {scheme}://{API}/"), 1);
    assert_eq!(via(absolute("http"), &clear), "absolute");
    assert_eq!(via(absolute("HTTP"), &clear), "absolute");
    assert_eq!(via(absolute("https"), &origin), "absolute-https");
    let host = format!("Host: {}", nicetap.addr());
    let based = check("").replace(&format!("Host: {API}"), &host);
    assert_eq!(via(based.clone(), &origin), "gateway");
    let old = based
        .replace(&format!("{host}\r\n"), "")
        .replace("HTTP/1.1", "HTTP/1.0");
    assert_eq!(via(old, &origin), "gateway");
    for target in ["ftp://api.nicenic.net/", "http:///x", "http://a b/", "x"] {
        let mut client = RawClient::plain(nicetap.addr());
        client
            .send(format!("GET {target} HTTP/1.1\r\nHost: {API}\r\n\r\n"))
            .unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 400, "{target}");
        let local = client.local().to_string();
        nicetap.wait_for("the connection record", |record| {
            record["event"] == "connection" && record["client"]["addr"] == *local
        });
    }
}

#[test]
fn a_connect_may_be_http_1_0_and_without_host() {
    let stage = Stage::new(answering(success));
    for connect in [
        format!("CONNECT {API}:443 HTTP/1.0\r\n\r\n"),
        format!("CONNECT {API}:443 HTTP/1.1\r\n\r\n"),
        // A trailing dot and another case name the same host.
        "CONNECT API.NiceNIC.net.:443 HTTP/1.1\r\nHost: API.NiceNIC.net.:443\r\n\r\n".to_owned(),
    ] {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(&connect).unwrap();
        assert_eq!(client.head().unwrap().status(), 200, "{connect}");
        let mut client = client.into_tls(API, &stage.trust).unwrap();
        client.send(check("")).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200, "{connect}");
    }
}

#[test]
fn plain_http_inside_a_connect_stays_plain() {
    let stage = in_clear();
    for (port, host) in [(80, API.to_owned()), (443, format!("{API}:443"))] {
        let mut client = RawClient::plain(stage.nicetap.addr());
        let told = client.connect(&format!("{API}:{port}")).unwrap();
        assert_eq!(told.status(), 200);
        let request = check("").replace(&format!("Host: {API}"), &format!("Host: {host}"));
        client.send(request).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200, "port {port}");
        let record = stage.exchange_of(&client);
        assert!(
            text_of(&record["request"]["url"]).starts_with("http://"),
            "{record:#}"
        );
        assert!(codes(&record).contains(&"N202"), "{record:#}");
    }
}

#[test]
fn a_server_that_speaks_first_is_heard_through_a_connect() {
    let origin = RawOrigin::plain(|conversation| {
        conversation.send("220 hello\r\n")?;
        let said = conversation.read_some()?;
        conversation.send(said)
    });
    let stage = Stage::before(Authority::new(), origin, |options| options);
    let mut client = RawClient::plain(stage.nicetap.addr());
    let begun = std::time::Instant::now();
    assert_eq!(client.connect(&format!("{API}:443")).unwrap().status(), 200);
    assert_eq!(client.read_some().unwrap(), b"220 hello\r\n");
    assert!(
        begun.elapsed().as_millis() >= 2900,
        "the client had its time to speak"
    );
    client.send("noop\r\n").unwrap();
    assert_eq!(client.read_some().unwrap(), b"noop\r\n");
    client.end();
    assert_eq!(client.read_some().unwrap(), b"");
    let record = stage.record_of("tunnel", &client);
    assert_eq!(record["why"], "sniff", "{record:#}");
    assert_eq!(record["bytes"]["up"], 6, "{record:#}");
    assert_eq!(record["bytes"]["down"], 17, "{record:#}");
}

#[test]
fn what_is_neither_tls_nor_http_is_carried_unread() {
    let origin = RawOrigin::plain(|conversation| {
        let said = conversation.read_some()?;
        conversation.send(said)
    });
    let stage = Stage::before(Authority::new(), origin, |options| options);
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    client.send(b"\x00\x01\x02binary").unwrap();
    assert_eq!(client.read_some().unwrap(), b"\x00\x01\x02binary");
    client.end();
    let record = stage.record_of("tunnel", &client);
    assert_eq!(record["why"], "sniff", "{record:#}");
}

#[test]
fn a_host_out_of_scope_is_dialled_before_the_200_and_carried_unread() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &["shop.example"], answering(success));
    let options = Options::default().connect_to("shop.example", 443, origin.addr());
    let nicetap = Nicetap::start(options);
    let mut client = RawClient::plain(nicetap.addr());
    assert_eq!(client.connect("shop.example:443").unwrap().status(), 200);
    // Its own certificate, which nicetap does not even trust.
    let mut client = client
        .into_tls("shop.example", &client_config(&authority.pem()))
        .unwrap();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.end();
    let local = client.local().to_string();
    let record = nicetap.wait_for("the tunnel's record", |record| {
        record["event"] == "tunnel" && record["client"]["addr"] == *local
    });
    assert_eq!(record["why"], "scope", "{record:#}");
    assert_eq!(record["host"], "shop.example", "{record:#}");
    assert!(record["bytes"]["up"].as_u64() > Some(300), "{record:#}");
    assert!(record["bytes"]["down"].as_u64() > Some(500), "{record:#}");
    assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
}

#[test]
fn a_connect_that_cannot_be_made_says_why_in_its_phrase() {
    let free = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let nicetap = Nicetap::start(Options::default().connect_to("shop.example", 443, addr));
    for (authority, status, phrase, word) in [
        (
            "shop.example:443",
            502,
            "nicetap: `shop.example` at 127.0.0.1",
            "connection_refused",
        ),
        (
            "no-such-host.invalid:443",
            502,
            "nicetap: the name `no-such-host.invalid`",
            "dns_error",
        ),
        (
            "shop.example:25",
            403,
            "nicetap: ports 25, 465 and 587",
            "destination_ip_prohibited",
        ),
        (
            "api.nicenic.net:465",
            403,
            "nicetap: ports 25",
            "destination_ip_prohibited",
        ),
        (
            "shop.example:587",
            403,
            "nicetap: ports 25",
            "destination_ip_prohibited",
        ),
        (
            "api.www.example.com:443",
            403,
            "nicetap: this host is not NiceNIC's",
            "destination_ip_prohibited",
        ),
        (
            "169.254.169.254:80",
            403,
            "nicetap: `169.254.169.254` leads to an address",
            "destination_ip_prohibited",
        ),
        (
            "[fe80::1]:80",
            403,
            "nicetap: ",
            "destination_ip_prohibited",
        ),
        (
            "shop.example",
            400,
            "nicetap: CONNECT needs HOST:PORT",
            "http_request_error",
        ),
        (
            "shop.example:0",
            400,
            "nicetap: CONNECT needs",
            "http_request_error",
        ),
        (
            "shop.example:65536",
            400,
            "nicetap: CONNECT needs",
            "http_request_error",
        ),
        (
            "*.example:443",
            400,
            "nicetap: CONNECT needs",
            "http_request_error",
        ),
        (
            "[::1:443",
            400,
            "nicetap: CONNECT needs",
            "http_request_error",
        ),
    ] {
        let mut client = RawClient::plain(nicetap.addr());
        client
            .send(format!("CONNECT {authority} HTTP/1.0\r\n\r\n"))
            .unwrap();
        let reply = client.reply("GET").unwrap();
        let line = reply.first_line();
        assert!(
            line.starts_with(&format!("HTTP/1.1 {status} {phrase}")),
            "{authority}: {line}"
        );
        let told = reply.field("proxy-status").unwrap();
        assert!(
            told.contains(&format!("error={word};")),
            "{authority}: {told}"
        );
        assert_eq!(reply.json()["code"], status, "{authority}");
        assert_eq!(client.read_some().unwrap(), b"");
        let local = client.local().to_string();
        nicetap.wait_for(&format!("a record of {authority}"), |record| {
            record["client"]["addr"] == *local
        });
    }
    assert_eq!(nicetap.stop().of("start").len(), 1);
}

#[test]
fn nobody_reaches_nicetap_through_itself() {
    let nicetap = Nicetap::start(Options::default());
    let port = nicetap.addr().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.0.0.2",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
    ] {
        let told = Told {
            status: 502,
            word: "proxy_loop_detected",
            stage: "connect",
            verdict: "unreachable",
            reason: "leads back to nicetap itself",
        };
        let mut client = RawClient::plain(nicetap.addr());
        client
            .send(format!("CONNECT {host}:{port} HTTP/1.0\r\n\r\n"))
            .unwrap();
        let reply = client.reply("GET").unwrap();
        told.check_reply(&reply);
        let mut client = RawClient::plain(nicetap.addr());
        client
            .send(format!(
                "GET http://{host}:{port}/healthz HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n"
            ))
            .unwrap();
        told.check_reply(&client.reply("GET").unwrap());
    }
}

#[test]
fn another_protocol_on_the_port_is_named_and_closed() {
    let stage = Stage::new(answering(success));
    for (bytes, code) in [
        (&b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc"[..], "N716"),
        (b"\x05\x01\x00", "N717"),
        (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", "N717"),
    ] {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(bytes).unwrap();
        assert_eq!(client.read_some().unwrap(), b"");
        let record = stage.record_of("connection", &client);
        assert!(record["answered"].is_null(), "{record:#}");
        assert_eq!(codes(&record), [code], "{record:#}");
    }
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 505);
}

#[test]
fn a_connect_inside_a_connect_is_refused() {
    let stage = in_clear();
    let nested = "CONNECT shop.example:443 HTTP/1.1\r\nHost: shop.example:443\r\n\r\n";
    let mut plain = RawClient::plain(stage.nicetap.addr());
    plain.connect(&format!("{API}:443")).unwrap();
    for mut client in [plain, stage.client()] {
        client.send(nested).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 400);
        assert_eq!(client.read_some().unwrap(), b"");
        let record = stage.record_of("connection", &client);
        assert_eq!(record["reason"], "a CONNECT inside a CONNECT", "{record:#}");
        assert_eq!(record["host"], API, "{record:#}");
    }
    assert_eq!(stage.origin.connections(), 0);
}

#[test]
fn own_pages_answer_without_an_origin() {
    let nicetap = Nicetap::start(Options::default());
    let mut client = RawClient::plain(nicetap.addr());
    let mut page = |method: &str, path: &str| {
        client
            .send(format!(
                "{method} {path} HTTP/1.1\r\nHost: {}\r\n\r\n",
                nicetap.addr()
            ))
            .unwrap();
        client.reply(method).unwrap()
    };
    let help = page("GET", "/");
    assert!(String::from_utf8_lossy(&help.body).contains("debugging proxy"));
    let root = std::fs::read(nicetap.root_pem()).unwrap();
    assert_eq!(page("GET", "/ca.pem").body, root);
    assert!(page("HEAD", "/ca.pem").body.is_empty());
    let health = page("GET", "/healthz").json();
    assert_eq!(health["listen"][0], nicetap.addr().to_string());
    assert_eq!(page("GET", "/readyz").status(), 200);
    // A body is not taken for the next request.
    client
        .send(
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 48\r\n\r\nGET /readyz HTTP/1.1\r\nHost: a\r\nX: 1234567\r\n\r\n"
        )
        .unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    assert_eq!(client.read_some().unwrap(), b"");
    let stopped = nicetap.stop();
    assert_eq!(stopped.records.len(), 2, "{:#?}", stopped.records);
}

#[test]
fn a_page_of_ours_with_a_credential_is_a_call() {
    let stage = Stage::new(answering(success));
    let mut client = RawClient::plain(stage.nicetap.addr());
    let addr: SocketAddr = stage.nicetap.addr();
    client
        .send(format!(
            "GET / HTTP/1.1\r\nHost: {addr}\r\nAuthorization: {CREDENTIAL}\r\n\r\n"
        ))
        .unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    assert_eq!(stage.exchange_of(&client)["client"]["via"], "gateway");
}

#[test]
fn an_absolute_url_out_of_scope_is_carried_and_only_counted() {
    let origin = RawOrigin::plain(answering(success));
    let nicetap = Nicetap::start(Options::default().connect_to("shop.example", 80, origin.addr()));
    let mut client = RawClient::plain(nicetap.addr());
    client
        .send(format!(
            "GET http://shop.example/?secret=S3cr3t HTTP/1.1\r\nHost: shop.example\r\nCookie: {CREDENTIAL}\r\n\r\n"
        ))
        .unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let record = nicetap.wait_for("the record", |record| record["event"] == "tunnel");
    assert_eq!(record["why"], "scope", "{record:#}");
    let stopped = nicetap.stop();
    assert_eq!(
        stopped.of("exchange").len() + stopped.of("request").len(),
        0
    );
    assert!(!format!("{:?}", stopped.records).contains("S3cr3t"));
    assert!(!stopped.console.contains("S3cr3t"));
}

#[test]
fn an_alert_of_ours_reaches_a_client_that_speaks_another_tls() {
    let stage = Stage::new(answering(success));
    let mut config = (*trust(&stage.nicetap)).clone();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = std::sync::Arc::new(config);
    let error = RawClient::tunnel(stage.nicetap.addr(), API, &config)
        .err()
        .unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    let record = stage
        .nicetap
        .wait_for("the record", |record| record["event"] == "connection");
    assert!(text_of(&record["reason"]).contains("ALPN"), "{record:#}");
}

/// The mock stands for NiceNIC's hosts and for no others; and whatever a client does, nothing reaches the real ones.
#[test]
fn the_mock_answers_for_its_hosts_and_lets_nothing_through_to_them() {
    let stage = Stage::before(
        Authority::new(),
        RawOrigin::plain(answering(success)),
        |options| options.argument("--mock"),
    );
    let mut client = RawClient::plain(stage.nicetap.addr());
    let elsewhere = stage.origin.addr();
    let request = format!("GET http://{elsewhere}/ HTTP/1.1\r\nHost: {elsewhere}\r\n\r\n");
    client.send(request).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    assert_eq!(stage.origin.requests().len(), 1);

    // A client that does not trust nicetap's root would be carried unread the next time.
    let distrusting = client_config(&Authority::new().pem());
    for event in ["connection", "tunnel"] {
        let refused = RawClient::tunnel(stage.nicetap.addr(), API, &distrusting);
        assert!(refused.is_err());
        let is_it = |record: &serde_json::Value| record["event"] == event && record["host"] == API;
        stage.nicetap.wait_for(event, is_it);
    }
    let record = stage.nicetap.wait_for("the refused tunnel", |record| {
        record["event"] == "tunnel" && record["why"] == "distrust"
    });
    let reason = record["failure"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("the mock stands for this host"),
        "{record:#}"
    );
    assert_eq!(record["egress"]["peer"], serde_json::Value::Null);
    assert_eq!(stage.origin.requests().len(), 1);
}
