//! Every documented call, with all of its parameters and with the required ones only: no finding, no cause.
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use nicetap::catalogue::{Action, Catalogue, Param};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::support::client::{Call, Client, Way};
use crate::support::nicetap::{Nicetap, Options};
use crate::{flagged, is_exchange};

/// curl as the documentation has it, PHP as WHMCS modules have it, and what integrators use besides.
const CLIENTS: [Client; 6] = [
    Client::Curl,
    Client::PhpCurl,
    Client::PhpStreams,
    Client::Guzzle,
    Client::Requests,
    Client::Urllib,
];
/// Each action with all parameters, and with the required ones.
const CALLS: usize = 12 * 2;

#[test]
fn no_documented_call_through_connect_is_flagged() {
    // Paid calls to production are flagged on purpose; that is another matter.
    let options = Options::default().argument("--mock").argument("--guard");
    let nicetap = Nicetap::start(options.argument("off"));
    let root = nicetap.root_pem();
    tell_nothing(&nicetap, Way::Connect(nicetap.addr(), &root), "production");
}

#[test]
fn no_documented_call_in_base_url_mode_is_flagged() {
    let mock = MockProcess::start();
    let options = Options::default().argument("--guard").argument("off");
    let nicetap = Nicetap::start(options.argument("--base-url").argument(&mock.url));
    tell_nothing(&nicetap, Way::BaseUrl(nicetap.addr()), "other");
}

fn tell_nothing(nicetap: &Nicetap, way: Way<'_>, environment: &str) {
    let mut sent = Vec::new();
    for client in CLIENTS {
        let calls = documented(client, sent.len());
        assert_eq!(calls.len(), CALLS);
        let replies = client.make(
            way,
            &calls.iter().map(|it| it.call.clone()).collect::<Vec<_>>(),
        );
        for (it, reply) in calls.iter().zip(replies) {
            let body: Value = serde_json::from_slice(&reply.body).unwrap();
            assert_eq!(
                body["code"], it.success,
                "{client:?} {}: {body}",
                it.call.path
            );
        }
        sent.extend(calls);
    }
    let records = nicetap.wait_for_all("the calls' records", sent.len(), is_exchange);
    assert_eq!(records.len(), CLIENTS.len() * CALLS);
    for (it, record) in sent.iter().zip(records) {
        let what = format!("{}: {record:#}", it.call.path);
        assert_eq!(record["call"]["action"], it.action, "{what}");
        assert_eq!(record["call"]["environment"], environment, "{what}");
        let verdict = if it.success == 201 { "pending" } else { "ok" };
        assert_eq!(record["diagnosis"]["verdict"], verdict, "{what}");
        assert!(flagged(&record, &["error", "warn"]).is_empty(), "{what}");
        assert_eq!(
            record["diagnosis"]["causes"].as_array().unwrap().len(),
            0,
            "{what}"
        );
    }
}

/// A call, and what the documentation promises for it.
struct Documented {
    call: Call,
    action: &'static str,
    success: i64,
}

fn documented(client: Client, first: usize) -> Vec<Documented> {
    let wanted: [fn(&&Param) -> bool; 2] = [|_| true, |param| param.required];
    let actions = Catalogue::builtin().actions.iter();
    let both = actions.flat_map(|action| wanted.map(|is_wanted| (action, is_wanted)));
    both.enumerate()
        .map(|(index, (action, is_wanted))| {
            // The same paid call twice would be flagged, and rightly.
            let domain = format!("nicetap{}.com", first + index);
            let params = action.params.iter().filter(is_wanted);
            let params = params.map(|param| (&*param.name, value(action, param, &domain)));
            let route = [("category", &*action.category), ("action", &*action.action)];
            let route = route.map(|(name, value)| (name, value.to_owned()));
            let pairs = route.into_iter().chain(params);
            let query: Vec<_> = pairs
                .map(|(name, value)| format!("{name}={}", encoded(client, &value)))
                .collect();
            let call = Call::get(&format!("/v2/?{}", query.join("&")));
            Documented {
                call: call.header("Content-Type", "application/json"),
                action: &action.action,
                success: action.success_code,
            }
        })
        .collect()
}

/// The documentation's example, where it has one.
fn value(action: &Action, param: &Param, domain: &str) -> String {
    match (&*action.category, &*param.name) {
        (_, "domain") => domain.to_owned(),
        ("nameserverhost", "dns") => format!("ns1.{domain}"),
        (_, "email") => "xiao.ming@example.com".to_owned(),
        (_, "authcode") => "Ab3$x&9+z/=Q1".to_owned(),
        _ => param.example.clone(),
    }
}

/// PHP's `http_build_query` writes `+` for a blank, the others `%20`.
fn encoded(client: Client, value: &str) -> String {
    let text = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    match client {
        Client::PhpCurl | Client::PhpStreams => text.replace("%20", "+"),
        _ => text,
    }
}

/// A `nicetap mock` of its own; killed when dropped.
struct MockProcess {
    child: Child,
    url: String,
}

impl MockProcess {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nicetap"))
            .args(["mock", "--listen", "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut banner = String::new();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        stdout.read_line(&mut banner).unwrap();
        let url = banner.split_whitespace().nth(1).unwrap();
        let url = url.trim_end_matches("/v2/").to_owned();
        Self { child, url }
    }
}

impl Drop for MockProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
