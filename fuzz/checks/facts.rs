//! Facts and rules: no request and no reply makes them panic, and every secret half is learned.

use bytes::Bytes;
use nicetap::clock::Time;
use nicetap::facts::{
    Arrival, Attempt, Authority, BodyInput, Ending, Reply, ReplyInput, Request, Scheme, Session,
    Target, Via,
};
use nicetap::http1::{Limits, ReplyHead, RequestHead, end_of_head};
use nicetap::rules;

pub(crate) fn check(input: &[u8]) {
    let (first, rest) = input.split_first().unwrap_or((&0, &[]));
    let Some(end) = end_of_head(rest, 0) else {
        return;
    };
    let (head, body) = rest.split_at(end);
    let Ok(head) = RequestHead::parse(Bytes::copy_from_slice(head), &Limits::default()) else {
        return;
    };
    let host = [
        "api.nicenic.net",
        "sandbox-api.nicenic.net",
        "api.nicenic.com",
        "shop.example",
    ];
    let host = host[usize::from(first & 3)];
    let via = [
        Via::Connect,
        Via::Gateway,
        Via::Absolute,
        Via::AbsoluteHttps,
    ];
    let via = via[usize::from(first >> 2 & 3)];
    let Some(authority) = Authority::parse(host.as_bytes(), Some(443)) else {
        return;
    };
    let target = Target::new(authority, true, Some(Scheme::Https), via);
    let arrival = Arrival {
        target: &target,
        head: &head,
        path_and_query: head.target(),
        sni: Some("api.nicenic.net"),
        time: Some(Time::from_millis(0)),
    };
    let whole = first & 16 == 0;
    let body_input = match first >> 5 & 3 {
        0 => BodyInput::Seen {
            prefix: body,
            whole,
        },
        1 => BodyInput::Decoded {
            prefix: body,
            whole,
        },
        2 => BodyInput::Pending,
        _ => BodyInput::Mislabelled,
    };
    let request = Request::derive(&arrival, body_input);
    if let Some(credential) = &request.credential {
        // White space and control bytes round a secret are not learned with it.
        let secret = credential.secret.expose();
        let is_edge = |byte: &u8| *byte <= b' ' || *byte == 0x7f;
        let start = secret
            .iter()
            .position(|byte| !is_edge(byte))
            .unwrap_or(secret.len());
        let end = secret
            .iter()
            .rposition(|byte| !is_edge(byte))
            .map_or(start, |last| last + 1);
        let secret = &secret[start..end];
        let is_learned = request.secrets.iter().any(|known| {
            let known = known.value.expose();
            known
                .windows(secret.len().max(1))
                .any(|part| part == secret)
        });
        assert!(
            secret.is_empty() || is_learned,
            "a secret half that nobody learned"
        );
    }
    let _ = rules::of_request(&request);
    let mut session = Session::default();
    let past = session.observe(&request, Time::from_millis(0), Attempt::Unknown);
    let _ = rules::of_past(&request, &past);
    let _ = rules::of_ending(&request, &Ending::default());
    let reply = Bytes::from_static(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
    let Ok(reply) = ReplyHead::parse(reply) else {
        return;
    };
    let reply = Reply::derive(&ReplyInput::new(&reply, body, whole), &request);
    let _ = rules::of_reply(&request, &reply);
}
