//! Peers that send too much, too deep, or only a part: nicetap stays small and answers the next call at once.
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value;

use crate::stage::{Stage, check, post};
use crate::support::authority::Authority;
use crate::support::nicetap::Options;
use crate::support::origin::{RawOrigin, answering, reply, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, say, sized};

#[test]
fn connections_beyond_the_limit_wait_until_others_end() {
    // (100 - 64) / 2 connections.
    let options = |options: Options| options.started_by(&["prlimit", "--nofile=100:100"]);
    let stage = Stage::with(answering(success), options);
    let proxy = stage.nicetap.addr();
    let mut held: Vec<RawClient> = (0..18)
        .map(|_| {
            let mut client = stage.client();
            client.send(check("")).unwrap();
            assert_eq!(client.reply("GET").unwrap().status(), 200);
            client
        })
        .collect();
    let mut next = RawClient::plain(proxy);
    next.send("GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    next.limit_reads(Duration::from_millis(300));
    next.read_some().unwrap_err();
    // Those that are held are served all the same.
    held[17].send(check("")).unwrap();
    assert_eq!(held[17].reply("GET").unwrap().status(), 200);
    drop(held.pop());
    next.limit_reads(PATIENCE);
    assert_eq!(next.reply("GET").unwrap().status(), 200);
    drop(next);
    // Far more at once than there are files: each is answered in its turn.
    drop(held);
    let answered = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..60 {
            scope.spawn(|| {
                let (reply, _) = stage.ask(check("Connection: close\r\n"));
                assert_eq!(reply.status(), 200);
                answered.fetch_add(1, Ordering::Relaxed);
            });
        }
    });
    assert_eq!(answered.into_inner(), 60);
    let stopped = stage.nicetap.stop();
    assert_eq!(stopped.records.last().unwrap()["not_recorded"], 0);
}

#[test]
fn more_interim_replies_than_anybody_needs_are_no_reply() {
    let stage = Stage::new(|conversation| {
        conversation.request()?;
        for _ in 0..1000 {
            conversation.send("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")?;
        }
        conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    let mut interim = 0;
    let last = loop {
        match client.reply("GET").unwrap() {
            hint if hint.status() == 103 => interim += 1,
            last => break last,
        }
    };
    assert_eq!(last.status(), 502);
    assert!(interim < 50, "{interim}");
    let record = stage.exchange_of(&client);
    assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
}

#[test]
fn a_line_of_chunk_framing_without_end_is_ended() {
    let endless = format!("5;{}", "x".repeat(64 * 1024));
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    // It may be refused before all is sent.
    let _ = client.send(post("Transfer-Encoding: chunked\r\n") + &endless);
    let reply = client.reply("POST").unwrap();
    assert_eq!(reply.status(), 400);
    assert_eq!(reply.json()["nicetap"]["rule"], "N713");

    let stage = Stage::new(move |conversation| {
        conversation.request()?;
        conversation.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        while conversation.send(&endless).is_ok() {}
        Ok(())
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert!(!client.reply("GET").unwrap().whole);
    let record = stage.exchange_of(&client);
    assert_eq!(record["diagnosis"]["verdict"], "failed", "{record:#}");
}

#[test]
fn a_head_of_a_reply_without_end_is_ended() {
    let stage = Stage::new(|conversation| {
        conversation.request()?;
        conversation.send("HTTP/1.1 200 OK\r\n")?;
        let line = format!("X: {}\r\n", "x".repeat(1000));
        while conversation.send(&line).is_ok() {}
        Ok(())
    });
    let (reply, record) = stage.ask(check(""));
    assert_eq!(reply.status(), 502);
    assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
}

#[test]
fn a_bomb_passes_as_it_came_and_is_not_unpacked_here() {
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    let piece = vec![b'0'; 1 << 20];
    let unpacked = sized(64, 1024);
    for _ in 0..unpacked {
        packed.write_all(&piece).unwrap();
    }
    let bomb = packed.finish().unwrap();
    let sent = bomb.clone();
    let stage = Stage::with(
        answering(move |_| reply("200 OK", "Content-Encoding: gzip\r\n", &sent)),
        |options| options.argument("--body-limit").argument("1MiB"),
    );
    let fields = format!(
        "Content-Encoding: gzip\r\nContent-Length: {}\r\n",
        bomb.len()
    );
    let mut client = stage.client();
    let before = stage.nicetap.peak_memory();
    client
        .send([post(&fields).as_bytes(), &bomb].concat())
        .unwrap();
    assert_eq!(client.reply("POST").unwrap().body, bomb);
    let record = stage.exchange_of(&client);
    for body in [&record["request"]["body"], &record["response"]["body"]] {
        assert_eq!(body["size"], bomb.len(), "{record:#}");
        assert!(
            body["text"]
                .as_str()
                .is_none_or(|text| text.len() < 4 << 20)
        );
    }
    let grown = stage.nicetap.peak_memory() - before;
    say(&format!(
        "{grown} KiB more for {unpacked} MiB unpacked, both ways"
    ));
    assert!(grown < MOST_GROWTH, "{grown} KiB");
}

#[test]
fn bodies_that_are_too_deep_too_wide_or_too_long_are_read_in_bounded_time() {
    let stage = Stage::with(answering(success), |options| {
        let options = options.argument("--body-limit").argument("256KiB");
        options.unsearched()
    });
    let parameters: Vec<String> = (0..100_000)
        .map(|number| format!("p{number}={number}"))
        .collect();
    let members: Vec<String> = (0..20_000)
        .map(|number| format!("\"p{number}\":{number}"))
        .collect();
    let form = "application/x-www-form-urlencoded";
    let json = "application/json";
    for (what, kind, body) in [
        ("parameters", form, parameters.join("&")),
        (
            "one parameter many times",
            form,
            "domain=a.com&".repeat(20_000),
        ),
        ("members", json, format!("{{{}}}", members.join(","))),
        ("depth", json, "[".repeat(100_000) + &"]".repeat(100_000)),
        ("depth without end", json, "{\"a\":".repeat(100_000)),
        (
            "one string",
            json,
            format!("\"{}\"", "x".repeat(sized(2 << 20, 8 << 20))),
        ),
        ("escapes", json, format!("\"{}\"", "\\u005c".repeat(50_000))),
    ] {
        let (begun, before) = (Instant::now(), stage.nicetap.peak_memory());
        let fields = format!("Content-Length: {}\r\n", body.len());
        let request = post(&fields).replace(json, kind) + &body;
        let (reply, record) = stage.ask(&request);
        assert_eq!(reply.status(), 200, "{what}");
        assert_eq!(record["request"]["body"]["size"], body.len(), "{what}");
        let took = begun.elapsed();
        let grown = stage.nicetap.peak_memory() - before;
        say(&format!("{what}: {took:?}, {grown} KiB more"));
        assert!(grown < MOST_GROWTH, "{what}: {grown} KiB");
        assert!(took < PATIENCE, "{what}: {took:?}");
    }
    let received = stage.origin.requests();
    assert!(received.iter().all(|request| request.message.whole));
}

#[test]
fn a_query_of_eight_thousand_parameters_passes() {
    let stage = Stage::new(answering(success));
    let many = "&a=1".repeat(8000);
    let (reply, record) = stage.ask(check("").replacen("example.com", &many, 1));
    assert_eq!(reply.status(), 200);
    assert_eq!(record["answer"]["by"], "origin", "{record:#}");
}

/// A client in clear leaves with a reset after each byte of its request: nothing is left, and the next call is served.
#[test]
fn a_client_that_resets_after_any_byte_harms_nobody() {
    let stage = Stage::before(
        Authority::new(),
        RawOrigin::plain(answering(success)),
        |o| o,
    );
    let request = absolute();
    for count in 0..=request.len() {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(&request[..count]).unwrap();
        client.reset();
    }
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.send(&request).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    drop(client);
    each_admitted_request_has_its_record(&stage.nicetap.stop().records);
}

/// An origin resets after each byte of its reply: the client gets what there was, or a 502, and each call its record.
#[test]
fn an_origin_that_resets_after_any_byte_is_told_each_time() {
    const REPLY: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n\
                         {\"code\":200,\"msg\":\"success\",\"data\":null}";
    let sent = AtomicUsize::new(0);
    let origin = RawOrigin::plain(move |conversation| {
        conversation.request()?;
        let count = sent.fetch_add(1, Ordering::Relaxed);
        conversation.send(&REPLY[..count.min(REPLY.len())])?;
        conversation.reset();
        Ok(())
    });
    let stage = Stage::before(Authority::new(), origin, |options| options);
    let head = REPLY.find("\r\n\r\n").unwrap() + 4;
    for count in 0..REPLY.len() {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(absolute()).unwrap();
        match client.reply("GET") {
            Ok(reply) if reply.status() == 502 => assert!(!reply.body.is_empty(), "byte {count}"),
            Ok(reply) => assert!(!reply.whole && count >= head, "byte {count}"),
            Err(error) => assert!(count >= head, "byte {count}: {error}"),
        }
    }
    let stopped = stage.nicetap.stop();
    let exchanges = stopped.of("exchange");
    assert_eq!(exchanges.len(), REPLY.len());
    assert!(
        exchanges
            .iter()
            .all(|record| record["failure"]["stage"] == "receive")
    );
    assert_eq!(
        stage.origin.requests().len(),
        REPLY.len(),
        "nothing is sent twice"
    );
    each_admitted_request_has_its_record(&stopped.records);
}

/// A client leaves in the middle of each part of its TLS handshake.
#[test]
fn a_client_that_resets_anywhere_in_its_handshake_harms_nobody() {
    let stage = Stage::new(answering(success));
    let hello = crate::trust::hello(API, &stage.trust);
    for count in (0..=hello.len()).step_by(7) {
        let mut client = RawClient::plain(stage.nicetap.addr());
        assert_eq!(client.connect("api.nicenic.net:443").unwrap().status(), 200);
        client.send(&hello[..count]).unwrap();
        client.reset();
    }
    let (reply, _) = stage.ask(check(""));
    assert_eq!(reply.status(), 200);
}

/// The request of `check` as a whole URL, for a proxy that is spoken to in clear.
fn absolute() -> Vec<u8> {
    let request = check("Connection: close\r\n").replacen("/v2/", &format!("http://{API}/v2/"), 1);
    request.into_bytes()
}

/// Admitted = recorded: a request that was announced has one exchange, and no other has one.
pub(crate) fn each_admitted_request_has_its_record(records: &[Value]) {
    let ids = |event: &str| {
        let of_kind = records.iter().filter(|record| record["event"] == event);
        let mut ids: Vec<u64> = of_kind
            .map(|record| record["id"].as_u64().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids("request"), ids("exchange"));
    let stop = records.last().unwrap();
    assert_eq!(stop["event"], "stop", "{stop:#}");
    assert_eq!(stop["exchanges"], ids("exchange").len(), "{stop:#}");
    assert_eq!(stop["not_recorded"], 0, "{stop:#}");
}

/// What a body may cost beyond what a quiet run holds, in KiB.
const MOST_GROWTH: u64 = 32 * 1024;
