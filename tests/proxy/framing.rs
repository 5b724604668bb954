//! Every way in which a message can be framed passes as it came.
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};

use crate::stage::{Stage, check, post, text_of, trust};
use crate::support::nicetap::Nicetap;
use crate::support::origin::{Conversation, RawOrigin, answering, reply, streaming, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE};

#[test]
fn the_first_event_arrives_before_the_second_is_sent() {
    let (pieces, script_pieces) = channel();
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
    let stage = Stage::new(streaming(head, script_pieces));
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert_eq!(client.head().unwrap().status(), 200);
    for event in ["data: 1\n\n", "data: 2\n\n"] {
        pieces.send(event.as_bytes().to_vec()).unwrap();
        assert_eq!(client.read_some().unwrap(), event.as_bytes());
    }
    drop(pieces);
    assert_eq!(
        client.read_some().unwrap(),
        b"",
        "a good end stays a good end"
    );
    let record = stage.exchange_of(&client);
    assert_eq!(record["response"]["body"]["size"], 18, "{record:#}");
    assert!(record["failure"].is_null(), "{record:#}");
}

#[test]
fn an_origins_own_continue_is_passed_on() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    client
        .send(post("Content-Length: 2\r\nExpect: 100-continue\r\n"))
        .unwrap();
    assert_eq!(client.head().unwrap().status(), 100);
    client.send("{}").unwrap();
    assert_eq!(client.reply("POST").unwrap().status(), 200);
    let record = stage.exchange_of(&client);
    assert_eq!(
        record["response"]["informational"],
        serde_json::json!([100])
    );
    assert_eq!(record["fidelity"], serde_json::json!([]), "{record:#}");
    let request = &stage.origin.requests()[0].message;
    assert_eq!(request.field("expect").unwrap(), "100-continue");
    assert_eq!(request.body, b"{}");
}

/// An origin that never says `100 Continue`, after these informational replies.
fn mute(
    informational: &'static [u8],
) -> impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync {
    move |conversation| {
        while let Some(mut request) = conversation.head()? {
            conversation.send(informational)?;
            conversation.body(&mut request)?;
            conversation.send(success(&request))?;
        }
        Ok(())
    }
}

#[test]
fn a_client_that_waits_in_vain_for_continue_is_told_to_go_on() {
    for informational in [&b""[..], b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"] {
        let stage = Stage::new(mute(informational));
        let mut client = stage.client();
        client
            .send(post("Content-Length: 2\r\nExpect: 100-continue\r\n"))
            .unwrap();
        let mut first = client.head().unwrap();
        if !informational.is_empty() {
            assert_eq!(first.head, informational);
            first = client.head().unwrap();
        }
        assert_eq!(first.status(), 100);
        client.send("{}").unwrap();
        assert_eq!(client.reply("POST").unwrap().status(), 200);
        let record = stage.exchange_of(&client);
        let changed = text_of(&record["fidelity"][0]);
        assert!(
            changed.starts_with("100 Continue sent by nicetap"),
            "{changed}"
        );
    }
}

#[test]
fn a_client_that_does_not_wait_for_continue_is_left_alone() {
    let stage = Stage::new(mute(b""));
    let mut client = stage.client();
    client
        .send(post("Content-Length: 2\r\nExpect: 100-continue\r\n") + "{}")
        .unwrap();
    assert_eq!(client.reply("POST").unwrap().status(), 200);
    // One without a body has nothing to wait with.
    client.send(check("Expect: 100-continue\r\n")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    for record in stage.exchanges_of(&client, 2) {
        assert_eq!(record["fidelity"], serde_json::json!([]), "{record:#}");
    }
}

/// Each reply passes byte for byte, the connection stays in step, and the next call works.
fn passes(method: &'static str, bytes: &'static [u8]) -> serde_json::Value {
    let stage = Stage::new(|_| Ok(()));
    let origin = RawOrigin::tls(&stage.authority, &[API], move |conversation| {
        if conversation.request()?.is_some() {
            conversation.send(bytes)?;
        }
        if let Some(request) = conversation.request()? {
            conversation.send(success(&request))?;
        }
        Ok(())
    });
    let nicetap = Nicetap::before(origin.addr(), &stage.authority);
    let mut client = RawClient::tunnel(nicetap.addr(), API, &trust(&nicetap)).unwrap();
    client.send(check("").replacen("GET", method, 1)).unwrap();
    let got = client.reply(method).unwrap();
    assert!(got.whole, "{}", bytes.escape_ascii());
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.end();
    let all = client.all().unwrap();
    assert!(all.starts_with(bytes), "{}", all.escape_ascii());
    let next = &all[bytes.len()..];
    assert!(next.starts_with(b"HTTP/1.1 200"), "{}", next.escape_ascii());
    nicetap.wait_for("the record", |record| record["event"] == "exchange")
}

#[test]
fn replies_without_a_body_end_at_their_head() {
    for (method, bytes) in [
        ("HEAD", &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..]),
        (
            "HEAD",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        (
            "GET",
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        ),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ] {
        let record = passes(method, bytes);
        assert!(record["failure"].is_null(), "{record:#}");
    }
}

#[test]
fn chunks_extensions_and_trailers_pass_byte_for_byte() {
    let bytes = b"HTTP/1.1 200 OK\r\nX-cAsE:  odd \r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\nX-Case: 2\r\n\r\n\
        5;note=\"a\"\r\nhello\r\n0006\r\n world\r\n0;last\r\nX-Sum: 1\r\nX-Undeclared:  2 \r\n\r\n";
    let record = passes("GET", bytes);
    assert_eq!(
        record["response"]["body"]["text"], "hello world",
        "{record:#}"
    );
    assert_eq!(record["fidelity"], serde_json::json!([]), "{record:#}");
}

#[test]
fn a_requests_chunks_extensions_and_trailers_pass_byte_for_byte() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    let head = post("Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nTE: trailers\r\n");
    let body = "2;x=1\r\n{}\r\n0\r\nX-Sum: 1\r\nX-Undeclared:  2 \r\n\r\n";
    client.send(format!("{head}{body}")).unwrap();
    assert_eq!(client.reply("POST").unwrap().status(), 200);
    client.end();
    let sent = stage.origin.streams_from(0).concat();
    assert_eq!(String::from_utf8(sent).unwrap(), format!("{head}{body}"));
}

#[test]
fn informational_replies_pass_and_are_recorded() {
    let bytes = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let stage = Stage::new(move |conversation: &mut Conversation| {
        while conversation.request()?.is_some() {
            conversation.send(bytes)?;
        }
        Ok(())
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    for status in [103, 102] {
        assert_eq!(client.head().unwrap().status(), status);
    }
    assert_eq!(client.reply("GET").unwrap().body, b"ok");
    let record = stage.exchange_of(&client);
    assert_eq!(
        record["response"]["informational"],
        serde_json::json!([103, 102])
    );
    // HTTP/1.0 knows none of them.
    client
        .send(check("").replace("HTTP/1.1", "HTTP/1.0"))
        .unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
}

#[test]
fn http_1_0_stays_http_1_0_on_both_legs() {
    let stage = Stage::new(|conversation| {
        if conversation.request()?.is_some() {
            conversation.send("HTTP/1.0 200 OK\nServer: old\n\nto the end")?;
        }
        Ok(())
    });
    let mut client = stage.client();
    let request = check("").replace("HTTP/1.1", "HTTP/1.0");
    client.send(&request).unwrap();
    let all = client.all().unwrap();
    assert_eq!(
        all.as_slice(),
        b"HTTP/1.0 200 OK\nServer: old\n\nto the end"
    );
    let sent = stage.origin.streams_from(0).concat();
    assert_eq!(String::from_utf8(sent).unwrap(), request);
    let record = stage.exchange_of(&client);
    assert_eq!(
        record["response"]["body"]["text"], "to the end",
        "{record:#}"
    );
    assert!(record["failure"].is_null(), "{record:#}");
}

#[test]
fn a_websocket_is_carried_both_ways() {
    let stage = Stage::new(|conversation| {
        conversation.head()?;
        conversation.send(
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nfirst",
        )?;
        while let Ok(bytes) = conversation.read_some() {
            if bytes.is_empty() {
                break;
            }
            conversation.send(bytes)?;
        }
        Ok(())
    });
    let mut client = stage.client();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";
    client.send(check(upgrade)).unwrap();
    let head = client.head().unwrap();
    assert_eq!(head.status(), 101);
    assert_eq!(head.field("upgrade").unwrap(), "websocket");
    let mut echoed = client.discard(5).unwrap();
    for piece in ["\u{1}\u{2}ping", "second"] {
        client.send(piece).unwrap();
        echoed += client.discard(piece.len() as u64).unwrap();
    }
    assert_eq!(echoed, 17);
    client.end();
    assert_eq!(client.read_some().unwrap(), b"");
    let record = stage.exchange_of(&client);
    assert_eq!(record["answer"]["status"], 101, "{record:#}");
    assert!(record["failure"].is_null(), "{record:#}");
}

#[test]
fn an_upgrade_that_was_not_asked_for_is_no_reply() {
    let stage = Stage::new(|conversation| {
        conversation.request()?;
        conversation.send("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n")
    });
    let (reply, record) = stage.ask(check("Connection: Upgrade\r\nUpgrade: h2c\r\n"));
    assert_eq!(reply.status(), 502);
    assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
}

#[test]
fn fifty_pipelined_requests_are_answered_and_recorded_in_order() {
    let stage = Stage::new(answering(|request| {
        let line = request.first_line();
        reply("200 OK", "Content-Type: text/plain\r\n", line.as_bytes())
    }));
    let mut client = stage.client();
    let named = |number: usize| check("").replace("example.com", &format!("n{number}.example"));
    client.send((0..50).map(named).collect::<String>()).unwrap();
    for number in 0..50 {
        let body = String::from_utf8(client.reply("GET").unwrap().body).unwrap();
        assert!(
            body.contains(&format!("domains=n{number}.example ")),
            "{body}"
        );
    }
    let records = stage.exchanges_of(&client, 50);
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record["call"]["domains"][0], format!("n{number}.example"));
    }
    assert_eq!(records.len(), 50);
}

#[test]
fn an_early_reply_reaches_the_client() {
    let (go_on, goes_on) = channel::<()>();
    let goes_on = Mutex::new(goes_on);
    let stage = Stage::new(move |conversation| {
        conversation.head()?;
        conversation.send(reply(
            "413 Content Too Large",
            "Connection: close\r\n",
            b"no",
        ))?;
        let _ = wait(&goes_on);
        Ok(())
    });
    let mut client = stage.client();
    client
        .send(post("Content-Length: 1000000\r\n") + "{")
        .unwrap();
    let reply = client.reply("POST").unwrap();
    assert_eq!((reply.status(), reply.body.as_slice()), (413, &b"no"[..]));
    go_on.send(()).unwrap();
    let record = stage.exchange_of(&client);
    assert_eq!(record["response"]["status"], 413, "{record:#}");
    assert_eq!(record["diagnosis"]["verdict"], "rejected", "{record:#}");
    assert_eq!(record["request"]["body"]["size"], 1, "{record:#}");
    // What the client still sends is no next request.
    let _ = client.send("x".repeat(1000));
    assert_eq!(client.read_some().unwrap_or_default(), b"");
    assert_eq!(stage.nicetap.stop().of("connection").len(), 0);
}

fn wait(signal: &Mutex<Receiver<()>>) -> bool {
    signal.lock().unwrap().recv_timeout(PATIENCE).is_ok()
}

#[test]
fn an_unsound_body_is_told_with_its_rule() {
    let stage = Stage::new(answering(success));
    for (body, rule) in [
        ("5\r\nhelloX\r\n", "N713"),
        ("0\r\nContent-Length: 5\r\n\r\n", "N713"),
        ("0\r\nAuthorization: a:b\r\n\r\n", "N133"),
    ] {
        let mut client = stage.client();
        client
            .send(post("Transfer-Encoding: chunked\r\n") + body)
            .unwrap();
        let reply = client.reply("POST").unwrap();
        assert_eq!(reply.status(), 400);
        assert_eq!(reply.json()["nicetap"]["rule"], rule);
        let record = stage.exchange_of(&client);
        let codes: Vec<&str> = record["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| text_of(&finding["code"]))
            .collect();
        assert!(codes.contains(&rule), "{record:#}");
    }
}

#[test]
fn an_early_end_names_the_field_before_it() {
    let stage = Stage::new(answering(success));
    let early = check("").replace("Content-Type", "\r\nContent-Type");
    let (begin, rest) = early.split_at(early.find("Content-Type").unwrap());
    for in_one_piece in [true, false] {
        let mut client = stage.client();
        client
            .send(if in_one_piece { &early } else { begin })
            .unwrap();
        if !in_one_piece {
            assert_eq!(client.reply("GET").unwrap().status(), 200);
            client.send(rest).unwrap();
        }
        let reply = client.reply("GET").unwrap();
        assert_eq!(reply.status(), 400);
        let record = stage.record_of("connection", &client);
        // The break stands at the end of the credential.
        assert_eq!(record["findings"][0]["code"], "N104", "{record:#}");
        assert_eq!(
            reply.json()["nicetap"]["reason"],
            "the head ends early, and more of its fields follow (line 4)"
        );
        assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
    }
}
