//! What facts and request rules cost for a typical call. `cargo bench --bench facts`; no harness, no statistics beyond
//! the best of many rounds.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints its figures and knows its input"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;

use nicetap::facts::{Arrival, Authority, BodyInput, Request, Scheme, Target, Via};
use nicetap::http1::{Limits, RequestHead};
use nicetap::rules;

fn main() {
    for (name, query) in [("check", CHECK), ("register", REGISTER)] {
        let head = format!(
            "GET /v2/?{query} HTTP/1.1\r\nHost: api.nicenic.net\r\nUser-Agent: GuzzleHttp/7\r\n\
             Authorization: alice:not-a-real-secret\r\nContent-Type: application/json\r\n\r\n"
        );
        let head = RequestHead::parse(Bytes::from(head), &Limits::default());
        let head = head.ok().unwrap();
        let authority = Authority::parse(b"api.nicenic.net", Some(443)).unwrap();
        let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
        let arrival = Arrival {
            target: &target,
            head: &head,
            path_and_query: head.target(),
            sni: Some("api.nicenic.net"),
            time: None,
        };
        let request = Request::derive(&arrival, BodyInput::None);
        let facts = best(|| {
            black_box(Request::derive(black_box(&arrival), BodyInput::None));
        });
        let rules = best(|| {
            black_box(rules::of_request(black_box(&request)));
        });
        println!(
            "{name}: facts {facts} ns, rules {rules} ns, together {} ns",
            facts + rules
        );
    }
}

/// Nanoseconds of one run, in the best of many rounds.
fn best(run: impl Fn()) -> u128 {
    let round = || {
        let began = Instant::now();
        for _ in 0..RUNS {
            run();
        }
        began.elapsed().as_nanos() / u128::from(RUNS)
    };
    (0..ROUNDS).map(|_| round()).min().unwrap()
}

const RUNS: u32 = 2_000;
const ROUNDS: u32 = 50;
const CHECK: &str = "category=domain&action=check&domains=example.com%2Cexample.net";
const REGISTER: &str = "category=domain&action=register&domain=example.com&year=1&dns1=ns3.my-ndns.com\
    &dns2=ns4.my-ndns.com&organization=XXX%20Ltd.&name=Xiao%20Ming&country=CN&state=BeiJing&city=BJ\
    &address=BeiJing&postcode=100000&phone=%2B86.13800000000&fax=%2B86.13800000000\
    &email=xiao.ming%40example.com";
