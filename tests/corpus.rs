//! The whole corpus of what others collected, through nicetap: no panic, no hang, no secret in any output, a record for
//! each request, and never a stream that two readers could read differently.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

#[path = "corpus/input.rs"]
mod input;
#[path = "corpus/outcome.rs"]
mod outcome;
mod support;
#[path = "corpus/texts.rs"]
mod texts;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rustls::ClientConfig;
use serde_json::Value;

use input::{Input, fill_in, find};
use outcome::{Outcome, Readings, listen, read_with_h11};
use support::authority::{Authority, client_config};
use support::nicetap::{Nicetap, Options};
use support::origin::{RawOrigin, answering, success};
use support::raw::RawClient;
use support::{API, say};

#[test]
fn the_outsiders_requests_through_connect_are_clear_or_refused() {
    let Some(inputs) = input::requests() else {
        return;
    };
    // Once more with Host set right where it names somebody else, which is refused before all else.
    let right = inputs.iter().filter_map(Input::with_our_host).collect();
    each_is_clear_or_refused(Door::Connect, &[inputs, right].concat());
}

#[test]
fn the_outsiders_requests_for_whole_urls_are_clear_or_refused() {
    let Some(inputs) = input::requests() else {
        return;
    };
    each_is_clear_or_refused(Door::Absolute, &inputs);
}

#[test]
fn the_outsiders_requests_in_base_url_mode_are_clear_or_refused() {
    let Some(inputs) = input::requests() else {
        return;
    };
    each_is_clear_or_refused(Door::BaseUrl, &inputs);
}

/// How requests come in.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    /// Inside CONNECT and TLS.
    Connect,
    /// With a whole URL, in clear.
    Absolute,
    /// As to a server, in clear.
    BaseUrl,
}

fn each_is_clear_or_refused(door: Door, inputs: &[Input]) {
    let authority = Authority::new();
    let lanes: Vec<Lane> = (0..LANES)
        .map(|index| Lane::new(door, index, &authority))
        .collect();
    let shared = RawOrigin::plain(answering(success));
    let mut nicetap = Nicetap::start(options(door, &lanes, &shared).trust(&authority));
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
    let mut outcomes = play_all(inputs, &lanes, |lane, input| {
        lane.play(input, &nicetap, &trust)
    });
    assert!(nicetap.is_alive(), "{}", nicetap.console());
    let stopped = nicetap.stop();
    assert!(!stopped.console.contains("panicked"), "{}", stopped.console);
    assert_eq!(stopped.records.last().unwrap()["not_recorded"], 0);
    let records = records_by_client(&stopped.records);
    // What came to the origin that all lanes share belongs to none of them.
    outcomes[0].upstream.extend(shared.streams_from(0));
    let readings = read_with_h11(&outcomes);
    judge(&outcomes, &records, &readings);
}

/// Says what became of the inputs; fails unless it is as expected of each.
fn judge(outcomes: &[Outcome], records: &Records, readings: &Readings) {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    // An address may have served several inputs, one after the other.
    let mut by_client = BTreeMap::<&str, Vec<&Outcome>>::new();
    for outcome in outcomes {
        by_client.entry(&outcome.client).or_default().push(outcome);
        *counts.entry(outcome.kind(readings)).or_insert(0) += 1;
        if let Err(why) = outcome.check(readings) {
            let sent = outcome.sent_text();
            failures.push(format!("{}: {why}\n    {sent:?}", outcome.name));
        }
    }
    for (client, outcomes) in by_client {
        if let Err(why) = is_recorded(&outcomes, records.get(client).copied().unwrap_or_default()) {
            let names: Vec<&str> = outcomes.iter().map(|it| it.name.as_str()).collect();
            failures.push(format!("{names:?}: {why}"));
        }
    }
    say(&format!("{counts:#?}"));
    let listed = |what: &str, keep: &dyn Fn(&Outcome) -> bool| {
        let kept = outcomes.iter().filter(|outcome| keep(outcome));
        let names: Vec<&str> = kept.map(|outcome| outcome.name.as_str()).collect();
        say(&format!("{} {what}: {names:#?}", names.len()));
    };
    listed(
        "passed though h11 refuses bytes beyond ASCII in a target",
        &|outcome| outcome.is_the_exception(readings),
    );
    listed(
        "refused by intent though their authors and h11 accept them",
        &|outcome| outcome.must_pass(readings) && outcome.refused_by_intent().is_some(),
    );
    let good = outcomes.len() - failures.len();
    say(&format!("{} inputs, {good} as expected", outcomes.len()));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Each answer has its record, each input at least one, and none more than one of a rest that got no answer.
fn is_recorded(outcomes: &[&Outcome], [silent, answered]: [usize; 2]) -> Result<(), String> {
    let answers: Vec<usize> = outcomes.iter().map(|it| it.statuses().len()).collect();
    let without = answers.iter().filter(|count| **count == 0).count();
    let all = answered == answers.iter().sum::<usize>();
    if all && (without..=outcomes.len()).contains(&silent) {
        return Ok(());
    }
    Err(format!(
        "{answers:?} answers, {answered} records of answers, {silent} of none"
    ))
}

/// Inputs that follow each other. Where the door can tell, with a host and an origin of their own, so that what arrives
/// there came from one input at a time.
struct Lane {
    door: Door,
    host: String,
    origin: Option<RawOrigin>,
}

impl Lane {
    fn new(door: Door, index: usize, authority: &Authority) -> Self {
        let host = format!("lane-{index}.nicenic.net");
        let origin = match door {
            Door::Connect => Some(RawOrigin::tls(authority, &[&host], answering(success))),
            Door::Absolute => Some(RawOrigin::plain(answering(success))),
            Door::BaseUrl => None,
        };
        let host = if door == Door::BaseUrl {
            API.to_owned()
        } else {
            host
        };
        Self { door, host, origin }
    }

    fn play(&self, input: &Input, nicetap: &Nicetap, trust: &Arc<ClientConfig>) -> Outcome {
        let before = self.origin.as_ref().map_or(0, RawOrigin::connections);
        let mut client = match self.door {
            Door::Connect => RawClient::tunnel(nicetap.addr(), &self.host, trust).unwrap(),
            Door::Absolute | Door::BaseUrl => RawClient::plain(nicetap.addr()),
        };
        let sent = self.for_the_door(fill_in(&input.bytes, &self.host));
        let local = client.local().to_string();
        // The proxy may refuse and close before all is sent.
        let _ = client.send(&sent);
        let (received, waited, hangs) = listen(&mut client);
        drop(client);
        Outcome {
            name: input.name.clone(),
            class: input.class.clone(),
            host: self.host.clone(),
            sent,
            client: local,
            received,
            waited,
            hangs,
            upstream: self
                .origin
                .as_ref()
                .map_or_else(Vec::new, |origin| origin.streams_from(before)),
        }
    }

    /// The stream with its first target in the form that the door wants.
    fn for_the_door(&self, mut stream: Vec<u8>) -> Vec<u8> {
        let (old, new) = match self.door {
            Door::Connect => return stream,
            Door::Absolute => (" /", format!(" http://{}/", self.host)),
            // The path `/` alone is nicetap's own page.
            Door::BaseUrl => (" / ", " /v2/ ".to_owned()),
        };
        let begin = stream.iter().position(|byte| !b"\r\n".contains(byte));
        let begin = begin.unwrap_or(stream.len());
        let line = stream[begin..].split(|byte| *byte == b'\n').next();
        if let Some(at) = line.and_then(|line| find(line, old.as_bytes())) {
            let at = begin + at;
            stream.splice(at..at + old.len(), new.into_bytes());
        }
        stream
    }
}

/// How nicetap starts: every other host leads to a port where nobody listens, so that nothing leaves this machine.
fn options(door: Door, lanes: &[Lane], shared: &RawOrigin) -> Options {
    let mut options = Options::default();
    for lane in lanes {
        if let Some(origin) = &lane.origin {
            let port = if door == Door::Connect { 443 } else { 80 };
            options = options.connect_to(&lane.host, port, origin.addr());
        }
    }
    if door != Door::Connect {
        options = options
            .argument("--base-url")
            .argument(&format!("http://{API}"));
        options = options.connect_to(API, 80, shared.addr());
    }
    nowhere(options)
}

/// Lets every host that is not named otherwise lead to a port where nobody listens.
fn nowhere(options: Options) -> Options {
    let nobody = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let nobody = format!("::127.0.0.1:{}", nobody.port());
    options.argument("--connect-to").argument(&nobody)
}

/// Plays every input, each lane one at a time.
fn play_all(
    inputs: &[Input],
    lanes: &[Lane],
    play: impl Fn(&Lane, &Input) -> Outcome + Sync,
) -> Vec<Outcome> {
    let next = AtomicUsize::new(0);
    let (next, play) = (&next, &play);
    std::thread::scope(|scope| {
        let runs: Vec<_> = lanes
            .iter()
            .map(|lane| {
                scope.spawn(move || {
                    let mut outcomes = Vec::new();
                    while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                        outcomes.push(play(lane, input));
                    }
                    outcomes
                })
            })
            .collect();
        runs.into_iter()
            .flat_map(|run| run.join().unwrap())
            .collect()
    })
}

/// Plays every input, some at a time, each lane with a connection or whatever it makes; says what went wrong, and
/// returns how many went well.
fn in_lanes<T: Sync, L>(
    inputs: &[T],
    make: impl Fn() -> L + Sync,
    play: impl Fn(&mut L, &T) -> Result<(), String> + Sync,
) -> usize {
    let (next, good) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let mut lane = make();
                while let Some(input) = inputs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match play(&mut lane, input) {
                        Ok(()) => drop(good.fetch_add(1, Ordering::Relaxed)),
                        Err(why) => say(&why.chars().take(500).collect::<String>()),
                    }
                }
            });
        }
    });
    good.into_inner()
}

/// What the log holds of each client address.
fn records_by_client(records: &[Value]) -> Records {
    let mut counts = Records::new();
    for record in records {
        let answered = match record["event"].as_str().unwrap() {
            "exchange" => !record["answer"]["status"].is_null(),
            "connection" => !record["answered"].is_null(),
            "tunnel" => true,
            _ => continue,
        };
        let client = record["client"]["addr"].as_str().unwrap();
        let counts = counts.entry(client.to_owned()).or_default();
        counts[usize::from(answered)] += 1;
    }
    counts
}

/// Of each client address: how many records tell of no answer, and how many of one.
type Records = BTreeMap<String, [usize; 2]>;

/// How many inputs are played at a time.
const LANES: usize = 24;
