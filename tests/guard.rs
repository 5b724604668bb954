//! The guard, the levels and the annotation, on the built proxy before a raw origin that keeps every byte.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]
use std::io::{Read as _, Write as _};
use std::sync::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};

use serde_json::Value;

use stage::{
    CHECK, Origin, PATIENCE, PRODUCTION, Proxy, RENEW, SANDBOX, codes, envelope, get, post, reply,
};

#[path = "support/home.rs"]
mod home;
#[path = "guard/stage.rs"]
mod stage;

#[test]
fn no_byte_of_a_held_request_leaves() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &["--guard", "block", "--body-limit", "1KiB"]);
    assert_eq!(proxy.start["guard"], "block");
    let json = "Content-Type: application/json\r\n";
    let form = "Content-Type: application/x-www-form-urlencoded\r\n";
    let check = "category=domain&action=check";
    let multipart = "Content-Type: multipart/form-data; boundary=x\r\n";
    let long = format!("{{\"pad\":\"{}\",\"action\":\"renew\"}}", "x".repeat(2000));
    let chunked = "POST http://api.nicenic.net/v2/?category=domain HTTP/1.1\r\nHost: api.nicenic.net\r\n\
        Transfer-Encoding: chunked\r\n\r\n9\r\n{\"action\"\r\n9\r\n:\"renew\"}\r\n0\r\n\r\n";
    let on = |query: &str, fields: &str, body: &[u8]| post(PRODUCTION, query, fields, body);
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("query", get(PRODUCTION, RENEW).into()),
        ("last", get(PRODUCTION, &format!("{check}&{RENEW}")).into()),
        ("first", get(PRODUCTION, &format!("{RENEW}&{check}")).into()),
        (
            "case",
            get(PRODUCTION, "Category=Domain&ACTION=Renew").into(),
        ),
        (
            "encoded",
            get(PRODUCTION, "category=domain&%61ction=%72enew").into(),
        ),
        (
            "unlisted",
            get(PRODUCTION, "category=domain&action=sell").into(),
        ),
        ("no action", get(PRODUCTION, "category=domain&x=y").into()),
        ("json", on(check, json, br#"{"action":"renew"}"#)),
        ("escaped", on(check, json, br#"{"\u0061ction":"renew"}"#)),
        ("list", on(check, json, br#"{"action":["check","renew"]}"#)),
        (
            "twice",
            on(check, json, br#"{"action":"renew","action":"check"}"#),
        ),
        ("broken", on(check, json, br"{'action':'renew'}")),
        ("form", on(check, form, b"action=renew")),
        ("form as json", on(check, json, b"action=renew")),
        ("json as form", on(check, form, br#"{"action":"renew"}"#)),
        ("no type", on(check, "", b"action=renew")),
        (
            "multipart",
            on(
                check,
                multipart,
                b"--x\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nrenew\r\n--x--\r\n",
            ),
        ),
        (
            "compressed",
            on(
                check,
                &format!("{json}Content-Encoding: gzip\r\n"),
                b"\x1f\x8b",
            ),
        ),
        ("too long", on(check, json, long.as_bytes())),
        ("chunked", chunked.into()),
    ];
    for (what, request) in &cases {
        let reply = proxy.send(request);
        assert!(reply.starts_with("HTTP/1.1 403 "), "{what}: {reply}");
        let (_, body) = reply.split_once("\r\n\r\n").unwrap();
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["nicetap"]["rule"], "N512", "{what}");
        let record = proxy.exchange();
        assert_eq!(record["diagnosis"]["verdict"], "held", "{what}");
        assert_eq!(record["answer"]["by"], "nicetap", "{what}");
        assert_eq!(record["egress"]["peer"], Value::Null, "{what}");
        assert!(codes(&record).contains(&"N512"), "{what}: {record}");
    }
    assert_eq!((origin.connections(), origin.bytes()), (0, String::new()));
}

#[test]
fn a_held_request_does_not_use_a_connection_that_is_open_already() {
    let origin = Origin::saying(0);
    let proxy = Proxy::before(&origin, &["--guard", "block"]);
    let mut client = proxy.connect();
    client.write_all(get(PRODUCTION, CHECK).as_bytes()).unwrap();
    assert!(reply(&mut client).starts_with("HTTP/1.1 200 "));
    let before = origin.bytes();
    client.write_all(get(PRODUCTION, RENEW).as_bytes()).unwrap();
    assert!(reply(&mut client).starts_with("HTTP/1.1 403 "));
    assert_eq!((origin.bytes(), origin.connections()), (before, 1));
}

#[test]
fn what_is_not_paid_goes_on_byte_for_byte_under_block() {
    let origin = Origin::saying(0);
    let proxy = Proxy::before(&origin, &["--guard", "block"]);
    let chunked = "POST http://api.nicenic.net/v2/?category=domain HTTP/1.1\r\nHost: api.nicenic.net\r\n\
        Content-Type: application/json\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n";
    let body = "9;x=y\r\n{\"action\"\r\n2\r\n:\"\r\n7\r\ncheck\"}\r\n0\r\nX-T: 1\r\n\r\n";
    let mut client = proxy.connect();
    client.write_all(chunked.as_bytes()).unwrap();
    let mut told = [0; 25];
    client.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    client
        .write_all(body.replace("X-T: 1\r\n", "").as_bytes())
        .unwrap();
    assert!(reply(&mut client).starts_with("HTTP/1.1 200 "));
    let sent = chunked.replace("http://api.nicenic.net", "") + &body.replace("X-T: 1\r\n", "");
    assert_eq!(origin.bytes(), sent);
    let looked =
        proxy.send(b"GET http://api.nicenic.net/ HTTP/1.1\r\nHost: api.nicenic.net\r\n\r\n");
    assert!(looked.starts_with("HTTP/1.1 200 "), "{looked}");
    let change = "category=domain&action=change_contact&domain=example.com";
    assert!(proxy.get(PRODUCTION, change).starts_with("HTTP/1.1 200 "));
    assert!(proxy.get(SANDBOX, RENEW).starts_with("HTTP/1.1 200 "));
}

#[test]
fn warn_flags_and_forwards() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &[]);
    assert_eq!(proxy.start["guard"], "warn");
    assert!(proxy.get(PRODUCTION, RENEW).starts_with("HTTP/1.1 200 "));
    assert_eq!(codes(&proxy.exchange()), ["N512"]);
    assert!(proxy.get(PRODUCTION, CHECK).starts_with("HTTP/1.1 200 "));
    assert_eq!(codes(&proxy.exchange()), [""; 0]);
    assert!(proxy.get(PRODUCTION, RENEW).starts_with("HTTP/1.1 200 "));
    assert_eq!(codes(&proxy.exchange()), ["N501", "N511", "N512"]);
}

#[test]
fn off_is_off() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &["--guard", "off", "--repeat-window", "none"]);
    assert_eq!(proxy.start["guard"], "off");
    proxy.get(PRODUCTION, RENEW);
    assert_eq!(codes(&proxy.exchange()), [""; 0]);
    // What the log shows afterwards is no matter of the guard: it was carried out twice.
    proxy.get(PRODUCTION, RENEW);
    assert_eq!(codes(&proxy.exchange()), ["N501"]);
}

#[test]
fn only_attempts_that_may_have_been_carried_out_count_as_sent_before() {
    for (code, counts) in [(0, true), (201, true), (400, false), (777, true)] {
        let origin = Origin::saying(code);
        let mut proxy = Proxy::before(&origin, &[]);
        proxy.get(SANDBOX, RENEW);
        proxy.exchange();
        proxy.get(SANDBOX, &RENEW.replace("example.com", "EXAMPLE.com."));
        let record = proxy.exchange();
        assert_eq!(codes(&record).contains(&"N511"), counts, "code {code}");
        proxy.get(SANDBOX, &RENEW.replace("example.com", "example.org"));
        let record = proxy.exchange();
        assert!(!codes(&record).contains(&"N511"), "another domain");
    }
}

#[test]
fn a_compressed_refusal_counts_as_one() {
    for (code, counts) in [(0, true), (400, false)] {
        let origin = Origin::saying_packed(code);
        let mut proxy = Proxy::before(&origin, &["--guard", "warn"]);
        proxy.get(SANDBOX, RENEW);
        let record = proxy.exchange();
        assert_eq!(record["response"]["envelope"]["code"], code);
        proxy.get(SANDBOX, RENEW);
        let record = proxy.exchange();
        assert_eq!(codes(&record).contains(&"N511"), counts, "code {code}");
    }
}

#[test]
fn an_attempt_that_never_left_does_not_count() {
    let origin = Origin::nowhere();
    let mut proxy = Proxy::before(&origin, &["--guard", "block"]);
    for _ in 0..2 {
        assert!(proxy.get(SANDBOX, RENEW).starts_with("HTTP/1.1 502 "));
        assert!(!codes(&proxy.exchange()).contains(&"N511"));
    }
}

#[test]
fn block_holds_a_repetition_in_the_sandbox_too() {
    let origin = Origin::saying(201);
    let mut proxy = Proxy::before(&origin, &["--guard", "block"]);
    let body = br#"{"category":"domain","action":"renew","domain":"example.com"}"#;
    let json = "Content-Type: application/json\r\n";
    assert!(proxy.get(SANDBOX, RENEW).starts_with("HTTP/1.1 200 "));
    proxy.exchange();
    let before = origin.bytes();
    for request in [
        get(SANDBOX, RENEW).into_bytes(),
        post(SANDBOX, "", json, body),
    ] {
        let held = proxy.send(&request);
        assert!(held.starts_with("HTTP/1.1 403 "), "{held}");
        assert!(held.contains("\"rule\":\"N511\""), "{held}");
        assert!(codes(&proxy.exchange()).contains(&"N511"));
    }
    assert_eq!(origin.bytes(), before);
}

#[test]
fn of_two_at_the_same_time_only_one_leaves() {
    let (release, held): (Sender<()>, Receiver<()>) = mpsc::channel();
    let (arrived, arrival) = mpsc::channel();
    let gate = Mutex::new((held, arrived));
    let origin = Origin::answering(move |_| {
        let (held, arrived) = &*gate.lock().unwrap();
        arrived.send(()).unwrap();
        held.recv_timeout(PATIENCE).unwrap();
        envelope(0)
    });
    let proxy = Proxy::before(&origin, &["--guard", "block"]);
    let mut first = proxy.connect();
    first.write_all(get(SANDBOX, RENEW).as_bytes()).unwrap();
    arrival.recv_timeout(PATIENCE).unwrap();
    assert!(proxy.get(SANDBOX, RENEW).starts_with("HTTP/1.1 403 "));
    release.send(()).unwrap();
    assert!(reply(&mut first).starts_with("HTTP/1.1 200 "));
    assert_eq!(origin.connections(), 1);
}

#[test]
fn a_paid_action_in_a_body_is_flagged_when_it_comes_again_and_never_delayed() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &[]);
    let body = br#"{"category":"domain","action":"renew","domain":"example.com"}"#;
    let request = post(PRODUCTION, "", "Content-Type: application/json\r\n", body);
    proxy.send(&request);
    let record = proxy.exchange();
    assert!(codes(&record).contains(&"N512"), "{record}");
    assert!(!codes(&record).contains(&"N511"), "{record}");
    proxy.send(&request);
    assert!(codes(&proxy.exchange()).contains(&"N511"));
}

#[test]
fn warn_flags_what_every_form_of_body_asks_for() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &["--repeat-window", "none"]);
    let bodies: [(&str, &[u8]); 3] = [
        (
            "application/json",
            br#"{"category":"domain","action":"renew"}"#,
        ),
        (
            "application/x-www-form-urlencoded",
            b"category=domain&action=renew",
        ),
        (
            "multipart/form-data; boundary=x",
            b"--x\r\nContent-Disposition: form-data; name=\"category\"\r\n\r\ndomain\r\n\
            --x\r\nContent-Disposition: form-data; name=\"action\"\r\n\r\nrenew\r\n--x--\r\n",
        ),
    ];
    for (content_type, body) in bodies {
        let field = format!("Content-Type: {content_type}\r\n");
        let told = proxy.send(&post(PRODUCTION, "", &field, body));
        assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
        let record = proxy.exchange();
        assert!(codes(&record).contains(&"N512"), "{content_type}: {record}");
        assert!(!codes(&record).contains(&"N511"), "{content_type}");
    }
}

#[test]
fn the_other_environment_is_an_error_and_the_client_is_told() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &["--expect", "sandbox", "--annotate"]);
    assert_eq!(proxy.start["expect"], "sandbox");
    let told = proxy.get(PRODUCTION, RENEW);
    assert!(
        told.contains("\r\nNicetap-Findings: N510, N512\r\n\r\n"),
        "{told}"
    );
    let record = proxy.exchange();
    assert_eq!(codes(&record), ["N510", "N512"]);
    assert_eq!(record["findings"][0]["severity"], "error");
    assert_eq!(record["fidelity"][0], "reply: Nicetap-Findings added");
    let told = proxy.get(SANDBOX, CHECK);
    assert!(!told.contains("Nicetap"), "{told}");
    assert_eq!(proxy.exchange()["fidelity"], Value::Array(Vec::new()));
}

#[test]
fn levels_hide_soften_and_deny_and_a_denied_finding_decides_the_exit_code() {
    let origin = Origin::saying(0);
    let options = [
        "--deny",
        "N5",
        "--allow",
        "N511,N501",
        "--warn",
        "N302",
        "--annotate",
    ];
    let mut proxy = Proxy::before(&origin, &options);
    proxy.get(PRODUCTION, RENEW);
    assert_eq!(proxy.exchange()["findings"][0]["severity"], "error");
    let told = proxy.get(PRODUCTION, RENEW);
    assert!(told.contains("\r\nNicetap-Findings: N512\r\n"), "{told}");
    assert_eq!(codes(&proxy.exchange()), ["N512"]);
    proxy.get(PRODUCTION, "category=domain&action=sell");
    let record = proxy.exchange();
    assert_eq!(record["findings"][0]["code"], "N302");
    assert_eq!(record["findings"][0]["severity"], "warn");
    let (stop, exit) = proxy.stop();
    assert_eq!(exit, 5);
    assert_eq!(stop["findings"]["N512"], 2);
    assert_eq!(stop["hidden"]["N511"], 1);
}

#[test]
fn without_a_denied_finding_it_ends_well() {
    let origin = Origin::saying(0);
    let mut proxy = Proxy::before(&origin, &["--deny", "N1"]);
    proxy.get(PRODUCTION, RENEW);
    proxy.exchange();
    assert_eq!(proxy.stop().1, 0);
}

#[test]
fn a_catalogue_of_ones_own_says_what_an_action_costs_and_what_a_code_means() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mine.toml");
    let text = "[[action]]\ncategory = \"domain\"\naction = \"sell\"\nrisk = \"read\"\n\
        [[code]]\ncode = 777\nmeans = \"refused\"\n";
    #[expect(clippy::disallowed_methods, reason = "a test writes its own file")]
    std::fs::write(&file, text).unwrap();
    let origin = Origin::saying(777);
    let options = ["--guard", "block", "--catalogue", file.to_str().unwrap()];
    let mut proxy = Proxy::before(&origin, &options);
    let told = proxy.get(PRODUCTION, "category=domain&action=sell");
    assert!(told.starts_with("HTTP/1.1 200 "), "{told}");
    let record = proxy.exchange();
    assert_eq!(record["call"]["risk"], "read");
    assert_eq!(record["diagnosis"]["verdict"], "refused");
    assert_eq!(codes(&record), ["N402"]);
}
