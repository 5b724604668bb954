//! `nicetap doctor`: each check in its outcomes, as far as they can be staged on one machine.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use serde_json::Value;

#[path = "support/running.rs"]
mod running;
mod support;

use running::{Running, origin, reply};
use support::authority::Authority;
use support::home;
use support::origin::{RawOrigin, answering};

fn doctor(home: &Path, line: &str, variables: &[(&str, &str)]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nicetap"))
        .arg("doctor")
        .args(line.split(' ').filter(|word| !word.is_empty()))
        .env_clear()
        .env("NICETAP_HOME", home)
        .env("NICETAP_LISTEN", "127.0.0.1:0")
        .env("NICETAP_EGRESS_PROBE", "off")
        .envs(variables.iter().copied())
        .output()
        .unwrap()
}

/// The outcome of one check: its level and what was seen.
fn outcome(home: &Path, id: &str, variables: &[(&str, &str)]) -> (String, String) {
    let output = doctor(home, &format!("--json --only {id}"), variables);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |key: &str| found[0][key].as_str().unwrap().to_owned();
    assert_eq!(found[0]["id"], id);
    let needs_fix = !["pass", "note"].contains(&text("level").as_str());
    assert_eq!(needs_fix, found[0]["fix"].is_string(), "{found}");
    let failed = text("level") == "fail";
    assert_eq!(
        output.status.code(),
        Some(if failed { 4 } else { 0 }),
        "{found}"
    );
    (text("level"), text("seen"))
}

fn level(id: &str, variables: &[(&str, &str)]) -> String {
    let home = tempfile::tempdir().unwrap();
    outcome(home.path(), id, variables).0
}

#[test]
fn a_port_is_free_or_held_by_us_or_by_another() {
    assert_eq!(level("port", &[]), "pass");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = other.local_addr().unwrap().to_string();
    assert_eq!(level("port", &[("NICETAP_LISTEN", &addr)]), "fail");
    let running = Running::start(&["--mock"]);
    let addr = running.listen.to_string();
    assert_eq!(level("port", &[("NICETAP_LISTEN", &addr)]), "note");
}

#[test]
fn the_home_and_the_log_are_looked_at() {
    assert_eq!(level("home", &[]), "pass");
    let folder = tempfile::tempdir().unwrap();
    let served = folder.path().join("public_html/nicetap");
    assert_eq!(outcome(&served, "home", &[]).0, "warn");
    assert_eq!(level("log", &[("NICETAP_LOG_MAX_SIZE", "1KiB")]), "pass");
    assert_eq!(
        level("log", &[("NICETAP_LOG_MAX_SIZE", "9000000GiB")]),
        "warn"
    );
    assert_eq!(level("log", &[("NICETAP_NO_LOG", "1")]), "note");
}

#[test]
fn the_ca_is_none_yet_or_good() {
    assert_eq!(level("ca", &[]), "note");
    let running = Running::start(&["--mock"]);
    let (level, seen) = outcome(running.home.path(), "ca", &[]);
    assert_eq!(level, "pass", "{seen}");
    assert!(seen.contains("more days"), "{seen}");
    support::write(
        &running.home.path().join("public/root.pem"),
        "no certificate",
    );
    assert_eq!(outcome(running.home.path(), "ca", &[]).0, "fail");
}

#[test]
fn proxy_variables_are_named_without_their_values() {
    assert_eq!(level("proxy-variables", &[]), "pass");
    let home = tempfile::tempdir().unwrap();
    let set = [("https_proxy", "http://bob:hunter2@proxy.example:3128")];
    let (level, seen) = outcome(home.path(), "proxy-variables", &set);
    assert_eq!(level, "note");
    assert!(
        seen.contains("https_proxy") && !seen.contains("hunter2"),
        "{seen}"
    );
    let kept_away = [("no_proxy", "localhost,.nicenic.net")];
    assert_eq!(
        outcome(home.path(), "proxy-variables", &kept_away).0,
        "warn"
    );
}

#[test]
fn php_and_its_pools_are_looked_at() {
    let path = std::env::var("PATH").unwrap();
    let home = tempfile::tempdir().unwrap();
    let (level, seen) = outcome(home.path(), "php", &[("PATH", &path)]);
    assert_eq!(level, "pass", "{seen}");
    assert!(
        seen.starts_with("PHP ") && seen.contains("libcurl"),
        "{seen}"
    );
    let kept_away = [("PATH", path.as_str()), ("no_proxy", "api.nicenic.net")];
    assert_eq!(outcome(home.path(), "php", &kept_away).0, "warn");
    assert_eq!(
        outcome(home.path(), "php", &[("PATH", "/nowhere")]).0,
        "note"
    );
    assert_eq!(outcome(home.path(), "leftovers", &[]).0, "pass");
    // What runs on this machine is not ours to say; that it is looked at is.
    outcome(home.path(), "php-fpm", &[]);
    outcome(home.path(), "web-server", &[]);
}

#[test]
fn the_outbound_ip_is_compared_with_the_list() {
    let echo = format!("http://{}/", origin(&[&reply("text/plain", "203.0.113.9")]));
    let other = format!(
        "http://{}/",
        origin(&[&reply("text/plain", "203.0.113.10")])
    );
    let both = format!("{echo},{other}");
    let asked = |probe: &str, list: &str| {
        level(
            "outbound",
            &[
                ("NICETAP_EGRESS_PROBE", probe),
                ("NICETAP_WHITELIST", list),
                ("NICETAP_IPV4", "1"),
            ],
        )
    };
    assert_eq!(asked(&echo, "203.0.113.9"), "pass");
    assert_eq!(asked(&echo, "198.51.100.4"), "fail");
    assert_eq!(asked(&echo, ""), "note");
    assert_eq!(asked(&both, ""), "warn");
    assert_eq!(asked("http://127.0.0.1:1/", "203.0.113.9"), "unknown");
    assert_eq!(level("outbound", &[]), "note");
}

#[test]
fn what_is_not_reached_is_unknown_and_a_wrong_server_fails() {
    let closed = "api.nicenic.net:443:127.0.0.1:1";
    assert_eq!(
        level("tls-production", &[("NICETAP_CONNECT_TO", closed)]),
        "unknown"
    );
    assert_eq!(level("clock", &[("NICETAP_CONNECT_TO", closed)]), "unknown");
    let plain = origin(&["HTTP/1.1 400 Bad Request\r\n\r\n"]);
    let plain = format!("sandbox-api.nicenic.net:443:127.0.0.1:{}", plain.port());
    assert_eq!(
        level("tls-sandbox", &[("NICETAP_CONNECT_TO", &plain)]),
        "fail"
    );
}

#[test]
fn a_server_with_a_good_certificate_passes_and_its_date_is_compared() {
    let authority = Authority::new();
    let home = tempfile::tempdir().unwrap();
    let roots = home.path().join("origin.pem");
    authority.write(&roots);
    let level = |id: &str, date: jiff::Timestamp, roots: &str| {
        let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
        let date = printer.timestamp_to_rfc9110_string(&date).unwrap();
        let answer = format!("HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: 0\r\n\r\n");
        let origin = RawOrigin::tls(
            &authority,
            &["api.nicenic.net"],
            answering(move |_| answer.clone().into()),
        );
        let to = format!("api.nicenic.net:443:127.0.0.1:{}", origin.addr().port());
        let variables = [
            ("NICETAP_CONNECT_TO", to.as_str()),
            ("NICETAP_UPSTREAM_CA", roots),
        ];
        outcome(home.path(), id, &variables).0
    };
    let now = jiff::Timestamp::now();
    let earlier = now - jiff::SignedDuration::from_hours(2);
    let trusted = roots.to_str().unwrap();
    assert_eq!(level("tls-production", now, trusted), "pass");
    assert_eq!(level("tls-production", now, ""), "fail");
    assert_eq!(level("clock", now, trusted), "pass");
    assert_eq!(level("clock", earlier, trusted), "warn");
}

#[test]
fn it_is_done_in_time_when_nothing_answers() {
    // It accepts and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let to = format!(
        "api.nicenic.net:443:127.0.0.1:{port},sandbox-api.nicenic.net:443:127.0.0.1:{port}"
    );
    let echo = format!("http://127.0.0.1:{port}/");
    let home = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let output = doctor(
        home.path(),
        "",
        &[("NICETAP_CONNECT_TO", &to), ("NICETAP_EGRESS_PROBE", &echo)],
    );
    assert!(began.elapsed() < Duration::from_secs(15));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("unknown  the outbound IP"), "{text}");
    assert!(text.contains("pass     a secret is masked"), "{text}");
}

#[test]
fn the_list_names_every_check_and_an_unknown_one_is_told() {
    let home = tempfile::tempdir().unwrap();
    let output = doctor(home.path(), "--list", &[]);
    assert_eq!(String::from_utf8_lossy(&output.stdout).lines().count(), 16);
    let output = doctor(home.path(), "--only clok", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `clock`?"));
}
