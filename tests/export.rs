//! `nicetap export`: HAR that its schema and another reader agree with, lines for curl, and no secret in either.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use support::inspected::{CHECK, SOUND, Tap, talk};
use support::nicetap::{Nicetap, Options};
use support::{API, PATIENCE, process, project};

#[test]
fn calls_are_exported_with_every_secret_masked() {
    let tap = Tap::start();
    tap.call(CHECK, SOUND);
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.knows(2);
    let from_page = tap.get("/api/v1/exchanges.har");
    let home = tap.stop();
    let export = |line: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args(line.split(' '))
            .env_clear()
            .env("NICETAP_HOME", home.path())
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (
            output.status.code(),
            told,
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, har, _) = export("export har");
    assert_eq!(code, Some(0));
    assert_eq!(har.trim_end(), from_page.body);
    assert!(!har.contains("not-a-real-secret") && !har.contains("ZGVtbzp"));
    let har: Value = serde_json::from_str(&har).unwrap();
    let entries = har["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 2);
    for entry in entries {
        let timings = entry["timings"].as_object().unwrap();
        let known: f64 = timings
            .iter()
            .filter(|(name, _)| *name != "ssl")
            .filter_map(|(_, value)| value.as_f64().filter(|value| *value >= 0.0))
            .sum();
        assert!(
            (known - entry["time"].as_f64().unwrap()).abs() < 0.01,
            "{entry}"
        );
        assert_eq!(timings["blocked"], json!(-1.0));
    }
    let (code, line, _) = export("export curl 1");
    assert_eq!(code, Some(0));
    assert!(
        line.contains("-H 'Authorization: demo:API_SECRET'"),
        "{line}"
    );
    assert!(line.ends_with(
        "'https://api.nicenic.net/v2/?category=domain&action=check&domains=example.org'\n"
    ));
    let (code, chosen, _) = export("export har --only code=N102");
    let chosen: Value = serde_json::from_str(&chosen).unwrap();
    assert_eq!(
        (code, chosen["log"]["entries"].as_array().unwrap().len()),
        (Some(0), 1)
    );
    let (code, _, told) = export("export curl 9");
    assert_eq!(code, Some(1));
    assert!(told.contains("no finished call #9"), "{told}");
    assert_eq!(export("export curl x").0, Some(2));
}

/// Calls of many kinds: answered, cut, not JSON, with an odd URL, with a body of each type.
const KINDS: [&str; 8] = [
    "GET /v2/?category=domain&action=check&domains=example.org HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v2/?category=domain&action=info&domain=ü.example&authcode=Tr4nsfer/C%2Bde HTTP/1.1\r\nHost: x\r\n\r\n",
    "GET /v2/?a=[b]|{c}\"<>^`\\ HTTP/1.1\r\nHost: x\r\n\r\n",
    "POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{,",
    "POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 39\r\n\r\n\
     category=domain&action=transfer&authcode",
    "POST /v2/ HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n\0\x01\x02\x03",
    "GET /v2/?category=domain HTTP/1.1\r\nHost: x\r\nMock-Answer: html\r\n\r\n",
    "GET /v2/?category=domain HTTP/1.1\r\nHost: x\r\nMock-Answer: cut\r\n\r\n",
];

#[test]
fn a_har_file_is_valid_and_another_reader_finds_what_the_log_has() {
    let tap = Tap::start();
    for kind in KINDS {
        let (first, rest) = kind.split_once("\r\n").unwrap();
        let head = format!("{first}\r\nAuthorization: {SOUND}\r\nConnection: close\r\n{rest}");
        talk(tap.proxy, &head);
    }
    tap.knows(KINDS.len());
    check_har(tap.stop().path(), KINDS.len());
}

#[test]
fn calls_that_reached_nobody_are_valid_har_too() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let tap = Nicetap::start(Options::default().connect_to(API, 443, closed));
    let head = format!(
        "GET /v2/?{CHECK} HTTP/1.1\r\nHost: x\r\nAuthorization: {SOUND}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(talk(tap.addr(), &head).status, 502);
    let stopped = tap.stop();
    let entries = check_har(&stopped.home.path().join("home"), 1);
    assert_eq!(entries[0]["status"], 502);
    assert_eq!(entries[0]["waited"], -1.0);
}

/// Checks the HAR file of a home against its schema, and what haralyzer reads in it against the log.
fn check_har(home: &Path, calls: usize) -> Vec<Value> {
    let export = Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .args(["export", "har", "--home"])
        .arg(home)
        .env_clear()
        .output()
        .unwrap();
    assert!(export.status.success());
    let mut schema = Command::new("node");
    schema
        .arg(project("tests/export/har_schema.js"))
        .env("NODE_PATH", project("target/tests-node/node_modules"));
    let told = process::run(&mut schema, &export.stdout, PATIENCE).success("har-schema");
    assert_eq!(String::from_utf8_lossy(&told).trim(), calls.to_string());

    let mut reader = Command::new(project("target/tests-venv/bin/python"));
    reader.arg(project("tests/export/har_read.py"));
    let read = process::run(&mut reader, &export.stdout, PATIENCE).success("haralyzer");
    let read: Vec<Value> = serde_json::from_slice(&read).unwrap();
    let log = std::fs::read_to_string(home.join("log/nicetap.jsonl")).unwrap();
    let records = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut logged: Vec<Value> = records.filter(|it| it["event"] == "exchange").collect();
    assert_eq!((read.len(), logged.len()), (calls, calls));
    // haralyzer gives them by the time of their start, of which two can share a millisecond.
    let mut by_text: Vec<&Value> = read.iter().collect();
    by_text.sort_by_key(|entry| (entry["method"].to_string(), entry["text"].to_string()));
    logged.sort_by_key(|record| {
        let text = record["response"]["body"]["text"].to_string();
        (record["request"]["method"].to_string(), text)
    });
    for (entry, record) in by_text.into_iter().zip(&logged) {
        assert_eq!(entry["method"], record["request"]["method"]);
        let status = match &record["response"] {
            Value::Null => &record["answer"]["status"],
            response => &response["status"],
        };
        assert_eq!(entry["status"], *status, "{record}");
        assert_eq!(
            entry["text"], record["response"]["body"]["text"],
            "{record}"
        );
        let credential = record["request"]["headers"]
            .as_array()
            .unwrap()
            .iter()
            .find(|pair| pair[0] == "Authorization");
        assert_eq!(
            entry["credential"],
            credential.map_or(Value::Null, |pair| pair[1].clone())
        );
    }
    read
}
