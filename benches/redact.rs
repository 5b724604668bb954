//! What it costs to learn, judge, seal and serialise: both lines of a typical exchange, and a body of 64 KiB, each
//! with 8 lasting secrets known; and a million exchanges with a new cookie each.
//!
//! `cargo bench --bench redact`, or one of them: `… -- body`. Times are means of many runs; nothing is asserted, for machines differ.
#![allow(
    missing_docs,
    clippy::print_stdout,
    clippy::use_debug,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a benchmark prints its figures"
)]
use std::hint::black_box;
use std::time::{Duration, Instant};

use bytes::Bytes;
use nicetap::facts::{
    self, Arrival, Authority, BodyInput, Scheme, Secret, SecretKind, Target, Via,
};
use nicetap::http1::{Limits, ReplyHead, RequestHead};
use nicetap::redact::seal::Raw;
use nicetap::redact::{FingerprintKey, Redactor, Shown};
use nicetap::rules;

fn main() {
    let only = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let parts: [(&str, fn()); 3] = [("exchange", exchange), ("body", body), ("cookies", cookies)];
    for (name, part) in parts {
        if only.as_ref().is_none_or(|only| only == name) {
            part();
        }
    }
}

fn redactor() -> Redactor {
    let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    redactor.begin();
    let secrets: Vec<Secret> = (0..8)
        .map(|n| Secret {
            kind: SecretKind::ApiSecret,
            value: Raw::new(format!("kT9/fQ2z+Lw7!xRb4Vn8-{n}").into_bytes().into()),
        })
        .collect();
    redactor.learn(&secrets, Some("acme"));
    redactor
}

/// Everything that the writer does for one exchange but the record's fixed fields: facts, rules, learning, each leaf
/// of both lines, and JSON.
fn exchange() {
    let head = "GET /v2/?category=domain&action=check&domains=example.com%2Cexample.net HTTP/1.1\r\n\
                Host: api.nicenic.net\r\nAuthorization: acme:kT9/fQ2z+Lw7!xRb4Vn8-3\r\nAccept: */*\r\n\
                User-Agent: WHMCS/8.10 curl/8.5\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n\r\n";
    let head = RequestHead::parse(Bytes::from_static(head.as_bytes()), &Limits::default())
        .ok()
        .unwrap();
    let reply = "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 05:00:00 GMT\r\n\
                 Content-Type: application/json\r\nContent-Length: 120\r\nConnection: keep-alive\r\n\r\n";
    let reply = ReplyHead::parse(Bytes::from_static(reply.as_bytes()))
        .ok()
        .unwrap();
    let body = br#"{"code":0,"msg":"success","data":[{"domain":"example.com","avail":0},{"domain":"example.net","avail":1}]}"#;
    let authority = Authority::parse(b"api.nicenic.net", Some(443)).unwrap();
    let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
    let mut redactor = redactor();
    let derive = || {
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query: head.target(),
            sni: Some("api.nicenic.net"),
            time: None,
        };
        facts::Request::derive(&arrival, BodyInput::None)
    };
    let request_line = |redactor: &mut Redactor, facts: &facts::Request| {
        redactor.begin();
        redactor.learn(&facts.secrets, Some("acme"));
        let mut leaves = vec![
            redactor.text(head.method().as_bytes()),
            redactor.url("https", "api.nicenic.net", head.target()),
            redactor.mask(SecretKind::ApiSecret, b"kT9/fQ2z+Lw7!xRb4Vn8-3"),
            redactor.text(b"domain"),
            redactor.text(b"check"),
        ];
        for (name, value) in head.fields().iter() {
            leaves.push(redactor.header_name(name));
            leaves.push(redactor.header(name, value));
        }
        leaves
    };
    let took = mean(20_000, || {
        let facts = derive();
        let findings = rules::of_request(&facts);
        let first = request_line(&mut redactor, &facts);
        let reply_facts = facts::Reply::derive(&facts::ReplyInput::new(&reply, body, true), &facts);
        let mut second = request_line(&mut redactor, &facts);
        redactor.learn(&reply_facts.secrets, None);
        for (name, value) in reply.fields().iter() {
            second.push(redactor.header_name(name));
            second.push(redactor.header(name, value));
        }
        if let Shown::Text(text) = redactor.body(Some(b"application/json"), body, false) {
            second.push(text);
        }
        black_box((findings.len(), redactor.tally()));
        (
            serde_json::to_vec(&first).unwrap(),
            serde_json::to_vec(&second).unwrap(),
        )
    });
    println!("both lines of an exchange: {took:.1?} (target 40 µs)");
}

fn body() {
    let entry = r#"{"domain":"example-number-17.com","status":"active","expires":"2027-01-02","ns":["ns1.a.example","ns2.a.example"]},"#;
    let mut text = format!(
        "{{\"code\":0,\"data\":[{}",
        entry.repeat(64 * 1024 / entry.len())
    );
    text.truncate(64 * 1024);
    let mut redactor = redactor();
    let took = mean(500, || {
        redactor.body(Some(b"application/json"), text.as_bytes(), true)
    });
    let copy = mean(500, || black_box(text.as_bytes()).to_vec());
    let ratio = took.as_secs_f64() / copy.as_secs_f64();
    println!(
        "a body of 64 KiB: {took:.1?} (target 500 µs), {ratio:.0} times a plain copy ({copy:.1?})"
    );
}

fn cookies() {
    let mut redactor = redactor();
    let mut tenth = Vec::new();
    let mut number = 0_u64;
    for _ in 0..10 {
        let began = Instant::now();
        for _ in 0..100_000 {
            number += 1;
            redactor.begin();
            let value = format!("session-{number:016x}");
            let cookie = Secret {
                kind: SecretKind::Cookie,
                value: Raw::new(value.clone().into_bytes().into()),
            };
            redactor.learn(&[cookie], None);
            black_box(redactor.header("Cookie", format!("PHPSESSID={value}").as_bytes()));
        }
        tenth.push(began.elapsed() / 100_000);
    }
    println!(
        "a million exchanges with a new cookie each: {:.1?} each in the first tenth, {:.1?} in the last; {} forgotten",
        tenth[0],
        tenth[9],
        redactor.evictions()
    );
}

fn mean<T>(runs: u32, mut work: impl FnMut() -> T) -> Duration {
    for _ in 0..runs / 10 {
        black_box(work());
    }
    let began = Instant::now();
    for _ in 0..runs {
        black_box(work());
    }
    began.elapsed() / runs
}
