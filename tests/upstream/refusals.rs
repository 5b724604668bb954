//! What a proxy refuses, what is refused of a proxy, and how both are told.
use std::net::TcpListener;

use serde_json::Value;

use crate::stage::{PASSWORD, READ, Stage, request, scripted, serve};
use crate::support::API;
use crate::support::forwarder::Forwarder;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{RawOrigin, answering, success};
use crate::support::raw::RawClient;

#[test]
fn a_missing_and_a_wrong_login_are_told_apart_from_the_apis_own() {
    let http = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let socks = Forwarder::socks(Some(("bob", PASSWORD)));
    for (url, told) in [
        (
            format!("http://{}", http.addr()),
            "wants a user and password (407)",
        ),
        (
            format!("http://bob:no@{}", http.addr()),
            "refuses the user and password",
        ),
        (
            format!("socks5://{}", socks.addr()),
            "wants a user and password",
        ),
        (
            format!("socks5://bob:no@{}", socks.addr()),
            "refuses the user and password",
        ),
    ] {
        let stage = Stage::before(&url);
        let record = stage.check_failure(502, "proxy_configuration_error", told);
        let peer = record["egress"]["peer"].as_str().unwrap();
        assert!(url.ends_with(peer), "{peer}: where the connection went");
    }
}

#[test]
fn a_407_for_a_whole_url_is_not_passed_to_the_client() {
    let proxy = Forwarder::http(Some(&format!("bob {PASSWORD}")));
    let origin = RawOrigin::plain(answering(success));
    let nicetap = Nicetap::start(
        Options::default()
            .env(
                "NICETAP_UPSTREAM_PROXY",
                &format!("http://{}", proxy.addr()),
            )
            .argument("--base-url")
            .argument(&format!("http://{}", origin.addr())),
    );
    let mut client = RawClient::plain(nicetap.addr());
    client.send(request(READ)).unwrap();
    let reply = client.reply("GET").unwrap();
    assert_eq!(reply.status(), 502);
    let body = reply.json();
    assert!(
        body["msg"]
            .as_str()
            .unwrap()
            .contains("wants a user and password (407)"),
        "{body:#}"
    );
    assert!(origin.requests().is_empty());
}

#[test]
fn what_an_http_proxy_refuses_is_told_by_its_kind() {
    for (answer, status, word, told) in [
        (
            "HTTP/1.1 403 No\r\n\r\n",
            502,
            "http_request_denied",
            "it answers 403",
        ),
        (
            "HTTP/1.1 503 No\r\n\r\n",
            502,
            "destination_unavailable",
            "did not reach `api.nicenic.net:443`",
        ),
        (
            "HTTP/1.1 504 No\r\n\r\n",
            504,
            "connection_timeout",
            "in time",
        ),
        (
            "HTTP/1.1 302 No\r\n\r\n",
            502,
            "http_protocol_error",
            "where a tunnel was asked for",
        ),
        (
            "SSH-2.0-x\r\n\r\n",
            502,
            "http_protocol_error",
            "as an HTTP proxy does",
        ),
        ("", 502, "connection_terminated", "without an answer"),
        (
            "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\n\r\n",
            502,
            "proxy_configuration_error",
            "another kind of login than Basic",
        ),
    ] {
        let proxy = scripted(answer.as_bytes(), b"\r\n\r\n");
        let stage = Stage::straight(&format!("http://{}", proxy.addr()));
        stage.check_failure(status, word, told);
        // The name goes to the proxy, which finds its addresses.
        let asked = String::from_utf8(proxy.streams_from(0).concat()).unwrap();
        assert!(
            asked.starts_with(
                "CONNECT api.nicenic.net:443 HTTP/1.1\r\nHost: api.nicenic.net:443\r\n"
            ),
            "{asked}"
        );
    }
}

#[test]
fn what_a_socks_proxy_refuses_is_told_by_its_kind() {
    for (code, word, told) in [
        (1, "destination_unavailable", "it does not say why"),
        (2, "http_request_denied", "its rules forbid it"),
        (3, "destination_ip_unroutable", "no route"),
        (4, "destination_ip_unroutable", "no route"),
        (5, "connection_refused", "refused"),
        (6, "destination_ip_unroutable", "no route"),
        (
            7,
            "proxy_configuration_error",
            "does not know such requests",
        ),
        (
            8,
            "proxy_configuration_error",
            "does not know such requests",
        ),
    ] {
        let proxy = RawOrigin::plain(move |conversation| {
            conversation.read_some()?;
            conversation.send([5, 0])?;
            conversation.read_some()?;
            conversation.send([5, code, 0, 1, 0, 0, 0, 0, 0, 0])
        });
        let stage = Stage::straight(&format!("socks5://{}", proxy.addr()));
        stage.check_failure(502, word, told);
        let sent = proxy.streams_from(0).concat();
        let name = [&[3, 15][..], API.as_bytes(), &[1, 187]].concat();
        assert!(sent.ends_with(&name), "{sent:?}");
    }
    let proxy = scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n", &[5, 1, 0]);
    let stage = Stage::straight(&format!("socks5://{}", proxy.addr()));
    stage.check_failure(502, "http_protocol_error", "as a SOCKS 5 proxy does");
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for scheme in ["http", "https", "socks5"] {
        let stage = Stage::straight(&format!("{scheme}://{free}"));
        let record = stage.check_failure(
            502,
            "connection_refused",
            &format!("the upstream proxy {scheme}://{free} cannot be used"),
        );
        assert_eq!(record["egress"]["peer"], Value::Null, "{record:#}");
    }
    let stage = Stage::straight("http://no-such-proxy.invalid:3128");
    stage.check_failure(502, "dns_error", "`no-such-proxy.invalid` was not found");
}

#[test]
fn nicetap_is_not_its_own_proxy() {
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let port = free.port();
    let ended = serve(
        &["--listen", &free.to_string()],
        "NICETAP_UPSTREAM_PROXY",
        &format!("http://localhost:{port}"),
    );
    assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
    assert!(
        ended.stderr.contains("is nicetap itself"),
        "{}",
        ended.stderr
    );

    // What the start cannot see is found when it is dialled.
    let stage = Stage::on(free, &format!("http://[::ffff:127.0.0.1]:{port}"));
    stage.check_failure(502, "proxy_loop_detected", "leads back to nicetap itself");
}

#[test]
fn an_address_that_is_never_dialled_is_not_dialled_through_a_proxy_either() {
    let proxy = scripted(b"HTTP/1.1 200 OK\r\n\r\n", b"\r\n\r\n");
    let stage = Stage::straight(&format!("http://{}", proxy.addr()));
    let own = format!("localhost:{}", stage.nicetap.addr().port());
    for (authority, status) in [("169.254.169.254:80", 403), (own.as_str(), 502)] {
        let mut client = RawClient::plain(stage.nicetap.addr());
        assert_eq!(
            client.connect(authority).unwrap().status(),
            status,
            "{authority}"
        );
    }
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn a_login_on_the_command_line_is_refused_and_not_repeated() {
    let url = format!("http://bob:{PASSWORD}@proxy.example:3128");
    for arguments in [
        vec!["--upstream-proxy".to_owned(), url.clone()],
        vec![format!("--upstream-proxy={url}")],
        vec!["--upstream-proxy".to_owned(), url.replace(":3128", ":x")],
    ] {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let ended = serve(&arguments, "UNUSED", "");
        assert_eq!(ended.status.code(), Some(2), "{}", ended.stderr);
        assert!(!ended.stderr.contains(PASSWORD), "{}", ended.stderr);
    }
    let ended = serve(&["--upstream-proxy", &url], "UNUSED", "");
    assert!(
        ended.stderr.contains("NICETAP_UPSTREAM_PROXY"),
        "{}",
        ended.stderr
    );
}
