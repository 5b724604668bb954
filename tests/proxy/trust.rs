//! Clients that do not know nicetap's root, and clients that take any.
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection};
use serde_json::Value;

use crate::findings::codes;
use crate::stage::{CREDENTIAL, Stage, check, text_of, trust};
use crate::support::authority::{Authority, client_config};
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, PATIENCE, process, write};

#[test]
fn a_client_that_refuses_the_certificate_passes_unread_next_time() {
    let stage = Stage::new(answering(success));
    let stranger = client_config(&stage.authority.pem());
    assert!(RawClient::tunnel(stage.nicetap.addr(), API, &stranger).is_err());
    let record = stage
        .nicetap
        .wait_for("the refusal", |record| record["event"] == "connection");
    assert_eq!(record["stage"], "tls", "{record:#}");
    assert!(
        text_of(&record["reason"]).contains("does not trust"),
        "{record:#}"
    );
    let mut client = RawClient::tunnel(stage.nicetap.addr(), API, &stranger).unwrap();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.end();
    assert_eq!(stage.record_of("tunnel", &client)["why"], "distrust");
}

#[test]
fn a_client_that_leaves_before_it_saw_a_certificate_is_not_taken_for_distrust() {
    let stage = Stage::new(answering(success));
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    client.send(b"\x16\x03\x01\x02\x00\x01").unwrap();
    client.end();
    let record = stage.record_of("connection", &client);
    assert_eq!(record["stage"], "tls", "{record:#}");
    // It is still looked into.
    let (reply, _) = stage.ask(check(""));
    assert_eq!(reply.status(), 200);
}

#[test]
fn one_program_that_refuses_the_certificate_does_not_blind_nicetap_for_others() {
    // On a busy machine curl may have ended before it is found out who it was. What is not known tells nobody apart.
    let told_apart = (0..MOST_TRIES).any(|_| {
        let stage = Stage::new(answering(success));
        let root = stage.nicetap.home().join("origin-ca.pem");
        write(&root, stage.authority.pem());
        let curl = || {
            let mut command = Command::new("curl");
            command
                .args(["--silent", "--output", "/dev/null", "--proxy"])
                .arg(format!("http://{}", stage.nicetap.addr()))
                .arg("--cacert")
                .arg(&root)
                .arg(format!("https://{API}/v2/"));
            process::run(&mut command, b"", PATIENCE).status
        };
        assert!(!curl().success(), "it does not know nicetap's root");
        let refusal = stage.nicetap.wait_for("the refusal", |record| {
            record["event"] == "connection" && record["stage"] == "tls"
        });
        if refusal["client"]["process"] != "curl" {
            return false;
        }
        let (reply, _) = stage.ask(check(""));
        assert_eq!(reply.status(), 200);
        assert!(curl().success(), "another curl passes unread");
        let tunnel = stage
            .nicetap
            .wait_for("the tunnel", |record| record["event"] == "tunnel");
        assert_eq!(tunnel["why"], "distrust", "{tunnel:#}");
        true
    });
    assert!(told_apart, "curl is never told");
}

#[test]
fn a_client_that_leaves_with_the_certificate_unread_is_not_taken_for_distrust() {
    let stage = Stage::new(answering(success));
    for _ in 0..3 {
        let mut client = RawClient::plain(stage.nicetap.addr());
        client.connect(&format!("{API}:443")).unwrap();
        client.send(hello(API, &stage.trust)).unwrap();
        let local = client.local().to_string();
        client.reset();
        let record = stage.nicetap.wait_for("the connection", |record| {
            record["event"] == "connection" && record["client"]["addr"] == *local
        });
        assert_eq!(record["stage"], "tls", "{record:#}");
        let (reply, _) = stage.ask(check(""));
        assert_eq!(reply.status(), 200);
    }
}

/// The first bytes that a client sends in TLS.
pub(crate) fn hello(host: &str, trust: &Arc<ClientConfig>) -> Vec<u8> {
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::clone(trust), name).unwrap();
    let mut bytes = Vec::new();
    client.write_tls(&mut bytes).unwrap();
    bytes
}

#[test]
fn a_distrusting_client_fails_where_that_is_wanted() {
    let stage = Stage::with(answering(success), |options| {
        options.argument("--on-distrust").argument("fail")
    });
    let stranger = client_config(&stage.authority.pem());
    for _ in 0..2 {
        assert!(RawClient::tunnel(stage.nicetap.addr(), API, &stranger).is_err());
    }
    let stopped = stage.nicetap.stop();
    assert_eq!(stopped.of("connection").len(), 2);
    assert_eq!(stopped.of("tunnel").len(), 0);
}

/// Not on a `Stage`, which reads the root for its clients.
#[test]
fn a_client_that_takes_any_certificate_is_named_once_while_nobody_can_know_the_root() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let options = Options::default()
        .connect_to(API, 443, origin.addr())
        .trust(&authority);
    let nicetap = Nicetap::start(options);
    if !keeps_access_times(&nicetap) {
        crate::support::say("skipped: this file system keeps no access times");
        return;
    }
    let mut said = Vec::new();
    for _ in 0..2 {
        let record = by_curl(&nicetap, &["--insecure"]);
        said.push(codes(&record).contains(&"N722"));
    }
    assert_eq!(said, [true, false]);
    let config = trust(&nicetap);
    let mut client = RawClient::tunnel(nicetap.addr(), API, &config).unwrap();
    client
        .send(check("").replacen("check", "get_price", 1))
        .unwrap();
    client.reply("GET").unwrap();
    let records =
        nicetap.wait_for_all("three exchanges", 3, |record| record["event"] == "exchange");
    assert!(!codes(&records[2]).contains(&"N722"), "{:#}", records[2]);
}

#[test]
fn a_client_that_knows_the_root_is_not_taken_for_one_that_takes_any() {
    let authority = Authority::new();
    let origin = RawOrigin::tls(&authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &authority);
    let root = nicetap.root_pem();
    let record = by_curl(&nicetap, &["--cacert", root.to_str().unwrap()]);
    assert!(!codes(&record).contains(&"N722"), "{record:#}");
}

/// The record of one call by curl.
fn by_curl(nicetap: &Nicetap, options: &[&str]) -> Value {
    let is_exchange = |record: &Value| record["event"] == "exchange";
    let before = nicetap
        .records()
        .iter()
        .filter(|record| is_exchange(record))
        .count();
    let ended = process::run(
        Command::new("curl")
            .args(["--silent", "--show-error", "--proxy"])
            .arg(format!("http://{}", nicetap.addr()))
            .args(options)
            .args(["-H", "Content-Type: application/json", "-H"])
            .arg(format!("Authorization: {CREDENTIAL}"))
            .arg(format!(
                "https://{API}/v2/?category=domain&action=check&domains=example.com"
            )),
        b"",
        PATIENCE,
    );
    ended.success("curl");
    nicetap
        .wait_for_all("curl's exchange", before + 1, is_exchange)
        .remove(before)
}

fn keeps_access_times(nicetap: &Nicetap) -> bool {
    use std::fs::{File, FileTimes};
    let path = nicetap.home().join("probe");
    write(&path, "probe");
    let long_ago = FileTimes::new().set_accessed(std::time::SystemTime::UNIX_EPOCH);
    File::open(&path).unwrap().set_times(long_ago).unwrap();
    std::fs::read(&path).unwrap();
    let accessed = std::fs::metadata(&path).unwrap().accessed().unwrap();
    accessed != std::time::SystemTime::UNIX_EPOCH
}

#[test]
fn a_client_that_closes_right_after_the_handshake_is_noted() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    client.end();
    let record = stage.record_of("connection", &client);
    assert_eq!(record["stage"], "tls", "{record:#}");
    assert!(text_of(&record["reason"]).contains("pinning"), "{record:#}");
    assert_eq!(record["host"], API, "{record:#}");
    // One that has asked for something may leave as it likes.
    let mut client = stage.client();
    client.send(check("")).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    client.end();
    let stopped = stage.nicetap.stop();
    assert_eq!(stopped.of("connection").len(), 1);
}

#[test]
fn what_is_no_tls_after_the_handshake_is_not_taken_for_pinning() {
    let stage = Stage::new(answering(success));
    let mut client = stage.client();
    // A record of data that nobody has sealed.
    client
        .send_around_tls(&[&[23, 3, 3, 0, 20][..], &[0; 20]].concat())
        .unwrap();
    let record = stage.record_of("connection", &client);
    assert_eq!(record["stage"], "tls", "{record:#}");
    let reason = text_of(&record["reason"]);
    // Where it arrives together with the end of the handshake, it breaks that.
    let told = [
        "breaks the rules of TLS",
        "TLS handshake with the client failed",
    ];
    assert!(told.iter().any(|told| reason.contains(told)), "{record:#}");
}

const MOST_TRIES: usize = 10;
