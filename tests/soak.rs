//! A long run of everything at once: good calls, broken ones, clients that leave, origins that fail, large bodies,
//! tunnels. At its end nothing has grown, nothing is open, and everything that was admitted is recorded.
//!
//! `SOAK_SECONDS` says how long (`tests/run`: a minute, beside the other tests; `benches/soak`: half an hour) and
//! `SOAK_PROGRAM` which build of nicetap, if not the one that is tested.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use serde_json::Value;

use support::authority::{Authority, client_config};
use support::message::Message;
use support::nginx::pattern;
use support::nicetap::{Nicetap, Options, Stopped};
use support::origin::{Conversation, RawOrigin, reply, success};
use support::raw::RawClient;
use support::{API, eventually, say};

#[test]
fn a_long_run_leaves_nothing_behind() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(DEFAULT_SECONDS, |it| it.parse().unwrap());
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], moody);
    let other = RawOrigin::tls(&authority, &["shop.example"], moody);
    let mut options = Options::default()
        .unsearched()
        .connect_to(API, 443, origin.addr())
        .connect_to("shop.example", 443, other.addr())
        .trust(&authority);
    if let Ok(program) = std::env::var("SOAK_PROGRAM") {
        options = options.program(program);
    }
    // Rotations are part of it, and every file is looked at in the end.
    let sizes = ["--log-max-size", "4MiB", "--log-keep", "10000"];
    let nicetap = Nicetap::start(
        sizes
            .iter()
            .fold(options, |options, it| options.argument(it)),
    );
    let stage = Stage {
        trust: client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap()),
        outside: client_config(&authority.pem()),
        end: Instant::now() + Duration::from_secs(seconds),
        answered: AtomicU64::new(0),
        nicetap,
    };
    let files = stage.open_files();
    let memory = std::thread::scope(|scope| {
        for number in 0..CLIENTS {
            let stage = &stage;
            scope.spawn(move || stage.call_on_and_on(number));
        }
        stage.watch_memory()
    });
    eventually("its files are closed", || {
        (stage.open_files() <= files + 2).then_some(())
    });
    let answered = stage.answered.into_inner();
    let (early, late) = memory.split_at(memory.len() / 2);
    let (early, late) = (Samples::of(early), Samples::of(late));
    say(&format!(
        "{seconds} s, {answered} answers; KiB resident, half the time and at most: {early}, then {late}"
    ));
    let tenths = memory.chunks(memory.len().div_ceil(10));
    let tenths: Vec<_> = tenths.map(|part| Samples::of(part).to_string()).collect();
    say(&format!("by tenths of the time: {}", tenths.join(", ")));
    assert!(
        late.most < early.most + early.most / 4 + 16 * 1024,
        "{memory:?}"
    );
    let stopped = stage.nicetap.stop();
    let exchanges = check_log(&stopped, answered);
    say(&format!(
        "{exchanges} exchanges, each admitted and recorded once"
    ));
}

struct Stage {
    nicetap: Nicetap,
    trust: Arc<ClientConfig>,
    /// For what is not looked into.
    outside: Arc<ClientConfig>,
    end: Instant,
    answered: AtomicU64,
}

impl Stage {
    /// One client after the other, each with its own manners.
    fn call_on_and_on(&self, mut number: u64) {
        while Instant::now() < self.end {
            // What an origin or a proxy breaks off is part of the game; what counts is what the log says in the end.
            let _ = match number % 10 {
                0..=3 => self.kept(number),
                4 => self.in_clear(number),
                5 => self.large(),
                6 => self.refused(),
                7 => self.tunnelled(),
                8 => self.leaves(number),
                _ => self.troubled(number),
            };
            number += CLIENTS;
            // So many calls a second that others have room beside it.
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    fn kept(&self, number: u64) -> std::io::Result<()> {
        let mut client = RawClient::tunnel(self.nicetap.addr(), API, &self.trust)?;
        for call in 0..5 {
            // Each with a cookie that was never seen before.
            client.send(request(
                "GET",
                "/v2/",
                &format!("Cookie: s=k{number}x{call}{SECRET}\r\n"),
            ))?;
            self.count(&client.reply("GET")?);
        }
        Ok(())
    }

    fn in_clear(&self, number: u64) -> std::io::Result<()> {
        let mut client = RawClient::reach(self.nicetap.addr())?;
        client.send(request(
            "GET",
            &format!("/v2/?n={number}"),
            "Connection: close\r\n",
        ))?;
        self.count(&client.reply("GET")?);
        Ok(())
    }

    fn large(&self) -> std::io::Result<()> {
        let mut client = RawClient::tunnel(self.nicetap.addr(), API, &self.trust)?;
        let body = pattern(256 * 1024);
        client.send(request(
            "POST",
            "/v2/?echo",
            &format!("Content-Length: {}\r\n", body.len()),
        ))?;
        client.send(&body)?;
        let reply = client.reply("POST")?;
        assert!(reply.body == body, "a large body came back changed");
        self.count(&reply);
        Ok(())
    }

    fn refused(&self) -> std::io::Result<()> {
        let mut client = RawClient::reach(self.nicetap.addr())?;
        client.send(request("GET", "/v2/", "Host: two.example\r\n"))?;
        assert_eq!(client.reply("GET")?.status(), 400);
        Ok(())
    }

    fn tunnelled(&self) -> std::io::Result<()> {
        let mut client = RawClient::tunnel(self.nicetap.addr(), "shop.example", &self.outside)?;
        client.send(request("GET", "/shop", ""))?;
        assert_eq!(client.reply("GET")?.status(), 200);
        Ok(())
    }

    /// Leaves in the middle of a handshake, of a head, or of a body.
    fn leaves(&self, number: u64) -> std::io::Result<()> {
        if number.is_multiple_of(3) {
            let mut client = RawClient::reach(self.nicetap.addr())?;
            client.connect(&format!("{API}:443"))?;
            client.send([22, 3, 1, 1, 0, 1, 0])?;
            client.reset();
            return Ok(());
        }
        let mut client = RawClient::tunnel(self.nicetap.addr(), API, &self.trust)?;
        let whole = request("POST", "/v2/", "Content-Length: 100\r\n");
        let sent = if number % 3 == 1 {
            whole.len()
        } else {
            whole.len() / 2
        };
        client.send(&whole[..sent])?;
        client.reset();
        Ok(())
    }

    /// Meets an origin that fails.
    fn troubled(&self, number: u64) -> std::io::Result<()> {
        let mut client = RawClient::tunnel(self.nicetap.addr(), API, &self.trust)?;
        let mood = ["reset", "cut", "garbage"][usize::try_from(number / 10 % 3).unwrap()];
        client.send(request("GET", &format!("/v2/?{mood}"), ""))?;
        self.count(&client.reply("GET")?);
        Ok(())
    }

    fn count(&self, reply: &Message) {
        if reply.whole {
            self.answered.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The resident memory, each quarter of a second until the end, in KiB.
    fn watch_memory(&self) -> Vec<u64> {
        let mut samples = Vec::new();
        while Instant::now() < self.end {
            std::thread::sleep(Duration::from_millis(250));
            let status = std::fs::read_to_string(format!("/proc/{}/status", self.nicetap.pid()));
            let status = status.unwrap();
            let line = status
                .lines()
                .find(|line| line.starts_with("VmRSS:"))
                .unwrap();
            samples.push(line.split_whitespace().nth(1).unwrap().parse().unwrap());
        }
        samples
    }

    fn open_files(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.nicetap.pid()));
        files.unwrap().count()
    }
}

/// What was measured again and again: a moment's peak says less of growth than what holds half the time.
struct Samples {
    middle: u64,
    most: u64,
}

impl Samples {
    fn of(samples: &[u64]) -> Self {
        let mut samples = samples.to_vec();
        samples.sort_unstable();
        Self {
            middle: samples[samples.len() / 2],
            most: samples[samples.len() - 1],
        }
    }
}

impl std::fmt::Display for Samples {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} and {}", self.middle, self.most)
    }
}

/// An origin that answers, unless the target names a mood.
fn moody(conversation: &mut Conversation) -> std::io::Result<()> {
    while let Some(request) = conversation.request()? {
        conversation.forget();
        let target = request.first_line();
        if !request.whole {
            return Ok(());
        } else if target.contains("?reset") {
            conversation.reset();
            return Ok(());
        } else if target.contains("?cut") {
            conversation.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")?;
            conversation.cut();
            return Ok(());
        } else if target.contains("?garbage") {
            return conversation.send("SSH-2.0-OpenSSH_9.2\r\n");
        } else if target.contains("?echo") {
            conversation.send(reply("200 OK", "", &request.body))?;
        } else {
            conversation.send(success(&request))?;
        }
        if request.says_close() {
            return Ok(());
        }
    }
    Ok(())
}

fn request(method: &str, target: &str, fields: &str) -> String {
    format!(
        "{method} {target} HTTP/1.1\r\nHost: {API}\r\nAuthorization: reseller7:{SECRET}\r\n{fields}\r\n"
    )
}

/// Every file of the log: each line a record, each admitted request recorded once, no secret. Returns how many.
fn check_log(stopped: &Stopped, answered: u64) -> usize {
    assert!(stopped.status.success(), "{}", stopped.console);
    assert!(!stopped.console.contains(SECRET) && !stopped.console.contains("panicked"));
    let folder = stopped.home.path().join("home/log");
    let files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    let (mut admitted, mut recorded) = (HashSet::new(), HashSet::new());
    let mut by_origin = 0;
    for file in files
        .iter()
        .filter(|file| file.to_string_lossy().contains(".jsonl"))
    {
        for line in BufReader::new(std::fs::File::open(file).unwrap()).lines() {
            let line = line.unwrap();
            assert!(!line.contains(SECRET), "{line}");
            let record: Value = serde_json::from_str(&line).unwrap();
            let id = record["id"].as_u64();
            match record["event"].as_str().unwrap() {
                "request" => assert!(admitted.insert(id), "twice: {line}"),
                "exchange" => {
                    assert!(recorded.insert(id), "twice: {line}");
                    by_origin += u64::from(record["answer"]["by"] != "nobody");
                }
                _ => {}
            }
        }
    }
    assert_eq!(admitted, recorded);
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["event"], "stop", "{stop:#}");
    assert_eq!(
        (&stop["exchanges"], &stop["not_recorded"]),
        (&recorded.len().into(), &0.into())
    );
    assert!(
        by_origin >= answered,
        "{by_origin} records of {answered} answers"
    );
    recorded.len()
}

const SECRET: &str = "S3cr3t-K9f2Lm8Qw4Zx";
const DEFAULT_SECONDS: u64 = 10;
const CLIENTS: u64 = 4;
