//! The outbound address, end to end: the built program, echo services of every kind on loopback, and a real NAT.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::io::Write as _;
use std::net::{Ipv6Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::Value;
use tempfile::TempDir;

#[path = "support/home.rs"]
mod home;
#[path = "support/running.rs"]
mod running;

use running::{Running, json, origin, reply};

const CALL: &str = "category=domain&action=check&domains=example.com";
const REFUSED: &str = "{\"code\":400,\"msg\":\"Request parameter error\",\"data\":null}";

fn codes(record: &Value) -> Vec<&str> {
    let findings = record["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|finding| finding["code"].as_str().unwrap())
        .filter(|code| code.starts_with("N6"))
        .collect()
}

#[test]
fn every_form_of_echo_service_is_understood() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n203.0\r\n6\r\n.113.9\r\n0\r\n\r\n";
    let until_close = "HTTP/1.0 200 OK\r\n\r\n203.0.113.9\n";
    for answer in [
        &reply("text/plain", "203.0.113.9")[..],
        &reply("text/plain", "203.0.113.9\n"),
        &json("{\"ip\":\"203.0.113.9\"}"),
        &reply("text/plain", "fl=1\nh=x\nip=203.0.113.9\nts=1\n"),
        chunked,
        until_close,
    ] {
        let echo = format!("http://{}/", origin(&[answer]));
        let mut running = Running::start(&["-4", "--mock", "--egress-probe", &echo]);
        let news = running.record("egress");
        assert_eq!(news["public"]["v4"], "203.0.113.9", "{answer}: {news}");
        assert_eq!(news["public"]["seen_by"][0], "127.0.0.1");
        assert_eq!(news["why"], "start");
        assert_eq!(news["changed_from"], Value::Null);
    }
}

#[test]
fn a_real_nginx_is_understood_over_both_families() {
    let nginx = Nginx::start();
    for path in ["text", "json", "trace"] {
        let (v4, v6) = (nginx.v4(path), nginx.v6(path));
        let probes = format!("{v4},{v6}");
        let mut running = Running::start(&["--mock", "--egress-probe", &probes]);
        let public = &running.record("egress")["public"];
        assert_eq!(public["v4"], "127.0.0.1", "{path}: {public}");
        assert_eq!(public["v6"], "::1", "{path}: {public}");
    }
}

#[test]
fn of_many_services_liars_portals_and_failures_change_nothing() {
    let nginx = Nginx::start();
    let paths = ["lie", "text", "portal", "json", "login", "down"];
    let probes = paths.map(|path| nginx.v4(path)).join(",");
    let mut running = Running::start(&["-4", "--mock", "--egress-probe", &probes]);
    let news = running.record("egress");
    assert_eq!(news["public"]["v4"], "127.0.0.1", "{news}");
    assert_eq!(news["public"]["others"][0], "203.0.113.7");
    let unanswered = news["unanswered"].to_string();
    for reason in ["a web page", "redirect (302)", "status 503"] {
        assert!(unanswered.contains(reason), "{reason}: {unanswered}");
    }
}

#[test]
fn a_call_over_ipv6_is_told_with_its_own_address() {
    let nginx = Nginx::start();
    let probes = format!("{},{}", nginx.v4("text"), nginx.v6("text"));
    let call = |options: &[&str]| {
        let base = nginx.v6("");
        let mut all = vec!["--egress-probe", &probes, "--base-url", &base];
        all.extend(options);
        let mut running = Running::start(&all);
        running.record("egress");
        running.call("alice:not-a-real-secret", CALL)
    };
    let record = call(&["--whitelist", "203.0.113.9"]);
    let egress = &record["egress"];
    assert_eq!(egress["family"], "v6", "{egress}");
    assert_eq!(egress["public"]["v6"], "::1", "{egress}");
    assert_eq!(egress["whitelisted"], false);
    assert_eq!(codes(&record), ["N611", "N616"]);
    // Who said over which family to go has chosen it.
    let record = call(&["--whitelist", "203.0.113.9", "-6"]);
    assert_eq!(codes(&record), ["N611"]);
}

/// Echo services and a refusing API by nginx, on one port of both loopback addresses.
struct Nginx {
    port: u16,
    child: Child,
    _folder: TempDir,
}

impl Nginx {
    fn start() -> Self {
        loop {
            let folder = tempfile::tempdir().unwrap();
            let free = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = free.local_addr().unwrap().port();
            drop(free);
            let config = folder.path().join("nginx.conf");
            let text = include_str!("support/echo.conf")
                .replace("@FOLDER@", &folder.path().display().to_string())
                .replace("@PORT@", &port.to_string());
            let mut file = tempfile::NamedTempFile::new_in(folder.path()).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.persist(&config).unwrap();
            let mut child = Command::new("nginx")
                .args(["-e", "stderr", "-c"])
                .arg(&config)
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let is_up = loop {
                if child.try_wait().unwrap().is_some() {
                    break false;
                }
                if TcpStream::connect((Ipv6Addr::LOCALHOST, port)).is_ok() {
                    break true;
                }
                std::thread::yield_now();
            };
            // Another process may have taken the port meanwhile.
            if is_up {
                return Self {
                    port,
                    child,
                    _folder: folder,
                };
            }
        }
    }

    fn v4(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }

    fn v6(&self, path: &str) -> String {
        format!("http://[::1]:{}/{path}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_is_no_single_address_is_refused_with_the_reason() {
    for (answer, reason) in [
        (&reply("text/html", "203.0.113.9")[..], "web page"),
        (&reply("text/plain", "<html>203.0.113.9"), "web page"),
        (
            &reply("text/plain", "your address: 203.0.113.9"),
            "not one IP address",
        ),
        (&reply("text/plain", "2001:db8::9"), "other family"),
        (&reply("text/plain", &"1".repeat(5000)), "more than 4 KiB"),
        (
            "HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\nContent-Length: 0\r\n\r\n",
            "captive portal",
        ),
        (
            "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n",
            "status 503",
        ),
        ("SSH-2.0-x\r\n\r\n", "not an HTTP/1 reply"),
        ("", "without an answer"),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n203",
            "broke off",
        ),
    ] {
        let echo = format!("http://{}/", origin(&[answer]));
        let mut running = Running::start(&["-4", "--mock", "--egress-probe", &echo]);
        let news = running.record("egress");
        assert_eq!(news["public"], Value::Null, "{answer}");
        let told = news["unanswered"][0].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert!(told.starts_with("127.0.0.1 over IPv4: "), "{told}");
    }
}

#[test]
fn a_lying_service_is_outvoted_and_a_pool_is_told() {
    let echo = |address: &str| format!("http://{}/", origin(&[&reply("text/plain", address)]));
    let probes = [
        echo("203.0.113.7"),
        echo("203.0.113.9"),
        echo("203.0.113.9"),
    ]
    .join(",");
    let list = "203.0.113.9,198.51.100.4";
    let api = format!("http://{}", origin(&[&json(REFUSED)]));
    let mut running = Running::start(&[
        "-4",
        "--egress-probe",
        &probes,
        "--whitelist",
        list,
        "--base-url",
        &api,
    ]);
    let news = running.record("egress");
    assert_eq!(news["public"]["v4"], "203.0.113.9");
    assert_eq!(news["public"]["others"][0], "203.0.113.7");
    let record = running.call("alice:not-a-real-secret", CALL);
    let egress = &record["egress"];
    assert_eq!(
        egress["whitelisted"],
        Value::Null,
        "which one it was is not known"
    );
    assert_eq!(egress["whitelist"]["inside"][0], "203.0.113.9");
    assert_eq!(egress["whitelist"]["outside"][0], "203.0.113.7");
    assert_eq!(codes(&record), ["N612"]);
}

#[test]
fn an_address_outside_the_list_is_told_with_who_saw_it() {
    let echo = format!("http://{}/", origin(&[&reply("text/plain", "203.0.113.9")]));
    let api = format!("http://{}", origin(&[&json(REFUSED)]));
    let mut running = Running::start(&[
        "-4",
        "--egress-probe",
        &echo,
        "--whitelist",
        "198.51.100.4",
        "--base-url",
        &api,
    ]);
    running.record("egress");
    let record = running.call("alice:not-a-real-secret", CALL);
    assert_eq!(record["egress"]["whitelisted"], false);
    assert_eq!(record["egress"]["public"]["v4"], "203.0.113.9");
    assert_eq!(codes(&record), ["N610"]);
    let log = std::fs::read_to_string(running.log()).unwrap();
    assert!(log.contains("\"whitelist\":[\"198.51.100.4\"]"));
}

#[test]
fn what_the_api_names_outranks_the_echo_sites() {
    let echo = format!("http://{}/", origin(&[&reply("text/plain", "203.0.113.9")]));
    let named = "{\"code\":403,\"msg\":\"Invalid request IP: 198.51.100.7\",\"data\":null}";
    let api = format!("http://{}", origin(&[&json(named)]));
    let mut running = Running::start(&[
        "-4",
        "--egress-probe",
        &echo,
        "--whitelist",
        "203.0.113.9",
        "--base-url",
        &api,
    ]);
    running.record("egress");
    let record = running.call("alice:not-a-real-secret", CALL);
    let public = &record["egress"]["public"];
    assert_eq!(public["v4"], "198.51.100.7");
    assert_eq!(public["others"][0], "203.0.113.9");
    assert_eq!(public["seen_by"][0], "the API's own reply");
    assert_eq!(record["egress"]["whitelisted"], false);
    assert!(codes(&record).contains(&"N610"));
}

#[test]
fn off_asks_nobody_and_says_nothing() {
    let mut running = Running::start(&["--mock", "--egress-probe", "off"]);
    let record = running.call("alice:not-a-real-secret", CALL);
    assert_eq!(record["egress"]["public"], Value::Null);
    assert_eq!(record["egress"]["whitelisted"], Value::Null);
    let log = std::fs::read_to_string(running.log()).unwrap();
    assert!(!log.contains("\"event\":\"egress\""));
}

#[test]
fn a_request_never_waits_for_a_probe() {
    // It accepts and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let echo = format!("http://{}/", silent.local_addr().unwrap());
    let mut running = Running::start(&["--mock", "-4", "--egress-probe", &echo]);
    let began = std::time::Instant::now();
    let record = running.call("alice:not-a-real-secret", CALL);
    assert!(began.elapsed().as_secs() < 3, "a call waited");
    assert_eq!(record["egress"]["public"], Value::Null);
}

/// The acceptance of the issue: in a namespace behind a NAT the public address differs from the local one, and a list
/// that holds the local one does not help.
#[test]
fn behind_a_nat_the_local_address_in_the_list_does_not_help() {
    let Some(net) = Net::new("masquerade") else {
        return;
    };
    let mut running = Running::start_with(
        net.inside(env!("CARGO_BIN_EXE_nicetap")),
        &[
            "-4",
            "--egress-probe",
            "http://203.0.113.1:8080/",
            "--whitelist",
            "10.77.0.2",
            "--base-url",
            "http://203.0.113.1:8081",
        ],
    );
    let news = running.record("egress");
    assert_eq!(news["public"]["v4"], "203.0.113.9", "{news}");
    let record = net.call(&mut running);
    let egress = &record["egress"];
    assert!(egress["local"].as_str().unwrap().starts_with("10.77.0.2:"));
    assert_eq!(egress["public"]["v4"], "203.0.113.9");
    assert_eq!(egress["whitelisted"], false);
    assert_eq!(egress["whitelist"]["outside"][0], "203.0.113.9");
    assert_eq!(codes(&record), ["N614", "N610"]);
}

/// A NAT with a pool gives each connection another address.
#[test]
fn behind_a_nat_with_a_pool_several_addresses_are_told() {
    let pool = "snat to numgen inc mod 2 map { 0 : 203.0.113.9, 1 : 203.0.113.10 }";
    let Some(net) = Net::new(pool) else {
        return;
    };
    let mut running = Running::start_with(
        net.inside(env!("CARGO_BIN_EXE_nicetap")),
        &[
            "-4",
            "--egress-probe",
            "http://203.0.113.1:8080/a,http://203.0.113.1:8080/b",
            "--whitelist",
            "203.0.113.9",
            "--base-url",
            "http://203.0.113.1:8081",
        ],
    );
    let public = &running.record("egress")["public"];
    let mut seen = [
        public["v4"].as_str().unwrap(),
        public["others"][0].as_str().unwrap(),
    ];
    seen.sort_unstable();
    assert_eq!(seen, ["203.0.113.10", "203.0.113.9"], "{public}");
    let record = net.call(&mut running);
    assert_eq!(record["egress"]["whitelisted"], Value::Null, "{record:#}");
    assert_eq!(codes(&record), ["N612"]);
    let options = ["egress", "-4", "--samples", "4", "--json"];
    let asked = net
        .inside(env!("CARGO_BIN_EXE_nicetap"))
        .args(options)
        .args(["--egress-probe", "http://203.0.113.1:8080/"])
        .env("NICETAP_HOME", running.home.path())
        .output()
        .unwrap();
    let told: Value = serde_json::from_slice(&asked.stdout).unwrap();
    assert_eq!(told["v4"]["others"].as_array().unwrap().len(), 1, "{told}");
}

/// Takes half a minute: services are not asked twice within 30 s.
#[test]
fn after_the_local_address_has_changed_nothing_old_is_claimed_and_services_are_asked_again() {
    let by_source = "snat to ip saddr map { 10.77.0.2 : 203.0.113.9, 10.77.0.3 : 203.0.113.10 }";
    let Some(net) = Net::new(by_source) else {
        return;
    };
    let mut running = Running::start_with(
        net.inside(env!("CARGO_BIN_EXE_nicetap")),
        &[
            "-4",
            "--egress-probe",
            "http://203.0.113.1:8080/",
            "--base-url",
            "http://203.0.113.1:8081",
        ],
    );
    assert_eq!(running.record("egress")["public"]["v4"], "203.0.113.9");
    let record = net.call(&mut running);
    assert_eq!(record["egress"]["public"]["v4"], "203.0.113.9");
    net.change_address();
    let record = net.call(&mut running);
    let egress = &record["egress"];
    assert!(egress["local"].as_str().unwrap().starts_with("10.77.0.3:"));
    assert_eq!(egress["public"], Value::Null, "seen from the old address");
    let news = running.record("egress");
    assert_eq!(news["why"], "local-address", "{news}");
    assert_eq!(news["public"]["v4"], "203.0.113.10");
    assert_eq!(news["changed_from"]["v4"], "203.0.113.9");
}

/// Takes ten seconds: so long a connection is waited for.
#[test]
fn a_server_that_does_not_answer_and_one_without_a_route_are_told_apart() {
    let Some(net) = Net::new("masquerade") else {
        return;
    };
    let [client, router, _] = &net.names;
    for line in [
        &format!("ip -n {client} route add unreachable 198.51.100.0/24")[..],
        &format!("ip netns exec {router} nft add table ip wall"),
        &format!(
            "ip netns exec {router} nft add chain ip wall closed {{ type filter hook forward priority 0 ; }}"
        ),
        &format!("ip netns exec {router} nft add rule ip wall closed tcp dport 8081 drop"),
    ] {
        run(line).unwrap();
    }
    for (base, status, reason) in [
        (
            "http://203.0.113.1:8081",
            504,
            "no connection to `203.0.113.1` port 8081 within 10 s",
        ),
        ("http://198.51.100.1", 502, "no route"),
    ] {
        let mut running = Running::start_with(
            net.inside(env!("CARGO_BIN_EXE_nicetap")),
            &["--egress-probe", "off", "--base-url", base],
        );
        let record = net.call(&mut running);
        assert_eq!(record["answer"]["status"], status, "{record:#}");
        assert_eq!(record["failure"]["stage"], "connect");
        let told = record["failure"]["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
        assert_eq!(record["diagnosis"]["verdict"], "unreachable");
    }
}

/// Three namespaces: a client with 10.77.0.2, a router with 203.0.113.9 and 203.0.113.10, and an "Internet" with echo
/// service and API on 203.0.113.1.
struct Net {
    names: [String; 3],
    servers: Vec<Child>,
}

impl Net {
    /// `None`, with a note, where it cannot be made.
    fn new(nat: &str) -> Option<Self> {
        static NETS: AtomicUsize = AtomicUsize::new(0);
        let id = std::process::id();
        let number = NETS.fetch_add(1, Ordering::Relaxed);
        let names = ["c", "r", "w"].map(|part| format!("nicetap-{id}-{number}-{part}"));
        let mut net = Self {
            names,
            servers: Vec::new(),
        };
        if let Err(why) = net.build(nat) {
            note(&format!("skipped, no network namespaces here ({why})"));
            return None;
        }
        Some(net)
    }

    /// `nat`: what nft does with what leaves the router.
    fn build(&mut self, nat: &str) -> Result<(), String> {
        let [client, router, world] = &self.names;
        for name in &self.names {
            run(&format!("ip netns add {name}"))?;
            run(&format!("ip -n {name} link set lo up"))?;
        }
        run(&format!(
            "ip link add veth0 netns {client} type veth peer name veth1 netns {router}"
        ))?;
        run(&format!(
            "ip link add veth2 netns {router} type veth peer name veth3 netns {world}"
        ))?;
        for (name, link, address) in [
            (client, "veth0", "10.77.0.2/24"),
            (router, "veth1", "10.77.0.1/24"),
            (router, "veth2", "203.0.113.9/24"),
            (router, "veth2", "203.0.113.10/24"),
            (world, "veth3", "203.0.113.1/24"),
        ] {
            run(&format!("ip -n {name} addr add {address} dev {link}"))?;
            run(&format!("ip -n {name} link set {link} up"))?;
        }
        run(&format!("ip -n {client} route add default via 10.77.0.1"))?;
        run(&format!(
            "ip netns exec {router} sysctl -qw net.ipv4.ip_forward=1"
        ))?;
        for rule in [
            "add table ip nat",
            "add chain ip nat post { type nat hook postrouting priority 100 ; }",
            &format!("add rule ip nat post oifname veth2 {nat}"),
        ] {
            run(&format!("ip netns exec {router} nft {rule}"))?;
        }
        let script = "import http.server as h, sys\nclass H(h.BaseHTTPRequestHandler):\n def do_GET(s):\n  b = s.client_address[0].encode() if sys.argv[1] == '8080' else b'{\"code\":400,\"msg\":\"Request parameter error\",\"data\":null}'\n  s.send_response(200); s.send_header('Content-Type', 'text/plain' if sys.argv[1] == '8080' else 'application/json'); s.send_header('Content-Length', str(len(b))); s.end_headers(); s.wfile.write(b)\ns = h.ThreadingHTTPServer(('203.0.113.1', int(sys.argv[1])), H)\nprint('up', flush=True)\ns.serve_forever()";
        for port in ["8080", "8081"] {
            let mut server = Command::new("ip")
                .args(["netns", "exec", world, "python3", "-c", script, port])
                .stdout(Stdio::piped())
                .spawn()
                .map_err(|error| error.to_string())?;
            let mut up = [0; 2];
            let read = std::io::Read::read_exact(server.stdout.as_mut().unwrap(), &mut up);
            self.servers.push(server);
            read.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// The client gets 10.77.0.3 in the place of 10.77.0.2.
    fn change_address(&self) {
        let client = &self.names[0];
        for line in [
            "addr add 10.77.0.3/24 dev veth0",
            "addr del 10.77.0.2/24 dev veth0",
            "addr add 10.77.0.3/24 dev veth0",
            "route replace default via 10.77.0.1",
        ] {
            // With the first address its network's others may go.
            let _ = run(&format!("ip -n {client} {line}"));
        }
    }

    /// A call in base-URL mode from the client's namespace, and its record.
    fn call(&self, running: &mut Running) -> Value {
        let call = format!(
            "import urllib.request as u, urllib.error as e\nr = u.Request('http://{}/v2/?{CALL}', headers={{'Authorization': 'alice:not-a-real-secret'}})\ntry: u.urlopen(r).read()\nexcept e.HTTPError: pass",
            running.listen
        );
        let status = self.inside("python3").args(["-c", &call]).status();
        assert!(status.unwrap().success());
        running.record("exchange")
    }

    /// A command in the client's namespace.
    fn inside(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[0], program]);
        command
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
        for name in &self.names {
            let _ = run(&format!("ip netns del {name}"));
        }
    }
}

#[expect(clippy::print_stdout, reason = "a test that is skipped says so")]
fn note(text: &str) {
    println!("note: {text}");
}

fn run(line: &str) -> Result<(), String> {
    let mut words = line.split(' ');
    let output = Command::new(words.next().unwrap())
        .args(words)
        .output()
        .map_err(|error| format!("{line}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    ))
}
