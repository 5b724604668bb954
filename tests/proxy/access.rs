//! What nicetap must not be used for: a way to addresses that are nobody's business, and a way into its own log.
use crate::stage::{Stage, check};
use crate::support::authority::Authority;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, reply, success};
use crate::support::raw::RawClient;
use crate::support::{API, eventually};

/// Link-local and metadata addresses, in every spelling that a resolver may take, through each door.
#[test]
fn metadata_is_dialled_in_no_spelling_and_through_no_door() {
    let nicetap = Nicetap::start(Options::default());
    for host in [
        "169.254.169.254",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "[::169.254.169.254]",
        "[64:ff9b::a9fe:a9fe]",
        "[2002:a9fe:a9fe::1]",
        "[fe80::1]",
        "[fe80::1%25lo]",
        "[fd00:ec2::254]",
        "[fd20:ce::254]",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    ] {
        let doors = [
            format!("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n"),
            format!("GET http://{host}/latest/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET https://{host}/latest/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ];
        for request in doors {
            let mut client = RawClient::plain(nicetap.addr());
            client.send(&request).unwrap();
            let reply = client.reply("GET").unwrap();
            // 400: no host at all to nicetap. 403: never dialled.
            let is_refused = [400, 403].contains(&reply.status());
            assert!(is_refused, "{request}: {}", reply.first_line());
            let local = client.local().to_string();
            drop(client);
            nicetap.wait_for("its record", |record| record["client"]["addr"] == *local);
        }
    }
    let stopped = nicetap.stop();
    let dialled = stopped
        .records
        .iter()
        .filter(|it| it["egress"]["peer"].is_string());
    assert_eq!(dialled.count(), 0);
}

/// Base-URL mode goes where the user's own setting says, whatever the client writes.
#[test]
fn base_url_mode_cannot_be_led_elsewhere() {
    let stage = Stage::new(answering(success));
    for (target, host) in [
        ("/v2/?a=1", "169.254.169.254"),
        ("//169.254.169.254/latest/", "169.254.169.254"),
        ("/v2/?a=1", "[fe80::1]:80"),
        ("/@169.254.169.254/", API),
    ] {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client
            .send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .unwrap();
        assert_eq!(
            client.reply("GET").unwrap().status(),
            200,
            "{target} {host}"
        );
        let record = stage.exchange_of(&client);
        let peer = record["egress"]["peer"].as_str().unwrap();
        assert!(peer.starts_with("127.0.0.1"), "{record:#}");
    }
    for request in stage.origin.requests() {
        assert_eq!(request.message.field("host").unwrap(), API);
    }
}

/// What a peer writes comes to the log and to the terminal as text: no line of its own, no colour, no direction.
#[test]
fn nobody_writes_into_the_log_or_to_the_terminal() {
    const FORGED: &str = "12:00:00.000 #9 → GET https://forged.example/";
    let hostile = format!("a\u{1b}[2J\u{9b}31m\u{202e}\u{2066}\u{2028}{FORGED}");
    let sent = hostile.clone();
    let stage = Stage::before(
        Authority::new(),
        RawOrigin::plain(answering(move |request| {
            if request.first_line().contains("binary") {
                return reply("200 OK\u{202e}", "X-Note: \u{1b}[2J\r\n", sent.as_bytes());
            }
            let body = serde_json::json!({"code": 400, "msg": format!("{sent}\r\n{FORGED}")});
            reply(
                "400 \u{202e}No",
                "Content-Type: application/json\r\n",
                body.to_string().as_bytes(),
            )
        })),
        |options| options.argument("-v"),
    );
    let url = format!("http://{API}/v2/");
    let percent: Vec<String> = hostile.bytes().map(|byte| format!("%{byte:02X}")).collect();
    let percent = percent.concat();
    // In the target, in fields, in the body, in a refused head, in a CONNECT, where TLS is due.
    let whole = check("").replacen("/v2/", &url, 1);
    let form = format!("domain={percent}%0D%0A{percent}");
    let requests: Vec<Vec<u8>> = vec![
        whole
            .replacen("example.com", &format!("{percent}%0D%0A{percent}"), 1)
            .into(),
        whole
            .replacen("example.com", &hostile.replace(['\u{1b}', ' '], ""), 1)
            .into(),
        whole.replace("GET /", "GET /binary/").into(),
        whole
            .replacen("\r\n\r\n", &format!("\r\nUser-Agent: {hostile}\r\n\r\n"), 1)
            .into(),
        whole
            .replacen("\r\n\r\n", &format!("\r\n{hostile}: x\r\n\r\n"), 1)
            .into(),
        whole
            .replacen(
                "\r\n\r\n",
                &format!("\r\nX: {}\r\n\r\n", hostile.replace('\u{1b}', "")),
                1,
            )
            .into(),
        whole
            .replacen("GET", "POST", 1)
            .replacen("application/json", "application/x-www-form-urlencoded", 1)
            .replacen(
                "\r\n\r\n",
                &format!("\r\nContent-Length: {}\r\n\r\n{form}", form.len()),
                1,
            )
            .into(),
        format!("CONNECT {hostile}:443 HTTP/1.1\r\n\r\n").into(),
        hostile.clone().into(),
    ];
    for request in &requests {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.send(request).unwrap();
        client.end();
        let _ = client.all();
        let local = client.local().to_string();
        eventually("its record", || {
            let records = stage.nicetap.records();
            let mut of_it = records.iter().filter(|it| it["client"]["addr"] == *local);
            of_it.any(|it| it["event"] != "request").then_some(())
        });
    }
    let stopped = stage.nicetap.stop();
    let log = std::fs::read(stopped.home.path().join("home/log/nicetap.jsonl")).unwrap();
    for (what, text) in [("log", &log[..]), ("console", stopped.console.as_bytes())] {
        let text = std::str::from_utf8(text).unwrap();
        let raw = text.chars().find(|c| {
            (c.is_control() && *c != '\n')
                || matches!(c, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        });
        assert_eq!(raw, None, "{what}: {}", text.escape_debug());
        assert!(
            !text.lines().any(|line| line.starts_with(FORGED)),
            "{what}: {text}"
        );
    }
    // Each line is a record, and each call has one.
    let lines = log
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty());
    assert_eq!(lines.count(), stopped.records.len());
}
