//! Real clients through nicetap, against a real nginx and against an origin that keeps every byte.
//!
//! Each is served as in a direct call, byte for byte, through CONNECT and in base-URL mode; and the origin is asked as
//! in a direct call. `tests/harness.rs` is the control of these comparisons.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use serde_json::Value;

use support::authority::Authority;
use support::client::{Call, Client, Way};
use support::compare::{assert_same_replies, assert_same_requests, unwatched};
use support::nginx::{NginxOrigin, pattern};
use support::nicetap::{Nicetap, Options};
use support::origin::{RawOrigin, answering, reply, success};
use support::{API, write};
use tempfile::TempDir;

macro_rules! for_each_client {
    ($($name:ident: $client:ident,)*) => {$(
        mod $name {
            use super::Client;

            #[test]
            fn gets_the_replies_of_a_direct_call() {
                super::gets_the_replies_of_a_direct_call(Client::$client);
            }

            #[test]
            fn sends_the_requests_of_a_direct_call() {
                super::sends_the_requests_of_a_direct_call(Client::$client);
            }
        }
    )*};
}

for_each_client! {
    curl: Curl,
    php_curl: PhpCurl,
    php_streams: PhpStreams,
    guzzle: Guzzle,
    requests: Requests,
    urllib: Urllib,
    node_https: NodeHttps,
    undici: Undici,
    java: Java,
    go: Go,
}

fn gets_the_replies_of_a_direct_call(client: Client) {
    let stage = Stage::new();
    let nginx = NginxOrigin::start(&stage.authority);
    let nicetap = Nicetap::start(
        Options::default()
            .connect_to(API, 443, nginx.tls())
            .connect_to(API, 80, nginx.plain())
            .trust(&stage.authority),
    );
    let root = nicetap.root_pem();
    let direct = Way::Direct(nginx.tls(), &stage.root);
    assert_same_replies(client, direct, Way::Connect(nicetap.addr(), &root));
    assert_same_replies(client, direct, Way::BaseUrl(nicetap.addr()));
    if ABSOLUTE_FORM.contains(&client) {
        let plain = Way::PlainDirect(nginx.plain());
        assert_same_replies(client, plain, Way::Absolute(nicetap.addr()));
    }
    assert_every_exchange_is_recorded(nicetap);
}

fn sends_the_requests_of_a_direct_call(client: Client) {
    let stage = Stage::new();
    let origin = RawOrigin::tls(&stage.authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &stage.authority);
    let root = nicetap.root_pem();
    let unwatched = unwatched(client, origin.addr(), &stage.root);
    for way in [
        Way::Connect(nicetap.addr(), &root),
        Way::BaseUrl(nicetap.addr()),
    ] {
        assert_same_requests(client, &origin, [unwatched, way]);
    }
    assert_every_exchange_is_recorded(nicetap);
}

#[test]
fn a_kept_connection_is_kept() {
    let stage = Stage::new();
    let origin = RawOrigin::tls(&stage.authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &stage.authority);
    let call = Call::get("/v2/?category=domain&action=check&domains=example.com");
    let way = Way::Connect(nicetap.addr(), &nicetap.root_pem());
    Client::Curl.make(way, &[call.clone(), call.clone(), call]);

    let exchanges = nicetap.wait_for_all("three exchanges", 3, is_exchange);
    let clients: Vec<_> = exchanges
        .iter()
        .map(|record| &record["client"]["addr"])
        .collect();
    assert!(
        clients.iter().all(|addr| *addr == clients[0]),
        "{clients:?}"
    );
    let upstream: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| request.connection)
        .collect();
    assert_eq!(upstream, [0, 0, 0], "reads share one upstream connection");
}

#[test]
fn a_call_that_is_no_read_goes_out_on_a_fresh_connection() {
    let stage = Stage::new();
    let origin = RawOrigin::tls(&stage.authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &stage.authority);
    let way = Way::Connect(nicetap.addr(), &nicetap.root_pem());
    let renew = "/v2/?category=domain&action=renew&domain=example.com&years=1";
    Client::Curl.make(
        way,
        &[
            Call::get("/v2/?category=domain&action=check&domains=example.com"),
            Call::post(renew, "application/json", "{}"),
            Call::post(renew, "application/json", "{}"),
        ],
    );
    let mut upstream: Vec<_> = origin
        .requests()
        .iter()
        .map(|request| request.connection)
        .collect();
    upstream.dedup();
    assert_eq!(upstream.len(), 3, "{upstream:?}");
}

#[test]
fn a_chunked_upload_and_an_expectation_pass() {
    let stage = Stage::new();
    let origin = RawOrigin::tls(&stage.authority, &[API], answering(success));
    let nicetap = Nicetap::before(origin.addr(), &stage.authority);
    let body = pattern(1_200_000);
    let post = |name, value: &str| {
        Call::post(
            "/v2/?category=domain&action=check",
            "application/json",
            body.clone(),
        )
        .header(name, value)
    };
    for (name, value) in [
        ("Transfer-Encoding", "chunked"),
        ("Expect", "100-continue"),
        // curl stalls for a second when nobody answers the expectation that it adds by itself.
        ("X-Nothing", "special"),
    ] {
        let call = post(name, value);
        let before = origin.requests().len();
        for way in [
            Way::Connect(nicetap.addr(), &nicetap.root_pem()),
            Way::BaseUrl(nicetap.addr()),
        ] {
            let reply = Client::Curl
                .make(way, std::slice::from_ref(&call))
                .remove(0);
            assert_eq!(reply.status, 200, "{name}: {value}, {way:?}");
        }
        for request in &origin.requests()[before..] {
            assert!(request.message.body == body, "{name}: {value}");
            let chunked = request.message.field("transfer-encoding").is_some();
            assert_eq!(chunked, value == "chunked", "the framing is kept");
        }
    }
}

/// The twelve documented actions, as each client's own library writes them, with header, type and query as documented.
#[test]
fn twelve_documented_actions_from_real_clients_give_no_finding() {
    let stage = Stage::new();
    let origin = RawOrigin::tls(&stage.authority, &[API], answering(documented));
    let options = Options::default()
        .connect_to(API, 443, origin.addr())
        .trust(&stage.authority);
    // What is said of a paid call to production is no fault of the call.
    let nicetap = Nicetap::start(options.argument("--guard").argument("off"));
    let way = Way::Connect(nicetap.addr(), &nicetap.root_pem());
    let calls: Vec<Call> = ACTIONS
        .iter()
        .map(|query| Call::get(&format!("/v2/?{query}")).header("Content-Type", "application/json"))
        .collect();
    for client in TYPICAL {
        client.make(way, &calls);
    }
    let count = ACTIONS.len() * TYPICAL.len();
    let exchanges = nicetap.wait_for_all("all exchanges", count, is_exchange);
    assert_eq!(exchanges.len(), count);
    for exchange in exchanges {
        let findings = exchange["findings"].as_array().unwrap();
        let faults: Vec<_> = findings
            .iter()
            .filter(|finding| !NO_FAULT.contains(&finding["code"].as_str().unwrap()))
            .filter(|finding| finding["severity"] != "good")
            .collect();
        assert!(faults.is_empty(), "{exchange:#}");
        assert_ne!(exchange["call"]["risk"], "unknown", "{exchange:#}");
    }
}

/// What the documentation says that a success is.
fn documented(request: &support::message::Message) -> Vec<u8> {
    let is_transfer = request.first_line().contains("action=transfer&");
    let code = if is_transfer { 201 } else { 0 };
    let body = format!(r#"{{"code":{code},"msg":"success","data":[]}}"#);
    reply(
        "200 OK",
        "Content-Type: application/json\r\n",
        body.as_bytes(),
    )
}

/// An origin's authority, and its root in a file.
struct Stage {
    authority: Authority,
    root: std::path::PathBuf,
    _folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("origin-ca.pem");
        let authority = Authority::new();
        write(&root, authority.pem());
        Self {
            authority,
            root,
            _folder: folder,
        }
    }
}

/// Each request line has its exchange line, answered by the origin; nothing failed on the way.
fn assert_every_exchange_is_recorded(nicetap: Nicetap) {
    let stopped = nicetap.stop();
    let exchanges = stopped.of("exchange");
    let ids = |records: &[&Value]| -> Vec<u64> {
        let mut ids: Vec<_> = records
            .iter()
            .map(|record| record["id"].as_u64().unwrap())
            .collect();
        ids.sort_unstable();
        ids
    };
    assert!(!exchanges.is_empty());
    assert_eq!(ids(&exchanges), ids(&stopped.of("request")));
    for exchange in exchanges {
        assert_eq!(exchange["answer"]["by"], "origin", "{exchange:#}");
        assert!(exchange["failure"].is_null(), "{exchange:#}");
    }
    assert_eq!(
        stopped.of("connection").len(),
        0,
        "{:#?}",
        stopped.of("connection")
    );
    let secret = support::client::CREDENTIAL.split_once(':').unwrap().1;
    assert!(!stopped.console.contains(secret));
    for record in &stopped.records {
        assert!(!record.to_string().contains(secret), "{record:#}");
    }
}

fn is_exchange(record: &Value) -> bool {
    record["event"] == "exchange"
}

/// Clients that send `http://` URLs to their proxy in absolute-form.
const ABSOLUTE_FORM: [Client; 4] = [
    Client::Curl,
    Client::PhpCurl,
    Client::PhpStreams,
    Client::Guzzle,
];

/// The clients of the acceptance: curl, PHP, Guzzle, requests and Node.
const TYPICAL: [Client; 7] = [
    Client::Curl,
    Client::PhpCurl,
    Client::PhpStreams,
    Client::Guzzle,
    Client::Requests,
    Client::NodeHttps,
    Client::Undici,
];

/// Seven clients make the same paid calls one after the other, and a transfer stays pending: no fault of a request.
const NO_FAULT: [&str; 4] = ["N403", "N501", "N505", "N511"];

const ACTIONS: [&str; 12] = [
    "category=domain&action=check&domains=example.com%2Cexample.net",
    "category=domain&action=register&domain=example.com&year=1&dns1=ns3.my-ndns.com&dns2=ns4.my\
     -ndns.com&organization=XXX%20Ltd.&name=Xiao%20Ming&country=CN&state=BeiJing&city=BJ&addres\
     s=BeiJing&postcode=100000&phone=%2B86.13800000000&fax=%2B86.13800000000&email=xiao.ming%40\
     example.com",
    "category=domain&action=renew&domain=example.com&deaddate=2025-01-01&year=1",
    "category=domain&action=transfer&domain=example.com&authcode=EPP-Ex4mple%21&year=1&dns1=ns3\
     .my-ndns.com&dns2=ns4.my-ndns.com&organization=XXX%20Ltd.&name=Xiao%20Ming&country=CN&stat\
     e=BeiJing&city=BJ&address=BeiJing&postcode=100000&phone=%2B86.13800000000&fax=%2B86.138000\
     00000&email=xiao.ming%40example.com",
    "category=domain&action=get_price&domain=example.com&type=register&year=1",
    "category=domain&action=domain_list&sort=time_desc&page_size=20&page_index=1&status=active&\
     hold=0",
    "category=domain&action=change_contact&domain=example.com&name=Xiao%20Ming&organization=XXX\
     %20Ltd.&address=BeiJing&country=CN&state=BeiJing&city=BJ&postcode=100000&phone=%2B86.13800\
     000000&fax=%2B86.13800000000&email=xiao.ming%40example.com",
    "category=domain&action=change_password&domain=example.com&password=Ex4mple%21pw",
    "category=nameserverhost&action=add&domain=example.com&dns=ns1.example.com&ip=192.168.1.1",
    "category=nameserverhost&action=update&domain=example.com&dns=ns1.example.com&ip=192.168.1.\
     2",
    "category=user&action=transactions&page=1",
    "category=abuse&action=get_abuse_report&domain=example.com",
];
