//! The leak matrix: through the built program, spellings and places of a secret × ways in which a call can go ×
//! doors through which text leaves. Each case has a secret of its own, so that no case is saved by an earlier one.
//!
//! The finder is `verify`'s, which shares no code with the redactor; halves of a secret count as leaks too.
#![expect(
    clippy::format_push_string,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::use_debug,
    reason = "a test reads its own files, says how much it did, and fails by panicking"
)]
use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;
use std::thread;

use nicetap::verify::{Known, Search};
use serde_json::{Value, json};

use beside::beside;
use cases::{Case, LETTERS, Secrets, placed, spelt};
use tap::{Origin, Tap, Way};

#[path = "leaks/beside.rs"]
mod beside;
#[path = "leaks/cases.rs"]
mod cases;
#[path = "support/encoders.rs"]
mod encoders;
#[path = "leaks/tap.rs"]
mod tap;

/// Sends all cases on one way; says what leaked, and how many pairs of a case and a door were looked at.
fn run(cases: Vec<Case>, way: Way) -> (Vec<String>, usize) {
    let cases = Arc::new(cases);
    let tap = Tap::start(Origin::start(cases.clone(), way).addr, way);
    let defect = if way == Way::RefusedHead {
        "Bad Name: x\r\n"
    } else {
        ""
    };
    let (mut answers, mut notes, mut passed) = (Vec::new(), Vec::new(), 0);
    for (number, case) in cases.iter().enumerate() {
        let (head, _) = case.answer();
        let got = tap.send(
            &case.request(number, defect),
            way,
            head.len() / 2 + case.cut,
        );
        // What the origin answered belongs to the client; our own answers are a door, and so are our own fields.
        passed += usize::from(got.starts_with(b"HTTP/1.1 200 "));
        let head = got.split(|byte| *byte == b'\n');
        notes.extend(
            head.filter(|line| line.starts_with(b"Nicetap-Findings:"))
                .flatten(),
        );
        if got
            .windows(14)
            .any(|part| part.eq_ignore_ascii_case(b"proxy-status: "))
        {
            answers.extend(got);
            answers.push(b'\n');
        }
    }
    if way == Way::Panic {
        assert_eq!(passed, cases.len(), "traffic goes on");
    }
    let mut doors = tap.end(way);
    let is_answered = matches!(way, Way::RefusedHead | Way::UpstreamDown);
    assert_eq!(
        !answers.is_empty(),
        is_answered || !answers.is_empty(),
        "{way:?}"
    );
    doors.insert("own answers".to_owned(), answers);
    doors.insert("annotations".to_owned(), notes);
    check_log(&doors["home nicetap.jsonl"], cases.len(), way);
    let mut leaks = Vec::new();
    // Keys and certificates are no text of the wire; what is empty proves nothing.
    doors.retain(|door, content| {
        let is_key = [".pem", ".key", ".json"]
            .iter()
            .any(|end| door.ends_with(end));
        !is_key && !content.is_empty()
    });
    println!(
        "{way:?}: {}",
        doors.keys().cloned().collect::<Vec<_>>().join(" · ")
    );
    thread::scope(|scope| {
        let searches: Vec<_> = doors
            .iter()
            .map(|(door, content)| (door, scope.spawn(|| leaks_in(&cases, content))))
            .collect();
        for (door, search) in searches {
            let found = search.join().unwrap().into_iter();
            leaks.extend(found.map(|leak| format!("{way:?}, {door}: {leak}")));
        }
    });
    let is_in_reply_only = |case: &&Case| {
        let request = String::from_utf8_lossy(&case.request(0, "")).into_owned();
        leaks_in(std::slice::from_ref(*case), request.as_bytes()).is_empty()
    };
    let unsent = match way {
        Way::RefusedHead | Way::UpstreamDown => cases.iter().filter(is_in_reply_only).count(),
        Way::Good | Way::CutBody | Way::KillNine | Way::Panic => 0,
    };
    (leaks, (cases.len() - unsent) * doors.len())
}

fn leaks_in(cases: &[Case], content: &[u8]) -> Vec<String> {
    let known: Vec<Known> = cases
        .iter()
        .map(|case| Known {
            label: case.name.clone(),
            value: case.secret.as_bytes().to_vec().into(),
        })
        .collect();
    let search = Search::new(&known).unwrap();
    let report = search.lines(content).unwrap();
    let lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
    let mut leaks: Vec<String> = report
        .sightings
        .iter()
        .map(|seen| {
            let line = usize::try_from(seen.line).unwrap() - 1;
            let text = String::from_utf8_lossy(lines.get(line).copied().unwrap_or_default());
            format!("{}, {}: {text}", cases[seen.secret].name, seen.encoding)
        })
        .collect();
    // A part of a secret is a leak too.
    let text = String::from_utf8_lossy(content);
    for case in cases {
        let chars: Vec<char> = case.secret.chars().collect();
        for half in chars.chunks(chars.len() / 2) {
            let half: String = half.iter().collect();
            if half.chars().count() >= 8 && text.contains(&half) {
                leaks.push(format!("{}, a half: {half}", case.name));
            }
        }
    }
    leaks
}

/// Every line fits the schema, and every case has its lines.
fn check_log(log: &[u8], cases: usize, way: Way) {
    let schema = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/docs/nicetap-log.schema.json"
    ))
    .unwrap();
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut events: BTreeMap<String, usize> = BTreeMap::new();
    for line in String::from_utf8(log.to_vec()).unwrap().lines() {
        let record: Value = serde_json::from_str(line).unwrap();
        if let Err(error) = validator.validate(&record) {
            panic!("{error}: {line}");
        }
        *events
            .entry(record["event"].as_str().unwrap().to_owned())
            .or_default() += 1;
    }
    let count = |event: &str| events.get(event).copied().unwrap_or(0);
    let seen = match way {
        Way::RefusedHead => count("connection"),
        Way::KillNine => count("request") + count("connection"),
        _ => count("exchange") + count("connection"),
    };
    assert_eq!(seen, cases, "{way:?}: {events:?}");
}

fn check(way: Way) {
    let mut secrets = Secrets(0x9e37_79b9 + way as u64 * 7919);
    let mut cases = spelt(&mut secrets);
    cases.extend(placed(&mut secrets));
    assert!(cases.len() >= 60, "{}", cases.len());
    check_cases(cases, way);
}

fn check_cases(cases: Vec<Case>, way: Way) {
    let (leaks, size) = run(cases, way);
    println!("{way:?}: {size} cells (cases whose secret was sent × doors that were searched)");
    assert!(
        leaks.is_empty(),
        "{} leaks:\n{}",
        leaks.len(),
        leaks.join("\n")
    );
}

/// One case in a few, other ones of each form; all of them with `NICETAP_THOROUGH=1`.
#[test]
fn nothing_leaks_of_a_secret_whose_name_stands_beside_it() {
    let is_thorough = std::env::var_os("NICETAP_THOROUGH").is_some_and(|value| value == "1");
    let cases = beside(&mut Secrets(4711)).into_iter().enumerate();
    let some = cases.filter(|(at, _)| is_thorough || at % 11 == 0);
    check_cases(some.map(|(_, case)| case).collect(), Way::Good);
}

#[test]
fn nothing_leaks_when_all_goes_well() {
    check(Way::Good);
}

#[test]
fn nothing_leaks_when_the_head_is_refused() {
    check(Way::RefusedHead);
}

#[test]
fn nothing_leaks_when_the_origin_is_down() {
    check(Way::UpstreamDown);
}

#[test]
fn nothing_leaks_when_the_reply_is_cut_in_its_middle() {
    check(Way::CutBody);
}

#[test]
fn nothing_leaks_when_nicetap_is_killed() {
    check(Way::KillNine);
}

/// A debug build panics where it is told to (`NICETAP_STUMBLE`), with the wire's text in its message.
#[test]
#[cfg(debug_assertions)]
fn nothing_leaks_when_nicetap_panics_and_every_call_is_recorded_and_answered() {
    check(Way::Panic);
}

/// Secrets that could break a log, or hide behind another: the log stays sound, and shows none of them.
#[test]
fn odd_secrets_leave_the_log_sound() {
    let long: String = Secrets(77).next(&LETTERS, 200);
    let canaries = [
        r#"q/+=%&"\<ü😀Zk"#,
        "aB3$xZ",
        &long,
        "PrefixOfAnother-1",
        "PrefixOfAnother-1-and-more",
        "acmecorp",
        "exchange",
        "123456",
        "api_secret",
        "null",
        "\"},{\"",
    ];
    let cases: Vec<Case> = canaries
        .iter()
        .map(|secret| {
            let echo =
                json!({"code": 400, "msg": format!("bad <{secret}>"), "data": null}).to_string();
            let username = if *secret == "acmecorp" {
                secret
            } else {
                "acme"
            };
            Case::new(format!("canary {secret}"), secret)
                .header("Authorization", format!("{username}:{secret}"))
                .reply("application/json", echo)
        })
        .collect();
    let cases = Arc::new(cases);
    let tap = Tap::start(Origin::start(cases.clone(), Way::Good).addr, Way::Good);
    for (number, case) in cases.iter().enumerate() {
        tap.send(&case.request(number, ""), Way::Good, 0);
    }
    let doors = tap.end(Way::Good);
    check_log(&doors["home nicetap.jsonl"], cases.len(), Way::Good);
    let log = String::from_utf8(doors["home nicetap.jsonl"].clone()).unwrap();
    let exchanges: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .filter(|record: &Value| record["event"] == "exchange")
        .collect();
    for case in cases.iter() {
        let of_case = exchanges.iter().find(|record| {
            let number = cases
                .iter()
                .position(|have| have.name == case.name)
                .unwrap();
            record["id"].as_u64() == Some(number as u64 + 1)
        });
        let record = of_case.unwrap();
        let mark = record["call"]["credential"]["fingerprint"]
            .as_str()
            .unwrap();
        assert!(
            mark.starts_with("‹secret:api_secret#"),
            "{}: {mark}",
            case.name
        );
        let headers = record["request"]["headers"].as_array().unwrap();
        let sent = headers
            .iter()
            .find(|field| field[0] == "Authorization")
            .unwrap();
        let name = record["call"]["credential"]["username"].as_str().unwrap();
        assert_eq!(sent[1], format!("{name}:{mark}"), "{}", case.name);
        assert_eq!(record["response"]["envelope"]["code"], 400);
    }
    // Words that the log itself uses, and the user name, cannot be hidden; all others are nowhere.
    let words = [
        "acmecorp",
        "exchange",
        "123456",
        "api_secret",
        "null",
        "\"},{\"",
    ];
    let hidden: Vec<Case> = cases
        .iter()
        .filter(|case| !words.contains(&case.secret.as_str()))
        .cloned()
        .collect();
    for (door, content) in &doors {
        let leaks = leaks_in(&hidden, content);
        assert!(leaks.is_empty(), "{door}: {}", leaks.join("\n"));
    }
}
