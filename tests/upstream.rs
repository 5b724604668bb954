//! Out through another proxy: real ones that work, and scripted ones that refuse.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

#[path = "upstream/refusals.rs"]
mod refusals;
#[path = "upstream/stage.rs"]
mod stage;

use std::process::Command;
use std::time::Duration;

use stage::{PASSWORD, READ, Stage, request};
use support::authority::Authority;
use support::forwarder::{Forwarder, behind_tls};
use support::home::Home;
use support::nicetap::{Nicetap, Options};
use support::origin::{RawOrigin, answering, reply, success};
use support::process;
use support::raw::RawClient;

#[test]
fn a_call_goes_through_an_http_proxy() {
    let proxy = Forwarder::http(None);
    let stage = Stage::before(&format!("http://{}", proxy.addr()));
    let (reply, record) = stage.ask();
    assert_eq!(reply.status(), 200, "{}", reply.first_line());
    stage.check_route(&record, proxy.addr());
    // Bytes inside the tunnel are the client's own.
    assert_eq!(stage.origin.requests()[0].message.field("via"), None);
}

#[test]
fn a_login_is_used_and_shown_nowhere() {
    let proxy = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let url = format!("http://bob:{PASSWORD}@{}", proxy.addr());
    let stage = Stage::before(&url);
    let mut client = stage.client();
    // A client that has it too, and sends it where nobody looks for secrets.
    let path = format!("{READ}&note=x{PASSWORD}x");
    client.send(request(&path)).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let record = stage.exchange(&client);
    stage.check_route(&record, proxy.addr());
    let basic = "Ym9iOndhbmQzcmluZy1BbGJhdHJvc3MuNzc";
    let stopped = stage.nicetap.stop();
    let log = std::fs::read_to_string(stopped.home.path().join("home/log/nicetap.jsonl")).unwrap();
    for text in [&stopped.console, &log] {
        assert!(!text.contains(PASSWORD) && !text.contains(basic), "{text}");
    }
    assert!(log.contains("note=x‹secret:"), "{log}");
}

#[test]
fn socks_proxies_carry_calls_with_and_without_a_login() {
    let open = Forwarder::socks(None);
    let closed = Forwarder::socks(Some(("bob", PASSWORD)));
    for (url, proxy) in [
        (format!("socks5://{}", open.addr()), open.addr()),
        (format!("socks5h://{}", open.addr()), open.addr()),
        (
            format!("socks5://bob:{PASSWORD}@{}", closed.addr()),
            closed.addr(),
        ),
    ] {
        let stage = Stage::before(&url);
        let (reply, record) = stage.ask();
        assert_eq!(reply.status(), 200, "{url}");
        stage.check_route(&record, proxy);
    }
}

#[test]
fn a_proxy_over_tls_is_verified_like_any_server() {
    let proxy = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let authority = Authority::new();
    let trusted = behind_tls(
        authority.identity(&["127.0.0.1"]).server_config(),
        proxy.addr(),
    );
    let stage = Stage::trusting(&authority, &format!("https://bob:{PASSWORD}@{trusted}"));
    let (reply, record) = stage.ask();
    assert_eq!(reply.status(), 200);
    stage.check_route(&record, trusted);

    let stranger = Authority::self_signed(&["127.0.0.1"]);
    let unknown = behind_tls(stranger.server_config(), proxy.addr());
    let stage = Stage::before(&format!("https://{unknown}"));
    stage.check_failure(502, "tls_certificate_error", "vouches for itself");
}

#[test]
fn plain_http_goes_to_the_proxy_as_a_whole_url() {
    let proxy = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let origin = RawOrigin::plain(answering(success));
    let url = format!("http://bob:{PASSWORD}@{}", proxy.addr());
    let nicetap = Nicetap::start(
        Options::default()
            .env("NICETAP_UPSTREAM_PROXY", &url)
            .argument("--base-url")
            .argument(&format!("http://{}", origin.addr())),
    );
    let mut client = RawClient::plain(nicetap.addr());
    client.send(request(READ)).unwrap();
    assert_eq!(client.reply("GET").unwrap().status(), 200);
    let seen = &origin.requests()[0].message;
    assert!(
        seen.first_line()
            .starts_with(&format!("GET {READ} HTTP/1.")),
        "{}",
        seen.first_line()
    );
    assert_eq!(seen.field("host"), Some(origin.addr().to_string()));
    assert!(
        seen.field("via")
            .is_some_and(|via| via.contains("tinyproxy"))
    );
    assert_eq!(seen.field("proxy-authorization"), None);
    let record = nicetap.wait_for("the call", |record| record["event"] == "exchange");
    assert_eq!(record["egress"]["chosen_by"], "upstream-proxy");
    let fidelity = record["fidelity"].to_string();
    assert!(
        fidelity.contains("whole URL for the upstream proxy"),
        "{fidelity}"
    );
}

#[test]
fn tunnels_out_of_scope_take_the_same_way() {
    let origin = RawOrigin::plain(answering(success));
    let authority = format!("127.0.0.1:{}", origin.addr().port());
    for (scheme, proxy) in [
        ("http", Forwarder::http(None)),
        ("socks5", Forwarder::socks(None)),
    ] {
        let stage = Stage::before(&format!("{scheme}://{}", proxy.addr()));
        let mut client = RawClient::plain(stage.nicetap.addr());
        assert_eq!(client.connect(&authority).unwrap().status(), 200);
        client.send(request(READ)).unwrap();
        assert_eq!(client.reply("GET").unwrap().status(), 200);
        drop(client);
        let record = stage
            .nicetap
            .wait_for("the tunnel", |record| record["event"] == "tunnel");
        assert_eq!(
            record["egress"]["peer"],
            proxy.addr().to_string(),
            "{record:#}"
        );
    }
}

#[test]
fn the_variables_of_the_environment_count_as_for_curl() {
    let proxy = Forwarder::http(None);
    let url = format!("http://{}", proxy.addr());
    for (spared, chosen_by) in [
        ("example.com", "upstream-proxy"),
        (".nicenic.net", "nicetap"),
    ] {
        let stage = Stage::with(&Authority::new(), |options| {
            options
                .env("https_proxy", &url)
                .env("no_proxy", spared)
                .argument("--upstream-proxy")
                .argument("env")
        });
        let (reply, record) = stage.ask();
        assert_eq!(reply.status(), 200);
        assert_eq!(record["egress"]["chosen_by"], chosen_by, "{spared}");
    }
    let stage = Stage::with(&Authority::new(), |options| {
        options.env("https_proxy", &url)
    });
    let (_, record) = stage.ask();
    assert_eq!(record["egress"]["chosen_by"], "nicetap");
    let console = stage.nicetap.stop().console;
    assert!(
        console.contains("note: https_proxy set and not used"),
        "{console}"
    );
}

#[test]
fn probes_take_the_way_of_the_calls() {
    let proxy = Forwarder::http(None);
    let echo = RawOrigin::plain(answering(|_| {
        reply("200 OK", "Content-Type: text/plain\r\n", b"203.0.113.80")
    }));
    let refusing = RawOrigin::plain(answering(|_| {
        let body = b"{\"code\":400,\"msg\":\"Request parameter error\",\"data\":null}";
        reply("200 OK", "Content-Type: application/json\r\n", body)
    }));
    let nicetap = Nicetap::start(
        Options::default()
            .env(
                "NICETAP_UPSTREAM_PROXY",
                &format!("http://{}", proxy.addr()),
            )
            .argument("--egress-probe")
            .argument(&format!("http://{}/", echo.addr()))
            .argument("--whitelist")
            .argument("203.0.113.9")
            .argument("--base-url")
            .argument(&format!("http://{}", refusing.addr())),
    );
    let news = nicetap.wait_for("the probe", |record| record["event"] == "egress");
    assert_eq!(news["public"]["v4"], "203.0.113.80", "{news:#}");
    let via = echo.requests()[0].message.field("via");
    assert!(via.is_some_and(|via| via.contains("tinyproxy")));
    assert_eq!(
        echo.requests().len(),
        1,
        "asked once, not once for each family"
    );
    let mut client = RawClient::plain(nicetap.addr());
    client.send(request(READ)).unwrap();
    client.reply("GET").unwrap();
    let record = nicetap.wait_for("the call", |record| record["event"] == "exchange");
    assert_eq!(
        record["egress"]["public"]["v4"], "203.0.113.80",
        "{record:#}"
    );
    assert_eq!(record["egress"]["whitelisted"], false);
    let codes: Vec<&str> = record["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|finding| finding["code"].as_str())
        .filter(|code| code.starts_with("N6"))
        .collect();
    assert_eq!(codes, ["N610", "N617"], "{record:#}");
    let console = nicetap.stop().console;
    assert!(
        console.contains("NiceNIC will see the upstream proxy's address"),
        "{console}"
    );
}

#[test]
fn the_egress_command_asks_through_the_proxy_and_names_it() {
    let proxy = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let echo = RawOrigin::plain(answering(|_| {
        reply("200 OK", "Content-Type: text/plain\r\n", b"203.0.113.80")
    }));
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    command
        .args(["egress", "--home"])
        .arg(home.path())
        .arg("--egress-probe")
        .arg(format!("http://{}/", echo.addr()))
        .env(
            "NICETAP_UPSTREAM_PROXY",
            format!("http://bob:{PASSWORD}@{}", proxy.addr()),
        );
    let told = process::run(&mut command, b"", Duration::from_secs(20)).success("egress");
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("outbound IPv4  203.0.113.80"), "{told}");
    let through = format!("sent through http://{},", proxy.addr());
    assert!(told.contains(&through) && !told.contains("NAT"), "{told}");
    assert!(!told.contains(PASSWORD) && !told.contains("bob"), "{told}");
}
