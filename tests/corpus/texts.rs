//! Texts that programs stumble over, as bodies, fields and parameters, there and back; and our own hostile inputs.
use std::sync::{Arc, Mutex};

use rustls::ClientConfig;
use serde_json::Value;

use crate::input::{bytes_of, file, fill_in, folder, lines};
use crate::outcome::listen;
use crate::support::authority::{Authority, client_config};
use crate::support::nicetap::{Nicetap, Options, Stopped};
use crate::support::origin::{RawOrigin, answering, reply, success};
use crate::support::raw::RawClient;
use crate::support::{API, say};
use crate::{in_lanes, nowhere};

/// JSON of all kinds, valid or not, is carried both ways as it is.
#[test]
fn every_json_text_passes_both_ways_as_it_is() {
    let Ok(files) = std::fs::read_dir(folder().join("jsontestsuite")) else {
        return say("skipped: no jsontestsuite in the corpus");
    };
    let texts: Vec<_> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .map(|path| (path.display().to_string(), std::fs::read(path).unwrap()))
        .collect();
    let echo = answering(|request| {
        reply(
            "200 OK",
            "Content-Type: application/json\r\n",
            &request.body,
        )
    });
    let origin = RawOrigin::plain(echo);
    let nicetap = Nicetap::start(Options::default().unsearched().connect_to(
        API,
        80,
        origin.addr(),
    ));
    let connect = || RawClient::plain(nicetap.addr());
    let good = in_lanes(&texts, connect, |client, (name, text)| {
        let fields = format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            text.len()
        );
        let mut request = head("POST", "/v2/", &fields);
        request.extend(text);
        client.send(&request).unwrap();
        let reply = client.reply("POST").unwrap();
        (reply.body == *text)
            .then_some(())
            .ok_or_else(|| format!("{name}: {reply:?}"))
    });
    let arrived = origin.requests();
    for (name, text) in &texts {
        assert!(
            arrived.iter().any(|request| request.message.body == *text),
            "{name}"
        );
    }
    closed_in_order(&nicetap.stop(), texts.len());
    say(&format!("{} inputs, {good} as expected", texts.len()));
    assert_eq!(good, texts.len());
}

/// Naughty strings, in a parameter, a field, a body and a reply at once.
#[test]
fn every_naughty_string_passes_in_each_position() {
    let Some(text) = file("blns.json") else {
        return;
    };
    let strings: Vec<String> = serde_json::from_str(&text).unwrap();
    let origin = RawOrigin::plain(answering(|request| {
        let fields = format!("X-Back: {}\r\n", request.field("x-naughty").unwrap());
        reply("200 OK", &fields, &request.body)
    }));
    let nicetap = Nicetap::start(Options::default().unsearched().connect_to(
        API,
        80,
        origin.addr(),
    ));
    let connect = || RawClient::plain(nicetap.addr());
    let good = in_lanes(&strings, connect, |client, string| {
        let percent = percent(string);
        // What a field can hold: no control bytes, and no white space at its ends.
        let value: String = string.chars().filter(|c| !c.is_ascii_control()).collect();
        let value = value.trim();
        let body = format!("{{\"domain\":{}}}", Value::from(string.as_str()));
        let fields = format!("X-Naughty: {value}\r\nContent-Length: {}\r\n", body.len());
        let target = format!("/v2/?category=domain&action=check&domains={percent}");
        let mut request = head("POST", &target, &fields);
        request.extend(body.as_bytes());
        client.send(&request).unwrap();
        let reply = client.reply("POST").unwrap();
        let back = reply.lines().any(|line| line == format!("X-Back: {value}"));
        let same = reply.body == body.as_bytes() && back;
        same.then_some(())
            .ok_or_else(|| format!("{string:?}: {reply:?}"))
    });
    let arrived = origin.requests();
    for string in &strings {
        let percent = percent(string);
        let target = format!("POST /v2/?category=domain&action=check&domains={percent} HTTP/1.1");
        assert!(
            arrived
                .iter()
                .any(|request| request.message.first_line() == target),
            "{string:?}"
        );
    }
    closed_in_order(&nicetap.stop(), strings.len());
    say(&format!("{} inputs, {good} as expected", strings.len()));
    assert_eq!(good, strings.len());
}

/// Our own hostile inputs, where each belongs: on the port, inside TLS, as a CONNECT, where TLS is due, as a reply.
#[test]
fn every_hostile_input_is_recorded_and_ends() {
    let Some(rows) = lines("hostile.jsonl") else {
        return;
    };
    // Those of the upstream's TLS have servers of their own, in `proxy/verification.rs`.
    // What is too large for the list is made in `proxy/hostile.rs` and `proxy/limits.rs`.
    let is_whole = |row: &Value| !row["note"].as_str().unwrap().starts_with("too large");
    let rows: Vec<Value> = rows
        .into_iter()
        .filter(|row| row["where"] != "U" && is_whole(row))
        .collect();
    let replies: Vec<(String, Vec<u8>)> = rows
        .iter()
        .filter(|row| row["where"] == "R")
        .map(|row| (row["id"].as_str().unwrap().to_owned(), bytes_of(row)))
        .collect();
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], move |conversation| {
        while let Some(request) = conversation.request()? {
            let wanted = request.field("x-reply");
            let row = replies.iter().find(|(id, _)| Some(id) == wanted.as_ref());
            let Some((_, bytes)) = row else {
                conversation.send(success(&request))?;
                continue;
            };
            conversation.send(bytes)?;
            return Ok(());
        }
        Ok(())
    });
    let options = Options::default()
        .connect_to(API, 443, origin.addr())
        .connect_to(API, 80, origin.addr());
    let mut nicetap = Nicetap::start(nowhere(options.trust(&authority)));
    let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
    let seen = Mutex::new(Vec::new());
    let good = in_lanes(
        &rows,
        || (),
        |(), row| {
            let client = play(row, &nicetap, &trust)?;
            seen.lock().unwrap().push((row["id"].to_string(), client));
            Ok(())
        },
    );
    assert!(nicetap.is_alive(), "{}", nicetap.console());
    // A good request works at once.
    let mut client = RawClient::tunnel(nicetap.addr(), API, &trust).unwrap();
    client
        .send(format!("GET /v2/ HTTP/1.1\r\nHost: {API}\r\n\r\n"))
        .unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let memory = nicetap.peak_memory();
    assert!(memory < 96 * 1024, "{memory} KiB");
    let stopped = nicetap.stop();
    closed_in_order(&stopped, 0);
    for (id, client) in seen.into_inner().unwrap() {
        let mut of_it = stopped
            .records
            .iter()
            .filter(|it| it["client"]["addr"] == *client);
        let recorded = of_it.any(|it| it["event"] != "request");
        assert!(
            recorded || UNRECORDED.iter().any(|(other, _)| id.contains(other)),
            "{id}"
        );
    }
    say(&format!("{} inputs, {good} as expected", rows.len()));
    assert_eq!(good, rows.len());
}

fn play(row: &Value, nicetap: &Nicetap, trust: &Arc<ClientConfig>) -> Result<String, String> {
    let bytes = fill_in(&bytes_of(row), API);
    let id = row["id"].as_str().unwrap();
    let mut client = match row["where"].as_str().unwrap() {
        "P" | "C" | "H" => RawClient::plain(nicetap.addr()),
        _ => RawClient::tunnel(nicetap.addr(), API, trust).unwrap(),
    };
    let sent = match row["where"].as_str().unwrap() {
        "R" => format!("GET /v2/ HTTP/1.1\r\nHost: {API}\r\nX-Reply: {id}\r\n\r\n").into_bytes(),
        "H" => {
            client.connect(&format!("{API}:443")).unwrap();
            bytes
        }
        _ => bytes,
    };
    let local = client.local().to_string();
    // It may be refused before all is sent.
    let _ = client.send(&sent);
    let (received, _, hangs) = listen(&mut client);
    if hangs {
        return Err(format!("{id}: no end"));
    }
    let received = String::from_utf8_lossy(&received);
    let passed = received.contains(" 200 ") && !received.contains("Proxy-Status: nicetap");
    let expected = row["expect"].as_str().unwrap();
    let is_wrong = match row["where"].as_str().unwrap() {
        "P" | "T" | "C" if expected.starts_with('4') && !expected.contains("pass") => passed,
        "T" if expected.starts_with("pass") => !passed,
        _ => false,
    };
    if is_wrong && !DIFFERENT.iter().any(|(other, _)| *other == id) {
        return Err(format!("{id}: {expected}: {received}"));
    }
    Ok(local)
}

/// A run that ended well: no panic, every exchange recorded, and nothing of the corpus' secret anywhere.
fn closed_in_order(stopped: &Stopped, exchanges: usize) {
    assert!(stopped.status.success(), "{}", stopped.console);
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["not_recorded"], 0, "{stop:#}");
    assert!(stopped.of("exchange").len() >= exchanges, "{stop:#}");
    assert_eq!(stop["exchanges"], stopped.of("exchange").len(), "{stop:#}");
    let log = std::fs::read_to_string(stopped.home.path().join("home/log/nicetap.jsonl")).unwrap();
    for (what, text) in [("log", &log), ("console", &stopped.console)] {
        assert!(!text.contains("panicked"), "{what}: {text}");
        assert!(!text.contains(SECRET), "{what}");
        let raw = text.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(raw, None, "{what}");
    }
}

/// The text with each byte escaped.
fn percent(text: &str) -> String {
    let bytes: Vec<String> = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    bytes.concat()
}

fn head(method: &str, target: &str, fields: &str) -> Vec<u8> {
    let head = format!("{method} http://{API}{target} HTTP/1.1\r\nHost: {API}\r\n{fields}\r\n");
    head.into_bytes()
}

/// The secret of the hostile inputs.
const SECRET: &str = "kT9/fQ2z+Lw7!xRb4Vn8";

/// What leaves no record, and why.
const UNRECORDED: &[(&str, &str)] = &[
    ("Q01", "a blank line is no request"),
    ("Q06", "the path `/` is nicetap's own page"),
];

/// Where the contract differs from what the list expects.
const DIFFERENT: &[(&str, &str)] = &[("Q06", "the path `/` is nicetap's own page")];
