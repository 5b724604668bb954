//! What goes wrong on the way, as the client sees it and as the record tells it; and what must not go wrong with it.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde_json::Value;

use support::authority::{Authority, client_config};
use support::client::{Call, Client, Way};
use support::message::Message;
use support::nginx::pattern;
use support::nicetap::{Nicetap, Options};
use support::origin::{
    RawOrigin, answering, closing_after, cutting_after, never_answering, reply, resetting,
    streaming, success,
};
use support::raw::RawClient;
use support::{API, PATIENCE, eventually};

#[test]
fn an_origin_that_is_not_there_is_told_as_connect() {
    let authority = Authority::new();
    let stage = Stage::before(free_port(), &authority);
    stage.check_failure(READ, 502, "connect", "unreachable");
}

#[test]
fn a_name_that_does_not_resolve_is_told_as_resolve() {
    let target = format!("{API}:443:no-such-host.invalid:443");
    let options = Options::default()
        .argument("--connect-to")
        .argument(&target);
    let stage = Stage::with(options);
    stage.check_failure(READ, 502, "resolve", "unreachable");
}

#[test]
fn a_certificate_that_is_not_good_is_told_as_tls() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let unknown_issuer = RawOrigin::tls(&stranger, &[API], answering(success));
    let other_name = RawOrigin::tls(&authority, &["example.com"], answering(success));
    let no_tls = RawOrigin::plain(|conversation| {
        conversation.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    });
    for origin in [unknown_issuer, other_name, no_tls] {
        let stage = Stage::before(origin.addr(), &authority);
        stage.check_failure(READ, 502, "tls", "unreachable");
        assert_eq!(origin.requests().len(), 0);
    }
}

#[test]
fn a_silent_origin_is_told_as_receive() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], never_answering());
    let options = Options::default()
        .connect_to(API, 443, origin.addr())
        .trust(&authority)
        .argument("--reply-timeout")
        .argument("200ms");
    let stage = Stage::with(options);
    stage.check_failure(READ, 504, "receive", "failed");
}

#[test]
fn a_connection_that_breaks_before_its_first_reply_is_told_as_receive() {
    let authority = Authority::new();
    for (what, origin) in [
        ("reset", RawOrigin::tls(&authority, &[API], resetting())),
        (
            "cut",
            RawOrigin::tls(&authority, &[API], cutting_after(b"")),
        ),
        (
            "cut in the head",
            RawOrigin::tls(&authority, &[API], cutting_after(b"HTTP/1.1 200 OK\r\nA: ")),
        ),
        (
            "no HTTP",
            RawOrigin::tls(&authority, &[API], cutting_after(b"SSH-2.0-x\r\n")),
        ),
    ] {
        let stage = Stage::before(origin.addr(), &authority);
        let record = stage.check_failure(READ, 502, "receive", "failed");
        assert_eq!(record["failure"]["reused"], false, "{what}");
        assert_eq!(origin.requests().len(), 1, "{what}: sent once");
    }
}

#[test]
fn a_body_that_is_cut_is_cut_for_the_client_too() {
    let authority = Authority::new();
    for cut in [
        &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf "[..],
        &b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n"[..],
    ] {
        let origin = RawOrigin::tls(&authority, &[API], cutting_after(cut));
        let stage = Stage::before(origin.addr(), &authority);
        let mut client = stage.client();
        client.send(request("GET", READ)).unwrap();
        let reply = client.reply("GET").unwrap();
        assert_eq!((reply.status(), reply.whole), (200, false));
        assert_eq!(reply.body, b"half ");
        let record = stage.exchange(&client);
        assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
        assert_eq!(record["answer"]["by"], "origin", "{record:#}");
        assert_eq!(record["answer"]["status"], 200, "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "failed", "{record:#}");
    }
}

#[test]
fn an_origin_that_closes_between_replies_closes_the_clients_connection() {
    let authority = Authority::new();
    let pause = Duration::from_millis(20);
    let origin = RawOrigin::tls(&authority, &[API], closing_after(pause, success));
    let stage = Stage::before(origin.addr(), &authority);

    let mut client = stage.client();
    client.send(request("GET", READ)).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let error = client.reply("GET").unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::UnexpectedEof,
        "closed without a reply"
    );

    // curl makes each next call on a new connection, as it would without nicetap; nothing is sent twice.
    let before = origin.requests().len();
    let calls = vec![Call::get(READ); 5];
    let root = stage.nicetap.root_pem();
    let replies = Client::Curl.make(Way::Connect(stage.nicetap.addr(), &root), &calls);
    assert!(
        replies.iter().all(|reply| reply.status == 200),
        "{replies:?}"
    );
    assert_eq!(origin.requests().len() - before, calls.len());
}

#[test]
fn a_reused_connection_that_dies_is_passed_on_as_a_close() {
    let authority = Authority::new();
    // Reads a second request, and ends without a reply to it.
    let origin = RawOrigin::tls(&authority, &[API], |conversation| {
        let first = conversation.request()?;
        conversation.send(success(&first.unwrap()))?;
        conversation.request()?;
        conversation.cut();
        Ok(())
    });
    let stage = Stage::before(origin.addr(), &authority);
    let mut client = stage.client();
    client.send(request("GET", READ)).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.send(request("GET", READ)).unwrap();
    let error = client.reply("GET").unwrap_err();
    assert_eq!(
        error.kind(),
        ErrorKind::UnexpectedEof,
        "closed without a reply"
    );
    let local = client.local().to_string();
    let records = stage.nicetap.wait_for_all("two exchanges", 2, |record| {
        record["event"] == "exchange" && record["client"]["addr"] == *local
    });
    assert_eq!(records[1]["failure"]["reused"], true, "{:#}", records[1]);
    assert_eq!(records[1]["answer"]["by"], "nobody", "{:#}", records[1]);
    assert_eq!(origin.requests().len(), 2);
}

#[test]
fn an_event_arrives_before_the_next_one_is_sent() {
    let authority = Authority::new();
    let (pieces, script_pieces) = channel();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let origin = RawOrigin::tls(&authority, &[API], streaming(head, script_pieces));
    let stage = Stage::before(origin.addr(), &authority);
    let mut client = stage.client();
    client.send(request("GET", READ)).unwrap();
    assert_eq!(client.head().unwrap().status(), 200);
    for event in ["data: 1\n\n", "data: 2\n\n", "data: 3\n\n"] {
        pieces.send(event.as_bytes().to_vec()).unwrap();
        assert_eq!(client.read_some().unwrap(), event.as_bytes());
    }
    drop(pieces);
    assert_eq!(client.read_some().unwrap(), b"");
    let record = stage.exchange(&client);
    assert_eq!(record["response"]["body"]["size"], 27, "{record:#}");
}

#[test]
fn the_reply_to_a_client_that_has_gone_is_recorded() {
    let authority = Authority::new();
    let (go_on, script_go_on) = channel::<()>();
    let script_go_on = Mutex::new(script_go_on);
    let origin = RawOrigin::tls(&authority, &[API], move |conversation| {
        let request = conversation.request()?.unwrap();
        let _ = script_go_on.lock().unwrap().recv_timeout(PATIENCE);
        conversation.send(success(&request))
    });
    let stage = Stage::before(origin.addr(), &authority);
    for leave in [RawClient::reset, drop] {
        let before = origin.requests().len();
        let mut client = stage.client();
        let local = client.local().to_string();
        client.send(request("POST", PAID)).unwrap();
        origin.wait_for_requests(before + 1);
        leave(client);
        go_on.send(()).unwrap();
        let record = stage.exchange_of(&local);
        assert_eq!(record["response"]["status"], 200, "{record:#}");
        assert_eq!(record["response"]["envelope"]["code"], 200, "{record:#}");
        assert_eq!(record["call"]["risk"], "spend", "{record:#}");
    }
}

#[test]
fn a_body_of_a_gibibyte_passes_each_way_in_little_memory() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], |conversation| {
        let upload = conversation.discard_request()?;
        let head = format!(
            "HTTP/1.1 200 OK\r\nX-Received: {upload}\r\nContent-Length: {GIBIBYTE}\r\n\r\n"
        );
        conversation.send(head)?;
        let piece = pattern(PIECE);
        for _ in 0..GIBIBYTE / PIECE as u64 {
            conversation.send(&piece)?;
        }
        Ok(())
    });
    let stage = Stage::before(origin.addr(), &authority);
    let mut client = stage.client();
    client
        .send(format!(
            "POST {READ} HTTP/1.1\r\nHost: {API}\r\nContent-Length: {GIBIBYTE}\r\n\r\n"
        ))
        .unwrap();
    let piece = pattern(PIECE);
    for _ in 0..GIBIBYTE / PIECE as u64 {
        client.send(&piece).unwrap();
    }
    let head = client.head().unwrap();
    assert_eq!(head.field("x-received"), Some(GIBIBYTE.to_string()));
    let mut received = client.take_buffered().len() as u64;
    while received < GIBIBYTE {
        received += client.read_some().unwrap().len() as u64;
    }
    let peak = peak_memory(stage.nicetap.pid());
    support::say(&format!("peak resident memory: {} KiB", peak / 1024));
    assert!(peak < 64 << 20, "{peak} bytes");
    let record = stage.exchange(&client);
    assert_eq!(record["request"]["body"]["size"], GIBIBYTE, "{record:#}");
    assert_eq!(record["response"]["body"]["size"], GIBIBYTE, "{record:#}");
}

#[test]
fn a_kill_under_load_loses_no_answered_request() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(numbered));
    let stage = Stage::before(origin.addr(), &authority);
    let answered = Arc::new(Mutex::new(Vec::new()));
    let next = AtomicUsize::new(0);
    let next = &next;
    let stopped = std::thread::scope(|scope| {
        for _ in 0..8 {
            let (mut client, answered) = (stage.client(), Arc::clone(&answered));
            scope.spawn(move || {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let sent = client.send(request("GET", &format!("{READ}&n={number}x")));
                    let Ok(reply) = sent.and_then(|()| client.reply("GET")) else {
                        return;
                    };
                    assert_eq!(reply.status(), 200);
                    answered.lock().unwrap().push(number);
                }
            });
        }
        eventually("some load", || {
            (answered.lock().unwrap().len() > 300).then_some(())
        });
        let Stage { nicetap, .. } = stage;
        nicetap.kill()
    });

    // A start repairs what the end has torn: else a line of the log would not be JSON.
    let again = Nicetap::start(Options::default().home(stopped.home)).stop();
    let urls: Vec<String> = again
        .of("request")
        .iter()
        .map(|record| record["request"]["url"].to_string())
        .collect();
    let answered = answered.lock().unwrap();
    for number in &*answered {
        let mark = format!("&n={number}x");
        assert!(
            urls.iter().any(|url| url.contains(&mark)),
            "answered, and not in the log: {mark}"
        );
    }
}

#[test]
fn sigterm_ends_it_within_a_second_and_records_the_end() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let stage = Stage::before(origin.addr(), &authority);
    let mut client = stage.client();
    client.send(request("GET", READ)).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    // The idle connection of the client does not keep it.
    let begin = Instant::now();
    let stopped = stage.nicetap.stop();
    assert!(
        begin.elapsed() < Duration::from_secs(1),
        "{:?}",
        begin.elapsed()
    );
    assert!(stopped.status.success(), "{:?}", stopped.status);
    let last = stopped.records.last().unwrap();
    assert_eq!(last["event"], "stop", "{last:#}");
    assert_eq!(last["exchanges"], 1, "{last:#}");
}

/// A nicetap, and a client's trust in it.
struct Stage {
    nicetap: Nicetap,
    trust: Arc<ClientConfig>,
}

impl Stage {
    fn before(origin: SocketAddr, authority: &Authority) -> Self {
        let options = Options::default();
        Self::with(options.connect_to(API, 443, origin).trust(authority))
    }

    fn with(options: Options) -> Self {
        let nicetap = Nicetap::start(options);
        let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
        Self { nicetap, trust }
    }

    fn client(&self) -> RawClient {
        RawClient::tunnel(self.nicetap.addr(), API, &self.trust).unwrap()
    }

    /// Makes a call that fails; checks the answer and the record, and returns the record.
    fn check_failure(&self, path: &str, status: u16, stage: &str, verdict: &str) -> Value {
        let mut client = self.client();
        client.send(request("GET", path)).unwrap();
        let reply = client.reply("GET").unwrap();
        assert_eq!(reply.status(), status, "{:?}", reply.first_line());
        let body = reply.json();
        assert_eq!(body["code"], status, "{body:#}");
        assert_eq!(body["nicetap"]["stage"], stage, "{body:#}");
        for part in ["reason", "hint"] {
            let text = body["nicetap"][part].as_str().unwrap();
            assert!(!text.is_empty(), "{body:#}");
        }
        let message = body["msg"].as_str().unwrap();
        assert!(message.starts_with("nicetap, not NiceNIC: "), "{body:#}");
        let mark = reply.field("proxy-status").unwrap();
        assert!(mark.starts_with("nicetap; "), "{mark}");

        let record = self.exchange(&client);
        assert_eq!(record["failure"]["stage"], stage, "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], verdict, "{record:#}");
        assert_eq!(record["answer"]["by"], "nicetap", "{record:#}");
        assert_eq!(record["answer"]["status"], status, "{record:#}");
        assert!(record["response"].is_null(), "{record:#}");
        record
    }

    fn exchange(&self, client: &RawClient) -> Value {
        self.exchange_of(&client.local().to_string())
    }

    fn exchange_of(&self, client: &str) -> Value {
        self.nicetap.wait_for("the exchange record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *client
        })
    }
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: {API}\r\nAuthorization: u:S3cr3t-K9f2Lm8Q\r\n\r\n")
}

fn numbered(request: &Message) -> Vec<u8> {
    reply("200 OK", "", request.first_line().as_bytes())
}

fn free_port() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The most resident memory that a process ever had, in bytes.
fn peak_memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kibibytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kibibytes * 1024
}

const READ: &str = "/v2/?category=domain&action=check&domains=example.com";
const PAID: &str = "/v2/?category=domain&action=renew&domain=example.com&years=1";
const GIBIBYTE: u64 = 1 << 30;
const PIECE: usize = 1 << 18;
