//! The mock, through both of its doors.
#![expect(clippy::unwrap_used, reason = "what serves a test is a test")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use nicetap::catalogue::{Action, Catalogue};
use nicetap::config::Network;
use nicetap::config::value::Word as _;
use nicetap::mock::{Credential, Mock, Options};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::oneshot;

#[tokio::test]
async fn every_documented_action_succeeds_with_its_required_parameters() {
    for action in &Catalogue::builtin().actions {
        let reply = call(&required(action)).await;
        let name = format!("{}/{}", action.category, action.action);
        assert_eq!(reply.status, 200, "{name}");
        assert_eq!(reply.code(), action.success_code, "{name}: {}", reply.body);
        let msg = reply.json()["msg"].clone();
        let code = Catalogue::builtin()
            .codes
            .iter()
            .find(|code| code.code == action.success_code);
        assert_eq!(msg, code.unwrap().msg, "{name}");
    }
}

#[tokio::test]
async fn a_success_has_the_documented_fields() {
    for action in &Catalogue::builtin().actions {
        let data = call(&required(action)).await.json()["data"].clone();
        let name = format!("{}/{}", action.category, action.action);
        let documented: Vec<_> = action
            .response
            .iter()
            .flat_map(|line| pointers(line))
            .collect();
        for pointer in documented {
            assert!(
                data.pointer(&pointer).is_some(),
                "{name}: no {pointer} in {data}"
            );
        }
    }
}

#[test]
fn the_documented_fields_are_read_from_the_catalogue() {
    assert_eq!(pointers("domain:string"), ["/domain"]);
    assert_eq!(pointers("[].price:number"), ["/0/price"]);
    assert_eq!(pointers("data.list[].{a,b[]}"), ["/list/0/a", "/list/0/b"]);
    assert_eq!(
        pointers("hold.{since,until}:datetime or null"),
        ["/hold/since", "/hold/until"]
    );
    assert!(pointers("data empty").is_empty() && pointers("data.<domain> = available").is_empty());
}

#[tokio::test]
async fn a_missing_required_parameter_is_a_400_that_names_it() {
    for action in &Catalogue::builtin().actions {
        for missing in action.params.iter().filter(|param| param.required) {
            let mut parameters = required(action);
            parameters.retain(|pair| pair.0 != missing.name);
            let reply = call(&parameters).await;
            assert_eq!(reply.code(), 400, "{}", missing.name);
            assert_eq!(reply.json()["msg"], "Request parameter error");
            assert!(reply.note().contains(&missing.name), "{}", reply.note());
        }
    }
}

#[tokio::test]
async fn check_judges_each_domain() {
    let domains = "free.com, taken.net,EXAMPLE.com,no dot,x..y";
    let reply = call(&pairs(&[
        ("category", "domain"),
        ("action", "check"),
        ("domains", domains),
    ]))
    .await;
    assert_eq!(
        reply.json()["data"],
        json!({
            "free.com": "available",
            "taken.net": "unavailable",
            "EXAMPLE.com": "unavailable",
            "no dot": "error",
            "x..y": "error",
        })
    );
}

#[tokio::test]
async fn answers_follow_from_the_request() {
    for (query, pointer, want) in [
        (
            "category=domain&action=renew&domain=a.com&deaddate=2024-02-29&year=1",
            "/new_expired_date",
            json!("2025-02-28"),
        ),
        (
            "category=domain&action=get_price&domain=a.com&type=register&year=2",
            "/0/price",
            json!(21.98),
        ),
        (
            "category=domain&action=get_price&domain=premium.com&type=all&year=1",
            "/0/is_premium",
            json!(true),
        ),
        (
            "category=domain&action=get_price&domain=a.com&type=all&year=1",
            "/2/type",
            json!("transfer"),
        ),
        (
            "category=domain&action=domain_list",
            "/options/total",
            json!(23),
        ),
        (
            "category=domain&action=domain_list&page_size=20",
            "/options/total_pages",
            json!(2),
        ),
        (
            "category=domain&action=domain_list&page_index=3&sort=name_asc",
            "/domain_list/0/domain",
            json!("mock21.example"),
        ),
        (
            "category=domain&action=domain_list&page_index=99",
            "/domain_list",
            json!([]),
        ),
        (
            "category=domain&action=domain_list&sort=time_asc",
            "/domain_list/0/domain",
            json!("mock23.example"),
        ),
        (
            "category=domain&action=domain_list&status=stop",
            "/domain_list/0/domain",
            json!("mock11.example"),
        ),
        (
            "category=domain&action=domain_list&hold=1",
            "/options/total",
            json!(2),
        ),
        (
            "category=user&action=transactions&page=2",
            "/0/amount",
            json!("-16.99"),
        ),
        (
            "category=abuse&action=get_abuse_report&domain=abuse.com",
            "/scenario/status",
            json!("Under Review"),
        ),
        (
            "category=abuse&action=get_abuse_report&domain=a.com",
            "/complaint/case_count",
            json!(0),
        ),
    ] {
        let reply = get(query, AUTHORIZED).await;
        let data = &reply.json()["data"];
        assert_eq!(data.pointer(pointer), Some(&want), "{query}: {data}");
    }
}

#[tokio::test]
async fn a_value_outside_the_documentation_is_a_400() {
    for query in [
        "category=domain&action=get_price&domain=a.com&type=buy&year=1",
        "category=domain&action=get_price&domain=a.com&type=all&year=0",
        "category=domain&action=get_price&domain=a.com&type=all&year=11",
        "category=domain&action=renew&domain=a.com&deaddate=soon&year=1",
        "category=domain&action=domain_list&page_size=11",
        "category=domain&action=domain_list&page_index=0",
        "category=user&action=transactions&page=x",
        "category=nameserverhost&action=add&domain=a.com&dns=ns1.b.com&ip=192.0.2.1",
        "category=nameserverhost&action=add&domain=a.com&dns=ns1.a.com&ip=here",
        "category=domain&action=delete&domain=a.com",
        "category=Domain&action=check&domains=a.com",
        "category=domain",
        "",
    ] {
        assert_eq!(get(query, AUTHORIZED).await.code(), 400, "{query}");
    }
}

#[tokio::test]
async fn contact_source_member_stands_for_the_contact_fields() {
    let query = "category=domain&action=register&domain=a.com&year=1&dns1=a&dns2=b";
    assert_eq!(get(query, AUTHORIZED).await.code(), 400);
    let query = format!("{query}&contact_source=member");
    assert_eq!(get(&query, AUTHORIZED).await.code(), 0);
}

#[tokio::test]
async fn parameters_come_from_a_form_or_json_body_too() {
    let form = "action=check&domains=a.com%2Cb.com";
    let text = r#"{"action": "check", "domains": "a.com,b.com"}"#;
    for (content_type, body, want) in [
        ("application/x-www-form-urlencoded", form, 0),
        ("application/json", text, 0),
        ("Application/JSON; charset=utf-8", text, 0),
        ("application/json", form, 400),
        ("application/x-www-form-urlencoded", text, 400),
        ("text/plain", form, 400),
        ("application/json", "[]", 400),
    ] {
        let request = format!(
            "POST /v2/?category=domain HTTP/1.1\r\nHost: mock\r\n{AUTHORIZED}Connection: close\r\n\
             Content-Type: {content_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(
            exchange(&Mock::new(Options::default()), &request)
                .await
                .code(),
            want,
            "{content_type}"
        );
    }
}

#[tokio::test]
async fn a_credential_that_is_not_the_bare_pair_is_refused() {
    for header in [
        "",
        "Authorization:\r\n",
        "Authorization: Basic ZGVtbzpkZW1v\r\n",
        "Authorization: Bearer demo\r\n",
        "Authorization: Basic demo:demo\r\n",
        "Authorization: demo\r\n",
        "Authorization: :demo\r\n",
        "Authorization: demo:\r\n",
        "Authorization: demo: demo\r\n",
        "Authorization: demo:wrong\r\n",
        "Authorization: demo:d\u{e9}mo\r\n",
        "Authorization: demo:demo\r\nAuthorization: demo:demo\r\n",
    ] {
        let reply = get(CHECK, header).await;
        assert_eq!((reply.status, reply.code()), (200, 401), "{header}");
        assert!(reply.note().contains("guesses"), "{}", reply.note());
    }
}

#[tokio::test]
async fn a_given_credential_is_the_only_one() {
    let mock = Mock::new(Options {
        credential: Some(Credential::parse("shop:hunter2\n").unwrap()),
        ..Options::default()
    });
    for (pair, want) in [
        ("shop:hunter2", 0),
        ("shop:hunter3", 401),
        ("demo:hunter2", 401),
    ] {
        let reply = exchange(
            &mock,
            &request(CHECK, &format!("Authorization: {pair}\r\n")),
        )
        .await;
        assert_eq!(reply.code(), want, "{pair}");
        assert!(!reply.body.contains("hunter"), "{}", reply.body);
    }
    assert!(!format!("{mock:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_caller_outside_the_whitelist_is_refused() {
    let mock = Mock::new(Options {
        whitelist: vec![network("203.0.113.0/24")],
        ..Options::default()
    });
    for (caller, want) in [
        ("203.0.113.9", 0),
        ("::ffff:203.0.113.9", 0),
        ("198.51.100.1", 403),
    ] {
        let stream = mock.connect(caller.parse().unwrap());
        let reply = converse(stream, &request(CHECK, AUTHORIZED)).await;
        assert_eq!(reply.code(), want, "{caller}");
    }
    assert!(mock.banner(ADDR).contains("203.0.113.0/24"));
}

#[tokio::test]
async fn switches_ask_for_odd_answers() {
    let asked = async |switch: &str| {
        let headers = format!("{AUTHORIZED}Mock-Answer: {switch}\r\n");
        get(CHECK, &headers).await
    };

    let cut = asked("cut").await;
    assert_eq!(cut.status, 200);
    assert!(
        !cut.body.is_empty() && cut.body.len() < cut.promised(),
        "{}",
        cut.body
    );

    let html = asked("html").await;
    assert_eq!(html.status, 200);
    assert!(html.head.contains("text/html") && html.body.contains("not NiceNIC"));

    for status in [404, 503] {
        assert_eq!(asked(&format!("status={status}")).await.status, status);
    }
    assert!(asked("status=204").await.body.is_empty());

    let pending = asked("pending").await;
    assert_eq!(pending.code(), 201);
    assert!(
        pending.json()["msg"]
            .as_str()
            .unwrap()
            .starts_with("Pending order")
    );

    let invalid = asked("invalid-json").await;
    assert!(serde_json::from_str::<Value>(&invalid.body).is_err());
    assert!(invalid.body.contains("not NiceNIC"));

    assert_eq!(asked("refuse-ip").await.code(), 403);
    assert_eq!(asked("refuse-login").await.code(), 401);
    assert_eq!(asked("dance").await.status, 400);

    let begun = Instant::now();
    assert_eq!(asked("slow=60ms, pending").await.code(), 201);
    assert!(begun.elapsed() >= Duration::from_millis(60));
}

#[tokio::test]
async fn the_switch_close_ends_the_connection_without_a_reply() {
    let mut stream = Mock::new(Options::default()).connect(LOOPBACK);
    let request = request(CHECK, &format!("{AUTHORIZED}Mock-Answer: close\r\n"));
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await.unwrap();
    assert!(reply.is_empty());
}

#[tokio::test]
async fn other_paths_and_methods_are_told_where_the_mock_is() {
    for (line, want) in [
        ("GET /", 404),
        ("GET /v2", 404),
        ("GET /v2/x", 404),
        ("GET /v1/", 404),
        ("DELETE /v2/", 405),
        ("GET http://api.nicenic.net/v2/", 200),
    ] {
        let request = format!("{line} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n\r\n");
        let reply = exchange(&Mock::new(Options::default()), &request).await;
        assert_eq!(reply.status, want, "{line}");
        assert!(reply.note().contains("not NiceNIC"));
    }
}

#[tokio::test]
async fn every_reply_says_that_it_is_a_mock() {
    for header in [
        "",
        AUTHORIZED,
        "Mock-Answer: cut\r\n",
        "Mock-Answer: html\r\n",
        "Mock-Answer: status=502\r\n",
        "Mock-Answer: dance\r\n",
        "Mock-Answer: invalid-json\r\n",
    ] {
        let reply = get(CHECK, header).await;
        assert!(
            reply
                .head
                .contains("mock: nicetap; texts of refusals are guesses"),
            "{header}"
        );
    }
}

#[tokio::test]
async fn a_connection_carries_many_calls() {
    let mut stream = Mock::new(Options::default()).connect(LOOPBACK);
    let kept = request(CHECK, AUTHORIZED).replace("Connection: close\r\n", "");
    let all = format!("{kept}{kept}{}", request(CHECK, AUTHORIZED));
    stream.write_all(all.as_bytes()).await.unwrap();
    let mut replies = String::new();
    stream.read_to_string(&mut replies).await.unwrap();
    assert_eq!(
        replies.matches("\"example.com\":\"unavailable\"").count(),
        3
    );
}

#[tokio::test]
async fn curl_is_served_until_the_shutdown() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let mock = Mock::new(Options {
        whitelist: vec![network("127.0.0.1")],
        ..Options::default()
    });
    let banner = mock.banner(addr);
    let serving = tokio::spawn(async move {
        mock.serve(listener, async { stopped.await.unwrap() }).await;
    });
    let mut idle = TcpStream::connect(addr).await.unwrap();
    idle.write_all(b"GET /v2/ HT").await.unwrap();

    // The line to try, as the banner has it.
    let (_, line) = banner.split_once("\ntry").unwrap();
    assert!(line.trim_start().starts_with("curl "), "{line}");
    let output = Command::new("sh")
        .args(["-c", &format!("{} -sS", line.trim())])
        .output();
    let output = output.await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let envelope: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(envelope["code"], 0);
    assert_eq!(envelope["data"]["example.com"], "unavailable");

    stop.send(()).unwrap();
    serving.await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err());
    assert_eq!(idle.read(&mut [0; 8]).await.unwrap_or(0), 0);
}

#[test]
fn the_banner_says_what_is_a_guess() {
    let banner = Mock::new(Options::default()).banner(ADDR);
    assert!(
        banner.contains("NOT NiceNIC") && banner.contains("guesses"),
        "{banner}"
    );
    assert!(
        banner.lines().all(|line| line.chars().count() <= 100),
        "{banner}"
    );
}

/// An answer, as it came.
struct Reply {
    status: u16,
    head: String,
    body: String,
}

impl Reply {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }

    fn note(&self) -> String {
        self.json()["mock"].as_str().unwrap().to_owned()
    }

    fn promised(&self) -> usize {
        let (_, length) = self.head.split_once("content-length: ").unwrap();
        length.lines().next().unwrap().parse().unwrap()
    }
}

async fn call(parameters: &[(String, String)]) -> Reply {
    let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
    let query: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", encoded(value)))
        .collect();
    get(&query.join("&"), AUTHORIZED).await
}

async fn get(query: &str, headers: &str) -> Reply {
    exchange(&Mock::new(Options::default()), &request(query, headers)).await
}

async fn exchange(mock: &Mock, request: &str) -> Reply {
    converse(mock.connect(LOOPBACK), request).await
}

async fn converse(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> Reply {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    Reply {
        status: head.split(' ').nth(1).unwrap().parse().unwrap(),
        head: head.to_ascii_lowercase(),
        body: body.to_owned(),
    }
}

fn request(query: &str, headers: &str) -> String {
    format!("GET /v2/?{query} HTTP/1.1\r\nHost: mock\r\nConnection: close\r\n{headers}\r\n")
}

/// The action and its required parameters, with the documentation's examples.
fn required(action: &Action) -> Vec<(String, String)> {
    let mut parameters = pairs(&[("category", &action.category), ("action", &action.action)]);
    for param in action.params.iter().filter(|param| param.required) {
        let value = match param.example.as_str() {
            "" => "someone@example.com",
            example => example,
        };
        parameters.push((param.name.clone(), value.to_owned()));
    }
    parameters
}

/// Where the fields are that a line of the catalogue's `response` names. A list's rows are judged by the first.
fn pointers(line: &str) -> Vec<String> {
    let path = line.split([':', ' ']).next().unwrap();
    if ["data", "code", "msg"].contains(&path) || path.contains(['<', '(']) {
        return Vec::new(); // words, or the envelope
    }
    let path = path.trim_start_matches("data.");
    let (front, names) = path.split_once('{').unwrap_or(("", path));
    let pointer = |name: &str| {
        let path = format!("{front}{}", name.trim_end_matches("[]"));
        let path = path.replace("[]", ".0").replace('.', "/");
        format!("/{}", path.trim_start_matches('/'))
    };
    names
        .trim_end_matches('}')
        .split(',')
        .map(pointer)
        .collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let owned = |(name, value): &(&str, &str)| (String::from(*name), String::from(*value));
    pairs.iter().map(owned).collect()
}

const AUTHORIZED: &str = "Authorization: demo:demo\r\n";
const CHECK: &str = "category=domain&action=check&domains=example.com";
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ADDR: SocketAddr = SocketAddr::new(LOOPBACK, 8901);

fn network(text: &str) -> Network {
    Network::read(text).unwrap()
}
