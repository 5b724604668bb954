//! Chunked bodies: however the bytes come, they are read alike; what the strict reader takes, the tolerant one and a
//! plain decoder read alike too.

use nicetap::http1::{BodyScan, Framing};

/// The first byte says how the bytes are cut.
pub(crate) fn check(input: &[u8]) {
    let Some((step, body)) = input.split_first() else {
        return;
    };
    if body.len() > 4096 {
        return;
    }
    let steps = [1, usize::from(*step).max(1), body.len().max(1)];
    let [strict, tolerant] = [BodyScan::strict, BodyScan::tolerant].map(|reader| {
        let [first, others @ ..] = steps.map(|step| read(reader(Framing::Chunked), body, step));
        for other in others {
            assert_eq!(first, other, "slicing changes nothing");
        }
        first
    });
    if let Read::Whole(payload, end) = &strict {
        assert_eq!(tolerant, strict, "a sound body has one meaning");
        assert_eq!(plain(body), Some((payload.clone(), *end)));
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Read {
    /// The payload, and where the body ends.
    Whole(Vec<u8>, usize),
    Begun(Vec<u8>),
    Refused,
}

fn read(mut scan: BodyScan, body: &[u8], step: usize) -> Read {
    let (mut payload, mut unread, mut end) = (Vec::new(), Vec::new(), 0);
    for piece in body.chunks(step) {
        unread.extend_from_slice(piece);
        let Ok(taken) = scan.scan(&unread, |bytes| payload.extend_from_slice(bytes)) else {
            return Read::Refused;
        };
        unread.drain(..taken);
        end += taken;
        if scan.is_done() {
            return Read::Whole(payload, end);
        }
    }
    Read::Begun(payload)
}

/// RFC 9112 (7.1), as short as can be.
fn plain(body: &[u8]) -> Option<(Vec<u8>, usize)> {
    let (mut payload, mut at) = (Vec::new(), 0);
    let line = |at: &mut usize| {
        let length = body[*at..].windows(2).position(|two| two == b"\r\n")?;
        let line = &body[*at..*at + length];
        *at += length + 2;
        Some(line)
    };
    loop {
        let size = line(&mut at)?.split(|byte| *byte == b';').next()?;
        let size = usize::from_str_radix(std::str::from_utf8(size).ok()?, 16).ok()?;
        if size == 0 {
            break;
        }
        payload.extend_from_slice(body.get(at..at + size)?);
        at += size + 2;
    }
    while !line(&mut at)?.is_empty() {}
    Some((payload, at))
}
