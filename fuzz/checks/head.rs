//! The strict readers: no bytes make them panic, what they accept has one meaning, and slicing changes nothing.

use bytes::Bytes;
use nicetap::facts::{Refusal, secrets_of_refused_head};
use nicetap::http1::{BodyScan, Framing, Limits, ReplyHead, RequestHead, end_of_head};
use nicetap::rules;

pub(crate) fn check(input: &[u8]) {
    let limits = Limits::default();
    if let Some(end) = end_of_head(input, 0) {
        let (head, body) = input.split_at(end);
        match RequestHead::parse(Bytes::copy_from_slice(head), &limits) {
            Ok(sound) => {
                assert!(!sound.method().is_empty());
                assert_eq!(
                    sound.bytes().as_ref(),
                    head,
                    "what is sent on is what was judged"
                );
                assert!(sound.fields().all("host").count() <= 1);
                scan(sound.framing(), body);
            }
            Err(defect) => {
                let refusal = Refusal::derive(defect, input);
                assert!(!rules::of_refusal(&refusal).is_empty());
                let _ = secrets_of_refused_head(input);
            }
        }
        if let Ok(reply) = ReplyHead::parse(Bytes::copy_from_slice(head))
            && let Ok(framing) = reply.framing("GET")
        {
            let _ = BodyScan::tolerant(framing).scan(body, |_| ());
        }
    }
}

/// However the bytes are sliced, the payload is the same.
fn scan(framing: Framing, body: &[u8]) {
    let of = |step: usize| {
        let (mut scan, mut payload) = (BodyScan::strict(framing), Vec::new());
        let (mut buffer, mut end) = (Vec::new(), Ok(0));
        for piece in body.chunks(step.max(1)) {
            buffer.extend_from_slice(piece);
            end = scan.scan(&buffer, |bytes| payload.extend_from_slice(bytes));
            match end {
                Ok(taken) => drop(buffer.drain(..taken)),
                Err(_) => break,
            }
        }
        (
            end.is_err(),
            end.is_ok().then_some((payload, scan.is_done())),
        )
    };
    if body.len() < 4096 {
        assert_eq!(of(1), of(body.len()));
    }
}
