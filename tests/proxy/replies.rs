//! The outsiders' replies: each goes on as it came, or is told to be none.
use std::process::Command;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::stage::{CREDENTIAL, Stage, check};
use crate::support::origin::{answering, reply};
use crate::support::{PATIENCE, process, project, say};

/// Names and bytes; `None` without the corpus.
fn corpus() -> Option<Vec<(String, Vec<u8>)>> {
    let folder = std::env::var_os("NICETAP_CORPUS")
        .map_or_else(|| project("../shared/corpus"), std::path::PathBuf::from);
    let file = folder.join("responses.jsonl");
    let Ok(text) = std::fs::read_to_string(&file) else {
        say(&format!("skipped: no corpus at {}", file.display()));
        return None;
    };
    let read = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let field = |name: &str| line[name].as_str().unwrap().to_owned();
        (field("id"), BASE64.decode(field("b64")).unwrap())
    };
    Some(text.lines().map(read).collect())
}

#[test]
fn the_outsiders_replies_pass_as_they_came_or_are_told() {
    let Some(replies) = corpus() else { return };
    let sent: Vec<Vec<u8>> = replies.iter().map(|(_, bytes)| bytes.clone()).collect();
    let stage = Stage::new(move |conversation| {
        if let Some(request) = conversation.request()? {
            let number: usize = request.field("x-row").unwrap().parse().unwrap();
            conversation.send(&sent[number])?;
        }
        Ok(())
    });
    let mut received = Vec::new();
    for number in 0..replies.len() {
        let mut client = stage.client();
        let fields = format!("X-Row: {number}\r\nConnection: close\r\n");
        client.send(check(&fields)).unwrap();
        received.push(client.all().unwrap());
    }
    let stopped = stage.nicetap.stop();
    let exchanges = stopped.of("exchange");
    assert_eq!(exchanges.len(), replies.len());
    let (mut as_they_came, mut told, mut changed) = (0, 0, 0);
    // A connection ends after its record is on its way: they stand in order.
    for ((record, got), (name, bytes)) in exchanges.into_iter().zip(&received).zip(&replies) {
        let is_own = memchr::memmem::find(got, b"Proxy-Status: nicetap; error=").is_some();
        let by = &record["answer"]["by"];
        let seen = got.escape_ascii();
        assert_eq!(
            by == "nicetap",
            is_own,
            "{name}: {seen}: {}",
            record["failure"]
        );
        if is_own {
            let reason = &record["failure"]["reason"];
            assert!(
                reason.as_str().is_some_and(|reason| !reason.is_empty()),
                "{name}: {record:#}"
            );
            told += 1;
        } else if record["fidelity"].as_array().unwrap().is_empty() {
            // What comes after the reply's end is no part of it.
            assert!(bytes.starts_with(got), "{name}: {seen}");
            assert!(!got.is_empty(), "{name}");
            as_they_came += 1;
        } else {
            changed += 1;
        }
    }
    say(&format!(
        "{} replies: {as_they_came} as they came, {told} told as no reply, {changed} less what is named in fidelity",
        replies.len()
    ));
    let as_direct = as_they_came + changed;
    say(&format!(
        "{as_direct} of {} reach the client as they would without nicetap",
        replies.len()
    ));
    // What the best of the others carry: 430 of 490.
    assert!(as_direct * 490 >= 430 * replies.len());
}

#[test]
fn what_a_check_shows_of_the_reply_is_masked() {
    let (username, secret) = CREDENTIAL.split_once(':').unwrap();
    for (kind, body) in [
        (
            "application/json",
            r#"{"code":401,"msg":"no such user: SENT","data":{"authcode":"EPP-9c2Lq7"}}"#,
        ),
        (
            "text/html",
            "<p>Authorization: SENT</p><input name=\"authcode\" value=\"EPP-9c2Lq7\">",
        ),
    ] {
        let stage = Stage::new(answering(move |request| {
            let sent = request.field("authorization").unwrap();
            let body = body.replace("SENT", &sent);
            let fields = format!("Content-Type: {kind}\r\nConnection: close\r\n");
            reply("200 OK", &fields, body.as_bytes())
        }));
        let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
        command
            .args(["check", "--username", username])
            .env_clear()
            .env("NICETAP_HOME", stage.nicetap.home())
            .env("NICETAP_LISTEN", stage.nicetap.addr().to_string())
            .env("NICETAP_SECRET", secret);
        let ended = process::run(&mut command, b"", PATIENCE);
        let told = String::from_utf8_lossy(&ended.stdout).into_owned() + &ended.stderr;
        assert_eq!(ended.status.code(), Some(1), "{told}");
        assert!(told.contains("HTTP 200 through the nicetap on "), "{told}");
        // The reply did come, and is shown.
        assert!(told.contains("‹secret:"), "{told}");
        for hidden in [secret, "EPP-9c2Lq7"] {
            assert!(!told.contains(hidden), "{kind}: {told}");
        }
    }
}
