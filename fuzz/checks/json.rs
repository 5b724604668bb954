//! Bodies: whatever a body is, it is read and shown without a panic, and the reason why it is no JSON names a place that
//! exists. (That nothing secret is shown is the target `redactor`.)

use bytes::Bytes;
use nicetap::facts::{Arrival, Authority, Body, BodyInput, Request, Scheme, Target, Via};
use nicetap::http1::{Limits, RequestHead};
use nicetap::redact::{FingerprintKey, Redactor};

const HEAD: &[u8] =
    b"POST /v2/ HTTP/1.1\r\nHost: api.nicenic.net\r\nContent-Type: application/json\r\n\r\n";

pub(crate) fn check(body: &[u8]) {
    let Ok(head) = RequestHead::parse(Bytes::from_static(HEAD), &Limits::default()) else {
        return;
    };
    let Some(authority) = Authority::parse(b"api.nicenic.net", Some(443)) else {
        return;
    };
    let target = Target::new(authority, true, Some(Scheme::Https), Via::Connect);
    let arrival = Arrival {
        target: &target,
        head: &head,
        path_and_query: head.target(),
        sni: None,
        time: None,
    };
    let request = Request::derive(
        &arrival,
        BodyInput::Seen {
            prefix: body,
            whole: true,
        },
    );
    if let Body::BadJson(error) = &request.body {
        let lines = body.split(|byte| *byte == b'\n').count();
        assert!(
            (1..=lines).contains(&error.line),
            "line {} of {lines}",
            error.line
        );
        assert!(error.column >= 1);
    }
    let mut redactor = Redactor::new(&FingerprintKey::from_bytes([7; 32]));
    redactor.begin();
    redactor.learn(&request.secrets, None);
    for cut in [false, true] {
        let _ = redactor.body(Some(b"application/json"), body, cut);
    }
}
