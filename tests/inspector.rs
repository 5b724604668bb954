//! The inspector over its own port: who may ask, what the API gives, how events resume.
//! `tests/clients/inspector.mjs` looks at the page itself, in a browser.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::time::Duration;

use nicetap::capture::Budget;
use nicetap::inspector::{Inspector, Lock, ROUTES};
use nicetap::journal::Writer;
use nicetap::redact::{FingerprintKey, Redactor};
use nicetap::sink::history::History;
use nicetap::sink::tally::Tally;
use serde_json::{Value, json};
use tokio::sync::watch;

use support::home::Home;
use support::inspected::{CHECK, Reply, SOUND, Tap, addr, ask, talk};
use support::{PATIENCE, process, project};

#[test]
fn another_hosts_page_and_a_rebound_name_are_refused() {
    let tap = Tap::start();
    let token = ("Nicetap-Token", tap.token.as_str());
    for path in [
        "/",
        "/api/v1/exchanges",
        "/metrics",
        "/rules",
        "/assets/app.js",
        "/nothing",
    ] {
        for host in [
            "evil.example",
            "evil.example:8900",
            "127.0.0.1.evil.example",
            "0.0.0.0",
            "",
        ] {
            let reply = tap.ask("GET", path, &[("Host", host), token]);
            assert_eq!(reply.status, 403, "{path} as {host}");
            assert!(reply.headers.contains_key("content-security-policy"));
        }
        let own = format!("127.0.0.1:{}", tap.ui.port());
        for origin in [
            "http://evil.example",
            "null",
            "http://127.0.0.1:1",
            "file://",
        ] {
            let reply = tap.ask("GET", path, &[("Host", &own), ("Origin", origin), token]);
            assert_eq!(reply.status, 403, "{path} from {origin}");
        }
    }
    // Through `ssh -L` the port is another one.
    for host in ["127.0.0.1:5000", "localhost", "LocalHost:1", "[::1]:8900"] {
        let origin = format!("http://{host}");
        let reply = tap.ask("GET", "/", &[("Host", host), ("Origin", &origin), token]);
        assert_eq!(reply.status, 200, "{host}");
    }
    let two = talk(
        tap.ui,
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(two.status, 403);
    let none = talk(tap.ui, "GET / HTTP/1.0\r\n\r\n");
    assert_eq!(none.status, 403);
    let absolute =
        "GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    assert_eq!(talk(tap.ui, absolute).status, 403);
}

#[test]
fn a_change_wants_the_token_and_a_cookie_is_none() {
    let tap = Tap::start();
    tap.call(CHECK, SOUND);
    tap.knows(1);
    let changes = [
        "pause",
        "resume",
        "clear",
        "exchanges/1/mark",
        "exchanges/1/unmark",
    ];
    let wrong = "A".repeat(32);
    for change in changes {
        let path = format!("/api/v1/{change}");
        let cookie = format!("Nicetap-Token={}", tap.token);
        for headers in [
            vec![],
            vec![("Nicetap-Token", "")],
            vec![("Nicetap-Token", wrong.as_str())],
            vec![("Cookie", cookie.as_str())],
        ] {
            assert_eq!(tap.ask("POST", &path, &headers).status, 401, "{path}");
        }
        let by_query = format!("{path}?token={}", tap.token);
        assert_eq!(tap.ask("POST", &by_query, &[]).status, 401);
        assert_eq!(tap.get(&path).status, 405, "{path} by GET");
    }
    assert_eq!(tap.knows(1)["exchanges"].as_array().unwrap().len(), 1);
    for change in ["exchanges/1/mark", "pause", "resume", "clear"] {
        assert_eq!(
            tap.post(&format!("/api/v1/{change}")).status,
            204,
            "{change}"
        );
    }
    assert_eq!(tap.post("/api/v1/exchanges/1/mark").status, 404);
    assert_eq!(tap.get("/api/v1/exchanges").json()["exchanges"], json!([]));
    let page = tap.get("/");
    assert!(!page.headers.contains_key("set-cookie"));
    assert!(
        !page.body.contains(&tap.token),
        "the token stands on no page"
    );
}

#[tokio::test]
async fn where_others_are_on_the_machine_reading_wants_the_token_too() {
    for others in [
        None,
        Some("another login user is on this machine".to_owned()),
    ] {
        let home = Home::new();
        let key = FingerprintKey::from_bytes([1; 32]);
        let (history, tally) = (History::new(1 << 20), Tally::default());
        let (journal, writer) = Writer::spawn(
            Redactor::new(&key),
            nicetap::rule::levels::Levels::default(),
            vec![Box::new(history.sink())],
        )
        .unwrap();
        let mut lock = Lock::open(home.path()).unwrap();
        lock.others.clone_from(&others);
        let token = lock.token().to_owned();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let inspector = Inspector {
            history,
            tally,
            gauge: journal.gauge(),
            budget: (Budget::new(10), 10),
            proxy: vec![addr("127.0.0.1:8899")],
            root: "/etc/nicetap/root.pem".into(),
            base_url: "https://api.nicenic.net".to_owned(),
            mock: false,
            lock,
            zone: jiff::tz::TimeZone::UTC,
        };
        let (stop, stopping) = watch::channel(false);
        let serving = tokio::spawn(inspector.serve(listener, stopping));
        let asked = others.is_some();
        tokio::task::spawn_blocking(move || {
            let closed = if asked { 401 } else { 200 };
            for path in [
                "/api/v1/exchanges",
                "/api/v1/egress",
                "/metrics",
                "/view/session",
                "/view/list",
            ] {
                assert_eq!(ask(address, "GET", path, &[]).status, closed, "{path}");
                let with = ask(address, "GET", path, &[("Nicetap-Token", &token)]);
                assert_eq!(with.status, 200, "{path}");
            }
            let page = ask(address, "GET", "/", &[]);
            assert_eq!(page.status, 200);
            assert_eq!(
                page.body.contains("127.0.0.1:8899"),
                !asked,
                "nothing is told"
            );
            for open in ["/rules", "/rules/N102", "/assets/app.css"] {
                assert_eq!(ask(address, "GET", open, &[]).status, 200, "{open}");
            }
            for (method, path) in ROUTES {
                if !asked || method == "post" {
                    continue;
                }
                let told = ["/api/v1/rules", "/api/v1/openapi.json"].contains(&path);
                let status = ask(address, "GET", &path.replace("{id}", "1"), &[]).status;
                assert_eq!(status, if told { 200 } else { 401 }, "{path}");
            }
        })
        .await
        .unwrap();
        stop.send(true).unwrap();
        serving.await.unwrap();
        // The gauge must not keep the writer from ending.
        drop(journal);
        tokio::task::spawn_blocking(move || writer.join())
            .await
            .unwrap();
    }
}

/// A schema of the description that can be used alone.
fn schema(description: &Value, schema: &Value) -> jsonschema::Validator {
    let mut whole = schema.clone();
    whole["components"] = description["components"].clone();
    jsonschema::validator_for(&whole).unwrap()
}

#[test]
fn the_server_is_as_the_description_says() {
    let tap = Tap::start();
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.call(CHECK, SOUND);
    talk(
        tap.proxy,
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n",
    );
    talk(tap.proxy, "GET /v2/ HTTP/1.1\nHost: x\r\n\r\n");
    tap.knows(2);
    let description: Value = serde_json::from_str(include_str!("../docs/openapi.json")).unwrap();
    assert_eq!(tap.get("/api/v1/openapi.json").json(), description);
    let mut described = BTreeSet::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            described.insert((method.clone(), path.clone()));
            if path == "/api/v1/events" {
                continue;
            }
            let asked = path.replace("{id}", "1");
            let reply = tap.ask(
                &method.to_uppercase(),
                &asked,
                &[("Nicetap-Token", &tap.token)],
            );
            let known = &operation["responses"][reply.status.to_string()];
            assert!(
                reply.status < 300 && known.is_object(),
                "{method} {path}: {}",
                reply.status
            );
            if method == "get" {
                assert_body(&description, known, &reply, path);
            }
            let missing = path.replace("{id}", "999");
            if missing != *path {
                let reply = tap.ask(
                    &method.to_uppercase(),
                    &missing,
                    &[("Nicetap-Token", &tap.token)],
                );
                assert_eq!(reply.status, 404, "{missing}");
            }
            // `clear` and `pause` come last in no order: what they took away is made anew.
            if method == "post" {
                tap.post("/api/v1/resume");
                tap.call(CHECK, SOUND);
            }
        }
    }
    let routes = ROUTES.map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(described, BTreeSet::from(routes));
    for wrong in [
        "only=nonsense",
        "only=verdict%3Dnonsense",
        "limit=x",
        "limit=0",
        "limit=1001",
        "before=-1",
    ] {
        let reply = tap.get(&format!("/api/v1/exchanges?{wrong}"));
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

/// schemathesis (pip) makes up requests from the description, right and wrong ones, and judges the replies by it.
#[test]
fn a_stranger_who_knows_the_description_only_finds_it_true() {
    let tap = Tap::start();
    tap.call(CHECK, SOUND);
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.knows(2);
    let mut stranger = Command::new(project("target/tests-venv/bin/schemathesis"));
    stranger
        .arg("--config-file")
        .arg(project("tests/schemathesis.toml"))
        .arg("run")
        .arg(project("docs/openapi.json"))
        .args(["--no-color", "--url", &format!("http://{}", tap.ui)])
        .args(["--header", &format!("Nicetap-Token: {}", tap.token)])
        .current_dir(std::env::temp_dir());
    let ended = process::run(&mut stranger, b"", 3 * PATIENCE);
    let told = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{told}{}", ended.stderr);
    assert!(told.contains("Tested: 17\n"), "{told}");
}

fn assert_body(description: &Value, known: &Value, reply: &Reply, path: &str) {
    let known = match known["$ref"].as_str() {
        Some(reference) => description.pointer(&reference[1..]).unwrap(),
        None => known,
    };
    let kind = reply.headers["content-type"].split(';').next().unwrap();
    let wanted = &known["content"][kind]["schema"];
    assert!(wanted.is_object(), "{path}: {kind} is not described");
    if kind == "application/json" {
        let wrong: Vec<String> = schema(description, wanted)
            .iter_errors(&reply.json())
            .map(|error| format!("{error} at {}", error.instance_path()))
            .collect();
        assert!(wrong.is_empty(), "{path}: {wrong:?}");
    }
}

#[test]
fn a_record_is_given_as_the_log_has_it() {
    let tap = Tap::start();
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.knows(1);
    let record = tap.get("/api/v1/exchanges/1");
    let home = tap.stop();
    let log = std::fs::read_to_string(home.path().join("log/nicetap.jsonl")).unwrap();
    assert!(
        log.lines().any(|line| line == record.body),
        "{}",
        record.body
    );
}

#[test]
fn events_resume_where_a_reader_was() {
    let tap = Tap::start();
    tap.call(CHECK, SOUND);
    let cursor = tap.knows(1)["cursor"].as_str().unwrap().to_owned();
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.knows(2);
    let events = |last: &str, path: &str, until: &str| {
        let mut stream = TcpStream::connect(tap.ui).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let token = &tap.token;
        let head = format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nNicetap-Token: {token}\r\nLast-Event-ID: {last}\r\n\r\n",
            tap.ui
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut told = String::new();
        for line in BufReader::new(stream).lines() {
            let line = line.unwrap();
            told.push_str(&line);
            told.push('\n');
            if line.contains(until) {
                return told;
            }
        }
        told
    };
    let told = events(&cursor, "/api/v1/events", "\"verdict\":\"refused\"");
    assert!(
        told.contains("event: state\ndata: {\"paused\":false}"),
        "{told}"
    );
    assert!(
        told.contains("event: exchange\n") && told.contains("\"id\":2"),
        "{told}"
    );
    assert!(!told.contains("\"id\":1,"), "{told}");
    for unknown in ["", "1-1", "nonsense"] {
        assert!(events(unknown, "/api/v1/events", "data: {}").contains("event: reset"));
    }
    let filtered = events(&cursor, "/api/v1/events?only=verdict%3Dok", "\"id\":2");
    assert!(
        filtered.contains("event: other\n") && filtered.contains("data: {\"id\":2}"),
        "{filtered}"
    );
}

#[test]
fn the_page_is_never_reached_through_the_proxy() {
    let tap = Tap::start();
    let ui = tap.ui;
    let port = ui.port();
    for name in [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "127.0.0.2",
        "0.0.0.0",
        "[::ffff:127.0.0.1]",
    ] {
        let to = format!("{name}:{port}");
        let tunnel = talk(
            tap.proxy,
            &format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n\r\n"),
        );
        assert!(tunnel.status >= 400, "CONNECT {to}: {}", tunnel.status);
        let absolute = format!(
            "GET http://{to}/ HTTP/1.1\r\nHost: {to}\r\nNicetap-Token: {}\r\nConnection: close\r\n\r\n",
            tap.token
        );
        let reply = talk(tap.proxy, &absolute);
        assert!(
            reply.status >= 400 && !reply.body.contains("<html"),
            "GET {to}: {}",
            reply.status
        );
    }
}

#[test]
fn metrics_hold_no_word_of_a_user() {
    let tap = Tap::start();
    tap.call(
        "category=domain&action=private-word&domains=private.example",
        SOUND,
    );
    tap.call(CHECK, "Basic ZGVtbzpub3QtYS1yZWFsLXNlY3JldA==");
    tap.knows(2);
    let metrics = tap.get("/metrics").body;
    assert!(!metrics.contains("private"), "{metrics}");
    for line in [
        "nicetap_exchanges_total{action=\"check\",verdict=\"refused\"} 1",
        "nicetap_exchanges_total{action=\"other\",verdict=\"rejected\"} 1",
        "nicetap_findings_total{code=\"N102\"} 1",
        "nicetap_exchange_duration_seconds_bucket{le=\"+Inf\"} 2",
        "nicetap_exchange_duration_seconds_count 2",
        "nicetap_not_recorded_total 0",
    ] {
        assert!(
            metrics.lines().any(|have| have == line),
            "{line} in {metrics}"
        );
    }
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(
            value.parse::<f64>().is_ok() && name.starts_with("nicetap_"),
            "{line}"
        );
    }
}

#[test]
fn a_taken_port_stops_only_an_address_that_was_asked_for() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let serve = |ui: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        command
            .args([
                "serve",
                "--mock",
                "--listen",
                "127.0.0.1:0",
                "--for",
                "1s",
                "--then",
                "exit",
            ])
            .args(ui)
            .env_clear()
            .env("NICETAP_HOME", home.path());
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        (
            output.status.code(),
            told,
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let at = taken.local_addr().unwrap().to_string();
    let (code, _, told) = serve(&["--ui", &at]);
    assert_eq!(code, Some(3), "{told}");
    assert!(told.contains("the inspector cannot listen"), "{told}");
    // The usual port: taken by this test, or by something else already.
    let usual = TcpListener::bind("127.0.0.1:8900");
    let (code, banner, told) = serve(&[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("note: no inspector: cannot listen on 127.0.0.1:8900"),
        "{told}"
    );
    assert!(!banner.contains("inspector"), "{banner}");
    drop(usual);
    let (code, banner, told) = serve(&["--no-ui"]);
    assert_eq!((code, told.as_str()), (Some(0), ""));
    assert!(!banner.contains("inspector"), "{banner}");
}
