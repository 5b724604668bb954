//! What an origin can do wrong, told in the client's hands and in the record.
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use crate::stage::{Stage, Told, check, post, register, text_of, trust};
use crate::support::authority::Authority;
use crate::support::client::{Call, Client, Way};
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{
    answering, closing_after, cutting_after, never_answering, resetting, success,
};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, sized};

/// One request to what stands at this origin; the own answer and the record must be as told.
fn is_told(stage: &Stage, told: &Told) {
    let (reply, record) = stage.ask(check(""));
    told.check_reply(&reply);
    told.check_record(&record);
}

#[test]
fn a_refused_connection_is_told() {
    // A port that was free a moment ago: nobody listens there.
    let free = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let addr = free.local_addr().unwrap();
    drop(free);
    let nicetap = Nicetap::start(Options::default().connect_to(API, 443, addr));
    let mut client = RawClient::tunnel(nicetap.addr(), API, &trust(&nicetap)).unwrap();
    client.send(check("")).unwrap();
    let told = Told {
        status: 502,
        word: "connection_refused",
        stage: "connect",
        verdict: "unreachable",
        reason: "refused the connection",
    };
    told.check_reply(&client.reply("GET").unwrap());
    told.check_record(&nicetap.wait_for("the record", |record| record["event"] == "exchange"));
    // The connection lives on, and the next call is tried again.
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 502);
}

#[test]
fn silence_is_told_when_the_time_for_a_reply_is_over() {
    let stage = Stage::with(never_answering(), |options| {
        options.argument("--reply-timeout").argument("300ms")
    });
    is_told(
        &stage,
        &Told {
            status: 504,
            word: "http_response_timeout",
            stage: "receive",
            verdict: "failed",
            reason: "no reply within 0.3 s",
        },
    );
}

#[test]
fn a_fresh_connection_that_brings_no_reply_is_told() {
    for (script, word, reason) in [
        (
            cutting_after(b""),
            "connection_terminated",
            "the connection broke before a reply",
        ),
        (
            cutting_after(b"HTTP/1.1 200 OK\r\nContent-"),
            "connection_terminated",
            "in the middle of the reply's head",
        ),
        (
            cutting_after(b"SSH-2.0-OpenSSH_9.2\r\n"),
            "http_protocol_error",
            "not an HTTP/1 reply",
        ),
        (
            cutting_after(b"HTTP/1.1 99 Odd\r\n\r\n"),
            "http_protocol_error",
            "not an HTTP/1 reply",
        ),
        (
            cutting_after(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
            "http_protocol_error",
            "Content-Length is contradictory",
        ),
    ] {
        is_told(
            &Stage::new(script),
            &Told {
                status: 502,
                word,
                stage: "receive",
                verdict: "failed",
                reason,
            },
        );
    }
    is_told(
        &Stage::new(resetting()),
        &Told {
            status: 502,
            word: "connection_terminated",
            stage: "receive",
            verdict: "failed",
            reason: "reset by the server",
        },
    );
    is_told(
        &Stage::new(|conversation| conversation.head().map(drop)),
        &Told {
            status: 502,
            word: "http_response_incomplete",
            stage: "receive",
            verdict: "failed",
            reason: "without a reply",
        },
    );
}

#[test]
fn a_reply_that_is_cut_is_cut_for_the_client_too() {
    for (reply, gone, seen) in [
        (
            &b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf "[..],
            &b"half "[..],
            5,
        ),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\n5\r\n",
            b"half ",
            5,
        ),
        // Its end is the connection's, and that end was no good one.
        (b"HTTP/1.1 200 OK\r\n\r\nhalf ", b"half ", 5),
        // What is no chunk goes on as it came: the client judges it as it would without us.
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhalf \r\nZZ\r\n",
            b"half ",
            5,
        ),
    ] {
        let stage = Stage::new(cutting_after(reply));
        let mut client = stage.client();
        client.send(check("")).unwrap();
        let head = client.head().unwrap();
        assert_eq!(head.status(), 200);
        let mut body = Vec::new();
        let end = loop {
            match client.read_some() {
                Ok(bytes) if bytes.is_empty() => break None,
                Ok(bytes) => body.extend(bytes),
                Err(error) => break Some(error.kind()),
            }
        };
        let all = client.all().unwrap();
        let sent = [&all[..], &body[..]].concat();
        assert_eq!(sent, reply, "{}", sent.escape_ascii());
        // No end of TLS: the client can tell that it is not the whole.
        assert_eq!(
            end,
            Some(ErrorKind::UnexpectedEof),
            "{}",
            reply.escape_ascii()
        );
        let record = stage.exchange_of(&client);
        assert_eq!(record["answer"]["by"], "origin", "{record:#}");
        assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "failed", "{record:#}");
        assert_eq!(record["response"]["body"]["size"], seen, "{record:#}");
        assert_eq!(
            record["response"]["body"]["text"],
            String::from_utf8_lossy(gone).as_ref()
        );
    }
}

#[test]
fn a_cut_reply_without_a_length_does_not_look_whole_in_clear() {
    let stage = Stage::new(cutting_after(b"HTTP/1.1 200 OK\r\n\r\nhalf "));
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.send(check("")).unwrap();
    let error = client.reply("GET").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    let record = stage.exchange_of(&client);
    assert_eq!(record["diagnosis"]["verdict"], "failed", "{record:#}");
}

#[test]
fn an_origin_that_closes_soon_after_each_reply_costs_no_call() {
    let stage = Stage::new(closing_after(Duration::from_millis(20), success));
    let mut client: Option<RawClient> = None;
    let calls = sized(200, 1000);
    for number in 0..calls {
        // As libcurl does: a kept connection that is closed before it brought a byte is replaced, once.
        let kept = client.take().and_then(|mut kept| {
            kept.send(check("")).ok()?;
            let reply = kept.reply("GET").ok()?;
            Some((kept, reply))
        });
        let (now, reply) = kept.unwrap_or_else(|| {
            let mut fresh = stage.client();
            fresh.send(check("")).unwrap();
            let reply = fresh.reply("GET").unwrap();
            (fresh, reply)
        });
        assert_eq!(reply.status(), 200, "call {number}");
        client = Some(now);
    }
    let stopped = stage.nicetap.stop();
    let exchanges = stopped.of("exchange");
    let answered = exchanges
        .iter()
        .filter(|record| record["answer"]["by"] == "origin")
        .count();
    assert_eq!(answered, calls);
    assert!(
        exchanges
            .iter()
            .all(|record| record["answer"]["status"] != 502),
        "a 502 would have been final"
    );
}

#[test]
fn curl_calls_again_where_an_origin_closes_soon_and_nothing_is_sent_twice() {
    let stage = Stage::new(closing_after(Duration::from_millis(20), success));
    let calls = vec![Call::get("/v2/?category=domain&action=check&domains=example.com"); 5];
    let root = stage.nicetap.root_pem();
    let replies = Client::Curl.make(Way::Connect(stage.nicetap.addr(), &root), &calls);
    let good = replies.iter().filter(|reply| reply.status == 200);
    assert_eq!(good.count(), calls.len(), "{replies:?}");
    assert_eq!(stage.origin.requests().len(), calls.len());
}

#[test]
fn a_kept_connection_that_dies_under_a_call_is_a_close_and_no_502() {
    let stage = Stage::new(|conversation| {
        let Some(request) = conversation.request()? else {
            return Ok(());
        };
        conversation.send(success(&request))?;
        // The second request is read, and gets nothing.
        conversation.request().map(drop)
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.send(check("")).unwrap();
    let error = client.reply("GET").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    let record = &stage.exchanges_of(&client, 2)[1];
    assert_eq!(record["failure"]["reused"], true, "{record:#}");
    assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
    assert_eq!(record["answer"]["by"], "nobody", "{record:#}");
    assert_eq!(record["diagnosis"]["verdict"], "failed", "{record:#}");
    assert_eq!(stage.origin.requests().len(), 2, "nothing is sent twice");
}

#[test]
fn a_kept_connection_that_brings_garbage_is_told() {
    let stage = Stage::new(|conversation| {
        let Some(request) = conversation.request()? else {
            return Ok(());
        };
        conversation.send(success(&request))?;
        conversation.request()?;
        conversation.send("garbage\r\n")
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.send(check("")).unwrap();
    let told = Told {
        status: 502,
        word: "http_protocol_error",
        stage: "receive",
        verdict: "failed",
        reason: "not an HTTP/1 reply",
    };
    told.check_reply(&client.reply("GET").unwrap());
}

#[test]
fn an_origin_that_closes_between_replies_closes_the_client_too() {
    let (close, closes) = channel::<()>();
    let closes = std::sync::Mutex::new(closes);
    let stage = Stage::new(move |conversation| {
        let Some(request) = conversation.request()? else {
            return Ok(());
        };
        conversation.send(success(&request))?;
        let _ = closes.lock().unwrap().recv_timeout(PATIENCE);
        Ok(())
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    close.send(()).unwrap();
    assert_eq!(client.read_some().unwrap(), b"", "in good order");
    assert_eq!(stage.nicetap.stop().of("exchange").len(), 1);
}

#[test]
fn paid_and_unknown_calls_have_a_connection_of_their_own() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    let unknown = check("").replace("action=check", "action=never_heard_of");
    let body = format!(
        "{}{{}}",
        post("Content-Length: 2\r\n").replace("check", "register")
    );
    for request in [
        check(""),
        check(""),
        register(),
        check(""),
        unknown,
        check(""),
        body,
    ] {
        client.send(request).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
    }
    let used: Vec<usize> = stage
        .origin
        .requests()
        .iter()
        .map(|request| request.connection)
        .collect();
    // A read call may share the connection that a paid one opened, never the other way round.
    assert_eq!(used, [0, 0, 1, 1, 2, 2, 3]);
}

#[test]
fn a_paid_call_runs_to_its_end_though_its_client_gave_up() {
    let (answer, answers) = channel::<()>();
    let answers = std::sync::Mutex::new(answers);
    let stage = Stage::new(move |conversation| {
        while let Some(request) = conversation.request()? {
            let _ = answers.lock().unwrap().recv_timeout(PATIENCE);
            conversation.send(success(&request))?;
        }
        Ok(())
    });
    for leaves_by_reset in [true, false] {
        let mut client = stage.client();
        let local = client.local().to_string();
        let before = stage.origin.requests().len();
        client.send(register()).unwrap();
        stage.origin.wait_for_requests(before + 1);
        if leaves_by_reset {
            client.reset();
        } else {
            drop(client);
        }
        answer.send(()).unwrap();
        let record = stage.nicetap.wait_for("the record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        });
        assert_eq!(record["response"]["status"], 200, "{record:#}");
        assert_eq!(record["response"]["envelope"]["code"], 200, "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "ok", "{record:#}");
        assert_eq!(stage.origin.requests().len(), before + 1, "exactly one");
    }
}

#[test]
fn a_paid_call_is_not_sent_for_a_client_that_left_before() {
    // The origin accepts, and begins TLS only when the client has gone.
    let authority = Authority::new();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let nicetap = Nicetap::before(listener.local_addr().unwrap(), &authority);
    let mut client = RawClient::tunnel(nicetap.addr(), API, &trust(&nicetap)).unwrap();
    client.send(register()).unwrap();
    let (socket, _) = listener.accept().unwrap();
    client.end();
    drop(client);
    let config = authority.identity(&[API]).server_config();
    let mut tls = rustls::ServerConnection::new(config).unwrap();
    let mut socket = socket;
    // The end of the handshake leaves with the request, and so not at all.
    let cut = tls.complete_io(&mut socket).unwrap_err();
    assert_eq!(cut.kind(), std::io::ErrorKind::UnexpectedEof);
    let record = nicetap.wait_for("the record", |record| record["event"] == "exchange");
    assert_eq!(record["failure"]["stage"], "client", "{record:#}");
    assert_eq!(record["answer"]["by"], "nobody", "{record:#}");
    assert_eq!(record["diagnosis"]["verdict"], "aborted", "{record:#}");
    assert!(
        text_of(&record["failure"]["reason"]).contains("nothing was sent"),
        "{record:#}"
    );
    let mut plain = Vec::new();
    let mut stream = rustls::Stream::new(&mut tls, &mut socket);
    let _ = std::io::Read::read_to_end(&mut stream, &mut plain);
    assert_eq!(plain, b"");
}

#[test]
fn a_client_that_ends_its_half_still_gets_its_reply() {
    let stage = Stage::with(answering(success), |options| {
        options
            .argument("--base-url")
            .argument(&format!("https://{API}"))
    });
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.send(check("")).unwrap();
    client.end();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    assert_eq!(client.read_some().unwrap(), b"");
    assert_eq!(stage.exchange_of(&client)["diagnosis"]["verdict"], "ok");
}

#[test]
fn a_client_that_leaves_in_the_middle_of_its_body_leaves_a_record() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    client
        .send(post("Content-Length: 100\r\n") + "{\"half\":")
        .unwrap();
    let local = client.local().to_string();
    client.end();
    let record = stage.nicetap.wait_for("the record", |record| {
        record["event"] == "exchange" && record["client"]["addr"] == *local
    });
    assert_eq!(record["failure"]["stage"], "client", "{record:#}");
    assert_eq!(record["diagnosis"]["verdict"], "aborted", "{record:#}");
    assert_eq!(record["request"]["body"]["size"], 8, "{record:#}");
}

#[test]
fn each_call_of_a_failing_origin_reaches_it_once() {
    let seen = std::sync::Arc::new(AtomicUsize::new(0));
    let counted = seen.clone();
    let stage = Stage::new(move |conversation| {
        if conversation.request()?.is_some() {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        conversation.reset();
        Ok(())
    });
    for number in 1..=5 {
        let (reply, _) = stage.ask(register());
        assert_eq!(reply.status(), 502);
        assert_eq!(seen.load(Ordering::Relaxed), number);
    }
}
