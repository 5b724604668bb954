//! Findings that no file of requests shows: how a call ended, what earlier calls say of it, what its tunnel says.
use std::io;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::stage::{CREDENTIAL, Stage, check, post, register};
use crate::support::authority::Authority;
use crate::support::origin::{Conversation, RawOrigin, answering, reply, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE};

pub(crate) fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap();
    let codes = findings.iter().map(|finding| finding["code"].as_str());
    codes.map(Option::unwrap).collect()
}

/// What is said of two paid calls, the same twice, of which the first is answered by this script.
fn of_a_repeated_call(
    first: impl Fn(&mut Conversation) -> io::Result<()> + Send + Sync + 'static,
) -> Vec<Value> {
    let then = answering(success);
    let stage = Stage::with(
        move |conversation| {
            if conversation.index() == 0 {
                first(conversation)
            } else {
                then(conversation)
            }
        },
        |options| options.argument("--guard").argument("off"),
    );
    let mut records = Vec::new();
    for _ in 0..2 {
        let mut client = stage.client();
        client.send(register()).unwrap();
        let _ = client.reply("GET");
        records.push(stage.exchange_of(&client));
    }
    records
}

#[test]
fn a_paid_call_that_is_sent_again_after_a_lost_reply_is_named() {
    let records = of_a_repeated_call(|conversation| {
        conversation.request()?;
        conversation.reset();
        Ok(())
    });
    assert!(!codes(&records[0]).contains(&"N503"), "{:#}", records[0]);
    assert!(codes(&records[1]).contains(&"N503"), "{:#}", records[1]);
}

#[test]
fn an_order_that_is_pending_and_sent_again_is_named() {
    let pending = br#"{"code":201,"msg":"pending","data":null}"#;
    let records = of_a_repeated_call(answering(|_| {
        reply("200 OK", "Content-Type: application/json\r\n", pending)
    }));
    assert!(codes(&records[0]).contains(&"N403"), "{:#}", records[0]);
    assert!(codes(&records[1]).contains(&"N505"), "{:#}", records[1]);
}

#[test]
fn a_paid_call_that_succeeded_and_is_sent_again_is_named() {
    let records = of_a_repeated_call(answering(success));
    assert!(!codes(&records[0]).contains(&"N501"), "{:#}", records[0]);
    assert!(codes(&records[1]).contains(&"N501"), "{:#}", records[1]);
}

#[test]
fn one_credential_for_both_systems_is_named() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API, SANDBOX], answering(success));
    let addr = origin.addr();
    let stage = Stage::before(authority, origin, |options| {
        options.connect_to(SANDBOX, 443, addr)
    });
    let (_, first) = stage.ask(check(""));
    assert!(!codes(&first).contains(&"N504"), "{first:#}");
    let mut client = RawClient::tunnel(stage.nicetap.addr(), SANDBOX, &stage.trust).unwrap();
    client.send(check("").replace(API, SANDBOX)).unwrap();
    client.reply("GET").unwrap();
    let second = stage.exchange_of(&client);
    assert!(codes(&second).contains(&"N504"), "{second:#}");
}

#[test]
fn a_client_that_waits_for_a_100_that_does_not_come_is_named() {
    let stage = Stage::new(|conversation| {
        let Some(mut request) = conversation.head()? else {
            return Ok(());
        };
        conversation.body(&mut request)?;
        conversation.send(success(&request))
    });
    let mut client = stage.client();
    let fields = "Content-Length: 2\r\nExpect: 100-continue\r\n";
    client.send(post(fields)).unwrap();
    assert_eq!(client.head().unwrap().status(), 100);
    client.send("{}").unwrap();
    client.reply("POST").unwrap();
    let record = stage.exchange_of(&client);
    assert!(codes(&record).contains(&"N719"), "{record:#}");
}

#[test]
fn the_guard_that_reads_a_body_first_does_not_blame_the_server_for_a_missing_100() {
    let stage = Stage::with(answering(success), |options| {
        options.argument("--guard").argument("block")
    });
    let mut client = stage.client();
    let body = r#"{"category":"domain","action":"check","domains":"example.com"}"#;
    let fields = format!("Content-Length: {}\r\nExpect: 100-continue\r\n", body.len());
    let head = post(&fields).replace("?category=domain&action=check&domains=example.com", "");
    client.send(head).unwrap();
    assert_eq!(client.head().unwrap().status(), 100);
    client.send(body).unwrap();
    let record = stage.exchange_of(&client);
    assert!(!codes(&record).contains(&"N719"), "{record:#}");
}

#[test]
fn a_client_that_gives_up_before_the_reply_is_named() {
    let (go_on, may_go_on) = channel::<()>();
    let may_go_on = Mutex::new(may_go_on);
    let stage = Stage::new(move |conversation| {
        let Some(request) = conversation.request()? else {
            return Ok(());
        };
        let _ = may_go_on.lock().unwrap().recv_timeout(PATIENCE);
        let whole = success(&request);
        let (head, body) = whole.split_at(whole.len() - 5);
        conversation.send(head)?;
        conversation.send(body)
    });
    let mut client = stage.client();
    client.send(check("")).unwrap();
    let local = client.local().to_string();
    stage.origin.wait_for_requests(1);
    client.reset();
    go_on.send(()).unwrap();
    let record = stage.nicetap.wait_for("the exchange", |record| {
        record["event"] == "exchange" && record["client"]["addr"] == *local
    });
    assert!(codes(&record).contains(&"N720"), "{record:#}");
}

#[test]
fn a_credential_on_the_connect_is_named() {
    let stage = Stage::new(answering(success));
    let mut client = RawClient::plain(stage.nicetap.addr());
    let connect = format!(
        "CONNECT {API}:443 HTTP/1.1\r\nHost: {API}:443\r\nAuthorization: {CREDENTIAL}\r\n\r\n"
    );
    client.send(connect).unwrap();
    assert_eq!(client.head().unwrap().status(), 200);
    let mut client = client.into_tls(API, &stage.trust).unwrap();
    client.send(check("")).unwrap();
    client.reply("GET").unwrap();
    let record = stage.exchange_of(&client);
    assert!(codes(&record).contains(&"N125"), "{record:#}");
    let sent = &stage.origin.requests()[0].message;
    assert!(sent.field("authorization").is_some());
}

#[test]
fn a_credential_in_a_trailer_is_named_and_goes_nowhere() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    let call = check("Transfer-Encoding: chunked\r\n")
        .replacen("GET", "POST", 1)
        .replace(&format!("Authorization: {CREDENTIAL}\r\n"), "");
    client
        .send(format!("{call}0\r\nAuthorization: {CREDENTIAL}\r\n\r\n"))
        .unwrap();
    assert_eq!(client.reply("POST").unwrap().status(), 400);
    let record = stage.exchange_of(&client);
    assert!(codes(&record).contains(&"N133"), "{record:#}");
    assert!(!record.to_string().contains("S3cr3t"), "{record:#}");
    assert!(stage.origin.streams_from(0).iter().all(|stream| {
        let text = String::from_utf8_lossy(stream);
        !text.contains("S3cr3t")
    }));
}

#[test]
fn an_unlisted_action_is_said_once_a_run() {
    let stage = Stage::new(answering(success));
    let unlisted = |action: &str| check("").replace("action=check", &format!("action={action}"));
    let mut said = Vec::new();
    for action in ["lock_on", "lock_on", "lock_off", "lock_on", "check"] {
        let (_, record) = stage.ask(unlisted(action));
        said.push(codes(&record).contains(&"N302"));
    }
    assert_eq!(said, [true, false, true, false, false]);
    let stopped = stage.nicetap.stop();
    let requests = stopped.of("request");
    let said = requests.iter().map(|line| codes(line).contains(&"N302"));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [true, false, true, false, false],
        "both lines of a call say the same"
    );
    let stop = stopped.records.last().unwrap();
    assert_eq!(stop["findings"]["N302"], 2, "{stop:#}");
}

const SANDBOX: &str = "sandbox-api.nicenic.net";
