//! Bugs of nicetap's own, asked for in the debug build: whatever stumbles, the call is answered, it has one record, and
//! neither the log nor the terminal tells a secret.
#![cfg(debug_assertions)]
use serde_json::Value;

use crate::findings::codes;
use crate::stage::{CREDENTIAL, Stage, post, register};
use crate::support::origin::{answering, reply};
use crate::support::raw::RawClient;

const SECRET: &str = "Zk81-stumbling-secret-Qw";
/// What the origin says to each call, with the secret in it.
const REFUSAL: &str = r#"{"code":400,"msg":"bad key Zk81-stumbling-secret-Qw","data":null}"#;

/// Calls that were answered, one without and one with a body, and all that nicetap left of them.
struct Left {
    exchanges: Vec<Value>,
    requests: usize,
    stop: Value,
    all: String,
    console: String,
}

fn stumbling(place: &str) -> Left {
    let stage = Stage::with(
        answering(|_| {
            reply(
                "200 OK",
                "Content-Type: application/json\r\n",
                REFUSAL.as_bytes(),
            )
        }),
        |options| options.env("NICETAP_STUMBLE", place),
    );
    let get = register().replace(CREDENTIAL, &format!("acme:{SECRET}"));
    let body = format!(r#"{{"category":"domain","password":"{SECRET}"}}"#);
    let length = format!("Content-Length: {}\r\n", body.len());
    let post = post(&length).replace(CREDENTIAL, &format!("acme:{SECRET}")) + &body;
    for request in [get, post] {
        let mut client = stage.client();
        client.send(request).unwrap();
        let reply = client.reply("GET").unwrap();
        assert_eq!(reply.status(), 200, "{place}");
        assert_eq!(reply.body, REFUSAL.as_bytes(), "{place}");
    }
    // What was refused before it was a call is no exchange, and has its line all the same.
    let mut unsound = RawClient::plain(stage.nicetap.addr());
    unsound
        .send(format!(
            "GET /v2/ HTTP/1.1\r\nHost: a\r\nBad Name: acme:{SECRET}\r\n\r\n"
        ))
        .unwrap();
    assert_eq!(unsound.reply("GET").unwrap().status(), 400, "{place}");
    let stopped = stage.nicetap.stop();
    assert_eq!(stopped.of("connection").len(), 1, "{place}");
    Left {
        exchanges: stopped.of("exchange").into_iter().cloned().collect(),
        requests: stopped.of("request").len(),
        stop: stopped.of("stop")[0].clone(),
        all: stopped.records.iter().map(Value::to_string).collect(),
        console: stopped.console.clone(),
    }
}

#[track_caller]
fn check(place: &str, is_read: bool, verdict: &str) {
    let left = stumbling(place);
    assert_eq!(left.exchanges.len(), 2, "{place}: one record for each call");
    assert_eq!(left.requests, 2, "{place}");
    assert_eq!(left.stop["not_recorded"], 0, "{place}");
    for exchange in &left.exchanges {
        assert_eq!(exchange["answer"]["by"], "origin", "{place}");
        assert_eq!(exchange["response"]["status"], 200, "{place}");
        assert_eq!(
            exchange["diagnosis"]["verdict"], verdict,
            "{place}: {exchange:#}"
        );
        let url = exchange["request"]["url"].as_str().unwrap();
        assert_eq!(
            url.starts_with("https://api.nicenic.net/"),
            is_read,
            "{url}"
        );
    }
    for text in [&left.all, &left.console] {
        assert!(!text.contains(SECRET), "{place}: {text}");
        assert!(!text.contains("stumbling"), "{place}: {text}");
    }
    assert!(left.console.contains("bug:"), "{place}: {}", left.console);
}

fn stumbled(place: &str) -> bool {
    let left = stumbling(place);
    left.exchanges
        .iter()
        .all(|exchange| codes(exchange).contains(&"N902"))
}

#[test]
fn a_bug_in_the_facts_lets_the_call_go_on_unread_and_is_recorded() {
    check("derive", false, "ok");
    assert!(stumbled("derive"));
}

#[test]
fn a_bug_in_the_rules_costs_their_findings_only() {
    check("rules", true, "rejected");
}

#[test]
fn a_bug_in_the_masking_leaves_numbers_and_the_true_verdict() {
    check("seal", false, "rejected");
}

#[test]
fn a_bug_in_the_diagnosis_leaves_numbers_and_the_true_verdict() {
    check("diagnose", false, "rejected");
}

#[test]
fn a_bug_in_a_sink_keeps_no_record_from_the_log() {
    check("console", true, "rejected");
    check("sink", true, "rejected");
}

#[test]
fn what_a_bug_in_the_log_costs_is_counted_and_the_bug_is_told_once() {
    let left = stumbling("log");
    assert_eq!((left.exchanges.len(), left.requests), (0, 2));
    assert_eq!(left.stop["not_recorded"], 2);
    let bugs = left.console.matches("bug:").count();
    assert_eq!(bugs, 1, "{}", left.console);
    assert!(left.console.contains("2 passed without a record"));
}

#[test]
fn a_call_that_could_not_be_looked_into_is_held_under_block() {
    let stage = Stage::with(answering(|_| reply("200 OK", "", b"")), |options| {
        options
            .env("NICETAP_STUMBLE", "derive")
            .argument("--guard")
            .argument("block")
    });
    let (reply, record) = stage.ask(register());
    assert_eq!(reply.status(), 403);
    assert_eq!(record["diagnosis"]["verdict"], "held", "{record:#}");
    assert_eq!(stage.origin.requests().len(), 0);
}
