//! Each limit of the wire is reached here. What is limited elsewhere: heads by `strict.rs`, decoded views by
//! `decode.rs`, the reply's first byte by `faults.rs`, places in the log's queue by `journal`.
use std::net::{SocketAddr, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket};

use crate::stage::{Stage, Told, check, post, text_of};
use crate::support::authority::Authority;
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, say, sized};

#[test]
fn a_head_over_a_limit_is_refused_with_the_limits_own_status() {
    let stage = Stage::new(answering(success));
    let field = "X-Filler: ".to_owned() + &"x".repeat(1000) + "\r\n";
    let target = format!("&x={}", "y".repeat(33 * 1024));
    for (status, code, request) in [
        (431, "N714", check(&field.repeat(70))),
        (431, "N714", check(&"X: 1\r\n".repeat(260))),
        (414, "N714", check("").replacen("example.com", &target, 1)),
        (
            414,
            "N714",
            check("").replacen("example.com", &target.repeat(3), 1),
        ),
    ] {
        let mut client = stage.client();
        client.send(&request).unwrap();
        let reply = client.reply("GET").unwrap();
        assert_eq!(reply.status(), status);
        let record = stage.record_of("connection", &client);
        assert_eq!(record["answered"], status, "{record:#}");
        assert_eq!(record["findings"][0]["code"], code, "{record:#}");
        assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
    }
    assert_eq!(stage.origin.requests().len(), 0);
    // One more field than most, and 60 KiB: both pass.
    for request in [check(&"X: 1\r\n".repeat(250)), check(&field.repeat(60))] {
        let (reply, _) = stage.ask(request);
        assert_eq!(reply.status(), 200);
    }
}

/// Four things that may last ten seconds, at the same time; one of them hundreds of times.
#[test]
fn what_does_not_come_about_in_ten_seconds_is_ended() {
    let authority = Authority::new();
    let (deaf, _kept) = deaf();
    let stage = Stage::before(authority, RawOrigin::plain(|_| Ok(())), |options| {
        options.connect_to("deaf.nicenic.net", 443, deaf)
    });
    let proxy = stage.nicetap.addr();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut client = stage.client();
            client.send("GET /v2/ HTTP/1.1\r\nHost: api.ni").unwrap();
            let reply = in_ten_seconds(|| client.reply("GET").unwrap());
            assert_eq!(reply.status(), 408);
            let record = stage.record_of("connection", &client);
            assert_eq!(record["answered"], 408, "{record:#}");
            assert_eq!(record["findings"][0]["code"], "N715", "{record:#}");
        });
        scope.spawn(|| {
            let ready = "GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n";
            let alone = slowest(|| RawClient::plain(proxy), ready);
            let slow: Vec<_> = (0..sized(300, 1000))
                .map(|_| {
                    let mut client = RawClient::plain(proxy);
                    client.send("GET /readyz HTTP/1.1\r\nHost: ").unwrap();
                    client
                })
                .collect();
            // They keep nobody waiting.
            let beside = slowest(|| RawClient::plain(proxy), ready);
            say(&format!(
                "{} slow heads; another's page took {alone:?} alone, {beside:?} beside them",
                slow.len()
            ));
            for mut client in slow {
                assert_eq!(client.reply("GET").unwrap().status(), 408);
                assert_eq!(client.read_some().unwrap(), b"");
            }
        });
        scope.spawn(|| {
            let mut client = RawClient::plain(proxy);
            assert_eq!(client.connect("api.nicenic.net:443").unwrap().status(), 200);
            client.send(hello_begun()).unwrap();
            assert_eq!(in_ten_seconds(|| client.read_some().unwrap()), b"");
            let record = stage.record_of("connection", &client);
            assert_eq!(record["stage"], "tls", "{record:#}");
            let reason = text_of(&record["reason"]);
            assert!(reason.contains("within 10 s"), "{record:#}");
        });
        scope.spawn(|| {
            let host = "deaf.nicenic.net";
            let mut client = RawClient::tunnel(proxy, host, &stage.trust).unwrap();
            client.send(check("").replace(API, host)).unwrap();
            let reply = in_ten_seconds(|| client.reply("GET").unwrap());
            Told {
                status: 504,
                word: "connection_timeout",
                stage: "connect",
                verdict: "unreachable",
                reason: "within 10 s",
            }
            .check_reply(&reply);
        });
    });
}

#[test]
fn clients_that_stand_still_in_their_bodies_are_ended_and_keep_nobody_waiting() {
    let origin = RawOrigin::plain(answering(success));
    let stage = Stage::before(Authority::new(), origin, |options| {
        options.env("NICETAP_HURRY", sized("60", "6"))
    });
    let connect = || RawClient::plain(stage.nicetap.addr());
    let in_clear = |request: String| request.replacen("/v2/", &format!("http://{API}/v2/"), 1);
    let call = in_clear(check("Connection: close\r\n"));
    let half = in_clear(post("Content-Length: 10\r\n") + "half ");
    let alone = slowest(connect, &call);
    let slow: Vec<_> = (0..sized(100, 1000))
        .map(|_| {
            let mut client = connect();
            client.send(&half).unwrap();
            client
        })
        .collect();
    let beside = slowest(connect, &call);
    let count = slow.len();
    say(&format!(
        "{count} slow bodies; another's call took {alone:?} alone, {beside:?} beside them"
    ));
    for mut client in slow {
        assert_eq!(client.read_some().unwrap(), b"");
    }
    let stopped = stage.nicetap.stop();
    let exchanges = stopped.of("exchange");
    let cut = exchanges.iter().filter(|record| {
        let reason = record["failure"]["reason"].as_str();
        reason.is_some_and(|reason| reason.contains("sent no byte"))
    });
    assert_eq!(cut.count(), count);
}

/// A hundred requests on connections of their own: how long all but one of them took at most.
fn slowest(connect: impl Fn() -> RawClient, request: &str) -> Duration {
    let mut times: Vec<_> = (0..100)
        .map(|_| {
            let begun = Instant::now();
            let mut client = connect();
            client.send(request).unwrap();
            assert_eq!(client.reply("GET").unwrap().status(), 200);
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[98]
}

#[track_caller]
fn in_ten_seconds<T>(wait: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let it = wait();
    let took = begun.elapsed().as_secs();
    assert!((9..20).contains(&took), "{took} s");
    it
}

/// The first bytes of a TLS hello that says that it is longer.
const fn hello_begun() -> [u8; 7] {
    [22, 3, 1, 1, 0, 1, 0]
}

/// An address where connections are neither made nor refused: its queue is full, and nobody takes from it.
fn deaf() -> (SocketAddr, (OwnedFd, Vec<TcpStream>)) {
    let listener = socket(AddressFamily::INET, SocketType::STREAM, None).unwrap();
    bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    listen(&listener, 0).unwrap();
    let addr = SocketAddr::try_from(getsockname(&listener).unwrap()).unwrap();
    let mut queue = Vec::new();
    // At most a few fit, and the next one waits.
    while let Ok(waiting) = TcpStream::connect_timeout(&addr, Duration::from_millis(300)) {
        queue.push(waiting);
    }
    (addr, (listener, queue))
}

/// Five things that may stand still for two minutes; here for two seconds.
#[test]
fn what_stands_still_for_two_minutes_is_ended() {
    let stalls = |conversation: &mut crate::support::origin::Conversation| {
        let Some(head) = conversation.head()? else {
            return Ok(());
        };
        if head.first_line().contains("stall-reply") {
            conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf ")?;
        } else if head.first_line().contains("endless") {
            let piece = vec![b'x'; 1 << 20];
            conversation.send("HTTP/1.1 200 OK\r\n\r\n")?;
            while conversation.send(&piece).is_ok() {}
        }
        // Reads nothing, and stays.
        std::thread::sleep(PATIENCE);
        Ok(())
    };
    let stage = Stage::with(stalls, |options| {
        // How long the rest of a reply is waited for once its client is gone.
        let options = options.argument("--reply-timeout").argument("3s");
        options.env("NICETAP_HURRY", "60")
    });
    let ask = |what: &str| check("").replacen("example.com", what, 1);
    std::thread::scope(|scope| {
        // A client between two requests.
        scope.spawn(|| {
            let mut client = stage.client();
            assert_eq!(client.read_some().unwrap(), b"");
        });
        // A client in the middle of its body.
        scope.spawn(|| {
            let mut client = stage.client();
            client
                .send(post("Content-Length: 10\r\n") + "half ")
                .unwrap();
            assert_eq!(client.read_some().unwrap(), b"");
            let record = stage.exchange_of(&client);
            let reason = text_of(&record["failure"]["reason"]);
            assert!(reason.contains("sent no byte"), "{record:#}");
        });
        // An origin in the middle of its reply.
        scope.spawn(|| {
            let mut client = stage.client();
            client.send(ask("stall-reply")).unwrap();
            assert!(!client.reply("GET").unwrap().whole);
            let record = stage.exchange_of(&client);
            assert_eq!(record["failure"]["stage"], "receive", "{record:#}");
            let reason = text_of(&record["failure"]["reason"]);
            assert!(reason.contains("120 s"), "{record:#}");
        });
        // An origin that takes no more of a body.
        scope.spawn(|| {
            let mut client = stage.client();
            client.send(post("Content-Length: 1000000000\r\n")).unwrap();
            let piece = vec![b'x'; 1 << 20];
            while client.send(&piece).is_ok() {}
            let record = stage.exchange_of(&client);
            let reason = text_of(&record["failure"]["reason"]);
            assert!(reason.contains("took no byte"), "{record:#}");
        });
        // A client that takes no more of its reply.
        scope.spawn(|| {
            let mut client = stage.client();
            client.send(ask("endless")).unwrap();
            let record = stage.exchange_of(&client);
            assert_eq!(record["failure"]["stage"], "client", "{record:#}");
        });
    });
}
