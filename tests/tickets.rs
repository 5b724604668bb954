//! What is made of a log: checklist, diff and report; and `nicetap egress`.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

#[path = "support/home.rs"]
mod home;
#[path = "support/running.rs"]
mod running;

use home::Home;
use running::{Running, json, origin, reply};

const RIGHT: &str = "alice:not-a-real-secret-24";
const CHECK: &str = "category=domain&action=check&domains=example.com";
const REFUSED: &str = "{\"code\":400,\"msg\":\"Request parameter error\",\"data\":null}";

fn nicetap(home: &Path, line: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .args(line.split(' '))
        .env_clear()
        .env("NICETAP_HOME", home)
        // Germany's winter time, without a database of zones.
        .env("TZ", "CET-1")
        .output()
        .unwrap()
}

fn told(home: &Path, line: &str) -> String {
    let output = nicetap(home, line);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{line}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// A call that works, then one that is refused with a scheme word and from an address outside the list.
fn a_run() -> Running {
    let ok = json("{\"code\":0,\"msg\":\"success\",\"data\":{}}");
    let refused = REFUSED.to_owned();
    let refused = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: Tue, 24 Nov 2026 12:01:07 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{refused}",
        refused.len()
    );
    let api = format!("http://{}", origin(&[&ok, &refused]));
    let echo = format!("http://{}/", origin(&[&reply("text/plain", "203.0.113.9")]));
    let mut running = Running::start(&[
        "-4",
        "--base-url",
        &api,
        "--egress-probe",
        &echo,
        "--whitelist",
        "198.51.100.4",
    ]);
    running.record("egress");
    running.call(RIGHT, CHECK);
    running.call("Basic YWxpY2U6bm90LWEtcmVhbC1zZWNyZXQtMjQ=", CHECK);
    running
}

#[test]
fn the_checklist_answers_the_twelve_points_in_their_order() {
    let running = a_run();
    let text = told(running.home.path(), "checklist");
    let numbers: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("   "))
        .skip(1)
        .collect();
    assert_eq!(numbers.len(), 12, "{text}");
    for (index, line) in numbers.iter().enumerate() {
        assert!(
            line.trim_start().starts_with(&format!("{} ", index + 1)),
            "{line}"
        );
    }
    let line = |number: usize| numbers[number - 1];
    assert!(
        text.starts_with("NiceNIC's checklist for call #2\n"),
        "{text}"
    );
    assert!(line(5).ends_with(": NO"), "{text}");
    assert!(text.contains("N102"), "{text}");
    assert!(line(7).ends_with(": yes"), "{text}");
    assert!(line(9).ends_with(": NO"), "{text}");
    assert!(
        text.contains("203.0.113.9, seen for #2, is not in your list"),
        "{text}"
    );
    assert!(line(10).ends_with(": only you can see"), "{text}");
    assert!(line(11).ends_with(": yes"), "{text}");
    assert!(!text.contains("not-a-real-secret"), "{text}");
}

#[test]
fn what_the_mock_says_proves_nothing_of_an_account() {
    let mut running = Running::start(&["--mock"]);
    let record = running.call("demo:mock-only", CHECK);
    assert_eq!(record["answer"]["by"], "mock");
    let text = told(running.home.path(), "checklist");
    for point in ["the account has reseller access", "whitelisted"] {
        let line = text.lines().find(|line| line.contains(point)).unwrap();
        assert!(line.ends_with(": only you can see"), "{text}");
    }
}

#[test]
fn the_diff_names_what_differs_from_the_call_that_worked() {
    let running = a_run();
    let text = told(running.home.path(), "diff");
    assert!(text.starts_with("#2 compared with #1\n"), "{text}");
    assert!(text.contains("  header authorization: Basic "), "{text}");
    assert_eq!(text, told(running.home.path(), "diff 2 1"));
    let back = told(running.home.path(), "diff 1 1");
    assert!(back.contains("nothing that nicetap sees differs"), "{back}");
    assert!(!text.contains("not-a-real-secret"), "{text}");
}

#[test]
fn the_report_has_the_ten_fields_of_the_article_in_their_order() {
    let running = a_run();
    let text = told(running.home.path(), "report --whmcs-version 8.10");
    let mut from = 0;
    for field in [
        "Account username: alice",
        "Action attempted: domain/check",
        "Timestamp and timezone: ",
        "Domain: example.com",
        "Server outbound IP: 203.0.113.9 (seen by 127.0.0.1 over IPv4 at ",
        "Full endpoint: GET http://127.0.0.1:",
        "Response code and message: HTTP 200; code 400, \"Request parameter error\"",
        "WHMCS or custom code: ________",
        "WHMCS version: 8.10",
        "Screenshots without credentials: ________",
        "PHP and libcurl: ________ (WHMCS: Help, System, PHP Info; or: php -i)",
    ] {
        let at = text[from..]
            .find(field)
            .unwrap_or_else(|| panic!("no `{field}` in\n{text}"));
        from += at + field.len();
    }
    let times = text
        .lines()
        .find(|line| line.contains("Timestamp"))
        .unwrap();
    assert!(
        times.contains(" UTC, ") && times.contains("+01:00 here") && times.ends_with("UTC+8"),
        "{times}"
    );
    assert!(
        text.contains("- Date: Tue, 24 Nov 2026 12:01:07 GMT"),
        "{text}"
    );
    assert!(
        text.contains("username alice, one colon, secret of 20 characters"),
        "{text}"
    );
    assert!(
        text.contains("A call that worked (#1) differs: header authorization"),
        "{text}"
    );
    assert!(text.contains("5. no: "), "{text}");
    assert!(text.lines().count() <= 60 && !text.contains('|'), "{text}");
    for secret in ["not-a-real-secret", "YWxpY2U6"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[test]
fn a_report_goes_into_a_file_that_nobody_else_can_read() {
    use std::os::unix::fs::PermissionsExt as _;
    let running = a_run();
    let folder = tempfile::tempdir().unwrap();
    // As /tmp is.
    let sticky = std::fs::Permissions::from_mode(0o1777);
    std::fs::set_permissions(folder.path(), sticky).unwrap();
    let file = folder.path().join("ticket.txt");
    let printed = told(
        running.home.path(),
        &format!("report 2 -o {}", file.display()),
    );
    assert_eq!(printed, "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with("# NiceNIC API call that failed\n"),
        "{text}"
    );
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn without_a_log_or_a_call_the_way_out_is_told() {
    let home = Home::new();
    for command in ["checklist", "diff", "report"] {
        let output = nicetap(home.path(), command);
        assert_eq!(output.status.code(), Some(3), "{command}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("hint: "),
            "{command}"
        );
    }
    let running = a_run();
    let output = nicetap(running.home.path(), "report 99");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("no exchange #99"));
}

#[test]
fn egress_shows_who_saw_what_and_whether_it_is_listed() {
    let home = Home::new();
    let echo = |address: &str| format!("http://{}/", origin(&[&reply("text/plain", address)]));
    let one = echo("203.0.113.9");
    let text = told(
        home.path(),
        &format!("egress -4 --samples 2 --egress-probe {one} --whitelist 203.0.113.0/24"),
    );
    assert!(text.contains("outbound IPv4  203.0.113.9\n"), "{text}");
    assert!(text.contains("seen by      127.0.0.1 at "), "{text}");
    assert!(text.contains("in your list yes"), "{text}");
    assert!(text.contains("a NAT stands between"), "{text}");
    let pool = [one, echo("203.0.113.9"), echo("203.0.113.10")].join(",");
    let text = told(
        home.path(),
        &format!("egress -4 --json --egress-probe {pool} --whitelist 203.0.113.9"),
    );
    let seen: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(seen["v4"]["address"], "203.0.113.9");
    assert_eq!(seen["v4"]["others"][0], "203.0.113.10");
    assert_eq!(seen["v4"]["whitelisted"], false);
    assert_eq!(seen["v6"], Value::Null);
    let output = nicetap(home.path(), "egress -4 --egress-probe http://127.0.0.1:1/");
    assert_eq!(output.status.code(), Some(1));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        error.contains("ask NiceNIC which address they saw"),
        "{error}"
    );
    let output = nicetap(home.path(), "egress --egress-probe off");
    assert_eq!(output.status.code(), Some(2));
}

fn check(home: &Path, line: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .arg("check")
        .args(line.split(' ').filter(|word| !word.is_empty()))
        .env_clear()
        .env("NICETAP_HOME", home)
        .env("NICETAP_LISTEN", "127.0.0.1:0")
        .env("NICETAP_MOCK", "1")
        .env("NICETAP_CREDENTIAL_FILE", "tests/diagnosis/credential.txt")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

#[test]
fn a_check_is_a_call_of_its_own_or_one_of_the_running_proxy() {
    let home = Home::new();
    let right = ("NICETAP_SECRET", "not-a-real-secret");
    for line in [
        "",
        "--call get_price",
        "--call domain_list",
        "--call transactions",
        "--sandbox",
    ] {
        let line = format!("--username alice {line}");
        let output = check(home.path(), &line, &[right]);
        let (out, error) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert_eq!(output.status.code(), Some(0), "{line}: {out} {error}");
        assert!(
            out.contains("HTTP 200 through a nicetap of its own"),
            "{line}: {out}"
        );
        assert!(!out.contains("not-a-real-secret"), "{out}");
    }
    let log = home.path().join("log/nicetap.jsonl");
    assert!(
        std::fs::read_to_string(&log)
            .unwrap()
            .contains("\"environment\":\"sandbox\"")
    );

    let wrong = check(
        home.path(),
        "--username alice",
        &[("NICETAP_SECRET", "another-secret")],
    );
    assert_eq!(wrong.status.code(), Some(1));
    let out = String::from_utf8_lossy(&wrong.stdout);
    assert!(
        out.contains("Authentication failed") && out.contains("may be 1"),
        "{out}"
    );

    let file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file.as_file(), b"not-a-real-secret\n").unwrap();
    let mut running = Running::start(&[
        "--mock",
        "--credential-file",
        "tests/diagnosis/credential.txt",
    ]);
    let listen = running.listen.to_string();
    let line = format!("--username alice --secret-file {}", file.path().display());
    // Found through its home, though it listens where only it was told to.
    for variables in [&[("NICETAP_LISTEN", &*listen)][..], &[]] {
        let output = check(running.home.path(), &line, variables);
        let out = String::from_utf8_lossy(&output.stdout);
        assert_eq!(output.status.code(), Some(0), "{out}");
        assert!(
            out.contains(&format!("through the nicetap on {listen}")),
            "{out}"
        );
        let record = running.record("exchange");
        assert_eq!(record["call"]["action"], "check");
        assert_eq!(record["client"]["via"], "connect");
    }
}

#[test]
fn a_check_takes_no_secret_as_an_argument_and_tells_the_ways() {
    let home = Home::new();
    for (line, variables) in [
        ("--username alice:hunter2", &[][..]),
        ("--username alice --secret hunter2", &[]),
        ("--username alice", &[]),
        ("", &[("NICETAP_SECRET", "hunter2")]),
        (
            "--username alice --domain a.com&action=register",
            &[("NICETAP_SECRET", "hunter2")],
        ),
    ] {
        let output = check(home.path(), line, variables);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{line}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
}
