//! Any input at all: no request, reply or refused head makes facts or rules panic, and a finding's place always exists.
use bytes::Bytes;
use proptest::prelude::*;

use nicetap::clock::Time;
use nicetap::facts::{
    Arrival, Authority, BodyInput, Refusal, Reply, ReplyInput, Request, Scheme, Target, Via,
    secrets_of_refused_head,
};
use nicetap::http1::{Defect, Limits, ReplyHead, RequestHead};
use nicetap::rules;

use super::DEFECTS;
use super::shown::{assert_place_exists, render};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_request_makes_facts_or_rules_panic(
        query in "[ -~é\u{80}-\u{ff}]{0,60}",
        fields in prop::collection::vec((field_name(), field_value()), 0..5),
        body in prop_oneof![json_like(), prop::collection::vec(any::<u8>(), 0..80)],
        whole: bool,
        host in "(api\\.|sandbox-api\\.|www\\.|)(nicenic|nicenlc|example)(\\.net|\\.com|)",
    ) {
        let mut head = b"POST /v2/?".to_vec();
        head.extend(query.bytes().filter(|byte| *byte > b' ' && *byte != 0x7f));
        head.extend_from_slice(b" HTTP/1.1\r\nHost: a\r\n");
        for (name, value) in fields {
            head.extend_from_slice(name.as_bytes());
            head.extend_from_slice(b": ");
            head.extend(value.into_iter().filter(|byte| *byte >= b' ' && *byte != 0x7f));
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        let head = RequestHead::parse(Bytes::from(head), &Limits::default());
        prop_assume!(head.is_ok());
        let head = head.ok().unwrap();
        let authority = Authority::parse(host.as_bytes(), Some(443)).unwrap();
        for via in [Via::Connect, Via::Gateway, Via::Absolute, Via::AbsoluteHttps] {
            let target = Target::new(authority.clone(), true, Some(Scheme::Http), via);
            let arrival = Arrival {
                target: &target,
                head: &head,
                path_and_query: head.target(),
                sni: Some("x"),
                time: Some(Time::now()),
            };
            let seen = BodyInput::Seen { prefix: &body, whole };
            let request = Request::derive(&arrival, seen);
            for finding in rules::of_request(&request) {
                render(&finding);
            }
            let reply_head = Bytes::from_static(b"HTTP/1.1 200 OK\r\nSet-Cookie: a=b\r\n\r\n");
            let reply_head = ReplyHead::parse(reply_head).ok().unwrap();
            let input = ReplyInput::new(&reply_head, &body, whole);
            let reply = Reply::derive(&input, &request);
            for finding in rules::of_request(&request).iter().chain(&rules::of_reply(&request, &reply)) {
                assert_place_exists(finding, &request, &head, &body);
            }
        }
    }

    #[test]
    fn no_refused_head_makes_facts_or_rules_panic(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..120),
            "(GET |CONNECT |)[ -~]{0,20}([\r\n :]|Authorization|Cookie|u:s|://|[@?&=;]){0,30}"
                .prop_map(String::into_bytes),
        ],
        line in 0_usize..9,
        kind in prop::sample::select(DEFECTS),
    ) {
        secrets_of_refused_head(&bytes);
        let refusal = Refusal::derive(Defect { kind, line, field: None }, &bytes);
        prop_assert!(!rules::of_refusal(&refusal).is_empty());
    }
}

fn field_name() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "Authorization",
            "Proxy-Authorization",
            "Cookie",
            "Content-Type",
            "Content-Encoding",
            "X-Note",
        ][..],
    )
}

fn field_value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        "(Basic|Bearer|token|)[ :]{0,2}[A-Za-z0-9+/=:<>{}$%*-]{0,30}".prop_map(String::into_bytes),
        "(application/json|text/plain|application/x-www-form-urlencoded|gzip)[;, a-z=]{0,9}"
            .prop_map(String::into_bytes),
    ]
}

fn json_like() -> impl Strategy<Value = Vec<u8>> {
    "([{}\\[\\]:,\"'\\\\=& \n]|\"action\"|\"password\"|true|nul|-?[0-9.e+]{1,4}|\\\\u[0-9a-d]{0,4}|é){0,30}"
        .prop_map(String::into_bytes)
}
