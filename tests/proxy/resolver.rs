//! A resolver that answers late or never. It is the system's own way that is slowed down: nicetap runs where
//! `/etc/resolv.conf` names a server of this test.
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use tempfile::TempDir;

use crate::hostile::each_admitted_request_has_its_record;
use crate::stage::{Told, check, trust};
use crate::support::authority::Authority;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, process};

/// More names than threads that may wait for a resolver. A call, whose name is looked up too, goes on beside them.
#[test]
fn a_silent_resolver_is_given_ten_seconds_and_keeps_no_call_waiting() {
    let Some(place) = Place::new() else { return };
    let (nicetap, origin) = place.nicetap();
    let begun = Instant::now();
    let mut carried: Vec<_> = (0..MORE_THAN_THREADS)
        .map(|number| {
            let mut client = RawClient::plain(nicetap.addr());
            let host = format!("n{number}.never.example:443");
            client
                .send(format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
                .unwrap();
            client
        })
        .collect();
    let trust = trust(&nicetap);
    let mut reading: Vec<_> = (0..20)
        .map(|number| {
            let host = format!("n{number}.never.nicenic.net");
            let mut client = RawClient::tunnel(nicetap.addr(), &host, &trust).unwrap();
            client.send(check("").replace(API, &host)).unwrap();
            client
        })
        .collect();
    for host in [API, "late.nicenic.net", API] {
        let mut client = RawClient::tunnel(nicetap.addr(), host, &trust).unwrap();
        client.send(check("").replace(API, host)).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200, "{host}");
        let local = client.local().to_string();
        let record = nicetap.wait_for("the record", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        });
        let took = record["timing"]["dns_ms"].as_f64().unwrap();
        assert!(
            host == API || took >= LATE.as_secs_f64() * 1e3,
            "{record:#}"
        );
    }
    let told = Told {
        status: 504,
        word: "dns_timeout",
        stage: "resolve",
        verdict: "unreachable",
        reason: "was not resolved within 10 s",
    };
    for client in &mut carried {
        assert_eq!(client.head().unwrap().status(), 504);
    }
    for client in &mut reading {
        told.check_reply(&client.reply("GET").unwrap());
    }
    let took = begun.elapsed().as_secs();
    assert!((10..40).contains(&took), "{took} s");
    drop((carried, reading));
    let stopped = nicetap.stop();
    each_admitted_request_has_its_record(&stopped.records);
    assert_eq!(origin.requests().len(), 3);
    assert_eq!(stopped.of("tunnel").len(), MORE_THAN_THREADS);
    for record in stopped.of("tunnel") {
        assert_eq!(record["failure"]["stage"], "resolve", "{record:#}");
    }
    for record in stopped.of("exchange") {
        if record["answer"]["by"] == "nicetap" {
            told.check_record(record);
        }
    }
}

#[test]
fn a_silent_resolver_does_not_hold_up_the_end() {
    let Some(place) = Place::new() else { return };
    let (nicetap, _origin) = place.nicetap();
    let host = "n.never.nicenic.net";
    let mut client = RawClient::tunnel(nicetap.addr(), host, &trust(&nicetap)).unwrap();
    client.send(check("").replace(API, host)).unwrap();
    nicetap.wait_for("the request", |record| record["event"] == "request");
    let begun = Instant::now();
    nicetap.signal(Signal::INT);
    crate::support::eventually("it waits", || {
        let console = nicetap.console();
        console.contains("waiting for calls").then_some(())
    });
    nicetap.signal(Signal::INT);
    let stopped = nicetap.ended(PATIENCE);
    assert!(begun.elapsed() < Duration::from_secs(8));
    each_admitted_request_has_its_record(&stopped.records);
}

/// Where another server is asked for names.
struct Place {
    folder: TempDir,
}

impl Place {
    /// `None` where the files cannot be laid over the system's.
    fn new() -> Option<Self> {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let resolver = resolver()?;
        let file = |name: &str, content: String| {
            crate::support::write(&place.folder.path().join(name), content);
        };
        let server = resolver.ip();
        // Longer than nicetap waits.
        file(
            "resolv.conf",
            format!("nameserver {server}\noptions timeout:30 attempts:1\n"),
        );
        file("nsswitch.conf", "hosts: dns\n".to_owned());
        let words = place.starter();
        let mut trial = Command::new(&words[0]);
        trial.args(&words[1..]).arg("true");
        let trial = process::run(&mut trial, b"", PATIENCE);
        if trial.status.success() {
            return Some(place);
        }
        crate::support::say(&format!("not tried here: {}", trial.stderr));
        None
    }

    fn starter(&self) -> Vec<String> {
        let folder = self.folder.path().display();
        let script = format!(
            "mount --bind {folder}/resolv.conf /etc/resolv.conf && \
             mount --bind {folder}/nsswitch.conf /etc/nsswitch.conf && exec \"$0\" \"$@\""
        );
        let words = ["unshare", "--mount", "sh", "-c", &script];
        words.map(ToOwned::to_owned).to_vec()
    }

    fn nicetap(&self) -> (Nicetap, RawOrigin) {
        let authority = Authority::new();
        let hosts = [API, "late.nicenic.net"];
        let origin = RawOrigin::tls(&authority, &hosts, answering(success));
        let starter = self.starter();
        let words: Vec<&str> = starter.iter().map(String::as_str).collect();
        let mut options = Options::default().started_by(&words).trust(&authority);
        for host in hosts {
            // By name: it is asked for, and leads here.
            let port = origin.addr().port();
            let rule = format!("{host}:443:{host}:{port}");
            options = options.argument("--connect-to").argument(&rule);
        }
        (Nicetap::start(options), origin)
    }
}

/// A server for names: what is called `never` gets no answer, `late` a late one, all others this machine's address.
fn resolver() -> Option<SocketAddr> {
    // A resolver is asked on port 53 only. Of this machine's own addresses one that nobody else uses will do.
    let lowest = std::process::id().to_be_bytes()[3];
    let addr = Ipv4Addr::new(127, 53, 53, lowest.max(1));
    let socket = match UdpSocket::bind((addr, 53)) {
        Ok(socket) => socket,
        Err(error) => {
            crate::support::say(&format!("not tried here: {addr}:53: {error}"));
            return None;
        }
    };
    let addr = socket.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((size, from)) = socket.recv_from(&mut buffer) {
            let question = buffer[..size].to_vec();
            let asks_for = |label: &[u8]| memchr::memmem::find(&question, label).is_some();
            if asks_for(b"\x05never") {
                continue;
            }
            let wait = if asks_for(b"\x04late") {
                LATE
            } else {
                Duration::ZERO
            };
            let socket = socket.try_clone().unwrap();
            std::thread::spawn(move || {
                std::thread::sleep(wait);
                let _ = socket.send_to(&answer(question), from);
            });
        }
    });
    Some(addr)
}

/// The question, marked as an answer; to one for IPv4 that is 127.0.0.1, to others that there is nothing.
fn answer(mut message: Vec<u8>) -> Vec<u8> {
    const A: [u8; 4] = [0, 1, 0, 1];
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    // Behind the name its kind and class, and nothing of what may follow them.
    let end = 12 + message[12..].iter().position(|byte| *byte == 0).unwrap() + 5;
    message.truncate(end);
    let is_a = message.ends_with(&A);
    message[6..12].copy_from_slice(&[0, u8::from(is_a), 0, 0, 0, 0]);
    if is_a {
        message.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1]);
    }
    message
}

const LATE: Duration = Duration::from_secs(1);
const MORE_THAN_THREADS: usize = 600;
