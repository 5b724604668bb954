//! Who may use the proxy: logins, users of this machine, other machines; and where those may not be carried to.
use std::net::{SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::stage::{Stage, check};
use crate::support::API;
use crate::support::message::Message;
use crate::support::nicetap::{Nicetap, Options};
use crate::support::origin::{answering, success};
use crate::support::raw::RawClient;
use crate::support::say;

const PASSWORD: &str = "correct-horse-battery";

fn basic(pair: &str) -> String {
    format!(
        "Proxy-Authorization: Basic {}\r\n",
        BASE64_STANDARD.encode(pair)
    )
}

fn connect(fields: &str) -> String {
    format!("CONNECT {API}:443 HTTP/1.1\r\nHost: {API}:443\r\n{fields}\r\n")
}

/// Sends this on a connection of its own; gives the reply, and the connection that the log has.
fn ask(nicetap: &Nicetap, request: &str) -> (Message, RawClient) {
    let mut client = RawClient::plain(nicetap.addr());
    client.send(request).unwrap();
    let method = request.split(' ').next().unwrap();
    let reply = if method == "CONNECT" {
        client.head().unwrap()
    } else {
        client.reply(method).unwrap()
    };
    (reply, client)
}

fn record_of(nicetap: &Nicetap, event: &str, client: &RawClient) -> Value {
    let local = client.local().to_string();
    nicetap.wait_for(event, |record| {
        record["event"] == event && record["client"]["addr"] == *local
    })
}

#[test]
fn without_its_login_the_proxy_carries_nothing_and_says_so() {
    let stage = Stage::with(answering(success), |options| {
        options
            .argument("--proxy-auth")
            .argument("bob")
            .env("NICETAP_PROXY_PASSWORD", PASSWORD)
    });
    let url = check("").replacen("/v2/", &format!("http://{API}/v2/"), 1);
    let wrong = [
        (String::new(), "the client sent no login"),
        (basic("bob:correct-horse-batterx"), "is not that of"),
        (basic("bob:"), "is not that of"),
        (basic("Bob:correct-horse-battery"), "is not that of"),
        (
            basic(&format!("bob:{PASSWORD}")).repeat(2),
            "is not that of",
        ),
        (
            format!("Proxy-Authorization: Bearer {PASSWORD}\r\n"),
            "is not that of",
        ),
        (
            format!("Proxy-Authorization: Basic bob:{PASSWORD}\r\n"),
            "is not that of",
        ),
    ];
    for (fields, reason) in &wrong {
        let absolute = url.replacen("\r\n\r\n", &format!("\r\n{fields}\r\n"), 1);
        for request in [connect(fields), absolute] {
            let (reply, client) = ask(&stage.nicetap, &request);
            assert_eq!(reply.status(), 407, "{request}");
            let challenge = reply.field("proxy-authenticate").unwrap();
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
            let record = record_of(&stage.nicetap, "connection", &client);
            assert_eq!(record["stage"], "proxy_auth");
            assert_eq!(record["answered"], 407);
            assert_eq!(record["raw"], Value::Null);
            assert!(
                record["reason"].as_str().unwrap().contains(reason),
                "{record}"
            );
        }
    }
    assert_eq!(stage.origin.requests().len(), 0);

    let right = basic(&format!("bob:{PASSWORD}"));
    let (reply, client) = ask(&stage.nicetap, &connect(&right));
    assert_eq!(reply.status(), 200);
    let mut inside = client.into_tls(API, &stage.trust).unwrap();
    inside.send(check("")).unwrap();
    assert_eq!(inside.reply("GET").unwrap().status(), 200);
    // What logs in here is not for the API; base-URL mode cannot carry it.
    let over_tls = url.replacen("http://", "https://", 1);
    let over_tls = over_tls.replacen("\r\n\r\n", &format!("\r\n{right}\r\n"), 1);
    for request in [over_tls, check("")] {
        assert_eq!(ask(&stage.nicetap, &request).0.status(), 200, "{request}");
    }
    for request in stage.origin.requests() {
        assert_eq!(request.message.field("proxy-authorization"), None);
    }
    let stopped = stage.nicetap.stop();
    let all = format!("{}{}", stopped.console, Value::from(stopped.records));
    for secret in [PASSWORD, &BASE64_STANDARD.encode(format!("bob:{PASSWORD}"))] {
        assert!(
            !all.contains(secret),
            "{secret} is in the log or on the console"
        );
    }
}

#[test]
fn a_password_that_nobody_gave_is_made_up_and_shown_once() {
    let nicetap = Nicetap::start(
        Options::default()
            .argument("--mock")
            .argument("--proxy-auth=bob"),
    );
    let console = nicetap.console();
    let shown: Vec<&str> = console
        .lines()
        .filter_map(|line| line.strip_prefix("proxy login: "))
        .collect();
    let [line] = shown.as_slice() else {
        panic!("not shown once: {console}");
    };
    let (pair, _) = line.split_once(' ').unwrap();
    let password = pair.strip_prefix("bob:").unwrap().to_owned();
    assert!(password.len() >= 20, "{password}");
    assert_eq!(ask(&nicetap, &connect(&basic("bob:guess"))).0.status(), 407);
    assert_eq!(ask(&nicetap, &connect(&basic(pair))).0.status(), 200);
    let stopped = nicetap.stop();
    assert_eq!(stopped.console.matches(&password).count(), 1);
    let home = stopped.home.path();
    let found = Command::new("grep")
        .args(["-r", "-F", &password])
        .arg(home)
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}

#[test]
fn the_password_may_lie_in_a_file() {
    let file = tempfile::NamedTempFile::new().unwrap();
    crate::support::write(file.path(), format!("{PASSWORD}\n"));
    let nicetap = Nicetap::start(
        Options::default()
            .argument("--mock")
            .argument("--proxy-auth=bob")
            .argument("--proxy-password-file")
            .argument(file.path().to_str().unwrap()),
    );
    let right = basic(&format!("bob:{PASSWORD}"));
    assert_eq!(ask(&nicetap, &connect(&right)).0.status(), 200);
    assert!(!nicetap.console().contains("proxy login:"));
}

/// The kernel says whose a connection is; who cannot be told is not served.
#[test]
fn only_the_users_that_are_named_are_served() {
    let me = rustix::process::getuid().as_raw();
    for (users, served) in [
        (format!("{me}"), true),
        (format!("{},{me}", me + 1), true),
        (format!("{}", me + 1), false),
    ] {
        let nicetap = Nicetap::start(
            Options::default()
                .argument("--mock")
                .argument("--only-user")
                .argument(&users),
        );
        let status = if served { 200 } else { 403 };
        for request in [
            connect(""),
            check(""),
            check("").replacen("/v2/", &format!("http://{API}/v2/"), 1),
        ] {
            let (reply, client) = ask(&nicetap, &request);
            assert_eq!(reply.status(), status, "{users}: {request}");
            if !served {
                let record = record_of(&nicetap, "connection", &client);
                let reason = record["reason"].as_str().unwrap();
                assert!(reason.contains("--only-user"), "{record}");
                assert_eq!(record["client"]["uid"], me);
            }
        }
        let (own, _) = ask(&nicetap, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(own.status(), 200);
    }
}

#[test]
fn for_others_no_private_address_is_dialled_unless_it_is_allowed() {
    let stage = |more: &str| {
        let more = more.to_owned();
        Stage::with(answering(success), move |options| {
            let options = options
                .argument("--allow-remote")
                .argument("--allow-from")
                .argument("192.0.2.0/24");
            if more.is_empty() {
                options
            } else {
                options.argument(&more)
            }
        })
    };
    let closed = stage("");
    let target = closed.origin.addr();
    let doors = |host: &str| {
        [
            format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n"),
            format!("GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
        ]
    };
    for host in [
        target.to_string(),
        format!("localhost:{}", target.port()),
        "[::ffff:10.0.0.1]:443".to_owned(),
        "192.168.0.1:443".to_owned(),
        "[fd00::1]:443".to_owned(),
    ] {
        for request in doors(&host) {
            let (reply, _) = ask(&closed.nicetap, &request);
            assert_eq!(reply.status(), 403, "{request}");
            if request.starts_with("CONNECT") {
                assert!(
                    reply.first_line().contains("private network"),
                    "{}",
                    reply.first_line()
                );
            }
        }
    }
    // What the user's own --connect-to names is reached.
    assert_eq!(closed.ask(check("")).0.status(), 200);
    let open = stage("--allow-private");
    let target = open.origin.addr().to_string();
    assert_eq!(ask(&open.nicetap, &doors(&target)[0]).0.status(), 200);
}

/// An address of this machine leads back to what listens on all of them.
#[test]
fn a_loop_is_refused_at_every_address_of_this_machine() {
    let nicetap = Nicetap::start(
        Options::default()
            .argument("--listen=0.0.0.0:0")
            .argument("--allow-remote")
            .argument("--allow-private")
            .argument("--allow-from=192.0.2.0/24"),
    );
    let start = nicetap.wait_for("start", |record| record["event"] == "start");
    let everywhere: SocketAddr = start["listen"][1].as_str().unwrap().parse().unwrap();
    let mut hosts = vec![
        "127.0.0.1".to_owned(),
        "127.9.9.9".to_owned(),
        "0.0.0.0".to_owned(),
    ];
    // Nothing is sent: the kernel only chooses an address.
    let route = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    hosts.extend(route.map(|own| own.ip().to_string()));
    for host in hosts {
        let port = everywhere.port();
        let request = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n");
        let (reply, _) = ask(&nicetap, &request);
        assert_eq!(reply.status(), 502, "{request}");
        assert!(
            reply.first_line().contains("leads back to nicetap itself"),
            "{}",
            reply.first_line()
        );
    }
}

/// Two machines: one with nicetap at 10.78.0.1, one with clients at 10.78.0.2 and 10.78.0.3.
struct Machines([String; 2]);

impl Machines {
    /// `None`, with a note, where they cannot be made.
    fn new() -> Option<Self> {
        static MADE: AtomicUsize = AtomicUsize::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let names =
            ["s", "c"].map(|part| format!("nicetap-{}-{number}-{part}", std::process::id()));
        let machines = Self(names);
        let [server, client] = &machines.0;
        let lines = [
            format!("ip netns add {server}"),
            format!("ip netns add {client}"),
            format!("ip -n {server} link set lo up"),
            format!("ip link add veth0 netns {server} type veth peer name veth1 netns {client}"),
            format!("ip -n {server} addr add 10.78.0.1/24 dev veth0"),
            format!("ip -n {client} addr add 10.78.0.2/24 dev veth1"),
            format!("ip -n {client} addr add 10.78.0.3/24 dev veth1"),
            format!("ip -n {server} link set veth0 up"),
            format!("ip -n {client} link set veth1 up"),
        ];
        for line in &lines {
            let mut words = line.split(' ');
            let output = Command::new(words.next().unwrap()).args(words).output();
            if !output.as_ref().is_ok_and(|output| output.status.success()) {
                say(&format!(
                    "note: skipped, no network namespaces here ({line}: {output:?})"
                ));
                return None;
            }
        }
        Some(machines)
    }

    fn nicetap(&self, options: Options) -> (Nicetap, u16) {
        let nicetap = Nicetap::start(
            options
                .started_by(&["ip", "netns", "exec", &self.0[0]])
                .argument("--mock")
                .argument("--listen=0.0.0.0:0")
                .argument("--allow-remote"),
        );
        let start = nicetap.wait_for("start", |record| record["event"] == "start");
        let everywhere: SocketAddr = start["listen"][1].as_str().unwrap().parse().unwrap();
        (nicetap, everywhere.port())
    }

    /// curl from this address; its HTTP status, that of its CONNECT, and the body.
    fn curl(&self, from: &str, arguments: &[&str]) -> String {
        let output = Command::new("ip")
            .args([
                "netns",
                "exec",
                &self.0[1],
                "curl",
                "-sk",
                "--interface",
                from,
            ])
            .args([
                "--noproxy",
                "",
                "-w",
                "%{http_code} %{http_connect}",
                "-o",
                "/dev/null",
            ])
            .args(arguments)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Machines {
    fn drop(&mut self) {
        for name in &self.0 {
            let _ = Command::new("ip").args(["netns", "del", name]).output();
        }
    }
}

#[test]
fn of_other_machines_those_are_let_in_that_are_named() {
    let Some(machines) = Machines::new() else {
        return;
    };
    let (nicetap, port) = machines.nicetap(Options::default().argument("--allow-from=10.78.0.2"));
    let proxy = format!("http://10.78.0.1:{port}");
    let (https, http) = (format!("https://{API}/v2/"), format!("http://{API}/v2/"));
    let base = format!("{proxy}/v2/");
    let own = format!("{proxy}/ca.pem");
    for (url, through, let_in, refused) in [
        (&https, Some(&proxy), "200 200", "000 403"),
        (&http, Some(&proxy), "200 000", "403 000"),
        (&base, None, "200 000", "403 000"),
        (&own, None, "200 000", "403 000"),
    ] {
        let mut arguments = vec![url.as_str()];
        if let Some(proxy) = through {
            arguments.extend(["-x", proxy.as_str()]);
        }
        assert_eq!(machines.curl("10.78.0.2", &arguments), let_in, "{url}");
        assert_eq!(machines.curl("10.78.0.3", &arguments), refused, "{url}");
    }
    // Others of nicetap's network, its loopback too, are not for them.
    for target in [
        "http://127.0.0.1:1/",
        "http://10.78.0.2:1/",
        "http://169.254.169.254/",
    ] {
        let told = machines.curl("10.78.0.2", &[target, "-x", &proxy]);
        assert_eq!(told, "403 000", "{target}");
    }
    let strangers = nicetap.wait_for_all("strangers", 4, |record| {
        record["event"] == "connection"
            && record["reason"] == "the client's address is not in --allow-from"
    });
    for record in strangers {
        assert!(
            record["client"]["addr"]
                .as_str()
                .unwrap()
                .starts_with("10.78.0.3:"),
            "{record}"
        );
        assert_eq!(record["answered"], 403);
    }
}

#[test]
fn who_logs_in_from_another_machine_gets_the_proxy_and_nothing_else() {
    let Some(machines) = Machines::new() else {
        return;
    };
    let (nicetap, port) = machines.nicetap(
        Options::default()
            .argument("--proxy-auth=bob")
            .env("NICETAP_PROXY_PASSWORD", PASSWORD),
    );
    let proxy = format!("http://10.78.0.1:{port}");
    let https = format!("https://{API}/v2/");
    let login = format!("bob:{PASSWORD}");
    let curl = |arguments: &[&str]| machines.curl("10.78.0.2", arguments);
    assert_eq!(curl(&[&https, "-x", &proxy]), "000 407");
    assert_eq!(
        curl(&[&https, "-x", &proxy, "-U", "bob:wrong-password"]),
        "000 407"
    );
    assert_eq!(curl(&[&https, "-x", &proxy, "-U", &login]), "200 200");
    assert_eq!(
        curl(&[&https, "-x", &proxy, "-U", &login, "--proxy-anyauth"]),
        "200 200"
    );
    for page in ["/v2/", "/", "/ca.pem", "/healthz"] {
        assert_eq!(curl(&[&format!("{proxy}{page}")]), "403 000", "{page}");
    }
    assert!(nicetap.console().contains("is not encrypted"));
}
