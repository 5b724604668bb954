//! Out through another proxy: real ones that work, and scripted ones that refuse.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use serde_json::Value;

use support::authority::{Authority, client_config};
use support::forwarder::{Forwarder, behind_tls};
use support::home::Home;
use support::message::Message;
use support::nicetap::{Nicetap, Options};
use support::origin::{RawOrigin, answering, reply, success};
use support::raw::RawClient;
use support::{API, process};

const PASSWORD: &str = "wand3ring-Albatross.77";
const READ: &str = "/v2/?category=domain&action=check&domains=example.com";

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

/// A TLS origin that stands for the API, and a nicetap that reaches it through a proxy.
struct Stage {
    origin: RawOrigin,
    nicetap: Nicetap,
    trust: Arc<ClientConfig>,
}

impl Stage {
    fn before(url: &str) -> Self {
        Self::trusting(&Authority::new(), url)
    }

    /// Whose proxy may be vouched for by this authority too.
    fn trusting(authority: &Authority, url: &str) -> Self {
        Self::with(authority, |options| {
            options.env("NICETAP_UPSTREAM_PROXY", url)
        })
    }

    fn with(authority: &Authority, more: impl FnOnce(Options) -> Options) -> Self {
        let origin = RawOrigin::tls(authority, &[API], answering(success));
        let options = Options::default()
            .connect_to(API, 443, origin.addr())
            .trust(authority);
        Self::started(origin, more(options))
    }

    /// Whose proxy is asked for the API by its name.
    fn straight(url: &str) -> Self {
        let origin = RawOrigin::plain(answering(success));
        Self::started(
            origin,
            Options::default().env("NICETAP_UPSTREAM_PROXY", url),
        )
    }

    /// The same, with this address.
    fn on(listen: SocketAddr, url: &str) -> Self {
        let origin = RawOrigin::plain(answering(success));
        let options = Options::default().env("NICETAP_UPSTREAM_PROXY", url);
        Self::started(
            origin,
            options.argument("--listen").argument(&listen.to_string()),
        )
    }

    fn started(origin: RawOrigin, options: Options) -> Self {
        let nicetap = Nicetap::start(options);
        let trust = client_config(&std::fs::read_to_string(nicetap.root_pem()).unwrap());
        Self {
            origin,
            nicetap,
            trust,
        }
    }

    fn client(&self) -> RawClient {
        RawClient::tunnel(self.nicetap.addr(), API, &self.trust).unwrap()
    }

    fn ask(&self) -> (Message, Value) {
        let mut client = self.client();
        client.send(request(READ)).unwrap();
        let reply = client.reply("GET").unwrap();
        (reply, self.exchange(&client))
    }

    fn exchange(&self, client: &RawClient) -> Value {
        let local = client.local().to_string();
        self.nicetap.wait_for("the exchange", |record| {
            record["event"] == "exchange" && record["client"]["addr"] == *local
        })
    }

    fn check_route(&self, record: &Value, proxy: SocketAddr) {
        let egress = &record["egress"];
        assert_eq!(egress["chosen_by"], "upstream-proxy", "{record:#}");
        assert_eq!(egress["peer"], proxy.to_string(), "{record:#}");
        assert!(record["timing"]["tls_ms"].is_number(), "{record:#}");
        assert_eq!(self.origin.connections(), 1);
    }

    /// A call that does not come through, and what is told of it.
    fn check_failure(&self, status: u16, word: &str, told: &str) -> Value {
        let (reply, record) = self.ask();
        assert_eq!(reply.status(), status, "{told}: {}", reply.first_line());
        let mark = reply.field("proxy-status").unwrap();
        assert!(mark.contains(&format!("error={word}")), "{told}: {mark}");
        let body = reply.json();
        assert_eq!(body["nicetap"]["stage"], "connect", "{body:#}");
        let reason = body["nicetap"]["reason"].as_str().unwrap();
        assert!(
            reason.contains("the upstream proxy ") && reason.contains(told),
            "{reason}"
        );
        let hint = body["nicetap"]["hint"].as_str().unwrap();
        assert!(hint.contains("nothing reached NiceNIC"), "{hint}");
        assert_eq!(record["failure"]["stage"], "connect", "{record:#}");
        assert_eq!(record["failure"]["reason"], *reason, "{record:#}");
        assert_eq!(record["diagnosis"]["verdict"], "unreachable", "{record:#}");
        record
    }
}

/// A proxy that reads until these bytes, answers with those, and ends.
fn scripted(answer: &'static [u8], until: &'static [u8]) -> RawOrigin {
    RawOrigin::plain(move |conversation| {
        let mut seen = Vec::new();
        while !seen.ends_with(until) {
            let more = conversation.read_some()?;
            if more.is_empty() {
                return Ok(());
            }
            seen.extend(more);
        }
        conversation.send(answer)
    })
}

fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: {API}\r\nAuthorization: alice:not-a-real-secret\r\nContent-Type: application/json\r\n\r\n"
    )
}

/// Starts `serve` with one variable, and waits for it to give up.
fn serve(arguments: &[&str], name: &str, value: &str) -> process::Ended {
    let home = Home::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_nicetap"));
    command
        .args(["serve", "--no-ui", "--home"])
        .arg(home.path())
        .args(arguments)
        .env(name, value);
    process::run(&mut command, b"", Duration::from_secs(20))
}
