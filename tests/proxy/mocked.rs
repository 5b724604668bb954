//! Under `--mock` nothing reaches the real host, whatever becomes of the looking: its user was told that nothing is
//! bought.
use crate::stage::{Stage, check, register};
use crate::support::authority::client_config;
use crate::support::nicetap::Nicetap;
use crate::support::origin::{answering, success};
use crate::support::raw::RawClient;
use crate::support::{API, eventually};

/// What stands at the real host's address is the stage's origin.
fn mocked(more: &[&str]) -> Stage {
    Stage::with(answering(success), |options| {
        more.iter().fold(options.argument("--mock"), |options, it| {
            options.argument(it)
        })
    })
}

fn is_told_of_the_mock(nicetap: &Nicetap, count: usize) {
    let tunnels = nicetap.wait_for_all("the tunnel's record", count, |record| {
        record["event"] == "tunnel"
    });
    for tunnel in tunnels {
        let reason = tunnel["failure"]["reason"].as_str().unwrap();
        assert!(reason.contains("is the mock's"), "{tunnel:#}");
    }
}

#[test]
fn what_cannot_be_looked_into_does_not_reach_the_real_host() {
    let stage = mocked(&[]);
    let (reply, record) = stage.ask(check(""));
    assert_eq!(reply.status(), 200);
    assert_eq!(record["answer"]["by"], "mock", "{record:#}");
    // Neither TLS nor HTTP.
    let mut client = RawClient::plain(stage.nicetap.addr());
    client.connect(&format!("{API}:443")).unwrap();
    client.send(b"\0register").unwrap();
    assert_eq!(client.read_some().unwrap(), b"");
    is_told_of_the_mock(&stage.nicetap, 1);
    // A client that refuses the certificate, and would pass unread the next time.
    let foreign = client_config(&stage.authority.pem());
    let mut distrusting = RawClient::tunnel(stage.nicetap.addr(), API, &foreign);
    if let Ok(client) = &mut distrusting {
        client.send(register()).unwrap_err();
    }
    stage.nicetap.wait_for("its distrust", |record| {
        record["event"] == "connection" && record["stage"] == "tls"
    });
    let mut client = RawClient::plain(stage.nicetap.addr());
    let reply = client.connect(&format!("{API}:443")).unwrap();
    assert_eq!(reply.status(), 502);
    is_told_of_the_mock(&stage.nicetap, 2);
    assert_eq!(stage.origin.requests().len(), 0);
}

#[test]
fn nor_does_it_when_the_time_is_over() {
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
    is_told_of_the_mock(&stage.nicetap, 1);
    // The base URL still stands for the mock.
    let mut based = RawClient::plain(stage.nicetap.addr());
    based.send(register()).unwrap();
    let reply = based.reply("GET").unwrap();
    assert!(String::from_utf8_lossy(&reply.body).contains("nicetap mock"));
    assert_eq!(stage.origin.requests().len(), 0);
}

#[test]
fn the_mock_answers_for_no_host_that_is_not_looked_into() {
    let stage = Stage::with(answering(success), |options| options.argument("--mock"));
    let other = crate::support::origin::RawOrigin::plain(answering(success));
    let mut client = RawClient::plain(stage.nicetap.addr());
    let request = format!(
        "GET http://{0}/ HTTP/1.1\r\nHost: {0}\r\n\r\n",
        other.addr()
    );
    client.send(request).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    other.wait_for_requests(1);
}
