//! The diagnosis: what happened, and which cause comes first (`tests/diagnosis/scenarios.txt`).
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::collections::BTreeSet;
use std::fmt::Write as _;

#[path = "support/home.rs"]
mod home;
#[path = "support/running.rs"]
mod running;

use nicetap::diagnose::{Found, Memory, diagnose};
use nicetap::record::{Exchange, Logged};
use nicetap::rules;
use running::{Running, json as envelope, origin, reply, send_raw};
use serde_json::{Value, json};

#[test]
fn the_first_cause_is_the_right_one_in_every_scenario() {
    let (mut wording, mut wrong) = (String::new(), String::new());
    let scenarios = scenarios();
    assert!(scenarios.len() >= 60, "only {}", scenarios.len());
    for scenario in &scenarios {
        let (found, exchange) = scenario.play();
        let name = scenario.name;
        let told: Vec<&str> = found.causes.iter().map(|cause| cause.cause).collect();
        let first = found.causes.first().map_or_else(
            || "none".to_owned(),
            |cause| format!("{} {}", cause.cause, cause.likelihood.word()),
        );
        let is_told = |cause: &&str| told.contains(cause);
        let never: Vec<&str> = scenario
            .words("never")
            .into_iter()
            .filter(is_told)
            .collect();
        let mut also = scenario.words("also");
        also.retain(|cause| !is_told(cause));
        if first != scenario.value("first") || !never.is_empty() || !also.is_empty() {
            let (never, also) = (never.join(" "), also.join(" "));
            let _ = writeln!(wrong, "{name}: {first}; never {never}, also {also}");
        }
        assert!(told.len() <= 5, "{name}: {told:?}");
        let again = diagnose(&exchange, &scenario.memory());
        assert_eq!(again, found, "{name}: not the same twice");
        write_down(&mut wording, name, &found);
    }
    assert!(wrong.is_empty(), "{wrong}");
    insta::assert_snapshot!("wording", wording);
}

#[test]
fn a_cause_is_told_outright_only_if_something_said_it() {
    for scenario in scenarios() {
        let (found, _) = scenario.play();
        for cause in found.causes {
            assert!(!cause.evidence_for.is_empty(), "{}", scenario.name);
            let is_certain = cause.likelihood.word() == "is";
            let was_said = ["says", "fails", "status 429"]
                .iter()
                .any(|word| scenario.value("now").contains(word));
            assert!(
                !is_certain || was_said,
                "{}: {}",
                scenario.name,
                cause.cause
            );
        }
    }
}

#[test]
fn each_of_the_eight_causes_of_the_article_can_be_told() {
    let told: BTreeSet<&str> = scenarios()
        .iter()
        .flat_map(|scenario| scenario.play().0.causes)
        .map(|cause| cause.cause)
        .collect();
    for cause in ["1", "2", "3", "4", "5", "6", "7", "8"] {
        assert!(told.contains(cause), "{cause}");
    }
}

#[test]
fn the_nearest_good_call_is_named_with_what_differs() {
    let text = "### x
past ok production bob/B from 203.0.113.9 does transfer
past ok production alice/A from 203.0.113.9
past refused production alice/A from 203.0.113.9
now rejected production alice/A from 198.51.100.4 says 400 \"Request parameter error\"
first none";
    let scenario = Scenario::parse(text);
    let (id, differences) = scenario.play().0.compared_with.unwrap();
    assert_eq!(id, 2);
    let differences: Vec<String> = differences.iter().map(ToString::to_string).collect();
    assert_eq!(differences, ["outbound IP: 198.51.100.4, not 203.0.113.9"]);
}

#[test]
fn an_earlier_run_is_remembered_from_the_log() {
    const CHECK: &str = "category=domain&action=check&domains=example.com";
    let refused = envelope("{\"code\":401,\"msg\":\"Authentication failed\"}");
    let ok = envelope("{\"code\":0,\"msg\":\"success\",\"data\":{}}");
    let base = format!("http://{}", origin(&[&ok, &refused]));
    let options = ["-4", "--egress-probe", "off", "--base-url", &base];
    let mut first = Running::start(&options);
    let good = first.call("alice:not-a-real-secret", CHECK);
    assert_eq!(good["diagnosis"]["verdict"], "ok");
    let home = first.end();
    let home = home.path().to_str().unwrap();
    let mut second = Running::start(&[&options[..], &["--home", home]].concat());
    let bad = second.call("alice:not-a-real-secret", CHECK);
    let told = bad["diagnosis"]["causes"].to_string();
    assert!(
        told.contains("the same credential worked in #1 of an earlier run (2"),
        "{told}"
    );
    assert_eq!(bad["diagnosis"]["compared_with"], Value::Null);
}

/// The acceptance of the issue: staged causes, end to end; the first-ranked cause is right in all.
#[test]
fn staged_causes_are_told_apart_against_the_mock() {
    let check = "category=domain&action=check&domains=example.com";
    let echo = format!("http://{}/", origin(&[&reply("text/plain", "203.0.113.9")]));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("credential");
    std::fs::copy("tests/diagnosis/credential.txt", &file).unwrap();
    let (file, right, wrong) = (
        file.to_str().unwrap(),
        "alice:not-a-real-secret",
        "alice:another-one",
    );
    let mock = |list: &str, more: &[&str]| {
        let all = [
            &[
                "--mock",
                "-4",
                "--egress-probe",
                &echo,
                "--whitelist",
                list,
                "--credential-file",
                file,
            ],
            more,
        ]
        .concat();
        let mut running = Running::start(&all);
        running.record("egress");
        running
    };
    let mut listed = mock("203.0.113.9", &[]);
    let bare = format!(
        "GET /v2/?{check} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"
    );
    let path = bare.replace("/v2/?", "/v1/?").replace(
        "Content-Type",
        &format!("Authorization: {right}\r\nContent-Type"),
    );
    for (what, record, first) in [
        (
            "a scheme word",
            listed.call("Basic YWxpY2U6bm90LWEtcmVhbC1zZWNyZXQ=", check),
            "2 likely",
        ),
        ("no header", raw(&mut listed, &bare), "2 likely"),
        (
            "no colon",
            listed.call("not-a-real-secret", check),
            "2 likely",
        ),
        ("a wrong secret", listed.call(wrong, check), "1 may"),
        ("a wrong path", raw(&mut listed, &path), "6 likely"),
        ("a call that works", listed.call(right, check), "none"),
        (
            "a missing parameter",
            listed.call(right, "category=domain&action=check"),
            "7 likely",
        ),
        (
            "a wrong action",
            listed.call(right, "category=domain&action=chekc&domains=a.com"),
            "7 likely",
        ),
        (
            "a wrong secret where the right one worked",
            listed.call(wrong, check),
            "1 likely",
        ),
        (
            "not in the list",
            mock("198.51.100.4", &[]).call(wrong, check),
            "4 likely",
        ),
        (
            "the API's own list",
            mock("203.0.113.9", &["--mock-whitelist", "192.0.2.1"]).call(right, check),
            "3 is",
        ),
        (
            "no such name",
            elsewhere("http://nowhere.invalid").call(right, check),
            "name is",
        ),
        (
            "a closed port",
            elsewhere("http://127.0.0.1:1").call(right, check),
            "network is",
        ),
        (
            "a web page",
            elsewhere(&format!(
                "http://{}",
                origin(&[&reply("text/html", "<html>")])
            ))
            .call(right, check),
            "between likely",
        ),
        (
            "a generic refusal",
            elsewhere(&format!(
                "http://{}",
                origin(&[&envelope(
                    "{\"code\":400,\"msg\":\"Request parameter error\"}"
                )])
            ))
            .call(right, check),
            "7 may",
        ),
        (
            "a scheme word behind the same refusal",
            elsewhere(&format!(
                "http://{}",
                origin(&[&envelope(
                    "{\"code\":400,\"msg\":\"Request parameter error\"}"
                )])
            ))
            .call("Basic YWxpY2U6bm90LWEtcmVhbC1zZWNyZXQ=", check),
            "2 likely",
        ),
    ] {
        let cause = &record["diagnosis"]["causes"][0];
        let told = match cause["cause"].as_str() {
            Some(word) => format!("{word} {}", cause["likelihood"].as_str().unwrap()),
            None => "none".to_owned(),
        };
        assert_eq!(told, first, "{what}: {record:#}");
        assert!(!record.to_string().contains("not-a-real-secret"), "{what}");
    }
}

fn raw(running: &mut Running, head: &str) -> Value {
    send_raw(running.listen, head);
    running.record("exchange")
}

fn elsewhere(base: &str) -> Running {
    Running::start(&["-4", "--egress-probe", "off", "--base-url", base])
}

fn write_down(wording: &mut String, name: &str, found: &Found) {
    let _ = writeln!(wording, "### {name}");
    for cause in &found.causes {
        let (likelihood, number) = (cause.likelihood.word(), cause.cause);
        let _ = writeln!(wording, "{likelihood} {number}: {}", cause.title);
        for evidence in &cause.evidence_for {
            let _ = writeln!(wording, "  + {evidence}");
        }
        for evidence in &cause.evidence_against {
            let _ = writeln!(wording, "  - {evidence}");
        }
        let _ = writeln!(wording, "  fix: {}", cause.fix);
    }
}

struct Scenario<'a> {
    name: &'a str,
    lines: Vec<(&'a str, &'a str)>,
}

fn scenarios() -> Vec<Scenario<'static>> {
    let text = include_str!("diagnosis/scenarios.txt");
    let start = text.find("### ").unwrap();
    let cases = text[start..].split("\n\n");
    cases.map(Scenario::parse).collect()
}

impl<'a> Scenario<'a> {
    fn parse(text: &'a str) -> Self {
        let mut lines = text.lines();
        let name = lines
            .next()
            .and_then(|line| line.strip_prefix("### "))
            .unwrap();
        Self {
            name,
            lines: lines.filter_map(|line| line.split_once(' ')).collect(),
        }
    }

    fn value(&self, key: &str) -> &'a str {
        let mut found = self.lines.iter().filter(|(have, _)| *have == key);
        found.next().map_or("", |(_, value)| value)
    }

    fn words(&self, key: &str) -> Vec<&'a str> {
        let words = self.value(key).split(' ');
        words.filter(|word| !word.is_empty()).collect()
    }

    fn memory(&self) -> Memory {
        let mut memory = Memory::default();
        for key in ["earlier", "past"] {
            let past = self.lines.iter().filter(|(have, _)| *have == key);
            for (index, (_, line)) in past.enumerate() {
                memory.remember(&exchange(index as u64 + 1, line));
            }
            if key == "earlier" {
                memory.close_run();
            }
        }
        memory
    }

    fn play(&self) -> (Found, Exchange<Logged>) {
        let now = exchange(9, self.value("now"));
        (diagnose(&now, &self.memory()), now)
    }
}

/// The exchange of one line of the table.
fn exchange(id: u64, line: &str) -> Exchange<Logged> {
    let told: Vec<&str> = line.split('"').collect();
    let mut texts = told.iter().skip(1).step_by(2);
    let bare: Vec<&str> = told.iter().step_by(2).copied().collect();
    let bare = bare.join(" ");
    let words: Vec<&str> = bare.split_whitespace().collect();
    let after = |key: &str| {
        let at = words.iter().position(|word| *word == key)?;
        words.get(at + 1).copied()
    };
    let (verdict, environment, credential) = (words[0], words[1], words[2]);
    let from = after("from").filter(|from| *from != "unknown");
    let is_v6 = from.is_some_and(|from| from.contains(':'));
    let findings: Vec<Value> = words
        .iter()
        .filter(|word| word.len() == 4 && word.starts_with('N'))
        .map(|code| finding(code))
        .collect();
    let says = after("says").map(|code| {
        json!({
            "code": code.parse::<i64>().unwrap(), "msg": texts.next().unwrap()
        })
    });
    let failure = after("fails").map(|stage| {
        json!({
            "stage": stage, "reason": texts.next().unwrap(), "reused": false
        })
    });
    let status = after("status").or(says.as_ref().map(|_| "200"));
    let kind = if words.contains(&"html") {
        "text/html"
    } else {
        "application/json"
    };
    let response = status.map(|status| {
        json!({
            "status": status.parse::<u16>().unwrap(), "http": "HTTP/1.1", "headers": [],
            "body": {"size": 9, "captured": 9, "truncated": false, "type": kind},
            "envelope": says, "informational": []
        })
    });
    let credential = credential.split_once('/').map(|(user, secret)| {
        json!({
            "username": user, "fingerprint": secret, "is": after("is"), "differs": null
        })
    });
    let action = after("does").unwrap_or("check");
    let host = match environment {
        "sandbox" => "sandbox-api.nicenic.net",
        "production" => "api.nicenic.net",
        _ => "api.example.org",
    };
    let public = from.map(|from| {
        json!({
            "v4": (!is_v6).then_some(from), "v6": is_v6.then_some(from),
            "at": "2026-11-24T12:00:58.000Z", "seen_by": ["a.example", "b.example"], "others": []
        })
    });
    let by = match (verdict, &response) {
        ("held", _) => "nicetap",
        (_, None) if verdict != "ok" && verdict != "pending" && verdict != "refused" => "nobody",
        _ => "origin",
    };
    let record = json!({
        "v": 1, "event": "exchange", "time": "2026-11-24T12:01:07.000Z", "id": id,
        "client": {"addr": "127.0.0.1:5", "user_agent": after("agent"), "via": "connect", "uid": null,
            "user": null, "pid": null, "process": null, "kind": null},
        "request": {"method": "GET",
            "url": format!("https://{host}/v2/?category=domain&action={action}&domains=example.com"),
            "http": "HTTP/1.1", "headers": [["Host", host]], "body": null, "head_bytes": 99},
        "call": {"environment": environment, "category": "domain", "action": action, "risk": "read",
            "domains": ["example.com"], "credential": credential},
        "findings": findings,
        "egress": {"local": "10.0.0.5:5", "peer": "192.0.2.1:443", "family": if is_v6 { "v6" } else { "v4" },
            "chosen_by": if after("via") == Some("proxy") { "upstream-proxy" } else { "nicetap" },
            "public": public, "whitelisted": after("list").map(|word| word == "yes"),
            "whitelist": {"inside": [], "outside": []}},
        "response": response,
        "answer": {"by": by, "status": null},
        "failure": failure,
        "diagnosis": {"verdict": verdict, "causes": [], "compared_with": null},
        "timing": {"dns_ms": null, "connect_ms": null, "tls_ms": null, "wait_ms": null,
            "receive_ms": null, "total_ms": 1.0},
        "fidelity": [], "redaction": {"masked": 0, "rules": []}
    });
    serde_json::from_value(record).unwrap()
}

fn finding(code: &str) -> Value {
    let rule = rules::find(code).unwrap();
    json!({
        "code": rule.code, "name": rule.name, "severity": rule.severity,
        "confidence": rule.confidence, "at": "somewhere", "seen": "something", "want": "another",
        "fix": rule.fix, "cause": rule.cause
    })
}
