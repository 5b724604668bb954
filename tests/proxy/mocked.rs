//! Under `--mock` nothing reaches the real host once nicetap cannot or may not look: its user was told that nothing is
//! bought. (Clients that distrust nicetap, and other hosts, are in `routes.rs`.)
use crate::stage::{Stage, register};
use crate::support::origin::{answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, eventually};

/// What stands at the real host's address is the stage's origin.
fn mocked(more: &[&str]) -> Stage {
    Stage::with(answering(success), |options| {
        let options = options.argument("--mock");
        more.iter()
            .fold(options, |options, it| options.argument(it))
    })
}

fn reaches_nobody(stage: &Stage) {
    let tunnel = stage.nicetap.wait_for("the refused tunnel", |record| {
        record["event"] == "tunnel" && record["failure"].is_object()
    });
    let reason = tunnel["failure"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("the mock stands for this host"),
        "{tunnel:#}"
    );
    assert_eq!(stage.origin.connections(), 0);
}

#[test]
fn what_is_neither_tls_nor_http_does_not_reach_the_real_host() {
    let stage = mocked(&[]);
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    client.send(b"\0register").unwrap();
    assert_eq!(client.read_some().unwrap(), b"");
    reaches_nobody(&stage);
}

#[test]
fn nor_does_a_call_when_the_time_is_over() {
    let stage = mocked(&["--for", "100ms"]);
    eventually("the end of the time", || {
        let console = stage.nicetap.console();
        console
            .contains("the mock's calls through CONNECT are refused from now on")
            .then_some(())
    });
    let mut client = RawClient::plain(stage.nicetap.addr());
    let reply = client.connect(&format!("{API}:443")).unwrap();
    assert_eq!(reply.status(), 502);
    // The base URL still stands for the mock.
    let mut based = RawClient::plain(stage.nicetap.addr());
    based.send(register()).unwrap();
    let reply = based.reply("GET").unwrap();
    assert!(String::from_utf8_lossy(&reply.body).contains("nicetap mock"));
    reaches_nobody(&stage);
}
